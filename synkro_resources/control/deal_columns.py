"""Which amoCRM fields a tenant has chosen for columns of its deals, and what it had chosen before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from synkro_resources.control.database import Database
from synkro_resources.control.tables import tenancy
from synkro_resources.control.tenants import save_tenant_settings, tenant_settings
from synkro_resources.model.clock import Clock
from synkro_resources.model.tenant_settings import checked_deal_columns


def set_deal_columns(db: Database, tenant: str, changes: Mapping[str, int], *, actor: str, clock: Clock) -> int:
    """Add these columns to the tenant's choice (field 0: choose none again); returns the settings' version.

    Stored deals follow with the next load.

    Raises:
        UserInputError: `tenant.unknown`, `deal_columns.unknown` or `deal_columns.bad_field`.
    """
    settings = tenant_settings(db, tenant)
    checked_deal_columns({column: field_id or 1 for column, field_id in changes.items()})
    wanted = {column: field_id for column, field_id in {**settings.deal_columns, **changes}.items() if field_id}
    changed = settings.model_copy(update={"deal_columns": checked_deal_columns(wanted)})
    return save_tenant_settings(db, tenant, changed, changed_by=actor, clock=clock)


def deal_columns_since(db: Database, tenant: str, at: datetime) -> list[dict[str, int]]:
    """What was chosen just before `at` and by every version of the settings that was saved then or later."""
    table = tenancy.tenant_settings
    with db.tenant(tenant) as connection:
        versions = connection.execute(select(table.c.changed_at, table.c.settings).order_by(table.c.version)).all()
    before = [version for version in versions if version.changed_at < at][-1:]
    later = [version for version in versions if version.changed_at >= at]
    return [dict(version.settings.get("deal_columns", {})) for version in (*before, *later)]
