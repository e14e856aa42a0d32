"""What pages ask about requests and their live steps; the journal answers, never Dagster."""

from __future__ import annotations

from dataclasses import dataclass

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.rights import EVERYBODY, WHO_ASKS_FOR_REPORTS, actor_of, require_state
from synkro_resources.control.journal import StepRecord, steps_of_request
from synkro_resources.control.request_decisions import cancel_request, retry_request
from synkro_resources.control.run_requests import RunRequest, get_request, list_requests
from synkro_resources.control.sessions import SessionUser

LIST_LENGTH = 20


@dataclass(frozen=True, slots=True)
class RequestProgress:
    """A request with its steps, in the order in which they began."""

    request: RunRequest
    steps: tuple[StepRecord, ...]

    @property
    def finished(self) -> int:
        return sum(step.status != "running" for step in self.steps)

    @property
    def running(self) -> StepRecord | None:
        return next((step for step in reversed(self.steps) if step.status == "running"), None)


def requests_of(place: Installation, user: SessionUser, tenant: str) -> list[RunRequest]:
    """The newest requests, newest first, without the refreshes that went well by themselves."""
    require_state(user, tenant, EVERYBODY)
    return list_requests(place.control, tenant, LIST_LENGTH, routine=False)


def progress_of(place: Installation, user: SessionUser, tenant: str, request_id: str) -> RequestProgress:
    """One request of this tenant with its steps.

    Raises:
        UserInputError: `run.unknown_request`, also for another tenant's id.
    """
    require_state(user, tenant, EVERYBODY)
    request = get_request(place.control, tenant, request_id)
    return RequestProgress(request, tuple(steps_of_request(place.control, tenant, request_id)))


def cancel(place: Installation, user: SessionUser, tenant: str, request_id: str) -> RunRequest:
    """Start no further run of an open request; its present run ends by itself and sends nothing.

    Raises:
        RefusedError: `rights.not_found` or `run.not_open`. UserInputError: `run.unknown_request`.
    """
    require_state(user, tenant, WHO_ASKS_FOR_REPORTS)
    return cancel_request(place.control, tenant, request_id, actor=actor_of(user, tenant), clock=place.clock)


def retry(place: Installation, user: SessionUser, tenant: str, request_id: str) -> RunRequest:
    """Go on with a failed or cancelled request where it stopped; what was sent is not sent again.

    Raises:
        RefusedError: `rights.not_found`, `run.not_failed`, `run.asked_again` or `tenant.suspended`.
        UserInputError: `run.unknown_request`.
    """
    require_state(user, tenant, WHO_ASKS_FOR_REPORTS)
    return retry_request(place.control, tenant, request_id, actor=actor_of(user, tenant), clock=place.clock)
