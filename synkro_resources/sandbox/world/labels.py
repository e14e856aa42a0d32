"""The labels that a perfect model would give each planted episode, planted with it from the world's seed.

What a label says is fixed once per episode; what of it can be seen depends on how much of the episode was written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Literal

from synkro_resources.sandbox.world.facts import PlantedEpisode, PlantedLine

CLIENT_TYPES = ("buyer", "customer", "unclear", "supplier", "partner", "job_seeker", "spam")
CANDIDATES = ("buyer", "customer", "unclear")
"""Who may be expected to become a deal."""
PURCHASE_INTENTS = ("price_specific", "availability", "choice", "invoice", "payment", "visit", "order")
SERVICE_INTENTS = ("order_status", "service_question", "complaint", "return")
TOPICS = ("price", "availability", "delivery", "installment", "discount", "choice", "specs", "booking", "warranty")
OBJECTIONS = ("price", "timing", "trust", "competitor", "thinking", "authority", "need", "terms")
LOST_REASONS = ("price", "timing", "competitor", "no_product", "no_response_us", "no_response_client", "changed_mind")
MOODS = ("negative", "neutral", "positive")
WEIGHTS = dict(
    zip((f"CK{number:02}" for number in range(1, 13)), (5, 14, 12, 9, 9, 6, 12, 8, 12, 5, 3, 5), strict=True)
)
"""Items of the checklist; the weights sum to 100."""
CRITICAL = ("CK02", "CK10", "CK11")
WORDS_FOR_A_CHECKLIST = 10

SkipReason = Literal["no_text", "closing_only", "outbound_only", "bot_only", "no_manager_text", "too_short"]
Status = Literal["ok", "refused", "invalid", "provider_error"]
Verdict = Literal["yes", "no", "not_applicable", "undetermined"]


@dataclass(frozen=True, slots=True)
class PlantedFinding:
    """One label with the messages that carry it; `refs[0]` holds the quote."""

    type: str
    code: str
    value: str
    refs: tuple[str, ...]
    quote: str = ""
    applicability: str = "applicable"


@dataclass(frozen=True, slots=True)
class Objection:
    code: str
    handled: bool
    outcome: Literal["accepted", "declined", "open"]


@dataclass(frozen=True, slots=True)
class EpisodeLabels:
    """What is said of an episode by what was written before some instant."""

    status: Status
    is_full: bool
    """Whether the checklist was asked, too."""
    injected: bool
    """Holds orders to the analyst: listed, and left out of averages."""
    content_until: datetime
    client_texts: int
    client_type: str
    intents: tuple[str, ...]
    sentiment_start: str | None
    sentiment_end: str | None
    objection: Objection | None
    lost_reason: str | None
    checklist: dict[str, Verdict]
    findings: list[PlantedFinding] = field(repr=False)

    @property
    def counts(self) -> bool:
        """Whether averages are made of it."""
        return self.status == "ok" and not self.injected

    @property
    def wants_to_buy(self) -> bool:
        return self.client_type in CANDIDATES and any(intent in PURCHASE_INTENTS for intent in self.intents)

    @property
    def score(self) -> float | None:
        """Of 100; None where too little of the checklist applies or too much of it stays open."""
        yes, asked, unclear = (
            sum(WEIGHTS[item] for item, verdict in self.checklist.items() if verdict in verdicts)
            for verdicts in (("yes",), ("yes", "no"), ("undetermined",))
        )
        if asked < 30 or unclear / (asked + unclear) > 0.3:
            return None
        return 100 * yes / asked


def skip_reason(lines: Sequence[PlantedLine]) -> SkipReason | None:
    """Why these lines are not labelled, or not scored; None if they are both."""
    client = [line for line in lines if line.writer == "client"]
    manager = [line for line in lines if line.writer == "manager"]
    if not client:
        return "outbound_only" if manager else "bot_only"
    if not any(_speaks(line) for line in client):
        texts = [line for line in client if line.words]
        return "closing_only" if texts and all(line.closing for line in texts) else "no_text"
    if not any(line.words for line in manager):
        return "no_manager_text"
    words = sum(len(line.words.split()) for line in (*client, *manager))
    return "too_short" if words < WORDS_FOR_A_CHECKLIST else None


def is_labelable(lines: Sequence[PlantedLine]) -> bool:
    return any(line.writer == "client" and _speaks(line) for line in lines)


def labels_of(seed: int, episode: PlantedEpisode, until: datetime) -> EpisodeLabels | None:
    """The labels of what was written before `until`; None if nothing of it can be labelled."""
    seen = [line for line in episode.lines if line.at < until]
    if not is_labelable(seen):
        return None
    plan = _Plan.of(seed, episode)
    is_full = skip_reason(seen) is None
    speaking = [line for line in seen if line.writer == "client" and _speaks(line)]
    objection = plan.objection_seen(seen)
    checklist = plan.checklist_of(objection) if is_full else {}
    texts = sum(line.writer == "client" and bool(line.words) for line in seen)
    lost_reason = plan.lost_reason if len(speaking) > 1 else None
    return EpisodeLabels(
        status=plan.status,
        is_full=is_full,
        injected=plan.injected,
        content_until=seen[-1].at,
        client_texts=texts,
        client_type=plan.client_type,
        intents=plan.intents,
        sentiment_start=plan.sentiment_start,
        sentiment_end=plan.sentiment_end,
        objection=objection,
        lost_reason=lost_reason,
        checklist=checklist,
        findings=plan.findings(seen, speaking, objection, lost_reason, checklist),
    )


def _speaks(line: PlantedLine) -> bool:
    return not line.closing and any(character.isalpha() for character in line.words)


@dataclass(frozen=True, slots=True)
class _PlannedObjection:
    raised: PlantedLine
    reply: PlantedLine | None
    answer: PlantedLine | None
    """What the client says to the reply."""
    objection: Objection


@dataclass(frozen=True, slots=True)
class _Plan:
    """Everything that will ever be said of an episode, drawn in a fixed order."""

    status: Status
    injected: bool
    client_type: str
    intents: tuple[str, ...]
    topics: tuple[str, ...]
    sentiment_start: str | None
    sentiment_end: str | None
    planned: _PlannedObjection | None
    lost_reason: str | None
    verdicts: dict[str, Verdict]

    @classmethod
    def of(cls, seed: int, episode: PlantedEpisode) -> _Plan:
        rng = Random(f"{seed}/labels/{episode.start_id}")
        roll = rng.random()
        status: Status = (
            "ok" if roll < 0.93 else "refused" if roll < 0.96 else "invalid" if roll < 0.98 else "provider_error"
        )
        orders = rng.random() < 0.15
        client_type = rng.choices(CLIENT_TYPES, (82, 5, 3, 3, 2, 3, 2))[0]
        buys, also = rng.random() < 0.75, rng.random() < 0.25
        first, second = rng.choice(PURCHASE_INTENTS if buys else SERVICE_INTENTS), rng.choice(SERVICE_INTENTS)
        topics = tuple(rng.sample(TOPICS, rng.choice((1, 1, 2, 3))))
        moods = [_mood(rng), _mood(rng)]
        planned = _planned_objection(rng, episode)
        lost_reason = rng.choice(LOST_REASONS) if rng.random() < 0.4 else None
        verdicts: dict[str, Verdict] = {item: _verdict(rng) for item in WEIGHTS}
        return cls(
            status=status,
            injected=orders and episode.opened_by == "manager",
            client_type=client_type,
            intents=(first, second) if also and first != second else (first,),
            topics=topics,
            sentiment_start=moods[0],
            sentiment_end=moods[1],
            planned=planned,
            lost_reason=lost_reason,
            verdicts=verdicts,
        )

    def objection_seen(self, seen: Sequence[PlantedLine]) -> Objection | None:
        """The objection as far as it has gone: first raised, then replied to, then decided."""
        planned = self.planned
        if planned is None or planned.raised not in seen:
            return None
        handled = planned.objection.handled and planned.reply in seen
        decided = planned.answer is not None and planned.answer in seen
        return Objection(planned.objection.code, handled, planned.objection.outcome if decided else "open")

    def checklist_of(self, objection: Objection | None) -> dict[str, Verdict]:
        about_objection: Verdict = "not_applicable" if objection is None else "yes" if objection.handled else "no"
        return {**self.verdicts, "CK07": about_objection}

    def findings(
        self,
        seen: Sequence[PlantedLine],
        speaking: Sequence[PlantedLine],
        objection: Objection | None,
        lost_reason: str | None,
        checklist: dict[str, Verdict],
    ) -> list[PlantedFinding]:
        """The labels with their evidence."""
        if self.status != "ok":
            return []
        first, last = speaking[0], speaking[-1]
        is_clear = self.client_type != "unclear"
        found = [
            _finding("client_type", self.client_type, "yes" if is_clear else None, first),
            *(_finding("intent", code, "yes", first) for code in self.intents),
            *(_finding("topic", code, "yes", first) for code in self.topics),
            _finding("needs_reply", "-", "yes", last),
            _finding("sentiment_start", "-", self.sentiment_start, first),
            _finding("sentiment_end", "-", self.sentiment_end, last),
        ]
        if objection is not None and self.planned is not None:
            raised = self.planned.raised
            reply = self.planned.reply if objection.handled and self.planned.reply else raised
            answer = self.planned.answer if objection.outcome != "open" and self.planned.answer else raised
            found += [
                _finding("objection", objection.code, "raised", raised),
                _finding("objection_reply", objection.code, "handled" if objection.handled else "not_handled", reply),
                _finding("objection_outcome", objection.code, objection.outcome, answer),
            ]
        if lost_reason is not None:
            found.append(_finding("lost_reason", lost_reason, "yes", last))
        written = [line for line in seen if line.writer == "manager" and line.words]
        found += [_checked(item, verdict, written[0], last) for item, verdict in checklist.items()]
        return found


def _planned_objection(rng: Random, episode: PlantedEpisode) -> _PlannedObjection | None:
    code, handled = rng.choice(OBJECTIONS), rng.random() < 0.6
    outcome: Literal["accepted", "declined", "open"] = "accepted" if rng.random() < 0.5 else "declined"
    raises, place = rng.random() < 0.35, rng.random()
    speaking = [number for number, line in enumerate(episode.lines) if line.writer == "client" and _speaks(line)]
    if not raises or not speaking:
        return None
    raised = speaking[int(place * len(speaking))]
    later = episode.lines[raised + 1 :]
    reply = next((line for line in later if line.writer == "manager" and line.delivered and line.words), None)
    answer = next((line for line in later if line.writer == "client" and _speaks(line)), None)
    return _PlannedObjection(
        episode.lines[raised], reply, answer, Objection(code, handled and reply is not None, outcome)
    )


def _mood(rng: Random) -> str | None:
    """Undetermined where it is None."""
    return rng.choices((*MOODS, None), (20, 50, 20, 10))[0]


def _verdict(rng: Random) -> Verdict:
    verdicts: tuple[Verdict, ...] = ("yes", "no", "not_applicable", "undetermined")
    return rng.choices(verdicts, (62, 18, 13, 7))[0]


def _finding(kind: str, code: str, value: str | None, line: PlantedLine) -> PlantedFinding:
    if value is None:
        return PlantedFinding(kind, code, "-", (line.message_id,), line.words, "undetermined")
    return PlantedFinding(kind, code, value, (line.message_id,), line.words)


def _checked(item: str, verdict: Verdict, by_manager: PlantedLine, by_client: PlantedLine) -> PlantedFinding:
    """Yes stands on the manager's words, no on what they were due for."""
    line = by_client if verdict == "no" else by_manager
    if verdict in ("yes", "no"):
        return PlantedFinding("checklist", item, verdict, (line.message_id,), line.words)
    return PlantedFinding("checklist", item, "-", (), "", verdict)
