"""Which dialogs a report quotes as good and as bad examples: chosen by code, the same ones for the same package.

Good: the highest scores. Bad: a critical item that failed, then the lowest scores; sure labels go first. A dialog
without a verified quote is no example (docs/report.md, «PDF»).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from synkro_resources.model.package import Package, PackageRow

EXAMPLES = 3
QUOTES_OF_ONE = 3
SURE = "exact"


@dataclass(frozen=True, slots=True)
class Quoted:
    """What one item of the checklist rests on; `item` is its code, `message_id` Radist's."""

    item: str
    quote: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One dialog as an example; `failed`: codes of the items it stands for as a bad one."""

    row: PackageRow
    score: float
    failed: tuple[str, ...]
    quotes: tuple[Quoted, ...]


def good_excerpts(package: Package) -> list[Excerpt]:
    """At most three dialogs with the highest scores that failed nothing critical, each with what went well."""
    answers, critical = (
        _by_episode(package.list_rows("checklist_answer")),
        _by_episode(package.list_rows("critical_fail")),
    )
    found: list[Excerpt] = []
    for row, score in _best_first(_scored(package), answers):
        key = row.episode_key or ""
        quotes = _quotes(answers[key], ("yes",))
        if key not in critical and quotes:
            found.append(Excerpt(row, score, (), quotes))
        if len(found) == EXAMPLES:
            break
    return found


def bad_excerpts(package: Package) -> list[Excerpt]:
    """At most three dialogs where a critical item failed or the score is lowest, each with its words."""
    answers, critical = (
        _by_episode(package.list_rows("checklist_answer")),
        _by_episode(package.list_rows("critical_fail")),
    )
    shown = {excerpt.row.episode_key for excerpt in good_excerpts(package)}
    found: list[Excerpt] = []

    def urgency(item: tuple[PackageRow, float]) -> tuple[int, float, str]:
        row, score = item
        fails = critical.get(row.episode_key or "", ())
        rank = 2 if not fails else 0 if any(fail.band == SURE for fail in fails) else 1
        return rank, score, row.episode_key or ""

    for row, score in sorted(_scored(package), key=urgency):
        key = row.episode_key or ""
        failed = tuple(_item(answer) for answer in answers[key] if answer.extra.get("answer") == "no")
        quotes = _quotes(answers[key], ("no",)) or _quotes(answers[key], ("yes", "undetermined"))
        if failed and quotes and key not in shown:
            found.append(Excerpt(row, score, failed, quotes))
        if len(found) == EXAMPLES:
            break
    return found


def _scored(package: Package) -> list[tuple[PackageRow, float]]:
    scores = ((row, row.extra.get("score")) for row in package.list_rows("checklist"))
    return [(row, float(score)) for row, score in scores if isinstance(score, int | float)]


def _best_first(
    scored: Iterable[tuple[PackageRow, float]], answers: dict[str, list[PackageRow]]
) -> list[tuple[PackageRow, float]]:
    def worth(item: tuple[PackageRow, float]) -> tuple[float, int, str]:
        row, score = item
        sure = sum(answer.band == SURE for answer in answers[row.episode_key or ""])
        return -score, -sure, row.episode_key or ""

    return sorted(scored, key=worth)


def _quotes(answers: Sequence[PackageRow], wanted: tuple[str, ...]) -> tuple[Quoted, ...]:
    """Sure ones first; one message is quoted once."""
    fitting = [answer for answer in answers if answer.extra.get("answer") in wanted and answer.extra.get("quote")]
    fitting.sort(key=lambda answer: (answer.band != SURE, _item(answer)))
    found: dict[str, Quoted] = {}
    for answer in fitting:
        message_id = str(answer.extra.get("message_id") or "")
        found.setdefault(message_id, Quoted(_item(answer), str(answer.extra["quote"]), message_id))
    return tuple(found.values())[:QUOTES_OF_ONE]


def _item(answer: PackageRow) -> str:
    return str(answer.extra.get("item") or "")


def _by_episode(rows: Iterable[PackageRow]) -> dict[str, list[PackageRow]]:
    found: dict[str, list[PackageRow]] = defaultdict(list)
    for row in rows:
        found[row.episode_key or ""].append(row)
    return found
