"""The bootstrap over dialogs: the worked examples, the order of the draws, and what may not change the result."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synkro_resources.model.package import Change
from synkro_resources.rules.statistics import bootstrap
from synkro_resources.rules.statistics.bootstrap import (
    MedianSample,
    RatioSample,
    compare_samples,
    mean_interval,
    seed_of,
)

SEED = 20260907
A = [3, 4, 4, 5, 5, 6, 6, 6, 7, 7, 8, 8, 9, 9, 10, 11, 12, 12, 14, 15, 18, 22, 31, 48]
B = [9, 10, 11, 12, 13, 13, 14, 15, 15, 16, 17, 17, 18, 19, 20, 21, 22, 24, 26, 29, 33, 40, 52, 71]
C = [3, 4, 5, 5, 6, 6, 7, 7, 7, 8, 8, 9, 9, 10, 10, 11, 12, 13, 15, 16, 20, 25, 33, 50]


def medians(values: list[int]) -> MedianSample:
    """One value per dialog."""
    return MedianSample.of((dialog, float(value)) for dialog, value in enumerate(values))


def ratio(*groups: tuple[int, int, int]) -> RatioSample:
    """(dialogs, in SLA, judged) …"""
    pairs = [(num, den) for count, num, den in groups for _ in range(count)]
    return RatioSample.of((dialog, num, den) for dialog, (num, den) in enumerate(pairs))


def test_CMP07_a_median_nine_minutes_shorter_is_better_beyond_chance() -> None:
    found = compare_samples(medians(A), medians(B), seed=SEED)
    assert (medians(A).value, medians(B).value, found.statistic) == (8.5, 17.5, -9)
    assert found.low == pytest.approx(-14, abs=1)
    assert found.high == pytest.approx(-5, abs=1)
    assert found.verdict is Change.DOWN


def test_CMP08_half_a_minute_is_chance() -> None:
    found = compare_samples(medians(A), medians(C), seed=SEED)
    assert (medians(C).value, found.statistic, found.verdict) == (9.0, -0.5, Change.NOISE)
    assert (found.low, found.high) == (pytest.approx(-4, abs=1), pytest.approx(3, abs=1))


def test_CMP09_one_dialog_with_many_late_turns_does_not_make_a_change() -> None:
    now, before = ratio((28, 2, 2), (6, 1, 2), (1, 2, 24)), ratio((28, 2, 2), (6, 1, 2), (1, 2, 2))
    found = compare_samples(now, before, seed=SEED)
    assert (now.value, before.value) == (pytest.approx(64 / 92), pytest.approx(64 / 70))
    assert (found.low, found.high) == (pytest.approx(-0.47, abs=0.02), pytest.approx(0.06, abs=0.02))
    assert found.verdict is Change.NOISE


def test_the_draws_are_those_of_one_matrix_per_period_however_they_are_cut_into_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generator = np.random.Generator(np.random.PCG64(SEED))
    drawn = [np.array(values)[generator.integers(0, 24, size=(2000, 24))] for values in (A, B)]
    expected = np.percentile(np.median(drawn[0], axis=1) - np.median(drawn[1], axis=1), [2.5, 97.5]).tolist()
    for cells in (24, 1_000, 10_000_000):
        monkeypatch.setattr(bootstrap, "BLOCK_CELLS", cells)
        found = compare_samples(medians(A), medians(B), seed=SEED)
        assert [found.low, found.high] == expected


def test_fewer_than_twenty_dialogs_on_a_side_are_not_tested_however_many_turns_they_have() -> None:
    few, enough = ratio((19, 50, 100)), ratio((20, 1, 2))
    assert compare_samples(few, enough, seed=1).verdict is Change.SMALL
    assert compare_samples(enough, few, seed=1).verdict is Change.SMALL
    assert compare_samples(enough, enough, seed=1).verdict is Change.NOISE


def test_a_dialog_with_several_values_brings_all_of_them_or_none() -> None:
    sample = MedianSample.of([(1, 1.0), (1, 2.0), (1, 3.0), (2, 10.0)])
    counts = np.array([[1, 1], [2, 0], [0, 2], [1, 3]])
    assert sample.resampled(counts).tolist() == [2.5, 2.0, 10.0, 6.5]
    assert (sample.dialogs, sample.value) == (2, 2.5)


def test_dialogs_without_a_judged_turn_are_no_dialogs_of_the_share() -> None:
    assert RatioSample.of([(1, 0, 0), (2, 1, 2), (2, 1, 1)]).dialogs == 1


def test_the_interval_of_a_mean_holds_the_mean() -> None:
    scores = [(dialog, float(60 + dialog)) for dialog in range(30)]
    found = mean_interval(scores, seed=1)
    assert found is not None
    assert found[0] < 74.5 < found[1]
    assert mean_interval([], seed=1) is None


def test_the_seed_names_tenant_figure_and_period() -> None:
    start, end = datetime(2026, 9, 6, 21, tzinfo=UTC), datetime(2026, 9, 13, 21, tzinfo=UTC)
    seed = seed_of("demo", "frt_median", start, end)
    assert seed == 0x9EFDAC3CDA56488B
    assert len({seed, seed_of("demo", "in_sla", start, end), seed_of("other", "frt_median", start, end)}) == 3


ROWS = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 50), st.integers(50, 90)), min_size=1, max_size=120)


@settings(max_examples=15, deadline=None)
@given(now=ROWS, before=ROWS, shuffle=st.integers(0, 1000))
def test_the_order_of_the_rows_changes_nothing(
    now: list[tuple[int, int, int]], before: list[tuple[int, int, int]], shuffle: int
) -> None:
    mixed = list(now)
    Random(shuffle).shuffle(mixed)
    shares = [compare_samples(RatioSample.of(rows), RatioSample.of(before), seed=SEED) for rows in (now, mixed)]
    assert shares[0] == shares[1]
    times = [
        compare_samples(
            MedianSample.of((dialog, float(value)) for dialog, value, _ in rows),
            MedianSample.of((dialog, float(value)) for dialog, value, _ in before),
            seed=SEED,
        )
        for rows in (now, mixed)
    ]
    assert times[0] == times[1]
