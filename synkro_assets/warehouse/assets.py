"""The client's Supabase as assets: one per table, sending what these days changed."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from synkro_assets.tenant_asset import TenantAsset, tenant_asset
from synkro_assets.tenant_run import TenantRun
from synkro_resources.model.tables import WAREHOUSE_TABLES, Table
from synkro_resources.supabase import WarehouseWriter
from synkro_resources.supabase.comparisons import differs, store_comparison
from synkro_resources.supabase.verify import compare, loaded_span


def rows_to_send(run: TenantRun, table: Table, rows: pa.Table, writer: WarehouseWriter) -> pa.Table:
    """The days' own rows, or everything that is in force while the client's table holds fewer rows than that.

    A Supabase that is connected later, was emptied, or got half a load is thus completed from the lake by the next run.
    """
    if not table.has_current:
        return rows
    current = run.current(table)
    if writer.count(table) < current.num_rows:
        return current
    versions = current.column(table.version)
    return current.filter(pc.greater_equal(versions, pa.scalar(run.window.start, versions.type)))


def _compare(run: TenantRun, table: Table, writer: WarehouseWriter) -> None:
    """Whether the client holds what these days have sent; what it does not hold is sent again, once.

    Raises:
        TransientError: `supabase.differs`.
    """
    span = loaded_span(run.window, run.settings.lookback_days)
    found = compare(run.lake, run.tenant, table, writer, repair=True, span=span)
    run.notes.extra |= {
        "compared": found.verdict,
        "rows_compared": found.rows_lake,
        "rows_sent_again": found.rows_resent,
    }
    store_comparison(run.platform.control, run.tenant, found, run.clock.now())
    if found.verdict == "differs":
        raise differs(run.tenant, found)


def _warehouse_asset(table: Table) -> TenantAsset:
    @tenant_asset(
        f"supabase/{table.name.split('/')[-1]}",
        inputs={"rows": table},
        resources=("supabase",),
        kinds=("postgres", "supabase"),
        description=f"{table.en} in the client's Supabase, table {table.warehouse}.",
    )
    def load(run: TenantRun, rows: pa.Table) -> None:
        writer = run.context.resources.supabase.of(run.tenant)
        if writer is None:
            run.notes.extra["skipped"] = "Supabase is not connected yet"
            return
        sent = writer.upsert(table, rows_to_send(run, table, rows, writer))
        run.notes.rows_out = sent
        run.notes.extra |= {"rows_sent": sent, "path_used": writer.path}
        _compare(run, table, writer)

    return load


WAREHOUSE_ASSETS: tuple[TenantAsset, ...] = tuple(_warehouse_asset(table) for table in WAREHOUSE_TABLES)
