"""The clock keeps today fresh as the plan says: in working hours, one tenant after another, never on top of a load."""

from __future__ import annotations

import secrets
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from synkro_assets.automation.refreshes import ask_for_due_refreshes
from synkro_resources.control.database import Database
from synkro_resources.control.days import mark_day
from synkro_resources.control.integrations import mark_integration, set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.run_requests import RunRequest, create_request, list_requests, update_request
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.ids import IntegrationKind, RequestKind
from synkro_resources.model.period import Period
from synkro_resources.platform import Platform
from synkro_resources.rules.refresh_slots import slot_begin
from synkro_resources.settings import Settings
from tests.control_fixtures import new_tenant

MONDAY = date(2026, 11, 23)
MIDNIGHT = datetime(2026, 11, 22, 19, tzinfo=UTC)  # of Monday in Yekaterinburg
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def place(control_db: Database, keyring: Keyring, control_clock: FixedClock) -> Platform:
    """A cell of its own: other tests' tenants have no refreshes here."""
    return Platform(Settings(cell=f"c{secrets.token_hex(4)}"), control_db, keyring, control_clock)


def company(place: Platform, plan: str) -> Tenant:
    """A connected company that has loaded Friday."""
    tenant = new_tenant(place.control, clock(place), "r", cell=place.settings.cell, plan=plan)
    for kind in (IntegrationKind.AMOCRM, IntegrationKind.RADIST):
        set_integration(place.control, place.keyring, tenant.slug, kind, {}, {}, "test")
    loaded(place, tenant.slug, date(2026, 11, 20))
    return tenant


def loaded(place: Platform, tenant: str, day: date) -> None:
    mark_day(place.control, tenant, day, "derived", place.clock.now(), complete=True)


def clock(place: Platform) -> FixedClock:
    assert isinstance(place.clock, FixedClock)
    return place.clock


def at(place: Platform, instant: datetime) -> None:
    clock(place).move(instant - place.clock.now())


def carry_out(place: Platform, request: RunRequest) -> None:
    update_request(place.control, request.tenant, request.id, clock=place.clock, status="done")
    loaded(place, request.tenant, request.period.last_day)


def through(place: Platform, begin: datetime, end: datetime, step: timedelta = 3 * MINUTE) -> list[RunRequest]:
    """Tick from `begin` to `end`, every refresh carried out at once."""
    asked: list[RunRequest] = []
    now = begin
    while now < end:
        at(place, now)
        for request in ask_for_due_refreshes(place):
            carry_out(place, request)
            asked.append(request)
        now += step
    return asked


def test_a_working_day_is_refreshed_as_often_as_the_plan_says(place: Platform) -> None:
    slugs = {company(place, plan).slug: plan for plan in ("base", "pro", "enterprise")}
    asked = through(place, MIDNIGHT + 7 * HOUR, MIDNIGHT + 11 * HOUR)
    asked += through(place, MIDNIGHT + 16.75 * HOUR, MIDNIGHT + 20 * HOUR)
    hours = Counter((slugs[request.tenant], (request.created_at - MIDNIGHT) // HOUR) for request in asked)
    working = (9, 10, 17)
    assert {(plan, hours[plan, hour]) for plan in slugs.values() for hour in working} == {
        ("base", 0),
        ("pro", 1),
        ("enterprise", 4),
    }
    assert {hour for _, hour in hours} == {8, 9, 10, 16, 17, 18}, "09:00–18:00 and an hour around"
    assert {request.period for request in asked} == {Period.day(MONDAY)}


def test_a_weekend_is_not_refreshed(place: Platform) -> None:
    company(place, "enterprise")
    assert through(place, MIDNIGHT - 38 * HOUR, MIDNIGHT - 34 * HOUR) == []


def test_refreshes_never_pile_up_on_a_load_or_on_each_other(place: Platform) -> None:
    tenant = company(place, "pro")
    slot = slot_begin(tenant.slug, HOUR, MIDNIGHT + 12 * HOUR)
    at(place, slot)
    load = create_request(
        place.control,
        tenant=tenant.slug,
        kind=RequestKind.DATA,
        period=Period.day(MONDAY),
        requested_by="cli",
        reason="test",
        clock=place.clock,
    )
    assert ask_for_due_refreshes(place) == []
    update_request(place.control, tenant.slug, load.id, clock=place.clock, status="done")
    at(place, slot + MINUTE)
    assert len(ask_for_due_refreshes(place)) == 1
    for minutes in range(3, 130, 5):  # it hangs: nothing is put behind it
        at(place, slot + minutes * MINUTE)
        assert ask_for_due_refreshes(place) == []


def test_a_report_that_has_just_read_today_saves_the_refresh(place: Platform) -> None:
    tenant = company(place, "pro")
    slot = slot_begin(tenant.slug, HOUR, MIDNIGHT + 12 * HOUR)
    at(place, slot - 10 * MINUTE)
    loaded(place, tenant.slug, MONDAY)
    assert through(place, slot, slot + HOUR) == []
    assert len(through(place, slot + HOUR, slot + 2 * HOUR)) == 1


def test_a_broken_connection_is_not_asked_every_hour_and_a_new_company_not_before_its_first_load(
    place: Platform,
) -> None:
    broken = company(place, "pro")
    mark_integration(place.control, broken.slug, IntegrationKind.RADIST, "broken", "radist.key")
    new = new_tenant(place.control, clock(place), "n", cell=place.settings.cell)
    assert through(place, MIDNIGHT + 10 * HOUR, MIDNIGHT + 12 * HOUR) == []
    assert list_requests(place.control, new.slug) == []


def test_hundreds_of_companies_do_not_begin_in_the_same_minute() -> None:
    begun = Counter(slot_begin(f"company-{number}", HOUR, MIDNIGHT).minute for number in range(250))
    assert len(begun) > 50
    assert max(begun.values()) < 15
