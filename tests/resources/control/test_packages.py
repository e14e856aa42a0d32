"""A package is stored as it was built, the same inputs make nothing new, and what was sent stays readable."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

from synkro_resources.control import packages, reports
from synkro_resources.control.database import Database
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.package import Package, PackageHealth, PackageMetric, PackageRow, Verdict
from synkro_resources.model.period import Period
from synkro_resources.model.report import Block, BlockKind, ReportDocument, Section, text_line
from tests.control_fixtures import NOON

DAY = date(2026, 11, 19)


def package(tenant: str, input_hash: str = "h1") -> Package:
    return Package(
        tenant=tenant,
        period=Period.day(DAY),
        zone="Asia/Yekaterinburg",
        as_of=NOON,
        data_until=NOON,
        built_at=NOON,
        working_days=1,
        prev_period=Period.day(date(2026, 11, 12)),
        prev_note="",
        verdict=Verdict.PRELIMINARY,
        verdict_reasons=("coverage", "stale"),
        versions={"metrics": "m1"},
        input_hash=input_hash,
        metrics=(
            PackageMetric(3, "in_sla", "manager", "7", value=0.83, num=5, den=6, n=6, unit="share", prev_value=0.8),
            PackageMetric(2, "frt_median", note="нет данных"),
        ),
        rows=(
            PackageRow("unanswered", 2, episode_key="e2", deal_id=9_007_199_254, at=NOON, extra={"имя": ["x"]}),
            PackageRow("unanswered", 1, amount=310_000, age_min=190.5),
        ),
        health=(PackageHealth("coverage", 0.84, 0.9, "bad", "Загружено 84 %"),),
        holidays=(date(2026, 11, 4),),
        names={"manager": {"7": "Анна"}},
    )


def document(tenant: str, package_id: str, revision: int = 1) -> ReportDocument:
    lines = (text_line("Ждут ответа сейчас: 5"),)
    return ReportDocument(
        doc_id=f"doc-{package_id}",
        package_id=package_id,
        tenant=tenant,
        report_id="day:2026-11-19",
        revision=revision,
        kind="day",
        language="ru",
        title="Утро",
        subtitle="ООО «Пример»",
        sections=(Section(code="header", title="", priority=0, blocks=(Block(kind=BlockKind.STATUS, lines=lines),)),),
    )


def test_a_package_comes_back_exactly_as_it_was_built(control_db: Database, tenant_a: Tenant) -> None:
    built = package(tenant_a.slug)
    stored = packages.save_package(control_db, built)
    assert (stored.revision, stored.created) == (1, True)
    assert packages.latest_package(control_db, tenant_a.slug, "day:2026-11-19") == (stored.package_id, 1, built)


def test_a_rebuild_from_the_same_rows_creates_nothing(control_db: Database, tenant_a: Tenant) -> None:
    first = packages.save_package(control_db, package(tenant_a.slug))
    again = packages.save_package(control_db, package(tenant_a.slug))
    assert (again.package_id, again.revision, again.created) == (first.package_id, 1, False)


def test_changed_rows_make_a_revision_and_the_older_one_stays_readable(control_db: Database, tenant_a: Tenant) -> None:
    first = packages.save_package(control_db, package(tenant_a.slug))
    second = packages.save_package(control_db, package(tenant_a.slug, "h2"))
    assert (second.revision, second.created) == (2, True)
    assert packages.get_package(control_db, tenant_a.slug, first.package_id) == package(tenant_a.slug)
    back = packages.save_package(control_db, package(tenant_a.slug))
    assert (back.revision, back.created) == (3, True)


def test_two_builds_at_once_make_one_revision(control_db: Database, tenant_a: Tenant) -> None:
    with ThreadPoolExecutor(4) as pool:
        stored = list(pool.map(lambda _: packages.save_package(control_db, package(tenant_a.slug)), range(4)))
    assert {item.package_id for item in stored} == {stored[0].package_id}
    assert [item.created for item in stored].count(True) == 1


def test_a_package_of_another_tenant_is_not_found(control_db: Database, tenant_a: Tenant, tenant_b: Tenant) -> None:
    stored = packages.save_package(control_db, package(tenant_a.slug))
    assert packages.get_package(control_db, tenant_b.slug, stored.package_id) is None
    assert packages.latest_package(control_db, tenant_b.slug, "day:2026-11-19") is None


def test_an_empty_package_is_a_package(control_db: Database, tenant_a: Tenant) -> None:
    empty = replace(
        package(tenant_a.slug), metrics=(), rows=(), health=(), prev_period=None, verdict=Verdict.EMPTY, holidays=()
    )
    packages.save_package(control_db, empty)
    found = packages.latest_package(control_db, tenant_a.slug, "day:2026-11-19")
    assert found is not None
    assert found[2] == empty


def test_the_newest_document_opens_and_each_one_stays_in_the_list(
    control_db: Database, tenant_a: Tenant, control_clock: FixedClock
) -> None:
    assert reports.latest_report(control_db, tenant_a.slug) is None
    first = packages.save_package(control_db, package(tenant_a.slug))
    reports.save_report(control_db, tenant_a.slug, document(tenant_a.slug, first.package_id))
    reports.save_report(control_db, tenant_a.slug, document(tenant_a.slug, first.package_id))
    second = packages.save_package(control_db, package(tenant_a.slug, "h2"))
    newest = document(tenant_a.slug, second.package_id, 2)
    reports.save_report(control_db, tenant_a.slug, newest)
    assert reports.latest_report(control_db, tenant_a.slug) == newest
    assert reports.latest_report(control_db, tenant_a.slug, "day:2026-11-19") == newest
    assert reports.latest_report(control_db, tenant_a.slug, "day:2026-11-18") is None
    listed = reports.list_reports(control_db, tenant_a.slug, 10)
    assert [(item.revision, item.verdict) for item in listed] == [(2, Verdict.PRELIMINARY), (1, Verdict.PRELIMINARY)]
