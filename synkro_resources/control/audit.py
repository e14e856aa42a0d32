"""The record of who did what: rows are added in the transaction of the deed and never change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, insert, select, tuple_

from synkro_resources.control.database import Database
from synkro_resources.control.tables.audit import audit_event


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One deed; `at` is a UTC instant, `details` hold neither secrets nor texts of clients."""

    event_id: int
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: from `since` on and before `until` (UTC), of one actor, of one action; None stands for all."""

    since: datetime
    until: datetime
    actor: str | None = None
    action: str | None = None


Mark = tuple[datetime, int]
"""The place of an event in the order of events: its instant and its id."""


def tenant_events(db: Database, tenant: str, limit: int = 100) -> list[AuditEvent]:
    """The newest events of one tenant, newest first."""
    with db.tenant(tenant) as connection:
        return _newest(connection, (), limit)


def find_events(
    db: Database, tenant: str, wanted: Wanted, limit: int, *, before: Mark | None = None
) -> list[AuditEvent]:
    """The newest wanted events of one tenant, newest first; `before`: only those that are older than this place."""
    event = audit_event.c
    which = list(_within(wanted))
    if wanted.actor is not None:
        which.append(event.actor == wanted.actor)
    if wanted.action is not None:
        which.append(event.action == wanted.action)
    if before is not None:
        which.append(tuple_(event.at, event.event_id) < before)
    with db.tenant(tenant) as connection:
        return _newest(connection, which, limit)


def actors_and_actions(db: Database, tenant: str, wanted: Wanted) -> tuple[list[str], list[str]]:
    """Who did something in the period, and what was done, each in the order of the alphabet."""
    with db.tenant(tenant) as connection:
        actors, actions = (
            connection.scalars(select(column).where(*_within(wanted)).distinct().order_by(column)).all()
            for column in (audit_event.c.actor, audit_event.c.action)
        )
    return [*actors], [*actions]


def _within(wanted: Wanted) -> tuple[ColumnElement[bool], ...]:
    return audit_event.c.at >= wanted.since, audit_event.c.at < wanted.until


def _newest(connection: Connection, which: Sequence[ColumnElement[bool]], limit: int) -> list[AuditEvent]:
    newest = (
        select(audit_event).where(*which).order_by(audit_event.c.at.desc(), audit_event.c.event_id.desc()).limit(limit)
    )
    return [
        AuditEvent(row.event_id, row.tenant, row.at, row.actor, row.action, row.target, row.reason, row.details)
        for row in connection.execute(newest)
    ]
