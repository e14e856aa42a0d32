"""Radist's webhooks: which addresses are ours, and the hints that their events leave behind.

An event says that something happened in a chat and no more: of its content nothing is stored. The API is the truth, a
hint only says where to look first (docs/vendors.md, «Radist»).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.tables.integrations import radist_hint, radist_webhook
from synkro_resources.http.jsonvalues import as_list
from synkro_resources.model.clock import Clock
from synkro_resources.radist.events import UNKNOWN_CHAT

QUIET = timedelta(seconds=20)
"""A client writes several messages in a row: the reading waits until the chats have been quiet for so long …"""

LATEST = timedelta(seconds=120)
"""… but a busy company is never quiet: no longer than this after the first event."""

MOST_AT_ONCE = 500
"""Hints that one request takes, the oldest first; the others are taken by the next one."""

REQUESTED_BY = "webhook"
"""`requested_by` of the run requests that hints lead to."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One subscription: of its secret address only the hash; `webhook_id` is empty until Radist has named it."""

    path_hash: str
    connection_id: int
    webhook_id: str
    created_at: datetime
    last_event_at: datetime | None


@dataclass(frozen=True, slots=True)
class Hint:
    """Events of one chat that no run has taken yet; `chat_id` is Radist's integer."""

    chat_id: int
    events: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class TakenHints:
    """The hints that a run request has taken, as they were then; kept in its plan."""

    hints: tuple[Hint, ...] = ()

    @property
    def chat_ids(self) -> frozenset[int]:
        return frozenset(hint.chat_id for hint in self.hints) - {UNKNOWN_CHAT}

    @property
    def say_which_chats(self) -> bool:
        return all(hint.chat_id != UNKNOWN_CHAT for hint in self.hints)

    def to_json(self) -> list[object]:
        return [[hint.chat_id, hint.events, hint.first_at.isoformat(), hint.last_at.isoformat()] for hint in self.hints]

    @classmethod
    def of_plan(cls, plan: Mapping[str, object]) -> TakenHints:
        """The hints in a request's plan; none in the plans of other requests."""
        stored = [as_list(item) for item in as_list(plan.get("hints"))]
        return cls(
            tuple(
                Hint(
                    int(str(chat_id)),
                    int(str(events)),
                    datetime.fromisoformat(str(first)),
                    datetime.fromisoformat(str(last)),
                )
                for chat_id, events, first, last in stored
            )
        )


def hash_of(secret: str) -> str:
    """What is stored of the random part of an address."""
    return hashlib.sha256(secret.encode()).hexdigest()


# Addresses -------------------------------------------------------------------------------------------------------


def add_webhook(db: Database, tenant: str, secret: str, connection_id: int, *, actor: str, clock: Clock) -> Webhook:
    """Make an address known, before Radist is told of it: its first event may arrive at once."""
    now = clock.now()
    with db.tenant(tenant) as connection:
        connection.execute(
            insert(radist_webhook).values(
                tenant=tenant,
                path_hash=hash_of(secret),
                connection_id=connection_id,
                webhook_id="",
                created_at=now,
            )
        )
        record(connection, at=now, actor=actor, action="radist.webhook_on", tenant=tenant, target=str(connection_id))
    return Webhook(hash_of(secret), connection_id, "", now, None)


def name_webhook(db: Database, tenant: str, path_hash: str, webhook_id: str) -> None:
    """Keep the id by which Radist removes the subscription."""
    with db.tenant(tenant) as connection:
        connection.execute(
            update(radist_webhook).where(radist_webhook.c.path_hash == path_hash).values(webhook_id=webhook_id)
        )


def remove_webhook(db: Database, tenant: str, path_hash: str, *, actor: str, clock: Clock) -> None:
    """Forget an address; its events are strangers' from now on. With the last address the hints go, too."""
    with db.tenant(tenant) as connection:
        removed = connection.execute(
            delete(radist_webhook).where(radist_webhook.c.path_hash == path_hash).returning(radist_webhook)
        ).one_or_none()
        if removed is None:
            return
        if not connection.scalar(select(func.count()).select_from(radist_webhook)):
            connection.execute(delete(radist_hint))
        record(
            connection,
            at=clock.now(),
            actor=actor,
            action="radist.webhook_off",
            tenant=tenant,
            target=str(removed.connection_id),
        )


def list_webhooks(db: Database, tenant: str) -> list[Webhook]:
    """The tenant's subscriptions by connection."""
    columns = radist_webhook.c
    with db.tenant(tenant) as connection:
        rows = connection.execute(select(radist_webhook).order_by(columns.connection_id, columns.created_at)).all()
    return [
        Webhook(row.path_hash, row.connection_id, row.webhook_id, row.created_at, row.last_event_at) for row in rows
    ]


# Hints -----------------------------------------------------------------------------------------------------------


def note_event(db: Database, tenant: str, secret: str, chat_id: int | None, clock: Clock) -> bool:
    """Note that something happened in a chat; False if the address is not ours, and then nothing is written.

    `chat_id` None: the body could not be read; only the address's last event is noted.
    """
    now = clock.now()
    with db.tenant(tenant) as connection:
        known = connection.execute(
            update(radist_webhook)
            .where(radist_webhook.c.path_hash == hash_of(secret))
            .values(last_event_at=now)
            .returning(radist_webhook.c.connection_id)
        ).one_or_none()
        if known is None:
            return False
        if chat_id is not None:
            new = postgresql.insert(radist_hint).values(
                tenant=tenant, chat_id=chat_id, events=1, first_at=now, last_at=now
            )
            connection.execute(
                new.on_conflict_do_update(
                    index_elements=["tenant", "chat_id"],
                    set_={"events": radist_hint.c.events + 1, "last_at": func.greatest(radist_hint.c.last_at, now)},
                )
            )
    return True


def pending_hints(db: Database, tenant: str) -> list[Hint]:
    """The oldest hints that no run has taken, at most `MOST_AT_ONCE`."""
    columns = radist_hint.c
    query = select(radist_hint).order_by(columns.first_at, columns.chat_id).limit(MOST_AT_ONCE)
    with db.tenant(tenant) as connection:
        rows = connection.execute(query).all()
    return [Hint(row.chat_id, row.events, row.first_at, row.last_at) for row in rows]


def are_due(hints: Sequence[Hint], now: datetime) -> bool:
    """Whether the chats have been quiet long enough, or the first event has waited long enough."""
    if not hints:
        return False
    is_quiet = now - max(hint.last_at for hint in hints) >= QUIET
    return is_quiet or now - min(hint.first_at for hint in hints) >= LATEST


def forget_hints(db: Database, tenant: str, taken: Iterable[Hint]) -> None:
    """After the run that took them has succeeded: remove them; events that came during the run stay and count anew."""
    columns, hints = radist_hint.c, list(taken)
    if not hints:
        return
    with db.tenant(tenant) as connection:
        for hint in hints:
            same_chat = columns.chat_id == hint.chat_id
            connection.execute(
                delete(radist_hint).where(same_chat, columns.last_at == hint.last_at, columns.events <= hint.events)
            )
            connection.execute(
                update(radist_hint)
                .where(same_chat, columns.first_at == hint.first_at, columns.events > hint.events)
                .values(events=columns.events - hint.events, first_at=hint.last_at)
            )
