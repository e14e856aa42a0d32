"""Objections of the client, what the manager said to each, and where it ended."""

from __future__ import annotations

import re
from dataclasses import dataclass

from synkro_resources.sandbox.openai.analyst import lexicon
from synkro_resources.sandbox.openai.analyst.finding import Finding, said
from synkro_resources.sandbox.openai.analyst.reading import Reading, Sentence

_WHY_SO_DEAR = re.compile(
    r"(?:почему|отчего|что|чего)\s+(?:[\w-]+\s+){0,3}(?:дорог|долго)|(?:дорог|долго)\w*.*,\s*нет\s*\?"
)


@dataclass(frozen=True, slots=True)
class Objection:
    code: str
    raised: Sentence
    reply: Sentence | None
    """The argument or alternative; None if nobody gave one."""
    decision: Sentence | None
    outcome: str


def objections(reading: Reading) -> list[Objection]:
    """One per code, at its first mention. A question about the price is none."""
    found: dict[str, Objection] = {}
    for sentence in reading.client:
        if sentence.asks and not _WHY_SO_DEAR.search(sentence.read):
            continue
        for code, pattern in lexicon.OBJECTIONS.items():
            if code not in found and pattern.search(sentence.read):
                found[code] = _followed(reading, code, sentence)
    return list(found.values())


def findings(raised: list[Objection]) -> list[Finding]:
    made: list[Finding] = []
    for item in raised:
        made.append(said("objection", item.code, "raised", item.raised))
        reply = "not_handled" if item.reply is None else "handled"
        made.append(said("objection_reply", item.code, reply, item.reply or item.raised))
        made.append(said("objection_outcome", item.code, item.outcome, item.decision or item.raised))
    return made


def _followed(reading: Reading, code: str, raised: Sentence) -> Objection:
    later = reading.manager_after(raised)
    reply = next((item for item in later if lexicon.ARGUMENT.search(item.read)), None)
    # What the client says before anybody spoke to his objection goes on with it and decides nothing.
    answered_at = min((item.message.place for item in later), default=None)
    if answered_at is not None:
        for sentence in reading.client:
            if sentence.message.place <= answered_at or sentence.asks:
                continue
            if lexicon.DECLINES.search(sentence.read):
                return Objection(code, raised, reply, sentence, "declined")
            if lexicon.ACCEPTS.search(sentence.read):
                return Objection(code, raised, reply, sentence, "accepted")
    return Objection(code, raised, reply, None, "open")
