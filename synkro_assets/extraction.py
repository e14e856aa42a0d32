"""What readers hand to the lake: vendor rows as an Arrow table with their local day, and the rows nobody could read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import pyarrow as pa

from synkro_resources.erasure.suppression import Suppression
from synkro_resources.http.jsonvalues import as_whole, canonical_json
from synkro_resources.http.redaction import without_secrets
from synkro_resources.lake import RowSpool
from synkro_resources.lake.spool import VERSION
from synkro_resources.model.tables import Table
from synkro_resources.model.tables.schema import EPOCH
from synkro_resources.model.window import TenantWindow

KEPT_ASIDE = 10_000
"""Rows put aside that are kept with their content; a vendor that changes its schema would break millions."""

LATEST_SECOND = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A row that misses what its table needs. `reason`: `no_id`, `no_time`; `raw` may hold personal data."""

    table: str
    reason: str
    raw: str


@dataclass(frozen=True)
class Extraction:
    """What a reader found. `spool` holds the readable rows by local day; nothing is lost in silence:

    `seen` = rows of the spool (repeated ones included) + `put_aside` + `outside` (of the window, dropped).
    `quarantined` keeps the first `KEPT_ASIDE` of the rows that were put aside.
    """

    spool: RowSpool
    seen: int
    quarantined: list[QuarantinedRow]
    put_aside: int = 0
    outside: int = 0

    @cached_property
    def table(self) -> pa.Table:
        """All rows with the day column, ordered by key; for small extractions."""
        return self.spool.whole()

    @property
    def repeated(self) -> int:
        """Older or equal copies of rows."""
        return self.spool.added - self.table.num_rows


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
class Collector:
    """Gathers the rows of one table for one window; of one key and day the newest version wins, then the last read.

    Memory does not grow with the rows: they go to disk beyond a few megabytes.
    """

    table: Table
    window: TenantWindow
    seen: int = 0
    outside: int = 0
    put_aside_rows: int = 0
    quarantined: list[QuarantinedRow] = field(default_factory=list[QuarantinedRow])
    _spool: RowSpool = field(init=False)
    _days: Days = field(init=False)

    def __post_init__(self) -> None:
        self._days = Days(self.window)
        self._spool = RowSpool(self.table)

    def put_aside(self, row: object, reason: str) -> None:
        """Keep a row that misses what its table needs, with the reason."""
        self.seen += 1
        self.put_aside_rows += 1
        if len(self.quarantined) < KEPT_ASIDE:
            self.quarantined.append(QuarantinedRow(self.table.name, reason, raw_text(row)))

    def add(self, key: object, version: datetime, values: Mapping[str, object], *, with_baseline: bool) -> None:
        """Store a row on the local day of `version`; older rows: the baseline, or dropped; newer: dropped."""
        day = self._days.day_of(version)
        if day is None and not (with_baseline and version < self.window.start):
            self.seen += 1
            self.outside += 1
            return
        self.add_on(day, key, version, values)

    def day_inside(self, instant: datetime) -> date:
        """The window's day that lies nearest to `instant`: for what is known only as it is now."""
        day = self._days.day_of(instant)
        if day is not None:
            return day
        return self.window.first_day if instant < self.window.start else self.window.last_day

    def add_on(self, day: date | None, key: object, version: datetime, values: Mapping[str, object]) -> None:
        """Store a row on a day that the caller has chosen; None: the baseline."""
        del key  # the columns hold it
        self.seen += 1
        self._spool.add(day, version, values)

    def result(self) -> Extraction:
        """Everything gathered; the same answers give the same rows in the same order."""
        return Extraction(self._spool, self.seen, self.quarantined, self.put_aside_rows, self.outside)


def without_suppressed(extraction: Extraction, suppression: Suppression) -> Extraction:
    """The extraction as if the vendor had not shown the rows about people who were erased; the same object otherwise.

    They do not count as seen, or every later load would seem to have lost rows.
    """
    table = extraction.spool.table
    if not suppression.concerns(table.name):
        return extraction
    spool = RowSpool(table)
    for day in extraction.spool.days:
        for piece in extraction.spool.source([day]).scan():
            for row in piece.to_pylist():
                if not suppression.hides(table.name, row):
                    spool.add(day, EPOCH + timedelta(microseconds=row[VERSION]), row)
    aside = [row for row in extraction.quarantined if not suppression.hides(table.name, {"raw": row.raw})]
    hidden, hidden_aside = extraction.spool.added - spool.added, len(extraction.quarantined) - len(aside)
    extraction.spool.close()
    return replace(
        extraction,
        spool=spool,
        seen=extraction.seen - hidden - hidden_aside,
        quarantined=aside,
        put_aside=extraction.put_aside - hidden_aside,
    )


def raw_text(row: object) -> str:
    """The vendor's row as canonical JSON, without secrets: the same answer gives the same bytes."""
    return canonical_json(without_secrets(row))


def instant_of_seconds(value: object) -> datetime | None:
    """A unix time in seconds as UTC; None for what is no time (null, text, zero and below, beyond the year 9999)."""
    seconds = as_whole(value)
    if seconds is None or not 0 < seconds <= LATEST_SECOND:
        return None
    return datetime.fromtimestamp(seconds, UTC)
