"""Reports come by schedule: once each, not before their time, and a tenant in trouble says why nothing comes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import dagster as dg
import pytest

from synkro_assets.automation.refinements import ask_for_refinements
from synkro_assets.automation.saga import LAST_REFRESH, SCHEDULE, RunState, next_step, waits_for_its_time
from synkro_assets.automation.schedules import FAILURES_IN_A_ROW, NAME, ask_for_due_reports
from synkro_assets.definitions import build_defs
from synkro_resources.control import schedules
from synkro_resources.control.database import Database
from synkro_resources.control.days import mark_day
from synkro_resources.control.integrations import mark_integration, set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.packages import save_package
from synkro_resources.control.run_requests import (
    RunRequest,
    Scheduled,
    create_request,
    get_request,
    list_requests,
    update_request,
)
from synkro_resources.control.tenants import Tenant, resume_tenant, suspend_tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import Sentence
from synkro_resources.model.ids import IntegrationKind, RequestKind
from synkro_resources.model.package import Package, Verdict
from synkro_resources.model.period import Period, PeriodKind
from synkro_resources.platform import Platform
from synkro_resources.settings import Settings
from tests.control_fixtures import new_tenant

FRIDAY = Period.day(date(2026, 11, 20))
MONDAY_0830 = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)  # in Yekaterinburg; the clock stands at Friday noon
LEAD = timedelta(minutes=45)


@pytest.fixture
def place(control_db: Database, keyring: Keyring, control_clock: FixedClock) -> Platform:
    return Platform(Settings.load(), control_db, keyring, control_clock)


@pytest.fixture
def daily(place: Platform, tenant_a: Tenant) -> Tenant:
    """A tenant whose daily report comes at 08:30."""
    set_daily(place, tenant_a)
    return tenant_a


def set_daily(place: Platform, tenant: Tenant) -> None:
    schedules.set_schedule(
        place.control, tenant.slug, kind=PeriodKind.DAY, at=time(8, 30), actor="user:1", clock=place.clock
    )


def at(place: Platform, instant: datetime) -> None:
    assert isinstance(place.clock, FixedClock)
    place.clock.move(instant - place.clock.now())


def tick(place: Platform, tenant: Tenant) -> list[RunRequest]:
    """One tick over the cell; the requests of this tenant (tests share the database)."""
    return [request for request in ask_for_due_reports(place) if request.tenant == tenant.slug]


def requests(place: Platform, tenant: Tenant) -> list[RunRequest]:
    return list_requests(place.control, tenant.slug)


def reason(place: Platform, tenant: Tenant) -> str:
    return schedules.get_schedule(place.control, tenant.slug, "day").paused_reason


def test_fridays_report_is_asked_for_on_monday_a_lead_time_ahead_and_once(place: Platform, daily: Tenant) -> None:
    at(place, MONDAY_0830 - LEAD - timedelta(minutes=1))
    assert tick(place, daily) == []
    at(place, MONDAY_0830 - LEAD)
    (asked,) = tick(place, daily)
    assert (asked.period, asked.due_at, asked.requested_by) == (FRIDAY, MONDAY_0830, "schedule:day")
    for _ in range(3):
        assert tick(place, daily) == []
    assert requests(place, daily) == [asked]


def test_a_tick_that_died_after_its_row_asks_for_nothing_twice(place: Platform, daily: Tenant) -> None:
    at(place, MONDAY_0830 - LEAD)
    before = schedules.get_schedule(place.control, daily.slug, "day")
    written = create_request(
        place.control,
        tenant=daily.slug,
        kind=RequestKind.REPORT,
        period=FRIDAY,
        requested_by="schedule:day",
        reason="schedule",
        clock=place.clock,
        scheduled=Scheduled("day", MONDAY_0830),
    )
    assert schedules.get_schedule(place.control, daily.slug, "day") == before
    assert [request.id for request in tick(place, daily)] == [written.id]
    assert len(requests(place, daily)) == 1
    following = schedules.get_schedule(place.control, daily.slug, "day").next_due_at
    assert following == MONDAY_0830 + timedelta(days=1)


def test_after_two_days_of_sleep_one_report_comes_and_the_others_are_told_as_missed(
    place: Platform, daily: Tenant
) -> None:
    at(place, MONDAY_0830 + timedelta(days=2, minutes=20))
    (asked,) = tick(place, daily)
    assert asked.period == Period.day(date(2026, 11, 24))
    missed = [request for request in requests(place, daily) if request.id != asked.id]
    assert {request.period for request in missed} == {FRIDAY, Period.day(date(2026, 11, 23))}
    assert {(request.status, request.error_code) for request in missed} == {("cancelled", "schedule.missed")}
    assert all("пропущен" in request.what_ru and "кнопкой" in request.remedy_ru for request in missed)


def test_while_a_button_makes_the_same_report_the_schedule_waits_and_then_asks_itself(
    place: Platform, daily: Tenant
) -> None:
    at(place, MONDAY_0830 - LEAD)
    clicked = create_request(
        place.control,
        tenant=daily.slug,
        kind=RequestKind.REPORT,
        period=FRIDAY,
        requested_by="user:1",
        reason="",
        clock=place.clock,
    )
    assert tick(place, daily) == []
    update_request(place.control, daily.slug, clicked.id, clock=place.clock, status="failed")
    assert [request.schedule_id for request in tick(place, daily)] == ["day"]


def test_a_suspended_tenant_is_skipped_with_the_reason_and_starts_again_without_what_it_missed(
    place: Platform, daily: Tenant
) -> None:
    suspend_tenant(place.control, daily.slug, actor="op", reason="unpaid", clock=place.clock)
    at(place, MONDAY_0830 + timedelta(days=2))
    assert tick(place, daily) == []
    assert reason(place, daily) == schedules.SUSPENDED
    resume_tenant(place.control, daily.slug, actor="op", reason="paid", clock=place.clock)
    at(place, MONDAY_0830 + timedelta(days=2, hours=1))
    assert tick(place, daily) == []
    assert requests(place, daily) == []
    assert reason(place, daily) == ""
    at(place, MONDAY_0830 + timedelta(days=3) - LEAD)
    assert len(tick(place, daily)) == 1


def test_a_broken_connection_is_tried_three_times_and_then_waits_for_somebody_to_mend_it(
    place: Platform, daily: Tenant
) -> None:
    kind = IntegrationKind.RADIST
    set_integration(place.control, place.keyring, daily.slug, kind, {}, {"api_key": "k"}, "test")
    words = (Sentence("сломано", "broken"), Sentence("почините", "mend"))
    mark_integration(place.control, daily.slug, kind, "broken", "radist.unpaid", *words)
    for number in range(FAILURES_IN_A_ROW):
        at(place, MONDAY_0830 + timedelta(days=number) - LEAD)
        (asked,) = tick(place, daily)
        update_request(place.control, daily.slug, asked.id, clock=place.clock, status="failed")
    at(place, MONDAY_0830 + timedelta(days=FAILURES_IN_A_ROW) - LEAD)
    assert tick(place, daily) == []
    assert reason(place, daily) == schedules.BROKEN
    mark_integration(place.control, daily.slug, kind, "ok", "", Sentence("", ""), Sentence("", ""))
    assert len(tick(place, daily)) == 1
    assert reason(place, daily) == ""


def test_a_tick_serves_its_own_cell_only(place: Platform, daily: Tenant, tenant_b: Tenant) -> None:
    set_daily(place, tenant_b)
    at(place, MONDAY_0830)
    assert len(tick(place, daily)) == 1
    assert requests(place, tenant_b) == []


def test_one_tenant_in_trouble_does_not_keep_the_others_from_their_report(
    place: Platform, daily: Tenant, control_db: Database, control_clock: FixedClock
) -> None:
    other = new_tenant(control_db, control_clock, "c")
    set_daily(place, other)
    suspend_tenant(place.control, daily.slug, actor="op", reason="unpaid", clock=place.clock)
    at(place, MONDAY_0830)
    assert len(tick(place, other)) == 1


def test_the_report_waits_for_its_time_with_the_tenant_free_and_reads_today_once_more(
    place: Platform, daily: Tenant
) -> None:
    at(place, MONDAY_0830 - LEAD)
    (asked,) = tick(place, daily)

    def step(state: RunState) -> str | None:
        launch = next_step(place, get_request(place.control, daily.slug, asked.id), state)
        return None if launch is None else launch.stage.name

    first = next_step(place, asked, RunState.NEVER_LAUNCHED)
    assert first is not None
    assert first.priority == SCHEDULE
    name = step(RunState.SUCCEEDED)
    while name is not None:
        name = step(RunState.SUCCEEDED)
    waiting = get_request(place.control, daily.slug, asked.id)
    assert waiting.stage == "report-0"
    assert waits_for_its_time(waiting, place.clock.now())
    at(place, MONDAY_0830 - timedelta(minutes=6))
    assert step(RunState.NEVER_LAUNCHED) is None
    at(place, MONDAY_0830 - timedelta(minutes=5))
    assert step(RunState.NEVER_LAUNCHED) == LAST_REFRESH
    at(place, MONDAY_0830 - timedelta(minutes=3))
    assert step(RunState.SUCCEEDED) is None
    at(place, MONDAY_0830)
    assert step(RunState.NEVER_LAUNCHED) == "report-0"
    assert step(RunState.SUCCEEDED) is None
    assert get_request(place.control, daily.slug, asked.id).status == "done"


def test_nothing_is_refined_that_was_not_told_as_preliminary(place: Platform, daily: Tenant) -> None:
    at(place, MONDAY_0830)
    (asked,) = tick(place, daily)
    update_request(place.control, daily.slug, asked.id, clock=place.clock, status="done")
    assert [request for request in ask_for_refinements(place) if request.tenant == daily.slug] == []


def test_a_preliminary_report_whose_day_is_whole_by_now_is_asked_for_once_more_and_only_within_two_days(
    place: Platform, daily: Tenant
) -> None:
    at(place, MONDAY_0830)
    (asked,) = tick(place, daily)
    update_request(place.control, daily.slug, asked.id, clock=place.clock, status="done")
    save_package(place.control, preliminary(daily))

    def refined() -> list[Period]:
        return [request.period for request in ask_for_refinements(place) if request.tenant == daily.slug]

    assert refined() == []
    mark_day(place.control, daily.slug, FRIDAY.first_day, "derived", MONDAY_0830 + timedelta(hours=1), complete=True)
    at(place, MONDAY_0830 + timedelta(hours=49))
    assert refined() == []
    at(place, MONDAY_0830 + timedelta(hours=2))
    assert refined() == [FRIDAY]
    assert refined() == []


def preliminary(tenant: Tenant) -> Package:
    """Friday's package as it was sent on Monday, with a part of the day missing."""
    return Package(
        tenant=tenant.slug,
        period=FRIDAY,
        zone=tenant.zone,
        as_of=MONDAY_0830,
        data_until=MONDAY_0830,
        built_at=MONDAY_0830,
        working_days=1,
        prev_period=None,
        prev_note="first",
        verdict=Verdict.PRELIMINARY,
        verdict_reasons=("load_coverage",),
        versions={"metrics": "m1"},
        input_hash="h1",
        metrics=(),
        rows=(),
        health=(),
        holidays=(),
        names={},
    )


def test_dagster_runs_the_schedule_every_minute_and_it_starts_no_run(place: Platform, daily: Tenant) -> None:
    at(place, MONDAY_0830 - LEAD)
    repository = build_defs(Settings.load()).get_repository_def()
    schedule = repository.get_schedule_def(NAME)
    assert schedule.cron_schedule == "* * * * *"
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=place.clock.now(),
            repository_def=repository,
            resources={"platform": place},
        )
        outcome = schedule.evaluate_tick(context)
    assert not outcome.run_requests
    assert [request.requested_by for request in requests(place, daily)] == ["schedule:day"]
