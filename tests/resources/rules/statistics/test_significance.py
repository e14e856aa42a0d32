"""Tests of shares and counts by formula: the worked examples and the laws that hold for all of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synkro_resources.model.package import Change
from synkro_resources.rules.statistics import Share, compare_counts, compare_shares, wilson

SHARES = st.integers(0, 400).flatmap(lambda den: st.builds(Share, st.integers(0, den), st.just(den)))


@pytest.mark.parametrize(
    ("now", "before", "z", "p", "verdict"),
    [
        pytest.param(Share(41, 212), Share(22, 205), 2.454, 0.0141, Change.UP, id="CMP-01"),
        pytest.param(Share(124, 214), Share(130, 213), -0.650, 0.5156, Change.NOISE, id="CMP-02"),
        pytest.param(Share(41, 263), Share(76, 1014), 4.055, 0.0001, Change.UP, id="TP-01"),
    ],
)
def test_shares_of_episodes_and_deals_are_compared_by_a_pooled_z_test(
    now: Share, before: Share, z: float, p: float, verdict: Change
) -> None:
    found = compare_shares(now, before)
    assert found.statistic == pytest.approx(z, abs=0.0005)
    assert found.p_value == pytest.approx(p, abs=0.00005)
    assert found.verdict is verdict


@pytest.mark.parametrize(
    ("now", "before"),
    [
        pytest.param(Share(9, 28), Share(15, 40), id="CMP-03 fewer than 30 rows"),
        pytest.param(Share(36, 40), Share(33, 40), id="CMP-03 four failures"),
        pytest.param(Share(4, 40), Share(20, 40), id="four successes"),
        pytest.param(Share(0, 0), Share(20, 40), id="nothing judged"),
    ],
)
def test_CMP03_small_samples_are_not_tested(now: Share, before: Share) -> None:
    for found in (compare_shares(now, before), compare_shares(before, now)):
        assert (found.verdict, found.p_value) == (Change.SMALL, None)


def test_thirty_rows_with_five_cases_on_either_side_are_enough() -> None:
    assert compare_shares(Share(5, 30), Share(25, 30)).verdict is Change.DOWN


@pytest.mark.parametrize(
    ("counts", "days", "z", "p", "verdict"),
    [
        pytest.param((23, 14), (5, 5), 1.480, 0.1390, Change.NOISE, id="CMP-04"),
        pytest.param((41, 18), (5, 5), 2.994, 0.0028, Change.UP, id="CMP-05"),
        pytest.param((440, 399), (22, 21), 0.742, 0.4580, Change.NOISE, id="CMP-06"),
    ],
)
def test_counts_are_compared_per_working_day(
    counts: tuple[int, int], days: tuple[int, int], z: float, p: float, verdict: Change
) -> None:
    found = compare_counts(*counts, *days)
    assert found.statistic == pytest.approx(z, abs=0.0005)
    assert found.p_value == pytest.approx(p, abs=0.00005)
    assert found.verdict is verdict


def test_a_month_with_more_working_days_and_as_many_more_cases_has_not_changed() -> None:
    assert compare_counts(220, 210, 22, 21).statistic == pytest.approx(0)


def test_counts_below_ten_or_without_working_days_are_not_tested() -> None:
    assert compare_counts(9, 0, 5, 5).verdict is Change.SMALL
    assert compare_counts(10, 0, 5, 5).verdict is Change.UP
    assert compare_counts(20, 5, 5, 0).verdict is Change.SMALL


@pytest.mark.parametrize(
    ("share", "low", "high"),
    [(Share(90, 150), 0.520, 0.675), (Share(80, 100), 0.711, 0.867), (Share(8, 10), 0.490, 0.943)],
)
def test_WI01_the_interval_of_a_single_share(share: Share, low: float, high: float) -> None:
    assert wilson(share) == pytest.approx((low, high), abs=0.0005)


def test_nothing_judged_has_no_interval() -> None:
    assert wilson(Share(0, 0)) is None


@given(now=SHARES, before=SHARES)
def test_the_test_of_shares_is_symmetric(now: Share, before: Share) -> None:
    there, back = compare_shares(now, before), compare_shares(before, now)
    opposite = {Change.UP: Change.DOWN, Change.DOWN: Change.UP}
    assert back.verdict is opposite.get(there.verdict, there.verdict)
    assert back.p_value == there.p_value or back.p_value == pytest.approx(there.p_value)


@given(now=SHARES, before=SHARES)
def test_successes_and_failures_may_change_places(now: Share, before: Share) -> None:
    there = compare_shares(now, before)
    failures = compare_shares(Share(now.den - now.num, now.den), Share(before.den - before.num, before.den))
    assert (there.p_value or 0) == pytest.approx(failures.p_value or 0)


@given(share=SHARES.filter(lambda share: share.den > 0))
def test_the_interval_holds_the_share_and_stays_between_0_and_1(share: Share) -> None:
    found = wilson(share)
    assert found is not None
    assert share.value is not None
    assert 0 <= found[0] <= share.value + 1e-12
    assert share.value - 1e-12 <= found[1] <= 1
