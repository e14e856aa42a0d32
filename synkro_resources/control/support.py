"""An operator at work in a company's cabinet: announced before it begins, for an hour, for a reason, on record.

A visit gives an administrator's rights over states and settings. What clients wrote stays closed until the company's
owner opens it for a time (`grant_access`); the database lets no operator's role write that row.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from sqlalchemy.dialects import postgresql

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.notices import Failure, raise_notice
from synkro_resources.control.tables.people import membership
from synkro_resources.control.tables.support import support_access, support_visit
from synkro_resources.control.tables.tenancy import tenant as tenant_table
from synkro_resources.control.tenants import unknown_tenant
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import RefusedError, Sentence, UserInputError

VISIT = timedelta(minutes=60)
LONGEST_ACCESS_DAYS = 30
"""A door that nobody remembers stays open for no longer."""


@dataclass(frozen=True, slots=True)
class Visit:
    """An operator's stay in one company until `expires_at`, a UTC instant."""

    visit_id: str
    user_id: str
    name: str
    reason: str
    started_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Access:
    """The owner's leave to read what clients wrote, until a UTC instant."""

    until: datetime
    granted_by: str
    granted_at: datetime


def begin_visit(db: Database, tenant: str, *, user_id: str, name: str, reason: str, clock: Clock) -> Visit:
    """Let an operator work in a company for an hour; its administrators are told before anything else happens.

    An open visit of the same operator ends with it.

    Raises:
        UserInputError: `tenant.unknown`. RefusedError: `support.is_member`.
    """
    now = clock.now()
    visit = Visit(uuid.uuid4().hex, user_id, name, reason, now, now + VISIT)
    with db.tenant(tenant) as connection:
        if connection.execute(select(tenant_table.c.slug)).first() is None:
            raise unknown_tenant(tenant)
        if connection.execute(select(membership.c.role).where(membership.c.user_id == user_id)).first() is not None:
            raise RefusedError(
                "support.is_member",
                Sentence("Вы состоите в этой компании.", "You are a member of this company."),
                Sentence("Выберите её в меню.", "Choose it in the menu."),
                tenant=tenant,
            )
        raise_notice(connection, tenant, announcement(visit), now)
    with db.operator(f"operator:{user_id}", reason, tenant=tenant) as connection:
        _end(connection, now, support_visit.c.tenant == tenant, support_visit.c.user_id == user_id)
        connection.execute(
            insert(support_visit).values(
                tenant=tenant,
                visit_id=visit.visit_id,
                user_id=user_id,
                name=name,
                reason=reason,
                started_at=now,
                expires_at=visit.expires_at,
            )
        )
        record(
            connection,
            at=now,
            actor=f"operator:{user_id}",
            action="support.begun",
            tenant=tenant,
            target=visit.visit_id,
            reason=reason,
            details={"until": visit.expires_at.isoformat(timespec="minutes"), "name": name},
        )
    return visit


def end_visits(db: Database, tenant: str, *, actor: str, clock: Clock, user_id: str | None = None) -> int:
    """End the open visits of one operator, or of all; returns how many there were."""
    now = clock.now()
    whose = () if user_id is None else (support_visit.c.user_id == user_id,)
    with db.tenant(tenant) as connection:
        ended = _end(connection, now, *whose)
        if ended:
            record(connection, at=now, actor=actor, action="support.ended", tenant=tenant, target=", ".join(ended))
    return len(ended)


def open_visits(connection: Connection, now: datetime) -> list[Visit]:
    """The visits that last, oldest first, in a transaction of the tenant."""
    row = support_visit.c
    found = connection.execute(select(support_visit).where(*visit_lasts(now)).order_by(row.started_at))
    return [
        Visit(item.visit_id, item.user_id, item.name, item.reason, item.started_at, item.expires_at) for item in found
    ]


def visitor_names(db: Database, tenant: str) -> dict[str, str]:
    """The names of operators who have ever worked in the company, by the person's id."""
    visit = support_visit.c
    with db.tenant(tenant) as connection:
        rows = connection.execute(select(visit.user_id, visit.name).distinct(visit.user_id).order_by(visit.user_id))
        return {row.user_id: row.name for row in rows}


def visited_by(connection: Connection, user_id: str, now: datetime) -> dict[str, bool]:
    """By company in which this operator works now, whether its owner lets texts be read; in a `db.auth` transaction."""
    visit, access = support_visit.c, support_access.c
    rows = connection.execute(
        select(visit.tenant, (access.until > now).label("reads"))
        .select_from(support_visit.outerjoin(support_access, access.tenant == visit.tenant))
        .where(visit.user_id == user_id, *visit_lasts(now))
        .order_by(visit.tenant)
    )
    return {row.tenant: bool(row.reads) for row in rows}


def grant_access(db: Database, tenant: str, days: int, *, actor: str, clock: Clock) -> Access:
    """Let operators who work in this company read what its clients wrote, for so many days from now.

    Raises:
        UserInputError: `support.bad_days`.
    """
    if not 1 <= days <= LONGEST_ACCESS_DAYS:
        raise UserInputError(
            "support.bad_days",
            Sentence(
                f"Доступ открывается на срок от 1 до {LONGEST_ACCESS_DAYS} дней.",
                f"Access is opened for 1 to {LONGEST_ACCESS_DAYS} days.",
            ),
            Sentence("Выберите другой срок.", "Choose another time."),
            tenant=tenant,
        )
    now = clock.now()
    values = {"until": now + timedelta(days=days), "granted_by": actor, "granted_at": now}
    with db.tenant(tenant) as connection:
        connection.execute(
            postgresql.insert(support_access)
            .values(tenant=tenant, **values)
            .on_conflict_do_update(index_elements=["tenant"], set_=values)
        )
        record(connection, at=now, actor=actor, action="support.access_on", tenant=tenant, details={"days": days})
    return Access(now + timedelta(days=days), actor, now)


def revoke_access(db: Database, tenant: str, *, actor: str, clock: Clock) -> None:
    """Close it at once; whoever reads just now is refused at the next click."""
    with db.tenant(tenant) as connection:
        if connection.execute(delete(support_access)).rowcount:
            record(connection, at=clock.now(), actor=actor, action="support.access_off", tenant=tenant)


def visit_lasts(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Which visits go on at an instant."""
    return support_visit.c.ended_at.is_(None), support_visit.c.expires_at > now


def _end(connection: Connection, now: datetime, *whose: object) -> Collection[str]:
    row = support_visit.c
    return connection.scalars(
        update(support_visit)
        .where(*visit_lasts(now), *whose)  # pyright: ignore[reportArgumentType]  # conditions on columns
        .values(ended_at=now)
        .returning(row.visit_id)
    ).all()


def announcement(visit: Visit) -> Failure:
    """What the administrators are told; one notice per visit."""
    return Failure(
        "admins",
        "support_visit",
        visit.visit_id,
        "support.visit",
        Sentence(
            f"Сотрудник Synkro ({visit.name}) работает в вашем кабинете, не дольше часа. Причина: {visit.reason}",
            f"Somebody of Synkro ({visit.name}) works in your cabinet, for an hour at most. Reason: {visit.reason}",
        ),
        Sentence(
            "Переписки он не видит, пока владелец не открыл доступ в «Команде». Что он сделал – в «Журнале».",
            "Dialogs stay closed unless the owner has opened them on the page of the team. What was done is on record.",
        ),
        page="/journal",
    )
