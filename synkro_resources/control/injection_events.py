"""Clients' messages that give orders to the analyst: what waits for a person's look, and who has looked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.tables.analysis import injection_event
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import Sentence, UserInputError


@dataclass(frozen=True, slots=True)
class StoredInjection:
    """One message and what noticed it; never its text. Instants are UTC."""

    episode_key: str
    message_id: str
    detector: str
    seen_at: datetime
    reviewed_by: str | None
    reviewed_at: datetime | None


def list_injections(db: Database, tenant: str, *, reviewed: bool = False) -> list[StoredInjection]:
    """Those that nobody has looked at, oldest first; with `reviewed` all of them."""
    table = injection_event.c
    wanted = select(
        table.episode_key, table.message_id, table.detector, table.seen_at, table.reviewed_by, table.reviewed_at
    ).order_by(table.seen_at, table.episode_key, table.message_id, table.detector)
    if not reviewed:
        wanted = wanted.where(table.reviewed_at.is_(None))
    with db.tenant(tenant) as connection:
        return [StoredInjection(**row) for row in connection.execute(wanted).mappings()]


def review_injections(db: Database, tenant: str, episode_key: str, *, actor: str, clock: Clock) -> int:
    """Say that a person has looked at an episode's messages; returns how many waited, 0 if somebody was there before.

    Raises:
        UserInputError: `dialog.not_flagged` for an episode without such messages.
    """
    now, table = clock.now(), injection_event.c
    with db.tenant(tenant) as connection:
        if (
            connection.execute(select(table.message_id).where(table.episode_key == episode_key).limit(1)).first()
            is None
        ):
            raise UserInputError(
                "dialog.not_flagged",
                Sentence(
                    f"В обращении «{episode_key}» нет сообщений, похожих на команды для ИИ.",
                    f"The episode {episode_key!r} has no message that looks like orders to the AI.",
                ),
                Sentence("Возьмите ключ из списка.", "Take a key from the list."),
                tenant=tenant,
            )
        looked_at = connection.execute(
            update(injection_event)
            .where(table.episode_key == episode_key, table.reviewed_at.is_(None))
            .values(reviewed_by=actor, reviewed_at=now)
        ).rowcount
        if looked_at:
            record(
                connection,
                at=now,
                actor=actor,
                action="injection.reviewed",
                tenant=tenant,
                target=episode_key,
                details={"messages": looked_at},
            )
        return looked_at
