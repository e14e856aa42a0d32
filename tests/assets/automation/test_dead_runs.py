"""A run whose process has died is noticed and tried again; one that works, or waits for its turn, is left alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._core.events.log import EventLogEntry

from synkro_assets.automation import sensors
from synkro_assets.automation.saga import RunState
from synkro_assets.automation.sensors import state_of
from synkro_assets.partitions import ATTEMPT_TAG, REQUEST_TAG, STAGE_TAG
from synkro_resources.control import journal
from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.locks import tenant_lock
from synkro_resources.control.run_requests import RunRequest, create_request, update_request
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period
from synkro_resources.platform import Platform
from synkro_resources.settings import Settings

DAY = date(2026, 11, 18)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


@pytest.fixture
def platform(control_db: Database, keyring: Keyring, control_clock: FixedClock) -> Platform:
    return Platform(Settings(), control_db, keyring, control_clock)


@pytest.fixture
def request_under_way(platform: Platform, tenant_a: Tenant) -> RunRequest:
    asked = create_request(
        platform.control,
        tenant=tenant_a.slug,
        kind=RequestKind.DATA,
        period=Period.day(DAY),
        requested_by="test",
        reason="",
        clock=platform.clock,
    )
    update_request(platform.control, tenant_a.slug, asked.id, clock=platform.clock, stage="raw-0", attempt=1)
    return replace(asked, stage="raw-0", attempt=1)


def started(instance: dg.DagsterInstance, request: RunRequest, *, seconds_ago: float) -> dg.DagsterRun:
    tags = {REQUEST_TAG: request.id, STAGE_TAG: request.stage, ATTEMPT_TAG: str(request.attempt)}
    run = instance.add_run(dg.DagsterRun(job_name="load", tags=tags, status=dg.DagsterRunStatus.STARTING))
    event = DagsterEvent(event_type_value=DagsterEventType.RUN_START.value, job_name="load")
    at = time.time() - seconds_ago
    instance.handle_new_event(EventLogEntry(None, 20, "", run.run_id, at, job_name="load", dagster_event=event))
    return run


def in_journal(platform: Platform, tenant: str, run_id: str) -> None:
    journal.start_run(
        platform.control,
        tenant=tenant,
        run_id=run_id,
        job="load",
        stage="raw-0",
        first_day=DAY,
        last_day=DAY,
        clock=platform.clock,
    )


def test_a_silent_run_is_tried_again_and_no_longer_looks_busy_to_the_client(
    platform: Platform, instance: dg.DagsterInstance, request_under_way: RunRequest
) -> None:
    tenant, run = request_under_way.tenant, started(instance, request_under_way, seconds_ago=5)
    in_journal(platform, tenant, run.run_id)
    assert state_of(instance, platform, request_under_way) is RunState.ACTIVE
    assert isinstance(platform.clock, FixedClock)
    platform.clock.move(journal.HEARTBEAT_LIMIT + timedelta(seconds=1))
    with tenant_lock(platform.control, tenant, 1):
        assert state_of(instance, platform, request_under_way) is RunState.ACTIVE
    assert state_of(instance, platform, request_under_way) is RunState.FAILED
    record = journal.get_run(platform.control, tenant, run.run_id)
    assert record is not None
    assert record.status == "failed"


def test_a_run_killed_before_its_first_word_does_not_hold_its_request_for_half_a_day(
    platform: Platform, instance: dg.DagsterInstance, request_under_way: RunRequest
) -> None:
    started(instance, request_under_way, seconds_ago=sensors.UNHEARD_LIMIT_S + 1)
    with tenant_lock(platform.control, request_under_way.tenant, 1):
        assert state_of(instance, platform, request_under_way) is RunState.ACTIVE
    assert state_of(instance, platform, request_under_way) is RunState.FAILED


def test_a_run_that_still_loads_its_libraries_is_left_alone(
    platform: Platform, instance: dg.DagsterInstance, request_under_way: RunRequest
) -> None:
    started(instance, request_under_way, seconds_ago=30)
    assert state_of(instance, platform, request_under_way) is RunState.ACTIVE
