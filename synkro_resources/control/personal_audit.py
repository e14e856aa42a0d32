"""The record of what people do with their own sign-in: it stands in the journal of every company they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from synkro_resources.control.audit import record
from synkro_resources.control.tables import people


def record_of_person(
    connection: Connection,
    user_id: str,
    action: str,
    *,
    at: datetime,
    actor: str | None = None,
    details: Mapping[str, object] | None = None,
) -> None:
    """Add the event in the caller's `db.auth` transaction, once per tenant of the person; by the person by default."""
    member = people.membership
    tenants: list[str | None] = [*connection.scalars(select(member.c.tenant).where(member.c.user_id == user_id))]
    for tenant in tenants or [None]:
        record(
            connection,
            at=at,
            actor=actor or f"user:{user_id}",
            action=action,
            tenant=tenant,
            target=user_id,
            details=details,
        )
