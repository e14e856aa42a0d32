"""The platform's people at work in a company's cabinet, and whether they may read what its clients wrote."""

from __future__ import annotations

from sqlalchemy import Column, Index, Text
from sqlalchemy import text as sql

from synkro_resources.control.tables.base import instant, tenant_table, text

# No reference to the person: a visit is told of and shown as long as it lasts, whatever becomes of the operator.
support_visit = tenant_table(
    "support_visit",
    Column("visit_id", Text, primary_key=True),
    text("user_id"),
    text("name"),
    text("reason"),
    instant("started_at"),
    instant("expires_at"),
    instant("ended_at", null=True),
    Index("ix_support_visit_open", "user_id", postgresql_where=sql("ended_at IS NULL")),
)

support_access = tenant_table(
    "support_access",
    instant("until"),
    text("granted_by"),
    instant("granted_at"),
)
