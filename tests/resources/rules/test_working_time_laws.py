"""Working time against a slow model that looks at every minute, over random calendars, zones and clock changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synkro_resources.model.period import days_between
from synkro_resources.model.tenant_settings import Interval, WorkCalendar
from synkro_resources.rules.working_time import Calendar

MINUTE = timedelta(minutes=1)
ZONES = (
    "Asia/Vladivostok",
    "Europe/Berlin",
    "America/St_Johns",
    "America/Havana",  # the clocks change at midnight
    "Australia/Lord_Howe",  # by half an hour
    "Asia/Kathmandu",
)
CLOCK_CHANGES = (
    date(2026, 3, 8),
    date(2026, 3, 29),
    date(2026, 4, 5),
    date(2026, 10, 4),
    date(2026, 10, 25),
    date(2026, 11, 1),
)


def interval(first: int, last: int) -> Interval:
    """From and to quarters of an hour since midnight; 96 is midnight at the day's end."""

    def clock(quarter: int) -> time:
        return time(quarter // 4 % 24, quarter % 4 * 15)

    return Interval(start=clock(first), end=clock(last))


SHIFTS = st.sets(st.integers(0, 96), max_size=6).map(
    lambda cuts: tuple(interval(*pair) for pair in zip(sorted(cuts)[::2], sorted(cuts)[1::2], strict=False))
)
DAYS = st.sampled_from(CLOCK_CHANGES).flatmap(lambda day: st.integers(-2, 2).map(lambda off: day + timedelta(days=off)))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    weekly = {weekday: draw(SHIFTS) for weekday in range(1, 8)}
    overrides = draw(st.dictionaries(DAYS, SHIFTS, max_size=3))
    return Calendar(
        WorkCalendar(weekly=weekly, overrides=overrides, public_holidays=None), draw(st.sampled_from(ZONES))
    )


@st.composite
def instants(draw: st.DrawFn) -> datetime:
    """A minute within a day and a half of a clock change of some zone."""
    noon = datetime.combine(draw(st.sampled_from(CLOCK_CHANGES)), time(12), UTC)
    return noon + draw(st.integers(-36 * 60, 36 * 60)) * MINUTE


def local_minutes(day: date, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """Every minute that can belong to `day`, as an instant and as the clock on the wall."""
    first = datetime.combine(day, time(), UTC) - timedelta(hours=16)
    every = (first + number * MINUTE for number in range(56 * 60))
    return [(instant, instant.astimezone(zone).replace(tzinfo=None)) for instant in every]


def working_minutes(cal: Calendar, day: date) -> Iterator[datetime]:
    """The minutes worked on the intervals of `day`, found by watching the clock on the wall.

    A shift begins when the clock first shows its start or something later, and ends when it last shows its end or, if
    it never does, when it jumps over it.
    """
    clock = local_minutes(day, cal.zone)
    for shift in cal.intervals(day):
        begin = datetime.combine(day, shift.start)
        finish = datetime.combine(day + timedelta(days=1) if shift.end == time() else day, shift.end)
        opened = next(instant for instant, wall in clock if wall >= begin)
        last, wall = next((instant, wall) for instant, wall in reversed(clock) if wall <= finish)
        closed = last if wall == finish else last + MINUTE
        yield from (instant for instant, _ in clock if opened <= instant < closed)


@settings(max_examples=40, deadline=None)
@given(cal=calendars(), a=instants(), length=st.integers(0, 36 * 60))
def test_it_agrees_with_watching_every_minute_on_the_wall(cal: Calendar, a: datetime, length: int) -> None:
    b = a + length * MINUTE
    dates = days_between(a.astimezone(cal.zone).date() - timedelta(days=1), b.astimezone(cal.zone).date())
    worked = {minute for day in dates for minute in working_minutes(cal, day)}
    inside = sum(a <= minute < b for minute in worked)
    assert cal.minutes(a, b) == inside
    assert cal.minutes_many(pd.Series([a]), pd.Series([b])).tolist() == [inside]
    assert cal.is_open(a) == (a in worked)


@settings(deadline=None)
@given(cal=calendars(), moments=st.lists(instants(), min_size=3, max_size=3).map(sorted))
def test_any_calendar_is_additive_and_never_works_longer_than_time_passes(
    cal: Calendar, moments: list[datetime]
) -> None:
    a, b, c = moments
    assert cal.minutes(a, c) == pytest.approx(cal.minutes(a, b) + cal.minutes(b, c))
    assert 0 <= cal.minutes(a, c) <= (c - a) / MINUTE
    assert cal.minutes(c, a) == 0 or a == c


@settings(max_examples=50, deadline=None)
@given(cal=calendars(), a=instants(), allowed=st.integers(0, 600), later=st.integers(0, 3 * 24 * 60))
def test_in_any_calendar_answered_by_the_due_instant_means_answered_within_the_norm(
    cal: Calendar, a: datetime, allowed: int, later: int
) -> None:
    if not any(cal.is_working_day(day) for day in days_between(date(2026, 12, 7), date(2026, 12, 13))):
        return  # a calendar without an ordinary working week has no due instants
    due, answered = cal.due_at(a, allowed), a + later * MINUTE
    assert cal.minutes(a, due) == allowed, "the norm is used up exactly"
    assert cal.minutes(a, due + MINUTE) > allowed, "and not a minute earlier than it must be"
    assert (answered <= due) == (cal.minutes(a, answered) <= allowed)
