"""What people's words change: the standing of findings, the overlay that figures read, and the printed agreement."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Text, cast, exists, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from synkro_resources.control.database import Database
from synkro_resources.control.feedback import Dispute, Feedback, as_dispute, as_feedback
from synkro_resources.control.tables.analysis import dispute, episode_analysis, feedback, finding
from synkro_resources.control.tables.reports import report_package_row
from synkro_resources.model.feedback import LEADS, DisputeState, Sampling, Verdict
from synkro_resources.rules.feedback import (
    UNTOUCHED,
    Agreement,
    DisputeMark,
    Mark,
    Standing,
    agreement,
    standing,
)
from synkro_resources.rules.metrics.labels import Overlay


@dataclass(frozen=True, slots=True)
class Said:
    """All that people say of one finding: live verdicts and disputes, oldest first, and what holds after them."""

    standing: Standing
    marks: tuple[Feedback, ...] = ()
    disputes: tuple[Dispute, ...] = ()

    def mark_of(self, user_id: str) -> Feedback | None:
        """The live verdict of one person."""
        return next((mark for mark in self.marks if mark.user_id == user_id), None)

    @property
    def open_dispute(self) -> Dispute | None:
        return next((item for item in self.disputes if item.state is DisputeState.OPEN), None)


NOTHING_SAID = Said(UNTOUCHED)


def said_of(db: Database, tenant: str, finding_ids: Collection[str]) -> dict[str, Said]:
    """What people say of these findings; those of which nobody has said anything are left out."""
    with db.tenant(tenant) as connection:
        return read_said(connection, finding_ids)


def read_said(connection: Connection, finding_ids: Collection[str]) -> dict[str, Said]:
    """The same inside the caller's transaction."""
    among = func.any(cast(list(finding_ids), ARRAY(Text)))
    live = (
        select(feedback)
        .where(feedback.c.finding_id == among, feedback.c.replaced_by.is_(None))
        .order_by(feedback.c.created_at, feedback.c.feedback_id)
    )
    raised = select(dispute).where(dispute.c.finding_id == among).order_by(dispute.c.opened_at, dispute.c.dispute_id)
    marks: dict[str, list[Feedback]] = {}
    disputes: dict[str, list[Dispute]] = {}
    for row in connection.execute(live):
        marks.setdefault(row.finding_id, []).append(as_feedback(row))
    for row in connection.execute(raised):
        disputes.setdefault(row.finding_id, []).append(as_dispute(row))
    return {key: _said(marks.get(key, []), disputes.get(key, [])) for key in marks.keys() | disputes.keys()}


def _said(marks: Sequence[Feedback], disputes: Sequence[Dispute]) -> Said:
    holds = standing(
        (Mark(mark.verdict, mark.role, mark.created_at) for mark in marks),
        (DisputeMark(item.state, item.decided_at or item.opened_at) for item in disputes),
    )
    return Said(holds, tuple(marks), tuple(disputes))


def read_overlay(connection: Connection, finding_ids: Collection[str]) -> Overlay:
    """What figures leave out of these findings, inside the caller's transaction."""
    found = read_said(connection, finding_ids)
    return Overlay(
        removed=frozenset(key for key, item in found.items() if item.standing.is_removed),
        disputed=frozenset(key for key, item in found.items() if item.standing.is_disputed),
    )


def corrected_since(db: Database, tenant: str, package_id: str, *, manager_id: int | None = None) -> int:
    """How many findings behind a stored package people have taken out since: what was sent keeps its numbers.

    `manager_id`: only behind that manager's rows. A package holds no finding that was out when it was built.
    """
    row = report_package_row.c
    behind = select(func.unnest(row.finding_ids).label("finding_id")).where(row.package_id == package_id).distinct()
    if manager_id is not None:
        behind = behind.where(row.manager_id == manager_id)
    among = behind.subquery().c.finding_id
    touched = select(among).where(
        exists().where(feedback.c.finding_id == among, feedback.c.replaced_by.is_(None))
        | exists().where(dispute.c.finding_id == among)
    )
    with db.tenant(tenant) as connection:
        found = list(connection.scalars(touched))
        return len(read_overlay(connection, found).removed) if found else 0


def random_agreement(
    db: Database,
    tenant: str,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    is_asked_so: Callable[[str, str], bool] = lambda _version, _item: True,
    model: str | None = None,
    of_leads: bool = False,
) -> list[Agreement]:
    """How far people agree with findings that were drawn at random and judged in `[start, end)` (UTC).

    A finding that several people judged counts once: by its lead, among equals by the newest. `is_asked_so`: whether
    an item of a version of the checklist asks what it asks now; marks on another question say nothing of this one.
    `model`: only findings of this model; `of_leads`: only what leads said.
    """
    said = feedback.c
    judged = (
        select(
            finding.c.type, finding.c.code, said.verdict, episode_analysis.c.versions["rubric"].astext.label("rubric")
        )
        .join(finding, finding.c.finding_id == said.finding_id)
        .join(episode_analysis, episode_analysis.c.analysis_key == finding.c.analysis_key)
        .where(said.sampling == Sampling.RANDOM, said.replaced_by.is_(None))
        .distinct(said.finding_id)
        .order_by(said.finding_id, said.role.in_(sorted(LEADS)).desc(), said.created_at.desc(), said.feedback_id)
    )
    if start is not None:
        judged = judged.where(said.created_at >= start)
    if end is not None:
        judged = judged.where(said.created_at < end)
    if of_leads:
        judged = judged.where(said.role.in_(sorted(LEADS)))
    if model is not None:
        judged = judged.where(episode_analysis.c.versions["model"].astext == model)
    with db.tenant(tenant) as connection:
        return agreement(
            (row.type, row.code, Verdict(row.verdict))
            for row in connection.execute(judged)
            if row.type != "checklist" or is_asked_so(row.rubric or "", row.code)
        )
