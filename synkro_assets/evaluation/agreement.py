"""How far two judges agree: the share is never told alone, always with the balance of classes, kappa and F1.

`pairs` are (gold, model) verdicts of the same things.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """`balance`: share of each class in the gold set; `kappa` None where only one class occurs."""

    name: str
    judged: int
    share: float | None
    balance: Mapping[str, float]
    kappa: float | None
    f1: float | None
    precision: float | None
    recall: float | None


def kappa(pairs: Pairs) -> float | None:
    """Cohen's kappa: (20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no) → 0.40. None where chance alone agrees fully."""
    if not pairs:
        return None
    total = len(pairs)
    observed = sum(gold == told for gold, told in pairs) / total
    first, second = Counter(gold for gold, _ in pairs), Counter(told for _, told in pairs)
    chance = sum(first[name] * second[name] for name in first) / (total * total)
    return None if chance == 1 else (observed - chance) / (1 - chance)


def precision(pairs: Pairs, positive: str) -> float | None:
    """Of what the model called `positive`, the share that is; None if it called nothing so."""
    called = [gold for gold, told in pairs if told == positive]
    return sum(gold == positive for gold in called) / len(called) if called else None


def recall(pairs: Pairs, positive: str) -> float | None:
    """Of what is `positive`, the share that the model called so; None if nothing is."""
    there = [told for gold, told in pairs if gold == positive]
    return sum(told == positive for told in there) / len(there) if there else None


def f1(pairs: Pairs, positive: str) -> float | None:
    """2·TP / (2·TP + FP + FN): TP 20, FP 10, FN 5 → 0.727; None if the class occurs on neither side."""
    hits = sum(gold == told == positive for gold, told in pairs)
    misses = sum((gold == positive) != (told == positive) for gold, told in pairs)
    return 2 * hits / (2 * hits + misses) if hits + misses else None


def macro_f1(pairs: Pairs) -> float | None:
    """The mean over the classes of the gold set, so that a rare one counts as much as a frequent one."""
    scores = [score for name in sorted({gold for gold, _ in pairs}) if (score := f1(pairs, name)) is not None]
    return sum(scores) / len(scores) if scores else None


def agreement(name: str, pairs: Pairs, positive: str | None = None) -> Agreement:
    """`positive`: the class that precision, recall and F1 are about; None: F1 is the mean over classes."""
    total = len(pairs)
    counted = Counter(gold for gold, _ in pairs)
    return Agreement(
        name=name,
        judged=total,
        share=sum(gold == told for gold, told in pairs) / total if total else None,
        balance={key: count / total for key, count in sorted(counted.items())},
        kappa=kappa(pairs),
        f1=macro_f1(pairs) if positive is None else f1(pairs, positive),
        precision=None if positive is None else precision(pairs, positive),
        recall=None if positive is None else recall(pairs, positive),
    )
