"""Which tenants the clock reads anew how often, by their plans."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from synkro_resources.control.database import Database
from synkro_resources.control.tables.runs import run_request
from synkro_resources.control.tables.tenancy import plan, subscription
from synkro_resources.control.tables.tenancy import tenant as tenant_table
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.ids import RequestKind

REQUESTED_BY_CLOCK = "clock"
"""`requested_by` of the refreshes that only the time has asked for."""


def refreshed_tenants(db: Database, cell: str) -> list[tuple[Tenant, timedelta]]:
    """The cell's active tenants whose plan refreshes by itself, each with its interval."""
    query = (
        select(tenant_table, plan.c.refresh_interval_min)
        .join(subscription, subscription.c.tenant == tenant_table.c.slug)
        .join(plan, plan.c.code == subscription.c.plan)
        .where(tenant_table.c.status == "active", plan.c.refresh_interval_min > 0)
        .order_by(tenant_table.c.slug)
    )
    with db.scheduler(cell) as connection:
        return [
            (
                Tenant(row.slug, row.account_id, row.name, row.zone, row.cell, row.status, row.created_at),
                timedelta(minutes=row.refresh_interval_min),
            )
            for row in connection.execute(query)
        ]


def last_refresh_asked(db: Database, tenant: str) -> datetime | None:
    """When anybody, or the clock, last asked for a refresh; None: never."""
    newest = select(func.max(run_request.c.created_at)).where(run_request.c.kind == RequestKind.REFRESH.value)
    with db.tenant(tenant) as connection:
        return connection.scalar(newest)
