"""Incidents of a tenant from their beginning to their end, and what its admins have been told of them.

An incident is known by its name («integration:amocrm:token_refused»): while it lasts it is told once, however often
somebody looks, and once more when it is over. What is true now is derived elsewhere; here it only becomes history.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.dialects import postgresql

from synkro_resources.control.database import Database
from synkro_resources.control.tables.delivery import notice
from synkro_resources.model.errors import Sentence


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that somebody of the tenant should know or mend. `page`: of the cabinet, where it is mended."""

    name: str
    what: Sentence
    remedy: Sentence
    page: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """One incident. `told_at`, `end_told_at`: when its beginning and its end went to the outbox."""

    notice_id: str
    incident: Incident
    began_at: datetime
    told_at: datetime | None
    ended_at: datetime | None
    end_told_at: datetime | None

    @property
    def is_over(self) -> bool:
        return self.ended_at is not None


def follow_incidents(db: Database, tenant: str, present: Sequence[Incident], now: datetime) -> None:
    """Begin those that are new, end those that are no longer there; the others go on untouched."""
    names = [incident.name for incident in present]
    with db.tenant(tenant) as connection:
        connection.execute(
            update(notice).where(notice.c.ended_at.is_(None), notice.c.incident.not_in(names)).values(ended_at=now)
        )
        if present:
            rows = [_row(tenant, incident, now) for incident in present]
            connection.execute(postgresql.insert(notice).on_conflict_do_nothing(), rows)


def untold(db: Database, tenant: str) -> list[Notice]:
    """What has not been told: beginnings, oldest first, then ends of what was told.

    What was over before anybody could be told of it is never told.
    """
    beginning = notice.c.told_at.is_(None) & notice.c.ended_at.is_(None)
    end = notice.c.told_at.is_not(None) & notice.c.ended_at.is_not(None) & notice.c.end_told_at.is_(None)
    query = (
        select(notice)
        .where(or_(beginning, end))
        .order_by(notice.c.ended_at.is_not(None), notice.c.began_at, notice.c.notice_id)
    )
    with db.tenant(tenant) as connection:
        return [_notice(row) for row in connection.execute(query).all()]


def told_since(db: Database, tenant: str, since: datetime) -> int:
    """Messages that went out since an instant; the end of an incident counts as one of its own."""
    query = select(
        func.count().filter(notice.c.told_at >= since), func.count().filter(notice.c.end_told_at >= since)
    ).select_from(notice)
    with db.tenant(tenant) as connection:
        begun, ended = connection.execute(query).one()
    return begun + ended


def mark_told(db: Database, tenant: str, told: Notice, now: datetime) -> None:
    """Said once its parts lie in the outbox, which never sends a part twice: a crash before this repeats nothing."""
    column = notice.c.end_told_at if told.is_over else notice.c.told_at
    with db.tenant(tenant) as connection:
        connection.execute(update(notice).where(notice.c.notice_id == told.notice_id).values({column: now}))


def _row(tenant: str, incident: Incident, now: datetime) -> dict[str, object]:
    identity = hashlib.sha256(f"{incident.name}|{now.isoformat()}".encode()).hexdigest()[:32]
    return {
        "tenant": tenant,
        "notice_id": identity,
        "incident": incident.name,
        "what_ru": incident.what.ru,
        "what_en": incident.what.en,
        "remedy_ru": incident.remedy.ru,
        "remedy_en": incident.remedy.en,
        "page": incident.page,
        "began_at": now,
    }


def _notice(row: Row[tuple[object, ...]]) -> Notice:
    incident = Incident(
        row.incident, Sentence(row.what_ru, row.what_en), Sentence(row.remedy_ru, row.remedy_en), row.page
    )
    return Notice(row.notice_id, incident, row.began_at, row.told_at, row.ended_at, row.end_told_at)
