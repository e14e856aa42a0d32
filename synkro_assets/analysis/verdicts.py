"""What code alone decides after the checks: open items, unfinished dialogs, and episodes that give orders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from synkro_assets.analysis.content import EpisodeContent
from synkro_assets.analysis.findings import Checked, Drop, DropCode, Finding, not_applicable, undetermined
from synkro_assets.analysis.guards import ends_with_client
from synkro_assets.analysis.vocabulary import UNCLEAR, FindingType

NEEDS_AN_END = frozenset({"CK09", "CK12"})
"""Items that cannot be judged while the client waits."""


def completed(
    checked: Checked, content: EpisodeContent, *, is_flagged: bool
) -> tuple[tuple[Finding, ...], tuple[Drop, ...]]:
    """The findings that are stored, and what was dropped on the way.

    What no valid finding covers is said openly: items and sentiments are undetermined, the client type unclear. A
    missing `needs_reply` is no finding: the rule of turns then says that an answer is due.
    """
    findings = list(checked.findings)
    drops = list(checked.drops)
    if is_flagged:
        ignored = [item for item in findings if item.type is FindingType.NEEDS_REPLY and item.value == "no"]
        findings = [item for item in findings if item not in ignored]
        drops += [Drop(item.type, item.code, DropCode.INJECTION) for item in ignored]
    findings += _open(checked.lacking)
    return tuple(_overruled(findings, content)), tuple(drops)


def _overruled(findings: Iterable[Finding], content: EpisodeContent) -> Iterator[Finding]:
    known = list(findings)
    waits = is_pending(known, content)
    for finding in known:
        yield _without_beginning(finding, content) or _without_end(finding, waits) or finding


def is_pending(findings: Iterable[Finding], content: EpisodeContent) -> bool:
    """Whether the last turn is the client's and an answer is due."""
    closed = any(item.type is FindingType.NEEDS_REPLY and item.value == "no" for item in findings)
    return ends_with_client(content) and not closed


def _without_beginning(finding: Finding, content: EpisodeContent) -> Finding | None:
    depends = finding.type is FindingType.SENTIMENT_START or finding.item == (FindingType.CHECKLIST, "CK01")
    if content.beginning_is_seen or not depends:
        return None
    return undetermined(finding.type, finding.code)


def _without_end(finding: Finding, waits: bool) -> Finding | None:
    if waits and finding.type is FindingType.CHECKLIST and finding.code in NEEDS_AN_END:
        return not_applicable(finding.type, finding.code)
    return None


def _open(lacking: Iterable[Drop]) -> Iterator[Finding]:
    for drop in lacking:
        kind = FindingType(drop.type)
        if kind is FindingType.CLIENT_TYPE:
            yield undetermined(kind, UNCLEAR)
        elif kind is not FindingType.NEEDS_REPLY:
            yield undetermined(kind, drop.code or "-")
