"""The tenant's gold set: what people's marks and a lead's decisions say is true of an episode's labels.

It is made anew from what stands in `feedback` and `dispute`, so that a mark that was taken back leaves it, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Row, delete, func, insert, select, text

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.feedback import Dispute, Feedback
from synkro_resources.control.rubrics import asks_as_now
from synkro_resources.control.standings import Said, read_said
from synkro_resources.control.tables.analysis import (
    dispute,
    episode_analysis,
    episode_analysis_day,
    feedback,
    finding,
    gold_item,
)
from synkro_resources.control.tenants import require_active
from synkro_resources.model.clock import Clock
from synkro_resources.model.feedback import LEADS, DisputeState, Reason, Verdict
from synkro_resources.rules.gold import DECIDED, GoldState, truth
from synkro_resources.rules.metrics.labels import OK

OPINIONS = 2
"""So many people who say the same agree; a lead needs nobody beside."""
_RANK = {GoldState.DRAFT: 0, GoldState.AGREED: 1, GoldState.ARBITRATED: 2}


@dataclass(frozen=True, slots=True)
class GoldItem:
    """What one person says is true. `value`: also `not_applicable`, `undetermined`, `none` (docs/analysis.md).

    `refs`: ids of the messages that prove it, empty where none was named; `guideline_version`: of the checklist for
    its items, else of the taxonomy; `analysis_key`: the answer about which it was said.
    """

    episode_key: str
    type: str
    code: str
    annotator: str
    value: str
    refs: Sequence[str]
    guideline_version: str
    state: GoldState
    analysis_key: str


@dataclass(frozen=True, slots=True)
class GoldDialog:
    """The decided items of one episode about the same words. `day`: the newest local day that ends with them."""

    episode_key: str
    content_hash: str
    content_until: datetime
    variant: str
    day: date
    items: tuple[GoldItem, ...]


@dataclass(frozen=True, slots=True)
class _Opinion:
    """An item with what chooses among several of one person: the newest words, then the weight, then the time."""

    item: GoldItem
    until: datetime
    at: datetime

    @property
    def order(self) -> tuple[datetime, int, datetime]:
        return self.until, _RANK[self.item.state], self.at


def gather_gold(db: Database, tenant: str) -> list[GoldItem]:
    """Make the tenant's gold items from what people have said up to now, and return them."""
    with db.tenant(tenant) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"gold:{tenant}"})
        chosen: dict[tuple[str, str, str, str], _Opinion] = {}
        for opinion in _opinions(connection):
            item = opinion.item
            key = (item.episode_key, item.type, item.code, item.annotator)
            if key not in chosen or chosen[key].order < opinion.order:
                chosen[key] = opinion
        items = [chosen[key].item for key in sorted(chosen)]
        connection.execute(delete(gold_item))
        if items:
            connection.execute(insert(gold_item), [{"tenant": tenant, **asdict(item)} for item in items])
    return items


def gold_dialogs(db: Database, tenant: str) -> list[GoldDialog]:
    """The decided items by episode, of each about the newest words that somebody decided about.

    Items of the checklist count only while their question is asked as it was when people answered it.
    """
    asks = asks_as_now(db, tenant)
    with db.tenant(tenant) as connection:
        rows = connection.execute(
            select(gold_item, about.content_hash, about.content_until, about.variant)
            .join(episode_analysis, about.analysis_key == gold_item.c.analysis_key)
            .where(gold_item.c.state.in_(sorted(DECIDED)))
        ).all()
        days = _days(connection)
    found: dict[str, list[Row[tuple[object, ...]]]] = {}
    for row in rows:
        is_asked_so = row.type != "checklist" or asks(row.guideline_version, row.code)
        if is_asked_so and (row.episode_key, row.content_until) in days:
            found.setdefault(row.episode_key, []).append(row)
    return [_dialog(found[key], days) for key in sorted(found)]


def note_export(db: Database, tenant: str, *, dialogs: int, labels: int, actor: str, clock: Clock) -> None:
    """Write down that masked dialogs with what people say of them left the installation."""
    _note(db, tenant, "gold.exported", {"dialogs": dialogs, "labels": labels}, actor, clock)


def note_evaluation(db: Database, tenant: str, told: Mapping[str, object], *, actor: str, clock: Clock) -> None:
    """Write down what was evaluated and what it cost; no text of a dialog belongs into `told`."""
    _note(db, tenant, "gold.evaluated", told, actor, clock)


def check_active(db: Database, tenant: str) -> None:
    """Nothing is asked for a company that is suspended.

    Raises:
        UserInputError: `tenant.unknown`. RefusedError: `tenant.suspended` or `tenant.trial_over`.
    """
    with db.tenant(tenant) as connection:
        require_active(connection, tenant)


about = episode_analysis.c


def _note(db: Database, tenant: str, action: str, told: Mapping[str, object], actor: str, clock: Clock) -> None:
    with db.tenant(tenant) as connection:
        record(connection, at=clock.now(), actor=actor, action=action, tenant=tenant, details=told)


def _opinions(connection: Connection) -> Iterator[_Opinion]:
    """Everything that somebody said of a finding and that tells what is true."""
    judged = select(feedback.c.finding_id).where(feedback.c.replaced_by.is_(None))
    rows = connection.execute(
        select(finding, about.episode_key, about.content_until, about.versions)
        .join(episode_analysis, about.analysis_key == finding.c.analysis_key)
        .where(finding.c.finding_id.in_(judged.union(select(dispute.c.finding_id))), about.status == OK)
    ).all()
    said = read_said(connection, [row.finding_id for row in rows])
    for row in rows:
        words = said.get(row.finding_id)
        if words is not None:
            yield from _of_marks(row, words)
            yield from _of_decision(row, words)


def _of_marks(row: Row[tuple[object, ...]], said: Said) -> Iterator[_Opinion]:
    truths = {mark.user_id: truth(row.type, _told(row), mark.verdict, mark.reason) for mark in said.marks}
    agreed = len(truths) >= OPINIONS and len(set(truths.values())) == 1
    for mark in said.marks:
        value = truths[mark.user_id]
        if value is not None:
            state = _state(mark, said, agreed=agreed)
            yield _Opinion(_gold(row, mark.user_id, value, state), row.content_until, mark.created_at)


def _state(mark: Feedback, said: Said, *, agreed: bool) -> GoldState:
    """What waits for a decision, was decided otherwise, or is said by one alone is a draft."""
    match said.standing.source:
        case "lead":
            newest = max((one for one in said.marks if one.role in LEADS), key=lambda one: one.created_at)
            return GoldState.AGREED if mark is newest else GoldState.DRAFT
        case "others":
            return GoldState.AGREED if agreed else GoldState.DRAFT
        case _:
            return GoldState.DRAFT


def _of_decision(row: Row[tuple[object, ...]], said: Said) -> Iterator[_Opinion]:
    decision = _decision(said.disputes)
    if said.standing.source != "decision" or decision is None or decision.decided_at is None:
        return
    is_wrong = decision.state is DisputeState.ACCEPTED
    reasons = [mark.reason for mark in said.marks if mark.verdict is Verdict.WRONG and mark.reason]
    reason = reasons[-1] if is_wrong and reasons else Reason.NONE
    value = truth(row.type, _told(row), Verdict.WRONG if is_wrong else Verdict.RIGHT, reason)
    if value is not None:
        by = decision.decided_by or ""
        yield _Opinion(_gold(row, by, value, GoldState.ARBITRATED), row.content_until, decision.decided_at)


def _decision(disputes: Sequence[Dispute]) -> Dispute | None:
    """The one by which the finding stands: an accepted one, else the newest that was rejected."""
    ended = [one for one in disputes if one.decided_at is not None]
    return next(
        (one for state in (DisputeState.ACCEPTED, DisputeState.REJECTED) for one in ended[::-1] if one.state is state),
        None,
    )


def _gold(row: Row[tuple[object, ...]], annotator: str, value: str, state: GoldState) -> GoldItem:
    told: Mapping[str, str] = row.versions
    return GoldItem(
        episode_key=row.episode_key,
        type=row.type,
        code=row.code,
        annotator=annotator,
        value=value,
        refs=list(row.message_ids) if value == _told(row) else [],
        guideline_version=told.get("rubric" if row.type == "checklist" else "taxonomy", ""),
        state=state,
        analysis_key=row.analysis_key,
    )


def _told(row: Row[tuple[object, ...]]) -> str:
    return str(row.value if row.applicability == "applicable" else row.applicability)


def _days(connection: Connection) -> dict[tuple[str, datetime], date]:
    """The newest day that stood on an episode's words up to an instant, of episodes with gold items."""
    link = episode_analysis_day.c
    rows = connection.execute(
        select(link.episode_key, about.content_until, func.max(link.day))
        .join(episode_analysis, about.analysis_key == link.analysis_key)
        .where(link.episode_key.in_(select(gold_item.c.episode_key)))
        .group_by(link.episode_key, about.content_until)
    )
    return {(key, until): day for key, until, day in rows}


def _dialog(rows: Sequence[Row[tuple[object, ...]]], days: Mapping[tuple[str, datetime], date]) -> GoldDialog:
    newest = max(rows, key=lambda row: (row.content_until, row.content_hash))
    items: dict[tuple[str, str], GoldItem] = {}
    for row in sorted(rows, key=lambda row: (_RANK[GoldState(row.state)], row.annotator)):
        if row.content_hash == newest.content_hash:
            items[row.type, row.code] = _item(row)
    return GoldDialog(
        newest.episode_key,
        newest.content_hash,
        newest.content_until,
        newest.variant,
        days[newest.episode_key, newest.content_until],
        tuple(items[key] for key in sorted(items)),
    )


def _item(row: Row[tuple[object, ...]]) -> GoldItem:
    return GoldItem(
        row.episode_key,
        row.type,
        row.code,
        row.annotator,
        row.value,
        tuple(row.refs),
        row.guideline_version,
        GoldState(row.state),
        row.analysis_key,
    )
