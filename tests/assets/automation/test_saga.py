"""The request saga: every decision is stored first, a run is started once per key, and a failure ends in words."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from synkro_assets.automation.saga import (
    BACKFILL,
    BUTTON,
    MAX_ATTEMPTS,
    MAX_DEATHS,
    MAX_ROUNDS,
    Launch,
    RunState,
    next_step,
)
from synkro_resources.control import journal
from synkro_resources.control.database import Database
from synkro_resources.control.days import mark_day, mark_stale
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.run_requests import RunRequest, create_request, get_request
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import IntegrationError, Sentence, SynkroError, TransientError
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period
from synkro_resources.platform import Platform
from synkro_resources.settings import Settings

DAY = date(2026, 11, 19)
BROKEN = IntegrationError("amocrm.token_refused", Sentence("нет", "no"), Sentence("почините", "repair"))
SLOW = TransientError("radist.unreachable", Sentence("нет", "no"), Sentence("ждите", "wait"))


@pytest.fixture
def platform(control_db: Database, keyring: Keyring, control_clock: FixedClock) -> Platform:
    return Platform(Settings(), control_db, keyring, control_clock)


@pytest.fixture
def request_(platform: Platform, tenant_a: Tenant) -> RunRequest:
    return create_request(
        platform.control,
        tenant=tenant_a.slug,
        kind=RequestKind.REPORT,
        period=Period.day(DAY),
        requested_by="cli",
        reason="test",
        clock=platform.clock,
    )


def again(platform: Platform, request: RunRequest) -> RunRequest:
    return get_request(platform.control, request.tenant, request.id)


def fail_run(platform: Platform, launch: Launch, asset: str, error: SynkroError) -> None:
    run_id = launch.run_key
    journal.start_run(
        platform.control,
        tenant=launch.tenant,
        run_id=run_id,
        request_id=launch.request_id,
        stage=launch.stage.name,
        attempt=launch.attempt,
        clock=platform.clock,
    )
    step = journal.start_step(platform.control, launch.tenant, run_id, asset, DAY, DAY, platform.clock)
    journal.finish_step(platform.control, launch.tenant, step, status="failed", error=error, clock=platform.clock)
    journal.finish_run(platform.control, launch.tenant, run_id, status="failed", clock=platform.clock)


def begin(platform: Platform, request: RunRequest) -> Launch:
    launch = next_step(platform, request, RunState.NEVER_LAUNCHED)
    assert launch is not None
    return launch


def test_a_report_loads_first_then_reports_then_is_done(platform: Platform, request_: RunRequest) -> None:
    first = begin(platform, request_)
    assert first.stage.name == "data-0"
    assert next_step(platform, again(platform, request_), RunState.ACTIVE) is None
    second = next_step(platform, again(platform, request_), RunState.SUCCEEDED)
    assert second is not None
    assert second.stage.name == "report-0"
    assert next_step(platform, again(platform, request_), RunState.SUCCEEDED) is None
    assert again(platform, request_).status == "done"


def test_days_that_went_stale_are_derived_again_before_the_report_and_not_for_ever(
    platform: Platform, request_: RunRequest
) -> None:
    begin(platform, request_)
    mark_day(platform.control, request_.tenant, DAY, "derived", platform.clock.now(), True)
    mark_stale(platform.control, request_.tenant, [DAY], "normalized/contact_phone", platform.clock.now())
    names: list[str] = []
    while (launch := next_step(platform, again(platform, request_), RunState.SUCCEEDED)) is not None:
        names.append(launch.stage.name)  # nothing here derives the day, so it stays stale
    assert names == [*(f"derived-{number}" for number in range(MAX_ROUNDS)), "report-0"]
    assert again(platform, request_).status == "done"


def test_a_decision_that_was_stored_but_not_carried_out_is_carried_out_with_the_same_key(
    platform: Platform, request_: RunRequest
) -> None:
    first = begin(platform, request_)
    repeated = next_step(platform, again(platform, request_), RunState.NEVER_LAUNCHED)
    assert repeated is not None
    assert repeated.run_key == first.run_key


def test_a_refusal_by_a_vendor_ends_the_request_at_once_with_its_remedy(
    platform: Platform, request_: RunRequest
) -> None:
    fail_run(platform, begin(platform, request_), "amocrm/leads", BROKEN)
    assert next_step(platform, again(platform, request_), RunState.FAILED) is None
    ended = again(platform, request_)
    assert (ended.status, ended.error_code, ended.remedy_ru) == ("failed", "amocrm.token_refused", "почините")


def test_a_transient_failure_waits_and_is_tried_again_with_a_new_key_at_most_three_times(
    platform: Platform, request_: RunRequest, control_clock: FixedClock
) -> None:
    launch = begin(platform, request_)
    keys = [launch.run_key]
    for _ in range(MAX_ATTEMPTS - 1):
        fail_run(platform, launch, "radist/messages", SLOW)
        assert next_step(platform, again(platform, request_), RunState.FAILED) is None
        control_clock.move(timedelta(seconds=31))
        repeated = next_step(platform, again(platform, request_), RunState.FAILED)
        assert repeated is not None
        launch = repeated
        keys.append(launch.run_key)
    fail_run(platform, launch, "radist/messages", SLOW)
    control_clock.move(timedelta(seconds=31))
    assert next_step(platform, again(platform, request_), RunState.FAILED) is None
    assert again(platform, request_).status == "failed"
    assert len(set(keys)) == MAX_ATTEMPTS


def test_a_supabase_that_is_down_does_not_hold_back_the_report(platform: Platform, request_: RunRequest) -> None:
    fail_run(platform, begin(platform, request_), "supabase/deal", SLOW)
    following = next_step(platform, again(platform, request_), RunState.FAILED)
    assert following is not None
    assert following.stage.name == "report-0"


def test_a_process_that_dies_without_a_word_is_tried_again_with_growing_pauses_and_explained_in_the_end(
    platform: Platform, request_: RunRequest, control_clock: FixedClock
) -> None:
    begin(platform, request_)
    waited: list[int] = []
    for _ in range(MAX_DEATHS - 1):
        minutes = 0
        while next_step(platform, again(platform, request_), RunState.FAILED) is None:
            control_clock.move(timedelta(minutes=1))
            minutes += 1
        waited.append(minutes)
    assert waited == [0, 0, 2, 4, 8, 8, 8]
    assert next_step(platform, again(platform, request_), RunState.FAILED) is None
    assert again(platform, request_).error_code == "run.process_died"


def test_deaths_of_the_process_leave_a_load_its_attempts(
    platform: Platform, request_: RunRequest, control_clock: FixedClock
) -> None:
    begin(platform, request_)
    for _ in range(2):
        launch = next_step(platform, again(platform, request_), RunState.FAILED)
        assert launch is not None
    fail_run(platform, launch, "radist/messages", SLOW)
    control_clock.move(timedelta(seconds=31))
    assert next_step(platform, again(platform, request_), RunState.FAILED) is not None


def test_a_cancelled_run_cancels_its_request(platform: Platform, request_: RunRequest) -> None:
    begin(platform, request_)
    assert next_step(platform, again(platform, request_), RunState.CANCELLED) is None
    assert again(platform, request_).status == "cancelled"


def test_whoever_asks_for_a_year_gets_the_place_of_a_backfill_and_a_day_that_of_a_button(
    platform: Platform, tenant_a: Tenant
) -> None:
    def priority(period: Period) -> int:
        request = create_request(
            platform.control,
            tenant=tenant_a.slug,
            kind=RequestKind.DATA,
            period=period,
            requested_by="user:1",
            reason="button",
            clock=platform.clock,
        )
        return begin(platform, request).priority

    assert priority(Period.custom(DAY - timedelta(days=364), DAY)) == BACKFILL
    assert priority(Period.day(DAY)) == BUTTON
