"""Addresses for reports by e-mail: each is proved by a one-time code that was sent to it, before anything else is.

Only a code's hash is stored. A code works once, for `CODE_LIFETIME`, and bears `ATTEMPTS` wrong guesses; a new one
makes the older ones void (docs/report.md, «E-mail»).
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import EMAIL, PENDING, Destination, as_destination, get_destination
from synkro_resources.control.tables.delivery import destination, email_code
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import RefusedError, Sentence

CODE_LIFETIME = timedelta(hours=1)
"""Servers that do not know a sender yet may let a first mail wait for half an hour."""
ATTEMPTS = 5
CODES_PER_HOUR = 3
"""For one address, which may be somebody's who never asked for anything."""
TENANT_CODES_PER_HOUR = 20
KEPT_FOR = timedelta(days=7)
ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # nothing that looks like something else
LETTERS = 8

Verdict = Literal["confirmed", "not_pending", "no_code", "expired", "void", "wrong"]


@dataclass(frozen=True, slots=True)
class AddressCode:
    """A code as it is mailed, once; `key` names it without telling it. `expires_at` is a UTC instant."""

    destination_id: str
    code: str
    key: str
    expires_at: datetime


def new_code(
    db: Database, tenant: str, address: str, *, actor: str, clock: Clock, for_admins: bool = False
) -> AddressCode:
    """Write the address down as unconfirmed, with a new code. `address`: checked, in lower case.

    Raises:
        RefusedError: `email.already`, `email.too_many_codes`.
    """
    now = clock.now()
    code = "".join(secrets.choice(ALPHABET) for _ in range(LETTERS))
    with db.tenant(tenant) as connection:
        connection.execute(delete(email_code).where(email_code.c.created_at < now - KEPT_FOR))
        row = _destination_of(connection, tenant, address, now, for_admins=for_admins)
        if row.enabled:
            raise RefusedError(
                "email.already",
                Sentence("На этот адрес отчёты уже приходят.", "Reports go to this address already."),
                Sentence("Больше ничего не нужно.", "Nothing else is needed."),
                tenant=tenant,
            )
        _check_pace(connection, tenant, row.destination_id, now)
        connection.execute(
            update(destination)
            .where(destination.c.destination_id == row.destination_id)
            .values(disabled_code=PENDING, for_admins=for_admins or row.for_admins)
        )
        connection.execute(
            update(email_code)
            .where(email_code.c.destination_id == row.destination_id, email_code.c.used_at.is_(None))
            .values(used_at=now)
        )
        key = _hash_of(tenant, row.destination_id, code)
        connection.execute(
            insert(email_code).values(
                tenant=tenant,
                code_hash=key,
                destination_id=row.destination_id,
                created_by=actor,
                created_at=now,
                expires_at=now + CODE_LIFETIME,
                attempts=0,
            )
        )
        record(connection, at=now, actor=actor, action="email.code_created", tenant=tenant, target=row.destination_id)
        return AddressCode(row.destination_id, f"{code[:4]}-{code[4:]}", key, now + CODE_LIFETIME)


def confirm_address(
    db: Database, tenant: str, destination_id: str, code: str, *, actor: str, clock: Clock
) -> Destination:
    """Let reports go to the address whose code this is.

    Raises:
        UserInputError: `delivery.unknown_destination`. RefusedError: `delivery.not_pending`, `email.no_code`,
            `email.code_expired`, `email.code_void`, `email.wrong_code`.
    """
    get_destination(db, tenant, destination_id)
    with db.tenant(tenant) as connection:
        verdict = _judge(connection, tenant, destination_id, code, actor, clock.now())
    if verdict != "confirmed":  # raised after the commit: a wrong guess must count
        raise RefusedError(*_REFUSALS[verdict], tenant=tenant)
    return get_destination(db, tenant, destination_id)


def addresses_of(db: Database, tenant: str) -> list[Destination]:
    """The tenant's addresses, oldest first, whatever their state."""
    query = select(destination).where(destination.c.channel == EMAIL).order_by(destination.c.created_at)
    with db.tenant(tenant) as connection:
        return [as_destination(row) for row in connection.execute(query)]


def _destination_of(
    connection: Connection, tenant: str, address: str, now: datetime, *, for_admins: bool
) -> Row[tuple[object, ...]]:
    connection.execute(
        postgresql.insert(destination)
        .values(
            tenant=tenant,
            destination_id=uuid.uuid4().hex,
            channel=EMAIL,
            chat_id=address,
            title=address,
            is_forum=False,
            enabled=False,
            disabled_code=PENDING,
            for_admins=for_admins,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["tenant", "chat_id"], index_where=sql("channel = 'email'"))
    )
    return connection.execute(
        select(destination).where(destination.c.channel == EMAIL, destination.c.chat_id == address).with_for_update()
    ).one()


def _check_pace(connection: Connection, tenant: str, destination_id: str, now: datetime) -> None:
    recent = email_code.c.created_at > now - timedelta(hours=1)
    here = func.count().filter(email_code.c.destination_id == destination_id)
    everywhere, there = connection.execute(select(func.count(), here).select_from(email_code).where(recent)).one()
    if there >= CODES_PER_HOUR or everywhere >= TENANT_CODES_PER_HOUR:
        raise RefusedError(
            "email.too_many_codes",
            Sentence("Слишком много писем с кодом за час.", "Too many mails with a code within an hour."),
            Sentence("Проверьте папку «Спам» и повторите через час.", "Look into the spam folder, try in an hour."),
            tenant=tenant,
        )


def _judge(connection: Connection, tenant: str, destination_id: str, code: str, actor: str, now: datetime) -> Verdict:
    place = connection.execute(
        select(destination.c.disabled_code, destination.c.channel)
        .where(destination.c.destination_id == destination_id)
        .with_for_update()
    ).one()
    if place.disabled_code != PENDING or place.channel != EMAIL:
        return "not_pending"
    newest = connection.execute(
        select(email_code)
        .where(email_code.c.destination_id == destination_id, email_code.c.used_at.is_(None))
        .order_by(email_code.c.created_at.desc())
        .limit(1)
    ).one_or_none()
    if newest is None:
        return "no_code"
    if newest.expires_at <= now:
        return "expired"
    if newest.attempts >= ATTEMPTS:
        return "void"
    this_code = email_code.c.code_hash == newest.code_hash
    given = _hash_of(tenant, destination_id, "".join(letter for letter in code.upper() if letter in ALPHABET))
    if not secrets.compare_digest(given, newest.code_hash):
        connection.execute(update(email_code).where(this_code).values(attempts=newest.attempts + 1))
        return "wrong"
    connection.execute(update(email_code).where(this_code).values(used_at=now))
    connection.execute(
        update(destination).where(destination.c.destination_id == destination_id).values(enabled=True, disabled_code="")
    )
    record(connection, at=now, actor=actor, action="destination.confirmed", tenant=tenant, target=destination_id)
    return "confirmed"


def _hash_of(tenant: str, destination_id: str, code: str) -> str:
    return hashlib.sha256(f"{tenant}:{destination_id}:{code}".encode()).hexdigest()


_NEW_CODE = Sentence("Отправьте новый код.", "Send a new code.")
_REFUSALS: dict[Verdict, tuple[str, Sentence, Sentence]] = {
    "not_pending": (
        "delivery.not_pending",
        Sentence("Этот адрес не ждёт подтверждения.", "This address does not wait for a confirmation."),
        Sentence("Обновите список получателей.", "Reload the list of destinations."),
    ),
    "no_code": ("email.no_code", Sentence("Код ещё не отправлен.", "No code was sent yet."), _NEW_CODE),
    "expired": ("email.code_expired", Sentence("Код больше не действует.", "The code has expired."), _NEW_CODE),
    "void": (
        "email.code_void",
        Sentence("Слишком много неверных попыток.", "Too many wrong attempts."),
        _NEW_CODE,
    ),
    "wrong": (
        "email.wrong_code",
        Sentence("Код не подходит.", "The code is wrong."),
        Sentence("Введите код из последнего письма.", "Enter the code of the newest mail."),
    ),
}
