"""Data that nobody loads fail nowhere: their age must be told, per source and per client."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from synkro_resources.control import journal
from synkro_resources.control.database import Database
from synkro_resources.control.days import check_results
from synkro_resources.control.freshness import CHECK, OLD_AFTER, Freshness, freshness, freshness_of, judge_freshness
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.tables.raw import RAW_TABLES

NOW = datetime(2026, 11, 20, 21, tzinfo=UTC)
"""Already the 21st in the tenant's zone."""
DAY, HOUR = date(2026, 11, 21), timedelta(hours=1)
AMOCRM = [table.name for table in RAW_TABLES if table.name.startswith("amocrm/")]


def of(source: str, found: list[Freshness]) -> Freshness:
    (one,) = (item for item in found if item.source == source)
    return one


@pytest.mark.parametrize(("age", "is_old"), [(OLD_AFTER, False), (OLD_AFTER + timedelta(seconds=1), True)])
def test_a_source_is_as_old_as_the_oldest_of_its_steps(age: timedelta, is_old: bool) -> None:
    finished = dict.fromkeys(AMOCRM, NOW - HOUR) | {AMOCRM[-1]: NOW - age}
    found = of("amocrm", freshness(finished, NOW))
    assert (found.age, found.is_old) == (age, is_old)


def test_a_source_with_a_step_that_never_succeeded_was_never_loaded() -> None:
    found = freshness(dict.fromkeys(AMOCRM[1:], NOW), NOW)
    assert [(item.source, item.loaded_at, item.is_old) for item in found] == [
        ("amocrm", None, True),
        ("radist", None, True),
    ]
    assert "ещё не загружался" in found[0].what.ru


def test_the_journal_tells_the_age_and_the_verdict_is_kept_for_the_tenants_own_day(
    control_db: Database, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    for tenant, age in ((tenant_a, HOUR), (tenant_b, OLD_AFTER * 2)):
        clock = FixedClock(NOW - age)
        journal.start_run(
            control_db,
            tenant=tenant.slug,
            run_id=f"run-{tenant.slug}",
            request_id=None,
            job="tenant_day_data",
            stage="",
            attempt=1,
            first_day=DAY,
            last_day=DAY,
            clock=clock,
        )
        for name in AMOCRM:
            step = journal.start_step(control_db, tenant.slug, f"run-{tenant.slug}", name, DAY, DAY, clock)
            journal.finish_step(control_db, tenant.slug, step, status="done", clock=clock)
        late = FixedClock(NOW)
        step = journal.start_step(control_db, tenant.slug, f"run-{tenant.slug}", AMOCRM[0], DAY, DAY, late)
        journal.finish_step(control_db, tenant.slug, step, status="failed", clock=late)
    ages = [of("amocrm", freshness_of(control_db, tenant.slug, NOW)) for tenant in (tenant_a, tenant_b)]
    assert [(item.age, item.is_old) for item in ages] == [(HOUR, False), (OLD_AFTER * 2, True)]
    judge_freshness(control_db, tenant_a, NOW)
    stored = {item.asset: item for item in check_results(control_db, tenant_a.slug, DAY, DAY)}
    assert {name: (item.check, item.passed, item.blocking) for name, item in stored.items()} == {
        "amocrm": (CHECK, True, False),
        "radist": (CHECK, False, False),
    }
    assert check_results(control_db, tenant_b.slug, DAY, DAY) == []
