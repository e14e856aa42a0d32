"""The outbox: message parts that are written once, sent in order, and never twice without a person's word."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, or_, select, true, update
from sqlalchemy.dialects import postgresql

from synkro_resources.control.database import Database
from synkro_resources.control.destinations import Destination, as_destination
from synkro_resources.control.tables.delivery import delivery, destination
from synkro_resources.model.clock import Clock
from synkro_resources.rules.due import USEFUL_FOR

DeliveryState = Literal["pending", "sending", "sent", "retry_wait", "uncertain", "failed", "cancelled"]
STUCK_AFTER = timedelta(seconds=120)  # no call lasts longer: its worker is dead, its outcome unknown
EXPIRES_AFTER = {kind.value: useful for kind, useful in USEFUL_FOR.items()} | {
    "custom": timedelta(hours=48),
    "notice": timedelta(hours=24),
    "recovery": timedelta(hours=24),
}
NOTICES = ("notice:", "recovery:")
"""How ids begin that are no report's: what people are told about failures (`control/notices.py`)."""
UNSENT = ("pending", "retry_wait")


@dataclass(frozen=True, slots=True)
class NewPart:
    """One message part to be sent; `payload` is what the channel needs (text, plain text, buttons)."""

    destination_id: str
    channel: str
    part_no: int
    parts: int
    payload: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row of the outbox."""

    delivery_id: str
    tenant: str
    report_id: str
    package_id: str
    revision: int
    channel: str
    destination_id: str
    part_no: int
    parts: int
    content_hash: str
    delivery_key: str
    payload: dict[str, object]
    state: DeliveryState
    attempts: int
    is_resend: bool
    created_at: datetime
    next_at: datetime
    started_at: datetime | None
    sent_at: datetime | None
    message_id: str | None
    last_error_code: str
    last_error_text: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ClaimedPart:
    """A part that this worker must send now; it is in `sending` already, and that is committed."""

    delivery: Delivery
    destination: Destination


def delivery_key(tenant: str, report_id: str, revision: int, channel: str, destination_id: str, part_no: int) -> str:
    """What makes a part unique for ever."""
    parts = "|".join((tenant, report_id, str(revision), channel, destination_id, str(part_no)))
    return hashlib.sha256(parts.encode()).hexdigest()


def content_hash(payload: Mapping[str, object]) -> str:
    """Hash of what is sent."""
    canonical = json.dumps(payload, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def enqueue(
    db: Database,
    tenant: str,
    *,
    report_id: str,
    package_id: str,
    revision: int,
    parts: Sequence[NewPart],
    clock: Clock,
    expires_at: datetime | None = None,
) -> list[Delivery]:
    """Write all parts in one transaction and return their rows; parts written before stay as they are.

    Unsent parts of older revisions of the report are cancelled.
    """
    with db.tenant(tenant) as connection:
        return write_parts(
            connection,
            tenant,
            report_id=report_id,
            package_id=package_id,
            revision=revision,
            parts=parts,
            now=clock.now(),
            expires_at=expires_at,
        )


def write_parts(
    connection: Connection,
    tenant: str,
    *,
    report_id: str,
    package_id: str,
    revision: int,
    parts: Sequence[NewPart],
    now: datetime,
    expires_at: datetime | None = None,
) -> list[Delivery]:
    """The same in the caller's transaction of `tenant`."""
    until = expires_at or now + EXPIRES_AFTER[report_id.partition(":")[0]]
    keys = [delivery_key(tenant, report_id, revision, p.channel, p.destination_id, p.part_no) for p in parts]
    connection.execute(
        update(delivery)
        .where(delivery.c.report_id == report_id, delivery.c.revision < revision, delivery.c.state.in_(UNSENT))
        .values(state="cancelled", last_error_code="superseded", last_error_text="")
    )
    for part, key in zip(parts, keys, strict=True):
        connection.execute(
            postgresql.insert(delivery)
            .values(
                tenant=tenant,
                delivery_id=uuid.uuid4().hex,
                report_id=report_id,
                package_id=package_id,
                revision=revision,
                channel=part.channel,
                destination_id=part.destination_id,
                part_no=part.part_no,
                parts=part.parts,
                content_hash=content_hash(part.payload),
                delivery_key=key,
                payload=dict(part.payload),
                state="pending",
                attempts=0,
                is_resend=False,
                created_at=now,
                next_at=now,
                last_error_code="",
                last_error_text="",
                expires_at=until,
            )
            .on_conflict_do_nothing(index_elements=["tenant", "delivery_key"])
        )
    rows = connection.execute(
        select(delivery)
        .where(delivery.c.delivery_key.in_(keys))
        .order_by(delivery.c.destination_id, delivery.c.part_no)
    )
    return [as_delivery(row) for row in rows]


def claim_next(
    db: Database, tenant: str, destination_id: str, clock: Clock, *, only: Sequence[str] = ()
) -> ClaimedPart | None:
    """Take the next part of a destination that may be sent now, or None.

    `only`: how the report ids of wanted parts begin; none for any.

    None as well while another worker is sending there, while an earlier part of the same report is not yet sent, and
    for a disabled destination. Parts past their time are cancelled on the way.
    """
    now = clock.now()
    with db.tenant(tenant) as connection:
        target = connection.execute(
            select(destination).where(destination.c.destination_id == destination_id).with_for_update()
        ).one_or_none()
        if target is None or not target.enabled:
            return None
        _cancel_expired(connection, destination_id, now)
        here = delivery.c.destination_id == destination_id
        if connection.scalar(select(exists().where(here, delivery.c.state == "sending"))):
            return None
        next_part = connection.execute(_first_sendable(destination_id, now, only)).scalar_one_or_none()
        if next_part is None:
            return None
        row = connection.execute(
            update(delivery)
            .where(delivery.c.delivery_id == next_part)
            .values(state="sending", started_at=now)
            .returning(delivery)
        ).one()
        connection.execute(
            update(destination).where(destination.c.destination_id == destination_id).values(last_call_at=now)
        )
    return ClaimedPart(as_delivery(row), as_destination(target))


def recover_stuck(db: Database, tenant: str, clock: Clock) -> list[Delivery]:
    """Parts whose worker died while sending become `uncertain`: nobody knows whether they arrived."""
    with db.tenant(tenant) as connection:
        rows = connection.execute(
            update(delivery)
            .where(delivery.c.state == "sending", delivery.c.started_at < clock.now() - STUCK_AFTER)
            .values(state="uncertain", last_error_code="worker_died", last_error_text="")
            .returning(delivery)
        )
        return [as_delivery(row) for row in rows]


def deliveries(db: Database, tenant: str, report_id: str | None = None, limit: int = 200) -> list[Delivery]:
    """The newest rows, of one report or of all; parts of one report in order."""
    query = select(delivery).order_by(delivery.c.created_at.desc(), delivery.c.destination_id, delivery.c.part_no)
    if report_id is not None:
        query = query.where(delivery.c.report_id == report_id)
    with db.tenant(tenant) as connection:
        return [as_delivery(row) for row in connection.execute(query.limit(limit))]


def _cancel_expired(connection: Connection, destination_id: str, now: datetime) -> None:
    connection.execute(
        update(delivery)
        .where(delivery.c.destination_id == destination_id, delivery.c.state.in_(UNSENT), delivery.c.expires_at <= now)
        .values(state="cancelled", last_error_code="expired", last_error_text="")
    )


def _first_sendable(destination_id: str, now: datetime, only: Sequence[str]) -> Select[tuple[str]]:
    earlier = delivery.alias("earlier")
    an_earlier_part_waits: ColumnElement[bool] = exists().where(
        earlier.c.destination_id == delivery.c.destination_id,
        earlier.c.report_id == delivery.c.report_id,
        earlier.c.revision == delivery.c.revision,
        earlier.c.part_no < delivery.c.part_no,
        earlier.c.state != "sent",
    )
    is_due = or_(delivery.c.state == "pending", and_(delivery.c.state == "retry_wait", delivery.c.next_at <= now))
    is_wanted = or_(*(delivery.c.report_id.startswith(prefix) for prefix in only)) if only else true()
    return (
        select(delivery.c.delivery_id)
        .where(delivery.c.destination_id == destination_id, is_wanted, is_due, ~an_earlier_part_waits)
        .order_by(delivery.c.created_at, delivery.c.revision, delivery.c.part_no)
        .limit(1)
    )


def as_delivery(row: Row[tuple[object, ...]]) -> Delivery:
    """A stored row as the dataclass."""
    return Delivery(
        delivery_id=row.delivery_id,
        tenant=row.tenant,
        report_id=row.report_id,
        package_id=row.package_id,
        revision=row.revision,
        channel=row.channel,
        destination_id=row.destination_id,
        part_no=row.part_no,
        parts=row.parts,
        content_hash=row.content_hash,
        delivery_key=row.delivery_key,
        payload=row.payload,
        state=row.state,
        attempts=row.attempts,
        is_resend=row.is_resend,
        created_at=row.created_at,
        next_at=row.next_at,
        started_at=row.started_at,
        sent_at=row.sent_at,
        message_id=row.message_id,
        last_error_code=row.last_error_code,
        last_error_text=row.last_error_text,
        expires_at=row.expires_at,
    )
