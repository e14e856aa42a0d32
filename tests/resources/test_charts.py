"""Charts show the package's figures and leave out what is too little to compare."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from synkro_resources import charts
from synkro_resources.model.package import PackageMetric
from tests.assets.reports.packages import week


def data_of(chart: Any) -> list[dict[str, Any]]:
    assert chart is not None
    (rows,) = chart.to_dict()["datasets"].values()
    return rows


def test_managers_stand_by_name_with_their_share_and_its_interval() -> None:
    rows = data_of(charts.managers(week(), "ru"))
    assert [row["manager"] for row in rows] == ["Анна", "Игорь", "Мария"]
    assert rows[0]["share"] == 61
    assert rows[0]["low"] < rows[0]["share"] < rows[0]["high"]
    assert rows[0]["label"] == "61\u00a0% из 200"


def test_a_manager_with_few_answers_is_not_drawn() -> None:
    assert "Олег" not in {row["manager"] for row in data_of(charts.managers(week(), "ru"))}


def test_the_funnel_keeps_the_order_of_its_stages() -> None:
    rows = data_of(charts.funnel(week(), "1", "ru"))
    assert [row["step"] for row in rows] == ["Новая → Счёт", "Счёт → Оплата"]
    assert [row["rate"] for row in rows] == [pytest.approx(61.96), pytest.approx(41.06)]


def test_hours_with_too_few_answers_stay_empty() -> None:
    rows = data_of(charts.hours(week(), "ru"))
    assert {row["hour"] for row in rows} == {f"{hour:02d}" for hour in range(9, 18)}
    assert {row["weekday"] for row in rows} == {"пн", "вт", "ср", "чт", "пт"}


def test_a_package_without_figures_has_no_chart() -> None:
    bare = replace(week(), metrics=(PackageMetric(10, "conversion", "step", "1:10", value=1.0, num=3, den=3),))
    assert (charts.managers(bare, "ru"), charts.hours(bare, "ru"), charts.funnel(bare, "1", "ru")) == (None, None, None)


@pytest.mark.parametrize("draw", [charts.managers, charts.hours, lambda p, lang: charts.funnel(p, "1", lang)])
def test_an_english_chart_has_no_russian_word_of_its_own(draw: Any) -> None:
    spec = draw(replace(week(), names={}), "en").to_json(ensure_ascii=False)
    assert not any("а" <= letter <= "я" for letter in spec.lower())


def test_both_languages_have_the_same_words() -> None:
    assert charts.TEXTS["ru"].keys() == charts.TEXTS["en"].keys()
