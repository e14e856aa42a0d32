"""Signing in: the password, then the code where a person has a second factor; both count towards the lock-out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, delete, or_, select, update
from sqlalchemy.dialects import postgresql

from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.passwords import hash_password, needs_new_hash, password_fits
from synkro_resources.control.second_factors import has_factor, spend_code
from synkro_resources.control.tables import people
from synkro_resources.control.tokens import new_token, token_hash
from synkro_resources.control.users import User, normal_email
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import UserInputError

MAX_ATTEMPTS = 5  # wrong passwords or codes in a row; a person who mistypes needs three
LOCK = timedelta(minutes=15)  # 5 guesses per 15 minutes make guessing hopeless and hurt a real person little
CHALLENGE_LIFETIME = timedelta(minutes=10)  # to find the phone


@dataclass(frozen=True, slots=True)
class SignIn:
    """A person whose password was right; `challenge` is the token to answer with a code, None if none is needed."""

    user: User
    challenge: str | None


def sign_in(db: Database, email: str, password: str, clock: Clock) -> SignIn | None:
    """The first form. None for a wrong password, an unknown or disabled person, or a locked address."""
    row = _with_right_password(db, email, password, clock)
    if row is None:
        return None
    user = _user(row)
    with db.auth() as connection:
        if not has_factor(connection, user.user_id):
            forget_attempts(connection, user.email)
            return SignIn(user, None)
        # Mistakes are not forgotten yet: who knows the password must not win new guesses of codes with it.
        now, token = clock.now(), new_token()
        challenge = people.signin_challenge
        connection.execute(delete(challenge).where(challenge.c.expires_at <= now))
        connection.execute(
            challenge.insert().values(
                token_hash=token_hash(token), user_id=user.user_id, expires_at=now + CHALLENGE_LIFETIME
            )
        )
    return SignIn(user, token)


def answer_challenge(db: Database, keyring: Keyring, token: str, code: str, clock: Clock) -> User | None:
    """The second form: a code of the app or a recovery code.

    None for a wrong or spent code, a locked address, or a challenge that is over; see `challenged_email`.
    """
    email = challenged_email(db, token, clock)
    if email is None or not _take_attempt(db, email, clock.now()):
        return None
    challenge, user = people.signin_challenge, people.app_user
    with db.auth() as connection:
        row = connection.execute(
            select(user)
            .join(challenge, challenge.c.user_id == user.c.user_id)
            .where(challenge.c.token_hash == token_hash(token), user.c.status == "active")
            .with_for_update(of=challenge)
        ).one_or_none()
        if row is None or not spend_code(connection, keyring, row.user_id, code, clock.now()):
            return None
        connection.execute(delete(challenge).where(challenge.c.token_hash == token_hash(token)))
        forget_attempts(connection, row.email)
    return _user(row)


def challenged_email(db: Database, token: str, clock: Clock) -> str | None:
    """Whose code is awaited; None once the challenge is over."""
    challenge, user = people.signin_challenge, people.app_user
    with db.auth() as connection:
        return connection.execute(
            select(user.c.email)
            .join(challenge, challenge.c.user_id == user.c.user_id)
            .where(challenge.c.token_hash == token_hash(token), challenge.c.expires_at > clock.now())
        ).scalar_one_or_none()


def authenticate(db: Database, email: str, password: str, clock: Clock) -> User | None:
    """The person whose password it is, asked again within an open session; None as in `sign_in`.

    The attempt is counted before the password is looked at, so that parallel guesses count, too; addresses that nobody
    has are counted alike, so that a lock tells nothing.
    """
    row = _with_right_password(db, email, password, clock)
    if row is None:
        return None
    with db.auth() as connection:
        forget_attempts(connection, row.email)
    return _user(row)


def locked_until(db: Database, email: str, clock: Clock) -> datetime | None:
    """The UTC instant until which this address is locked, or None."""
    attempt = people.signin_attempt
    with db.auth() as connection:
        until = connection.execute(
            select(attempt.c.locked_until).where(attempt.c.email_hash == _email_hash(email.strip().lower()))
        ).scalar_one_or_none()
    return until if until is not None and until > clock.now() else None


def _with_right_password(db: Database, email: str, password: str, clock: Clock) -> Row[tuple[object, ...]] | None:
    try:
        address = normal_email(email)
    except UserInputError:
        password_fits(None, password)
        return None
    if not _take_attempt(db, address, clock.now()):
        return None
    user = people.app_user
    with db.auth() as connection:
        row = connection.execute(select(user).where(user.c.email == address)).one_or_none()
    fits = password_fits(None if row is None else row.password_hash, password)
    if row is None or not fits or row.status != "active":
        return None
    if needs_new_hash(row.password_hash):
        with db.auth() as connection:
            connection.execute(
                update(user)
                .where(user.c.user_id == row.user_id, user.c.password_hash == row.password_hash)
                .values(password_hash=hash_password(password))
            )
    return row


def _take_attempt(db: Database, address: str, now: datetime) -> bool:
    attempt = people.signin_attempt
    new = postgresql.insert(attempt).values(email_hash=_email_hash(address), attempts=0, window_started_at=now)
    fresh = or_(attempt.c.window_started_at <= now - LOCK, attempt.c.locked_until <= now)
    with db.auth() as connection:
        # The row first, then its lock: parallel attempts are counted one after another, the first ones, too.
        connection.execute(new.on_conflict_do_nothing())
        row = connection.execute(
            select(attempt, fresh.label("is_over"))
            .where(attempt.c.email_hash == _email_hash(address))
            .with_for_update()
        ).one()
        attempts = 1 if row.is_over else row.attempts + 1
        if not row.is_over and row.locked_until is not None:
            return False
        connection.execute(
            update(attempt)
            .where(attempt.c.email_hash == _email_hash(address))
            .values(
                attempts=attempts,
                window_started_at=now if row.is_over else row.window_started_at,
                locked_until=now + LOCK if attempts >= MAX_ATTEMPTS else None,
            )
        )
    return True


def forget_attempts(connection: Connection, address: str) -> None:
    """Begin the count anew, in a `db.auth` transaction."""
    attempt = people.signin_attempt
    connection.execute(delete(attempt).where(attempt.c.email_hash == _email_hash(address)))


def _email_hash(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()


def _user(row: Row[tuple[object, ...]]) -> User:
    return User(row.user_id, row.email, row.name, row.language, row.status)
