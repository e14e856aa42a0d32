"""Comparing the client's tables with the lake, and sending again what differs (docs/supabase.md, «Verification»)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from synkro_resources.lake import Lake
from synkro_resources.lake.folding import fold
from synkro_resources.model.tables import DAY_COLUMN, Table
from synkro_resources.model.window import TenantWindow
from synkro_resources.supabase.fingerprints import Fingerprint, differing, fingerprints
from synkro_resources.supabase.writer import WarehouseWriter, finite

Verdict = Literal["equal", "repaired", "differs"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One table: rows of the lake and of the client, versions that differed, rows that were sent again."""

    table: Table
    rows_lake: int
    rows_client: int
    rows_resent: int
    verdict: Verdict
    differing: list[datetime] = field(default_factory=list[datetime])

    @property
    def rows_beyond(self) -> int:
        """Rows that only the client has: what the lake's retention has removed stays with the client."""
        return max(0, self.rows_client - self.rows_lake)


@dataclass(frozen=True, slots=True)
class Span:
    """Versions to compare, both included; `days` are the lake's days that can hold them."""

    since: datetime
    until: datetime
    days: list[date]


def loaded_span(window: TenantWindow, lookback_days: int) -> Span:
    """The versions that a load of these days has written: changes since their start, and the days' ends.

    A row of a derived day is in force until a later day has it again, which happens within the look-back.
    """
    later = TenantWindow(window.tenant, window.zone, window.first_day, window.last_day + timedelta(days=lookback_days))
    return Span(window.start, window.end, list(later.days))


def expected_rows(lake: Lake, tenant: str, table: Table, span: Span | None = None) -> pa.Table:
    """What the client's table has to hold: the present state, or of each key the newest day."""
    if table.has_current:
        rows = lake.read_current(table, tenant)
    else:
        days = lake.days(table, tenant) if span is None else span.days
        stored = lake.read_days(table, tenant, days, missing_ok=True).drop_columns([DAY_COLUMN])
        rows = fold(table.empty(), table.cast(stored), key=table.key, group=table.key, version=table.version)
    if span is None:
        return rows
    versions = rows.column(table.version)
    inside = pc.and_(
        pc.greater_equal(versions, pa.scalar(span.since, versions.type)),
        pc.less_equal(versions, pa.scalar(span.until, versions.type)),
    )
    return rows.filter(inside)


def compare(
    lake: Lake, tenant: str, table: Table, writer: WarehouseWriter, *, repair: bool, span: Span | None = None
) -> Comparison:
    """Compare one table (or a span of its versions) and, with `repair`, send what differs again and compare once more.

    Raises:
        TransientError, IntegrationError: as the writer.
    """
    rows = expected_rows(lake, tenant, table, span)
    bounds = (None, None) if span is None else (span.since, span.until)
    ours, theirs = fingerprints(table, finite(rows)), writer.fingerprints(table, *bounds)
    wrong = differing(ours, theirs)
    if not wrong:
        return Comparison(table, rows.num_rows, _count(theirs.values()), 0, "equal")
    if not repair:
        return Comparison(table, rows.num_rows, _count(theirs.values()), 0, "differs", wrong)
    versions = rows.column(table.version)
    sent = writer.upsert(table, rows.filter(pc.is_in(versions, pa.array(wrong, versions.type))))
    theirs = writer.fingerprints(table, *bounds)
    left = differing(ours, theirs)
    verdict: Verdict = "differs" if left else "repaired"
    return Comparison(table, rows.num_rows, _count(theirs.values()), sent, verdict, left or wrong)


def _count(found: Iterable[Fingerprint]) -> int:
    return sum(item.rows for item in found)
