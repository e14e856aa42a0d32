"""The invented company's working time, counted the slow and obvious way: one local date after the other."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

ZONE = "Asia/Yekaterinburg"
OPENS, CLOSES = time(9), time(18)
HOLIDAY_COUNTRY = "RU"
SLA_MINUTES = 15
"""Working minutes allowed for an answer."""
DAY = timedelta(days=1)


class WorkingTime:
    """Mon–Fri 09:00–18:00 in Yekaterinburg without the Russian public days off; moved working Saturdays are worked.

    All instants are UTC.
    """

    def __init__(self, zone: str = ZONE) -> None:
        self.zone = ZoneInfo(zone)

    def shift(self, day: date) -> tuple[datetime, datetime] | None:
        """Opening and closing of a local date, or None on a day off."""
        off, moved = _public_days(day.year)
        if (day.isoweekday() > 5 or day in off) and day not in moved:
            return None
        return self.instant(day, OPENS), self.instant(day, CLOSES)

    def instant(self, day: date, local: time) -> datetime:
        return datetime.combine(day, local, self.zone).astimezone(UTC)

    def local_day(self, instant: datetime) -> date:
        return instant.astimezone(self.zone).date()

    def bounds(self, day: date) -> tuple[datetime, datetime]:
        """The local day as a half-open span."""
        return self.instant(day, time()), self.instant(day + DAY, time())

    def is_open(self, instant: datetime) -> bool:
        shift = self.shift(self.local_day(instant))
        return shift is not None and shift[0] <= instant < shift[1]

    def next_open(self, instant: datetime) -> datetime:
        """`instant` itself inside working time, otherwise the next opening."""
        day = self.local_day(instant)
        while True:
            shift = self.shift(day)
            if shift is not None and instant < shift[1]:
                return max(instant, shift[0])
            day += DAY

    def minutes(self, a: datetime, b: datetime) -> float:
        """Working minutes from `a` to `b`, not rounded."""
        total = timedelta()
        day, last = self.local_day(a), self.local_day(b)
        while day <= last:
            shift = self.shift(day)
            if shift is not None:
                total += max(min(b, shift[1]) - max(a, shift[0]), timedelta())
            day += DAY
        return total / timedelta(minutes=1)

    def due_at(self, start: datetime, minutes: float = SLA_MINUTES) -> datetime:
        """The latest instant until which no more than `minutes` have been worked.

        An allowance used up exactly at closing lasts until the next opening.
        """
        left = timedelta(minutes=minutes)
        day = self.local_day(start)
        while True:
            shift = self.shift(day)
            if shift is not None and start < shift[1]:
                begin = max(start, shift[0])
                if left < shift[1] - begin:
                    return begin + left
                left -= shift[1] - begin
            day += DAY

    def end_of_working_day(self, instant: datetime, n: int) -> datetime:
        """The closing of the n-th working day after the local date of `instant`."""
        day = self.local_day(instant)
        while n > 0:
            day += DAY
            n -= self.shift(day) is not None
        return self.instant(day, CLOSES)

    def start_of_working_day_back(self, instant: datetime, n: int) -> datetime:
        """The opening of the n-th working day counted back; the current one counts if it opened before `instant`."""
        day = self.local_day(instant)
        shift = self.shift(day)
        n -= shift is not None and shift[0] < instant
        while n > 0:
            day -= DAY
            n -= self.shift(day) is not None
        return self.instant(day, OPENS)


@cache
def _public_days(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Days off and moved working days."""
    import holidays

    known = holidays.country_holidays(HOLIDAY_COUNTRY, years=year)
    return frozenset(known), frozenset(day for day in known.weekend_workdays if day.year == year)
