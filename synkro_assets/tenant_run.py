"""What an asset body gets: its tenant, window, settings, the lake, and a notebook for what it read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import dagster as dg
import pyarrow as pa

from synkro_assets.extraction import Extraction, without_suppressed
from synkro_assets.partitions import REQUEST_TAG, STAGE_TAG
from synkro_resources.control.erasures import suppressed_hashes
from synkro_resources.control.integrations import mark_integration
from synkro_resources.control.tenants import tenant_settings
from synkro_resources.erasure.suppression import Suppression
from synkro_resources.http import RequestCounters
from synkro_resources.lake import Lake, RowSpool
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import IntegrationError
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.tables import DAY_COLUMN, Table
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
    repeated: int = 0
    """Older or equal copies of rows that overlapping pages gave again."""
    watched: list[WatchedRequests] = field(default_factory=list["WatchedRequests"])
    extra: dict[str, int | float | str] = field(default_factory=dict[str, int | float | str])


@dataclass
class TenantRun:
    """One step's view of its tenant. All reads and writes through it carry this tenant and no other."""

    context: dg.AssetExecutionContext
    platform: Platform
    lake: Lake
    window: TenantWindow
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

    @cached_property
    def settings(self) -> TenantSettings:
        return tenant_settings(self.platform.control, self.tenant)

    @cached_property
    def _suppression(self) -> Suppression:
        hashes = suppressed_hashes(self.platform.control, self.tenant)
        return Suppression(self.platform.keyring, self.tenant, hashes)

    def is_first_load(self, table: Table) -> bool:
        """Whether this table has never been loaded, so that the baseline must be read now."""
        return not self.lake.has_baseline(table, self.tenant)

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
        self.notes.source_rows = (self.notes.source_rows or 0) + extraction.seen
        self.notes.quarantined += extraction.put_aside
        for row in extraction.quarantined[:10]:
            self.context.log.warning("a row was put aside: %s", row.reason)
        found = without_suppressed(extraction, self._suppression)
        self._keep_aside(found)
        return found.spool

    def _keep_aside(self, extraction: Extraction) -> None:
        table, last_day = quarantine_of(extraction.spool.table), self.window.last_day
        if not extraction.quarantined and not self.lake.has_day(table, self.tenant, last_day):
            return
        now = self.clock.now()
        rows = RowSpool(table)
        for row in extraction.quarantined:
            rows.add(last_day, now, {"reason": row.reason, "put_aside_at": now, "raw": row.raw})
        self.lake.write_days(table, self.tenant, [last_day], rows)

    def with_baseline(self, rows: pa.Table, upstream: Table, downstream: Table) -> pa.Table:
        """`rows` plus the upstream baseline while that has not been derived into `downstream` yet."""
        if not self.lake.baseline_is_newer(upstream, downstream, self.tenant):
            return rows
        return pa.concat_tables([rows, self.lake.read_baseline(upstream, self.tenant)])

    def look_back(self, table: Table, days: int) -> pa.Table:
        """The stored rows of the `days` local days before the window, as far as they were loaded."""
        earlier = self.window.widened(days_back=days).days[:days]
        return self.lake.read_days(table, self.tenant, earlier, missing_ok=True)

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
