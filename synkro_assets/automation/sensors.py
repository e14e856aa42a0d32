"""The sensor that carries out run requests, and the reconciler for runs whose process has died."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

import dagster as dg

from synkro_assets.automation.freshness import FreshnessWatch
from synkro_assets.automation.hints import HintWatch, request_refreshes
from synkro_assets.automation.jobs import job_of, narrowed_selection
from synkro_assets.automation.planning import LONGEST_HEAD_START
from synkro_assets.automation.saga import Launch, RunState, next_step, waits_for_its_time
from synkro_assets.custom_period import run_config
from synkro_assets.partitions import (
    ATTEMPT_TAG,
    PRIORITY_TAG,
    REQUEST_TAG,
    STAGE_TAG,
    TENANT_SET,
    period_tags,
    range_tags,
)
from synkro_assets.tenant_asset import TenantAsset
from synkro_resources.control import journal, run_requests
from synkro_resources.control.locks import is_tenant_locked
from synkro_resources.control.run_requests import RunRequest
from synkro_resources.control.tenants import Tenant, list_tenants
from synkro_resources.model.period import PeriodKind
from synkro_resources.platform import Platform

TICK_S = 5
UNHEARD_LIMIT_S = 600
"""Of a run that Dagster calls started and that has written nothing; on a crowded machine imports take minutes."""
REQUESTS_PER_TICK = 300
"""A sensor has 60 s for its tick; evaluating one partitioned request costs about 20 ms."""

RunsByStage = Mapping[tuple[str, str, str], dg.DagsterRun]
"""By request, stage and attempt."""

_STATES = {
    dg.DagsterRunStatus.SUCCESS: RunState.SUCCEEDED,
    dg.DagsterRunStatus.FAILURE: RunState.FAILED,
    dg.DagsterRunStatus.CANCELED: RunState.CANCELLED,
}


def launch_tags(launch: Launch) -> dict[str, str]:
    """Range tags for every launch, one day included, so that all runs of the saga look the same."""
    days = (launch.stage.first_day, launch.stage.last_day)
    return {
        **(period_tags(launch.tenant, launch.reported) if launch.is_report else range_tags(launch.tenant, *days)),
        REQUEST_TAG: launch.request_id,
        STAGE_TAG: launch.stage.name,
        ATTEMPT_TAG: str(launch.attempt),
        PRIORITY_TAG: str(launch.priority),
    }


def launch_config(launch: Launch) -> dict[str, object]:
    """Only a custom period is named in the run's config."""
    is_custom = launch.is_report and launch.period is PeriodKind.CUSTOM
    return run_config(launch.reported) if is_custom else {}


def run_requests_sensor(
    jobs: Sequence[dg.UnresolvedAssetJobDefinition],
    first: Iterable[TenantAsset],
    derived: Iterable[TenantAsset],
) -> dg.SensorDefinition:
    """Every few seconds: plan new requests, look at the runs of the others, launch what comes next."""
    first_assets, derived_assets = tuple(first), tuple(derived)
    # The sensor lives as long as the code server, so the watches remember from tick to tick.
    watch, freshness = HintWatch(), FreshnessWatch()

    @dg.sensor(
        name="run_requests",
        jobs=list(jobs),
        minimum_interval_seconds=TICK_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={"platform"},
        description="Carries out run requests: the one road of button, schedule and backfill.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        platform: Platform = context.resources.platform
        tenants = reconcile_tenants(context.instance, platform)
        freshness.look(platform, tenants)
        launched = 0
        now = platform.clock.now()
        requests = run_requests.open_requests(
            platform.control, platform.settings.cell, REQUESTS_PER_TICK, awake_at=now + LONGEST_HEAD_START
        )
        busy = {request.tenant for request in requests if not waits_for_its_time(request, now)}
        requests += request_refreshes(platform, tenants, busy, watch)
        runs = runs_of(context.instance, requests)
        for request in requests:
            launch = next_step(platform, request, state_in(runs, context.instance, platform, request))
            if launch is not None:
                launched += 1
                yield to_run_request(launch, first_assets, derived_assets)
        if not launched:
            yield dg.SkipReason("no request needs a new run")

    return sensor


def to_run_request(launch: Launch, first: Iterable[TenantAsset], derived: Iterable[TenantAsset]) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=launch.run_key,
        job_name=job_of(launch.stage, launch.period),
        run_config=launch_config(launch),
        tags=launch_tags(launch),
        asset_selection=narrowed_selection(launch.stage, first, derived),
    )


def reconcile_tenants(instance: dg.DagsterInstance, platform: Platform) -> list[Tenant]:
    """The cell's tenants. The control database is the truth; new ones become partition keys, suspended keep theirs."""
    known = set(instance.get_dynamic_partitions(TENANT_SET))
    tenants = list_tenants(platform.control, platform.settings.cell)
    new = [tenant.slug for tenant in tenants if tenant.slug not in known]
    if new:
        instance.add_dynamic_partitions(TENANT_SET, new)
    return tenants


def runs_of(instance: dg.DagsterInstance, requests: Iterable[RunRequest]) -> RunsByStage:
    """The newest run of each request's present stage and attempt, by one question for all of them."""
    asked = [request for request in requests if request.stage]
    if not asked:
        return {}
    tags = {
        REQUEST_TAG: [request.id for request in asked],
        STAGE_TAG: sorted({request.stage for request in asked}),
        ATTEMPT_TAG: sorted({str(request.attempt) for request in asked}),
    }
    newest_last = reversed(instance.get_runs(filters=dg.RunsFilter(tags=tags)))
    return {(run.tags[REQUEST_TAG], run.tags[STAGE_TAG], run.tags[ATTEMPT_TAG]): run for run in newest_last}


def state_of(instance: dg.DagsterInstance, platform: Platform, request: RunRequest) -> RunState:
    """The state of the run that the request's present stage and attempt launched."""
    return state_in(runs_of(instance, [request]), instance, platform, request)


def state_in(runs: RunsByStage, instance: dg.DagsterInstance, platform: Platform, request: RunRequest) -> RunState:
    """The same for one of the requests that `runs_of` was asked about."""
    run = runs.get((request.id, request.stage, str(request.attempt)))
    if run is None:
        return RunState.NEVER_LAUNCHED
    if run.status is dg.DagsterRunStatus.STARTED and _is_dead(instance, platform, request.tenant, run.run_id):
        instance.report_run_failed(run, "The run's process stopped beating and holds no lock: it has died.")
        _end_in_journal(platform, request.tenant, run.run_id)
        return RunState.FAILED
    if run.status is dg.DagsterRunStatus.FAILURE and not is_tenant_locked(platform.control, request.tenant):
        _end_in_journal(platform, request.tenant, run.run_id)  # a killed process has written nothing itself
    return _STATES.get(run.status, RunState.ACTIVE)


def _end_in_journal(platform: Platform, tenant: str, run_id: str) -> None:
    """Let no run look busy for ever that Dagster has seen fail."""
    record = journal.get_run(platform.control, tenant, run_id)
    if record is not None and record.status == "running":
        journal.finish_run(platform.control, tenant, run_id, status="failed", clock=platform.clock)


def _is_dead(instance: dg.DagsterInstance, platform: Platform, tenant: str, run_id: str) -> bool:
    """A process that waits for the tenant's lock beats not yet, but then somebody holds the lock."""
    record = journal.get_run(platform.control, tenant, run_id)
    if record is None:
        if not _began_long_ago(instance, run_id):
            return False
    elif platform.clock.now() - record.heartbeat_at < journal.HEARTBEAT_LIMIT:
        return False
    return not is_tenant_locked(platform.control, tenant)


def _began_long_ago(instance: dg.DagsterInstance, run_id: str) -> bool:
    """By the machine's own clock, for Dagster stamps its runs by it."""
    record = instance.get_run_record_by_id(run_id)
    began = None if record is None else record.start_time
    return began is not None and time.time() - began >= UNHEARD_LIMIT_S
