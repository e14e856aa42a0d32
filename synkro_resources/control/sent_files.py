"""Messengers' own ids of files that were sent: the next chat of the same bot gets the id instead of an upload."""

from __future__ import annotations

import hashlib

from sqlalchemy import func, select, update

from synkro_resources.control.database import Database
from synkro_resources.control.tables.delivery import delivery


def remember_file_id(db: Database, tenant: str, delivery_id: str, content: bytes, file_id: str) -> None:
    """Keep the id with the part that was sent; lost in a crash it costs another upload, nothing else."""
    known = func.jsonb_build_object("sha256", hashlib.sha256(content).hexdigest(), "file_id", file_id)
    payload = delivery.c.payload
    told = func.jsonb_set(payload, ["file"], payload["file"].op("||")(known))
    with db.tenant(tenant) as connection:
        connection.execute(update(delivery).where(delivery.c.delivery_id == delivery_id).values(payload=told))


def known_file_id(db: Database, tenant: str, sha256: str, bot_id: str) -> str:
    """The newest id of exactly this content at this bot, or ""."""
    file = delivery.c.payload["file"]
    query = (
        select(file["file_id"].astext)
        .where(file["sha256"].astext == sha256, file["bot_id"].astext == bot_id)
        .order_by(delivery.c.sent_at.desc())
        .limit(1)
    )
    with db.tenant(tenant) as connection:
        return connection.execute(query).scalar_one_or_none() or ""
