"""Where a tenant's reports go: chats and addresses."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, insert, select, update

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.tables.delivery import delivery, destination
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import RefusedError, Sentence, UserInputError

PENDING = "unconfirmed"
"""`disabled_code` of a chat that was linked by a code and that nobody in the cabinet has confirmed yet."""
REMOVED = "removed"
EMAIL = "email"
"""The channel whose destinations are confirmed by a code alone (`address_codes.py`)."""


@dataclass(frozen=True, slots=True)
class Destination:
    """One chat of a messenger or one address; `disabled_code` says why a vendor's answer closed it.

    `for_admins`: hears of failures, too.
    """

    destination_id: str
    tenant: str
    channel: str
    chat_id: str
    title: str
    thread_id: str | None
    is_forum: bool
    enabled: bool
    disabled_code: str
    last_call_at: datetime | None
    for_admins: bool = False


def add_destination(
    db: Database,
    tenant: str,
    *,
    channel: str,
    chat_id: str,
    title: str,
    actor: str,
    thread_id: str | None = None,
    is_forum: bool = False,
    destination_id: str | None = None,
) -> Destination:
    """Add a chat; the same chat and thread again is enabled again instead of doubled."""
    now = db.clock.now()
    table = destination
    with db.tenant(tenant) as connection:
        known = connection.execute(
            select(table.c.destination_id).where(
                table.c.channel == channel,
                table.c.chat_id == chat_id,
                table.c.thread_id.is_not_distinct_from(thread_id),
            )
        ).scalar_one_or_none()
        if known is None:
            known = destination_id or uuid.uuid4().hex
            connection.execute(
                insert(table).values(
                    tenant=tenant,
                    destination_id=known,
                    channel=channel,
                    chat_id=chat_id,
                    title=title,
                    thread_id=thread_id,
                    is_forum=is_forum,
                    enabled=True,
                    disabled_code="",
                    created_at=now,
                )
            )
        row = connection.execute(
            update(table)
            .where(table.c.destination_id == known)
            .values(title=title, is_forum=is_forum, enabled=True, disabled_code="")
            .returning(table)
        ).one()
        record(connection, at=now, actor=actor, action="destination.added", tenant=tenant, target=known)
        return as_destination(row)


def list_destinations(db: Database, tenant: str, *, enabled_only: bool = False) -> list[Destination]:
    """The tenant's destinations, oldest first."""
    query = select(destination).order_by(destination.c.created_at, destination.c.destination_id)
    if enabled_only:
        query = query.where(destination.c.enabled)
    with db.tenant(tenant) as connection:
        return [as_destination(row) for row in connection.execute(query)]


def get_destination(db: Database, tenant: str, destination_id: str) -> Destination:
    """One destination.

    Raises:
        UserInputError: `delivery.unknown_destination`.
    """
    with db.tenant(tenant) as connection:
        row = connection.execute(
            select(destination).where(destination.c.destination_id == destination_id)
        ).one_or_none()
    if row is None:
        raise UserInputError(
            "delivery.unknown_destination",
            Sentence("Получатель не найден.", "There is no such destination."),
            Sentence("Обновите страницу.", "Reload the page."),
            tenant=tenant,
        )
    return as_destination(row)


def disable_destination(db: Database, tenant: str, destination_id: str, code: str) -> None:
    """Close a destination because of a vendor's final answer (bot blocked, chat gone), or by a person's wish."""
    with db.tenant(tenant) as connection:
        close_destination(connection, destination_id, code)


def pending_destinations(db: Database, tenant: str) -> list[Destination]:
    """The linked chats that wait for a confirmation, oldest first."""
    return [item for item in list_destinations(db, tenant) if item.disabled_code == PENDING]


def confirm_destination(db: Database, tenant: str, destination_id: str, *, actor: str, clock: Clock) -> Destination:
    """Let reports go to a linked chat.

    Raises:
        UserInputError: `delivery.unknown_destination`. RefusedError: `delivery.not_pending`, `delivery.needs_code`.
    """
    if get_destination(db, tenant, destination_id).channel == EMAIL:
        raise RefusedError(
            "delivery.needs_code",
            Sentence("Адрес подтверждается кодом из письма.", "An address is confirmed by the code in its mail."),
            Sentence("Введите код из письма.", "Enter the code of the mail."),
            tenant=tenant,
        )
    with db.tenant(tenant) as connection:
        row = connection.execute(
            update(destination)
            .where(destination.c.destination_id == destination_id, destination.c.disabled_code == PENDING)
            .values(enabled=True, disabled_code="")
            .returning(destination)
        ).one_or_none()
        if row is None:
            raise RefusedError(
                "delivery.not_pending",
                Sentence("Этот чат не ждёт подтверждения.", "This chat does not wait for a confirmation."),
                Sentence("Обновите список получателей.", "Reload the list of destinations."),
                tenant=tenant,
            )
        record(
            connection,
            at=clock.now(),
            actor=actor,
            action="destination.confirmed",
            tenant=tenant,
            target=destination_id,
        )
        return as_destination(row)


def remove_destination(db: Database, tenant: str, destination_id: str, *, actor: str, clock: Clock) -> None:
    """Send nothing more to a destination; what waits for it is cancelled, what was sent stays in the list.

    Raises:
        UserInputError: `delivery.unknown_destination`.
    """
    get_destination(db, tenant, destination_id)
    with db.tenant(tenant) as connection:
        close_destination(connection, destination_id, REMOVED)
        connection.execute(
            update(delivery)
            .where(delivery.c.destination_id == destination_id, delivery.c.state.in_(("pending", "retry_wait")))
            .values(state="cancelled", last_error_code="destination_removed", last_error_text="")
        )
        record(
            connection, at=clock.now(), actor=actor, action="destination.removed", tenant=tenant, target=destination_id
        )


def tell_admins_there(
    db: Database, tenant: str, destination_id: str, *, wanted: bool, actor: str, clock: Clock
) -> Destination:
    """Let a chat hear of failures, or no longer.

    Raises:
        UserInputError: `delivery.unknown_destination`.
    """
    get_destination(db, tenant, destination_id)
    with db.tenant(tenant) as connection:
        row = connection.execute(
            update(destination)
            .where(destination.c.destination_id == destination_id)
            .values(for_admins=wanted)
            .returning(destination)
        ).one()
        record(
            connection,
            at=clock.now(),
            actor=actor,
            action="destination.for_admins" if wanted else "destination.not_for_admins",
            tenant=tenant,
            target=destination_id,
        )
        return as_destination(row)


def close_destination(connection: Connection, destination_id: str, code: str) -> None:
    """Close a destination inside the caller's transaction."""
    connection.execute(
        update(destination)
        .where(destination.c.destination_id == destination_id)
        .values(enabled=False, disabled_code=code)
    )


def as_destination(row: Row[tuple[object, ...]]) -> Destination:
    """A stored row as the dataclass."""
    return Destination(
        destination_id=row.destination_id,
        tenant=row.tenant,
        channel=row.channel,
        chat_id=row.chat_id,
        title=row.title,
        thread_id=row.thread_id,
        is_forum=row.is_forum,
        enabled=row.enabled,
        disabled_code=row.disabled_code,
        last_call_at=row.last_call_at,
        for_admins=row.for_admins,
    )
