"""Loading a period once more from the cabinet: what it would take, and the request itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.rights import WHO_ASKS_FOR_REPORTS, actor_of, require_state
from synkro_resources.control.estimates import LoadEstimate, estimate_load
from synkro_resources.control.run_requests import RunRequest, create_request, requests_left_today
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import get_tenant
from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period

LONGEST_DAYS = 366
"""More is the operator's work (`synkro backfill`): it keeps an account's pace for days."""
CHUNK_DAYS = 31
"""As the planner cuts; shown in the estimate only."""


@dataclass(frozen=True, slots=True)
class LoadOffer:
    """What loading would take, and how many requests people may still make today."""

    estimate: LoadEstimate
    left_today: int


def offer(place: Installation, user: SessionUser, tenant: str, period: Period) -> LoadOffer:
    """What loading the local days of a period would take.

    Raises:
        RefusedError: `rights.not_found` or `tenant.suspended`. UserInputError: as `ask_for_load`.
    """
    require_state(user, tenant, WHO_ASKS_FOR_REPORTS)
    _check(place, tenant, period)
    found = estimate_load(place.control, tenant, period.first_day, period.last_day, chunk_days=CHUNK_DAYS)
    return LoadOffer(found, requests_left_today(place.control, tenant, place.clock))


def ask_for_load(place: Installation, user: SessionUser, tenant: str, period: Period) -> RunRequest:
    """Ask for the local days of a period to be read anew; nothing is sent, and stored rows are kept.

    Raises:
        RefusedError: `rights.not_found`, `plan.manual_requests`, `plan.history` or `tenant.suspended`.
        UserInputError: `data.period_not_begun`, `data.period_too_long` or `data.before_history`.
    """
    require_state(user, tenant, WHO_ASKS_FOR_REPORTS)
    _check(place, tenant, period)
    return create_request(
        place.control,
        tenant=tenant,
        kind=RequestKind.DATA,
        period=Period.custom(period.first_day, period.last_day),
        requested_by=actor_of(user, tenant),
        reason="cabinet",
        clock=place.clock,
    )


def first_day(place: Installation) -> date | None:
    """The first day that this installation can load; None: it was not started by its supervisor, so nobody has said."""
    return place.settings.history_start


def _check(place: Installation, tenant: str, period: Period) -> None:
    today = place.clock.now().astimezone(ZoneInfo(get_tenant(place.control, tenant).zone)).date()
    if period.last_day > today:
        raise UserInputError(
            "data.period_not_begun",
            Sentence("Эти дни ещё не наступили.", "These days have not begun yet."),
            Sentence("Выберите период до сегодняшнего дня.", "Choose a period up to today."),
            tenant=tenant,
        )
    if len(period.days) > LONGEST_DAYS:
        raise UserInputError(
            "data.period_too_long",
            Sentence(f"За раз загружается не больше {LONGEST_DAYS} дней.", f"At most {LONGEST_DAYS} days at once."),
            Sentence("Выберите период короче.", "Choose a shorter period."),
            tenant=tenant,
        )
    start = first_day(place)
    if start is not None and period.first_day < start:
        raise UserInputError(
            "data.before_history",
            Sentence(f"Данные хранятся с {start:%d.%m.%Y}.", f"Data are kept from {start} on."),
            Sentence("Выберите более поздний день.", "Choose a later day."),
            tenant=tenant,
        )
