"""What is left of an answer after the checks: findings with a verified quote, and why the others went."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from synkro_assets.analysis.content import MessageLine
from synkro_assets.analysis.vocabulary import NO_VALUE, Applicability, FindingType

_TYPES = frozenset(kind.value for kind in FindingType)


class DropCode(StrEnum):
    """Why a finding does not exist (docs/analysis.md, «Checks of an answer»)."""

    INVALID = "invalid"
    BAD_CODE = "bad_code"
    BAD_REF = "bad_ref"
    EMPTY_QUOTE = "empty_quote"
    SHORT_QUOTE = "short_quote"
    LONG_QUOTE = "long_quote"
    QUOTE_NOT_FOUND = "quote_not_found"
    CUT_WORD = "cut_word"
    BAD_ROLE = "bad_role"
    BAD_ORDER = "bad_order"
    BAD_NUMBER = "bad_number"
    GUARD = "guard"
    DUPLICATE = "duplicate"
    MISSING = "missing"
    INJECTION = "injection"


@dataclass(frozen=True, slots=True)
class Quote:
    """Characters `start` … `end` - 1 of a line, as the model saw it."""

    line: MessageLine
    start: int
    end: int
    is_whole: bool

    @property
    def masked(self) -> str:
        return self.line.text.text[self.start : self.end]

    @property
    def original(self) -> tuple[int, int]:
        """The same stretch in the stored text of the message."""
        return self.line.text.source(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Finding:
    """One label that may be shown. `refs`: that of the quote first; `detail`: masked, verbatim from the quote."""

    type: FindingType
    code: str
    value: str
    applicability: Applicability
    refs: tuple[str, ...] = ()
    quote: Quote | None = None
    detail: str | None = None

    @property
    def item(self) -> tuple[FindingType, str]:
        return self.type, self.code


@dataclass(frozen=True, slots=True)
class Drop:
    """A finding that did not pass; never its text."""

    type: str
    code: str
    reason: DropCode


@dataclass(frozen=True, slots=True)
class Checked:
    """`lacking`: mandatory items that no valid finding covers, each with why."""

    findings: tuple[Finding, ...]
    drops: tuple[Drop, ...]
    lacking: tuple[Drop, ...]

    @property
    def to_repair(self) -> tuple[Drop, ...]:
        """Nothing while all that is mandatory is there; else that, and with it whatever else did not pass.

        An objection that failed takes its reply, its outcome and CK07 with it, so they are asked for together.
        """
        if not self.lacking:
            return ()
        named = {(drop.type, drop.code) for drop in self.lacking} | {(drop.type, "") for drop in self.lacking}
        here = {(finding.type.value, finding.code) for finding in self.findings}
        others = dict.fromkeys(
            drop
            for drop in self.drops
            if drop.reason is not DropCode.DUPLICATE
            and drop.type in _TYPES
            and (drop.type, drop.code) not in named | here
            and (drop.type, "") not in named
        )
        return (*self.lacking, *others)


def undetermined(kind: FindingType, code: str) -> Finding:
    return Finding(kind, code, NO_VALUE, Applicability.UNDETERMINED)


def not_applicable(kind: FindingType, code: str) -> Finding:
    return Finding(kind, code, NO_VALUE, Applicability.NOT_APPLICABLE)
