"""The append-only record of who did what."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Identity, Index, Table

from synkro_resources.control.tables.base import instant, json, metadata, text

# No foreign key to the tenant: the record outlives a tenant that was erased.
audit_event = Table(
    "audit_event",
    metadata,
    Column("event_id", BigInteger, Identity(always=True), primary_key=True),
    text("tenant", null=True),
    instant("at"),
    text("actor"),
    text("action"),
    text("target"),
    text("reason"),
    json("details"),
    Index("ix_audit_event_newest", "tenant", "at"),
)
