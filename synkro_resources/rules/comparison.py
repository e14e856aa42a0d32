"""What a period is compared with, and why there is sometimes nothing (#19; docs/metrics.md, «Comparison»)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from synkro_resources.model.period import Period, PeriodKind
from synkro_resources.rules.working_time import Calendar

WEEKS_BACK = 4  # a day is compared with the same weekday of one of the four weeks before it


class NoComparison(StrEnum):
    """Why a period is compared with nothing; the empty word says that it is compared."""

    COMPARED = ""
    HOLIDAYS = "holidays"
    """No day of the last weeks is a working day, or a day off, like this one."""
    FIRST = "first"
    """The tenant's history begins inside the earlier period or after it."""
    NOT_LOADED = "not_loaded"
    PRELIMINARY = "preliminary"
    """The earlier period's own figures could not be trusted."""
    RULES = "rules"
    """Metric, rubric or masker have changed since: the figures mean something else."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The earlier period, or None with the reason."""

    period: Period | None
    reason: NoComparison


def previous_period(period: Period, calendar: Calendar) -> Period | None:
    """Same weekday, previous week, previous month, or whole weeks back; None where no day is comparable."""
    if period.kind is PeriodKind.DAY:
        before = comparable_day(period.first_day, calendar)
        return None if before is None else Period.day(before)
    return one_back(period)


def one_back(period: Period) -> Period:
    """The period of the same kind before this one, whatever its working days; a day goes back a week."""
    match period.kind:
        case PeriodKind.WEEK:
            return Period.week_of(period.first_day - timedelta(days=1))
        case PeriodKind.MONTH:
            return Period.month_of(period.first_day - timedelta(days=1))
        case PeriodKind.DAY | PeriodKind.CUSTOM:
            back = timedelta(weeks=-(-len(period.days) // 7))  # whole weeks keep the weekdays comparable
            return Period(period.kind, period.first_day - back, period.last_day - back)


def comparable_day(day: date, calendar: Calendar) -> date | None:
    """The same weekday up to four weeks back that is a working day exactly if `day` is one; None if there is none."""
    for weeks in range(1, WEEKS_BACK + 1):
        before = day - timedelta(weeks=weeks)
        if calendar.is_working_day(before) == calendar.is_working_day(day):
            return before
    return None


def comparison(
    period: Period,
    calendar: Calendar,
    *,
    loaded_days: Collection[date],
    history_from: date | None,
    was_preliminary: bool = False,
    rules_changed: bool = False,
) -> Comparison:
    """The period to compare with, or the first reason that forbids it.

    `history_from`: the tenant's first loaded day, None before any load. `was_preliminary`, `rules_changed`: what is
    known of the earlier period; labels of a language model are compared only under the same rubric and masker.
    """
    before = previous_period(period, calendar)
    if before is None:
        return Comparison(None, NoComparison.HOLIDAYS)
    if history_from is None or history_from > before.first_day:
        return Comparison(None, NoComparison.FIRST)
    if not set(before.days) <= set(loaded_days):
        return Comparison(None, NoComparison.NOT_LOADED)
    if was_preliminary:
        return Comparison(None, NoComparison.PRELIMINARY)
    if rules_changed:
        return Comparison(None, NoComparison.RULES)
    return Comparison(before, NoComparison.COMPARED)


def holidays_of(period: Period, calendar: Calendar) -> tuple[date, ...]:
    """The ordinary working weekdays of a period that are off; reports name them for both periods."""
    return tuple(day for day in period.days if calendar.is_holiday(day))
