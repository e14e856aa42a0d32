"""Whether a share or a count has really changed, and how sure a single share is; by formula, without resampling."""

from __future__ import annotations

import math
from dataclasses import dataclass

from synkro_resources.model.package import Change
from synkro_resources.rules.statistics.samples import Share

SIGNIFICANT = 0.05
SHARE_TEST_FROM_ROWS = 30  # on each side; below, the normal approximation does not hold
SHARE_TEST_FROM_CASES = 5  # successes and failures on each side, for the same reason
COUNT_TEST_FROM_ROWS = 10  # of both periods together
Z_95 = 1.959963984540054  # 97.5 % quantile of the normal distribution


@dataclass(frozen=True, slots=True)
class Tested:
    """How a figure compares with the period before; `low` and `high`: 95 % interval of the change, if there is one."""

    verdict: Change
    test: str | None = None
    statistic: float | None = None
    p_value: float | None = None
    low: float | None = None
    high: float | None = None


NOT_COMPARABLE = Tested(Change.NONE)


def compare_shares(now: Share, before: Share) -> Tested:
    """Two-sided pooled z-test of two shares whose unit is an episode or a deal, not a turn."""
    if any(not _is_enough(side) for side in (now, before)):
        return Tested(Change.SMALL, "z")
    pooled = (now.num + before.num) / (now.den + before.den)
    error = math.sqrt(pooled * (1 - pooled) * (1 / now.den + 1 / before.den))
    return _judged("z", (now.num / now.den - before.num / before.den) / error)


def compare_counts(now: int, before: int, days_now: int, days_before: int) -> Tested:
    """Whether `now` rows in `days_now` working days are more or fewer per day than before.

    Under the null hypothesis each row falls into either period in proportion to its working days.
    """
    rows = now + before
    if rows < COUNT_TEST_FROM_ROWS or not days_now or not days_before:
        return Tested(Change.SMALL, "counts")
    part = days_now / (days_now + days_before)
    return _judged("counts", (now - rows * part) / math.sqrt(rows * part * (1 - part)))


def wilson(share: Share) -> tuple[float, float] | None:
    """95 % Wilson interval of one share; None if nothing was judged."""
    if not share.den:
        return None
    n, part = share.den, share.num / share.den
    square = Z_95 * Z_95
    centre = (part + square / (2 * n)) / (1 + square / n)
    half = Z_95 * math.sqrt(part * (1 - part) / n + square / (4 * n * n)) / (1 + square / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def direction(change: float) -> Change:
    """Up or down by the sign of a change that is not zero."""
    return Change.UP if change > 0 else Change.DOWN


def _is_enough(share: Share) -> bool:
    failures = share.den - share.num
    return share.den >= SHARE_TEST_FROM_ROWS and min(share.num, failures) >= SHARE_TEST_FROM_CASES


def _judged(test: str, z: float) -> Tested:
    p_value = math.erfc(abs(z) / math.sqrt(2))
    return Tested(direction(z) if p_value < SIGNIFICANT else Change.NOISE, test, z, p_value)
