"""When a report that was sent is told again: only for headline figures that changed enough (docs/report.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from synkro_resources.model.errors import Sentence
from synkro_resources.model.package import Package, PackageMetric
from synkro_resources.rules import formats

SHARE_STEP = 0.01
"""A share changes by a percentage point …"""
RELATIVE_STEP = 0.05
"""… and any other figure by a twentieth, or it is not worth a message."""
FIGURES_TOLD = 3
_ROUNDING = 1e-9

_HEADLINES: dict[tuple[int, str], Sentence] = {
    (1, "frt_median"): Sentence("первый ответ", "first response"),
    (3, "in_sla"): Sentence("ответы в срок", "answered in time"),
    (4, "unanswered"): Sentence("ждут ответа", "waiting for an answer"),
    (9, "lost"): Sentence("потеряно сделок", "deals lost"),
}


@dataclass(frozen=True, slots=True)
class ChangedHeadline:
    """One headline figure as it was told and as it is now."""

    old: PackageMetric
    new: PackageMetric

    def words(self, language: str) -> str:
        label = _HEADLINES[self.new.metric_no, self.new.code]
        name = label.ru if language == "ru" else label.en
        return f"{name} {_shown(self.old, language)} → {_shown(self.new, language)}"


def changed_headlines(old: Package, new: Package) -> list[ChangedHeadline]:
    """The headline figures that differ enough, in the order of the report; a figure that is unknown is not compared."""
    before, after = _headlines(old), _headlines(new)
    pairs = [ChangedHeadline(before[key], after[key]) for key in _HEADLINES if key in before and key in after]
    return [pair for pair in pairs if _differs(pair)]


def refined_text(period: str, changes: Sequence[ChangedHeadline], language: str) -> str:
    """«Уточнённый отчёт за …» with at most three figures; `period` as it stands in titles."""
    told = "; ".join(change.words(language) for change in changes[:FIGURES_TOLD])
    return f"Уточнённый отчёт за {period}: {told}." if language == "ru" else f"Refined report for {period}: {told}."


def _headlines(package: Package) -> dict[tuple[int, str], PackageMetric]:
    return {
        (metric.metric_no, metric.code): metric
        for metric in package.metrics
        if metric.scope == "tenant" and metric.value is not None and (metric.metric_no, metric.code) in _HEADLINES
    }


def _differs(pair: ChangedHeadline) -> bool:
    old, new = pair.old.value or 0.0, pair.new.value or 0.0
    if pair.new.unit == "share":
        return abs(new - old) >= SHARE_STEP - _ROUNDING
    return old != new and abs(new - old) >= RELATIVE_STEP * abs(old) - _ROUNDING


def _shown(metric: PackageMetric, language: str) -> str:
    if metric.unit == "share" and metric.num is not None and metric.den:
        return formats.share(metric.num, metric.den, language, small=False)
    if metric.unit == "minutes":
        return formats.minutes(metric.value, language)
    return f"{metric.value or 0:.0f}"
