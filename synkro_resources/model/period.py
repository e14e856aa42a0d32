"""Periods in local days: day, ISO week, month, custom; their ids and their neighbours."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class PeriodKind(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    CUSTOM = "custom"


def days_between(first: date, last: date) -> Iterator[date]:
    """Every date from `first` to `last`, both included."""
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


@dataclass(frozen=True, slots=True)
class Period:
    """Inclusive local dates; `TenantWindow` turns them into UTC instants."""

    kind: PeriodKind
    first_day: date
    last_day: date

    def __post_init__(self) -> None:
        if self.last_day < self.first_day:
            raise ValueError(f"the period ends on {self.last_day}, before it starts on {self.first_day}")

    @classmethod
    def day(cls, day: date) -> Period:
        return cls(PeriodKind.DAY, day, day)

    @classmethod
    def week_of(cls, day: date) -> Period:
        """The ISO week (Monday to Sunday) that holds `day`."""
        monday = day - timedelta(days=day.weekday())
        return cls(PeriodKind.WEEK, monday, monday + timedelta(days=6))

    @classmethod
    def month_of(cls, day: date) -> Period:
        last = calendar.monthrange(day.year, day.month)[1]
        return cls(PeriodKind.MONTH, day.replace(day=1), day.replace(day=last))

    @classmethod
    def custom(cls, first_day: date, last_day: date) -> Period:
        return cls(PeriodKind.CUSTOM, first_day, last_day)

    @classmethod
    def of_report_id(cls, report_id: str) -> Period:
        """The period that a `report_id` names.

        Raises:
            ValueError: for any other text.
        """
        kind, _, value = report_id.partition(":")
        match PeriodKind(kind):
            case PeriodKind.DAY:
                return cls.day(date.fromisoformat(value))
            case PeriodKind.WEEK:
                return cls.week_of(date.fromisoformat(f"{value}-1"))
            case PeriodKind.MONTH:
                return cls.month_of(date.fromisoformat(f"{value}-01"))
            case PeriodKind.CUSTOM:
                first, _, last = value.partition("..")
                return cls.custom(date.fromisoformat(first), date.fromisoformat(last))

    @property
    def days(self) -> list[date]:
        return list(days_between(self.first_day, self.last_day))

    @property
    def report_id(self) -> str:
        """`day:2026-09-07`, `week:2026-W37`, `month:2026-09`, `custom:2026-09-01..2026-09-10`."""
        match self.kind:
            case PeriodKind.DAY:
                return f"day:{self.first_day.isoformat()}"
            case PeriodKind.WEEK:
                iso = self.first_day.isocalendar()
                return f"week:{iso.year}-W{iso.week:02d}"
            case PeriodKind.MONTH:
                return f"month:{self.first_day:%Y-%m}"
            case PeriodKind.CUSTOM:
                return f"custom:{self.first_day.isoformat()}..{self.last_day.isoformat()}"
