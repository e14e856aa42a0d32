"""Masks the texts of one episode and remembers where everything was (docs/analysis.md, «Masking»)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from synkro_resources.rules.masking.names import (
    Named,
    name_pattern,
    unknown_canonical,
    unknown_names,
    words_within,
)
from synkro_resources.rules.masking.patterns import DETECTORS, Detector, token_like
from synkro_resources.rules.masking.shadow import shadow
from synkro_resources.rules.masking.tokens import Language, Tokens, label

MANAGER, PERSON, BRACKET = "MANAGER", "PERSON", "BRACKET"
NOT_TOKENS = frozenset({MANAGER, BRACKET})
"""Kinds of spans behind which there is no personal value to keep."""
MANAGER_LABELS: Mapping[Language, str] = {"ru": "Менеджер", "en": "Manager"}


NameRecogniser = Callable[[str], Iterable[tuple[int, int]]]
"""Places of people's names in a shadow text, in any order."""


@dataclass(frozen=True, slots=True)
class Span:
    """`text[start:end]` of the masked text stands for `text[original_start:original_end]` of the original."""

    start: int
    end: int
    original_start: int
    original_end: int
    token: str
    kind: str
    canonical: str
    original: str


@dataclass(frozen=True, slots=True)
class MaskedText:
    """Spans are in the text's order and do not overlap."""

    text: str
    spans: tuple[Span, ...] = ()

    def original(self) -> str:
        """The text that was masked."""
        return self._rebuilt([span.original for span in self.spans])

    def original_range(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the original of the masked text's [start, end); a token that is cut is taken whole.

        Raises:
            ValueError: not a range of the masked text.
        """
        if not 0 <= start <= end <= len(self.text):
            raise ValueError(f"[{start}, {end}) is no range of a text of {len(self.text)} characters")
        if start == end:
            place = self._place(start, whole_to_end=False)
            return place, place
        return self._place(start, whole_to_end=False), self._place(end, whole_to_end=True)

    def labelled(self, language: Language = "ru") -> str:
        """The form for messengers and files: `[телефон]` for a token, brackets that somebody typed stay replaced."""
        return self._rebuilt([_label(span, language) for span in self.spans])

    def _place(self, offset: int, *, whole_to_end: bool) -> int:
        before = bisect_right(self.spans, offset, key=lambda span: span.start) - 1
        if before < 0:
            return offset
        span = self.spans[before]
        if offset >= span.end:
            return span.original_end + offset - span.end
        return span.original_end if whole_to_end and offset > span.start else span.original_start

    def _rebuilt(self, values: Sequence[str]) -> str:
        parts: list[str] = []
        at = 0
        for span, value in zip(self.spans, values, strict=True):
            parts += (self.text[at : span.start], value)
            at = span.end
        return "".join((*parts, self.text[at:]))


def _label(span: Span, language: Language) -> str:
    if span.kind == BRACKET:
        return span.token
    if span.kind == MANAGER:
        return f"{MANAGER_LABELS[language]} {span.token.rpartition(' ')[2]}"
    return label(span.kind, language)


@dataclass(frozen=True, slots=True)
class People:
    """Whose names an episode's texts may hold; the order decides which of two equal names wins.

    `managers`: all users of the tenant, past ones too, whoever is responsible now; a change of the responsible user
    must not change a masked text.
    """

    contacts: Sequence[Named] = ()
    profile: Named | None = None
    """The dialog's id and the name that the messenger shows."""
    managers: Sequence[Named] = ()


@dataclass(slots=True)
class ManagerNumbers:
    """«Менеджер n» of one episode: n by first appearance, as an author (the renderer asks) or as a name in a text."""

    numbers: dict[int | str | None, int] = field(default_factory=dict[int | str | None, int])

    def of(self, manager: int | str | None) -> int:
        """The number of an amoCRM user, of an author whom no user is known for, or of nobody in particular."""
        return self.numbers.setdefault(manager, len(self.numbers) + 1)


@dataclass(frozen=True, slots=True)
class _Found:
    start: int
    end: int
    kind: str
    canonical: str


class Masker:
    """One per episode: its messages are masked in their order and share the managers' numbers.

    Args:
        tokens: the tenant's, shared by all of its episodes.
        people: whose names to look for.
        numbers: the renderer's, if it numbers authors; otherwise its own, to be read afterwards.
        recognise: finds names of third persons, which no list holds; its places are taken last.
    """

    def __init__(
        self,
        tokens: Tokens,
        people: People,
        numbers: ManagerNumbers | None = None,
        recognise: NameRecogniser | None = None,
    ) -> None:
        self._recognise = recognise
        self.numbers = ManagerNumbers() if numbers is None else numbers
        self._tokens = tokens
        profile = [(people.profile, f"dialog:{people.profile.id}")] if people.profile else []
        clients = [*((contact, f"contact:{contact.id}") for contact in people.contacts), *profile]
        known = [
            *((who.name, PERSON, canonical) for who, canonical in clients),
            *((manager.name, MANAGER, str(manager.id)) for manager in people.managers),
        ]
        self._names = [
            (pattern, kind, canonical) for name, kind, canonical in known if (pattern := name_pattern(name)) is not None
        ]

    def mask(self, text: str) -> MaskedText:
        """The text without personal data, and the way back."""
        plain = shadow(text)
        taken = _Taken()
        for start, end in token_like(plain):
            taken.add(_Found(start, start + 1, BRACKET, "("))
            taken.add(_Found(end - 1, end, BRACKET, ")"))
        has_digit = any(digit in plain for digit in "0123456789")
        for detector in DETECTORS:
            if has_digit or not detector.needs_digit:
                for found in _candidates(detector, plain):
                    taken.add(found)
        for pattern, kind, canonical in self._names:
            for match in pattern.finditer(plain):
                taken.add(_Found(*match.span(), kind, canonical))
        by_library = self._recognise(plain) if self._recognise else ()
        for start, end in (*unknown_names(plain), *by_library):
            for free in taken.free_within(start, end):
                if place := words_within(plain, *free):
                    taken.add(_Found(*place, PERSON, unknown_canonical(plain[slice(*place)])))
        return self._replaced(text, taken.in_order)

    def _replaced(self, text: str, found: Sequence[_Found]) -> MaskedText:
        parts: list[str] = []
        spans: list[Span] = []
        at = length = 0
        for item in found:
            kept, token = text[at : item.start], self._token(item)
            start = length + len(kept)
            length, at = start + len(token), item.end
            parts += (kept, token)
            original = text[item.start : item.end]
            spans.append(Span(start, length, item.start, item.end, token, item.kind, item.canonical, original))
        return MaskedText("".join((*parts, text[at:])), tuple(spans))

    def _token(self, found: _Found) -> str:
        if found.kind == BRACKET:
            return found.canonical
        if found.kind == MANAGER:
            return f"{MANAGER_LABELS['ru']} {self.numbers.of(int(found.canonical))}"
        return self._tokens.token(found.kind, found.canonical)


class _Taken:
    """Places that are decided: a later find that touches one of them is dropped."""

    def __init__(self) -> None:
        self.in_order: list[_Found] = []

    def add(self, found: _Found) -> None:
        place = bisect_right(self.in_order, found.start, key=lambda other: other.start)
        free_before = place == 0 or self.in_order[place - 1].end <= found.start
        if free_before and (place == len(self.in_order) or self.in_order[place].start >= found.end):
            self.in_order.insert(place, found)

    def free_within(self, start: int, end: int) -> list[tuple[int, int]]:
        """What nobody took of [start, end): of «Иванов Пётр Сергеевич» the first word, if Пётр is a known contact."""
        free: list[tuple[int, int]] = []
        for found in self.in_order:
            if start < found.end and found.start < end:
                free.append((start, found.start))
                start = found.end
        return [(first, last) for first, last in (*free, (start, end)) if first < last]


def _candidates(detector: Detector, text: str) -> Iterator[_Found]:
    for match in detector.pattern.finditer(text):
        start, end = match.span(detector.group)
        end = start + len(text[start:end].rstrip(detector.tail)) if detector.tail else end
        if start < end and (detector.accepts is None or detector.accepts(text, start, end)):
            yield _Found(start, end, detector.kind, detector.canonical(text[start:end]))
