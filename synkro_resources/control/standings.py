"""What people's words change: the standing of findings, the overlay that figures read, and the printed agreement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, Text, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from synkro_resources.control.database import Database
from synkro_resources.control.tables.analysis import dispute, feedback, finding
from synkro_resources.model.feedback import LEADS, DisputeState, Sampling, Verdict
from synkro_resources.model.ids import Role
from synkro_resources.rules.feedback import Agreement, DisputeMark, Mark, Standing, agreement, standing
from synkro_resources.rules.metrics.labels import Overlay


def standings(db: Database, tenant: str, finding_ids: Sequence[str]) -> dict[str, Standing]:
    """Where these findings stand; those of which nobody has said anything are left out."""
    with db.tenant(tenant) as connection:
        return read_standings(connection, finding_ids)


def read_standings(connection: Connection, finding_ids: Collection[str]) -> dict[str, Standing]:
    """The same inside the caller's transaction."""
    among = func.any(cast(list(finding_ids), ARRAY(Text)))
    said = (
        select(feedback)
        .where(feedback.c.finding_id == among, feedback.c.replaced_by.is_(None))
        .order_by(feedback.c.created_at, feedback.c.feedback_id)
    )
    raised = select(dispute).where(dispute.c.finding_id == among).order_by(dispute.c.opened_at, dispute.c.dispute_id)
    marks: dict[str, list[Mark]] = {}
    disputes: dict[str, list[DisputeMark]] = {}
    for row in connection.execute(said):
        mark = Mark(Verdict(row.verdict), Role(row.role), row.created_at)
        marks.setdefault(row.finding_id, []).append(mark)
    for row in connection.execute(raised):
        raised_at = DisputeMark(DisputeState(row.state), row.decided_at or row.opened_at)
        disputes.setdefault(row.finding_id, []).append(raised_at)
    return {key: standing(marks.get(key, ()), disputes.get(key, ())) for key in marks.keys() | disputes.keys()}


def read_overlay(connection: Connection, finding_ids: Collection[str]) -> Overlay:
    """What figures leave out of these findings, inside the caller's transaction."""
    found = read_standings(connection, finding_ids)
    return Overlay(
        removed=frozenset(key for key, item in found.items() if item.is_removed),
        disputed=frozenset(key for key, item in found.items() if item.is_disputed),
    )


def random_agreement(
    db: Database, tenant: str, *, start: datetime | None = None, end: datetime | None = None
) -> list[Agreement]:
    """How far people agree with findings that were drawn at random and judged in `[start, end)` (UTC).

    A finding that several people judged counts once: by its lead, among equals by the newest.
    """
    said = feedback.c
    judged = (
        select(finding.c.type, finding.c.code, said.verdict)
        .join(finding, finding.c.finding_id == said.finding_id)
        .where(said.sampling == Sampling.RANDOM, said.replaced_by.is_(None))
        .distinct(said.finding_id)
        .order_by(said.finding_id, said.role.in_(sorted(LEADS)).desc(), said.created_at.desc(), said.feedback_id)
    )
    if start is not None:
        judged = judged.where(said.created_at >= start)
    if end is not None:
        judged = judged.where(said.created_at < end)
    with db.tenant(tenant) as connection:
        return agreement((row.type, row.code, Verdict(row.verdict)) for row in connection.execute(judged))
