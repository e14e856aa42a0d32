"""The Dagster IO manager of the lake: ranges are written as one file per day and read as one dataset."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import dagster as dg
import pyarrow as pa

from synkro_resources.lake.files import Lake
from synkro_resources.model.tables import TABLES, Layout, Table


class LakeResource(dg.ConfigurableResource[Lake]):
    """Gives assets the lake itself, for look-backs and current tables."""

    root: str

    def create_resource(self, context: dg.InitResourceContext) -> Lake:
        del context
        return Lake(self.root)


class LakeIOManager(dg.ConfigurableIOManager):
    """Stores what a tenant asset returns: one Arrow table with the day column (docs/architecture.md, «Lake»)."""

    root: str

    def handle_output(self, context: dg.OutputContext, obj: pa.Table) -> None:
        table = _table(context.asset_key)
        tenant, days = tenant_and_days(context.asset_partition_keys)
        lake = Lake(self.root)
        written = lake.write_days(table, tenant, days, obj)
        if table.layout is Layout.ENTITY:
            lake.write_empty_baseline(table, tenant)
        context.add_output_metadata(
            {
                "path": dg.MetadataValue.path(str(lake.folder(table, tenant))),
                "stored_rows": sum(day.rows for day in written),
                "days": len(days),
            }
        )

    def load_input(self, context: dg.InputContext) -> pa.Table:
        table = _table(context.asset_key)
        tenant, days = tenant_and_days(context.asset_partition_keys)
        return Lake(self.root).read_days(table, tenant, days)


def tenant_and_days(keys: Sequence[str]) -> tuple[str, list[date]]:
    """The one tenant and the ascending days of multi-partition keys (`tenant|day`, alphabetical by dimension)."""
    parts = [key.split("|") for key in keys]
    tenants = {tenant for tenant, _ in parts}
    if len(tenants) != 1:
        raise ValueError(f"an output or input of one run belongs to {len(tenants)} tenants")
    return tenants.pop(), sorted(date.fromisoformat(day) for _, day in parts)


def _table(key: dg.AssetKey) -> Table:
    return TABLES["/".join(key.path)]
