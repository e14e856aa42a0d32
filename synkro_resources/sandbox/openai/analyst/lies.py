"""Mistakes that models make, put into a true answer on purpose, each one noted.

Every mistake of a finding is one that a check of the answer against the request can see.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from synkro_resources.sandbox.openai.analyst.episode import Episode, Message
from synkro_resources.sandbox.openai.analyst.finding import Finding
from synkro_resources.sandbox.openai.analyst.quotes import LONGEST, SHORTEST, normal
from synkro_resources.sandbox.openai.analyst.reading import Reading
from synkro_resources.sandbox.openai.switches import LIE_KINDS, LieKind, OpenaiSwitches

CORRECTABLE: frozenset[LieKind] = frozenset(
    {"wrong_quote", "wrong_number", "invented_id", "cut_word", "duplicate", "missing"}
)
"""Slips that a model does not repeat when it is told; the others are misreadings."""
_MANDATORY = frozenset({"client_type", "needs_reply", "sentiment_start", "sentiment_end", "checklist"})
_FOREIGN_CODES = {"intent": "warranty", "topic": "timing", "objection": "buyer", "lost_reason": "buyer"}
_NUMBER = re.compile(r"\d+(?:[ \u00a0]\d{3})*")
_TOKEN = re.compile(r"\[[A-Z]+_[A-Z2-7]+\]")


@dataclass(frozen=True, slots=True)
class Lie:
    """One mistake. `index` is its place in the answer of request number `request`; None if it was left out."""

    request: int
    index: int | None
    kind: LieKind | Literal["obeys_injection"]
    type: str
    code: str


def with_lies(
    findings: Sequence[Finding], reading: Reading, switches: OpenaiSwitches, *, request: int, seed: str, second: bool
) -> tuple[list[Finding], list[Lie]]:
    """The findings with about `lies_share` of them spoilt; equal seeds spoil equally."""
    kinds: list[LieKind] = [kind for kind in LIE_KINDS if kind in (switches.lie_kinds or LIE_KINDS)]
    if second:
        kinds = [kind for kind in kinds if kind not in CORRECTABLE]
    rng = Random(hashlib.sha256(seed.encode()).digest())
    told: list[Finding] = []
    copies: list[Finding] = []
    lies: list[Lie] = []
    for finding in findings:
        is_false = rng.random() < switches.lies_share
        order = rng.sample(kinds, len(kinds))
        kind, spoilt = next(_possible(finding, order, reading, rng), (None, None)) if is_false else (None, None)
        if kind is None:
            told.append(finding)
        elif kind == "missing":
            lies.append(Lie(request, None, kind, finding.type, finding.code))
        elif kind == "duplicate":
            told.append(finding)
            copies.append(finding)
        elif spoilt is not None:
            lies.append(Lie(request, len(told), kind, finding.type, finding.code))
            told.append(spoilt)
    for copy in copies:
        lies.append(Lie(request, len(told), "duplicate", copy.type, copy.code))
        told.append(copy)
    return told, lies


def _possible(
    finding: Finding, order: list[LieKind], reading: Reading, rng: Random
) -> Iterator[tuple[LieKind, Finding]]:
    """The ways in which this finding can be spoilt; a missing or repeated one stays as it is."""
    for kind in order:
        if kind == "missing":
            if finding.type in _MANDATORY:
                yield kind, finding
        elif kind == "duplicate":
            yield kind, finding
        elif (spoilt := _SPOILERS[kind](finding, reading, rng)) is not None:
            yield kind, spoilt


def _wrong_quote(finding: Finding, reading: Reading, rng: Random) -> Finding | None:
    """One letter of one word is another; sometimes the word itself."""
    message = _cited(finding, reading.episode)
    if message is None or finding.quote is None:
        return None
    places = [at for at, letter in enumerate(finding.quote) if "а" <= letter.lower() <= "я"]
    if not places:
        return None
    at = rng.choice(places)
    other = rng.choice([letter for letter in "абвгдиклмнопрст" if letter != finding.quote[at].lower()])
    altered = finding.quote[:at] + other + finding.quote[at + 1 :]
    if normal(altered) in normal(message.text) or any(
        normal(altered) in normal(m.text) for m in reading.episode.messages
    ):
        return None
    return replace(finding, quote=altered, detail=None)


def _wrong_author(finding: Finding, reading: Reading, rng: Random) -> Finding | None:
    """Words of the other side, quoted faithfully. A topic may stand on anybody's words."""
    message = _cited(finding, reading.episode)
    if message is None or finding.quote is None or finding.type == "topic":
        return None
    others = reading.manager if message.side == "client" else reading.client
    usable = [item for item in others if _can_be_quoted(item.quote_with(None), item.message)]
    if not usable:
        return None
    other = rng.choice(usable)
    return replace(finding, refs=(other.ref,), quote=other.quote_with(None), detail=None)


def _wrong_number(finding: Finding, reading: Reading, rng: Random) -> Finding | None:
    """A part of a number as if it were the number: «150» of «150 000»."""
    del reading, rng
    if finding.quote is None:
        return None
    plain = _TOKEN.sub("", finding.quote)
    numbers = {re.sub(r"\D", "", number) for number in _NUMBER.findall(plain)}
    for number in _NUMBER.findall(plain):
        part = number[: max(1, len(number) // 2)].strip()
        if len(number) > 1 and re.sub(r"\D", "", part) not in numbers:
            return replace(finding, detail=part)
    return None


def _invented_id(finding: Finding, reading: Reading, rng: Random) -> Finding | None:
    if not finding.refs:
        return None
    highest = max(int(message.ref[1:]) for message in reading.episode.messages)
    return replace(finding, refs=(f"m{highest + rng.randrange(1, 40)}",))


def _cut_word(finding: Finding, reading: Reading, rng: Random) -> Finding | None:
    """The quote begins or ends inside a word."""
    message = _cited(finding, reading.episode)
    if message is None or finding.quote is None:
        return None
    words = finding.quote
    halves = [words[1:]] if words[:2].isalpha() else []
    halves += [words[:-1]] if words[-2:].isalpha() else []
    for part in rng.sample(halves, len(halves)):
        if len(normal(part)) >= SHORTEST and not _whole_words(normal(part), normal(message.text)):
            return replace(finding, quote=part, detail=None)
    return None


def _bad_combination(finding: Finding, reading: Reading, rng: Random) -> Finding | None:
    """A code or a value that this type does not have."""
    del reading
    if rng.random() < 0.5 or finding.type == "checklist":
        return replace(finding, value="raised" if finding.type != "objection" else "done", applicability="applicable")
    return replace(finding, code=_FOREIGN_CODES.get(finding.type, "CK01"))


def _cited(finding: Finding, episode: Episode) -> Message | None:
    return next((item for item in episode.messages if finding.refs and item.ref == finding.refs[0]), None)


def _can_be_quoted(words: str, message: Message) -> bool:
    length = len(normal(words))
    return SHORTEST <= length <= LONGEST or normal(words) == normal(message.text)


def _whole_words(part: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text) is not None


_SPOILERS: dict[LieKind, Callable[[Finding, Reading, Random], Finding | None]] = {
    "wrong_quote": _wrong_quote,
    "wrong_author": _wrong_author,
    "wrong_number": _wrong_number,
    "invented_id": _invented_id,
    "cut_word": _cut_word,
    "bad_combination": _bad_combination,
}
