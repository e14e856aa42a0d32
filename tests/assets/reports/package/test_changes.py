"""Figures next to those of the period before: which are tested, with what verdict, and when nothing is compared."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from synkro_assets.reports.package.changes import TESTED, DialogSamples, dialog_samples, with_changes, with_intervals
from synkro_assets.reports.package.figures import period_figures
from synkro_assets.reports.package.inputs import Known
from synkro_resources.model.package import Change, PackageMetric
from synkro_resources.model.period import Period
from synkro_resources.rules.metrics.labels import Labels
from synkro_resources.rules.statistics.bootstrap import DialogSample, MedianSample, RatioSample
from tests.assets.reports.days import MONDAY, SETTINGS, end_of, monday
from tests.resources.rules.calendars import C1
from tests.resources.rules.metrics.rows import frame, turn
from tests.resources.rules.statistics.test_bootstrap import A, B, medians, ratio

START, END = datetime(2026, 9, 6, 21, tzinfo=UTC), datetime(2026, 9, 13, 21, tzinfo=UTC)


def share(number: int, code: str, num: int, den: int, **more: str) -> PackageMetric:
    value = num / den if den else None
    return PackageMetric(number, code, value=value, num=num, den=den, n=den, unit="share", **more)  # type: ignore[arg-type]


def per_day(number: int, code: str, count: int, days: int) -> PackageMetric:
    return PackageMetric(number, code, value=count / days, num=count, den=days, n=count, unit="per_working_day")


def frt(value: float, n: int) -> PackageMetric:
    return PackageMetric(1, "frt_median", value=value, n=n, unit="minutes")


def samples(
    now: Mapping[str, DialogSample] | None = None, before: Mapping[str, DialogSample] | None = None
) -> DialogSamples:
    return DialogSamples("demo", START, END, now or {}, before or {})


def one(now: PackageMetric, before: PackageMetric, *, with_rows: DialogSamples | None = None) -> PackageMetric:
    (found,) = with_changes([now], [before], with_rows or samples())
    return found


def test_CMP01_a_share_of_deals_gets_the_z_test_and_its_polarity() -> None:
    found = one(share(8, "new_silent", 41, 212), share(8, "new_silent", 22, 205))
    assert (found.verdict, found.test, found.polarity, found.prev_n) == (Change.UP, "z", -1, 205)
    assert found.p_value == pytest.approx(0.0141, abs=0.00005)
    assert found.prev_value == pytest.approx(22 / 205)


def test_CMP02_and_CMP03_chance_and_small_samples_keep_the_earlier_value() -> None:
    noise = one(share(7, "no_deal", 124, 214), share(7, "no_deal", 130, 213))
    small = one(share(7, "no_deal", 9, 28), share(7, "no_deal", 15, 40))
    assert (noise.verdict, small.verdict) == (Change.NOISE, Change.SMALL)
    assert (small.prev_value, small.p_value) == (0.375, None)


def test_CMP06_months_of_different_length_are_compared_per_working_day() -> None:
    found = one(per_day(0, "new_episodes_per_day", 440, 22), per_day(0, "new_episodes_per_day", 399, 21))
    assert (found.value, found.prev_value, found.verdict, found.polarity) == (20.0, 19.0, Change.NOISE, 0)
    lost = one(per_day(9, "lost_per_day", 41, 5), per_day(9, "lost_per_day", 18, 5))
    assert (lost.verdict, lost.test) == (Change.UP, "counts")


def test_CMP07_the_median_is_compared_over_dialogs_with_an_interval_instead_of_a_p_value() -> None:
    rows = samples({"frt_median": medians(A)}, {"frt_median": medians(B)})
    found = one(frt(8.5, 24), frt(17.5, 24), with_rows=rows)
    assert (found.verdict, found.test, found.polarity, found.p_value) == (Change.DOWN, "bootstrap", -1, None)
    assert found.ci_low == pytest.approx(-14, abs=1)
    assert found.ci_high == pytest.approx(-5, abs=1)


def test_CMP09_answers_in_time_are_compared_over_dialogs_and_not_over_turns() -> None:
    rows = samples(
        {"in_sla": ratio((28, 2, 2), (6, 1, 2), (1, 2, 24))}, {"in_sla": ratio((28, 2, 2), (6, 1, 2), (1, 2, 2))}
    )
    found = one(share(3, "in_sla", 64, 92), share(3, "in_sla", 64, 70), with_rows=rows)
    assert (found.verdict, found.test, found.polarity) == (Change.NOISE, "bootstrap", 1)


def test_the_same_report_gets_the_same_interval_wherever_it_is_built() -> None:
    rows = {"frt_median": medians(A)}, {"frt_median": medians(B)}
    first = one(frt(8.5, 24), frt(17.5, 24), with_rows=samples(*rows))
    assert first == one(frt(8.5, 24), frt(17.5, 24), with_rows=samples(*rows))


def test_all_other_figures_show_their_earlier_value_and_no_verdict() -> None:
    now = [
        PackageMetric(4, "unanswered", value=14.0, n=14),
        share(3, "in_sla", 20, 25, scope="manager", scope_id="1"),
        PackageMetric(9, "lost", "reason", "5", value=3.0, n=3),
    ]
    before = [
        PackageMetric(4, "unanswered", value=22.0, n=22),
        share(3, "in_sla", 9, 20, scope="manager", scope_id="1"),
    ]
    found = with_changes(now, before, samples())
    assert [(metric.prev_value, metric.verdict, metric.test) for metric in found] == [
        (22.0, None, None),
        (0.45, None, None),
        (None, None, None),
    ]


def test_daily_reports_show_earlier_values_only() -> None:
    found = with_changes([share(8, "new_silent", 41, 212)], [share(8, "new_silent", 22, 205)])
    assert (found[0].prev_n, found[0].verdict, found[0].polarity) == (205, None, None)
    assert with_changes(found, None)[0].verdict is None


def test_without_a_comparable_period_the_tested_figures_say_so_and_have_no_earlier_value() -> None:
    now = [frt(8.5, 24), PackageMetric(4, "unanswered", value=14.0, n=14)]
    tested, other = with_changes(now, None, samples({"frt_median": medians(A)}))
    assert (tested.verdict, tested.prev_value, tested.prev_n, tested.test) == (Change.NONE, None, None, None)
    assert (other.verdict, other.prev_value) == (None, None)


def test_figures_from_labels_are_not_compared_across_a_change_of_the_rubric() -> None:
    now = [share(12, "sentiment_negative", 41, 212), share(8, "new_silent", 41, 212), share(9, "mismatch", 5, 20)]
    before = [share(12, "sentiment_negative", 22, 205), share(8, "new_silent", 22, 205), share(9, "mismatch", 5, 20)]
    found = with_changes(now, before, samples(), labels_comparable=False)
    assert [(metric.verdict, metric.prev_n) for metric in found] == [
        (Change.NONE, None),
        (Change.UP, 205),
        (None, None),
    ]


def test_a_figure_that_is_missing_has_no_verdict() -> None:
    missing = PackageMetric(14, "checklist_mean", unit="points", display="na", note="no_llm")
    (found,) = with_changes([missing], [missing], samples())
    assert found == missing


def test_only_the_first_step_of_the_first_funnel_is_tested_and_no_step_that_is_not_mature() -> None:
    def step(scope_id: str, num: int, den: int, display: str = "ok") -> PackageMetric:
        return share(10, "conversion", num, den, scope="step", scope_id=scope_id, display=display)

    now = [step("1:11", 120, 200), step("1:12", 20, 200)]
    first, second = with_changes(now, [step("1:11", 60, 200), step("1:12", 120, 200)], samples())
    assert (first.verdict, second.verdict, second.prev_value) == (Change.UP, None, 0.6)
    young = with_changes([step("1:11", 120, 200, "hidden")], [step("1:11", 60, 200)], samples())
    assert (young[0].verdict, young[0].prev_value) == (Change.NONE, None)


def test_only_the_commonest_objection_is_tested_and_a_tie_goes_by_code() -> None:
    def objection(code: str, num: int) -> PackageMetric:
        return share(13, "objection", num, 212, scope="objection", scope_id=code)

    now = [objection("timing", 12), objection("thinking", 41), objection("price", 41)]
    found = with_changes(now, [objection("price", 22), objection("thinking", 22)], samples())
    assert [metric.verdict for metric in found] == [None, None, Change.UP]


def test_no_more_than_ten_figures_are_ever_tested() -> None:
    scopes = {10: "step", 13: "objection"}
    now = [
        share(number, code, 41, 212, scope=scope, scope_id=scope_id)
        for number, code in [*TESTED, (4, "unanswered"), (2, "rt_median")]
        for scope, scope_id in ((scopes.get(number, "tenant"), ""), ("manager", "1"), ("manager", "2"))
    ]
    found = with_changes(now, now, samples())
    assert sum(metric.verdict is not None for metric in found) == len(TESTED) == 10


def test_a_stock_whose_earlier_value_is_unknown_is_left_alone() -> None:
    now = [PackageMetric(4, "unanswered", value=14.0, n=14)]
    found = with_changes(now, [PackageMetric(4, "unanswered", value=0.0, n=0)], not_compared={(4, "unanswered")})
    assert found == now


def test_WI01_managers_get_the_interval_of_their_own_share() -> None:
    metrics = [
        share(3, "in_sla", 90, 150, scope="manager", scope_id="1"),
        share(3, "in_sla", 90, 150),
        share(3, "in_sla", 0, 0, scope="manager", scope_id="2"),
    ]
    own, team, nothing = with_intervals(metrics)
    assert (own.test, own.ci_low, own.ci_high) == (
        "wilson",
        pytest.approx(0.520, abs=5e-4),
        pytest.approx(0.675, abs=5e-4),
    )
    assert (team.test, nothing.test) == (None, None)


def test_samples_come_from_the_rows_of_the_figures() -> None:
    rows = frame(
        "turn", [turn("a", "07 10:00", dialog=1), turn("b", "07 10:00", dialog=1), turn("c", "07 11:00", dialog=2)]
    )
    rows["wt"], rows["state"] = [5.0, 7.0, 9.0], ["in_sla", "late", "in_sla"]
    found = dialog_samples(rows, rows, [(1, 80.0), (2, 90.0)])
    times, norm, scores = found["frt_median"], found["in_sla"], found["checklist_mean"]
    assert isinstance(times, MedianSample)
    assert isinstance(norm, RatioSample)
    assert (times.dialogs, times.value, norm.value, norm.dialogs, scores.value) == (2, 7.0, 2 / 3, 2, 85.0)
    assert "checklist_mean" not in dialog_samples(rows, rows)


def test_the_rows_of_a_package_s_figures_are_enough_for_its_samples() -> None:
    known = Known("demo", monday(), SETTINGS, end_of(MONDAY), end_of(MONDAY), Labels.none("no_llm"))
    figures = period_figures(known, Period.day(MONDAY), C1)
    found = dialog_samples(figures.first_response.rows, figures.in_sla.rows)
    times, norm = found["frt_median"], found["in_sla"]
    assert (times.value, times.dialogs) == (figures.first_response.median.value, 3)
    assert (norm.value, norm.dialogs) == (figures.in_sla.share.value, 3)
