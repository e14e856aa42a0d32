"""How far a finding may be trusted; never asked from the model (docs/analysis.md, «Bands»)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from synkro_assets.analysis.comparable import comparable_text
from synkro_assets.analysis.content import EpisodeContent
from synkro_assets.analysis.evidence import SHORTEST
from synkro_assets.analysis.findings import Finding
from synkro_assets.analysis.vocabulary import Author, FindingType
from synkro_resources.model.rubric import Rubric
from synkro_resources.rules.feedback import Agreement

FEW_CLIENT_TEXTS = 2
LEAST_PRECISION = 0.75
SURE_PRECISION = 0.90
SURE_FROM = 50
LEAST_MARKS = 10
"""Fewer say nothing either way: one mark out of one would make everything doubtful."""
CONFIRMED_ONE_IN = 10

_SENTIMENTS = (FindingType.SENTIMENT_START, FindingType.SENTIMENT_END)


class Band(StrEnum):
    SURE = "точно"
    LIKELY = "вероятно"
    DOUBTFUL = "проверьте"


@dataclass(frozen=True, slots=True)
class Precision:
    """What people confirmed of a type or an item: share, lower 95 % bound, marks."""

    share: float
    lower: float
    marks: int


def precisions(agreed: Iterable[Agreement]) -> dict[str, Precision]:
    """By «type» or «type/code» what people confirmed, where enough of them spoke for a share to say anything."""
    return {
        f"{one.type}/{one.code}" if one.code else one.type: Precision(
            one.share.num / one.share.den, one.interval[0], one.share.den
        )
        for one in agreed
        if one.type and one.share.den >= LEAST_MARKS and one.interval is not None
    }


@dataclass(frozen=True, slots=True)
class Trust:
    """What the bands of one episode depend on beside the finding itself. `gold`: by «type» or «type/code»."""

    content: EpisodeContent
    rubric: Rubric
    is_flagged: bool
    gold: Mapping[str, Precision] = field(default_factory=dict[str, Precision])

    def band(self, finding: Finding, agreed: bool | None) -> Band:
        """`agreed`: whether a second run said the same; None if there was none."""
        precision = self.gold.get(f"{finding.type}/{finding.code}") or self.gold.get(finding.type)
        if self._is_doubtful(finding, precision) or agreed is False:
            return Band.DOUBTFUL
        proven = precision is not None and precision.lower >= SURE_PRECISION and precision.marks >= SURE_FROM
        unconfirmed = is_critical_no(finding, self.rubric) and agreed is None
        return Band.SURE if proven and not unconfirmed else Band.LIKELY

    def _is_doubtful(self, finding: Finding, precision: Precision | None) -> bool:
        item = self.rubric.by_code.get(finding.code) if finding.type is FindingType.CHECKLIST else None
        return (
            self.is_flagged
            or (finding.value == "no" and not self.content.beginning_is_seen)
            or (item is not None and item.is_draft)
            or (precision is not None and precision.share < LEAST_PRECISION)
            or (finding.type in _SENTIMENTS and _client_texts(self.content) <= FEW_CLIENT_TEXTS)
            or (finding.type is FindingType.LOST_REASON and _is_one_word(finding))
        )


def is_critical_no(finding: Finding, rubric: Rubric) -> bool:
    item = rubric.by_code.get(finding.code) if finding.type is FindingType.CHECKLIST else None
    return item is not None and item.is_critical and finding.value == "no"


def needs_confirmation(findings: Iterable[Finding], rubric: Rubric, analysis_key: str) -> bool:
    """A second run is paid for what costs a person most, and for one answer in ten, chosen by its key alone."""
    by_chance = int(hashlib.sha256(analysis_key.encode()).hexdigest(), 16) % CONFIRMED_ONE_IN == 0
    return by_chance or any(is_critical_no(finding, rubric) for finding in findings)


def agrees(finding: Finding, second: Iterable[Finding]) -> bool:
    """Whether the second run came to the same verdict, whatever words it quotes."""
    return any(
        other.item == finding.item and (other.value, other.applicability) == (finding.value, finding.applicability)
        for other in second
    )


def _client_texts(content: EpisodeContent) -> int:
    return sum(line.author is Author.CLIENT and line.has_text for line in content.messages)


def _is_one_word(finding: Finding) -> bool:
    quote = finding.quote
    return quote is not None and quote.is_whole and len(comparable_text(quote.masked)) < SHORTEST
