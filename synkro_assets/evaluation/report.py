"""An evaluation as people and programs read it: a table, Markdown, and JSON with the same numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from synkro_assets.evaluation.agreement import Agreement
from synkro_assets.evaluation.attacks_run import Attacked
from synkro_assets.evaluation.gates import Gate, Verdict, gates
from synkro_assets.evaluation.measured import Measured

_AGREEMENT = ("item", "judged", "agreement", "kappa", "F1", "precision", "recall", "balance of the gold set")


def table(found: Measured) -> str:
    """For a terminal: agreement by item, then the gates."""
    rows = [_AGREEMENT, *map(_cells, found.agreements)]
    told = [("gate", "bound", "found", "verdict"), *((g.name, g.bound, g.found, g.verdict) for g in gates(found))]
    return "\n".join([*_aligned(rows), "", *_aligned(told)])


def markdown(found: Measured) -> str:
    verdicts = Counter(gate.verdict for gate in gates(found))
    parts = [
        f"# Labels of dialogs: evaluation of {found.model}",
        f"Provider {found.host}; gold set: {found.gold}, {found.episodes} episodes; "
        + ", ".join(f"{name} {version}" for name, version in sorted(found.versions.items())),
        f"**{verdicts[Verdict.PASS]} gates pass, {verdicts[Verdict.FAIL]} fail, {verdicts[Verdict.OPEN]} are not "
        "measurable.**",
    ]
    if found.note:
        parts.append(found.note)
    if found.stopped:
        parts.append(f"The provider stopped the evaluation: {found.stopped}")
    parts += ["## Gates", *_markdown(("gate", "bound", "found", "verdict"), map(_gate_cells, gates(found)))]
    parts += ["## Agreement with the gold set", *_markdown(_AGREEMENT, map(_cells, found.agreements))]
    if found.differences:
        told = [(one.item, one.episode, one.agreed, one.told, one.quote) for one in found.differences]
        head = ("item", "episode", "agreed", "model", "words that the model rests on")
        parts += ["## Where the model and the gold set differ", *_markdown(head, told)]
    parts += ["## Evidence and dropped findings", *_evidence(found)]
    planted = [(one.code, one.what, _yes(one.seen), _yes(one.clean)) for one in found.planted]
    if planted:
        parts += ["## Planted errors", *_markdown(("code", "mistake", "seen", "absent from the clean copy"), planted)]
    flips = [(one.name, str(one.compared), str(len(one.changed)), _percent(one.share)) for one in found.flips]
    if flips:
        parts += ["## Changed verdicts", *_markdown(("what changed", "verdicts", "flipped", "share"), flips)]
    parts += [f"- {one.name}: {what}" for one in found.flips for what in one.changed[:20]]
    if found.attacked is not None:
        parts += ["## Orders in clients' texts", *_orders(found.attacked)]
    if found.masking is not None:
        rows = [
            (group, kind, str(count), _percent(found.masking.hidden[group, kind] / count))
            for (group, kind), count in sorted(found.masking.planted.items())
        ]
        parts += ["## Masking", *_markdown(("group", "kind", "planted", "hidden"), rows)]
    if found.price.calls:
        parts += ["## Price of 1,000 episodes", _price(found)]
    return "\n".join(_spaced(parts)) + "\n"


def as_json(found: Measured) -> bytes:
    """The same as `markdown`, for comparing evaluations."""
    told: dict[str, Any] = {
        "model": found.model,
        "host": found.host,
        "gold": found.gold,
        "note": found.note,
        "complete": found.complete,
        "episodes": found.episodes,
        "versions": found.versions,
        "statuses": found.statuses,
        "stopped": found.stopped,
        "gates": gates(found),
        "agreements": found.agreements,
        "differences": found.differences,
        "evidence": found.evidence,
        "stored": found.stored,
        "drops": found.drops,
        "missed_replies": found.missed_replies,
        "critical_noes": found.critical_noes,
        "flips": found.flips,
        "planted": found.planted,
        "orders": found.attacked,
        "masking": None if found.masking is None else _masking(found),
        "per_thousand": found.price,
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2, default=str)


def _evidence(found: Measured) -> Iterator[str]:
    quotes = found.evidence
    yield (
        f"{quotes.valid} of {quotes.quoted} quotes stand in the message that they name. {quotes.elsewhere} agreed "
        f"labels quote another message than the gold set, {quotes.unfounded} findings are no label of it."
    )
    dropped = sum(found.drops.values())
    by_code = ", ".join(f"{code} {count}" for code, count in sorted(found.drops.items())) or "none"
    yield f"{found.stored} findings stored, {dropped} dropped: {by_code}."
    yield "Answers: " + ", ".join(f"{status} {count}" for status, count in sorted(found.statuses.items())) + "."


def _orders(found: Attacked) -> Iterator[str]:
    yield (
        f"{found.flagged} of {found.asked} flagged; {found.changed} of {found.compared} verdicts changed, "
        f"{found.counting} of them in episodes that no flag holds back; {len(found.leaks)} leaks."
    )
    rows = [(name, str(asked), str(flagged)) for name, (asked, flagged) in found.by_disguise.items()]
    yield from _markdown(("disguise", "orders", "flagged"), rows)
    if found.unflagged:
        yield "Not flagged" + (
            " (in bold: verdicts differ, obeyed or not):" if found.obeyed else ", no verdict differs:"
        )
        for attack in found.unflagged:
            text = attack.text.replace("\n", " ⏎ ").replace("`", "'")
            bold = "**" if attack in found.obeyed else ""
            yield f"- {attack.disguise}: {bold}{text}{bold}"
    yield from (f"- leak: {leak}" for leak in found.leaks)


def _price(found: Measured) -> str:
    price = found.price
    money = "price of the model unknown" if price.cost is None else f"{price.cost:.2f} {price.currency}"
    return (
        f"{price.calls:,.0f} calls, {price.tokens_in:,.0f} tokens in ({price.tokens_cached:,.0f} from the provider's "
        f"cache), {price.tokens_out:,.0f} out; {money}."
    )


def _masking(found: Measured) -> dict[str, Any]:
    masking = found.masking
    if masking is None:
        return {}
    kinds = {f"{group}/{kind}": [masking.hidden[group, kind], n] for (group, kind), n in masking.planted.items()}
    return {"hidden_of_planted": kinds, "clean": masking.clean, "touched": masking.touched}


def _cells(one: Agreement) -> tuple[str, ...]:
    balance = ", ".join(f"{name} {share:.0%}" for name, share in one.balance.items())
    numbers = (_number(one.kappa), _number(one.f1), _number(one.precision), _number(one.recall))
    return (one.name, str(one.judged), _percent(one.share), *numbers, balance)


def _gate_cells(gate: Gate) -> tuple[str, ...]:
    verdict = f"**{gate.verdict}**" if gate.verdict is Verdict.FAIL else gate.verdict.value
    return gate.name, gate.bound, gate.found, verdict


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield (
        "| "
        + " | ".join(head)
        + " |\n|"
        + " --- |" * len(head)
        + "".join("\n| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
    )


def _spaced(parts: Iterable[str]) -> Iterator[str]:
    """An empty line between paragraphs, none inside a list."""
    before = ""
    for part in parts:
        if before and not (before.startswith("- ") and part.startswith("- ")):
            yield ""
        yield part
        before = part


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _yes(holds: bool) -> str:
    return "yes" if holds else "**no**"
