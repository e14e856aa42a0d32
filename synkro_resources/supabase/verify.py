"""Comparing the client's tables with the lake, and sending again what differs (docs/supabase.md, «Verification»)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from synkro_resources.lake import Lake
from synkro_resources.lake.folding import fold
from synkro_resources.model.tables import DAY_COLUMN, Table
from synkro_resources.model.window import TenantWindow
from synkro_resources.supabase.fingerprints import Key, Mark, differing, fingerprints, keys_of, marks
from synkro_resources.supabase.refusals import RefusedRow
from synkro_resources.supabase.writer import WarehouseWriter, finite

Verdict = Literal["equal", "repaired", "differs"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One table: rows of the lake and of the client, what was sent again, what is refused, versions that differed."""

    table: Table
    rows_lake: int
    rows_client: int
    rows_resent: int
    verdict: Verdict
    rows_beyond: int = 0
    """Rows that only the client has, or has newer: what our retention or a newer derivation removed stays there."""
    differing: list[datetime] = field(default_factory=list[datetime])
    refused: tuple[RefusedRow, ...] = ()
    """Rows of ours that the client's database is known not to take: told, and no difference."""


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
    lake: Lake,
    tenant: str,
    table: Table,
    writer: WarehouseWriter,
    *,
    repair: bool,
    span: Span | None = None,
    refused: Collection[RefusedRow] = (),
) -> Comparison:
    """Compare one table (or a span of its versions) and, with `repair`, send what differs again and compare once more.

    Checksums per version come first; where they differ, the keys decide. `refused`: rows that the client's database
    has not taken as they are now; they are neither sent again nor called a difference.

    Raises:
        TransientError, IntegrationError: as the writer.
    """
    rows = expected_rows(lake, tenant, table, span)
    since, until = (None, None) if span is None else (span.since, span.until)
    ours, theirs = fingerprints(table, finite(rows)), writer.fingerprints(table, since, until)
    rows_client = sum(found.rows for found in theirs.values())
    wrong = differing(ours, theirs)
    if not wrong:
        return Comparison(table, rows.num_rows, rows_client, 0, "equal", rows_client - rows.num_rows)
    versions = rows.column(table.version)
    suspects = rows.filter(pc.is_in(versions, pa.array(wrong, versions.type)))
    wanted = marks(table, finite(suspects))
    before = after = _judge(wanted, writer.marks(table, suspects), span)
    kept_out = [row for row in refused if row.key in before.lacking and wanted[row.key] == row.mark]
    missed = before.lacking - {row.key for row in kept_out}
    resent = 0
    if repair and missed:
        chosen = pa.array([key in missed for key in keys_of(table, suspects)], pa.bool_())
        written = writer.upsert(table, suspects.filter(chosen))
        resent = written.rows
        kept_out += written.refused
        after = _judge(wanted, writer.marks(table, suspects), span)
        missed = after.lacking - {row.key for row in kept_out}
    rows_client += after.inside - before.inside
    ours_there = rows.num_rows - len(wanted) + after.equal + after.outdated_inside
    return Comparison(
        table,
        rows.num_rows,
        rows_client,
        resent,
        "differs" if missed else "repaired" if resent else "equal",
        rows_client - ours_there + after.newer_outside,
        sorted({wanted[key].version for key in missed or (before.lacking if resent else ())}),
        tuple(kept_out),
    )


@dataclass(frozen=True, slots=True)
class _Judged:
    """What the client has of rows that may differ; «inside» is inside the span that is compared."""

    lacking: set[Key]
    """Missing there, older there, or of the same version with other content."""
    equal: int
    inside: int
    outdated_inside: int
    newer_outside: int


def _judge(wanted: Mapping[Key, Mark], held: Mapping[Key, Mark], span: Span | None) -> _Judged:
    """A newer version at the client is no difference: the database would not take ours, and need not."""
    lacking: set[Key] = set()
    equal = inside = outdated_inside = newer_outside = 0
    for key, mark in wanted.items():
        there = held.get(key)
        is_inside = there is not None and (span is None or span.since <= there.version <= span.until)
        inside += is_inside
        if there == mark:
            equal += 1
        elif there is None or there.version <= mark.version:
            lacking.add(key)
            outdated_inside += is_inside
        else:
            newer_outside += not is_inside
    return _Judged(lacking, equal, inside, outdated_inside, newer_outside)
