"""Findings that chance chooses for a person's eyes: each week some of all, and some of those that are least sure.

Only what was drawn at random says anything about all findings (docs/analysis.md, «What people say»).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Connection, Select, exists, func, insert, literal, select, text

from synkro_resources.control.database import Database
from synkro_resources.control.episode_managers import managers_of_episodes
from synkro_resources.control.labels import StoredFinding
from synkro_resources.control.tables.analysis import (
    episode_analysis,
    episode_analysis_day,
    feedback,
    finding,
    review_draw,
)
from synkro_resources.model.clock import Clock
from synkro_resources.model.feedback import Sampling
from synkro_resources.rules.metrics.labels import DOUBTFUL, OK

PER_WEEK = {Sampling.RANDOM: 12, Sampling.LOW_CONFIDENCE: 6}
"""52 and 26 in a month."""
LISTED_WEEKS = 8
"""What nobody has looked at for so long is not asked for any more."""


@dataclass(frozen=True, slots=True)
class DrawnFinding:
    """A finding that waits for a person. `week`: the Monday of the week in which its dialog went on."""

    finding: StoredFinding
    kind: Sampling
    week: date
    rubric: str | None
    """The checklist's version that gave it."""


def last_full_week(today: date) -> date:
    """The Monday of the newest week that is over."""
    return today - timedelta(days=today.weekday() + 7)


def draw_week(db: Database, tenant: str, week: date, clock: Clock) -> int:
    """Draw the week's findings and keep the draw; returns how many, 0 where it was drawn before.

    Chance is a hash of the finding, so that the same findings make the same draw. Of each episode the answer that the
    week ends with is drawn from, of it what applies. A week without any finding yet is drawn later.
    """
    with db.tenant(tenant) as connection:
        connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"review_draw:{tenant}"}
        )
        if connection.scalar(select(func.count()).select_from(review_draw).where(review_draw.c.week == week)):
            return 0
        drawn = 0
        for kind, most in PER_WEEK.items():
            chosen = list(connection.scalars(_candidates(week, kind).limit(most)))
            rows = [
                {
                    "tenant": tenant,
                    "finding_id": finding_id,
                    "week": week,
                    "kind": kind,
                    "place": place,
                    "drawn_at": clock.now(),
                }
                for place, finding_id in enumerate(chosen, start=1)
            ]
            if rows:
                connection.execute(insert(review_draw), rows)
            drawn += len(rows)
        return drawn


def waiting_findings(db: Database, tenant: str, today: date, *, manager_id: int | None = None) -> list[DrawnFinding]:
    """Drawn findings of the last weeks that nobody has judged when asked to, newest week first.

    `manager_id`: only of that manager's episodes.
    """
    since = last_full_week(today) - timedelta(weeks=LISTED_WEEKS - 1)
    is_judged = exists().where(
        feedback.c.finding_id == finding.c.finding_id,
        feedback.c.replaced_by.is_(None),
        feedback.c.sampling != Sampling.VOLUNTARY,
    )
    query = (
        select(
            review_draw.c.kind,
            review_draw.c.week,
            episode_analysis.c.versions["rubric"].astext,
            finding.c.finding_id,
            finding.c.analysis_key,
            episode_analysis.c.episode_key,
            finding.c.type,
            finding.c.code,
            finding.c.value,
            finding.c.applicability,
            finding.c.message_ids,
            finding.c.quote_message_id,
            finding.c.quote_masked,
            finding.c.detail_masked,
            finding.c.band,
            finding.c.text_version,
            finding.c.start,
            finding.c.end,
        )
        .join(finding, finding.c.finding_id == review_draw.c.finding_id)
        .join(episode_analysis, episode_analysis.c.analysis_key == finding.c.analysis_key)
        .where(review_draw.c.week >= since, ~is_judged)
        .order_by(review_draw.c.week.desc(), review_draw.c.kind.desc(), review_draw.c.place)
    )
    with db.tenant(tenant) as connection:
        found = [
            DrawnFinding(StoredFinding(*row[3:]), Sampling(row[0]), row[1], row[2]) for row in connection.execute(query)
        ]
        return found if manager_id is None else _of_manager(connection, found, manager_id)


def _of_manager(connection: Connection, found: Sequence[DrawnFinding], manager_id: int) -> list[DrawnFinding]:
    managers = managers_of_episodes(connection, [item.finding.episode_key for item in found])
    return [item for item in found if managers.get(item.finding.episode_key) == manager_id]


def _candidates(week: date, kind: Sampling) -> Select[tuple[str]]:
    link = episode_analysis_day.c
    newest = (
        select(link.episode_key, link.analysis_key)
        .where(link.day >= week, link.day < week + timedelta(days=7))
        .distinct(link.episode_key)
        .order_by(link.episode_key, link.day.desc())
        .subquery()
    )
    return (
        select(finding.c.finding_id)
        .join(newest, newest.c.analysis_key == finding.c.analysis_key)
        .join(episode_analysis, episode_analysis.c.analysis_key == finding.c.analysis_key)
        .where(
            episode_analysis.c.episode_key == newest.c.episode_key,
            episode_analysis.c.status == OK,
            finding.c.applicability == "applicable",
            *([finding.c.band == DOUBTFUL] if kind is Sampling.LOW_CONFIDENCE else []),
            ~exists().where(review_draw.c.finding_id == finding.c.finding_id),
        )
        .order_by(_chance(week), finding.c.finding_id)
    )


def _chance(week: date) -> ColumnElement[str]:
    return func.md5(literal(f"{week.isoformat()}|") + finding.c.finding_id)
