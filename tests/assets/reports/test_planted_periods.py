"""Ten planted worlds: packages of days, weeks, a month and any days equal the truth, figure by figure, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from synkro_resources.model.package import Package, Verdict
from synkro_resources.model.period import Period, days_between
from tests.assets.reports.planted_figures import covered, expected_figures, expected_lists, figures_of, lists_of
from tests.planted import Planted, planted_world

pytestmark = pytest.mark.slow

SEEDS = range(101, 111)
DAYS = [Period.day(day) for day in days_between(date(2026, 10, 30), date(2026, 11, 7))]
"""Around a holiday and a weekend."""
WEEKS = [Period.week_of(date(2026, 10, 5) + timedelta(weeks=number)) for number in range(6)]
PERIODS = [*DAYS, *WEEKS, Period.month_of(date(2026, 10, 1)), Period.custom(date(2026, 11, 1), date(2026, 11, 10))]


@pytest.fixture(
    scope="module",
    params=[pytest.param(seed, marks=pytest.mark.xdist_group(f"planted-{seed}")) for seed in SEEDS],
    ids=lambda seed: f"seed {seed}",
)
def planted(
    request: pytest.FixtureRequest, control_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Planted]:
    with planted_world(control_url, tmp_path_factory.mktemp(f"planted-{request.param}"), request.param) as world:
        yield world


@pytest.mark.parametrize("period", PERIODS, ids=lambda period: period.report_id)
def test_a_package_says_what_was_planted(planted: Planted, period: Period) -> None:
    package, truth = planted.package(period), planted.truth.period(period.first_day, period.last_day)
    assert (package.verdict, package.as_of, package.working_days) == (Verdict.OK, truth.as_of, truth.working_days)
    assert differences(package, period, planted) == {}
    expected = expected_lists(truth)
    assert lists_of(package, expected) == expected


def differences(package: Package, period: Period, planted: Planted) -> dict[str, object]:
    """Figures that differ, as «planted, found»."""
    expected = expected_figures(planted.truth.period(period.first_day, period.last_day))
    known = covered(expected)
    found = {key: figure for key, figure in figures_of(package).items() if key[:3] in known}
    return {
        str(key): (expected.get(key), found.get(key))
        for key in sorted(expected.keys() | found.keys())
        if expected.get(key) != pytest.approx(found.get(key))
    }
