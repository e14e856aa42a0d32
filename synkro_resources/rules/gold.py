"""What a person's word on a finding says of the truth, so that the gold set can hold it."""

from __future__ import annotations

from enum import StrEnum

from synkro_resources.model.feedback import Reason, Verdict

ABSENT = "none"
"""An intent, topic or objection that people looked for and that is not there."""
_OPPOSITE = {"yes": "no", "no": "yes", "handled": "not_handled", "not_handled": "handled"}
_TWO_VALUED = frozenset({"checklist", "needs_reply", "objection_reply"})
_THERE_OR_NOT = frozenset({"intent", "topic", "objection"})
_NOT_THE_VERDICT = frozenset({Reason.QUOTE, Reason.AUTHOR, Reason.UNCLEAR_RULE})
"""These words are wrong, or the question is: what would be right, nobody has said."""


class GoldState(StrEnum):
    """One person's word; what a lead or two people say; what a lead decided in a dispute."""

    DRAFT = "draft"
    AGREED = "agreed"
    ARBITRATED = "arbitrated"


DECIDED = frozenset({GoldState.AGREED, GoldState.ARBITRATED})


def truth(kind: str, told: str, verdict: Verdict, reason: Reason = Reason.NONE) -> str | None:
    """What is true of a type or item after a verdict on it; None where the verdict does not tell.

    `told`: the finding's value, or its applicability where it does not apply. «Неверно» names no right answer; only
    where one other answer is left, that one is taken: `checklist yes` → `no`, `intent yes` → `none`.
    """
    if verdict is Verdict.RIGHT:
        return told
    if verdict is Verdict.DOUBTFUL or reason in _NOT_THE_VERDICT:
        return None
    if reason is Reason.NOT_APPLICABLE and kind == "checklist":
        return "not_applicable" if told in _OPPOSITE else None
    if kind in _TWO_VALUED:
        return _OPPOSITE.get(told)
    return ABSENT if kind in _THERE_OR_NOT else None
