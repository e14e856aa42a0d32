"""Whom to answer today, from the rows of the newest package; nothing is computed anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from synkro_app.cabinet.context import Installation, frame_of
from synkro_app.cabinet.services.dialogs import LONGEST_DAYS
from synkro_app.cabinet.services.rights import EVERYBODY, own_manager, require_contents, require_state
from synkro_resources.control.journal import StepRecord, steps_since
from synkro_resources.control.newest_packages import NewestRow, NewestRows, newest_rows
from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.period import Period
from synkro_resources.model.taxonomy import HOT_INTENTS

WAITING, NO_DEAL = "unanswered", "no_deal"
AT_MOST = 100
"""Rows that are read of each list; the page shows the first few and leads to the whole list."""
STEPS_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody to write to. `at`: since when they wait, or wrote; `period`: the days by which the dialog opens."""

    episode_key: str
    at: datetime | None
    manager: str | None
    deal_id: int | None
    amount: int | None
    age_min: float | None
    is_hot: bool
    period: Period


@dataclass(frozen=True, slots=True)
class Today:
    """Clients to act on as of `data_until` (UTC); `totals` counts, by list, those that were not read as well."""

    package_id: str
    data_until: datetime
    waiting: tuple[Client, ...]
    no_deal: tuple[Client, ...]
    totals: Mapping[str, int]

    @property
    def hot(self) -> tuple[Client, ...]:
        """Waiting clients who were about to buy."""
        return tuple(client for client in self.waiting if client.is_hot)


def to_do(place: Installation, user: SessionUser, tenant: str, zone: str) -> Today | None:
    """Waiting clients, the longest wait first, and interest without a deal; None before the first package.

    A viewer who is bound to a manager finds only that manager's. `zone`: the tenant's.
    """
    require_contents(user, tenant, EVERYBODY)
    found = newest_rows(place.control, tenant, (WAITING, NO_DEAL), AT_MOST, manager_id=own_manager(user, tenant))
    if found is None:
        return None
    return Today(
        found.package_id,
        found.data_until,
        waiting=tuple(sorted(_clients(found, WAITING, zone), key=lambda client: -(client.age_min or 0))),
        no_deal=tuple(_clients(found, NO_DEAL, zone)),
        totals=found.totals,
    )


def steps_today(place: Installation, user: SessionUser, tenant: str) -> list[StepRecord]:
    """The newest steps that began on the tenant's present day, newest first."""
    require_state(user, tenant, EVERYBODY)
    local = place.clock.now().astimezone(ZoneInfo(frame_of(place, tenant).company.zone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return steps_since(place.control, tenant, midnight, STEPS_AT_MOST)


def _clients(found: NewestRows, code: str, zone: str) -> list[Client]:
    return [
        Client(
            episode_key=item.row.episode_key,
            at=item.row.at,
            manager=found.managers.get(str(item.row.manager_id)),
            deal_id=item.row.deal_id,
            amount=item.row.amount,
            age_min=item.row.age_min,
            is_hot=not HOT_INTENTS.isdisjoint(item.intents),
            period=_days(item, found, zone),
        )
        for item in found.rows
        if item.row.list_code == code and item.row.episode_key is not None
    ]


def _days(item: NewestRow, found: NewestRows, zone: str) -> Period:
    """The package's days, and those before on which the client already waited."""
    first = found.first_day
    if item.row.at is not None:
        first = min(first, item.row.at.astimezone(ZoneInfo(zone)).date())
    return Period.custom(max(first, found.last_day - timedelta(days=LONGEST_DAYS - 1)), found.last_day)
