"""Sessions of the cabinet: a random token in the browser, only its hash here, looked up on every rerun."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, exists, func, select, update

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.support import visited_by
from synkro_resources.control.tables import people
from synkro_resources.control.tokens import new_token, token_hash
from synkro_resources.control.users import Membership
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import RefusedError, Sentence
from synkro_resources.model.ids import Role

LIFETIME = timedelta(days=14)  # people sign in about twice a month, a lost laptop stays open no longer
IDLE_LIMIT = timedelta(days=3)  # a weekend
SEEN_EVERY = timedelta(minutes=5)  # a write per rerun would cost more than the question is worth

MEMBER_FIELDS = ("tenant", "role", "manager_id", "can_read_texts")
CLOSED_CHANNEL = "synkro_session_closed"
"""Where the ids of closed sessions are announced, for the open websockets of all processes."""


@dataclass(frozen=True, slots=True)
class SessionUser:
    """Who is asking: `tenant` is the chosen one of `memberships` (None for a pure operator), `role` the role there."""

    user_id: str
    email: str
    name: str
    language: str
    sid: str
    memberships: tuple[Membership, ...]
    tenant: str | None
    role: Role | None
    is_operator: bool

    @property
    def membership(self) -> Membership | None:
        """The membership in the chosen tenant."""
        return next((item for item in self.memberships if item.tenant == self.tenant), None)


def open_session(
    db: Database,
    user_id: str,
    clock: Clock,
    *,
    tenant: str | None = None,
    address: str = "",
    browser: str = "",
    on_record: bool = False,
) -> str:
    """Open a session and return its token, which exists nowhere else afterwards.

    `on_record`: somebody has signed in; every company of this person finds it in its record.
    """
    token = new_token()
    now = clock.now()
    with db.auth() as connection:
        connection.execute(
            people.session.insert().values(
                sid=uuid.uuid4().hex,
                token_hash=token_hash(token),
                user_id=user_id,
                tenant=tenant,
                address=address,
                browser=browser[:200],
                created_at=now,
                last_seen_at=now,
                expires_at=now + LIFETIME,
            )
        )
        if on_record:
            for company in [item.tenant for item in _memberships(connection, user_id)] or [None]:
                record(
                    connection,
                    at=now,
                    actor=f"user:{user_id}",
                    action="user.signed_in",
                    tenant=company,
                    target=user_id,
                    details={"address": address},
                )
    return token


def find_session(db: Database, token: str, clock: Clock) -> SessionUser | None:
    """Whose session it is; None if it is unknown, closed, expired or idle, or the person is disabled."""
    session, user, member, platform = people.session, people.app_user, people.membership, people.platform_role
    now = clock.now()
    query = (
        select(
            session,
            *(user.c[name] for name in ("email", "name", "language")),
            *(member.c[name].label(f"member_{name}") for name in MEMBER_FIELDS),
            exists().where(platform.c.user_id == session.c.user_id).label("is_operator"),
        )
        .join(user, user.c.user_id == session.c.user_id)
        .outerjoin(member, member.c.user_id == session.c.user_id)
        .where(
            session.c.token_hash == token_hash(token),
            session.c.closed_at.is_(None),
            session.c.expires_at > now,
            session.c.last_seen_at > now - IDLE_LIMIT,
            user.c.status == "active",
        )
        .order_by(member.c.tenant)
    )
    with db.auth() as connection:
        rows = connection.execute(query).all()  # one per membership: every rerun asks this, so that it is one query
        if not rows:
            return None
        row = rows[0]
        if row.last_seen_at <= now - SEEN_EVERY:
            connection.execute(update(session).where(session.c.sid == row.sid).values(last_seen_at=now))
        memberships = tuple(
            Membership(one.member_tenant, Role(one.member_role), one.member_manager_id, one.member_can_read_texts)
            for one in rows
            if one.member_tenant is not None
        )
        if row.is_operator:
            memberships += _visits(connection, row.user_id, memberships, now)
    chosen = next((item for item in memberships if item.tenant == row.tenant), memberships[0] if memberships else None)
    return SessionUser(
        user_id=row.user_id,
        email=row.email,
        name=row.name,
        language=row.language,
        sid=row.sid,
        memberships=memberships,
        tenant=None if chosen is None else chosen.tenant,
        role=None if chosen is None else chosen.role,
        is_operator=row.is_operator,
    )


def choose_tenant(db: Database, sid: str, tenant: str, clock: Clock) -> None:
    """Switch a session to another tenant of the same person, or to one in which this operator works now.

    Raises:
        RefusedError: `session.not_a_member`.
    """
    session, member = people.session, people.membership
    with db.auth() as connection:
        user_id = connection.scalar(select(session.c.user_id).where(session.c.sid == sid)) or ""
        is_member = connection.execute(
            select(member.c.tenant).where(member.c.user_id == user_id, member.c.tenant == tenant)
        ).first()
        if is_member is None and tenant not in visited_by(connection, user_id, clock.now()):
            raise RefusedError(
                "session.not_a_member",
                Sentence("У вас нет доступа к этому кабинету.", "You have no access to this tenant."),
                Sentence("Попросите владельца пригласить вас.", "Ask its owner for an invitation."),
            )
        connection.execute(update(session).where(session.c.sid == sid).values(tenant=tenant))


def set_language(db: Database, user_id: str, language: str) -> None:
    """The language a person reads: ru or en."""
    user = people.app_user
    with db.auth() as connection:
        connection.execute(update(user).where(user.c.user_id == user_id).values(language=language))


def close_session(db: Database, sid: str, clock: Clock) -> None:
    """End one session; its token is dead at once in every process."""
    session = people.session
    with db.auth() as connection:
        _close(connection, clock.now(), session.c.sid == sid)


def close_own_session(db: Database, user_id: str, sid: str, clock: Clock) -> bool:
    """End one session of this person; False if it is not theirs or is over."""
    session = people.session
    with db.auth() as connection:
        return _close(connection, clock.now(), (session.c.sid == sid) & (session.c.user_id == user_id)) > 0


def close_all_sessions(db: Database, user_id: str, clock: Clock) -> int:
    """End all sessions of a person; returns how many there were."""
    with db.auth() as connection:
        return close_sessions_of(connection, user_id, clock.now())


def close_sessions_of(connection: Connection, user_id: str, now: datetime, *, keep: str | None = None) -> int:
    """End a person's sessions but `keep` in the caller's `db.auth` transaction; returns how many there were."""
    session = people.session
    whose = session.c.user_id == user_id
    return _close(connection, now, whose if keep is None else whose & (session.c.sid != keep))


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One of a person's open sessions, as the account page shows it."""

    sid: str
    address: str
    browser: str
    created_at: datetime
    last_seen_at: datetime


def open_sessions(db: Database, user_id: str, clock: Clock) -> list[OpenSession]:
    """The person's open sessions, newest first."""
    session, now = people.session, clock.now()
    query = (
        select(session)
        .where(
            session.c.user_id == user_id,
            session.c.closed_at.is_(None),
            session.c.expires_at > now,
            session.c.last_seen_at > now - IDLE_LIMIT,
        )
        .order_by(session.c.created_at.desc())
    )
    with db.auth() as connection:
        return [
            OpenSession(row.sid, row.address, row.browser, row.created_at, row.last_seen_at)
            for row in connection.execute(query)
        ]


def _memberships(connection: Connection, user_id: str) -> tuple[Membership, ...]:
    member = people.membership
    rows = connection.execute(select(member).where(member.c.user_id == user_id).order_by(member.c.tenant))
    return tuple(Membership(row.tenant, Role(row.role), row.manager_id, row.can_read_texts) for row in rows)


def _visits(
    connection: Connection, user_id: str, memberships: tuple[Membership, ...], now: datetime
) -> tuple[Membership, ...]:
    """The companies in which an operator works now; who becomes a member is one and nothing else."""
    own = {item.tenant for item in memberships}
    return tuple(
        Membership(tenant, Role.ADMIN, None, can_read_texts=reads, is_support=True)
        for tenant, reads in visited_by(connection, user_id, now).items()
        if tenant not in own
    )


def _close(connection: Connection, now: datetime, whose: ColumnElement[bool]) -> int:
    """Close them and tell every web server, which closes their open tabs once this commits."""
    session = people.session
    closed = connection.scalars(
        update(session).where(whose, session.c.closed_at.is_(None)).values(closed_at=now).returning(session.c.sid)
    ).all()
    for sid in closed:
        connection.execute(select(func.pg_notify(CLOSED_CHANNEL, sid)))
    return len(closed)
