"""Planted worlds: packages of days, weeks, a month and any days equal the truth, figure by figure, row by row."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from synkro_resources.model.package import Package, Verdict
from synkro_resources.model.period import Period, PeriodKind
from tests.assets.reports.planted_figures import (
    CONVERSION,
    cohort_of,
    covered,
    expected_conversion,
    expected_figures,
    expected_health,
    expected_lists,
    figures_of,
    health_of,
    is_mature,
    lists_of,
)
from tests.assets.reports.planted_labels import expected_label_figures, found_label_figures
from tests.planted import Planted, planted_world

pytestmark = pytest.mark.slow

SEEDS = range(101, 101 + int(os.environ.get("SYNKRO_TEST_WORLDS", "2")))
"""Two worlds check every change; SYNKRO_TEST_WORLDS=10 takes ten, which cost a quarter of an hour."""
DAYS = [Period.day(date(2026, 11, 3)), Period.day(date(2026, 11, 7))]
"""The working day before a holiday, and a Saturday."""
WEEKS = [Period.week_of(date(2026, 10, 19)), Period.week_of(date(2026, 11, 2))]
"""An ordinary one, and one with a holiday."""
MONTHS = [Period.month_of(date(2026, 10, 1))]
PERIODS = [*DAYS, *WEEKS, *MONTHS, Period.custom(date(2026, 11, 1), date(2026, 11, 10))]


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
    assert health_of(package) == pytest.approx(expected_health(truth))


@pytest.mark.parametrize("period", [*WEEKS, *MONTHS], ids=lambda period: period.report_id)
def test_the_stages_of_the_newest_mature_cohort_convert_as_planted(planted: Planted, period: Period) -> None:
    package, truth = planted.package(period), planted.truth
    cohort = cohort_of(package)
    assert cohort is not None
    found = {key: figure for key, figure in figures_of(package).items() if key[1] in CONVERSION}
    assert found == expected_conversion(truth.conversion(*cohort, package.as_of))
    wanted = newest_mature(planted, period, package.as_of) or period
    assert cohort == (wanted.first_day, wanted.last_day)


@pytest.mark.parametrize("period", [*WEEKS, *MONTHS], ids=lambda period: period.report_id)
def test_the_figures_of_labels_say_what_was_planted(planted: Planted, period: Period) -> None:
    found, expected = found_label_figures(planted, period), expected_label_figures(planted, period)
    assert {name: (expected[name], found[name]) for name in expected if expected[name] != found[name]} == {}


def newest_mature(planted: Planted, period: Period, as_of: datetime) -> Period | None:
    """The report's own period or the newest before it whose deals have had their time, of those loaded whole."""
    while period.first_day >= planted.run.window.first_day:
        if is_mature(planted.truth.conversion(period.first_day, period.last_day, as_of)):
            return period
        before = period.first_day - timedelta(days=1)
        period = Period.week_of(before) if period.kind is PeriodKind.WEEK else Period.month_of(before)
    return None


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
