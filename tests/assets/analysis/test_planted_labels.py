"""An error-free model on the whole road of the analysis: every figure of labels equals what the world's script says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from synkro_resources.model.period import Period
from tests.assets.reports.planted_labels import expected_label_figures, found_label_figures
from tests.planted import Planted, planted_world

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("planted-labels")]

SEED = 21
LABELLED_DAYS = 25
"""Up to the world's end: the week below, and the fortnight before it in which lost deals were talked about."""
PERIODS = [
    Period.day(date(2026, 11, 12)),
    Period.day(date(2026, 11, 18)),
    Period.week_of(date(2026, 11, 9)),
    Period.custom(date(2026, 11, 9), date(2026, 11, 19)),
]


@pytest.fixture(scope="module")
def planted(control_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    folder = tmp_path_factory.mktemp("planted-labels")
    with planted_world(control_url, folder, SEED, labelled_days=LABELLED_DAYS) as world:
        yield world


@pytest.mark.parametrize("period", PERIODS, ids=lambda period: period.report_id)
def test_no_figure_of_labels_differs_from_what_was_said(planted: Planted, period: Period) -> None:
    found = found_label_figures(planted, period)
    expected = expected_label_figures(planted, period, always_answers=True)
    assert {name: (expected[name], found[name]) for name in expected if expected[name] != found[name]} == {}
