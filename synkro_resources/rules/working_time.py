"""The tenant's working time: minutes between instants, due instants and working days (docs/metrics.md, «Working time»).

All instants are UTC. Local intervals become UTC once per year and are kept as one sorted list with the working time
before each, so that every question is a binary search, for one instant as well as for a whole column.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.period import days_between
from synkro_resources.model.tenant_settings import Interval, TenantSettings, WorkCalendar

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

MICROSECONDS_PER_MINUTE = 60_000_000
LONGEST_BREAK_YEARS = 5  # a calendar without work for longer than this has no due instants at all
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Timeline:
    """Working intervals of the years `first_year … last_year`, microseconds since the epoch, disjoint and sorted."""

    first_year: int
    last_year: int
    starts: list[int]
    ends: list[int]
    before: list[int]
    """Working microseconds before each start."""
    total: int

    def worked(self, instant: int) -> int:
        """Working microseconds from the beginning of the timeline to `instant`."""
        at = bisect_right(self.starts, instant) - 1
        return 0 if at < 0 else self.before[at] + min(instant, self.ends[at]) - self.starts[at]

    def latest(self, worked: int) -> int:
        """The latest instant up to which no more than `worked` has passed; the caller knows `worked < total`."""
        at = bisect_right(self.before, worked) - 1
        return self.starts[at] + worked - self.before[at]

    def worked_many(self, instants: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        import numpy as np

        if not self.starts:
            return np.zeros(len(instants), dtype=np.int64)
        starts, ends, before = (np.asarray(part, dtype=np.int64) for part in (self.starts, self.ends, self.before))
        at = np.searchsorted(starts, instants, side="right") - 1
        inside = before[at] + np.minimum(instants, ends[at]) - starts[at]
        return np.where(at < 0, 0, inside)

    def open_many(self, instants: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        import numpy as np

        if not self.starts:
            return np.zeros(len(instants), dtype=bool)
        starts, ends = np.asarray(self.starts, dtype=np.int64), np.asarray(self.ends, dtype=np.int64)
        at = np.searchsorted(starts, instants, side="right") - 1
        return (at >= 0) & (instants < ends[at])

    def latest_many(self, worked: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        import numpy as np

        starts, before = np.asarray(self.starts, dtype=np.int64), np.asarray(self.before, dtype=np.int64)
        at = np.searchsorted(before, worked, side="right") - 1
        return starts[at] + worked - before[at]


class Calendar:
    """Working time of one tenant. Build it once per run with `Calendar.of` and pass it on."""

    def __init__(self, calendar: WorkCalendar, zone: str) -> None:
        """
        Raises:
            UserInputError: `calendar.bad_interval` if an interval ends before it starts.
        """
        for intervals in (*calendar.weekly.values(), *calendar.overrides.values()):
            _check(intervals)
        self._calendar = calendar
        self._zone = ZoneInfo(zone)
        self._timeline = _Timeline(0, -1, [], [], [], 0)
        self._day_ends: dict[tuple[date, int], datetime] = {}

    @classmethod
    def of(cls, settings: TenantSettings) -> Calendar:
        """The calendar that the tenant's settings describe."""
        return cls(settings.work_calendar, settings.zone)

    @property
    def version(self) -> str:
        return self._calendar.version

    @property
    def zone(self) -> ZoneInfo:
        return self._zone

    def intervals(self, day: date) -> tuple[Interval, ...]:
        """Local working intervals of one date: an override wins, then a public holiday or a moved working day."""
        override = self._calendar.overrides.get(day)
        if override is not None:
            return override
        weekly = self._calendar.weekly.get(day.isoweekday(), ())
        if self._calendar.public_holidays is None:
            return weekly
        days_off, moved = _public_days(self._calendar.public_holidays, day.year)
        if day in moved:
            return weekly or self._ordinary_shift(day)
        return () if day in days_off else weekly

    def is_holiday(self, day: date) -> bool:
        """Whether an ordinary working weekday is off."""
        return bool(self._calendar.weekly.get(day.isoweekday())) and not self.intervals(day)

    def is_working_day(self, day: date) -> bool:
        """A local date with at least one interval."""
        return bool(self.intervals(day))

    def working_days(self, first: date, last: date) -> list[date]:
        """The working days from `first` to `last`, both included."""
        return [day for day in days_between(first, last) if self.is_working_day(day)] if first <= last else []

    def minutes(self, a: datetime, b: datetime) -> float:
        """Working minutes of `[a, b]`; 0 if `b` is not after `a`. Not rounded."""
        if b <= a:
            return 0.0
        timeline = self._covering(a, b)
        return (timeline.worked(micros(b)) - timeline.worked(micros(a))) / MICROSECONDS_PER_MINUTE

    def due_at(self, a: datetime, minutes: float) -> datetime:
        """The latest instant t with `minutes(a, t) ≤ minutes`: an allowance used up at closing lasts until opening.

        Raises:
            UserInputError: `calendar.no_working_time` if there is no later work within five years.
        """
        allowance = round(minutes * MICROSECONDS_PER_MINUTE)
        timeline = self._reaching(a, a, allowance)
        return _instant(timeline.latest(timeline.worked(micros(a)) + allowance))

    def is_open(self, instant: datetime) -> bool:
        """Whether `instant` lies in a working interval (its end excluded)."""
        timeline, at = self._covering(instant, instant), micros(instant)
        position = bisect_right(timeline.starts, at) - 1
        return position >= 0 and at < timeline.ends[position]

    def is_open_around(self, instant: datetime, margin: timedelta) -> bool:
        """Whether `instant` lies in a working interval that is longer by `margin` (at most a day) at both ends."""
        today = instant.astimezone(self._zone).date()
        return any(
            start - margin <= instant < end + margin
            for day in days_between(today - timedelta(days=1), today + timedelta(days=1))
            for start, end in self._utc_intervals(day)
        )

    def minutes_many(self, starts: pd.Series, ends: pd.Series) -> pd.Series:
        """`minutes` for two columns of instants, as float64; NaN where either is empty."""
        import numpy as np
        import pandas as pd

        a, b = _column(starts), _column(ends)
        known = (a.notna() & b.notna()).to_numpy()
        values = np.full(len(a), np.nan)
        if known.any():
            first, last = _asmicros(a[known]), _asmicros(b[known])
            timeline = self._covering(_instant(min(first.min(), last.min())), _instant(max(first.max(), last.max())))
            worked = np.maximum(timeline.worked_many(last) - timeline.worked_many(first), 0)
            values[known] = worked / MICROSECONDS_PER_MINUTE
        return pd.Series(values, index=starts.index, dtype="float64")

    def due_many(self, starts: pd.Series, minutes: float) -> pd.Series:
        """`due_at` for a column of instants, as UTC instants; NaT where the start is empty."""
        import numpy as np
        import pandas as pd

        a = _column(starts)
        known = a.notna().to_numpy()
        values = np.full(len(a), np.datetime64("NaT", "us"))
        if known.any():
            allowance = round(minutes * MICROSECONDS_PER_MINUTE)
            first = _asmicros(a[known])
            timeline = self._reaching(_instant(first.min()), _instant(first.max()), allowance)
            values[known] = timeline.latest_many(timeline.worked_many(first) + allowance).astype("datetime64[us]")
        return pd.Series(values, index=starts.index).dt.tz_localize("UTC")

    def open_many(self, instants: pd.Series) -> pd.Series:
        """`is_open` for a column; False where the instant is empty."""
        import numpy as np
        import pandas as pd

        column = _column(instants)
        known = column.notna().to_numpy()
        flags = np.zeros(len(column), dtype=bool)
        if known.any():
            at = _asmicros(column[known])
            flags[known] = self._covering(_instant(at.min()), _instant(at.max())).open_many(at)
        return pd.Series(flags, index=instants.index, dtype="bool")

    def end_of_working_day(self, instant: datetime, n: int) -> datetime:
        """The end of the last interval of the n-th working day after the local date of `instant`, UTC."""
        key = instant.astimezone(self._zone).date(), n
        if key not in self._day_ends:
            self._day_ends[key] = max(self._utc_intervals(self._nth_working_day(*key, step=1)))[1]
        return self._day_ends[key]

    def start_of_working_day_back(self, instant: datetime, n: int) -> datetime:
        """The opening of the n-th working day counted back from `instant`, UTC.

        The current day counts if it opened before `instant`.
        """
        today = instant.astimezone(self._zone).date()
        opened = self.is_working_day(today) and min(self._utc_intervals(today))[0] < instant
        day = today if opened and n == 1 else self._nth_working_day(today, n - 1 if opened else n, step=-1)
        return min(self._utc_intervals(day))[0]

    def _nth_working_day(self, day: date, n: int, *, step: int) -> date:
        for _ in range(LONGEST_BREAK_YEARS * 366):
            day += timedelta(days=step)
            if self.is_working_day(day):
                n -= 1
                if n <= 0:
                    return day
        raise _no_working_time()

    def _ordinary_shift(self, day: date) -> tuple[Interval, ...]:
        """A moved working day has the shift of the nearest weekday before it: a working Saturday that of Friday."""
        for back in range(1, 7):
            shift = self._calendar.weekly.get((day - timedelta(days=back)).isoweekday())
            if shift:
                return shift
        return ()

    def _utc_intervals(self, day: date) -> list[tuple[datetime, datetime]]:
        pairs = [
            (local_instant(day, interval.start, self._zone, fold=0), _end_to_utc(day, interval.end, self._zone))
            for interval in self.intervals(day)
        ]
        return [pair for pair in pairs if pair[0] < pair[1]]

    def _covering(self, first: datetime, last: datetime) -> _Timeline:
        """The kept timeline, first widened to the years of both instants."""
        first_year, last_year = first.year - 1, last.year + 1
        known = self._timeline
        if known.first_year <= first_year and last_year <= known.last_year:
            return known
        if known.last_year >= known.first_year:
            first_year, last_year = min(first_year, known.first_year), max(last_year, known.last_year)
        self._timeline = self._build(first_year, last_year)
        return self._timeline

    def _reaching(self, first: datetime, last: datetime, allowance: int) -> _Timeline:
        """A timeline with more than `allowance` of work after `last`."""
        for years in range(LONGEST_BREAK_YEARS + 1):
            timeline = self._covering(first, last.replace(year=last.year + years, day=1))
            if timeline.worked(micros(last)) + allowance < timeline.total:
                return timeline
        raise _no_working_time()

    def _build(self, first_year: int, last_year: int) -> _Timeline:
        pairs = sorted(
            (micros(start), micros(end))
            for day in days_between(date(first_year, 1, 1), date(last_year, 12, 31))
            for start, end in self._utc_intervals(day)
        )
        starts: list[int] = []
        ends: list[int] = []
        for start, end in pairs:
            if ends and start <= ends[-1]:  # touching shifts, and hours that a clock change repeats, count once
                ends[-1] = max(ends[-1], end)
            else:
                starts.append(start)
                ends.append(end)
        before: list[int] = []
        total = 0
        for start, end in zip(starts, ends, strict=True):
            before.append(total)
            total += end - start
        return _Timeline(first_year, last_year, starts, ends, before, total)


def _check(intervals: Sequence[Interval]) -> None:
    for interval in intervals:
        if interval.end != time() and interval.end <= interval.start:
            raise UserInputError(
                "calendar.bad_interval",
                Sentence(
                    f"Рабочий интервал {interval.start:%H:%M}–{interval.end:%H:%M} кончается раньше, чем начинается.",
                    f"The working interval {interval.start:%H:%M}–{interval.end:%H:%M} ends before it starts.",
                ),
                Sentence(
                    "Ночную смену задайте двумя интервалами: до полуночи и после неё.",
                    "Enter a night shift as two intervals: before midnight and after it.",
                ),
            )


def _no_working_time() -> UserInputError:
    return UserInputError(
        "calendar.no_working_time",
        Sentence("В рабочем календаре нет рабочего времени.", "The work calendar holds no working time."),
        Sentence("Задайте рабочие часы хотя бы одного дня недели.", "Enter working hours for at least one weekday."),
    )


@lru_cache(maxsize=256)
def _public_days(country: str, year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Days off and moved working days of a country's year."""
    import holidays

    known = holidays.country_holidays(country, years=year)
    moved = frozenset(day for day in known.weekend_workdays if day.year == year)
    return frozenset(known) - moved, moved


def local_instant(day: date, local: time, zone: ZoneInfo, *, fold: int) -> datetime:
    """A local time as an instant: `fold` picks its first or second occurrence, a skipped one is the clock change."""
    wanted = datetime.combine(day, local)
    instant = wanted.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wanted:
        return instant
    low = wanted.replace(tzinfo=zone, fold=1).astimezone(UTC)
    high = wanted.replace(tzinfo=zone, fold=0).astimezone(UTC)
    offset = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high


def _end_to_utc(day: date, local: time, zone: ZoneInfo) -> datetime:
    return local_instant(day + timedelta(days=1) if local == time() else day, local, zone, fold=1)


def micros(instant: datetime) -> int:
    """Microseconds since the epoch."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def _instant(micros: int | np.int64) -> datetime:
    return EPOCH + timedelta(microseconds=int(micros))


def _column(values: pd.Series) -> pd.Series:
    import pandas as pd

    return pd.to_datetime(values, utc=True).dt.as_unit("us")


def _asmicros(values: pd.Series) -> npt.NDArray[np.int64]:
    return values.dt.tz_localize(None).to_numpy(dtype="datetime64[us]").astype("int64")
