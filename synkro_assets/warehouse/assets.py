"""The client's Supabase as assets: one per table, sending what these days changed."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa

from synkro_assets.tenant_asset import TenantAsset, tenant_asset
from synkro_assets.tenant_run import TenantRun
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.tables import WAREHOUSE_TABLES, Table
from synkro_resources.supabase import WarehouseWriter
from synkro_resources.supabase.comparisons import differs, known_refused, rows_refused, still_refused, store_comparison
from synkro_resources.supabase.refusals import RefusedRow, codes_of, shown_key
from synkro_resources.supabase.verify import compare, loaded_span

NAMED_ROWS = 10


def rows_to_send(
    run: TenantRun, table: Table, rows: pa.Table, writer: WarehouseWriter, refused: Collection[RefusedRow] = ()
) -> pa.Table:
    """What is in force of the days' own rows, or everything while the client's table holds fewer rows than that.

    A Supabase that is connected later, was emptied, or got half a load is thus completed from the lake by the next run.
    `refused`: rows known to be missing there, which must not look like a loss.
    """
    if not table.has_current:
        return rows
    current = run.current(table)
    if writer.count(table) + len(refused) < current.num_rows:
        return current
    # A group is replaced as a whole, so a deal's contacts go with the deal that these days have changed.
    groups = rows.select(list(table.folded_by)).group_by(list(table.folded_by)).aggregate([])
    return current.join(groups, keys=list(table.folded_by), join_type="left semi").select(current.column_names)


def _compare(run: TenantRun, table: Table, writer: WarehouseWriter, refused: Collection[RefusedRow]) -> None:
    """Whether the client holds what these days have sent; what it does not hold is sent again, once.

    Raises:
        TransientError: `supabase.differs`.
    """
    span = loaded_span(run.window, run.settings.lookback_days)
    found = compare(run.lake, run.tenant, table, writer, repair=True, span=span, refused=refused)
    run.notes.extra |= {
        "compared": found.verdict,
        "rows_compared": found.rows_lake,
        "rows_sent_again": found.rows_resent,
        "rows_beyond": found.rows_beyond,
    }
    control = run.platform.control
    # A first load also sends what is older than its days, which the comparison is not about.
    elsewhere = (*still_refused(control, run.tenant, table, writer), *refused)
    store_comparison(control, run.tenant, found, run.clock.now(), elsewhere=elsewhere)
    if aside := {row.key: row for row in (*refused, *found.refused)}:
        _tell_refused(run, table, list(aside.values()))
    if found.verdict == "differs":
        raise differs(run.tenant, found)


def _tell_refused(run: TenantRun, table: Table, refused: list[RefusedRow]) -> None:
    """Count and name the rows that stay with us: their keys and codes, and never what else they hold."""
    run.notes.quarantined += len(refused)
    run.notes.extra |= {"rows_refused": len(refused), "refused_codes": codes_of(refused)}
    for row in refused[:NAMED_ROWS]:
        run.context.log.warning("%s does not take %s: %s", table.warehouse, shown_key(table, row.key), row.code)
    run.warn(IntegrationKind.SUPABASE, rows_refused(run.tenant, table, refused))


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
        refused = known_refused(run.platform.control, run.tenant, table)
        written = writer.upsert(table, rows_to_send(run, table, rows, writer, refused))
        run.notes.rows_out = written.rows
        run.notes.extra |= {"rows_sent": written.rows, "path_used": writer.path}
        _compare(run, table, writer, written.refused)

    return load


WAREHOUSE_ASSETS: tuple[TenantAsset, ...] = tuple(_warehouse_asset(table) for table in WAREHOUSE_TABLES)
