"""Incidents that people are told of: raised once, told at most once a day, and over when what failed works again."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, insert, or_, select, text, update

from synkro_resources.control.database import Database
from synkro_resources.control.tables.delivery import delivery
from synkro_resources.control.tables.notices import notice
from synkro_resources.model.errors import Sentence

Audience = Literal["admins", "readers"]
NoticeKind = Literal[
    "integration_broken",
    "request_failed",
    "delivery_uncertain",
    "delivery_failed",
    "data_old",
    "ai_budget",
    "report_late",
    "report_missing",
    "dispute_waiting",
    "plan_limit",
    "support_visit",
    "trial_ends",
]
AGAIN_AFTER = timedelta(hours=24)
"""What fails, works and fails again is one incident; one that lasts is told again."""
TOLD_WITHIN = timedelta(hours=48)
"""What nobody could be told of for so long (no chat, no bot) stays in the cabinet and is no news any more."""
REMINDED: tuple[NoticeKind, ...] = ("integration_broken", "data_old")
ANNOUNCED: tuple[NoticeKind, ...] = ("integration_broken", "request_failed", "data_old")
"""Kinds whose end is told; the others end by somebody's own hand, or with the report itself."""
_NOTHING = Sentence("", "")


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that fails now. `kind`, `subject` and `code` make it one incident.

    `subject`: the integration, source, report id or part; `step`: the asset; `page`: the path in the cabinet where it
    is mended. Sentences carry no text of clients and no secrets.
    """

    audience: Audience
    kind: NoticeKind
    subject: str
    code: str
    what: Sentence
    remedy: Sentence = _NOTHING
    step: str = ""
    page: str = "/"


@dataclass(frozen=True, slots=True)
class Notice:
    """One incident; instants are UTC. `times_told` counts reminders, too."""

    notice_id: str
    failure: Failure
    raised_at: datetime
    told_at: datetime | None
    times_told: int
    recovered_at: datetime | None
    recovery_told_at: datetime | None


def take_turns(connection: Connection, tenant: str) -> None:
    """Let one transaction at a time change or tell the tenant's notices."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"notice:{tenant}"})


def raise_notice(connection: Connection, tenant: str, failure: Failure, now: datetime) -> str:
    """Note a failure in the caller's transaction and return the incident's id; the sensor tells it.

    An incident that is open, or was raised or told within `AGAIN_AFTER`, goes on instead of a new one.
    """
    take_turns(connection, tenant)
    words = {
        "step": failure.step,
        "what_ru": failure.what.ru,
        "what_en": failure.what.en,
        "remedy_ru": failure.remedy.ru,
        "remedy_en": failure.remedy.en,
        "page": failure.page,
    }
    lately = func.coalesce(notice.c.told_at, notice.c.raised_at) > now - AGAIN_AFTER
    known = connection.execute(
        select(notice.c.notice_id)
        .where(
            notice.c.kind == failure.kind,
            notice.c.subject == failure.subject,
            notice.c.code == failure.code,
            or_(notice.c.recovered_at.is_(None), lately),
        )
        .order_by(notice.c.raised_at.desc())
        .limit(1)
    ).scalar_one_or_none()
    if known is not None:
        connection.execute(
            update(notice).where(notice.c.notice_id == known).values(recovered_at=None, recovery_told_at=None, **words)
        )
        return known
    notice_id = uuid.uuid4().hex
    connection.execute(
        insert(notice).values(
            tenant=tenant,
            notice_id=notice_id,
            audience=failure.audience,
            kind=failure.kind,
            subject=failure.subject,
            code=failure.code,
            raised_at=now,
            times_told=0,
            **words,
        )
    )
    return notice_id


def settle(
    connection: Connection,
    tenant: str,
    *,
    kinds: Collection[NoticeKind],
    failing: Sequence[Failure],
    works: Collection[tuple[NoticeKind, str]],
    now: datetime,
) -> None:
    """Bring the incidents of `kinds` in line with what fails now; the rest of them is over.

    `works`: kind and subject of what has been seen to work since. Only that is announced; what merely is not found
    failing any more ends without a word.
    """
    take_turns(connection, tenant)
    for failure in failing:
        raise_notice(connection, tenant, failure, now)
    present = {(failure.kind, failure.subject, failure.code) for failure in failing}
    is_open = and_(notice.c.recovered_at.is_(None), notice.c.kind.in_(kinds))
    for row in connection.execute(select(notice).where(is_open)).all():
        if (row.kind, row.subject, row.code) in present:
            continue
        is_news = row.times_told > 0 and row.kind in ANNOUNCED and (row.kind, row.subject) in works
        connection.execute(
            update(notice)
            .where(notice.c.notice_id == row.notice_id)
            .values(recovered_at=now, recovery_told_at=None if is_news else now)
        )


def due_notices(connection: Connection, audience: Audience, now: datetime) -> list[Notice]:
    """Open incidents that are to be told, or told again, oldest first."""
    is_new = and_(notice.c.told_at.is_(None), notice.c.raised_at > now - TOLD_WITHIN)
    is_old = and_(notice.c.kind.in_(REMINDED), notice.c.told_at <= now - AGAIN_AFTER)
    query = (
        select(notice)
        .where(notice.c.audience == audience, notice.c.recovered_at.is_(None), or_(is_new, is_old))
        .order_by(notice.c.raised_at, notice.c.notice_id)
    )
    return [_notice(row) for row in connection.execute(query)]


def due_recoveries(connection: Connection) -> list[Notice]:
    """Incidents that people were told of and whose end they have not heard of."""
    query = (
        select(notice)
        .where(notice.c.recovered_at.is_not(None), notice.c.recovery_told_at.is_(None))
        .order_by(notice.c.recovered_at, notice.c.notice_id)
    )
    return [_notice(row) for row in connection.execute(query)]


def told_since(connection: Connection, audience: Audience, since: datetime) -> int:
    """How many incidents were told at or after `since`."""
    told = connection.scalar(
        select(func.count()).select_from(notice).where(notice.c.audience == audience, notice.c.told_at >= since)
    )
    return told or 0


def mark_told(connection: Connection, item: Notice, now: datetime) -> None:
    """The incident's message is in the outbox, by the same transaction."""
    connection.execute(
        update(notice).where(notice.c.notice_id == item.notice_id).values(told_at=now, times_told=item.times_told + 1)
    )


def mark_recovery_told(connection: Connection, item: Notice, now: datetime) -> None:
    """The news that it works again is in the outbox, by the same transaction."""
    connection.execute(update(notice).where(notice.c.notice_id == item.notice_id).values(recovery_told_at=now))


def open_notices(db: Database, tenant: str, audience: Audience = "admins") -> list[Notice]:
    """What fails now, newest first; for the cabinet."""
    return _open(db, tenant, audience)


def _open(db: Database, tenant: str, audience: Audience, *which: ColumnElement[bool]) -> list[Notice]:
    query = (
        select(notice)
        .where(notice.c.audience == audience, notice.c.recovered_at.is_(None), *which)
        .order_by(notice.c.raised_at.desc(), notice.c.notice_id)
    )
    with db.tenant(tenant) as connection:
        return [_notice(row) for row in connection.execute(query)]


def unheard_notices(db: Database, tenant: str) -> list[Notice]:
    """Open incidents whose message has surely reached no admin: no chat, over the day's number, or not delivered."""
    arrived = exists().where(
        delivery.c.report_id == func.concat("notice:", notice.c.notice_id), delivery.c.state.in_(("sent", "uncertain"))
    )
    return _open(db, tenant, "admins", ~arrived)


def _notice(row: Row[tuple[object, ...]]) -> Notice:
    failure = Failure(
        audience=row.audience,
        kind=row.kind,
        subject=row.subject,
        code=row.code,
        what=Sentence(row.what_ru, row.what_en),
        remedy=Sentence(row.remedy_ru, row.remedy_en),
        step=row.step,
        page=row.page,
    )
    return Notice(
        notice_id=row.notice_id,
        failure=failure,
        raised_at=row.raised_at,
        told_at=row.told_at,
        times_told=row.times_told,
        recovered_at=row.recovered_at,
        recovery_told_at=row.recovery_told_at,
    )
