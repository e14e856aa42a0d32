"""The way of a new company from nothing to its first report; what is done is seen in the data, not remembered.

Only «later» is kept, in the tenant's settings, so that it outlives a sign-out and holds for all who connect services.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Literal
from zoneinfo import ZoneInfo

from synkro_app.cabinet.context import Installation, frame_of
from synkro_app.cabinet.services import reports
from synkro_app.cabinet.services.rights import WHO_CONNECTS, actor_of, require_state
from synkro_resources.control.run_requests import RunRequest, list_requests
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import get_tenant, save_tenant_settings, tenant_settings
from synkro_resources.model.errors import RefusedError, Sentence
from synkro_resources.model.ids import IntegrationKind, RequestKind
from synkro_resources.model.period import Period

REQUIRED = (IntegrationKind.AMOCRM, IntegrationKind.RADIST)
OPTIONAL = (IntegrationKind.SUPABASE, IntegrationKind.AI, IntegrationKind.TELEGRAM)
RECENT_REQUESTS = 20
WORKS = ("ok", "warning")
"""Statuses of a connection that works."""


class Step(StrEnum):
    """The steps by name; all but the last are kinds of integrations."""

    AMOCRM = "amocrm"
    RADIST = "radist"
    SUPABASE = "supabase"
    AI = "ai"
    TELEGRAM = "telegram"
    REPORT = "report"


StepState = Literal["done", "later", "open"]
STEPS = tuple(Step)


@dataclass(frozen=True, slots=True)
class Onboarding:
    """`request`: the newest request for a report, open or failed, None once there is a report or before the first."""

    states: Mapping[Step, StepState]
    request: RunRequest | None

    @property
    def current(self) -> Step | None:
        """The first step that is neither done nor left for later; None at the end."""
        return next((step for step in STEPS if self.states[step] == "open"), None)

    @property
    def passed(self) -> int:
        return sum(state != "open" for state in self.states.values())

    @property
    def is_finished(self) -> bool:
        """A connection that breaks after the first report is no reason to begin anew: the overview tells of it."""
        settled = (self.states[Step(kind)] != "open" for kind in OPTIONAL)
        return self.states[Step.REPORT] == "done" and all(settled)

    @property
    def may_load(self) -> bool:
        return all(self.states[Step(kind)] == "done" for kind in REQUIRED)


def progress(place: Installation, user: SessionUser, tenant: str) -> Onboarding:
    """How far the company is.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_state(user, tenant, WHO_CONNECTS)
    found = frame_of(place, tenant)
    states: dict[Step, StepState] = {}
    for kind in (*REQUIRED, *OPTIONAL):
        if found.statuses.get(kind) in WORKS:
            states[Step(kind)] = "done"
        else:
            states[Step(kind)] = "later" if kind in found.later else "open"
    has_report = found.has_report
    states[Step.REPORT] = "done" if has_report else "open"
    request = None if has_report else _newest_request(place, tenant)
    return Onboarding(states, request)


def is_needed(place: Installation, user: SessionUser) -> bool:
    """Whether to offer the page in the menu: to those who connect services, until their company has its report."""
    if user.tenant is None or user.role not in WHO_CONNECTS:
        return False
    return not progress(place, user, user.tenant).is_finished


def leave_for_later(place: Installation, user: SessionUser, tenant: str, step: Step) -> None:
    """Go on without a service that reports can do without.

    Raises:
        RefusedError: `rights.not_found` or `onboarding.required`.
    """
    require_state(user, tenant, WHO_CONNECTS)
    if step not in OPTIONAL:
        raise RefusedError(
            "onboarding.required",
            Sentence("Без этого шага отчёта не будет.", "There is no report without this step."),
            Sentence("Подключите amoCRM и Radist.", "Connect amoCRM and Radist."),
            tenant=tenant,
        )
    _save_later(place, user, tenant, step, is_later=True)


def return_to(place: Installation, user: SessionUser, tenant: str, step: Step) -> None:
    """Take back «later».

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_state(user, tenant, WHO_CONNECTS)
    _save_later(place, user, tenant, step, is_later=False)


def first_period(place: Installation, tenant_zone: str, days: int) -> Period:
    """The last `days` full local days of the tenant."""
    yesterday = place.clock.now().astimezone(ZoneInfo(tenant_zone)).date() - timedelta(days=1)
    return Period.custom(yesterday - timedelta(days=days - 1), yesterday)


def ask_for_first_report(place: Installation, user: SessionUser, tenant: str) -> RunRequest:
    """Load the history that new tenants get and make its report.

    Raises:
        RefusedError: `rights.not_found`, `plan.manual_requests` or `tenant.suspended`.
    """
    require_state(user, tenant, WHO_CONNECTS)
    days = tenant_settings(place.control, tenant).history_days
    period = first_period(place, get_tenant(place.control, tenant).zone, days)
    return reports.ask_for_report(place, user, tenant, period)


def _newest_request(place: Installation, tenant: str) -> RunRequest | None:
    found = list_requests(place.control, tenant, RECENT_REQUESTS, routine=False)
    return next((item for item in found if item.kind == RequestKind.REPORT), None)


def _save_later(place: Installation, user: SessionUser, tenant: str, step: Step, *, is_later: bool) -> None:
    settings = tenant_settings(place.control, tenant)
    chosen = {*settings.connect_later, step.value} if is_later else {*settings.connect_later} - {step.value}
    ordered = tuple(kind.value for kind in OPTIONAL if kind.value in chosen)
    changed = type(settings).model_validate({**settings.model_dump(), "connect_later": ordered})
    save_tenant_settings(place.control, tenant, changed, changed_by=actor_of(user, tenant), clock=place.clock)
