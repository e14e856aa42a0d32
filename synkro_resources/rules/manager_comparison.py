"""Whether managers may be compared with each other in a report (docs/metrics.md, «Comparison»)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from synkro_resources.rules.statistics import Share


class ComparisonOff(StrEnum):
    """Why the table of people is alphabetical; the empty word says that it is a comparison."""

    ON = ""
    ATTRIBUTION = "attribution"
    """Too many episodes belong to nobody: the rest may be anybody's best or worst."""
    PRELIMINARY = "preliminary"
    SAMPLE = "sample"
    """Fewer than two managers have enough episodes."""
    ONE_MANAGER = "one_manager"


@dataclass(frozen=True, slots=True)
class ManagerComparison:
    """`off`: why there is no comparison. `eligible`: managers with enough episodes, by id."""

    off: ComparisonOff
    eligible: tuple[int, ...]

    @property
    def is_on(self) -> bool:
        """Whether the table may be ordered by value, with bold figures and places."""
        return self.off is ComparisonOff.ON


def manager_comparison(
    attribution: Share, episodes: Mapping[int, int], *, floor: float, is_preliminary: bool, min_sample: int
) -> ManagerComparison:
    """`attribution`: attributed episodes of those that could be; `episodes`: their number by manager."""
    eligible = tuple(sorted(manager for manager, count in episodes.items() if count >= min_sample))
    if attribution.value is not None and attribution.value < floor:
        return ManagerComparison(ComparisonOff.ATTRIBUTION, eligible)
    if is_preliminary:
        return ManagerComparison(ComparisonOff.PRELIMINARY, eligible)
    if len(eligible) >= 2:
        return ManagerComparison(ComparisonOff.ON, eligible)
    alone = sum(count > 0 for count in episodes.values()) == 1
    return ManagerComparison(ComparisonOff.ONE_MANAGER if alone else ComparisonOff.SAMPLE, eligible)
