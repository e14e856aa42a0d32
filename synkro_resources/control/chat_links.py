"""Linking a Telegram chat by a one-time code, and what a bot's updates change: only ever inside one transaction.

A code is `<tenant>_<random>`: it names the tenant, so that a bot may be shared, and fits Telegram's 64 characters. Only
its hash is stored (docs/report.md, «Telegram»).
"""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import PENDING
from synkro_resources.control.tables.delivery import destination, telegram_link_code, telegram_offset
from synkro_resources.model.clock import Clock
from synkro_resources.model.ids import TENANT_SLUG

CODE_LIFETIME = timedelta(minutes=20)
KEPT_AFTER_EXPIRY = timedelta(days=7)
"""So long a late visitor is told that the code has expired, and not that it is unknown."""
SECRET_BYTES = 16
_SECRET = re.compile(r"[A-Za-z0-9_-]{22}")

UPDATES_KEPT = timedelta(hours=48)
"""Telegram keeps updates for 24 h: after twice that, none that was taken can come again, whatever its id."""

TELEGRAM = "telegram"
NO_RIGHTS = "no_rights"

LinkResult = Literal["linked", "already", "unknown", "expired", "used"]


@dataclass(frozen=True, slots=True)
class NewCode:
    """A code as its person sees it, once; `expires_at` is a UTC instant."""

    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SeenChat:
    """The chat in which a code was written; `thread_id` is the forum's topic."""

    chat_id: str
    title: str
    thread_id: str | None = None
    is_forum: bool = False


def create_code(db: Database, tenant: str, *, bot_id: str, actor: str, clock: Clock) -> NewCode:
    """Make a code for one chat and one bot; it works once, for `CODE_LIFETIME`."""
    now = clock.now()
    code = f"{tenant}_{secrets.token_urlsafe(SECRET_BYTES)}"
    with db.tenant(tenant) as connection:
        connection.execute(delete(telegram_link_code).where(telegram_link_code.c.expires_at < now - KEPT_AFTER_EXPIRY))
        connection.execute(
            insert(telegram_link_code).values(
                tenant=tenant,
                code_hash=_hash_of(code),
                bot_id=bot_id,
                created_by=actor,
                created_at=now,
                expires_at=now + CODE_LIFETIME,
            )
        )
        record(connection, at=now, actor=actor, action="telegram.code_created", tenant=tenant, target=bot_id)
    return NewCode(code, now + CODE_LIFETIME)


def tenant_of_code(code: str) -> str | None:
    """The tenant that a code names; None for anything that is no code."""
    slug, separator, secret = code.partition("_")
    if not separator or TENANT_SLUG.fullmatch(slug) is None or _SECRET.fullmatch(secret) is None:
        return None
    return slug


def use_code(
    connection: Connection, tenant: str, code: str, chat: SeenChat, *, bot_id: str, person: str, now: datetime
) -> LinkResult:
    """Link a chat in the caller's transaction of `tenant`; it gets nothing before somebody confirms it.

    `person` is the messenger's id of who wrote the code. A chat that already gets reports stays as it is.
    """
    codes = telegram_link_code
    row = connection.execute(
        select(codes).where(codes.c.code_hash == _hash_of(code), codes.c.bot_id == bot_id).with_for_update()
    ).one_or_none()
    if row is None:
        return "unknown"
    if row.used_at is not None:
        return "used"
    if row.expires_at <= now:
        return "expired"
    destination_id, is_enabled = _linked(connection, tenant, chat, now)
    connection.execute(
        update(codes).where(codes.c.code_hash == row.code_hash).values(used_at=now, destination_id=destination_id)
    )
    record(
        connection,
        at=now,
        actor=f"telegram:{person}",
        action="destination.linked",
        tenant=tenant,
        target=destination_id,
        details={"code_of": row.created_by},
    )
    return "already" if is_enabled else "linked"


def _linked(connection: Connection, tenant: str, chat: SeenChat, now: datetime) -> tuple[str, bool]:
    """The chat's destination and whether reports go there already."""
    table = destination
    known = connection.execute(
        select(table.c.destination_id, table.c.enabled)
        .where(
            table.c.channel == TELEGRAM,
            table.c.chat_id == chat.chat_id,
            table.c.thread_id.is_not_distinct_from(chat.thread_id),
        )
        .order_by(table.c.created_at)
        .with_for_update()
    ).first()
    if known is None:
        destination_id = uuid.uuid4().hex
        connection.execute(
            insert(table).values(
                tenant=tenant,
                destination_id=destination_id,
                channel=TELEGRAM,
                chat_id=chat.chat_id,
                title=chat.title,
                thread_id=chat.thread_id,
                is_forum=chat.is_forum,
                enabled=False,
                disabled_code=PENDING,
                for_admins=not chat.chat_id.startswith("-"),  # only who runs the company links a private chat
                created_at=now,
            )
        )
        return destination_id, False
    if not known.enabled:
        connection.execute(
            update(table)
            .where(table.c.destination_id == known.destination_id)
            .values(title=chat.title, is_forum=chat.is_forum, disabled_code=PENDING)
        )
    return known.destination_id, known.enabled


# What happens to a bot -------------------------------------------------------------------------------------------


def close_chat(connection: Connection, chat_id: str, code: str) -> int:
    """The bot may no longer write there: its destinations are closed; returns how many were open or waiting."""
    table = destination
    is_open = or_(table.c.enabled, table.c.disabled_code == PENDING)
    return connection.execute(
        update(table)
        .where(table.c.channel == TELEGRAM, table.c.chat_id == chat_id, is_open)
        .values(enabled=False, disabled_code=code)
    ).rowcount


def mute_chat(connection: Connection, chat_id: str) -> int:
    """The bot has lost the right to write; only this is undone by itself, for the chat was confirmed before."""
    table = destination
    return connection.execute(
        update(table)
        .where(table.c.channel == TELEGRAM, table.c.chat_id == chat_id, table.c.enabled)
        .values(enabled=False, disabled_code=NO_RIGHTS)
    ).rowcount


def unmute_chat(connection: Connection, chat_id: str) -> int:
    """The bot may write again."""
    table = destination
    return connection.execute(
        update(table)
        .where(table.c.channel == TELEGRAM, table.c.chat_id == chat_id, table.c.disabled_code == NO_RIGHTS)
        .values(enabled=True, disabled_code="")
    ).rowcount


def move_chat(connection: Connection, old_chat_id: str, new_chat_id: str) -> int:
    """A group became a supergroup: its destinations follow, without their topics."""
    table = destination
    return connection.execute(
        update(table)
        .where(table.c.channel == TELEGRAM, table.c.chat_id == old_chat_id)
        .values(chat_id=new_chat_id, thread_id=None)
    ).rowcount


# Updates are taken once ------------------------------------------------------------------------------------------


def next_update_id(db: Database, tenant: str, bot_id: str, clock: Clock) -> int | None:
    """Where to read on, in a transaction of any tenant of the bot; None for «from the oldest that Telegram keeps»."""
    query = select(telegram_offset).where(telegram_offset.c.bot_id == bot_id)
    with db.tenant(tenant) as connection:
        row = connection.execute(query).one_or_none()
    if row is None or row.taken_at <= clock.now() - UPDATES_KEPT:
        return None
    return row.next_update_id


def take_update(connection: Connection, bot_id: str, update_id: int, now: datetime) -> bool:
    """Whether this update is new; it is taken when the caller's transaction, with its effect, commits."""
    table = telegram_offset
    new = postgresql.insert(table).values(bot_id=bot_id, next_update_id=update_id + 1, taken_at=now)
    taken = connection.execute(
        new.on_conflict_do_update(
            index_elements=["bot_id"],
            set_={"next_update_id": update_id + 1, "taken_at": now},
            where=or_(table.c.next_update_id <= update_id, table.c.taken_at <= now - UPDATES_KEPT),
        ).returning(table.c.bot_id)
    ).one_or_none()
    return taken is not None


def _hash_of(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
