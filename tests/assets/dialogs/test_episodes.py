"""An episode cut in the wrong place counts one client twice, or measures an answer from last week's question."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from synkro_assets.dialogs.superseded import in_force, with_superseded
from synkro_resources.model.period import Period
from synkro_resources.model.tables.dialogs import EPISODE
from synkro_resources.model.tables.schema import DAY_COLUMN
from synkro_resources.model.window import TenantWindow
from tests.assets.dialogs.talks import SETTINGS, Built, build, dialog, local, minutes, normalized, say, talk, window
from tests.resources.rules.calendars import MOSCOW, at

VLADIVOSTOK = "Asia/Vladivostok"


def keys(built: Built) -> list[str]:
    return sorted(set(built.episodes()["episode_key"]))


def test_ep01_silence_of_exactly_the_gap_keeps_one_episode() -> None:
    assert len(keys(build(talk("C 07 10:00:00", "C 10 10:00:00"), window("07", "10")))) == 1


def test_ep02_one_second_more_begins_another_episode() -> None:
    assert len(keys(build(talk("C 07 10:00:00", "C 10 10:00:01"), window("07", "10")))) == 2


def test_ep03_a_returning_client_is_measured_from_the_new_question() -> None:
    built = build(talk("C 07 10:00", "M 07 10:05", "C 14 11:00", "M 14 11:10"), window("07", "14"))
    assert len(keys(built)) == 2
    assert minutes(built.first_responses("15 00:00")) == [5, 10]


def test_ep04_neighbours_decide_not_the_client_s_own_silence() -> None:
    assert len(keys(build(talk("C 07 10:00", "M 10 08:00", "C 13 06:00"), window("07", "13")))) == 1


def test_ep05_a_bot_s_message_is_a_neighbour() -> None:
    assert len(keys(build(talk("C 07 10:00", "B 09 10:00", "C 11 10:00"), window("07", "11")))) == 1


def test_ep06_a_service_message_is_none() -> None:
    built = build(talk("C 07 10:00", "S 09 10:00", "C 11 10:00"), window("07", "11"))
    assert len(keys(built)) == 2
    assert built.messages.column("episode_key").null_count == 1


EVERY_OTHER_DAY = [
    say("C", f"{day:%m-%d} 12:00") for day in (date(2026, 8, 20) + timedelta(days=2 * n) for n in range(11))
]
"""One message every 48 hours from 20 August to 9 September."""


def test_ep07_an_episode_older_than_the_window_keeps_its_key_and_has_no_first_response() -> None:
    stored = normalized(EVERY_OTHER_DAY, window("08-20", "09-08"))
    key = f"1:{EVERY_OTHER_DAY[0][1]['message_id']}"
    starts = {key: at("08-20 12:00")}
    built = build(EVERY_OTHER_DAY, window("09-09"), history=stored, history_from=at("08-01 00:00"), starts=starts)
    (row,) = built.episode_rows()
    assert (row["episode_key"], row["start_at"]) == (key, at("08-20 12:00"))
    assert row["started_before_window"]
    assert row["client_messages"] == 8
    assert row["first_visible_at"] == at("08-26 12:00")
    times = built.first_responses("10 00:00")
    assert minutes(times) == []
    assert times.excluded == {"before_window": 1}
    assert built.client_turns()[0]["clock_at"] is None


def test_a_run_over_many_days_stores_what_runs_over_single_days_store() -> None:
    stored = normalized(EVERY_OTHER_DAY, window("08-20", "09-08"))
    starts = {row["episode_key"]: row["start_at"] for row in build(EVERY_OTHER_DAY, window("08-20")).episode_rows()}
    alone = build(EVERY_OTHER_DAY, window("09-09"), history=stored, starts=starts)
    together = build(EVERY_OTHER_DAY, window("08-20", "09-09"))
    assert together.episode_rows() == alone.episode_rows()
    last_day = pc.equal(together.turn_days.column(DAY_COLUMN), pa.scalar(date(2026, 9, 9)))
    assert together.turn_days.filter(last_day).to_pylist() == alone.turn_days.to_pylist()


def test_ep08_a_late_message_between_two_episodes_makes_them_one() -> None:
    stored = talk("C 07 10:00", "C 11 10:00")
    before = build(stored, window("07", "11"))
    after = build([*stored, *talk("M 09 10:00")], window("07", "11"))
    assert len(keys(before)) == 2
    assert keys(after) == [keys(before)[0]]


def test_ep08_the_episode_that_is_no_more_is_kept_and_marked_once() -> None:
    stored = talk("C 07 10:00", "C 11 10:00")
    before = build(stored, window("07", "11")).episode_days
    after = build([*stored, *talk("M 09 10:00")], window("07", "11")).episode_days
    found = with_superseded(after, before, EPISODE, local("14 09:00"))
    gone = found.filter(pc.is_valid(found.column("superseded_at"))).to_pylist()
    assert [(row["start_at"], row["superseded_at"]) for row in gone] == [(local("11 10:00"), local("14 09:00"))]
    assert in_force(found).equals(after)
    again = with_superseded(after, found, EPISODE, local("20 09:00"))
    assert again.equals(found)


def test_a_first_load_does_not_take_its_own_lower_bound_for_the_start_of_a_talk() -> None:
    said = talk("C 07 10:00", "M 07 10:05")
    (row,) = build(said, window("07"), history_from=local("06 10:00")).episode_rows()
    assert row["started_before_window"]
    (row,) = build(said, window("07"), history_from=local("04 09:59")).episode_rows()
    assert not row["started_before_window"]


def test_a_day_tells_only_what_was_known_at_its_end() -> None:
    built = build(talk("C 07 10:00", "M 08 10:05"), window("07", "08"))
    assert built.turns(local("08 00:00"))["answered_at"].isna().tolist() == [True]
    assert built.client_turns()[0]["answered_at"] == local("08 10:05")


def test_a_group_s_messages_belong_to_no_episode() -> None:
    built = build(talk("C 07 10:00", "M 07 10:05"), window("07"), dialogs=dialog(1, group=True))
    assert built.messages.num_rows == 2
    assert keys(built) == []


@pytest.mark.parametrize(
    ("said", "opened_by"),
    [(["R 07 10:00", "C 07 10:30"], "client"), (["M 07 10:00", "C 07 10:30"], "manager"), (["B 07 10:00"], None)],
)
def test_bots_and_broadcasts_open_nothing(said: list[str], opened_by: str | None) -> None:
    (row,) = build(talk(*said), window("07")).episode_rows()
    assert row["opened_by"] == opened_by


@pytest.mark.parametrize(
    ("said", "gates"),
    [
        (["C 07 10:00 Спасибо!", "M 07 10:05"], (False, False, "closing_only")),
        (["C 07 10:00 123"], (False, False, "no_text")),
        (["M 07 10:00"], (False, False, "outbound_only")),
        (["B 07 10:00"], (False, False, "bot_only")),
        (["C 07 10:00"], (True, False, "no_manager_text")),
        (["C 07 10:00 один два три четыре пять", "M 07 10:05 шесть семь восемь девять"], (True, False, "too_short")),
        (["C 07 10:00 один два три четыре пять", "M 07 10:05 6 7 8 9 10"], (True, True, None)),
    ],
)
def test_an_episode_that_cannot_be_read_says_why(said: list[str], gates: tuple[bool, bool, str | None]) -> None:
    (row,) = build(talk(*said), window("07")).episode_rows()
    assert (row["labelable"], row["analysable"], row["skip_reason"]) == gates


@pytest.mark.parametrize(("zone", "days"), [(VLADIVOSTOK, [7, 8, 8]), (MOSCOW, [7, 7, 7])])
def test_day02_a_message_lies_on_the_local_day_of_its_company(zone: str, days: list[int]) -> None:
    said = [say("C", f"2026-09-07T{time}Z") for time in ("13:59:59", "14:00:00", "15:30:00")]
    found = normalized(said, TenantWindow("demo", zone, date(2026, 9, 7), date(2026, 9, 8)))
    assert found.column(DAY_COLUMN).to_pylist() == [date(2026, 9, day) for day in days]


def test_day06_the_first_of_january_may_belong_to_last_year_s_week() -> None:
    week = Period.week_of(date(2027, 1, 1))
    assert week.report_id == "week:2026-W53"
    span = TenantWindow.of_period("demo", MOSCOW, week)
    assert (span.start, span.end) == (at("2026-12-27T21:00", "UTC"), at("2027-01-03T21:00", "UTC"))


def test_day07_an_answer_after_local_midnight_belongs_to_the_next_local_day() -> None:
    said = [say("C", "2026-09-07T07:50Z"), say("M", "2026-09-07T23:05Z")]
    days = TenantWindow("demo", VLADIVOSTOK, date(2026, 9, 7), date(2026, 9, 8))
    built = build(said, days, settings=SETTINGS.model_copy(update={"zone": VLADIVOSTOK}))
    assert built.messages.column(DAY_COLUMN).to_pylist() == [date(2026, 9, 7), date(2026, 9, 8)]
    ends = [f"{days.bounds(day)[1].replace(tzinfo=None).isoformat()}Z" for day in days.days]
    assert [minutes(built.first_responses(end)) for end in ends] == [[], [15]]
