"""Laws of the turn metrics over random weeks: days add up, rows may come in any order, the norm is the norm."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from synkro_resources.model.period import Period
from synkro_resources.rules.metrics.conversion import bounds
from synkro_resources.rules.metrics.response import first_response_time, in_sla, response_time
from synkro_resources.rules.metrics.turns import turn_states
from synkro_resources.rules.working_time import Calendar
from tests.resources.rules.calendars import CALENDARS
from tests.resources.rules.metrics.rows import episode, frame, turn

WEEKS = [Period.week_of(date(2026, 9, 7)), Period.week_of(date(2026, 3, 23)), Period.week_of(date(2026, 10, 19))]
MINUTES = st.integers(-2 * 24 * 60, 9 * 24 * 60)  # from two days before the week's start to two days after its end
TALKS = st.lists(st.tuples(MINUTES, st.none() | st.integers(0, 4000), st.booleans()), min_size=1, max_size=12)
Talks = list[tuple[int, int | None, bool]]


def week_of(
    talks: Talks, week: Period, cal: Calendar, order: list[int] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame, datetime, datetime]:
    """The turn states and episodes of talks of one turn each: asked at a minute, answered later or never."""
    start, end = bounds(week, cal.zone)
    turns: list[dict[str, object]] = []
    episodes: list[dict[str, object]] = []
    for number in order or range(len(talks)):
        asked, wait, needs = talks[number]
        clock = start + timedelta(minutes=asked)
        answered = None if wait is None else clock + timedelta(minutes=wait)
        key = f"e{number:02}"
        times = {"clock_at": clock, "first_at": clock, "last_at": clock, "answered_at": answered}
        kinds = {} if answered is None else {"answer_kind": "message", "answer_same_episode": True}
        turns.append(turn(key, "07 10:00", needs=needs, dialog=number) | times | kinds)
        episodes.append(episode(key, "07 10:00", dialog=number) | {"start_at": clock, "last_at": answered or clock})
    return turn_states(frame("turn", turns), end, 15, cal), frame("episode", episodes), start, end


@settings(max_examples=40, deadline=None)
@given(talks=TALKS, week=st.sampled_from(WEEKS), cal=st.sampled_from(list(CALENDARS.values())))
def test_what_is_judged_and_answered_on_the_days_of_a_week_adds_up_to_the_week(
    talks: Talks, week: Period, cal: Calendar
) -> None:
    states, episodes, start, end = week_of(talks, week, cal)
    days = [bounds(Period.day(day), cal.zone) for day in week.days]
    norms = [in_sla(states, *day).share for day in days]
    whole = in_sla(states, start, end).share
    assert (whole.num, whole.den) == (sum(share.num for share in norms), sum(share.den for share in norms))
    times = [first_response_time(states, episodes, *day, cal) for day in days]
    week_times = first_response_time(states, episodes, start, end, cal)
    assert week_times.median.n == sum(day.median.n for day in times)
    assert week_times.off_hours == sum(day.off_hours for day in times)
    assert sum(week_times.excluded.values()) == sum(sum(day.excluded.values()) for day in times)


@settings(max_examples=40, deadline=None)
@given(talks=TALKS, cal=st.sampled_from(list(CALENDARS.values())), data=st.data())
def test_rows_may_come_in_any_order(talks: Talks, cal: Calendar, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(talks))))
    found = []
    for given_order in (None, order):
        states, episodes, start, end = week_of(talks, WEEKS[0], cal, given_order)
        first, every = (
            first_response_time(states, episodes, start, end, cal),
            response_time(states, start, end, cal),
        )
        found.append((first.median, first.p90, first.excluded, every.median, in_sla(states, start, end).share))
    assert found[0] == found[1]


@settings(max_examples=40, deadline=None)
@given(talks=TALKS, cal=st.sampled_from(list(CALENDARS.values())))
def test_each_counted_turn_is_in_time_exactly_if_its_working_minutes_are_within_the_norm(
    talks: Talks, cal: Calendar
) -> None:
    states, _, start, end = week_of(talks, WEEKS[0], cal)
    rows = in_sla(states, start, end).rows
    answered = rows[rows["answered_at"].notna()]
    assert ((answered["state"] == "in_sla") == (answered["wt"] <= 15)).all()
