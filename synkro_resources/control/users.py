"""People, what they may do in which tenant, and their sign-in with lock-out."""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, or_, select, update
from sqlalchemy.dialects import postgresql

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.passwords import hash_password, needs_new_hash, password_fits
from synkro_resources.control.tables import people
from synkro_resources.control.tenants import get_tenant
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.ids import Role

EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
MAX_ATTEMPTS = 5  # wrong passwords in a row; a person who mistypes needs three
LOCK = timedelta(minutes=15)  # 5 guesses per 15 minutes make guessing hopeless and hurt a real person little


@dataclass(frozen=True, slots=True)
class Membership:
    """What one person may do in one tenant; `manager_id` binds a viewer to an amoCRM user."""

    tenant: str
    role: Role
    manager_id: int | None
    can_read_texts: bool


@dataclass(frozen=True, slots=True)
class User:
    """One person; `status` is active or disabled."""

    user_id: str
    email: str
    name: str
    language: str
    status: str


def add_user(
    db: Database,
    *,
    email: str,
    name: str,
    password: str,
    clock: Clock,
    language: str = "ru",
    operator: bool = False,
    actor: str = "operator",
) -> User:
    """Create a person without memberships.

    Raises:
        UserInputError: `user.exists`, `user.bad_email` or `user.weak_password`.
    """
    address = normal_email(email)
    hashed = hash_password(password)
    user = User(uuid.uuid4().hex, address, name, language, "active")
    now = clock.now()
    with db.operator(actor, f"add user {user.user_id}") as connection:
        if _find(connection, address) is not None:
            raise UserInputError(
                "user.exists",
                Sentence(f"Пользователь {address} уже есть.", f"There is a user {address} already."),
                Sentence("Дайте ему роль: `synkro user role`.", "Give the user a role: `synkro user role`."),
            )
        connection.execute(
            people.app_user.insert().values(
                user_id=user.user_id,
                email=address,
                name=name,
                language=language,
                password_hash=hashed,
                status="active",
                created_at=now,
            )
        )
        if operator:
            connection.execute(
                people.platform_role.insert().values(
                    user_id=user.user_id, role="operator", granted_at=now, granted_by=actor
                )
            )
        record(
            connection, at=now, actor=actor, action="user.added", target=user.user_id, details={"operator": operator}
        )
    return user


def find_user(db: Database, email: str) -> User | None:
    """The person with this e-mail, or None."""
    with db.auth() as connection:
        return _find(connection, normal_email(email))


def tenant_users(db: Database, tenant: str) -> list[tuple[User, Membership]]:
    """The people of one tenant with what they may do, by name."""
    member, user = people.membership, people.app_user
    query = (
        select(member, user.c.email, user.c.name, user.c.language, user.c.status)
        .join(user, user.c.user_id == member.c.user_id)
        .order_by(user.c.name)
    )
    with db.tenant(tenant) as connection:
        return [
            (
                User(row.user_id, row.email, row.name, row.language, row.status),
                Membership(row.tenant, Role(row.role), row.manager_id, row.can_read_texts),
            )
            for row in connection.execute(query)
        ]


def set_membership(
    db: Database,
    user_id: str,
    tenant: str,
    role: Role,
    *,
    clock: Clock,
    manager_id: int | None = None,
    can_read_texts: bool | None = None,
    actor: str = "operator",
) -> Membership:
    """Give a person a role in a tenant, or change it. Owners and analysts read texts unless said otherwise.

    Raises:
        UserInputError: `tenant.unknown`.
    """
    get_tenant(db, tenant)
    texts = role in (Role.OWNER, Role.ANALYST) if can_read_texts is None else can_read_texts
    now = clock.now()
    values = {"role": role.value, "manager_id": manager_id, "can_read_texts": texts}
    with db.operator(actor, f"membership of {user_id}", tenant=tenant) as connection:
        connection.execute(
            postgresql.insert(people.membership)
            .values(tenant=tenant, user_id=user_id, created_at=now, **values)
            .on_conflict_do_update(index_elements=["tenant", "user_id"], set_=values)
        )
        record(connection, at=now, actor=actor, action="membership.set", tenant=tenant, target=user_id, details=values)
    return Membership(tenant, role, manager_id, texts)


def remove_membership(db: Database, user_id: str, tenant: str, *, clock: Clock, actor: str = "operator") -> None:
    """Take a person out of a tenant; open sessions lose it at their next look."""
    with db.operator(actor, f"remove membership of {user_id}", tenant=tenant) as connection:
        member = people.membership
        connection.execute(delete(member).where(member.c.tenant == tenant, member.c.user_id == user_id))
        record(connection, at=clock.now(), actor=actor, action="membership.removed", tenant=tenant, target=user_id)


def set_password(db: Database, user_id: str, password: str, *, clock: Clock, actor: str) -> None:
    """Change the password and end all sessions of the person."""
    hashed = hash_password(password)
    now = clock.now()
    with db.operator(actor, f"password of {user_id}") as connection:
        connection.execute(
            update(people.app_user).where(people.app_user.c.user_id == user_id).values(password_hash=hashed)
        )
        record(connection, at=now, actor=actor, action="user.password_set", target=user_id)
    with db.auth() as connection:
        connection.execute(
            update(people.session)
            .where(people.session.c.user_id == user_id, people.session.c.closed_at.is_(None))
            .values(closed_at=now)
        )


def set_user_status(db: Database, user_id: str, status: str, *, clock: Clock, actor: str) -> None:
    """`disabled` closes the door at once: sessions are refused while the person is not active."""
    with db.operator(actor, f"status of {user_id}") as connection:
        connection.execute(update(people.app_user).where(people.app_user.c.user_id == user_id).values(status=status))
        record(connection, at=clock.now(), actor=actor, action=f"user.{status}", target=user_id)


def authenticate(db: Database, email: str, password: str, clock: Clock) -> User | None:
    """The person, or None for a wrong password, an unknown or disabled person, or a locked address.

    The attempt is counted before the password is looked at, so that parallel guesses count, too; addresses that nobody
    has are counted alike, so that a lock tells nothing.
    """
    try:
        address = normal_email(email)
    except UserInputError:
        password_fits(None, password)
        return None
    if not _take_attempt(db, address, clock.now()):
        return None
    with db.auth() as connection:
        row = connection.execute(select(people.app_user).where(people.app_user.c.email == address)).one_or_none()
    fits = password_fits(None if row is None else row.password_hash, password)
    if row is None or not fits or row.status != "active":
        return None
    with db.auth() as connection:
        attempt = people.signin_attempt
        connection.execute(delete(attempt).where(attempt.c.email_hash == _email_hash(address)))
        if needs_new_hash(row.password_hash):
            connection.execute(
                update(people.app_user)
                .where(people.app_user.c.user_id == row.user_id)
                .values(password_hash=hash_password(password))
            )
    return User(row.user_id, row.email, row.name, row.language, row.status)


def locked_until(db: Database, email: str, clock: Clock) -> datetime | None:
    """The UTC instant until which this address is locked, or None."""
    attempt = people.signin_attempt
    with db.auth() as connection:
        until = connection.execute(
            select(attempt.c.locked_until).where(attempt.c.email_hash == _email_hash(email.strip().lower()))
        ).scalar_one_or_none()
    return until if until is not None and until > clock.now() else None


def normal_email(email: str) -> str:
    """The address in the form it is stored: without spaces around, lower case.

    Raises:
        UserInputError: `user.bad_email`.
    """
    address = email.strip().lower()
    if EMAIL.fullmatch(address) is None:
        raise UserInputError(
            "user.bad_email",
            Sentence("Это не адрес электронной почты.", "This is not an e-mail address."),
            Sentence("Пример: name@example.com.", "For example: name@example.com."),
        )
    return address


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


def _email_hash(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()


def _find(connection: Connection, address: str) -> User | None:
    user = people.app_user
    row = connection.execute(
        select(user.c.user_id, user.c.email, user.c.name, user.c.language, user.c.status).where(user.c.email == address)
    ).one_or_none()
    return None if row is None else User(row.user_id, row.email, row.name, row.language, row.status)
