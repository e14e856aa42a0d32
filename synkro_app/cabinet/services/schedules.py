"""What pages ask about schedules of reports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.rights import WHO_CONNECTS, actor_of, require_state
from synkro_resources.control import schedules
from synkro_resources.control.destinations import Destination, list_destinations
from synkro_resources.control.schedules import Schedule
from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.period import PeriodKind


def listing(place: Installation, user: SessionUser, tenant: str) -> list[Schedule]:
    """All schedules, those of days first."""
    require_state(user, tenant, WHO_CONNECTS)
    return schedules.list_schedules(place.control, tenant)


def recipients(place: Installation, user: SessionUser, tenant: str) -> list[Destination]:
    """The confirmed destinations, oldest first."""
    require_state(user, tenant, WHO_CONNECTS)
    return list_destinations(place.control, tenant, enabled_only=True)


def are_allowed(place: Installation, user: SessionUser, tenant: str) -> bool:
    """Whether the plan has schedules."""
    require_state(user, tenant, WHO_CONNECTS)
    return schedules.allows_schedules(place.control, tenant)


def save(
    place: Installation,
    user: SessionUser,
    tenant: str,
    *,
    kind: PeriodKind,
    at: time,
    weekdays: Sequence[int],
    destinations: Sequence[str],
    language: str,
    schedule_id: str | None = None,
) -> Schedule:
    """Add a schedule or change it; it is enabled from now on.

    Raises:
        RefusedError: `rights.not_found`, `plan.schedules` or `tenant.suspended`.
        UserInputError: `schedule.bad_days`, `schedule.unknown_destination` …; see `set_schedule`.
    """
    require_state(user, tenant, WHO_CONNECTS)
    return schedules.set_schedule(
        place.control,
        tenant,
        kind=kind,
        at=at,
        actor=actor_of(user, tenant),
        clock=place.clock,
        weekdays=weekdays,
        destinations=destinations,
        language=language,
        schedule_id=schedule_id,
    )


def pause(place: Installation, user: SessionUser, tenant: str, schedule_id: str) -> Schedule:
    """Send nothing more by it.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `schedule.unknown`.
    """
    require_state(user, tenant, WHO_CONNECTS)
    return schedules.pause_schedule(place.control, tenant, schedule_id, actor=actor_of(user, tenant), clock=place.clock)


def resume(place: Installation, user: SessionUser, tenant: str, schedule_id: str) -> Schedule:
    """Go on from now.

    Raises:
        RefusedError: `rights.not_found`, `plan.schedules` or `tenant.suspended`. UserInputError: `schedule.unknown`.
    """
    require_state(user, tenant, WHO_CONNECTS)
    return schedules.resume_schedule(
        place.control, tenant, schedule_id, actor=actor_of(user, tenant), clock=place.clock
    )
