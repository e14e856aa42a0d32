"""New passwords: set by an operator, changed by their owner, or chosen by whoever holds a one-time link.

Whatever the way: the person's other sessions end, and links and half-finished sign-ins that were under way are void.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, delete, select, update

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.passwords import hash_password
from synkro_resources.control.personal_audit import record_of_person
from synkro_resources.control.sessions import close_sessions_of
from synkro_resources.control.signin import authenticate, forget_attempts, locked_until
from synkro_resources.control.tables import people
from synkro_resources.control.tokens import new_token, token_hash
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import RefusedError, Sentence, UserInputError

LINK_LIFETIME = timedelta(hours=1)
KEPT_AFTER_EXPIRY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ResetLink:
    """A link for a new password that still works; `tenant`: whose administrators made it, None for an operator."""

    user_id: str
    email: str
    tenant: str | None


def set_password(db: Database, user_id: str, password: str, *, clock: Clock, actor: str) -> None:
    """Set the password as an operator.

    Raises:
        UserInputError: `user.weak_password`.
    """
    hashed = hash_password(password)
    now = clock.now()
    with db.operator(actor, f"password of {user_id}") as connection:
        record(connection, at=now, actor=actor, action="user.password_set", target=user_id)
    with db.auth() as connection:
        _store(connection, user_id, hashed, now)


def change_password(db: Database, user_id: str, email: str, old: str, new: str, *, keep_sid: str, clock: Clock) -> None:
    """Change the own password; the session `keep_sid` goes on.

    Raises:
        UserInputError: `user.wrong_password` or `user.weak_password`. RefusedError: `user.locked`.
    """
    confirm_password(db, email, old, clock)
    hashed = hash_password(new)
    now = clock.now()
    with db.auth() as connection:
        _store(connection, user_id, hashed, now, keep_sid=keep_sid)
        record_of_person(connection, user_id, "user.password_changed", at=now)


def confirm_password(db: Database, email: str, password: str, clock: Clock) -> None:
    """Ask for the password again; wrong ones count towards the lock-out.

    Raises:
        UserInputError: `user.wrong_password`. RefusedError: `user.locked`.
    """
    if authenticate(db, email, password, clock) is not None:
        return
    if locked_until(db, email, clock) is not None:
        raise RefusedError(
            "user.locked",
            Sentence("Слишком много попыток.", "Too many attempts."),
            Sentence("Попробуйте через 15 минут.", "Try again in 15 minutes."),
        )
    raise UserInputError(
        "user.wrong_password",
        Sentence("Нынешний пароль не подходит.", "The present password does not fit."),
        Sentence("Введите его ещё раз.", "Enter it again."),
    )


def make_reset(db: Database, user_id: str, *, clock: Clock, actor: str, tenant: str | None = None) -> str:
    """The token of a one-time link for a new password; older links of this person stop working.

    With `tenant`, its administrators ask, and the person may belong to no other tenant and may be no operator.

    Raises:
        RefusedError: `reset.other_tenants`.
    """
    reset, now, token = people.password_reset, clock.now(), new_token()
    with db.auth() as connection:
        if tenant is not None:
            refuse_if_known_elsewhere(connection, user_id, tenant)
        connection.execute(delete(reset).where(reset.c.expires_at < now - KEPT_AFTER_EXPIRY))
        _void_links(connection, user_id, now)
        connection.execute(
            reset.insert().values(
                token_hash=token_hash(token),
                user_id=user_id,
                tenant=tenant,
                created_by=actor,
                created_at=now,
                expires_at=now + LINK_LIFETIME,
            )
        )
        record_of_person(connection, user_id, "user.reset_link_made", at=now, actor=actor)
    return token


def find_reset(db: Database, token: str, clock: Clock) -> ResetLink | None:
    """What a link is for; None if it is unknown, used, void or expired, or the person is disabled."""
    with db.auth() as connection:
        row = _link(connection, token, clock.now())
    return None if row is None else ResetLink(row.user_id, row.email, row.tenant)


def use_reset(db: Database, token: str, password: str, clock: Clock) -> ResetLink:
    """Set the new password by a link. Also lifts a lock of the address, but not the second factor.

    Raises:
        UserInputError: `user.weak_password`. RefusedError: `reset.not_open` or `reset.other_tenants`.
    """
    hashed = hash_password(password)
    now = clock.now()
    with db.auth() as connection:
        row = _link(connection, token, now, lock=True)
        if row is None:
            raise RefusedError(
                "reset.not_open",
                Sentence("Ссылка больше не действует.", "The link no longer works."),
                Sentence("Попросите новую.", "Ask for a new one."),
            )
        if row.tenant is not None:  # the person may have joined another company since
            refuse_if_known_elsewhere(connection, row.user_id, row.tenant)
        _store(connection, row.user_id, hashed, now)
        forget_attempts(connection, row.email)
        record_of_person(connection, row.user_id, "user.password_reset", at=now)
    return ResetLink(row.user_id, row.email, row.tenant)


def refuse_if_known_elsewhere(connection: Connection, user_id: str, tenant: str) -> None:
    """In a `db.auth` transaction: one company's administrators must not open a person's way into another one.

    Raises:
        RefusedError: `reset.other_tenants`.
    """
    member, role = people.membership, people.platform_role
    elsewhere = connection.execute(
        select(member.c.tenant).where(member.c.user_id == user_id, member.c.tenant != tenant).limit(1)
    ).first()
    is_operator = connection.execute(select(role.c.role).where(role.c.user_id == user_id).limit(1)).first()
    if elsewhere is not None or is_operator is not None:
        raise RefusedError(
            "reset.other_tenants",
            Sentence(
                "Этот человек работает не только в вашей компании.", "This person belongs to more than your company."
            ),
            Sentence("Обратитесь в поддержку Synkro.", "Ask the support of Synkro."),
            tenant=tenant,
        )


def _store(connection: Connection, user_id: str, hashed: str, now: datetime, *, keep_sid: str | None = None) -> None:
    user, challenge = people.app_user, people.signin_challenge
    connection.execute(update(user).where(user.c.user_id == user_id).values(password_hash=hashed))
    close_sessions_of(connection, user_id, now, keep=keep_sid)
    connection.execute(delete(challenge).where(challenge.c.user_id == user_id))
    _void_links(connection, user_id, now)


def _void_links(connection: Connection, user_id: str, now: datetime) -> None:
    reset = people.password_reset
    connection.execute(update(reset).where(reset.c.user_id == user_id, reset.c.used_at.is_(None)).values(used_at=now))


def _link(connection: Connection, token: str, now: datetime, *, lock: bool = False) -> Row[tuple[object, ...]] | None:
    reset, user = people.password_reset, people.app_user
    query = (
        select(reset, user.c.email)
        .join(user, user.c.user_id == reset.c.user_id)
        .where(
            reset.c.token_hash == token_hash(token),
            reset.c.used_at.is_(None),
            reset.c.expires_at > now,
            user.c.status == "active",
        )
    )
    return connection.execute(query.with_for_update(of=reset) if lock else query).one_or_none()
