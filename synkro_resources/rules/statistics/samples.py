"""What a sample is worth showing: median, percentile, share, and from how many rows each may be shown."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

MEDIAN_FROM_ROWS = 5  # below, one slow answer is the median
P90_FROM_ROWS = 20  # below, the 90th percentile is one or two rows
SHARE_FROM_ROWS = 10  # below, one row moves the share by more than ten points: shown as «3 из 8»

Display = Literal["ok", "few", "na"]


@dataclass(frozen=True, slots=True)
class Quantile:
    """A median or percentile over `n` rows; `display` is `few` below the smallest sample, `na` without rows."""

    value: float | None
    n: int
    display: Display


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, both in the same unit. `value` is 0…1, None if nothing was judged."""

    num: int
    den: int

    @property
    def value(self) -> float | None:
        return self.num / self.den if self.den else None

    @property
    def display(self) -> Display:
        return "na" if not self.den else "few" if self.den < SHARE_FROM_ROWS else "ok"


def percentile(values: Iterable[float], q: float) -> float | None:
    """Linear interpolation at position (n − 1)·q of the sorted values; None without values."""
    ordered = sorted(values)
    if not ordered:
        return None
    position = (len(ordered) - 1) * q
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def median(values: Iterable[float]) -> Quantile:
    """The middle value; the mean of the two middle ones if their number is even."""
    return _quantile(values, 0.5, MEDIAN_FROM_ROWS)


def p90(values: Iterable[float]) -> Quantile:
    """The 90th percentile."""
    return _quantile(values, 0.9, P90_FROM_ROWS)


def _quantile(values: Iterable[float], q: float, shown_from: int) -> Quantile:
    rows = list(values)
    display: Display = "na" if not rows else "few" if len(rows) < shown_from else "ok"
    return Quantile(percentile(rows, q), len(rows), display)
