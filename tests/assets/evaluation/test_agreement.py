"""Figures on which releases are decided are those of the textbooks."""

from __future__ import annotations

import pytest

from synkro_assets.evaluation.agreement import agreement, f1, kappa, macro_f1, precision, recall

# The classic example: 50 grants read by two people, 20 both yes, 15 both no, 5 only the first, 10 only the second.
GRANTS = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15


def test_kappa_of_the_textbook_example_is_0_40() -> None:
    assert kappa(GRANTS) == pytest.approx(0.40)


def test_kappa_says_nothing_where_only_one_class_occurs() -> None:
    assert kappa([("yes", "yes")] * 9) is None
    assert kappa([]) is None


def test_kappa_of_a_model_that_always_says_the_frequent_class_is_zero() -> None:
    assert kappa([("yes", "yes")] * 9 + [("no", "yes")]) == pytest.approx(0.0)


def test_precision_recall_and_f1_of_the_textbook_example() -> None:
    assert precision(GRANTS, "yes") == pytest.approx(20 / 30)
    assert recall(GRANTS, "yes") == pytest.approx(20 / 25)
    assert f1(GRANTS, "yes") == pytest.approx(40 / 55)
    assert macro_f1(GRANTS) == pytest.approx((40 / 55 + 30 / 45) / 2)


def test_what_never_occurs_has_no_precision_and_no_recall() -> None:
    one = agreement("x", GRANTS, "maybe")
    assert (one.precision, one.recall, one.f1) == (None, None, None)


def test_agreement_is_never_told_without_the_balance_of_classes() -> None:
    one = agreement("x", GRANTS)
    assert one.share == pytest.approx(0.7)
    assert one.balance == {"no": 0.5, "yes": 0.5}
