"""What holds about a finding after all that people have said (docs/analysis.md, «What people say»)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from synkro_resources.model.feedback import LEADS, DisputeState, Verdict
from synkro_resources.model.ids import Role
from synkro_resources.rules.statistics import Share, wilson

Source = Literal["", "decision", "lead", "dispute", "others"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A person's live verdict on a finding; `role` is what the person was when giving it."""

    verdict: Verdict
    role: Role
    at: datetime


@dataclass(frozen=True, slots=True)
class DisputeMark:
    """A dispute of a finding; `at` is when it was decided, or opened while it is not."""

    state: DisputeState
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What is shown next to a finding, and on whose word; both empty while nobody has said anything."""

    verdict: Verdict | None = None
    source: Source = ""

    @property
    def is_removed(self) -> bool:
        """Whether counts go without the finding."""
        return self.verdict is Verdict.WRONG and self.source in ("decision", "lead")

    @property
    def is_disputed(self) -> bool:
        """Whether the manager's score goes without the item until a lead decides."""
        return self.source == "dispute"


UNTOUCHED = Standing()


def standing(marks: Iterable[Mark], disputes: Iterable[DisputeMark] = ()) -> Standing:
    """A lead's decision, then a lead's verdict, then the others'; among equals the newest.

    An open dispute waits for a decision, also after an earlier refusal; only a finding that a lead already calls wrong,
    or that an accepted dispute took away, has nothing left to wait for.
    """
    given = sorted(marks, key=lambda mark: mark.at)
    of_leads = [mark.verdict for mark in given if mark.role in LEADS]
    raised = sorted(disputes, key=lambda dispute: dispute.at)
    decided = [item.state for item in raised if item.state in (DisputeState.ACCEPTED, DisputeState.REJECTED)]
    if decided and decided[-1] is DisputeState.ACCEPTED:
        return Standing(Verdict.WRONG, "decision")
    if any(item.state is DisputeState.OPEN for item in raised):
        is_wrong = not decided and bool(of_leads) and of_leads[-1] is Verdict.WRONG
        return Standing(Verdict.WRONG, "lead") if is_wrong else Standing(Verdict.DOUBTFUL, "dispute")
    if decided:
        return Standing(Verdict.RIGHT, "decision")
    if of_leads:
        return Standing(of_leads[-1], "lead")
    return Standing(given[-1].verdict, "others") if given else UNTOUCHED


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often people call the findings of one type, or of one item of the checklist, right.

    `interval`: 95 % Wilson, None if nothing was judged. `code` is empty for a type as a whole, and both
    names are empty for all findings together.
    """

    type: str
    code: str
    share: Share

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson(self.share)


def agreement(judged: Iterable[tuple[str, str, Verdict]]) -> list[Agreement]:
    """Per type and, of the checklist, per item: right ones of all judged; the whole first, then by name.

    `judged`: type, code and verdict of each finding that was drawn at random. «Спорно» is no agreement.
    """
    counts: dict[tuple[str, str], list[int]] = {}
    for kind, code, verdict in judged:
        names = [("", ""), (kind, "")] + ([(kind, code)] if kind == "checklist" else [])
        for name in names:
            count = counts.setdefault(name, [0, 0])
            count[0] += verdict is Verdict.RIGHT
            count[1] += 1
    return [Agreement(kind, code, Share(*counts[kind, code])) for kind, code in sorted(counts)]
