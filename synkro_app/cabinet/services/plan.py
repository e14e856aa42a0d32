"""What the page of the plan asks: what the plan allows, what this month used, the months before, the statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from synkro_app.cabinet.context import Installation, frame_of
from synkro_app.cabinet.services.rights import WHO_CONNECTS, actor_of, require, require_state
from synkro_app.cabinet.statement_workbook import statement_file
from synkro_resources.control.audit import record
from synkro_resources.control.plans import Plan, list_plans
from synkro_resources.control.run_requests import requests_today
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.statement import SendTime, send_times, statement_of
from synkro_resources.control.tenants import Tenant, get_tenant, tenant_settings
from synkro_resources.control.usage import MonthSoFar, last_day_of, month_of, month_so_far
from synkro_resources.model.errors import Sentence, UserInputError


@dataclass(frozen=True, slots=True)
class PlanPage:
    """`ai_cap`: the company's own limit of money; `requests`: made by button since its midnight."""

    company: Tenant
    month: MonthSoFar
    plans: tuple[Plan, ...]
    ai_cap: Decimal | None
    requests: int
    send_times: tuple[SendTime, ...] | None


def plan_page(place: Installation, user: SessionUser, tenant: str) -> PlanPage:
    """Everything that the page shows.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_state(user, tenant, WHO_CONNECTS)
    company, now = frame_of(place, tenant).company, place.clock.now()
    month = month_so_far(place.control, company, now)
    promised = send_times(place.control, company, month.usage.month, now) if month.plan.promises_send_time else None
    return PlanPage(
        company=company,
        month=month,
        plans=tuple(list_plans(place.control, tenant)),
        ai_cap=tenant_settings(place.control, tenant).ai_monthly_cap,
        requests=requests_today(place.control, company, now),
        send_times=promised,
    )


def statement(place: Installation, user: SessionUser, tenant: str, month: date) -> bytes:
    """The statement of the month that holds `month` as an XLSX file; that it was taken is recorded.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `plan.bad_month`.
    """
    require(user, tenant, WHO_CONNECTS)
    company, now, first = get_tenant(place.control, tenant), place.clock.now(), month_of(month)
    if first > now.date() or last_day_of(first) < month_of(company.created_at.date()):
        raise UserInputError(
            "plan.bad_month",
            Sentence("За этот месяц ведомости нет.", "There is no statement of this month."),
            Sentence("Выберите месяц с начала работы.", "Choose a month since the company began."),
            tenant=tenant,
        )
    made = statement_file(statement_of(place.control, company, first, now), user.language)
    with place.control.tenant(tenant) as connection:
        record(
            connection,
            at=now,
            actor=actor_of(user, tenant),
            action="statement.exported",
            tenant=tenant,
            details={"month": f"{first:%Y-%m}"},
        )
    return made
