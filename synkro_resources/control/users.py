"""People, and what they may do in which tenant."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.passwords import hash_password
from synkro_resources.control.seats import take_seat
from synkro_resources.control.tables import people
from synkro_resources.control.tenants import get_tenant
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.ids import Role

EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


@dataclass(frozen=True, slots=True)
class Membership:
    """What one person may do in one tenant; `manager_id` binds a viewer to an amoCRM user.

    `is_support`: no member, but an operator who works here for an hour (`synkro_resources.control.support`).
    """

    tenant: str
    role: Role
    manager_id: int | None
    can_read_texts: bool
    is_support: bool = False


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
        UserInputError: `tenant.unknown`. RefusedError: `plan.users`.
    """
    get_tenant(db, tenant)
    texts = reads_texts(role, can_read_texts)
    now = clock.now()
    values = {"role": role.value, "manager_id": manager_id, "can_read_texts": texts}
    member = people.membership
    is_there = select(member.c.user_id).where(member.c.tenant == tenant, member.c.user_id == user_id)
    with db.operator(actor, f"membership of {user_id}", tenant=tenant) as connection:
        if connection.execute(is_there).first() is None:
            take_seat(connection, tenant)
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


def set_name(db: Database, user_id: str, name: str) -> None:
    """How a person is called."""
    with db.auth() as connection:
        connection.execute(update(people.app_user).where(people.app_user.c.user_id == user_id).values(name=name))


def set_user_status(db: Database, user_id: str, status: str, *, clock: Clock, actor: str) -> None:
    """`disabled` closes the door at once: sessions are refused while the person is not active."""
    with db.operator(actor, f"status of {user_id}") as connection:
        connection.execute(update(people.app_user).where(people.app_user.c.user_id == user_id).values(status=status))
        record(connection, at=clock.now(), actor=actor, action=f"user.{status}", target=user_id)


def reads_texts(role: Role, wanted: bool | None) -> bool:
    """The right to clients' texts: what was said, else that of the role."""
    return role in (Role.OWNER, Role.ANALYST) if wanted is None else wanted


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


def _find(connection: Connection, address: str) -> User | None:
    user = people.app_user
    row = connection.execute(
        select(user.c.user_id, user.c.email, user.c.name, user.c.language, user.c.status).where(user.c.email == address)
    ).one_or_none()
    return None if row is None else User(row.user_id, row.email, row.name, row.language, row.status)
