"""Erasures: begun before anything is removed, finished with a certificate, and the people who must not come back."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.dialects import postgresql

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.tables.tenancy import erasure, suppressed_person
from synkro_resources.model.clock import Clock

Kind = Literal["tenant", "person"]
Certificate = dict[str, Any]
"""JSON; it outlives the tenant and therefore names no person."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure; `finished_at` is None while it is under way or was interrupted."""

    erasure_id: str
    tenant: str
    kind: str
    requested_by: str
    requested_at: datetime
    finished_at: datetime | None
    certificate: Certificate


def begin_erasure(db: Database, tenant: str, kind: Kind, *, subject: str, actor: str, clock: Clock) -> Erasure:
    """The unfinished erasure of the same `subject` (a hash of a person; empty for a tenant), or a new one."""
    now = clock.now()
    with db.operator(actor, f"erase {kind}", tenant=tenant) as connection:
        unfinished = connection.execute(
            select(erasure)
            .where(erasure.c.tenant == tenant, erasure.c.kind == kind, erasure.c.finished_at.is_(None))
            .where(erasure.c.certificate["subject"].astext == subject)
            .order_by(erasure.c.requested_at)
            .limit(1)
        ).one_or_none()
        if unfinished is not None:
            return _erasure(unfinished)
        begun = connection.execute(
            insert(erasure)
            .values(
                erasure_id=uuid.uuid4().hex,
                tenant=tenant,
                kind=kind,
                requested_by=actor,
                requested_at=now,
                certificate={"subject": subject},
            )
            .returning(erasure)
        ).one()
        record(connection, at=now, actor=actor, action=f"erasure.{kind}_begun", tenant=tenant, target=begun.erasure_id)
        return _erasure(begun)


def save_certificate(db: Database, found: Erasure, certificate: Certificate) -> None:
    """Keep what is known so far: counts are taken before the rows go, and a crash must not lose them."""
    with db.operator(found.requested_by, "certificate of an erasure", tenant=found.tenant) as connection:
        connection.execute(
            update(erasure).where(erasure.c.erasure_id == found.erasure_id).values(certificate=certificate)
        )


def finish_erasure(connection: Connection, found: Erasure, certificate: Certificate, *, now: datetime) -> None:
    """Close the erasure in the transaction that removes the last row."""
    connection.execute(
        update(erasure).where(erasure.c.erasure_id == found.erasure_id).values(certificate=certificate, finished_at=now)
    )
    record(
        connection,
        at=now,
        actor=found.requested_by,
        action=f"erasure.{found.kind}_finished",
        tenant=found.tenant,
        target=found.erasure_id,
    )


def erasures_of(db: Database, tenant: str, *, actor: str) -> list[Erasure]:
    """All erasures of a tenant, also one that is no more; newest first."""
    with db.operator(actor, "list erasures", tenant=tenant) as connection:
        rows = connection.execute(
            select(erasure).where(erasure.c.tenant == tenant).order_by(erasure.c.requested_at.desc())
        )
        return [_erasure(row) for row in rows]


def suppress(db: Database, tenant: str, erasure_id: str, hashes: Iterable[str], *, now: datetime) -> int:
    """Keep these hashes out of every later load; returns how many were new."""
    rows = [
        {"tenant": tenant, "person_hash": item, "erasure_id": erasure_id, "erased_at": now}
        for item in sorted(set(hashes))
    ]
    if not rows:
        return 0
    with db.tenant(tenant) as connection:
        added = connection.execute(
            postgresql.insert(suppressed_person)
            .values(rows)
            .on_conflict_do_nothing()
            .returning(suppressed_person.c.person_hash)
        )
        return len(added.all())


def suppressed_hashes(db: Database, tenant: str) -> frozenset[str]:
    """What must not come back; empty for nearly every tenant."""
    with db.tenant(tenant) as connection:
        return frozenset(connection.scalars(select(suppressed_person.c.person_hash)))


def _erasure(row: Row[Any]) -> Erasure:
    return Erasure(
        row.erasure_id,
        row.tenant,
        row.kind,
        row.requested_by,
        row.requested_at,
        row.finished_at,
        dict(row.certificate),
    )
