"""How the client's tables compared with the lake the last time: what the cabinet shows of its database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, select
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
    rows_beyond: int = 0
    """Rows that only the client has, or has newer."""
    rows_refused: int = 0
    """Rows of ours that the client's database does not take."""


def save_warehouse_check(db: Database, tenant: str, found: WarehouseCheck, details: dict[str, object]) -> None:
    """Store the newest comparison of a table; it replaces the older one."""
    values = {
        "checked_at": found.checked_at,
        "rows_lake": found.rows_lake,
        "rows_client": found.rows_client,
        "rows_resent": found.rows_resent,
        "status": found.status,
        "details": {"rows_beyond": found.rows_beyond, "rows_refused": found.rows_refused, **details},
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
        return [_check(row) for row in connection.execute(query).mappings()]


def check_details(db: Database, tenant: str, table_name: str) -> dict[str, object]:
    """What else is kept with a table's newest comparison; empty before the first."""
    query = select(warehouse_check.c.details).where(warehouse_check.c.table_name == table_name)
    with db.tenant(tenant) as connection:
        return dict(connection.execute(query).scalar_one_or_none() or {})


def _check(row: RowMapping) -> WarehouseCheck:
    names = ("table_name", "checked_at", "rows_lake", "rows_client", "rows_resent", "status")
    details: dict[str, int] = row["details"]
    beyond, refused = details.get("rows_beyond", 0), details.get("rows_refused", 0)
    return WarehouseCheck(**{name: row[name] for name in names}, rows_beyond=beyond, rows_refused=refused)
