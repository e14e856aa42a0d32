"""What the overview asks: how fresh the data are, what is broken, and the company's frame."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from synkro_app.cabinet.context import Installation, frame_of
from synkro_app.cabinet.services.rights import EVERYBODY, WHO_CONNECTS, require_state
from synkro_resources.control.days import source_ends
from synkro_resources.control.integrations import Integration, list_integrations
from synkro_resources.control.notices import Notice, unheard_notices
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant, tenant_settings

LOOK_BACK = timedelta(days=30)
STALE_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class DataState:
    """Instants are UTC. `data_until` is the oldest of the sources' last loads, None before the first."""

    data_until: datetime | None
    by_source: dict[str, datetime]
    is_stale: bool
    broken: tuple[Integration, ...]


def company(place: Installation, user: SessionUser, tenant: str) -> Tenant:
    """The tenant with its name and zone."""
    require_state(user, tenant, EVERYBODY)
    return frame_of(place, tenant).company


def data_state(place: Installation, user: SessionUser, tenant: str) -> DataState:
    """Freshness per source and the broken connections with their remedies."""
    require_state(user, tenant, EVERYBODY)
    now = place.clock.now()
    today = now.date()
    by_source = source_ends(place.control, tenant, today - LOOK_BACK, today + timedelta(days=1))
    data_until = min(by_source.values(), default=None)
    broken = tuple(item for item in list_integrations(place.control, tenant) if item.status == "broken")
    hours = tenant_settings(place.control, tenant).stale_hours
    is_stale = data_until is not None and now - data_until > timedelta(hours=hours)
    return DataState(data_until, by_source, is_stale, broken)


def unheard(place: Installation, user: SessionUser, tenant: str) -> list[Notice]:
    """What fails and no admin was told of in a messenger; for those who can mend it, and nothing for others.

    Broken connections are left out: `data_state` shows them to everybody.
    """
    require_state(user, tenant, EVERYBODY)
    if not any(item.tenant == tenant and item.role in WHO_CONNECTS for item in user.memberships):
        return []
    found = unheard_notices(place.control, tenant)
    return [item for item in found if item.failure.kind != "integration_broken"]
