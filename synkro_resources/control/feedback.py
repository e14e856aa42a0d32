"""People's verdicts on findings and disputes about them; what they change in figures is `control/standings.py`.

Rights are read from the membership inside the same transaction, whatever the channel: a viewer who is bound to a
manager reaches only that manager's episodes, and a finding out of reach looks like a missing one.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, insert, select, update

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.episode_managers import managers_of_episodes
from synkro_resources.control.tables.analysis import dispute, episode_analysis, feedback, finding, review_draw
from synkro_resources.control.tables.people import membership
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import RefusedError, Sentence, UserInputError
from synkro_resources.model.feedback import LEADS, Channel, DisputeState, Reason, Sampling, Verdict
from synkro_resources.model.ids import Role

LONGEST_TEXT = 2_000  # characters of a comment, of a dispute's text or of its decision


@dataclass(frozen=True, slots=True)
class Feedback:
    """One verdict; `role` is what the person was when giving it."""

    feedback_id: str
    finding_id: str
    verdict: Verdict
    reason: Reason
    comment: str
    user_id: str
    role: Role
    channel: Channel
    sampling: Sampling
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Dispute:
    """One dispute; `decided_by` also names who withdrew it."""

    dispute_id: str
    finding_id: str
    opened_by: str
    text: str
    state: DisputeState
    decided_by: str | None
    decision_text: str
    opened_at: datetime
    decided_at: datetime | None


def mark(
    db: Database,
    tenant: str,
    finding_id: str,
    verdict: Verdict,
    *,
    user_id: str,
    clock: Clock,
    reason: Reason = Reason.NONE,
    comment: str = "",
    channel: Channel = Channel.CABINET,
    from_review: bool = False,
) -> Feedback:
    """Say what one person thinks of a finding; it replaces what the person said before, the same again changes nothing.

    `from_review`: the person was asked to judge it. The draw then says how it was chosen, and it stays so when the
    person thinks again; a finding that somebody came to by themselves says nothing about the others, drawn or not.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `feedback.too_long`.
    """
    _check_length(tenant, comment)
    with db.tenant(tenant) as connection:
        role, analysis_key = _reach(connection, tenant, finding_id, user_id)
        live = connection.execute(
            select(feedback).where(
                feedback.c.finding_id == finding_id, feedback.c.user_id == user_id, feedback.c.replaced_by.is_(None)
            )
        ).one_or_none()
        sampling = _draw_of(connection, finding_id) if from_review else Sampling.VOLUNTARY
        if live is not None and sampling is Sampling.VOLUNTARY:
            sampling = Sampling(live.sampling)
        said = {
            "verdict": verdict,
            "reason": reason,
            "comment": comment,
            "role": role,
            "channel": channel,
            "sampling": sampling,
        }
        if live is not None and all(getattr(live, name) == value for name, value in said.items()):
            return as_feedback(live)
        feedback_id, now = uuid.uuid4().hex, clock.now()
        if live is not None:
            connection.execute(
                update(feedback).where(feedback.c.feedback_id == live.feedback_id).values(replaced_by=feedback_id)
            )
        row = connection.execute(
            insert(feedback)
            .values(
                tenant=tenant,
                feedback_id=feedback_id,
                finding_id=finding_id,
                analysis_key=analysis_key,
                user_id=user_id,
                created_at=now,
                **said,
            )
            .returning(feedback)
        ).one()
        record(
            connection,
            at=now,
            actor=f"user:{user_id}",
            action="feedback.given",
            tenant=tenant,
            target=finding_id,
            details={"verdict": verdict, "reason": reason, "sampling": sampling, "role": role},
        )
        return as_feedback(row)


def _draw_of(connection: Connection, finding_id: str) -> Sampling:
    kind = connection.scalar(select(review_draw.c.kind).where(review_draw.c.finding_id == finding_id))
    return Sampling.VOLUNTARY if kind is None else Sampling(kind)


def open_dispute(db: Database, tenant: str, finding_id: str, text: str, *, user_id: str, clock: Clock) -> Dispute:
    """Dispute a finding: a manager on the own episodes, or a lead on any. One at a time, none after an accepted one.

    Raises:
        RefusedError: `rights.not_found` or `dispute.exists`. UserInputError: `feedback.too_long` or `dispute.no_text`.
    """
    _check_length(tenant, text)
    if not text.strip():
        raise UserInputError(
            "dispute.no_text",
            Sentence("Не написано, с чем вы не согласны.", "It is not said what you disagree with."),
            Sentence("Напишите хотя бы одну фразу.", "Write one sentence at least."),
            tenant=tenant,
        )
    with db.tenant(tenant) as connection:
        role, _ = _reach(connection, tenant, finding_id, user_id)
        if role not in LEADS and _bound_to(connection, user_id) is None:
            raise _out_of_reach(tenant)
        standing = connection.execute(
            select(dispute).where(
                dispute.c.finding_id == finding_id, dispute.c.state.in_([DisputeState.OPEN, DisputeState.ACCEPTED])
            )
        ).first()
        if standing is not None:
            raise _already_disputed(tenant)
        now = clock.now()
        row = connection.execute(
            insert(dispute)
            .values(
                tenant=tenant,
                dispute_id=uuid.uuid4().hex,
                finding_id=finding_id,
                opened_by=user_id,
                text=text,
                state=DisputeState.OPEN,
                decision_text="",
                opened_at=now,
            )
            .returning(dispute)
        ).one()
        _record(connection, tenant, row, user_id, "dispute.opened", now)
        return as_dispute(row)


def decide_dispute(
    db: Database, tenant: str, dispute_id: str, *, accept: bool, user_id: str, clock: Clock, text: str = ""
) -> Dispute:
    """A lead's word on an open dispute: accepted, the finding counts no more; rejected, it stands.

    Raises:
        RefusedError: `rights.not_found` or `dispute.not_open`. UserInputError: `feedback.too_long`.
    """
    _check_length(tenant, text)
    with db.tenant(tenant) as connection:
        row = _open_dispute(connection, tenant, dispute_id)
        role, _ = _reach(connection, tenant, row.finding_id, user_id)
        if role not in LEADS:
            raise _out_of_reach(tenant)
        state = DisputeState.ACCEPTED if accept else DisputeState.REJECTED
        return _end(connection, tenant, dispute_id, state, user_id, clock.now(), text)


def withdraw_dispute(db: Database, tenant: str, dispute_id: str, *, user_id: str, clock: Clock) -> Dispute:
    """Take back an open dispute; only who opened it may.

    Raises:
        RefusedError: `rights.not_found` or `dispute.not_open`.
    """
    with db.tenant(tenant) as connection:
        row = _open_dispute(connection, tenant, dispute_id)
        _reach(connection, tenant, row.finding_id, user_id)
        if row.opened_by != user_id:
            raise _out_of_reach(tenant)
        return _end(connection, tenant, dispute_id, DisputeState.WITHDRAWN, user_id, clock.now(), "")


def _reach(connection: Connection, tenant: str, finding_id: str, user_id: str) -> tuple[Role, str]:
    """The person's role and the finding's analysis; all that is said of one finding is said one after the other."""
    role = connection.scalar(select(membership.c.role).where(membership.c.user_id == user_id))
    found = connection.execute(
        select(finding.c.analysis_key, episode_analysis.c.episode_key)
        .join(episode_analysis, episode_analysis.c.analysis_key == finding.c.analysis_key)
        .where(finding.c.finding_id == finding_id)
        .with_for_update(of=finding, key_share=True)
    ).one_or_none()
    if role is None or found is None:
        raise _out_of_reach(tenant)
    bound = _bound_to(connection, user_id)
    if bound is not None and managers_of_episodes(connection, [found.episode_key]).get(found.episode_key) != bound:
        raise _out_of_reach(tenant)
    return Role(role), found.analysis_key


def _bound_to(connection: Connection, user_id: str) -> int | None:
    """The manager to whose episodes a viewer is bound."""
    return connection.scalar(
        select(membership.c.manager_id).where(membership.c.user_id == user_id, membership.c.role == Role.VIEWER)
    )


def _open_dispute(connection: Connection, tenant: str, dispute_id: str) -> Row[tuple[object, ...]]:
    row = connection.execute(select(dispute).where(dispute.c.dispute_id == dispute_id).with_for_update()).one_or_none()
    if row is None:
        raise _out_of_reach(tenant)
    return row


def _end(
    connection: Connection, tenant: str, dispute_id: str, state: DisputeState, user_id: str, now: datetime, text: str
) -> Dispute:
    row = connection.execute(
        update(dispute)
        .where(dispute.c.dispute_id == dispute_id, dispute.c.state == DisputeState.OPEN)
        .values(state=state, decided_by=user_id, decided_at=now, decision_text=text)
        .returning(dispute)
    ).one_or_none()
    if row is None:
        raise _not_open(tenant)
    _record(connection, tenant, row, user_id, _ACTIONS[state], now)
    return as_dispute(row)


_ACTIONS = {
    DisputeState.ACCEPTED: "dispute.accepted",
    DisputeState.REJECTED: "dispute.rejected",
    DisputeState.WITHDRAWN: "dispute.withdrawn",
}


def _record(
    connection: Connection, tenant: str, row: Row[tuple[object, ...]], user_id: str, action: str, now: datetime
) -> None:
    record(
        connection,
        at=now,
        actor=f"user:{user_id}",
        action=action,
        tenant=tenant,
        target=row.dispute_id,
        details={"finding_id": row.finding_id},
    )


def as_feedback(row: Row[tuple[object, ...]]) -> Feedback:
    """A row of `feedback` as people see it."""
    return Feedback(
        feedback_id=row.feedback_id,
        finding_id=row.finding_id,
        verdict=Verdict(row.verdict),
        reason=Reason(row.reason),
        comment=row.comment,
        user_id=row.user_id,
        role=Role(row.role),
        channel=Channel(row.channel),
        sampling=Sampling(row.sampling),
        created_at=row.created_at,
    )


def as_dispute(row: Row[tuple[object, ...]]) -> Dispute:
    """A row of `dispute` as people see it."""
    return Dispute(
        dispute_id=row.dispute_id,
        finding_id=row.finding_id,
        opened_by=row.opened_by,
        text=row.text,
        state=DisputeState(row.state),
        decided_by=row.decided_by,
        decision_text=row.decision_text,
        opened_at=row.opened_at,
        decided_at=row.decided_at,
    )


def _check_length(tenant: str, text: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise UserInputError(
            "feedback.too_long",
            Sentence(
                f"В тексте {len(text)} знаков, можно не больше {LONGEST_TEXT}.",
                f"The text has {len(text)} characters, at most {LONGEST_TEXT} are allowed.",
            ),
            Sentence("Сократите текст.", "Shorten the text."),
            tenant=tenant,
        )


def _out_of_reach(tenant: str) -> RefusedError:
    return RefusedError(
        "rights.not_found",
        Sentence("Не найдено, или у вашей роли нет на это права.", "Not found, or your role may not do this."),
        Sentence("Обратитесь к владельцу кабинета.", "Ask the owner of the account."),
        tenant=tenant,
    )


def _already_disputed(tenant: str) -> RefusedError:
    return RefusedError(
        "dispute.exists",
        Sentence("Этот вывод уже оспорен.", "This finding is disputed already."),
        Sentence("Дождитесь решения руководителя.", "Wait for the lead's decision."),
        tenant=tenant,
    )


def _not_open(tenant: str) -> RefusedError:
    return RefusedError(
        "dispute.not_open",
        Sentence("Спор уже решён или снят.", "The dispute is decided or withdrawn already."),
        Sentence("Обновите страницу.", "Reload the page."),
        tenant=tenant,
    )
