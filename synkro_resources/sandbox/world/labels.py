"""The labels that a perfect model would give each planted episode: what follows from the meaning of its lines.

What a sentence means is planted with it (`meanings.py`). Only what no text can show, a provider that fails, is drawn
from the world's seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Literal

from synkro_resources.sandbox.world.facts import PlantedEpisode, PlantedLine
from synkro_resources.sandbox.world.heard import Heard, Objection, Verdict

CANDIDATES = ("buyer", "customer", "unclear")
"""Who may be expected to become a deal."""
PURCHASE_INTENTS = ("price_specific", "availability", "choice", "invoice", "payment", "visit", "order")
SERVICE_INTENTS = ("order_status", "service_question", "complaint", "return")
WEIGHTS = dict(
    zip((f"CK{number:02}" for number in range(1, 13)), (5, 14, 12, 9, 9, 6, 12, 8, 12, 5, 3, 5), strict=True)
)
"""Items of the checklist; the weights sum to 100."""
CRITICAL = ("CK02", "CK10", "CK11")
WORDS_FOR_A_CHECKLIST = 10

SkipReason = Literal["no_text", "closing_only", "outbound_only", "bot_only", "no_manager_text", "too_short"]
Status = Literal["ok", "refused", "invalid", "provider_error"]


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
    objections: tuple[Objection, ...]
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


def labels_of(
    seed: int, episode: PlantedEpisode, until: datetime, *, always_answers: bool = False
) -> EpisodeLabels | None:
    """The labels of what was written before `until`; None if nothing of it can be labelled.

    `always_answers`: of a provider that never fails.
    """
    seen = [line for line in episode.lines if line.at < until]
    if not is_labelable(seen):
        return None
    heard = Heard.of(seen, episode.calls)
    is_full = skip_reason(seen) is None
    status: Status = "ok" if always_answers else _status(seed, episode)
    start, end = heard.sentiments
    checklist = heard.checklist() if is_full else {}
    return EpisodeLabels(
        status=status,
        is_full=is_full,
        injected=heard.injected,
        content_until=seen[-1].at,
        client_texts=sum(line.writer == "client" and bool(line.words) for line in seen),
        client_type=heard.client_type,
        intents=heard.intents,
        sentiment_start=start,
        sentiment_end=end,
        objections=heard.objections,
        lost_reason=heard.lost_reason[0] if heard.lost_reason else None,
        checklist=checklist,
        findings=_findings(heard, checklist) if status == "ok" else [],
    )


def _speaks(line: PlantedLine) -> bool:
    return not line.closing and any(character.isalpha() for character in line.words)


def _status(seed: int, episode: PlantedEpisode) -> Status:
    roll = Random(f"{seed}/labels/{episode.start_id}").random()
    return "ok" if roll < 0.93 else "refused" if roll < 0.96 else "invalid" if roll < 0.98 else "provider_error"


def _findings(heard: Heard, checklist: dict[str, Verdict]) -> list[PlantedFinding]:
    """The labels with the messages that carry them."""
    texts = heard.client_texts
    first, last = texts[0], texts[-1]
    start, end = heard.sentiments
    is_clear = heard.client_type != "unclear"
    found = [
        _finding("client_type", heard.client_type, "yes" if is_clear else None, heard.telling or first),
        *(_finding("intent", code, "yes", line) for code, line in heard.intent_lines.items()),
        *(_finding("topic", code, "yes", line) for code, line in heard.topic_lines.items()),
        _finding("needs_reply", "-", "yes" if heard.needs_reply else "no", last),
        _finding("sentiment_start", "-", start, first),
        _finding("sentiment_end", "-", end, last),
    ]
    for item in heard.objections:
        reply = "not_handled" if item.reply is None else "handled"
        found += [
            _finding("objection", item.code, "raised", item.raised),
            _finding("objection_reply", item.code, reply, item.reply or item.raised),
            _finding("objection_outcome", item.code, item.outcome, item.decision or item.raised),
        ]
    if heard.lost_reason is not None:
        found.append(_finding("lost_reason", heard.lost_reason[0], "yes", heard.lost_reason[1]))
    written = [line for line in heard.lines if line.writer == "manager" and line.words]
    return found + [
        _checked(item, verdict, written[0] if written else last, last) for item, verdict in checklist.items()
    ]


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
