"""When managers are compared, and the reason when they are not."""

from __future__ import annotations

import pytest

from synkro_resources.rules.manager_comparison import ComparisonOff, ManagerComparison, manager_comparison
from synkro_resources.rules.statistics import Share

TEAM = {1: 200, 2: 190, 3: 20, 4: 19}


def compared(
    attributed: int = 50, episodes: dict[int, int] | None = None, *, is_preliminary: bool = False
) -> ManagerComparison:
    return manager_comparison(
        Share(attributed, 50),
        TEAM if episodes is None else episodes,
        floor=0.90,
        is_preliminary=is_preliminary,
        min_sample=20,
    )


@pytest.mark.parametrize(
    ("attributed", "off"), [(46, ComparisonOff.ON), (45, ComparisonOff.ON), (44, ComparisonOff.ATTRIBUTION)]
)
def test_AT05_below_nine_tenths_of_attributed_episodes_nobody_is_compared(attributed: int, off: ComparisonOff) -> None:
    found = compared(attributed)
    assert (found.off, found.is_on) == (off, attributed >= 45)


def test_managers_below_the_smallest_sample_are_not_among_those_compared() -> None:
    assert compared().eligible == (1, 2, 3)


def test_a_preliminary_report_compares_nobody() -> None:
    assert compared(is_preliminary=True).off is ComparisonOff.PRELIMINARY


def test_one_manager_is_told_apart_from_too_few_episodes() -> None:
    assert compared(episodes={1: 200}).off is ComparisonOff.ONE_MANAGER
    assert compared(episodes={1: 200, 2: 0}).off is ComparisonOff.ONE_MANAGER
    assert compared(episodes={1: 200, 2: 19}).off is ComparisonOff.SAMPLE
    assert compared(episodes={}).off is ComparisonOff.SAMPLE
