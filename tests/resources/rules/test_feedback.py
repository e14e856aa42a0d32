"""Whose word holds about a finding, and how agreement is counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from synkro_resources.model.feedback import DisputeState, Verdict
from synkro_resources.model.ids import Role
from synkro_resources.rules.feedback import UNTOUCHED, DisputeMark, Mark, Standing, agreement, standing

RIGHT, WRONG, DOUBTFUL = Verdict.RIGHT, Verdict.WRONG, Verdict.DOUBTFUL
OPEN, ACCEPTED, REJECTED, WITHDRAWN = DisputeState


def at(hour: int) -> datetime:
    return datetime(2026, 9, 7, tzinfo=UTC) + timedelta(hours=hour)


def said(verdict: Verdict, role: Role = Role.VIEWER, hour: int = 1) -> Mark:
    return Mark(verdict, role, at(hour))


def test_nobody_elses_verdict_outweighs_a_leads() -> None:
    assert standing([]) == UNTOUCHED
    assert standing([said(RIGHT), said(WRONG, hour=2)]) == Standing(WRONG, "others")
    assert standing([said(WRONG, hour=5), said(RIGHT, Role.ANALYST, 1)]) == Standing(RIGHT, "lead")
    assert standing([said(RIGHT, Role.OWNER, 1), said(WRONG, Role.ANALYST, 2)]) == Standing(WRONG, "lead")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ADMIN])
def test_only_a_leads_wrong_takes_a_finding_out_of_the_counts(role: Role) -> None:
    assert not standing([said(WRONG, role)]).is_removed
    assert standing([said(WRONG, Role.OWNER)]).is_removed
    assert not standing([said(DOUBTFUL, Role.OWNER)]).is_removed


def test_a_decision_outweighs_every_verdict() -> None:
    wrong = [said(WRONG, Role.OWNER, 9)]
    assert standing(wrong, [DisputeMark(REJECTED, at(1))]) == Standing(RIGHT, "decision")
    right = [said(RIGHT, Role.OWNER, 9)]
    accepted = standing(right, [DisputeMark(REJECTED, at(1)), DisputeMark(ACCEPTED, at(2))])
    assert accepted == Standing(WRONG, "decision")
    assert accepted.is_removed


def test_an_open_dispute_waits_and_a_withdrawn_one_never_was() -> None:
    dispute = [DisputeMark(OPEN, at(3))]
    assert standing([said(RIGHT, Role.OWNER)], dispute).is_disputed
    assert standing([said(WRONG, Role.OWNER)], dispute).is_removed
    again = [DisputeMark(REJECTED, at(1)), *dispute]
    assert standing([said(WRONG, Role.OWNER)], again) == Standing(DOUBTFUL, "dispute")
    assert standing([], [DisputeMark(WITHDRAWN, at(3))]) == UNTOUCHED


def test_the_agreement_is_that_of_the_specified_example() -> None:
    judged = (
        [("checklist", "CK05", RIGHT)] * 42 + [("checklist", "CK05", WRONG)] * 7 + [("checklist", "CK05", DOUBTFUL)]
    )
    found = {(item.type, item.code): item for item in agreement([*judged, ("intent", "order", RIGHT)])}
    assert list(found) == [("", ""), ("checklist", ""), ("checklist", "CK05"), ("intent", "")]
    item = found["checklist", "CK05"]
    assert (item.share.num, item.share.den) == (42, 50)
    assert item.interval == pytest.approx((0.71, 0.92), abs=0.005)
    assert agreement([]) == []
