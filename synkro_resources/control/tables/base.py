"""What all tables of the control database share: the metadata, column helpers, and the shape of a tenant's table."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.schema import SchemaItem

TENANT_SCOPED = "tenant_scoped"  # key of Table.info: access rules and isolation tests are generated from it
PII_SCHEMA = "pii"  # masked texts and the values behind their tokens never share a schema or a role

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def instant(name: str, *, null: bool = False) -> Column[datetime]:
    """A UTC instant; written from the clock, never by a default of the server."""
    return Column(name, TIMESTAMP(timezone=True), nullable=null)


def json(name: str, *, null: bool = False) -> Column[object]:
    return Column(name, JSONB, nullable=null)


def one_of(column: str, *values: str) -> CheckConstraint:
    """A closed set of words, checked where every writer passes."""
    words = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({words})", name=column)


def tenant_table(name: str, *items: SchemaItem, schema: str | None = None) -> Table:
    """A table whose rows belong to one tenant; `tenant` leads every primary key.

    Keys and references stay inside the tenant: the server checks them without row level security, so a key shared by
    all tenants would tell one tenant what another one has.
    """
    tenant = Column("tenant", Text, ForeignKey("tenant.slug", ondelete="CASCADE"), primary_key=True)
    return Table(name, metadata, tenant, *items, schema=schema, info={TENANT_SCOPED: True})


def is_tenant_scoped(table: Table) -> bool:
    return bool(table.info.get(TENANT_SCOPED))
