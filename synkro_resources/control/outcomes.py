"""How a part of the outbox leaves `sending`: by what the channel knows of the call, or by a person's word."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import select, update

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.outbox import Delivery, as_delivery
from synkro_resources.control.tables.delivery import delivery, destination
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import RefusedError, Sentence

RETRY_DELAYS_S = (5, 15, 60, 300, 900)  # connection trouble passes within seconds or lasts; the last one repeats
MAX_TRIES = 8
WAIT_MARGIN_S = 0.5  # messengers count their «retry after» in whole seconds
LONGEST_WAIT = timedelta(hours=1)

log = logging.getLogger(__name__)


def mark_sent(db: Database, tenant: str, delivery_id: str, message_id: str, clock: Clock) -> Delivery:
    """The channel accepted the part as `message_id`."""
    return _from_sending(
        db,
        tenant,
        delivery_id,
        state="sent",
        sent_at=clock.now(),
        message_id=message_id,
        last_error_code="",
        last_error_text="",
    )


def mark_retry(
    db: Database,
    tenant: str,
    delivery_id: str,
    clock: Clock,
    *,
    code: str,
    text: str = "",
    retry_after_s: float | None = None,
) -> Delivery:
    """The part surely did not arrive and will be tried again; after the eighth try it is `failed`.

    `retry_after_s` is the messenger's own wish (429): it is obeyed, at most for an hour, and is not counted as a try.
    """
    now = clock.now()
    if retry_after_s is not None:
        wait = min(timedelta(seconds=retry_after_s + WAIT_MARGIN_S), LONGEST_WAIT)
        return _from_sending(
            db,
            tenant,
            delivery_id,
            state="retry_wait",
            next_at=now + wait,
            last_error_code=code,
            last_error_text=text,
        )
    tries = _attempts(db, tenant, delivery_id) + 1
    if tries >= MAX_TRIES:
        return mark_failed(db, tenant, delivery_id, clock, code=code, text=text)
    delay = RETRY_DELAYS_S[min(tries, len(RETRY_DELAYS_S)) - 1]
    return _from_sending(
        db,
        tenant,
        delivery_id,
        state="retry_wait",
        attempts=tries,
        next_at=now + timedelta(seconds=delay),
        last_error_code=code,
        last_error_text=text,
    )


def mark_uncertain(db: Database, tenant: str, delivery_id: str, clock: Clock, *, code: str, text: str = "") -> Delivery:
    """The call broke after it was sent: the part may have arrived and is never sent again by itself."""
    return _end(db, tenant, delivery_id, "uncertain", clock, code, text)


def mark_failed(db: Database, tenant: str, delivery_id: str, clock: Clock, *, code: str, text: str = "") -> Delivery:
    """The channel refused for good, or the tries are used up."""
    return _end(db, tenant, delivery_id, "failed", clock, code, text)


def follow_migrated_chat(db: Database, tenant: str, delivery_id: str, new_chat_id: str, clock: Clock) -> Delivery:
    """The chat moved: its new id is stored and the part waits for its next try, in one transaction."""
    now = clock.now()
    with db.tenant(tenant) as connection:
        row = connection.execute(
            update(delivery)
            .where(delivery.c.delivery_id == delivery_id, delivery.c.state == "sending")
            .values(state="retry_wait", next_at=now, last_error_code="chat_migrated", last_error_text="")
            .returning(delivery)
        ).one_or_none()
        if row is None:
            raise _not_in_state(tenant)
        connection.execute(
            update(destination)
            .where(destination.c.destination_id == row.destination_id)
            .values(chat_id=new_chat_id, thread_id=None)
        )
        return as_delivery(row)


def send_again(db: Database, tenant: str, delivery_id: str, *, actor: str, clock: Clock) -> Delivery:
    """«Отправить ещё раз»: a person accepts that the part may arrive twice.

    Raises:
        RefusedError: `delivery.wrong_state` unless the part is uncertain or failed.
    """
    now = clock.now()
    fresh = {"state": "pending", "is_resend": True, "attempts": 0, "next_at": now, "started_at": None}
    # A report that a person sends again is wanted now, however old it is.
    return _by_person(
        db,
        tenant,
        delivery_id,
        ("uncertain", "failed"),
        fresh | {"expires_at": now + timedelta(hours=12)},
        "delivery.send_again",
        actor,
        clock,
    )


def accept_as_sent(db: Database, tenant: str, delivery_id: str, *, actor: str, clock: Clock) -> Delivery:
    """«Считать доставленным»: a person has seen the message; the next parts may go.

    Raises:
        RefusedError: `delivery.wrong_state` unless the part is uncertain.
    """
    values = {"state": "sent", "sent_at": clock.now()}
    return _by_person(db, tenant, delivery_id, ("uncertain",), values, "delivery.accepted", actor, clock)


def record_alarms(db: Database, tenant: str, part: Delivery, codes: Sequence[str], clock: Clock) -> None:
    """Keep what was odd about a part that arrived: codes and ids for the installation's people, no text."""
    doc_id = str(part.payload.get("doc_id", ""))
    log.error("delivery %s of document %s: %s", part.delivery_id, doc_id or part.report_id, ", ".join(codes))
    with db.tenant(tenant) as connection:
        record(
            connection,
            at=clock.now(),
            actor="delivery",
            action="delivery.alarm",
            tenant=tenant,
            target=part.delivery_id,
            details={"codes": list(codes), "doc_id": doc_id, "report_id": part.report_id, "part": part.part_no},
        )


def _attempts(db: Database, tenant: str, delivery_id: str) -> int:
    with db.tenant(tenant) as connection:
        found = connection.execute(
            select(delivery.c.attempts).where(delivery.c.delivery_id == delivery_id)
        ).scalar_one_or_none()
    if found is None:
        raise _not_in_state(tenant)
    return found


def _end(db: Database, tenant: str, delivery_id: str, state: str, clock: Clock, code: str, text: str) -> Delivery:
    tries = _attempts(db, tenant, delivery_id) + 1
    return _from_sending(
        db,
        tenant,
        delivery_id,
        state=state,
        attempts=tries,
        next_at=clock.now(),
        last_error_code=code,
        last_error_text=text,
    )


def _from_sending(db: Database, tenant: str, delivery_id: str, **values: object) -> Delivery:
    with db.tenant(tenant) as connection:
        row = connection.execute(
            update(delivery)
            .where(delivery.c.delivery_id == delivery_id, delivery.c.state == "sending")
            .values(**values)
            .returning(delivery)
        ).one_or_none()
    if row is None:
        raise _not_in_state(tenant)
    return as_delivery(row)


def _by_person(
    db: Database,
    tenant: str,
    delivery_id: str,
    states: tuple[str, ...],
    values: Mapping[str, object],
    action: str,
    actor: str,
    clock: Clock,
) -> Delivery:
    with db.tenant(tenant) as connection:
        row = connection.execute(
            update(delivery)
            .where(delivery.c.delivery_id == delivery_id, delivery.c.state.in_(states))
            .values(**values)
            .returning(delivery)
        ).one_or_none()
        if row is None:
            raise _not_in_state(tenant)
        record(connection, at=clock.now(), actor=actor, action=action, tenant=tenant, target=delivery_id)
        return as_delivery(row)


def _not_in_state(tenant: str) -> RefusedError:
    return RefusedError(
        "delivery.wrong_state",
        Sentence("Состояние этой части сообщения уже изменилось.", "This message part has changed its state already."),
        Sentence("Обновите список доставки.", "Reload the list of deliveries."),
        tenant=tenant,
    )
