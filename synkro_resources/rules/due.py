"""When scheduled reports are due: a tenant's local times as UTC instants, and which of them a tick must ask for.

Pure rules (docs/report.md, «Schedule»). A day's report goes out on working days and covers the working day before; a
week's goes out on its weekday, or on the next working day within a week; a month's on the first working day of the
next month. A local time that a clock change skips is the instant of the change; one that it repeats is its first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from synkro_resources.model.period import Period, PeriodKind, days_between
from synkro_resources.rules.working_time import Calendar, local_instant

EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
MONDAY = (1,)
LONGEST_BREAK_DAYS = 60
"""Further back no daily report looks for a working day: a company that has been closed for longer gets none."""
LONGEST_SLEEP = timedelta(days=92)
"""What a schedule slept through is told for a quarter at most."""
SOONEST_DAYS = 70
"""A monthly report of the next month is never further away."""
USEFUL_FOR = {
    PeriodKind.DAY: timedelta(hours=12),
    PeriodKind.WEEK: timedelta(hours=48),
    PeriodKind.MONTH: timedelta(hours=48),
}
"""How long after its time a report is still sent: yesterday's figures of a day only confuse in the evening."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a schedule says: `at` is local; `weekdays` are ISO numbers (of a week's report: its one day)."""

    kind: PeriodKind
    at: time
    weekdays: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One report that a rule wants: its period, and the UTC instant before which it is not sent."""

    period: Period
    at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """What a tick does: ask for one report at most, tell which are missed, and look again at `following`."""

    ask: Occurrence | None
    missed: tuple[Occurrence, ...]
    following: Occurrence | None


def occurrences(rule: Rule, calendar: Calendar, first: date, last: date) -> Iterator[Occurrence]:
    """The reports that go out on the local days `first … last`, both included, oldest first."""
    for day in days_between(first, last):
        period = _period_sent_on(rule, calendar, day)
        if period is not None:
            yield Occurrence(period, local_instant(day, rule.at, calendar.zone, fold=0))


def next_occurrence(rule: Rule, calendar: Calendar, after: datetime) -> Occurrence | None:
    """The first report due later than `after`; None if the calendar holds no working day that would have one."""
    first = after.astimezone(calendar.zone).date()
    coming = occurrences(rule, calendar, first, first + timedelta(days=SOONEST_DAYS))
    return next((found for found in coming if found.at > after), None)


def due(rule: Rule, calendar: Calendar, *, since: datetime, now: datetime, lead: timedelta) -> Due:
    """What is to be done at `now` about the reports due in `[since, now + lead]`.

    `since`: the instant of the first report that no earlier tick has dealt with. A process that slept asks for the
    newest report only, and only while it is useful; the older ones are missed.
    """
    since = max(since, now - LONGEST_SLEEP)
    horizon = now + lead
    first, last = (instant.astimezone(calendar.zone).date() for instant in (since, max(since, horizon)))
    reached = [found for found in occurrences(rule, calendar, first, last) if since <= found.at <= horizon]
    following = next_occurrence(rule, calendar, max(horizon, since - timedelta(microseconds=1)))
    if not reached:
        return Due(None, (), following)
    newest = reached[-1]
    if now - newest.at < USEFUL_FOR[rule.kind]:
        return Due(newest, tuple(reached[:-1]), following)
    return Due(None, tuple(reached), following)


def _period_sent_on(rule: Rule, calendar: Calendar, day: date) -> Period | None:
    match rule.kind:
        case PeriodKind.DAY:
            if day.isoweekday() not in rule.weekdays or not calendar.is_working_day(day):
                return None
            reported = _working_day_before(calendar, day)
            return None if reported is None else Period.day(reported)
        case PeriodKind.WEEK:
            monday = day - timedelta(days=day.weekday())
            for week in (monday, monday - timedelta(days=7)):  # the week before may have put its report off to today
                wanted = week + timedelta(days=rule.weekdays[0] - 1)
                if _sent_on(calendar, list(days_between(wanted, wanted + timedelta(days=6)))) == day:
                    return Period.week_of(week - timedelta(days=7))
            return None
        case PeriodKind.MONTH:
            month = Period.month_of(day)
            if _sent_on(calendar, month.days) != day:
                return None
            return Period.month_of(month.first_day - timedelta(days=1))
        case PeriodKind.CUSTOM:
            raise ValueError("own dates have no schedule")


def _sent_on(calendar: Calendar, days: Sequence[date]) -> date:
    """The first working day of these; the first day if all are off, so that no report is lost."""
    return next((day for day in days if calendar.is_working_day(day)), days[0])


def _working_day_before(calendar: Calendar, day: date) -> date | None:
    back = (day - timedelta(days=number) for number in range(1, LONGEST_BREAK_DAYS + 1))
    return next((found for found in back if calendar.is_working_day(found)), None)
