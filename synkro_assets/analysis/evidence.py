"""Checking an answer against the conversation: what cannot be shown by a message of it does not exist.

The steps and their order are those of docs/analysis.md, «Checks of an answer». Nothing is repaired by guessing or
compared fuzzily: a quote stands in the cited message, or the finding goes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from synkro_assets.analysis.answer import MAX_REFS, EpisodeAnswer, RawFinding
from synkro_assets.analysis.comparable import comparable_of, comparable_text
from synkro_assets.analysis.content import EpisodeContent, MessageLine
from synkro_assets.analysis.findings import Checked, Drop, DropCode, Finding, Quote
from synkro_assets.analysis.guards import last_client_turn, numbers, violates
from synkro_assets.analysis.vocabulary import (
    ABSENCE_ITEMS,
    NO_VALUE,
    RULES,
    UNCLEAR,
    Applicability,
    Author,
    FindingType,
    Variant,
    mandatory_codes,
    may_quote,
)
from synkro_resources.rules.mapped_text import MappedText

SHORTEST, LONGEST = 12, 300
MOOD_TEXTS = 3
"""The client's first or last texts in which a sentiment must show."""

_TYPES = {kind.value: kind for kind in FindingType}
OF_OBJECTION = (FindingType.OBJECTION_REPLY, FindingType.OBJECTION_OUTCOME)


class _Dropped(Exception):
    def __init__(self, reason: DropCode) -> None:
        super().__init__(reason)
        self.reason = reason


def check(
    answer: EpisodeAnswer | None, content: EpisodeContent, variant: Variant, *, known: Sequence[Finding] = ()
) -> Checked:
    """The findings of an answer that hold. None as the answer: nothing could be read, so everything is lacking.

    `known`: findings of an earlier answer about the same episode, whose objections hold for this one, too.
    """
    if answer is None:
        whole = Drop("", "", DropCode.INVALID)
        return Checked((), (whole,), tuple(Drop(k, c, DropCode.INVALID) for k, c in mandatory_codes(variant)))
    run = _Check(content, variant)
    for finding in known:
        run.note_objection(finding)
    return run.run(answer.findings)


def merged(first: Checked, repair: Checked, variant: Variant) -> Checked:
    """The first answer completed by the items that were to be repaired, and by nothing else of the second answer."""
    asked = {(drop.type, drop.code) for drop in first.to_repair}
    taken = [item for item in repair.findings if (item.type, item.code) in asked or (item.type, "") in asked]
    findings = (*first.findings, *taken)
    reasons = {(drop.type, drop.code): drop.reason for drop in (*first.lacking, *repair.lacking)}
    return Checked(findings, first.drops, tuple(_lacking(findings, variant, reasons)))


@dataclass
class _Check:
    content: EpisodeContent
    variant: Variant
    objections: dict[str, int] = field(default_factory=dict[str, int])
    """Code of a valid objection → place of its message."""

    def __post_init__(self) -> None:
        self.messages = self.content.messages
        self.places = {line.ref: place for place, line in enumerate(self.messages)}
        self.forms: dict[str, MappedText] = {}

    def run(self, raw: Sequence[RawFinding]) -> Checked:
        valid: list[tuple[int, Finding]] = []
        drops: list[tuple[int, Drop]] = []
        counts: Counter[FindingType] = Counter()
        seen: set[tuple[FindingType, str]] = set()
        for index, item in self._in_order(raw):
            try:
                finding = self._checked(item)
                if finding.item in seen or counts[finding.type] >= RULES[finding.type].at_most:
                    raise _Dropped(DropCode.DUPLICATE)
            except _Dropped as failure:
                drops.append((index, Drop(item.type[:40], item.code[:40], failure.reason)))
                continue
            seen.add(finding.item)
            counts[finding.type] += 1
            self.note_objection(finding)
            valid.append((index, finding))
        findings = tuple(finding for _, finding in sorted(valid, key=lambda pair: pair[0]))
        dropped = tuple(drop for _, drop in sorted(drops, key=lambda pair: pair[0]))
        reasons = {(drop.type, drop.code): drop.reason for drop in reversed(dropped)}
        reasons |= {(drop.type, ""): drop.reason for drop in reversed(dropped)}
        return Checked(findings, dropped, tuple(_lacking(findings, self.variant, reasons)))

    def note_objection(self, finding: Finding) -> None:
        if finding.type is FindingType.OBJECTION:
            self.objections.setdefault(finding.code, self.places[finding.refs[0]])

    def _in_order(self, raw: Sequence[RawFinding]) -> Iterable[tuple[int, RawFinding]]:
        """Objections first: replies, outcomes and CK07 are judged by those that hold."""
        numbered = list(enumerate(raw))
        yield from ((index, item) for index, item in numbered if item.type == FindingType.OBJECTION)
        yield from ((index, item) for index, item in numbered if item.type != FindingType.OBJECTION)

    def _checked(self, raw: RawFinding) -> Finding:
        kind, applicability = self._combination(raw)
        if len(raw.refs) > MAX_REFS or any(ref not in self.places for ref in raw.refs):
            raise _Dropped(DropCode.BAD_REF)
        if applicability is not Applicability.APPLICABLE:
            self._guard(kind, raw, applicability, "")
            return Finding(kind, raw.code, NO_VALUE, applicability, tuple(raw.refs))
        if kind is FindingType.CHECKLIST and raw.code in ABSENCE_ITEMS and raw.value == "yes":
            return Finding(kind, raw.code, raw.value, applicability, tuple(raw.refs))
        if not raw.refs:
            raise _Dropped(DropCode.BAD_REF)
        refs, quote = self._quoted(raw)
        if quote.line.author not in may_quote(kind, raw.code, raw.value):
            raise _Dropped(DropCode.BAD_ROLE)
        self._order(kind, raw, quote.line)
        return Finding(kind, raw.code, raw.value, applicability, refs, quote, self._detail(kind, raw, quote))

    def _combination(self, raw: RawFinding) -> tuple[FindingType, Applicability]:
        applicability = Applicability(raw.applicability)
        kind = _TYPES.get(raw.type)
        if kind is None:
            raise _Dropped(DropCode.BAD_CODE)
        rule = RULES[kind]
        is_applicable = applicability is Applicability.APPLICABLE
        allowed = (
            raw.code in rule.codes
            and (raw.value in rule.values if is_applicable else raw.value == NO_VALUE)
            and (kind is not FindingType.CHECKLIST or self.variant is Variant.FULL)
            and (is_applicable or _may_be_open(kind, raw.code, applicability))
            and not (is_applicable and kind is FindingType.CLIENT_TYPE and raw.code == UNCLEAR)
        )
        if not allowed:
            raise _Dropped(DropCode.BAD_CODE)
        return kind, applicability

    def _quoted(self, raw: RawFinding) -> tuple[tuple[str, ...], Quote]:
        """The quote in the first ref, or in the only other one that holds it, which then comes first."""
        wanted = comparable_text(raw.quote or "")
        if not wanted:
            raise _Dropped(DropCode.EMPTY_QUOTE)
        if not any(self._form(ref).text == wanted for ref in raw.refs):
            if len(wanted) < SHORTEST:
                raise _Dropped(DropCode.SHORT_QUOTE)
            if len(wanted) > LONGEST:
                raise _Dropped(DropCode.LONG_QUOTE)
        first, *others = dict.fromkeys(raw.refs)
        found = {ref: self._find(ref, wanted) for ref in (first, *others)}
        if found[first] is None:
            elsewhere = [ref for ref in others if found[ref] is not None]
            if len(elsewhere) != 1:
                is_cut = not elsewhere and any(wanted in self._form(ref).text for ref in found)
                raise _Dropped(DropCode.CUT_WORD if is_cut else DropCode.QUOTE_NOT_FOUND)
            first, others = elsewhere[0], [first, *(ref for ref in others if ref != elsewhere[0])]
        place = found[first]
        if place is None:
            raise _Dropped(DropCode.QUOTE_NOT_FOUND)
        line = self.messages[self.places[first]]
        form = self._form(first)
        start, end = form.source(*place)
        return (first, *others), Quote(line, start, end, is_whole=form.text == wanted)

    def _form(self, ref: str) -> MappedText:
        """The message as quotes are compared with it; its places are those of the rendered line."""
        if ref not in self.forms:
            self.forms[ref] = comparable_of(self.messages[self.places[ref]].text.text)
        return self.forms[ref]

    def _find(self, ref: str, wanted: str) -> tuple[int, int] | None:
        """Where the words stand whole; not where they begin or end inside a word."""
        return _whole_words(self._form(ref).text, wanted)

    def _order(self, kind: FindingType, raw: RawFinding, line: MessageLine) -> None:
        if not self._in_place(kind, raw, line):
            raise _Dropped(DropCode.BAD_ORDER)

    def _in_place(self, kind: FindingType, raw: RawFinding, line: MessageLine) -> bool:
        place = self.places[line.ref]
        if kind in OF_OBJECTION:
            raised = self.objections.get(raw.code)
            if raised is None:
                return False
            return place == raised if raw.value in ("not_handled", "open") else place > raised
        match kind:
            case FindingType.NEEDS_REPLY:
                return line in last_client_turn(self.content)
            case FindingType.SENTIMENT_START:
                return line in self._client_texts()[:MOOD_TEXTS]
            case FindingType.SENTIMENT_END:
                return line in self._client_texts()[-MOOD_TEXTS:]
            case FindingType.CHECKLIST if raw.code == "CK01":
                return line is next(item for item in self.messages if item.author is Author.MANAGER)
            case _:
                return True

    def _client_texts(self) -> list[MessageLine]:
        return [line for line in self.messages if line.author is Author.CLIENT and line.has_text]

    def _detail(self, kind: FindingType, raw: RawFinding, quote: Quote) -> str | None:
        words = comparable_text(quote.masked)
        detail = comparable_text(raw.detail or "")
        if not numbers(detail) <= numbers(words):
            raise _Dropped(DropCode.BAD_NUMBER)
        self._guard(kind, raw, Applicability.APPLICABLE, words)
        if not detail or detail not in words:
            return None
        form = comparable_of(quote.masked)
        at = form.text.find(detail)
        start, end = form.source(at, at + len(detail))
        return quote.masked[start:end]

    def _guard(self, kind: FindingType, raw: RawFinding, applicability: Applicability, words: str) -> None:
        if kind is FindingType.CHECKLIST and raw.code == "CK07":
            claims = applicability is Applicability.APPLICABLE
            denies = applicability is Applicability.NOT_APPLICABLE
            if (claims and not self.objections) or (denies and self.objections):
                raise _Dropped(DropCode.GUARD)
        if applicability is Applicability.APPLICABLE and violates(kind, raw.code, raw.value, words, self.content):
            raise _Dropped(DropCode.GUARD)


def quote_in(line: MessageLine, masked: str) -> Quote | None:
    """A quote that was verified in the same words of another message, in this one."""
    wanted, form = comparable_text(masked), comparable_of(line.text.text)
    place = _whole_words(form.text, wanted) if wanted else None
    return None if place is None else Quote(line, *form.source(*place), is_whole=form.text == wanted)


def _whole_words(text: str, wanted: str) -> tuple[int, int] | None:
    start = text.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        if not _splits_word(text, start) and not _splits_word(text, end):
            return start, end
        start = text.find(wanted, start + 1)
    return None


def _may_be_open(kind: FindingType, code: str, applicability: Applicability) -> bool:
    """Which findings may be something else than applicable."""
    if kind is FindingType.CHECKLIST:
        return True
    if applicability is Applicability.NOT_APPLICABLE:
        return False
    return kind in (FindingType.SENTIMENT_START, FindingType.SENTIMENT_END) or (
        kind is FindingType.CLIENT_TYPE and code == UNCLEAR
    )


def _splits_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and _is_word(text[at - 1]) and _is_word(text[at])


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _lacking(findings: Sequence[Finding], variant: Variant, reasons: dict[tuple[str, str], DropCode]) -> Iterable[Drop]:
    types = {finding.type for finding in findings}
    items = {finding.item for finding in findings}
    for kind, code in mandatory_codes(variant):
        if kind in types if code == "" else (kind, code) in items:
            continue
        yield Drop(kind, code, reasons.get((kind, code), DropCode.MISSING))
