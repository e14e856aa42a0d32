"""The request saga: the only thing that starts runs, and starts them again (docs/architecture.md, «Runs»).

`next_step` decides from the stored request and the state of its present run; the sensor and the in-place driver carry
the decision out. Every decision is stored before it is carried out, and the run key makes carrying it out twice
harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from synkro_assets.automation.planning import (
    CHUNK_DAYS,
    LONGEST_HEAD_START,
    TODAY_FRESH_FOR,
    Stage,
    StageKind,
    derive_again,
    head_start,
    plan,
)
from synkro_assets.day_marks import loaded_at, present_versions
from synkro_assets.partitions import history_start
from synkro_assets.run_scope import INTERRUPTED
from synkro_resources.control import days, journal, run_requests
from synkro_resources.control.journal import StepRecord
from synkro_resources.control.lead_times import LAST_STAGE
from synkro_resources.control.run_requests import RequestStatus, RunRequest, get_request
from synkro_resources.control.tenants import get_tenant, tenant_settings
from synkro_resources.control.webhooks import TakenHints, forget_hints, pending_hints
from synkro_resources.model.errors import PermanentError, Sentence, SynkroError
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period, PeriodKind
from synkro_resources.model.window import TenantWindow
from synkro_resources.platform import Platform

MAX_ATTEMPTS = 3
"""How often a stage may fail by itself."""
MAX_DEATHS = 8
"""How often a stage's process may be killed, or not start: its load did nothing wrong, but one that eats all memory
must not be started for ever."""
FREE_DEATHS, LONGEST_DEATH_WAIT = 2, timedelta(minutes=8)
"""After so many deaths a pause comes before the next start, doubled each time: an outage may last."""
MAX_ROUNDS = 2
"""How often a request derives stale days again before it goes on."""
WAREHOUSE_PREFIX = "supabase/"
NO_PAUSE = timedelta()
RETRY_WAIT = timedelta(seconds=30)
"""A transient failure has already been retried inside the client; a new run soon after would meet the same fault."""


BUTTON, SCHEDULE, BACKFILL = 10, 5, 0
"""What waits in Dagster's queue: a person who looks at the page goes first, then this morning's reports."""
LAST_REFRESH = LAST_STAGE
"""The refresh just before a scheduled report leaves; the plan's own, much earlier, is number 0."""


class RunState(StrEnum):
    """What the saga needs to know of the run that it launched last."""

    NEVER_LAUNCHED = "never_launched"
    ACTIVE = "active"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Launch:
    """A run to start. The key is `{request}:{stage}:{attempt}`: Dagster starts each key once, for ever."""

    request_id: str
    tenant: str
    stage: Stage
    attempt: int
    period: PeriodKind
    priority: int = BACKFILL

    @property
    def is_report(self) -> bool:
        return self.stage.kind is StageKind.REPORT

    @property
    def reported(self) -> Period:
        """The period of a report's run."""
        return Period(self.period, self.stage.first_day, self.stage.last_day)

    @property
    def run_key(self) -> str:
        return f"{self.request_id}:{self.stage.name}:{self.attempt}"


def next_step(platform: Platform, request: RunRequest, state: RunState) -> Launch | None:
    """Move a request on by one decision and return the run to launch, if any."""
    if not request.stage:
        return _begin(platform, request)
    stages = stages_of(request)
    position = next(index for index, stage in enumerate(stages) if stage.name == request.stage)
    match state:
        case RunState.ACTIVE:
            return None
        case RunState.NEVER_LAUNCHED:
            return _launch_in_time(platform, request, stages, position, request.attempt)
        case RunState.SUCCEEDED:
            return _advance(platform, request, stages, position)
        case RunState.CANCELLED:
            _update(platform, request, status="cancelled")
            return None
        case RunState.FAILED:
            return _after_failure(platform, request, stages, position)


def waits_for_its_time(request: RunRequest, now: datetime) -> bool:
    """Whether all is loaded and only the time of a scheduled report is awaited: the tenant is free meanwhile."""
    is_report = request.stage.startswith(f"{StageKind.REPORT}-")
    return is_report and request.waits_until is not None and now < request.waits_until - TODAY_FRESH_FOR


def _launch(request: RunRequest, stage: Stage, attempt: int) -> Launch:
    if _is_history(request):
        priority = BACKFILL  # whoever asks: years of one tenant may not go before the others' reports
    elif request.requested_by.startswith(run_requests.USER_PREFIX):
        priority = BUTTON
    elif request.requested_by.startswith(run_requests.SCHEDULE_PREFIX):
        priority = SCHEDULE
    else:
        priority = BACKFILL
    return Launch(request.id, request.tenant, stage, attempt, request.period.kind, priority)


def _is_history(request: RunRequest) -> bool:
    """Whether more is asked for than one chunk, by a button too; a report that must load much stays a report."""
    return request.kind in (RequestKind.DATA, RequestKind.LABELS) and len(request.period.days) > CHUNK_DAYS


def _launch_in_time(
    platform: Platform, request: RunRequest, stages: list[Stage], position: int, attempt: int
) -> Launch | None:
    """The stage's launch. A scheduled report waits for its time, and today is read once more just before it."""
    stage, due_at, now = stages[position], request.waits_until, platform.clock.now()
    if stage.kind is not StageKind.REPORT or due_at is None:
        return _launch(request, stage, attempt)
    if now < due_at - LONGEST_HEAD_START or now < due_at - _head_start(platform, due_at, now):
        return None
    if not any(known.name == LAST_REFRESH for known in stages):
        tenant = get_tenant(platform.control, request.tenant)
        today = TenantWindow.of_period(tenant.slug, tenant.zone, request.period).day_of(now)
        refreshed_at = loaded_at(platform.control, request.tenant, today, today).get(today)
        if refreshed_at is None or now - refreshed_at > TODAY_FRESH_FOR:
            refresh = Stage(StageKind.REFRESH, today, today, chunk=1)
            whole = [*stages[:position], refresh, *stages[position:]]
            plan_json = {**request.plan, "stages": [known.to_json() for known in whole]}
            _update(platform, request, plan=plan_json, stage=refresh.name, attempt=1)
            return _launch(request, refresh, 1)
    return _launch(request, stage, attempt) if now >= due_at else None


def _head_start(platform: Platform, due_at: datetime, now: datetime) -> timedelta:
    if now >= due_at - TODAY_FRESH_FOR:
        return TODAY_FRESH_FOR  # the shortest one: no need to count
    cell, slots = platform.settings.cell, platform.settings.max_concurrent_runs
    return head_start(run_requests.leaving_at(platform.control, cell, due_at), slots)


def stages_of(request: RunRequest) -> list[Stage]:
    """The planned stages; none before the first decision."""
    stored = request.plan.get("stages", [])
    return [Stage.from_json(item) for item in stored] if isinstance(stored, list) else []


def _begin(platform: Platform, request: RunRequest) -> Launch | None:
    control = platform.control
    tenant, settings = get_tenant(control, request.tenant), tenant_settings(control, request.tenant)
    now, period = platform.clock.now(), request.period
    window = TenantWindow.of_period(tenant.slug, tenant.zone, period)
    gap_days = -(-settings.episode_gap_hours // 24)
    known_from = max(history_start(platform.settings), period.first_day - timedelta(days=gap_days))
    stages = plan(
        request.kind,
        period,
        window=window,
        loaded_at=loaded_at(control, request.tenant, min(known_from, period.first_day), window.day_of(now)),
        now=now,
        reread_days=settings.reread_days,
        known_from=known_from,
    )
    plan_json: dict[str, object] = {"stages": [stage.to_json() for stage in stages]}
    if request.kind is RequestKind.REFRESH:
        plan_json["hints"] = TakenHints(tuple(pending_hints(control, request.tenant))).to_json()
    _update(platform, request, status="running", plan=plan_json, stage=stages[0].name, attempt=1)
    return _launch_in_time(platform, replace(request, plan=plan_json), stages, 0, 1)


def _advance(platform: Platform, request: RunRequest, stages: list[Stage], position: int) -> Launch | None:
    stages = _settle_stale_days(platform, request, stages, position)
    if position + 1 == len(stages):
        # Forgotten first: repeating it after a crash is harmless, a lost hint would not be.
        forget_hints(platform.control, request.tenant, TakenHints.of_plan(request.plan).hints)
        _update(platform, request, status="done")
        return None
    following = stages[position + 1]
    _update(platform, request, stage=following.name, attempt=1)
    present = get_request(platform.control, request.tenant, request.id)
    return _launch_in_time(platform, present, stages, position + 1, 1)


def _settle_stale_days(platform: Platform, request: RunRequest, stages: list[Stage], position: int) -> list[Stage]:
    """The stages, with derived-only runs for days that went stale put before the report or at the end.

    A late message changes the days after it, and the first derivation of those may find a broadcast that began the
    evening before: two rounds settle everything, and a third one would say that something is wrong with the rules.
    """
    following = stages[position + 1 :]
    derives = request.kind in (RequestKind.DATA, RequestKind.REPORT)
    if not derives or any(stage.kind is not StageKind.REPORT for stage in following):
        return stages
    rounds = int(str(request.plan.get("rounds", 0)))
    settings = tenant_settings(platform.control, request.tenant)
    reach = timedelta(days=settings.lookback_days if request.kind is RequestKind.REPORT else 0)
    stale = days.stale_days(
        platform.control,
        request.tenant,
        max(history_start(platform.settings), request.period.first_day - reach),
        request.period.last_day,
        present_versions(settings),
    )
    if not stale or rounds == MAX_ROUNDS:
        return stages
    whole = [*stages[: position + 1], *derive_again(stale, after=stages), *following]
    plan_json = {**request.plan, "stages": [stage.to_json() for stage in whole], "rounds": rounds + 1}
    _update(platform, request, plan=plan_json)
    return whole


def _after_failure(platform: Platform, request: RunRequest, stages: list[Stage], position: int) -> Launch | None:
    """Try again what may succeed, give up what cannot, and go on where only the client's warehouse failed.

    A stop of the process is no failure of the load: it never uses the attempts up. A Supabase that is down must not
    hold back the report: the journal shows the failed step, the next run sends its rows.
    """
    failed = _failed_steps(platform, request)
    if failed and all(step.asset.startswith(WAREHOUSE_PREFIX) and not _died_at_work(step) for step in failed):
        return _advance(platform, request, stages, position)
    blocking = next((step for step in failed if not step.asset.startswith(WAREHOUSE_PREFIX)), None)
    was_stopped = blocking is not None and _was_stopped(blocking)
    if blocking is None or _died_at_work(blocking) or was_stopped:
        deaths = request.attempt - _attempts(platform, request, lambda step: step.error is not None)
        if was_stopped or deaths < MAX_DEATHS:
            return _start_again(platform, request, stages[position], pause=_pause_after(deaths))
    elif blocking.retryable and _attempts(platform, request, _failed_by_itself) < MAX_ATTEMPTS:
        ended = blocking.finished_at
        if ended is not None and platform.clock.now() - ended < RETRY_WAIT:
            return None
        return _start_again(platform, request, stages[position])
    if request.stage == LAST_REFRESH:  # the report leaves in time and says up to when its data go
        return _advance(platform, request, stages, position)
    cause = blocking.error if blocking is not None else None
    error = _died_without_a_word(request.tenant) if cause is None else SynkroError(cause.code, cause.what, cause.remedy)
    _update(platform, request, status="failed", error=error)
    return None


def _start_again(
    platform: Platform, request: RunRequest, stage: Stage, *, pause: timedelta = NO_PAUSE
) -> Launch | None:
    """The next attempt at a stage, once the pause is over; when it began is stored at the first look."""
    attempt, now = request.attempt + 1, platform.clock.now()
    if pause:
        known = request.plan.get("pause")
        if not isinstance(known, dict) or known.get("before") != attempt:
            pausing = {**request.plan, "pause": {"before": attempt, "until": (now + pause).isoformat()}}
            _update(platform, request, plan=pausing)
            return None
        if now < datetime.fromisoformat(str(known["until"])):
            return None
    _update(platform, request, attempt=attempt)
    return _launch(request, stage, attempt)


def _pause_after(deaths: int) -> timedelta:
    return min(timedelta(minutes=2 ** (deaths - FREE_DEATHS)), LONGEST_DEATH_WAIT) if deaths > FREE_DEATHS else NO_PAUSE


def _attempts(platform: Platform, request: RunRequest, counts: Callable[[StepRecord], bool]) -> int:
    """The attempts at the present stage in which a step that counts has failed."""
    runs = journal.runs_of_request(platform.control, request.tenant, request.id)
    present = {run.attempt: run.run_id for run in runs if run.stage == request.stage}
    steps = [journal.steps_of_run(platform.control, request.tenant, run_id) for run_id in present.values()]
    return sum(any(step.status == "failed" and counts(step) for step in of_run) for of_run in steps)


def _failed_by_itself(step: StepRecord) -> bool:
    """Whether the step holds the load back by an error of its own."""
    return not (step.asset.startswith(WAREHOUSE_PREFIX) or _died_at_work(step) or _was_stopped(step))


def _was_stopped(step: StepRecord) -> bool:
    return step.error is not None and step.error.code == INTERRUPTED


def _died_at_work(step: StepRecord) -> bool:
    """Whether the run's process ended during the step: a step that fails by itself has an error."""
    return step.error is None


def _failed_steps(platform: Platform, request: RunRequest) -> list[StepRecord]:
    """The failed steps of the present attempt, in the order in which they failed."""
    runs = journal.runs_of_request(platform.control, request.tenant, request.id)
    present = [run for run in runs if (run.stage, run.attempt) == (request.stage, request.attempt)]
    if not present:
        return []
    steps = journal.steps_of_run(platform.control, request.tenant, present[-1].run_id)
    return [step for step in steps if step.status == "failed"]


def _update(
    platform: Platform,
    request: RunRequest,
    *,
    status: RequestStatus | None = None,
    stage: str | None = None,
    attempt: int | None = None,
    plan: Mapping[str, object] | None = None,
    error: SynkroError | None = None,
) -> None:
    run_requests.update_request(
        platform.control,
        request.tenant,
        request.id,
        clock=platform.clock,
        status=status,
        stage=stage,
        attempt=attempt,
        plan=plan,
        error=error,
    )


def _died_without_a_word(tenant: str) -> SynkroError:
    """The run's process ended before it could journal a cause, `MAX_DEATHS` times."""
    return PermanentError(
        "run.process_died",
        Sentence("Запуск прерывался без объяснения.", "The run's process kept ending without an explanation."),
        Sentence(
            "Проверьте память и место на диске сервера, затем повторите.",
            "Check the server's memory and disk space, then try again.",
        ),
        tenant=tenant,
    )
