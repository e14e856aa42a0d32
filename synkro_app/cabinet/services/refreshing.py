"""Reading today anew from the cabinet: the button, and when it may be pressed again."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.rights import WHO_ASKS_FOR_REPORTS, require
from synkro_resources.control.refreshes import last_refresh_asked
from synkro_resources.control.run_requests import RunRequest, create_request
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import get_tenant
from synkro_resources.model.errors import RefusedError, Sentence
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period

COOLDOWN = timedelta(minutes=5)
"""As fresh as a report wants today to be: sooner nobody would see a difference."""


def ask_for_refresh(place: Installation, user: SessionUser, tenant: str) -> RunRequest:
    """Read today's dialogs and changed deals anew; nothing is sent.

    Raises:
        RefusedError: `rights.not_found`, `refresh.too_soon`, `plan.manual_requests` or `tenant.suspended`.
    """
    require(user, tenant, WHO_ASKS_FOR_REPORTS)
    now = place.clock.now()
    asked_at = last_refresh_asked(place.control, tenant)
    if asked_at is not None and now - asked_at < COOLDOWN:
        minutes = -(-(COOLDOWN - (now - asked_at)) // timedelta(minutes=1))
        raise RefusedError(
            "refresh.too_soon",
            Sentence("Данные обновлялись только что.", "The data were refreshed just now."),
            Sentence(f"Повторите через {minutes} мин.", f"Try again in {minutes} min."),
            tenant=tenant,
        )
    today = now.astimezone(ZoneInfo(get_tenant(place.control, tenant).zone)).date()
    return create_request(
        place.control,
        tenant=tenant,
        kind=RequestKind.REFRESH,
        period=Period.day(today),
        requested_by=f"user:{user.user_id}",
        reason="cabinet",
        clock=place.clock,
    )
