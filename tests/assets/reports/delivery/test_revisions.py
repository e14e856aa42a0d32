"""A report that was sent is told again only for what readers would act on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from synkro_assets.reports.delivery.revisions import changed_headlines, refined_text
from synkro_resources.model.package import Package, PackageMetric, Verdict
from synkro_resources.model.period import Period

NOW = datetime(2026, 9, 8, 6, tzinfo=UTC)


def package(in_time: int, of: int, *, frt: float | None = 7.0, unanswered: int = 20, lost: int = 0) -> Package:
    metrics = (
        PackageMetric(1, "frt_median", value=frt, unit="minutes"),
        PackageMetric(3, "in_sla", value=in_time / of, num=in_time, den=of, unit="share"),
        PackageMetric(3, "in_sla", scope="manager", scope_id="1", value=0.0, num=0, den=9, unit="share"),
        PackageMetric(4, "unanswered", value=unanswered, unit="episodes"),
        PackageMetric(9, "lost", value=lost, unit="deals"),
    )
    return Package(
        tenant="acme",
        period=Period.day(date(2026, 9, 7)),
        zone="Europe/Moscow",
        as_of=NOW,
        data_until=NOW,
        built_at=NOW,
        working_days=1,
        prev_period=None,
        prev_note="",
        verdict=Verdict.OK,
        verdict_reasons=(),
        versions={},
        input_hash="",
        metrics=metrics,
        rows=(),
        health=(),
    )


def test_AC13_two_percentage_points_are_told_once() -> None:
    (changed,) = changes = changed_headlines(package(81, 100), package(79, 100))
    assert changed.new.code == "in_sla"
    assert refined_text("7 сентября", changes, "ru") == (
        "Уточнённый отчёт за 7 сентября: ответы в срок 81\u00a0% → 79\u00a0%."
    )


def test_AC13_less_than_a_percentage_point_changes_the_cabinet_alone() -> None:
    assert changed_headlines(package(810, 1000), package(806, 1000)) == []


@pytest.mark.parametrize(("unanswered", "told"), [(20, 0), (21, 1), (19, 1)])
def test_another_figure_is_told_from_a_twentieth_on(unanswered: int, told: int) -> None:
    assert len(changed_headlines(package(8, 10), package(8, 10, unanswered=unanswered))) == told


def test_the_first_loss_is_told_and_an_unknown_figure_is_not() -> None:
    found = changed_headlines(package(8, 10, frt=None), package(8, 10, lost=1))
    assert [item.new.code for item in found] == ["lost"]


def test_at_most_three_figures_are_told() -> None:
    changes = changed_headlines(package(8, 10), package(5, 10, frt=9.0, unanswered=30, lost=4))
    assert len(changes) == 4
    assert "потеряно" not in refined_text("7 сентября", changes, "ru")


def test_the_same_package_has_nothing_to_tell() -> None:
    same = package(8, 10)
    assert changed_headlines(same, replace(same)) == []
