"""A trial begins with the first load, is told before it ends, stops what costs, and goes on when somebody says so."""

from __future__ import annotations

import secrets
from datetime import date, timedelta

import pytest

from synkro_resources.control.database import Database
from synkro_resources.control.failures import look
from synkro_resources.control.run_requests import RunRequest, create_request, open_requests, update_request
from synkro_resources.control.tenant_life import Stage, activate, extend_trial, lives, pass_time
from synkro_resources.control.tenants import Tenant, add_tenant, resume_tenant, suspend_tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period

DAY = timedelta(days=1)
TRIAL = 14 * DAY


@pytest.fixture
def company(control_db: Database, control_clock: FixedClock) -> Tenant:
    """A new company on trial, in a cell of its own."""
    return add_tenant(
        control_db,
        slug=f"t-{secrets.token_hex(4)}",
        name="ООО «Проба»",
        zone="Asia/Yekaterinburg",
        account=secrets.token_hex(4),
        cell=f"t{secrets.token_hex(4)}",
        plan="pro",
        clock=control_clock,
        on_trial=True,
    )


def load(db: Database, tenant: Tenant, clock: FixedClock) -> RunRequest:
    return create_request(
        db,
        tenant=tenant.slug,
        kind=RequestKind.DATA,
        period=Period.day(date(2026, 11, 19)),
        requested_by="cli",
        reason="test",
        clock=clock,
    )


def stage(db: Database, tenant: Tenant) -> Stage:
    return lives(db, actor="test")[tenant.slug].stage


def warnings(db: Database, tenant: Tenant, clock: FixedClock) -> list[str]:
    with db.tenant(tenant.slug) as connection:
        found = look(connection, clock.now(), clock.now)
    return [one.what.ru for one in found.failing if one.kind == "trial_ends"]


def begun(db: Database, tenant: Tenant, clock: FixedClock) -> None:
    update_request(db, tenant.slug, load(db, tenant, clock).id, clock=clock, status="done")
    assert pass_time(db, tenant.cell, clock) == [(tenant.slug, "trial")]


def test_a_company_that_connects_slowly_loses_nothing_of_its_trial(
    control_db: Database, control_clock: FixedClock, company: Tenant
) -> None:
    control_clock.move(40 * DAY)
    assert pass_time(control_db, company.cell, control_clock) == []
    assert stage(control_db, company) == "created"
    begun(control_db, company, control_clock)
    assert lives(control_db, actor="test")[company.slug].trial_ends_at == control_clock.now() + TRIAL
    assert pass_time(control_db, company.cell, control_clock) == []


def test_the_end_of_a_trial_is_told_three_days_ahead_and_stops_loads_but_no_reading(
    control_db: Database, control_clock: FixedClock, company: Tenant
) -> None:
    begun(control_db, company, control_clock)
    control_clock.move(TRIAL - 3 * DAY - timedelta(seconds=1))
    assert warnings(control_db, company, control_clock) == []
    control_clock.move(timedelta(seconds=1))
    (warning,) = warnings(control_db, company, control_clock)
    assert "04.12.2026" in warning
    waiting = load(control_db, company, control_clock)
    control_clock.move(3 * DAY)
    assert pass_time(control_db, company.cell, control_clock) == [(company.slug, "trial_over")]
    assert open_requests(control_db, company.cell) == [], "what waits does not start"
    for refused in (
        lambda: load(control_db, company, control_clock),
        lambda: resume_tenant(control_db, company.slug, actor="cli", reason="x", clock=control_clock),
    ):
        with pytest.raises(RefusedError) as refusal:
            refused()
        assert refusal.value.code == "tenant.trial_over"
    assert warnings(control_db, company, control_clock) == []
    extend_trial(control_db, company.slug, 7, actor="cli", reason="asked", clock=control_clock)
    assert [one.id for one in open_requests(control_db, company.cell)] == [waiting.id]
    assert stage(control_db, company) == "trial"


def test_who_pays_is_never_stopped_by_the_clock_and_a_suspension_outlives_the_payment(
    control_db: Database, control_clock: FixedClock, company: Tenant
) -> None:
    begun(control_db, company, control_clock)
    suspend_tenant(control_db, company.slug, actor="cli", reason="debt", clock=control_clock)
    activate(control_db, company.slug, actor="cli", reason="paid", clock=control_clock)
    assert stage(control_db, company) == "suspended"
    resume_tenant(control_db, company.slug, actor="cli", reason="settled", clock=control_clock)
    control_clock.move(400 * DAY)
    assert pass_time(control_db, company.cell, control_clock) == []
    assert stage(control_db, company) == "active"
