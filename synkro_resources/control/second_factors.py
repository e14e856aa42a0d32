"""A person's second factor: the sealed secret of an authenticator app, and recovery codes for a lost phone.

Every code opens once: the step of a used code is kept, so that whoever saw it typed cannot use it again.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from synkro_resources.control import totp
from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.personal_audit import record_of_person
from synkro_resources.control.tables import people
from synkro_resources.control.tokens import token_hash
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import RefusedError, Sentence, UserInputError

PEOPLE, FIELD = "_people", "totp"
"""The secret's place in the associated data; no tenant's slug begins with an underscore."""
RECOVERY_CODES = 10
RECOVERY_BYTES = 10  # 80 bits: a plain hash is enough
NO_STEP = 0
_APP_CODE = re.compile(rf"\d{{{totp.DIGITS}}}")


@dataclass(frozen=True, slots=True)
class Factor:
    """Whether sign-ins ask for a code, since when (UTC), and how many recovery codes are left."""

    since: datetime | None
    codes_left: int


def factor_of(db: Database, user_id: str) -> Factor:
    """The state of a person's factor."""
    factor, code = people.second_factor, people.recovery_code
    with db.auth() as connection:
        since = connection.scalar(select(factor.c.confirmed_at).where(factor.c.user_id == user_id))
        left = connection.scalar(
            select(func.count()).select_from(code).where(code.c.user_id == user_id, code.c.used_at.is_(None))
        )
    return Factor(since, left or 0)


def people_with_factor(db: Database, user_ids: Collection[str]) -> set[str]:
    """Those of the people whose sign-ins ask for a code."""
    factor = people.second_factor
    with db.auth() as connection:
        return {
            *connection.scalars(
                select(factor.c.user_id).where(factor.c.user_id.in_(user_ids), factor.c.confirmed_at.is_not(None))
            )
        }


def begin_factor(db: Database, keyring: Keyring, user_id: str, clock: Clock) -> str:
    """A new secret in base32 to put into an app; sign-ins ask for codes only after `confirm_factor`.

    Raises:
        RefusedError: `factor.on`: there is one already.
    """
    factor = people.second_factor
    secret = totp.new_secret()
    with db.auth() as connection:
        connection.execute(delete(factor).where(factor.c.user_id == user_id, factor.c.confirmed_at.is_(None)))
        if connection.execute(select(factor.c.user_id).where(factor.c.user_id == user_id)).first() is not None:
            raise _is_on()
        connection.execute(
            factor.insert().values(
                user_id=user_id,
                secret=keyring.encrypt(secret, tenant=PEOPLE, integration=user_id, field=FIELD),
                last_step=NO_STEP,
                created_at=clock.now(),
            )
        )
    return secret


def confirm_factor(db: Database, keyring: Keyring, user_id: str, code: str, clock: Clock) -> list[str]:
    """Switch the factor on with a code that the app shows; returns the recovery codes, to be shown once.

    Raises:
        UserInputError: `factor.wrong_code` or `factor.not_begun`. RefusedError: `factor.on`.
    """
    factor, now = people.second_factor, clock.now()
    with db.auth() as connection:
        row = connection.execute(select(factor).where(factor.c.user_id == user_id).with_for_update()).one_or_none()
        if row is None:
            raise UserInputError(
                "factor.not_begun",
                Sentence("Подключение второго фактора не начато.", "The second factor was not begun."),
                Sentence("Начните его заново в профиле.", "Begin it anew in your profile."),
            )
        if row.confirmed_at is not None:
            raise _is_on()
        secret = keyring.decrypt(row.secret, tenant=PEOPLE, integration=user_id, field=FIELD)
        step = totp.matching_step(secret, _digits(code), now, after=row.last_step)
        if step is None:
            raise UserInputError(
                "factor.wrong_code",
                Sentence("Код не подходит.", "The code does not fit."),
                Sentence(
                    "Введите код, который приложение показывает сейчас, и проверьте часы телефона.",
                    "Enter the code that the app shows now, and check the phone's clock.",
                ),
            )
        connection.execute(update(factor).where(factor.c.user_id == user_id).values(confirmed_at=now, last_step=step))
        record_of_person(connection, user_id, "user.factor_on", at=now)
        return _store_new_codes(connection, user_id)


def renew_recovery_codes(db: Database, user_id: str, clock: Clock) -> list[str]:
    """New recovery codes, to be shown once; the old ones stop working. None without a factor."""
    with db.auth() as connection:
        if not has_factor(connection, user_id):
            return []
        record_of_person(connection, user_id, "user.recovery_codes_renewed", at=clock.now())
        return _store_new_codes(connection, user_id)


def remove_factor(db: Database, user_id: str, *, clock: Clock, actor: str) -> bool:
    """Take the factor away, with its recovery codes; False if there was none."""
    factor, recovery = people.second_factor, people.recovery_code
    with db.auth() as connection:
        was_on = connection.execute(
            delete(factor).where(factor.c.user_id == user_id).returning(factor.c.confirmed_at)
        ).scalar_one_or_none()
        connection.execute(delete(recovery).where(recovery.c.user_id == user_id))
        if was_on is None:
            return False
        record_of_person(connection, user_id, "user.factor_off", at=clock.now(), actor=actor)
    return True


def has_factor(connection: Connection, user_id: str) -> bool:
    """Whether sign-ins of this person ask for a code, in a `db.auth` transaction."""
    factor = people.second_factor
    return (
        connection.execute(
            select(factor.c.user_id).where(factor.c.user_id == user_id, factor.c.confirmed_at.is_not(None))
        ).first()
        is not None
    )


def spend_code(connection: Connection, keyring: Keyring, user_id: str, code: str, now: datetime) -> bool:
    """Whether the code opens, in a `db.auth` transaction; it is spent when that commits."""
    factor, recovery = people.second_factor, people.recovery_code
    row = connection.execute(
        select(factor).where(factor.c.user_id == user_id, factor.c.confirmed_at.is_not(None)).with_for_update()
    ).one_or_none()
    if row is None:
        return False
    digits = _digits(code)
    if _APP_CODE.fullmatch(digits):
        secret = keyring.decrypt(row.secret, tenant=PEOPLE, integration=user_id, field=FIELD)
        step = totp.matching_step(secret, digits, now, after=row.last_step)
        if step is None:
            return False
        connection.execute(update(factor).where(factor.c.user_id == user_id).values(last_step=step))
        return True
    spent = connection.execute(
        update(recovery)
        .where(
            recovery.c.user_id == user_id,
            recovery.c.code_hash == token_hash(_letters(code)),
            recovery.c.used_at.is_(None),
        )
        .values(used_at=now)
    ).rowcount
    if spent:
        record_of_person(connection, user_id, "user.recovery_code_used", at=now)
    return bool(spent)


def _store_new_codes(connection: Connection, user_id: str) -> list[str]:
    codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
    recovery = people.recovery_code
    connection.execute(delete(recovery).where(recovery.c.user_id == user_id))
    connection.execute(
        recovery.insert(), [{"user_id": user_id, "code_hash": token_hash(_letters(code))} for code in codes]
    )
    return codes


def _new_recovery_code() -> str:
    """Four groups of four letters and digits."""
    return totp.in_groups(base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower()).replace(" ", "-")


def _digits(code: str) -> str:
    """People copy codes with spaces inside."""
    return "".join(code.split())


def _letters(code: str) -> str:
    return re.sub(r"[^a-z0-9]", "", code.lower())


def _is_on() -> RefusedError:
    return RefusedError(
        "factor.on",
        Sentence("Второй фактор уже включён.", "The second factor is on already."),
        Sentence("Сначала выключите его.", "Switch it off first."),
    )
