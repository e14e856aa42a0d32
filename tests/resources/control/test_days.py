"""What is known of a day is the newest load's word, and an unchanged load says so."""

from __future__ import annotations

from datetime import date, timedelta

from synkro_resources.control import days
from synkro_resources.control.database import Database
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.errors import Sentence
from tests.control_fixtures import NOON

DAY = date(2026, 11, 19)
LATER = NOON + timedelta(hours=1)


def test_a_load_that_found_the_same_rows_makes_no_later_day_stale(control_db: Database, tenant_a: Tenant) -> None:
    days.mark_day(control_db, tenant_a.slug, DAY, "raw", NOON, False)
    days.mark_day(control_db, tenant_a.slug, DAY, "raw", LATER, True, {"rules": "r2"}, changed=False)
    days.mark_day(control_db, tenant_a.slug, DAY, "derived", LATER, True)
    derived, raw = days.day_states(control_db, tenant_a.slug, DAY, DAY)
    assert (raw.loaded_at, raw.changed_at, raw.complete, raw.versions) == (LATER, NOON, True, {"rules": "r2"})
    assert derived.layer == "derived"
    assert days.day_states(control_db, tenant_a.slug, DAY - timedelta(days=9), DAY - timedelta(days=1)) == []


def test_what_changed_before_a_derivation_began_is_settled_by_it_and_what_changed_later_is_not(
    control_db: Database, tenant_a: Tenant
) -> None:
    slug, before = tenant_a.slug, DAY - timedelta(days=1)
    for day in (before, DAY):
        days.mark_day(control_db, slug, day, "derived", NOON, True, {"calendar": "c1"}, derived_at=NOON)
    assert days.mark_stale(control_db, slug, [before, DAY, DAY + timedelta(days=1)], "normalized/message", LATER) == 2
    assert days.stale_days(control_db, slug, before, DAY) == dict.fromkeys((before, DAY), "normalized/message")
    days.mark_day(control_db, slug, before, "derived", NOON, True, {"calendar": "c1"}, derived_at=LATER)
    days.mark_day(control_db, slug, DAY, "derived", NOON, True, {"calendar": "c1"}, derived_at=NOON)
    assert days.stale_days(control_db, slug, before, DAY) == {DAY: "normalized/message"}


def test_another_calendar_makes_a_day_stale(control_db: Database, tenant_a: Tenant) -> None:
    days.mark_day(control_db, tenant_a.slug, DAY, "derived", NOON, True, {"calendar": "c1"}, derived_at=NOON)
    assert days.stale_days(control_db, tenant_a.slug, DAY, DAY, {"calendar": "c1"}) == {}
    assert days.stale_days(control_db, tenant_a.slug, DAY, DAY, {"calendar": "c2"}) == {DAY: "versions"}


def test_a_repeated_load_replaces_the_counts_of_its_day(control_db: Database, tenant_a: Tenant) -> None:
    days.save_source_run(control_db, tenant_a.slug, "radist", DAY, "failed", NOON, 10, 0)
    days.save_source_run(control_db, tenant_a.slug, "radist", DAY, "ok", LATER, 10, 9, rows_quarantined=1)
    (found,) = days.source_runs(control_db, tenant_a.slug, DAY, DAY)
    assert (found.status, found.rows_source, found.rows_stored, found.rows_quarantined) == ("ok", 10, 9, 1)


def test_checks_keep_one_verdict_per_day(control_db: Database, tenant_a: Tenant) -> None:
    def verdict(day: date, passed: bool) -> days.CheckResult:
        return days.CheckResult(
            "radist/messages", "counts", day, "run-1", passed, True, NOON, Sentence("Ок", "Ok"), {"n": 1}
        )

    days.save_check_results(control_db, tenant_a.slug, [verdict(DAY, False), verdict(DAY - timedelta(days=1), True)])
    days.save_check_results(control_db, tenant_a.slug, [verdict(DAY, True)])
    found = days.check_results(control_db, tenant_a.slug, DAY - timedelta(days=1), DAY)
    assert [result.passed for result in found] == [True, True]
    assert found[1] == verdict(DAY, True)
