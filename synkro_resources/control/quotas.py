"""What a plan allows of requests, asked in the transaction that would write one."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from synkro_resources.control.plans import plan_of
from synkro_resources.control.tables.runs import day_state, run_request
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.errors import RefusedError, Sentence
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period
from synkro_resources.model.window import TenantWindow

USER_PREFIX = "user:"  # `requested_by` of people; schedules and operators spend no quota of a tenant
LOADING = frozenset({RequestKind.DATA, RequestKind.REPORT})


def check_manual_requests(connection: Connection, tenant: Tenant, now: datetime) -> None:
    """Let people ask once more today.

    Raises:
        RefusedError: `plan.manual_requests`.
    """
    plan = plan_of(connection, tenant.slug)
    if made_today(connection, tenant, now) >= plan.manual_requests_per_day:
        raise RefusedError(
            "plan.manual_requests",
            Sentence(
                f"Сегодня уже сделано {plan.manual_requests_per_day} запросов – столько позволяет тариф «{plan.name}».",
                f"The {plan.manual_requests_per_day} requests per day of the plan “{plan.name}” are used up.",
            ),
            Sentence("Повторите завтра или смените тариф.", "Try again tomorrow or change the plan."),
            tenant=tenant.slug,
        )


def check_history(connection: Connection, tenant: Tenant, kind: RequestKind, period: Period, now: datetime) -> None:
    """Let people load the period; days that a larger plan has loaded may still be reported on.

    Raises:
        RefusedError: `plan.history`.
    """
    if kind not in LOADING:
        return
    plan = plan_of(connection, tenant.slug)
    today = TenantWindow(tenant.slug, tenant.zone, now.date(), now.date()).day_of(now)
    first = today - timedelta(days=plan.history_days)
    older = [day for day in period.days if day < first]
    if not older:
        return
    if kind is RequestKind.REPORT:
        row = day_state.c
        loaded = select(func.count()).where(row.layer == "derived", row.day >= older[0], row.day <= older[-1])
        if connection.scalar(loaded) == len(older):
            return
    raise RefusedError(
        "plan.history",
        Sentence(
            f"Тариф «{plan.name}» загружает историю за {plan.history_days} дн.: с {first:%d.%m.%Y}.",
            f"The plan “{plan.name}” loads {plan.history_days} days of history: from {first} on.",
        ),
        Sentence("Выберите дни не раньше этого или смените тариф.", "Choose days from then on, or change the plan."),
        tenant=tenant.slug,
    )


def made_today(connection: Connection, tenant: Tenant, now: datetime) -> int:
    """How many requests people of this tenant have made since its local midnight."""
    today = TenantWindow(tenant.slug, tenant.zone, now.date(), now.date()).day_of(now)
    start, end = TenantWindow(tenant.slug, tenant.zone, today, today).bounds(today)
    made = connection.scalar(
        select(func.count()).where(
            run_request.c.requested_by.startswith(USER_PREFIX),
            run_request.c.created_at >= start,
            run_request.c.created_at < end,
        )
    )
    return made or 0
