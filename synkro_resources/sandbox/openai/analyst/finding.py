"""One finding of an answer, and the codes that the answer may use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from synkro_resources.sandbox.openai.analyst.reading import Sentence

CHECKLIST = tuple(f"CK{number:02}" for number in range(1, 13))

Applicability = Literal["applicable", "not_applicable", "undetermined"]


@dataclass(frozen=True, slots=True)
class Finding:
    """As the answer's JSON holds it; `refs[0]` carries the quote."""

    type: str
    code: str
    refs: tuple[str, ...]
    quote: str | None
    detail: str | None
    applicability: Applicability
    value: str


def said(kind: str, code: str, value: str, where: Sentence, *, detail: str | None = None) -> Finding:
    """A finding that stands on a sentence; the detail is dropped if the quote does not hold it."""
    words = where.quote_with(detail)
    kept = detail if detail and detail in words else None
    return Finding(kind, code, (where.ref,), words, kept, "applicable", value)


def unclear(kind: str, code: str, refs: Sequence[str] = ()) -> Finding:
    return Finding(kind, code, tuple(refs), None, None, "undetermined", "-")


def not_asked(kind: str, code: str) -> Finding:
    return Finding(kind, code, (), None, None, "not_applicable", "-")


def fine(kind: str, code: str) -> Finding:
    """«Yes» of an item that looks for something wrong: there is nothing to quote."""
    return Finding(kind, code, (), None, None, "applicable", "yes")
