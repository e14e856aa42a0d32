"""The record of who did what: rows are added in the transaction of the deed and never change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from synkro_resources.control.database import Database
from synkro_resources.control.tables.audit import audit_event


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One deed; `at` is a UTC instant, `details` hold neither secrets nor texts of clients."""

    tenant: str | None
    at: datetime
    actor: str
    action: str
    target: str
    reason: str
    details: dict[str, object]


def record(
    connection: Connection,
    *,
    at: datetime,
    actor: str,
    action: str,
    tenant: str | None = None,
    target: str = "",
    reason: str = "",
    details: Mapping[str, object] | None = None,
) -> None:
    """Add one event inside the caller's transaction: the deed and its record stand or fall together."""
    connection.execute(
        insert(audit_event)
        .inline()  # asks for nothing back: the sign-in's role may add to the record and not read it
        .values(
            tenant=tenant,
            at=at,
            actor=actor,
            action=action,
            target=target,
            reason=reason,
            details=dict(details or {}),
        )
    )


def tenant_events(db: Database, tenant: str, limit: int = 100) -> list[AuditEvent]:
    """The newest events of one tenant, newest first."""
    newest = select(audit_event).order_by(audit_event.c.at.desc(), audit_event.c.event_id.desc()).limit(limit)
    with db.tenant(tenant) as connection:
        return [
            AuditEvent(row.tenant, row.at, row.actor, row.action, row.target, row.reason, row.details)
            for row in connection.execute(newest)
        ]
