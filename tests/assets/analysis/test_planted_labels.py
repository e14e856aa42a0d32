"""An error-free model on the whole road of the analysis: every figure of labels equals what the world's script says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from typing import cast

import pytest

from synkro_resources.control.labels import read_labels
from synkro_resources.model.period import Period
from synkro_resources.sandbox.world.labels import EpisodeLabels, labels_of
from tests.assets.reports.planted_labels import expected_label_figures, found_label_figures
from tests.pipeline import END
from tests.planted import Planted, planted_world

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("planted-labels")]

SEEDS = tuple(map(int, os.environ.get("SYNKRO_LABEL_SEEDS", "21").split(",")))
"""One world in every run of the suite; a release is tried on more of them (docs/analysis.md, «Evaluation»)."""
LABELLED_DAYS = 25
"""Up to the world's end: the week below, and the fortnight before it in which lost deals were talked about."""
AFTER_AN_END = (("needs_reply", "-"), ("checklist", "CK09"), ("checklist", "CK12"))
PERIODS = [
    Period.day(date(2026, 11, 12)),
    Period.day(date(2026, 11, 18)),
    Period.week_of(date(2026, 11, 9)),
    Period.custom(date(2026, 11, 9), date(2026, 11, 19)),
]


@pytest.fixture(scope="module", params=SEEDS)
def planted(
    request: pytest.FixtureRequest, control_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Planted]:
    folder = tmp_path_factory.mktemp("planted-labels")
    with planted_world(control_url, folder, request.param, labelled_days=LABELLED_DAYS) as world:
        yield world


@pytest.mark.parametrize("period", PERIODS, ids=lambda period: period.report_id)
def test_no_figure_of_labels_differs_from_what_was_said(planted: Planted, period: Period) -> None:
    found = found_label_figures(planted, period)
    expected = expected_label_figures(planted, period, always_answers=True)
    assert {name: (expected[name], found[name]) for name in expected if expected[name] != found[name]} == {}


def test_the_compared_figures_hold_something_of_everything(planted: Planted) -> None:
    told = expected_label_figures(planted, PERIODS[-1], always_answers=True)
    always = ("analysed", "without_deal", "with_deal", "pending", "unmatched", "excluded", "mismatched", "scores")
    assert all(told[name] for name in (*always, "objections", "handled", "without", "manager_scores", "critical"))
    worse, better, compared = cast("tuple[int, int, int]", told["change"])
    assert 0 < worse + better < compared
    assert {outcome for _, outcome in cast("dict[tuple[str, str], int]", told["outcomes"])} == {
        *("accepted", "declined", "open")
    }


def test_no_label_of_any_episode_differs_from_what_was_said_in_it(planted: Planted) -> None:
    stored = read_labels(planted.run.platform.control, planted.run.tenant, until=END)
    findings = stored.findings.groupby("episode_key")
    episodes = {f"{episode.chat_id}:{episode.start_id}": episode for episode in planted.world.truth.episodes}
    flagged = 0
    differing: list[object] = []
    for key, is_flagged in zip(stored.analyses["episode_key"], stored.analyses["injection_flag"], strict=True):
        labels = labels_of(planted.world.seed, episodes[key], END, always_answers=True)
        assert labels is not None
        assert is_flagged == labels.injected
        flagged += is_flagged
        rows = findings.get_group(key)
        values = rows["value"].where(rows["applicability"] == "applicable", rows["applicability"])
        found = {(kind, code): value for kind, code, value in zip(rows["type"], rows["code"], values, strict=True)}
        expected = said(labels)
        compared = {item for item in expected | found if is_said(item, labels)}
        wrong = {item: (expected.get(item), found.get(item)) for item in compared}
        wrong = {item: pair for item, pair in wrong.items() if pair[0] != pair[1]}
        if wrong:
            differing.append((wrong, [(line.writer, line.words) for line in episodes[key].lines]))
    assert not differing, "\n".join(map(repr, differing))
    assert len(stored.analyses) > 200
    assert flagged > 0


def said(labels: EpisodeLabels) -> dict[tuple[str, str], str]:
    """The planted labels as the store names them."""
    return {
        (item.type, item.code): item.value if item.applicability == "applicable" else item.applicability
        for item in labels.findings
    }


def is_said(item: tuple[str, str], labels: EpisodeLabels) -> bool:
    """Whether the words decide it.

    Not topics where the client names none: whose words then count is left to the reader. Nor the intent «other», which
    stands for any question without an intent. In an episode with orders code, and not the reader, keeps the client
    waiting, and with it whatever needs an end of the talk.
    """
    if item == ("intent", "other"):
        return False
    if item[0] == "topic":
        return any(finding.type == "topic" for finding in labels.findings)
    return not (labels.injected and item in AFTER_AN_END)
