"""What readers hand to the lake: vendor rows as an Arrow table with their local day, and the rows nobody could read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pyarrow as pa

from synkro_resources.http.jsonvalues import as_whole, canonical_json
from synkro_resources.http.redaction import without_secrets
from synkro_resources.model.tables import DAY_COLUMN, Table
from synkro_resources.model.window import TenantWindow

LATEST_SECOND = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A row that misses what its table needs. `reason`: `no_id`, `no_time`; `raw` may hold personal data."""

    table: str
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class Extraction:
    """`table` has the raw schema and the day column. Nothing is lost in silence:

    `seen` = rows of the table + quarantined + `outside` (of the window, dropped) + `repeated` (older or equal copies).
    """

    table: pa.Table
    seen: int
    quarantined: list[QuarantinedRow]
    outside: int = 0
    repeated: int = 0


class Days:
    """The local days of a window, for many instants: looked up by bisection, not by zone arithmetic per row."""

    def __init__(self, window: TenantWindow) -> None:
        self._days = window.days
        self._starts = [window.bounds(day)[0] for day in self._days]
        self._end = window.end

    def day_of(self, instant: datetime) -> date | None:
        """The day inside the window; None before and after it."""
        if instant < self._starts[0] or instant >= self._end:
            return None
        return self._days[bisect_right(self._starts, instant) - 1]


@dataclass(slots=True)
class _Stored:
    version: datetime
    day: date | None
    values: Mapping[str, object]


@dataclass(slots=True)
class Collector:
    """Gathers the rows of one table for one window; the newest version of a key wins, of equal ones the last read."""

    table: Table
    window: TenantWindow
    seen: int = 0
    outside: int = 0
    repeated: int = 0
    quarantined: list[QuarantinedRow] = field(default_factory=list[QuarantinedRow])
    _rows: dict[object, _Stored] = field(default_factory=dict[object, _Stored])
    _days: Days = field(init=False)

    def __post_init__(self) -> None:
        self._days = Days(self.window)

    def put_aside(self, row: object, reason: str) -> None:
        self.seen += 1
        self.quarantined.append(QuarantinedRow(self.table.name, reason, raw_text(row)))

    def add(self, key: object, version: datetime, values: Mapping[str, object], *, with_baseline: bool) -> None:
        """Store a row on the local day of `version`; older rows: the baseline, or dropped; newer: dropped."""
        day = self._days.day_of(version)
        if day is None and not (with_baseline and version < self.window.start):
            self.seen += 1
            self.outside += 1
            return
        self.add_on(day, key, version, values)

    def add_on(self, day: date | None, key: object, version: datetime, values: Mapping[str, object]) -> None:
        """Store a row on a day that the caller has chosen; None: the baseline."""
        self.seen += 1
        stored = self._rows.get(key)
        if stored is not None:
            self.repeated += 1
            if stored.version > version:
                return
        self._rows[key] = _Stored(version, day, values)

    def result(self) -> Extraction:
        """The rows ordered by key, so that the same answers give the same table."""
        rows = [self._rows[key] for key in sorted(self._rows, key=_order)]
        arrays = {
            column.name: pa.array([row.values.get(column.name) for row in rows], column.type)
            for column in self.table.columns
        }
        if not rows:
            table = self.table.empty_days()
        else:
            typed = self.table.cast(pa.table(arrays))
            days = pa.array([row.day for row in rows], pa.date32())
            table = typed.append_column(pa.field(DAY_COLUMN, pa.date32()), days)
        return Extraction(table, self.seen, self.quarantined, self.outside, self.repeated)


def _order(key: object) -> tuple[int, str]:
    return (key, "") if isinstance(key, int) else (0, str(key))


def raw_text(row: object) -> str:
    """The vendor's row as canonical JSON, without secrets: the same answer gives the same bytes."""
    return canonical_json(without_secrets(row))


def instant_of_seconds(value: object) -> datetime | None:
    """A unix time in seconds as UTC; None for what is no time (null, text, zero and below, beyond the year 9999)."""
    seconds = as_whole(value)
    if seconds is None or not 0 < seconds <= LATEST_SECOND:
        return None
    return datetime.fromtimestamp(seconds, UTC)
