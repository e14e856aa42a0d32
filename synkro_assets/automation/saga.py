"""The request saga: the only thing that starts runs, and starts them again (docs/architecture.md, «Runs»).

`next_step` decides from the stored request and the state of its present run; the sensor and the in-place driver carry
the decision out. Every decision is stored before it is carried out, and the run key makes carrying it out twice
harmless.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from synkro_assets.automation.planning import Stage, plan
from synkro_resources.control import journal, run_requests
from synkro_resources.control.run_requests import RunRequest
from synkro_resources.control.tenants import get_tenant, tenant_settings
from synkro_resources.model.errors import PermanentError, Sentence, SynkroError
from synkro_resources.model.window import TenantWindow
from synkro_resources.platform import Platform

MAX_ATTEMPTS = 3
RETRY_WAIT = timedelta(seconds=30)
"""A transient failure has already been retried inside the client; a new run soon after would meet the same fault."""


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

    @property
    def run_key(self) -> str:
        return f"{self.request_id}:{self.stage.name}:{self.attempt}"


def next_step(platform: Platform, request: RunRequest, state: RunState) -> Launch | None:
    """Move a request on by one decision and return the run to launch, if any."""
    if not request.plan:
        return _begin(platform, request)
    stages = [Stage.from_json(item) for item in request.plan]
    position = next(index for index, stage in enumerate(stages) if stage.name == request.stage)
    match state:
        case RunState.ACTIVE:
            return None
        case RunState.NEVER_LAUNCHED:
            return Launch(request.id, request.tenant, stages[position], request.attempt)
        case RunState.SUCCEEDED:
            return _advance(platform, request, stages, position)
        case RunState.CANCELLED:
            run_requests.update_request(platform.control, request, status="cancelled", clock=platform.clock)
            return None
        case RunState.FAILED:
            return _retry_or_fail(platform, request, stages[position])


def _begin(platform: Platform, request: RunRequest) -> Launch | None:
    control = platform.control
    tenant, settings = get_tenant(control, request.tenant), tenant_settings(control, request.tenant)
    now, period = platform.clock.now(), request.period
    window = TenantWindow.of_period(tenant.slug, tenant.zone, period)
    stages = plan(
        request.kind,
        period,
        window=window,
        loaded_at=_loaded_at(platform, request.tenant, period.first_day, period.last_day),
        now=now,
        reread_days=settings.reread_days,
    )
    run_requests.update_request(
        control,
        request,
        status="running",
        plan=[stage.to_json() for stage in stages],
        stage=stages[0].name,
        attempt=1,
        clock=platform.clock,
    )
    return Launch(request.id, request.tenant, stages[0], 1)


def _loaded_at(platform: Platform, tenant: str, first_day: date, last_day: date) -> Mapping[date, datetime]:
    states = journal.day_states(platform.control, tenant, first_day, last_day)
    return {state.day: state.loaded_at for state in states if state.complete and state.loaded_at is not None}


def _advance(platform: Platform, request: RunRequest, stages: list[Stage], position: int) -> Launch | None:
    if position + 1 == len(stages):
        run_requests.update_request(platform.control, request, status="done", clock=platform.clock)
        return None
    following = stages[position + 1]
    run_requests.update_request(platform.control, request, stage=following.name, attempt=1, clock=platform.clock)
    return Launch(request.id, request.tenant, following, 1)


def _retry_or_fail(platform: Platform, request: RunRequest, stage: Stage) -> Launch | None:
    failure = journal.failure_of_request(platform.control, request.tenant, request.id)
    retryable = failure is None or failure.retryable
    if retryable and request.attempt < MAX_ATTEMPTS:
        if failure is not None and platform.clock.now() - failure.finished_at < RETRY_WAIT:
            return None
        attempt = request.attempt + 1
        run_requests.update_request(platform.control, request, attempt=attempt, clock=platform.clock)
        return Launch(request.id, request.tenant, stage, attempt)
    error = failure.error if failure is not None else _died_without_a_word(request.tenant)
    run_requests.update_request(platform.control, request, status="failed", error=error, clock=platform.clock)
    return None


def _died_without_a_word(tenant: str) -> SynkroError:
    """The run's process ended before it could journal anything, three times."""
    return PermanentError(
        "run.process_died",
        Sentence("Запуск прерывался без объяснения.", "The run's process kept ending without an explanation."),
        Sentence(
            "Проверьте память и место на диске сервера, затем повторите.",
            "Check the server's memory and disk space, then try again.",
        ),
        tenant=tenant,
    )
