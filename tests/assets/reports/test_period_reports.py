"""Weeks, months and own dates on the whole road: request, days that are missing, package, document, delivery."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pytest
from openpyxl import load_workbook

from synkro_resources.control.outbox import deliveries
from synkro_resources.control.packages import latest_package
from synkro_resources.control.report_files import files_of, read_file
from synkro_resources.control.reports import latest_report
from synkro_resources.control.tenants import save_tenant_settings, tenant_settings
from synkro_resources.model.package import Change, Package, Verdict
from synkro_resources.model.period import Period
from tests.pipeline import Installation, Sandbox, installation

pytestmark = [pytest.mark.xdist_group("period-reports"), pytest.mark.slow, pytest.mark.service]

SLUG = "weekly"
FIRST, TODAY = date(2026, 10, 21), date(2026, 11, 20)
WEEK = Period.week_of(date(2026, 11, 9))
MONTH = Period.month_of(TODAY)
CUSTOM = Period.custom(date(2026, 11, 5), date(2026, 11, 14))


@dataclass
class Company:
    """A company whose last month is loaded and whose three reports were asked for, each once."""

    place: Installation
    sandbox: Sandbox

    def package(self, period: Period) -> tuple[int, Package]:
        found = latest_package(self.place.control, SLUG, period.report_id)
        assert found is not None, period
        return found[1], found[2]

    def value(self, period: Period, number: int, code: str) -> float | None:
        metric = self.package(period)[1].metric(number, code)
        assert metric is not None, code
        return metric.value


@pytest.fixture(scope="module")
def company(control_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with installation(control_url, tmp_path_factory.mktemp("weekly")) as place:
        sandbox = place.add_company(SLUG, seed=31, days=40)
        assert place.load(SLUG, FIRST, TODAY).status == "done"
        for period in (WEEK, MONTH, CUSTOM):
            assert place.report_of(SLUG, period).status == "done", period
        yield Company(place, sandbox)


@pytest.mark.parametrize("period", [WEEK, CUSTOM], ids=["week", "custom"])
def test_the_flows_of_a_period_are_those_of_its_days(company: Company, period: Period) -> None:
    planted = [company.sandbox.world.truth.day(day) for day in period.days]
    assert company.value(period, 0, "new_episodes") == sum(day.new_episodes for day in planted)
    judged = company.package(period)[1].metric(3, "in_sla")
    assert judged is not None
    assert (judged.num, judged.den) == (sum(day.in_sla for day in planted), sum(day.judged for day in planted))
    first = sorted(minutes for day in planted for minutes in day.first_response)
    rows = company.package(period)[1].list_rows("first_response")
    assert sorted(round(row.age_min or 0, 3) for row in rows) == [round(minutes, 3) for minutes in first]
    assert company.value(period, 4, "unanswered") == len(planted[-1].unanswered)


def test_a_week_is_compared_with_the_week_before_and_at_most_ten_figures_are_tested(company: Company) -> None:
    _, package = company.package(WEEK)
    assert package.verdict is Verdict.OK
    week_before = Period.week_of(date(2026, 11, 2))
    assert package.prev_period == week_before
    before = [company.sandbox.world.truth.day(day) for day in week_before.days]
    episodes = package.metric(0, "new_episodes")
    assert episodes is not None
    assert episodes.prev_value == sum(day.new_episodes for day in before)
    tested = [metric for metric in package.metrics if metric.verdict not in (None, Change.NONE)]
    assert 0 < len(tested) <= 10


def test_the_running_month_is_marked_and_nothing_in_it_is_tested(company: Company) -> None:
    _, package = company.package(MONTH)
    assert package.verdict is Verdict.PRELIMINARY
    assert "period_not_over" in package.verdict_reasons
    assert {metric.verdict for metric in package.metrics} == {None}
    document = latest_report(company.place.control, SLUG, MONTH.report_id)
    assert document is not None
    assert document.title == "Предварительный отчёт по диалогам · ноябрь 2026"


def test_every_report_is_delivered_once_and_in_its_own_words(company: Company) -> None:
    texts = company.sandbox.delivered()
    titles = [text.splitlines()[0] for text in texts]
    assert titles == [
        "Отчёт по диалогам · 9–15 ноября",
        "Предварительный отчёт по диалогам · ноябрь 2026",
        "Отчёт по диалогам · 5–14 ноября",
    ]
    assert "Что сделать сегодня" in texts[0]
    assert "Воронка" in texts[2]


def test_every_count_opens_into_as_many_rows(company: Company) -> None:
    lists = {
        (0, "new_episodes"): "new_episodes",
        (4, "unanswered"): "unanswered",
        (9, "lost"): "lost",
        (9, "won"): "won",
        (8, "open_silent"): "silent_open",
    }
    for period in (WEEK, MONTH, CUSTOM):
        _, package = company.package(period)
        for (number, code), list_code in lists.items():
            metric = package.metric(number, code)
            assert metric is not None
            assert metric.value == len(package.list_rows(list_code)), (period, code)


def test_every_report_has_its_workbook_and_its_paper(company: Company) -> None:
    control, root = company.place.control, company.place.settings.lake_root
    for period in (WEEK, MONTH, CUSTOM):
        document = latest_report(control, SLUG, period.report_id)
        assert document is not None
        files = {file.format: read_file(root, SLUG, file) for file in files_of(control, SLUG, document.doc_id)}
        assert sorted(files) == ["pdf", "xlsx"]
        assert files["pdf"].startswith(b"%PDF")
        sheet = load_workbook(io.BytesIO(files["xlsx"]), read_only=True).worksheets[0]
        values = [value for row in sheet.iter_rows(values_only=True) for value in row]
        assert company.value(period, 0, "new_episodes") in values


def test_the_same_request_again_makes_no_revision_and_sends_nothing(company: Company) -> None:
    before = len(company.sandbox.delivered())
    assert company.place.report_of(SLUG, WEEK).status == "done"
    assert company.package(WEEK)[0] == 1
    assert len(company.sandbox.delivered()) == before
    assert {part.state for part in deliveries(company.place.control, SLUG, WEEK.report_id)} == {"sent"}


def test_a_tenant_that_wants_files_gets_the_stored_ones_after_the_text(company: Company) -> None:
    place, store = company.place, company.sandbox.telegram.state.sandbox.store
    assert not store.files  # by default no file leaves the house
    wishes = tenant_settings(place.control, SLUG).model_copy(update={"attach_files": ("xlsx", "pdf")})
    save_tenant_settings(place.control, SLUG, wishes, changed_by="test", clock=place.clock)
    period = Period.custom(date(2026, 11, 12), date(2026, 11, 13))
    assert place.report_of(SLUG, period).status == "done"
    document = latest_report(place.control, SLUG, period.report_id)
    assert document is not None
    stored = {file.format: file for file in files_of(place.control, SLUG, document.doc_id)}
    sent = list(store.files.values())
    assert [file.name for file in sent] == [stored["xlsx"].name, stored["pdf"].name]
    for file, file_format in zip(sent, ("xlsx", "pdf"), strict=True):
        assert file.content == read_file(place.settings.lake_root, SLUG, stored[file_format])
    parts = deliveries(place.control, SLUG, period.report_id)
    assert [part.state for part in parts] == ["sent"] * len(parts)
    assert ["file" in part.payload for part in parts][-3:] == [False, True, True]
