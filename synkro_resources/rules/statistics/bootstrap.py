"""Bootstrap of a difference with the dialog as the resampled unit: the turns of one dialog are not independent.

Medians, means of episode scores and turn-level shares are compared so (docs/metrics.md, «Statistics»). The draws are
exactly `integers(0, n, size=(DRAWS, n))` for the current and then for the previous period; they are made in blocks of
rows, which gives the same numbers and needs memory for one block only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
import numpy.typing as npt

from synkro_resources.model.package import Change
from synkro_resources.rules.statistics.significance import Tested, direction

DRAWS = 2000
DIALOGS_FOR_TEST = 20  # on each side
BLOCK_CELLS = 400_000  # counts of one block: a few megabytes, which stay in the processor's cache
INTERVAL = (2.5, 97.5)

Floats = npt.NDArray[np.float64]


class DialogSample(Protocol):
    """One period's rows of a figure, grouped by dialog."""

    @property
    def dialogs(self) -> int: ...

    @property
    def value(self) -> float:
        """The figure itself; only asked of a sample with dialogs."""
        ...

    def resampled(self, counts: npt.NDArray[np.intp]) -> Floats:
        """The figure of each row of `counts`: how often each dialog was drawn."""
        ...


@dataclass(frozen=True)
class RatioSample:
    """Sum of `nums` ÷ sum of `dens` over dialogs: a share of turns, or the mean of episode scores."""

    nums: Floats
    dens: Floats

    @classmethod
    def of(cls, rows: Iterable[tuple[int, float, float]]) -> RatioSample:
        """From (dialog id, numerator, denominator), any number of rows per dialog."""
        sums: dict[int, tuple[float, float]] = {}
        for dialog, num, den in sorted(rows):
            known = sums.get(dialog, (0.0, 0.0))
            sums[dialog] = (known[0] + num, known[1] + den)
        counted = [pair for _, pair in sorted(sums.items()) if pair[1]]
        return cls(np.array([num for num, _ in counted], float), np.array([den for _, den in counted], float))

    @property
    def dialogs(self) -> int:
        return len(self.dens)

    @property
    def value(self) -> float:
        return float(self.nums.sum() / self.dens.sum())

    def resampled(self, counts: npt.NDArray[np.intp]) -> Floats:
        weights = counts.astype(np.float64)
        return (weights @ self.nums) / (weights @ self.dens)


@dataclass(frozen=True)
class MedianSample:
    """The median of all values; a drawn dialog brings all of its values."""

    values: Floats
    """Sorted."""
    owners: npt.NDArray[np.intp]
    """Position of the dialog that each value belongs to."""
    dialogs: int

    @classmethod
    def of(cls, rows: Iterable[tuple[int, float]]) -> MedianSample:
        """From (dialog id, value), any number of rows per dialog."""
        known = list(rows)
        position = {dialog: at for at, dialog in enumerate(sorted({dialog for dialog, _ in known}))}
        ordered = sorted((value, position[dialog]) for dialog, value in known)
        values = np.array([value for value, _ in ordered], float)
        return cls(values, np.array([owner for _, owner in ordered], np.intp), len(position))

    @property
    def value(self) -> float:
        return float(np.median(self.values))

    def resampled(self, counts: npt.NDArray[np.intp]) -> Floats:
        """Each value stands in a resample as often as its dialog was drawn: the median is found by counting up."""
        reached = np.cumsum(np.take(counts.astype(np.int32), self.owners, axis=1), axis=1, dtype=np.int32)
        total = reached[:, -1]
        middle = np.stack([(total - 1) // 2, total // 2], axis=1)
        found = np.array([np.searchsorted(row, pair, side="right") for row, pair in zip(reached, middle, strict=True)])
        return self.values[found].mean(axis=1)


def seed_of(tenant: str, metric: str, start: datetime, end: datetime) -> int:
    """The seed of one figure in one period: the same report gives the same interval wherever it is built."""
    words = f"{tenant}|{metric}|{start.isoformat()}|{end.isoformat()}"
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], "big")


def compare_samples(now: DialogSample, before: DialogSample, *, seed: int) -> Tested:
    """Significant if 0 lies outside the 95 % percentile interval of the difference `now − before`."""
    if min(now.dialogs, before.dialogs) < DIALOGS_FOR_TEST:
        return Tested(Change.SMALL, "bootstrap")
    generator = np.random.Generator(np.random.PCG64(seed))
    changes = _figures(now, generator) - _figures(before, generator)
    low, high = (float(limit) for limit in np.percentile(changes, INTERVAL))
    change = now.value - before.value
    verdict = Change.NOISE if low <= 0 <= high else direction(low)
    return Tested(verdict, "bootstrap", change, None, low, high)


def mean_interval(scores: Sequence[tuple[int, float]], *, seed: int) -> tuple[float, float] | None:
    """95 % interval of the mean of one group's (dialog id, score) rows; None without rows."""
    sample = RatioSample.of((dialog, score, 1.0) for dialog, score in scores)
    if not sample.dialogs:
        return None
    drawn = _figures(sample, np.random.Generator(np.random.PCG64(seed)))
    low, high = (float(limit) for limit in np.percentile(drawn, INTERVAL))
    return low, high


def _figures(sample: DialogSample, generator: np.random.Generator) -> Floats:
    return np.concatenate([sample.resampled(counts) for counts in _counts(sample.dialogs, generator)])


def _counts(dialogs: int, generator: np.random.Generator) -> Iterator[npt.NDArray[np.intp]]:
    """How often each dialog is drawn in each of the resamples, block by block."""
    block = max(1, BLOCK_CELLS // dialogs)
    for first in range(0, DRAWS, block):
        rows = min(block, DRAWS - first)
        drawn = generator.integers(0, dialogs, size=(rows, dialogs))
        drawn += np.arange(rows)[:, None] * dialogs
        yield np.bincount(drawn.ravel(), minlength=rows * dialogs).reshape(rows, dialogs)
