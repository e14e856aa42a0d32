"""What an asset body gets: its tenant, window, settings, the lake, and a notebook for what it read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Protocol

import dagster as dg
import pyarrow as pa

from synkro_resources.control.tenants import tenant_settings
from synkro_resources.lake import Lake
from synkro_resources.model.clock import Clock
from synkro_resources.model.tables import DAY_COLUMN, Table
from synkro_resources.model.tenant_settings import TenantSettings
from synkro_resources.model.window import TenantWindow
from synkro_resources.platform import Platform


class Quarantined(Protocol):
    """A row that could not be read; its raw form is kept out of logs and metadata."""

    @property
    def reason(self) -> str: ...


class Extraction(Protocol):
    """What a reader found: the table, how many rows the source showed, and the rows that could not be read."""

    @property
    def table(self) -> pa.Table: ...
    @property
    def seen(self) -> int: ...
    @property
    def quarantined(self) -> Iterable[Quarantined]: ...


@dataclass(slots=True)
class Notes:
    """What the run tells the journal and Dagster about this step, beside the rows themselves."""

    rows_in: int = 0
    rows_out: int | None = None
    """Rows written elsewhere than to the lake; None: as many as the lake took."""
    source_rows: int | None = None
    quarantined: int = 0
    requests: int | None = None
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
        return self.context.run.tags.get("synkro/request")

    @cached_property
    def settings(self) -> TenantSettings:
        return tenant_settings(self.platform.control, self.tenant)

    def is_first_load(self, table: Table) -> bool:
        """Whether this table has never been loaded, so that the baseline must be read now."""
        return not self.lake.has_baseline(table, self.tenant)

    def take(self, extraction: Extraction) -> pa.Table:
        """Note what the source showed and hand on the readable rows; nothing is dropped in silence."""
        quarantined = list(extraction.quarantined)
        self.notes.source_rows = extraction.seen
        self.notes.quarantined += len(quarantined)
        for row in quarantined[:10]:
            self.context.log.warning("a row was put aside: %s", row.reason)
        return extraction.table

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

    def current(self, table: Table) -> pa.Table:
        return self.lake.read_current(table, self.tenant)


def without_days(rows: pa.Table) -> pa.Table:
    """The rows alone, without the column that says which day they belong to."""
    return rows.drop_columns([DAY_COLUMN]) if DAY_COLUMN in rows.column_names else rows
