"""Turn states and the times of answers: the worked examples of calendar C1 with a norm of 15 minutes."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synkro_resources.rules.metrics.response import ResponseTimes, first_response_time, in_sla, response_time
from synkro_resources.rules.metrics.turns import turn_state, turn_states
from synkro_resources.rules.metrics.unanswered import Unanswered, unanswered, waiting_now
from synkro_resources.rules.statistics import median, p90
from tests.resources.rules.calendars import C1, CALENDARS, at
from tests.resources.rules.metrics.rows import episode, frame, history, local, turn

Rows = list[dict[str, object]]


def when(text: str) -> datetime:
    found = local(text)
    assert found is not None
    return found


def states(turns: Rows, as_of: str = "14 00:00") -> pd.DataFrame:
    return turn_states(frame("turn", turns), when(as_of), 15, C1)


def first(
    turns: Rows, episodes: Rows | None = None, *, as_of: str = "14 00:00", since: str = "07 00:00"
) -> ResponseTimes:
    rows = episodes if episodes is not None else [episode(str(row["episode_key"]), "07 10:00") for row in turns]
    return first_response_time(states(turns, as_of), frame("episode", rows), when(since), when(as_of), C1)


def every(turns: Rows, as_of: str = "14 00:00") -> list[float]:
    return sorted(response_time(states(turns, as_of), when("07 00:00"), when(as_of), C1).rows["wt"])


def share(turns: Rows, as_of: str = "14 00:00", since: str = "07 00:00") -> tuple[int, int]:
    found = in_sla(states(turns, as_of), when(since), when(as_of)).share
    return found.num, found.den


def left(turns: Rows, as_of: str = "14 00:00") -> Unanswered:
    keys = dict.fromkeys(str(row["episode_key"]) for row in turns)
    episodes = frame("episode", [episode(key, "07 10:00") for key in keys])
    return unanswered(states(turns, as_of), episodes, history([]), as_of=when(as_of), lookback_days=14)


def state_of(turns: Rows, as_of: str) -> list[tuple[str, float | None]]:
    found = states(turns, as_of)
    return [(str(state), None if pd.isna(wt) else wt) for state, wt in zip(found["state"], found["wt"], strict=True)]


def test_FR01_a_bot_does_not_stop_the_client_s_clock() -> None:
    found = first([turn("a", "07 10:00", "07 10:20", bot_s=3.0)])
    assert found.rows["wt"].tolist() == [20]
    assert found.bot_touch_s.value == 3


def test_FR03_an_episode_that_we_opened_has_no_first_response_but_its_turns_count() -> None:
    turns = [turn("a", "07 12:00", "07 12:10", no=2)]
    found = first(turns, [episode("a", "07 10:00", opened_by="manager")])
    assert found.median.n == 0
    assert found.excluded == {"outbound_first": 1}
    assert every(turns) == [10]


def test_FR05_a_burst_is_measured_from_its_first_message() -> None:
    assert first([turn("a", "07 10:00", "07 10:12")]).median.value == 12


def test_FR07_thanks_wait_for_nobody() -> None:
    turns = [turn("a", "07 10:00", "07 10:05"), turn("a", "07 10:06", needs=False, no=3)]
    assert state_of(turns, "08 00:00") == [("in_sla", 5.0), ("no_reply_needed", None)]
    assert share(turns, "08 00:00") == (1, 1)
    assert left(turns, "08 00:00").rows == ()


def test_FR08_an_ok_to_our_question_waits_for_an_answer() -> None:
    turns = [turn("a", "07 10:00", "07 10:05"), turn("a", "07 10:06", no=3)]
    assert state_of(turns, "07 18:00")[1] == ("overdue", 474.0)


def test_FR09_thanks_do_not_start_the_clock_of_a_later_question() -> None:
    turns = [turn("a", "07 09:50", "07 09:58"), turn("a", "07 15:00", "07 15:08", no=3, first="07 10:00")]
    assert every(turns) == [8, 8]


def test_FR10_a_client_whose_norm_is_not_used_up_is_in_neither_side() -> None:
    turns = [turn("a", "07 17:50")]
    assert state_of(turns, "08 00:00") == [("pending", 10.0)]
    assert share(turns, "08 00:00") == (0, 0)
    found = left(turns, "08 00:00")
    assert (len(found.rows), found.not_due) == (0, 1)


def test_FR11_the_same_client_is_overdue_the_next_morning() -> None:
    turns = [turn("a", "07 17:50")]
    assert state_of(turns, "08 10:00") == [("overdue", 70.0)]
    assert states(turns, "08 10:00")["judged_at"].tolist() == [when("08 09:05")]
    single = turn_state(
        needs_reply=True, clock_at=when("07 17:50"), answered_at=None, as_of=when("08 10:00"), sla=15, calendar=C1
    )
    assert (single.state, single.wt, single.judged_at) == ("overdue", 70.0, when("08 09:05"))


def test_FR12_a_call_answers_but_is_no_first_response_by_message() -> None:
    turns = [turn("a", "07 10:00", "07 10:12", kind="call")]
    found = first(turns)
    assert (found.median.n, found.excluded) == (0, {"by_call": 1})
    assert share(turns) == (1, 1)
    assert left(turns).rows == ()


def test_FR13_only_the_turn_answered_by_a_message_has_a_response_time() -> None:
    turns = [turn("a", "07 10:00", "07 10:05", kind="call"), turn("a", "07 10:06", "07 10:40", no=3)]
    assert every(turns) == [34]
    assert share(turns) == (1, 2)


def test_FR15_an_answer_on_saturday_costs_nothing_and_is_marked() -> None:
    turns = [turn("a", "12 12:00", "12 12:10")]
    found = first(turns, [episode("a", "12 12:00")])
    assert (found.median.value, found.off_hours) == (0, 1)
    assert share(turns) == (1, 1)


def test_FR16_an_answer_four_days_later_is_late_and_no_first_response() -> None:
    turns = [turn("a", "07 10:00", "11 10:00", same=False)]
    assert state_of(turns, "10 00:00") == [("overdue", 1560.0)]
    assert state_of(turns, "14 00:00") == [("late", 2160.0)]
    assert left(turns).rows == ()
    assert first(turns).excluded == {"answered_in_later_episode": 1}


def test_FR17_an_episode_opened_by_thanks_has_no_response_at_all() -> None:
    turns = [turn("a", "07 10:00", "07 10:30", needs=False)]
    assert first(turns).excluded == {"closing_first": 1}
    assert every(turns) == []
    assert share(turns) == (0, 0)


def test_FR21_median_and_percentile_of_ten_values() -> None:
    values = [0, 2, 7, 12, 12, 15, 20, 35, 60, 240]
    assert median(values).value == 13.5
    assert p90(values).value == pytest.approx(78.0)
    assert (median(values).display, p90(values).display) == ("ok", "few")


def test_EP07_an_episode_that_began_before_the_window_has_no_first_response() -> None:
    turns = [turn("a", None, "09 12:30", first="09 12:00")]
    found = first(turns, [episode("a", "08-20 12:00", before_window=True)])
    assert found.excluded == {"before_window": 1}
    assert every(turns) == []
    assert share(turns) == (0, 0)


def test_a_client_with_an_unknown_beginning_still_counts_as_waiting() -> None:
    found = left([turn("a", None, first="10 12:00")])
    assert [(row.age_min, row.age_is_lower_bound) for row in found.rows] == [(900, True)]


WEEK = {
    "t1": turn("t1", "07 10:00", "07 10:07"),
    "t2": turn("t2", "07 10:00", "07 10:20"),
    "t3": turn("t3", "08 11:00", needs=False),
    "t4": turn("t4", "09 11:00", "09 11:10", kind="call"),
    "t5": turn("t5", "10 12:00"),
    "t6": turn("t6", "11 17:50"),
    "t7": turn("t7", "11 17:40"),
    "t8": turn("t8", "12 12:00", "12 12:05"),
    "t9": turn("t9", "06 20:00", "07 09:20"),
    "t10": turn("t10", "04 17:50", "07 09:05"),
    "t11": turn("t11", "04 17:30", "07 09:10"),
}
JUDGED = {
    "t1": ("in_sla", 7, "07 10:07"),
    "t2": ("late", 20, "07 10:15"),
    "t3": ("no_reply_needed", None, None),
    "t4": ("in_sla", 10, "09 11:10"),
    "t5": ("overdue", 900, "10 12:15"),
    "t6": ("pending", 10, None),
    "t7": ("overdue", 20, "11 17:55"),
    "t8": ("in_sla", 0, "12 12:05"),
    "t9": ("late", 20, "07 09:15"),
    "t10": ("in_sla", 15, "07 09:05"),
    "t11": ("late", 40, "04 17:45"),
}


@pytest.mark.parametrize("name", JUDGED)
def test_SLA01_each_turn_of_the_week_is_judged_at_its_own_instant(name: str) -> None:
    row = states([WEEK[name]]).iloc[0]
    state, wt, judged_at = JUDGED[name]
    assert row["state"] == state
    assert (None if pd.isna(row["wt"]) else row["wt"]) == wt
    assert (None if pd.isna(row["judged_at"]) else row["judged_at"]) == local(judged_at)


def test_SLA01_four_of_eight_turns_of_the_week_were_answered_in_time() -> None:
    found = in_sla(states(list(WEEK.values())), when("07 00:00"), when("14 00:00")).share
    assert (found.num, found.den, found.value, found.display) == (4, 8, 0.5, "few")


def test_UN01_two_clients_are_unanswered_at_the_week_s_end() -> None:
    found = left(list(WEEK.values()))
    assert [(row.episode_key, row.age_min) for row in found.rows] == [("t5", 900), ("t7", 20)]
    assert found.appeared(when("07 00:00"), when("14 00:00")) == 2


def test_UN02_the_waiting_list_grows_when_the_norm_runs_out_in_the_morning() -> None:
    turns, keys = frame("turn", list(WEEK.values())), list(WEEK)
    episodes = frame("episode", [episode(key, "07 10:00") for key in keys])

    def now(text: str) -> tuple[list[float], int]:
        found = waiting_now(turns, episodes, history([]), as_of=when(text), sla=15, lookback_days=14, calendar=C1)
        return [row.age_min for row in found.rows], found.not_due

    assert now("14 08:30") == ([900, 20], 1)
    assert now("14 09:10") == ([910, 30, 20], 0)


def test_the_days_of_a_week_add_up_to_the_week() -> None:
    rows = states(list(WEEK.values()))
    days = [in_sla(rows, when(f"{day:02d} 00:00"), when(f"{day + 1:02d} 00:00")).share for day in range(7, 14)]
    assert (sum(day.num for day in days), sum(day.den for day in days)) == (4, 8)


@given(st.permutations(list(WEEK)))
def test_the_order_of_rows_changes_nothing(order: list[str]) -> None:
    turns = [WEEK[name] for name in order]
    assert share(turns) == (4, 8)
    assert [row.episode_key for row in left(turns).rows] == ["t5", "t7"]


def test_turns_older_than_the_look_back_are_only_counted() -> None:
    found = left([turn("a", "08-20 10:00"), turn("b", "10 10:00")])
    assert ([row.episode_key for row in found.rows], found.older) == (["b"], 1)


def test_DAY07_a_night_message_in_vladivostok_belongs_to_the_day_of_its_answer() -> None:
    cal = CALENDARS["C7"]
    asked, answered = at("2026-09-07T17:50", cal.zone.key), at("2026-09-08T09:05", cal.zone.key)
    row = turn("a", "07 10:00") | {
        "first_at": asked,
        "clock_at": asked,
        "answered_at": answered,
        "answer_kind": "message",
        "answer_same_episode": True,
    }
    rows = turn_states(frame("turn", [row]), at("2026-09-09T00:00", cal.zone.key), 15, cal)
    day = (at("2026-09-08T00:00", cal.zone.key), at("2026-09-09T00:00", cal.zone.key))
    assert first_response_time(rows, frame("episode", [episode("a", "07 10:50")]), *day, cal).median.value == 15


WITHIN_THE_WEEK = st.integers(0, 6 * 24 * 60)


@given(st.lists(st.tuples(WITHIN_THE_WEEK, st.none() | WITHIN_THE_WEEK), min_size=1, max_size=8))
def test_moving_the_company_to_another_zone_with_its_times_changes_nothing(turns: list[tuple[int, int | None]]) -> None:
    vladivostok, later = CALENDARS["C7"], pd.Timedelta(hours=-7)
    rows: Rows = []
    for number, (asked, waited) in enumerate(turns):
        clock = when("07 00:00") + pd.Timedelta(minutes=asked)
        answer = None if waited is None else clock + pd.Timedelta(minutes=waited)
        rows.append(
            turn(f"e{number}", "07 10:00", dialog=number)
            | {"first_at": clock, "clock_at": clock, "answered_at": answer}
        )
    moscow = frame("turn", rows)
    moved = moscow.copy()
    for name in ("first_at", "clock_at", "answered_at"):
        moved[name] = moved[name] + later
    as_of = when("14 00:00")
    here, there = turn_states(moscow, as_of, 15, C1), turn_states(moved, as_of + later, 15, vladivostok)
    assert here["state"].tolist() == there["state"].tolist()
    assert here["wt"].tolist() == there["wt"].tolist()
