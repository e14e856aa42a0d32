"""What an asset body gets: its tenant, window, settings, the lake, and a notebook for what it read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from synkro_assets.extraction import KEPT_ASIDE, Extraction, without_suppressed
from synkro_assets.normalization import Normalized, Reading, normalize
from synkro_assets.partitions import REQUEST_TAG, STAGE_TAG
from synkro_assets.run_scope import RunScope
from synkro_resources.control.erasures import suppressed_hashes
from synkro_resources.control.integrations import mark_integration
from synkro_resources.control.tenants import tenant_settings
from synkro_resources.erasure.suppression import Suppression
from synkro_resources.http import RequestCounters
from synkro_resources.lake import Lake, RowSpool
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import IntegrationError
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.period import Period
from synkro_resources.model.tables import DAY_COLUMN, Layout, Table
from synkro_resources.model.tables.raw import quarantine_of
from synkro_resources.model.tenant_settings import TenantSettings
from synkro_resources.model.window import TenantWindow
from synkro_resources.platform import Platform


@dataclass(frozen=True, slots=True)
class WatchedRequests:
    """A client's counters as they were when the step began to use it, and the counters themselves."""

    before: RequestCounters
    counters: RequestCounters

    @property
    def spent(self) -> RequestCounters:
        return self.counters.since(self.before)


@dataclass(slots=True)
class Notes:
    """What the run tells the journal and Dagster about this step, beside the rows themselves."""

    rows_in: int = 0
    rows_out: int | None = None
    """Rows written elsewhere than to the lake; None: as many as the lake took."""
    source_rows: int | None = None
    quarantined: int = 0
    outside: int = 0
    """Of the source's rows those of other days: a listing without a filter shows them, and this step drops them."""
    repeated: int = 0
    """Older or equal copies of rows that overlapping pages gave again."""
    watched: list[WatchedRequests] = field(default_factory=list["WatchedRequests"])
    extra: dict[str, int | float | str] = field(default_factory=dict[str, int | float | str])


@dataclass(frozen=True, slots=True)
class FamilyRows:
    """Tables that one pass over raw rows gave and whose steps have not come yet, and how many raw rows it read."""

    raw_rows: int
    tables: dict[str, Normalized]


@dataclass
class TenantRun:
    """One step's view of its tenant. All reads and writes through it carry this tenant and no other."""

    context: dg.AssetExecutionContext
    platform: Platform
    lake: Lake
    window: TenantWindow
    periods: tuple[Period, ...]
    """What the run is asked for: the window's days, or the weeks, months or custom period that it spans."""
    notes: Notes = field(default_factory=Notes)

    @property
    def tenant(self) -> str:
        return self.window.tenant

    @property
    def clock(self) -> Clock:
        return self.platform.clock

    @property
    def request_id(self) -> str | None:
        """The run request that asked for this run; None for an operator's own materialise."""
        return self.context.run.tags.get(REQUEST_TAG)

    @property
    def is_refresh(self) -> bool:
        """Whether this run only brings today up to date, so that slow comparisons can wait for the next load."""
        return self.context.run.tags.get(STAGE_TAG, "").startswith("refresh")

    @property
    def asks_again(self) -> bool:
        """Whether this run only asks about dialogs that have labels, with the checklist's present version."""
        return self.context.run.tags.get(STAGE_TAG, "").startswith("labels")

    @property
    def settings(self) -> TenantSettings:
        return self._settings

    @cached_property
    def _settings(self) -> TenantSettings:
        return tenant_settings(self.platform.control, self.tenant)

    @cached_property
    def _suppression(self) -> Suppression:
        hashes = suppressed_hashes(self.platform.control, self.tenant)
        return Suppression(self.platform.keyring, self.tenant, hashes)

    def is_first_load(self, table: Table) -> bool:
        """Whether this table has never been loaded, so that the baseline must be read now."""
        return not self.lake.has_baseline(table, self.tenant)

    @property
    def scope(self) -> RunScope:
        """What the steps of the run share."""
        return self.context.resources.run_scope

    def watch(self, counters: RequestCounters) -> None:
        """Count what this step asks of a vendor from now on; its metadata and journal row show it."""
        if all(watched.counters is not counters for watched in self.notes.watched):
            self.notes.watched.append(WatchedRequests(counters.snapshot(), counters))

    def warn(self, kind: IntegrationKind, error: IntegrationError) -> None:
        """Go on, and show people what is amiss and what to do: on the integration and in the step's metadata."""
        mark_integration(self.platform.control, self.tenant, kind, "warning", error.code, error.what, error.remedy)
        self.notes.extra["warning"] = error.code
        self.context.log.warning("%s %s", error.what.en, error.remedy.en)

    def take(self, extraction: Extraction) -> RowSpool:
        """Note what the source showed, keep what could not be read, and hand on the readable rows."""
        found = without_suppressed(extraction, self._suppression)
        self.notes.source_rows = (self.notes.source_rows or 0) + found.seen
        self.notes.quarantined += found.put_aside
        self.notes.outside += found.outside
        for row in found.quarantined[:10]:
            self.context.log.warning("a row was put aside: %s", row.reason)
        self._keep_aside(found.spool.table, [(row.reason, row.raw) for row in found.quarantined])
        return found.spool

    def read(self, source: Table, *family: Reading, target: Table | None = None) -> pa.Table:
        """The rows of `target` (default: the only reading's) out of the window's raw rows of `source`, with their day.

        The baseline of `source` is read with them while it has not been derived into `target` yet. `family` are all
        tables that the same JSON gives: whichever step of the run comes first reads for those of the others that the
        run makes too. Rows that cannot be read go into the target's quarantine.
        """
        wanted = target or family[0].target
        key = f"read of {source.name}"
        found = self.scope.once(key, lambda: self._read_family(source, family, wanted))
        if wanted.name not in found.tables:  # taken before, or not among the assets of the run
            self.scope.forget(key)
            found = self.scope.once(key, lambda: self._read_family(source, family, wanted))
        mine = found.tables.pop(wanted.name)
        if not found.tables:
            self.scope.forget(key)
        self.notes.rows_in += found.raw_rows
        self.notes.quarantined += len(mine.unread)
        self._keep_aside(wanted, [(row.reason, row.raw) for row in mine.unread[:KEPT_ASIDE]])
        return mine.table

    def _read_family(self, source: Table, family: Sequence[Reading], wanted: Table) -> FamilyRows:
        made = self.context.run.asset_selection
        names = {"/".join(key.path) for key in made} if made else None
        readings = [item for item in family if item.target is wanted or names is None or item.target.name in names]
        new = {
            item.target.name: self.lake.baseline_is_newer(source, item.target, self.tenant)
            for item in readings
            if item.target.layout is Layout.ENTITY
        }
        seen = 0

        def pieces() -> Iterator[pa.Table]:
            nonlocal seen
            for piece in self.lake.scan(source, self.tenant, self.window.days, baseline=any(new.values())):
                seen += piece.num_rows
                yield piece

        tables = normalize(pieces(), readings)
        for name, is_new in new.items():
            if not is_new and any(new.values()):
                rows = tables[name].table
                tables[name] = Normalized(rows.filter(pc.is_valid(rows.column(DAY_COLUMN))), tables[name].unread)
        return FamilyRows(seen, tables)

    def _keep_aside(self, table: Table, put_aside: Sequence[tuple[str, str]]) -> None:
        """Store (reason, raw JSON) of rows that could not be read; the same run again gives the same file."""
        store, last_day = quarantine_of(table), self.window.last_day
        if not put_aside and not self.lake.has_day(store, self.tenant, last_day):
            return
        now = self.clock.now()
        rows = RowSpool(store)
        for reason, raw in put_aside:
            rows.add(last_day, now, {"reason": reason, "put_aside_at": now, "raw": raw})
        self.lake.write_days(store, self.tenant, [last_day], rows)

    def with_baseline(self, rows: pa.Table, upstream: Table, downstream: Table) -> pa.Table:
        """`rows` plus the upstream baseline while that has not been derived into `downstream` yet."""
        if not self.lake.baseline_is_newer(upstream, downstream, self.tenant):
            return rows
        return pa.concat_tables([rows, self.lake.read_baseline(upstream, self.tenant)])

    def look_back(self, table: Table, days: int, columns: Sequence[str] | None = None) -> pa.Table:
        """The stored rows of the `days` local days before the window, as far as they were loaded."""
        earlier = self.window.widened(days_back=days).days[:days]
        return self.lake.read_days(table, self.tenant, earlier, columns=columns, missing_ok=True)

    def stored_days(self, table: Table, days: Iterable[date]) -> pa.Table:
        return self.lake.read_days(table, self.tenant, days, missing_ok=True)

    def each_day(self, table: Table, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The window's stored rows of a table a day at a time, for tables that are too large to hold."""
        for day in self.window.days:
            yield self.lake.read_days(table, self.tenant, [day], columns=columns)

    def current(self, table: Table) -> pa.Table:
        return self.lake.read_current(table, self.tenant)


def without_days(rows: pa.Table) -> pa.Table:
    """The rows alone, without the column that says which day they belong to."""
    return rows.drop_columns([DAY_COLUMN]) if DAY_COLUMN in rows.column_names else rows
