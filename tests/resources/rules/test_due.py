"""A scheduled report comes on its morning and once: over clock changes, days off, and a server that slept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synkro_resources.model.period import Period, PeriodKind
from synkro_resources.model.tenant_settings import Interval, WorkCalendar, weekdays_nine_to_six
from synkro_resources.rules.due import (
    EVERY_DAY,
    MONDAY,
    USEFUL_FOR,
    Due,
    Occurrence,
    Rule,
    due,
    next_occurrence,
    occurrences,
)
from synkro_resources.rules.working_time import Calendar

RUSSIA = Calendar(WorkCalendar(), "Asia/Yekaterinburg")
MORNING = time(8, 30)
DAILY = Rule(PeriodKind.DAY, MORNING, EVERY_DAY)
WEEKLY = Rule(PeriodKind.WEEK, MORNING, MONDAY)
MONTHLY = Rule(PeriodKind.MONTH, MORNING, EVERY_DAY)
LEAD = timedelta(minutes=45)


def sent(rule: Rule, first: date, last: date, calendar: Calendar = RUSSIA) -> dict[date, str]:
    found = occurrences(rule, calendar, first, last)
    return {item.at.astimezone(calendar.zone).date(): item.period.report_id for item in found}


def test_mondays_daily_covers_friday_and_days_off_get_none() -> None:
    assert sent(DAILY, date(2026, 9, 10), date(2026, 9, 15)) == {
        date(2026, 9, 10): "day:2026-09-09",
        date(2026, 9, 11): "day:2026-09-10",
        date(2026, 9, 14): "day:2026-09-11",
        date(2026, 9, 15): "day:2026-09-14",
    }


def test_after_a_public_holiday_the_daily_covers_the_last_working_day() -> None:
    assert sent(DAILY, date(2026, 11, 3), date(2026, 11, 5)) == {
        date(2026, 11, 3): "day:2026-11-02",
        date(2026, 11, 5): "day:2026-11-03",
    }


def test_the_weekly_waits_for_the_first_working_day_and_none_is_lost_in_a_week_of_holidays() -> None:
    assert sent(WEEKLY, date(2026, 9, 7), date(2026, 9, 20)) == {
        date(2026, 9, 7): "week:2026-W36",
        date(2026, 9, 14): "week:2026-W37",
    }
    off = WorkCalendar(overrides={date(2026, 9, day): () for day in (7, *range(14, 21))})
    assert sent(WEEKLY, date(2026, 9, 7), date(2026, 9, 27), Calendar(off, "Europe/Moscow")) == {
        date(2026, 9, 8): "week:2026-W36",
        date(2026, 9, 14): "week:2026-W37",
        date(2026, 9, 21): "week:2026-W38",
    }


def test_a_weekly_put_off_from_friday_goes_out_in_the_next_week_and_still_tells_of_its_own() -> None:
    off = Calendar(WorkCalendar(overrides={date(2026, 9, 11): ()}), "Europe/Moscow")
    assert sent(Rule(PeriodKind.WEEK, MORNING, (5,)), date(2026, 9, 7), date(2026, 9, 20), off) == {
        date(2026, 9, 14): "week:2026-W36",
        date(2026, 9, 18): "week:2026-W37",
    }


def test_the_monthly_goes_out_on_the_first_working_day_after_the_holidays() -> None:
    assert sent(MONTHLY, date(2026, 1, 1), date(2026, 2, 28)) == {
        date(2026, 1, 12): "month:2025-12",
        date(2026, 2, 2): "month:2026-01",
    }


def test_a_company_without_working_days_gets_no_daily_and_nothing_loops() -> None:
    closed = Calendar(WorkCalendar(weekly={}), "UTC")
    assert next_occurrence(DAILY, closed, datetime(2026, 9, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("day", "local", "expected"),
    [
        (date(2026, 3, 29), time(2, 30), datetime(2026, 3, 29, 1, tzinfo=UTC)),  # skipped: the change itself
        (date(2026, 10, 25), time(2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # repeated: the first
    ],
)
def test_a_clock_change_neither_loses_a_report_nor_sends_it_twice(day: date, local: time, expected: datetime) -> None:
    every_day = WorkCalendar(weekly=dict.fromkeys(range(1, 8), (Interval(start=time(9), end=time(18)),)))
    berlin = Calendar(every_day, "Europe/Berlin")
    found = list(occurrences(Rule(PeriodKind.DAY, local, EVERY_DAY), berlin, day, day))
    assert [item.at for item in found] == [expected]


def test_it_is_asked_for_a_lead_time_ahead_and_not_a_minute_sooner() -> None:
    at = datetime(2026, 9, 8, 3, 30, tzinfo=UTC)
    early = due(DAILY, RUSSIA, since=at, now=at - LEAD - timedelta(minutes=1), lead=LEAD)
    assert early == Due(None, (), Occurrence(Period.day(date(2026, 9, 7)), at))
    in_time = due(DAILY, RUSSIA, since=at, now=at - LEAD, lead=LEAD)
    assert in_time.ask == Occurrence(Period.day(date(2026, 9, 7)), at)
    assert in_time.following is not None
    assert in_time.following.period == Period.day(date(2026, 9, 8))


def test_after_a_night_of_three_days_only_the_newest_report_is_sent() -> None:
    since, now = datetime(2026, 9, 8, 3, 30, tzinfo=UTC), datetime(2026, 9, 10, 6, tzinfo=UTC)
    found = due(DAILY, RUSSIA, since=since, now=now, lead=LEAD)
    assert found.ask is not None
    assert found.ask.period == Period.day(date(2026, 9, 9))
    assert [item.period.first_day.day for item in found.missed] == [7, 8]


def test_a_report_whose_time_is_long_over_is_missed_and_not_sent() -> None:
    since = datetime(2026, 9, 8, 3, 30, tzinfo=UTC)
    found = due(DAILY, RUSSIA, since=since, now=since + USEFUL_FOR[PeriodKind.DAY], lead=timedelta())
    assert found.ask is None
    assert [item.at for item in found.missed] == [since]


START = datetime(2026, 3, 23, tzinfo=UTC)
DAYS = 14  # over the changes of the clocks in Europe
ZONES = ("Europe/Berlin", "Asia/Yekaterinburg", "Pacific/Auckland", "UTC")


def by_the_minute(rule: Rule, calendar: Calendar, minutes: int) -> list[Occurrence]:
    """The model: walk every minute, and send on a working day as soon as the wall clock reaches the time."""
    zone, found, told = ZoneInfo(str(calendar.zone)), list[Occurrence](), set[date]()
    for minute in range(-24 * 60, minutes):
        instant = START + timedelta(minutes=minute)
        wall = instant.astimezone(zone)
        if wall.date() in told or wall.time() < rule.at:
            continue
        told.add(wall.date())
        if wall.isoweekday() not in rule.weekdays or not calendar.is_working_day(wall.date()):
            continue
        reported = wall.date() - timedelta(days=1)
        while not calendar.is_working_day(reported):
            reported -= timedelta(days=1)
        if minute >= 0:
            found.append(Occurrence(Period.day(reported), instant))
    return found


rules = st.builds(
    Rule,
    st.just(PeriodKind.DAY),
    st.times(max_value=time(23, 59)).map(lambda at: at.replace(second=0, microsecond=0)),
    st.sets(st.sampled_from(EVERY_DAY), min_size=1).map(lambda days: tuple(sorted(days))),
)
calendars = st.builds(
    lambda zone, off: Calendar(
        WorkCalendar(weekly=weekdays_nine_to_six(), overrides=dict.fromkeys(off, ()), public_holidays=None), zone
    ),
    st.sampled_from(ZONES),
    st.sets(st.dates(date(2026, 3, 24), date(2026, 4, 5)), max_size=5),
)
ticks = st.lists(st.integers(0, DAYS * 24 * 60 - 1), min_size=1, max_size=12).map(lambda found: sorted(set(found)))


@settings(max_examples=60, deadline=None)
@given(rules, calendars, ticks, st.integers(0, 180))
def test_however_the_ticks_fall_every_report_is_asked_for_or_told_as_missed_exactly_once(
    rule: Rule, calendar: Calendar, minutes: Sequence[int], lead_minutes: int
) -> None:
    lead = timedelta(minutes=lead_minutes)
    model = by_the_minute(rule, calendar, DAYS * 24 * 60 + 180)
    following = next_occurrence(rule, calendar, START - timedelta(minutes=1))
    dealt_with: list[Occurrence] = []
    for minute in minutes:
        now = START + timedelta(minutes=minute)
        if following is None or following.at - lead > now:  # what the tick's query leaves out
            continue
        found = due(rule, calendar, since=following.at, now=now, lead=lead)
        asked = [] if found.ask is None else [found.ask]
        assert all(now - item.at < USEFUL_FOR[rule.kind] for item in asked)
        dealt_with += [*found.missed, *asked]
        following = found.following
    horizon = START + timedelta(minutes=minutes[-1]) + lead
    assert dealt_with == [item for item in model if item.at <= horizon]
