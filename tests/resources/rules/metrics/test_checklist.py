"""Scores of the checklist: the worked examples, and what must not change them."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synkro_resources.model.errors import DataError
from synkro_resources.model.rubric import R1, Rubric, RubricItem
from synkro_resources.rules.metrics.checklist import Checklist, checklist
from synkro_resources.rules.metrics.labels import DOUBTFUL, Labels, Overlay
from tests.resources.rules.metrics.label_rows import analysis, found, labels
from tests.resources.rules.metrics.label_rows import checklist as answers
from tests.resources.rules.metrics.rows import episode, frame

ALL = " ".join(f"{number:02}" for number in range(1, 13))
CK01 = answers("CK-01", yes="01 02 05 10 11 12", no="03 09", undetermined="06")
CK02 = answers("CK-02", yes="01 10 11", no="02")
CK03 = answers("CK-03", yes=ALL.replace("10", ""), no="10")
CK04 = answers("CK-04", yes="01 04 05 06 08 09 10 11 12", undetermined="02 03 07")


def active(*keys: str) -> pd.DataFrame:
    return frame("episode", [episode(key, "08 10:00") for key in keys])


def scores_of(*rows: dict[str, object]) -> Checklist:
    return checklist(labels(*rows), active(*{str(row["episode_key"]) for row in rows}))


def score(rows: list[dict[str, object]]) -> float | None:
    value = scores_of(*rows).episodes["score"].iloc[0]
    return None if pd.isna(value) else float(value)


def test_CK01_not_applicable_and_undetermined_leave_the_denominator() -> None:
    result = scores_of(*CK01)
    assert score(CK01) == pytest.approx(100 * 41 / 65)
    assert result.episodes["undetermined"].iloc[0] == pytest.approx(6 / 71)


def test_CK02_too_little_was_asked_but_the_critical_fail_is_listed() -> None:
    assert score(CK02) is None
    assert list(scores_of(*CK02).critical_fails["code"]) == ["CK02"]


def test_CK03_a_good_score_hides_no_critical_fail() -> None:
    assert score(CK03) == pytest.approx(95.0)
    assert list(scores_of(*CK03).critical_fails["code"]) == ["CK10"]


def test_CK04_too_much_is_undetermined() -> None:
    assert score(CK04) is None
    assert scores_of(*CK04).episodes["undetermined"].iloc[0] == pytest.approx(0.38)


def test_CK05_the_group_score_is_the_mean_of_the_scored_episodes() -> None:
    group = scores_of(*CK01, *CK03, *CK04)
    assert (group.mean, len(group.scored)) == (pytest.approx(79.04, abs=0.01), 2)


def test_the_weights_of_the_default_checklist_sum_to_100() -> None:
    assert sum(item.weight for item in R1.items) == 100


def test_a_draft_item_is_shown_and_weighs_nothing() -> None:
    items = tuple(
        RubricItem(item.code, item.question, item.nominal_weight, is_draft=item.code == "CK03") for item in R1.items
    )
    rubric = Rubric("r2", items)
    result = checklist(Labels.of([analysis("CK-01", rubric="r2")], CK01), active("CK-01"), {"r2": rubric})
    assert result.scored["score"].iloc[0] == pytest.approx(100 * 41 / 53)
    assert result.pass_rates()["CK03"].den == 1


def test_an_item_without_a_finding_is_undetermined() -> None:
    rows = [row for row in CK01 if row["code"] != "CK02"]
    assert scores_of(*rows).answers.set_index("code").loc["CK02", "answer"] == "undetermined"


def test_a_doubtful_critical_fail_is_listed_and_not_counted() -> None:
    doubtful = [row | {"band": DOUBTFUL} for row in CK03]
    result = scores_of(*doubtful)
    assert (len(result.critical_fails), len(result.sure_critical_fails)) == (1, 0)


def test_episodes_labelled_without_a_checklist_have_no_score() -> None:
    result = checklist(Labels.of([analysis("e", variant="labels")], []), active("e"))
    assert (result.mean, len(result.episodes)) == (None, 0)


def test_an_unknown_version_of_the_checklist_is_an_error() -> None:
    with pytest.raises(DataError, match=r"rubric\.unknown"):
        checklist(Labels.of([analysis("e", rubric="r9")], [found("e", "checklist", "CK01")]), active("e"))


@settings(max_examples=20)
@given(st.lists(st.lists(st.sampled_from(["yes", "no", "open", "n/a"]), min_size=12, max_size=12), max_size=5))
def test_the_group_score_is_the_mean_of_scores_in_any_order_of_rows(cases: list[list[str]]) -> None:
    rows = [
        row
        for number, case in enumerate(cases)
        for row in answers(
            f"e{number}",
            yes=" ".join(f"{place:02}" for place, answer in enumerate(case, 1) if answer == "yes"),
            no=" ".join(f"{place:02}" for place, answer in enumerate(case, 1) if answer == "no"),
            undetermined=" ".join(f"{place:02}" for place, answer in enumerate(case, 1) if answer == "open"),
        )
    ]
    result, turned = scores_of(*rows), scores_of(*reversed(rows))
    each = [alone for number in range(len(cases)) if (alone := score(rows[12 * number : 12 * number + 12])) is not None]
    assert result.mean == (pytest.approx(sum(each) / len(each)) if each else None)
    assert turned.mean == (None if result.mean is None else pytest.approx(result.mean))
    assert all(0 <= value <= 100 for value in each)


def test_a_disputed_item_is_in_no_number_until_somebody_decides() -> None:
    about_ck03 = next(str(row["finding_id"]) for row in CK01 if row["code"] == "CK03")
    waiting = Labels.of([analysis("CK-01")], CK01, Overlay(disputed=frozenset({about_ck03})))
    result = checklist(waiting, active("CK-01"))
    assert result.episodes["score"].iloc[0] == pytest.approx(100 * 41 / 53)
    assert list(result.failed["code"]) == ["CK09"]
    assert result.pass_rates()["CK03"].den == 0


def test_an_item_that_a_lead_called_wrong_is_undetermined() -> None:
    about_ck03 = next(str(row["finding_id"]) for row in CK01 if row["code"] == "CK03")
    left = Labels.of([analysis("CK-01")], CK01, Overlay(removed=frozenset({about_ck03})))
    result = checklist(left, active("CK-01"))
    assert result.episodes["score"].iloc[0] == pytest.approx(100 * 41 / 53)
    assert result.episodes["undetermined"].iloc[0] == pytest.approx((6 + 12) / 71)
