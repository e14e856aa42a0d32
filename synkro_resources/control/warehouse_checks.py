"""How the client's tables compared with the lake the last time: what the cabinet shows of its database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql

from synkro_resources.control.database import Database
from synkro_resources.control.tables.runs import warehouse_check


@dataclass(frozen=True, slots=True)
class WarehouseCheck:
    """`status`: equal, repaired or differs; rows as compared, which after a load are those of its days."""

    table_name: str
    checked_at: datetime
    rows_lake: int
    rows_client: int
    rows_resent: int
    status: str


def save_warehouse_check(db: Database, tenant: str, found: WarehouseCheck, details: dict[str, object]) -> None:
    """Store the newest comparison of a table; it replaces the older one."""
    values = {
        "checked_at": found.checked_at,
        "rows_lake": found.rows_lake,
        "rows_client": found.rows_client,
        "rows_resent": found.rows_resent,
        "status": found.status,
        "details": details,
    }
    with db.tenant(tenant) as connection:
        connection.execute(
            postgresql.insert(warehouse_check)
            .values(tenant=tenant, table_name=found.table_name, **values)
            .on_conflict_do_update(index_elements=["tenant", "table_name"], set_=values)
        )


def warehouse_checks(db: Database, tenant: str) -> list[WarehouseCheck]:
    """The newest comparison of each table, by name."""
    query = select(warehouse_check).order_by(warehouse_check.c.table_name)
    with db.tenant(tenant) as connection:
        return [
            WarehouseCheck(row.table_name, row.checked_at, row.rows_lake, row.rows_client, row.rows_resent, row.status)
            for row in connection.execute(query)
        ]
