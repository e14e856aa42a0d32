"""Webhooks make a refresh early: one per tenant, when the chats are quiet, and not again while one is under way."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest

from synkro_assets.automation.hints import REST_AFTER_FAILURE, HintWatch, request_refreshes
from synkro_assets.automation.saga import RunState, next_step
from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.run_requests import RunRequest, create_request, get_request, open_requests, update_request
from synkro_resources.control.tenants import Tenant, get_tenant, suspend_tenant
from synkro_resources.control.webhooks import (
    LATEST,
    QUIET,
    REQUESTED_BY,
    TakenHints,
    add_webhook,
    note_event,
    pending_hints,
)
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period
from synkro_resources.platform import Platform
from synkro_resources.settings import Settings

SECOND = timedelta(seconds=1)


@pytest.fixture
def platform(control_db: Database, keyring: Keyring, control_clock: FixedClock) -> Platform:
    return Platform(Settings(), control_db, keyring, control_clock)


class Company:
    """One tenant with a webhook, and the sensor's part that looks at it."""

    def __init__(self, platform: Platform, tenant: Tenant, clock: FixedClock) -> None:
        self.platform, self.clock, self.slug = platform, clock, tenant.slug
        self.watch = HintWatch()
        self.secret = secrets.token_urlsafe(32)
        add_webhook(platform.control, tenant.slug, self.secret, 1701, actor="cli", clock=clock)

    def event(self, chat_id: int = 37) -> None:
        assert note_event(self.platform.control, self.slug, self.secret, chat_id, self.clock)

    def tick(self) -> list[RunRequest]:
        requests = open_requests(self.platform.control, "main", limit=1000)
        tenant = get_tenant(self.platform.control, self.slug)
        return request_refreshes(self.platform, [tenant], {request.tenant for request in requests}, self.watch)

    def again(self, request: RunRequest) -> RunRequest:
        return get_request(self.platform.control, self.slug, request.id)

    def run(self, request: RunRequest, state: RunState) -> RunRequest:
        """Launch the request's one run and let it end."""
        assert next_step(self.platform, request, RunState.NEVER_LAUNCHED) is not None
        next_step(self.platform, self.again(request), state)
        return self.again(request)


@pytest.fixture
def company(platform: Platform, tenant_a: Tenant, control_clock: FixedClock) -> Company:
    return Company(platform, tenant_a, control_clock)


def test_a_refresh_of_today_is_asked_for_once_the_chat_is_quiet(company: Company) -> None:
    company.event()
    company.clock.move(QUIET - SECOND)
    assert company.tick() == []
    company.clock.move(SECOND)
    [request] = company.tick()
    today = company.clock.now().date()
    assert (request.kind, request.requested_by, request.period) == (
        RequestKind.REFRESH,
        REQUESTED_BY,
        Period.day(today),
    )


def test_a_company_that_is_never_quiet_is_read_all_the_same(company: Company) -> None:
    for _ in range(LATEST // (10 * SECOND)):
        company.event()
        assert company.tick() == []
        company.clock.move(10 * SECOND)
    assert len(company.tick()) == 1


def test_many_events_lead_to_one_request_and_none_while_it_is_open(company: Company) -> None:
    for chat_id in (37, 38, 38, 37):
        company.event(chat_id)
    company.clock.move(QUIET)
    [request] = company.tick()
    company.event()
    company.clock.move(LATEST)
    assert company.tick() == []
    company.run(request, RunState.ACTIVE)
    assert company.tick() == []


def test_hints_wait_while_any_run_of_the_tenant_is_asked_for(company: Company) -> None:
    """It holds the tenant's lock: a refresh beside it would fail as busy, three times."""
    create_request(
        company.platform.control,
        tenant=company.slug,
        kind=RequestKind.DATA,
        period=Period.day(company.clock.now().date()),
        requested_by="cli",
        reason="test",
        clock=company.clock,
    )
    company.event()
    company.clock.move(LATEST)
    assert company.tick() == []


def test_hints_are_forgotten_only_when_the_run_that_took_them_succeeded(company: Company) -> None:
    company.event(37)
    company.clock.move(QUIET)
    [request] = company.tick()
    launched = company.run(request, RunState.ACTIVE)
    assert TakenHints.of_plan(launched.plan).chat_ids == {37}
    assert [hint.chat_id for hint in pending_hints(company.platform.control, company.slug)] == [37]
    company.event(38)
    next_step(company.platform, company.again(request), RunState.SUCCEEDED)
    assert company.again(request).status == "done"
    assert [hint.chat_id for hint in pending_hints(company.platform.control, company.slug)] == [38]


def test_a_failed_refresh_keeps_its_hints_and_is_not_asked_for_every_minute(company: Company) -> None:
    """A key that Radist refuses would otherwise fill the list of runs."""
    company.event()
    company.clock.move(QUIET)
    [request] = company.tick()
    update_request(company.platform.control, company.slug, request.id, clock=company.clock, status="failed")
    company.event()
    company.clock.move(LATEST)
    assert company.tick() == []
    company.clock.move(REST_AFTER_FAILURE)
    assert len(company.tick()) == 1
    assert pending_hints(company.platform.control, company.slug)[0].events == 2


def test_events_before_midnight_have_their_own_day_refreshed_too(company: Company, tenant_a: Tenant) -> None:
    zone_ahead = timedelta(hours=5)  # Asia/Yekaterinburg
    until_midnight = timedelta(hours=24) - (company.clock.now() + zone_ahead - _midnight(company, zone_ahead))
    company.clock.move(until_midnight - 10 * SECOND)
    company.event()
    company.clock.move(QUIET)
    [request] = company.tick()
    assert (request.period.last_day - request.period.first_day).days == 1
    assert request.period.last_day == (company.clock.now() + zone_ahead).date()


def _midnight(company: Company, ahead: timedelta):
    return (company.clock.now() + ahead).replace(hour=0, minute=0, second=0, microsecond=0)


def test_a_suspended_tenant_is_left_alone(company: Company) -> None:
    company.event()
    company.clock.move(LATEST)
    suspend_tenant(company.platform.control, company.slug, actor="cli", reason="test", clock=company.clock)
    assert company.tick() == []


def test_a_tenant_without_webhooks_costs_one_look_a_minute(platform: Platform, tenant_b: Tenant) -> None:
    watch = HintWatch()
    assert not watch.has_webhooks(platform, tenant_b.slug)
    add_webhook(platform.control, tenant_b.slug, secrets.token_urlsafe(32), 1, actor="cli", clock=platform.clock)
    assert not watch.has_webhooks(platform, tenant_b.slug), "looked up again too soon"
    platform.clock.move(timedelta(seconds=61))  # pyright: ignore[reportAttributeAccessIssue]
    assert watch.has_webhooks(platform, tenant_b.slug)
