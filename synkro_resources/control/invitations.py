"""Invitations into a tenant by a one-time link: made and taken back by the tenant, accepted by whom they name."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects import postgresql

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.passwords import hash_password
from synkro_resources.control.seats import take_seat
from synkro_resources.control.tables import people
from synkro_resources.control.tokens import new_token, token_hash
from synkro_resources.control.users import Membership, User, normal_email, reads_texts
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import RefusedError, Sentence, UserInputError
from synkro_resources.model.ids import Role

LIFETIME = timedelta(days=7)
LISTED = 100
LONGEST_NAME = 100

State = Literal["open", "accepted", "revoked", "expired"]


@dataclass(frozen=True, slots=True)
class Invitation:
    """One invitation; instants are UTC."""

    tenant: str
    invitation_id: str
    email: str
    role: Role
    manager_id: int | None
    can_read_texts: bool
    invited_by: str
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    revoked_at: datetime | None

    def state(self, now: datetime) -> State:
        if self.accepted_at is not None:
            return "accepted"
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at <= now else "open"


def invite(
    db: Database,
    tenant: str,
    email: str,
    role: Role,
    *,
    clock: Clock,
    actor: str,
    manager_id: int | None = None,
    can_read_texts: bool | None = None,
) -> tuple[Invitation, str]:
    """Invite somebody; returns the token of the link, which exists nowhere else. Older links to the address end.

    Raises:
        UserInputError: `user.bad_email`. RefusedError: `invitation.is_member` or `plan.users`.
    """
    address = normal_email(email)
    now, token = clock.now(), new_token()
    invited = Invitation(
        tenant=tenant,
        invitation_id=uuid.uuid4().hex,
        email=address,
        role=role,
        manager_id=manager_id if role is Role.VIEWER else None,
        can_read_texts=reads_texts(role, can_read_texts),
        invited_by=actor,
        created_at=now,
        expires_at=now + LIFETIME,
        accepted_at=None,
        revoked_at=None,
    )
    table, user = people.invitation, people.app_user
    with db.tenant(tenant) as connection:
        # Of people the tenant's role sees its own members only.
        if connection.execute(select(user.c.user_id).where(user.c.email == address)).first() is not None:
            raise _is_member(tenant)
        connection.execute(
            update(table)
            .where(table.c.email == address, table.c.accepted_at.is_(None), table.c.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        take_seat(connection, tenant, invited_at=now)
        connection.execute(table.insert().values(**asdict(invited), token_hash=token_hash(token)))
        record(
            connection,
            at=now,
            actor=actor,
            action="invitation.created",
            tenant=tenant,
            target=invited.invitation_id,
            details={"role": role.value, "manager_id": invited.manager_id, "can_read_texts": invited.can_read_texts},
        )
    return invited, token


def invitations(db: Database, tenant: str) -> list[Invitation]:
    """The newest invitations, newest first, those that are over, too."""
    table = people.invitation
    with db.tenant(tenant) as connection:
        rows = connection.execute(select(table).order_by(table.c.created_at.desc()).limit(LISTED))
        return [_invitation(row) for row in rows]


def revoke(db: Database, tenant: str, invitation_id: str, *, clock: Clock, actor: str, by_owner: bool = True) -> None:
    """Take an open invitation back. `by_owner`: whether the actor may decide about owners.

    Raises:
        RefusedError: `invitation.not_open` or `team.only_owner`.
    """
    table, now = people.invitation, clock.now()
    with db.tenant(tenant) as connection:
        row = connection.execute(
            select(table).where(table.c.invitation_id == invitation_id).with_for_update()
        ).one_or_none()
        if row is None or _invitation(row).state(now) != "open":
            raise _not_open(tenant)
        if row.role == Role.OWNER and not by_owner:
            raise only_owner(tenant)
        connection.execute(update(table).where(table.c.invitation_id == invitation_id).values(revoked_at=now))
        record(connection, at=now, actor=actor, action="invitation.revoked", tenant=tenant, target=invitation_id)


def find_invitation(db: Database, token: str, clock: Clock) -> Invitation | None:
    """The open invitation of a link."""
    with db.auth() as connection:
        return _open(connection, token, clock.now())


def accept_as_new(
    db: Database, token: str, *, name: str, password: str, language: str, clock: Clock
) -> tuple[User, str]:
    """Make the invited person and the membership, both or neither; also returns the tenant.

    Raises:
        UserInputError: `user.weak_password`, `user.exists` or `user.no_name`.
        RefusedError: `invitation.not_open` or `plan.users`.
    """
    called = checked_name(name)
    hashed = hash_password(password)
    now = clock.now()
    with db.auth() as connection:
        invited = _open(connection, token, now, lock=True)
        if invited is None:
            raise _not_open(None)
        user = User(uuid.uuid4().hex, invited.email, called, language, "active")
        added = connection.execute(
            postgresql.insert(people.app_user)
            .values(
                user_id=user.user_id,
                email=user.email,
                name=user.name,
                language=language,
                password_hash=hashed,
                status="active",
                created_at=now,
            )
            .on_conflict_do_nothing(index_elements=["email"])
            .returning(people.app_user.c.user_id)
        ).first()
        if added is None:
            raise UserInputError(
                "user.exists",
                Sentence("С этой почтой уже есть учётная запись.", "There is an account with this e-mail already."),
                Sentence("Войдите в неё и откройте ссылку снова.", "Sign in to it and open the link again."),
            )
        _join(connection, invited, user.user_id, now)
    return user, invited.tenant


def accept(db: Database, token: str, user_id: str, email: str, clock: Clock) -> Membership:
    """Make the signed-in person, whose address is `email`, a member. Nobody's present role is changed by a link.

    Raises:
        RefusedError: `invitation.not_open`, `invitation.other_person`, `invitation.is_member` or `plan.users`.
    """
    now = clock.now()
    with db.auth() as connection:
        invited = _open(connection, token, now, lock=True)
        if invited is None:
            raise _not_open(None)
        if invited.email != email:
            raise RefusedError(
                "invitation.other_person",
                Sentence("Приглашение выписано на другую почту.", "The invitation is for another e-mail address."),
                Sentence("Выйдите и войдите под той почтой.", "Sign out, and sign in with that address."),
            )
        return _join(connection, invited, user_id, now)


def checked_name(name: str) -> str:
    """A person's name without spaces around.

    Raises:
        UserInputError: `user.no_name`.
    """
    called = " ".join(name.split())
    if not 1 <= len(called) <= LONGEST_NAME:
        raise UserInputError(
            "user.no_name",
            Sentence("Имя пустое или слишком длинное.", "The name is empty or too long."),
            Sentence(f"Нужно от 1 до {LONGEST_NAME} знаков.", f"Use 1 to {LONGEST_NAME} characters."),
        )
    return called


def only_owner(tenant: str) -> RefusedError:
    """Raised where an administrator decides about owners."""
    return RefusedError(
        "team.only_owner",
        Sentence("О владельцах решает только владелец.", "Only an owner decides about owners."),
        Sentence("Попросите владельца.", "Ask an owner."),
        tenant=tenant,
    )


def _join(connection: Connection, invited: Invitation, user_id: str, now: datetime) -> Membership:
    member, table = people.membership, people.invitation
    is_there = select(member.c.user_id).where(member.c.tenant == invited.tenant, member.c.user_id == user_id)
    if connection.execute(is_there).first() is None:
        take_seat(connection, invited.tenant)
    joined = connection.execute(
        postgresql.insert(member)
        .values(
            tenant=invited.tenant,
            user_id=user_id,
            role=invited.role.value,
            manager_id=invited.manager_id,
            can_read_texts=invited.can_read_texts,
            created_at=now,
        )
        .on_conflict_do_nothing()
        .returning(member.c.user_id)
    ).first()
    if joined is None:
        raise _is_member(invited.tenant)
    connection.execute(
        update(table)
        .where(table.c.tenant == invited.tenant, table.c.invitation_id == invited.invitation_id)
        .values(accepted_at=now)
    )
    record(
        connection,
        at=now,
        actor=f"user:{user_id}",
        action="invitation.accepted",
        tenant=invited.tenant,
        target=invited.invitation_id,
        details={"role": invited.role.value},
    )
    return Membership(invited.tenant, invited.role, invited.manager_id, invited.can_read_texts)


def _open(connection: Connection, token: str, now: datetime, *, lock: bool = False) -> Invitation | None:
    table = people.invitation
    query = select(table).where(table.c.token_hash == token_hash(token))
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    found = None if row is None else _invitation(row)
    return found if found is not None and found.state(now) == "open" else None


def _invitation(row: Row[tuple[object, ...]]) -> Invitation:
    return Invitation(
        tenant=row.tenant,
        invitation_id=row.invitation_id,
        email=row.email,
        role=Role(row.role),
        manager_id=row.manager_id,
        can_read_texts=row.can_read_texts,
        invited_by=row.invited_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        accepted_at=row.accepted_at,
        revoked_at=row.revoked_at,
    )


def _not_open(tenant: str | None) -> RefusedError:
    return RefusedError(
        "invitation.not_open",
        Sentence("Приглашение больше не действует.", "The invitation no longer works."),
        Sentence("Попросите новое.", "Ask for a new one."),
        tenant=tenant,
    )


def _is_member(tenant: str) -> RefusedError:
    return RefusedError(
        "invitation.is_member",
        Sentence("Этот человек уже в команде.", "This person is in the team already."),
        Sentence("Измените его роль на странице «Команда».", "Change the role on the page of the team."),
        tenant=tenant,
    )
