"""Stage conversion in a package: codes, the cohort it names, the cohort before it, and the young one beside it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from synkro_assets.reports.package.conversion_figures import ConversionFigures, conversion_figures
from synkro_resources.model.package import PackageMetric
from synkro_resources.model.period import Period
from synkro_resources.model.tables.crm import PIPELINE_STATUS
from synkro_resources.rules.metrics.frames import as_frame
from tests.resources.rules.calendars import MOSCOW, at
from tests.resources.rules.metrics.test_conversion import DEALS, STATUSES, A, B, deals_of, way

SEPTEMBER = Period.month_of(date(2026, 9, 1))
JULY_BEGINS = datetime(2026, 6, 30, 21, tzinfo=UTC)


def september(*ways: object, as_of: str = "2026-10-01", events_from: datetime = JULY_BEGINS) -> ConversionFigures:
    return conversion_figures(
        deals_of(*DEALS, *ways),  # type: ignore[arg-type]
        as_frame(PIPELINE_STATUS.from_rows(STATUSES)),
        SEPTEMBER,
        ZoneInfo(MOSCOW),
        as_of=at(f"{as_of}T00:00"),
        events_from=events_from,
        horizon_days=30,
    )


def step(metrics: list[PackageMetric], code: str, scope_id: str = "1:11") -> PackageMetric:
    (found,) = [metric for metric in metrics if (metric.code, metric.scope_id) == (code, scope_id)]
    assert (found.metric_no, found.scope) == (10, "step")
    return found


def test_the_september_report_shows_the_august_cohort_and_names_it() -> None:
    found = september(way(20, ("02.09", A), ("03.09", B)))
    rate = step(found.now, "conversion")
    assert (rate.value, rate.num, rate.den, rate.n, rate.display) == (0.8, 4, 5, 5, "few")
    assert rate.note == "cohort:2026-08-01..2026-08-31"
    counts = {code: step(found.now, f"conversion_{code}").value for code in ("entered", "already", "left")}
    assert counts == {"entered": 5, "already": 4, "left": 0}
    assert step(found.now, "conversion_maturity").value == 1


def test_the_young_cohort_of_the_report_s_own_period_says_how_much_of_it_is_mature() -> None:
    young = step(september(way(20, ("02.09", A), ("03.09", B))).now, "young_mature")
    assert (young.num, young.den, young.note) == (0, 1, "cohort:2026-09-01..2026-09-30")


def test_the_cohort_before_the_shown_one_is_what_it_is_compared_with() -> None:
    before = step(september().before, "conversion")
    assert (before.num, before.den, before.note) == (1, 1, "cohort:2026-07-01..2026-07-31")
    assert september(events_from=at("2026-07-15T00:00")).before == [], "not all of July's moves are known"


def test_a_rate_that_is_not_mature_is_hidden_and_no_rate_is_null() -> None:
    found = september(as_of="2026-08-10", events_from=at("2026-09-01T00:00"))
    assert found.now == [], "nobody has entered a step in September yet"
    found = conversion_figures(
        deals_of(*DEALS),
        as_frame(PIPELINE_STATUS.from_rows(STATUSES)),
        Period.month_of(date(2026, 8, 1)),
        ZoneInfo(MOSCOW),
        as_of=at("2026-09-01T00:00"),
        events_from=at("2026-08-01T00:00"),
        horizon_days=30,
    )
    rate = step(found.now, "conversion")
    assert (rate.value, rate.den, rate.display) == (None, 0, "hidden")
    assert step(found.now, "conversion_entered").value == 5


def test_steps_are_named_by_both_stages_and_empty_pipelines_are_left_out() -> None:
    found = september()
    assert found.names["step"]["1:11"] == "Новая → Счёт"
    assert found.names["step"]["1:13"] == "Оплата → Успех"
    assert found.names["pipeline"] == {"1": "Основная", "2": "Повторные"}
    assert {metric.scope_id for metric in found.now} == {"1:11", "1:12", "1:13"}
