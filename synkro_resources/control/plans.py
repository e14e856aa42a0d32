"""Plans with their limits, what a tenant is subscribed to, and what it used this month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects import postgresql

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.tables import tenancy
from synkro_resources.control.tenants import unknown_tenant
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import Sentence, UserInputError


@dataclass(frozen=True, slots=True)
class Plan:
    """What a plan allows; intervals in minutes, counts per the period in the name."""

    code: str
    name: str
    manual_requests_per_day: int
    schedules_allowed: bool
    refresh_interval_min: int
    users: int
    dialogs_per_month: int
    history_days: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What a tenant used in one month; `ai_cost` in the currency of its price table."""

    month: date
    dialogs: int
    reports: int
    ai_calls: int
    ai_tokens: int
    ai_cost: Decimal


def plan_of(connection: Connection, tenant: str) -> Plan:
    """The plan of a tenant, inside a `db.tenant(slug)` transaction.

    Raises:
        UserInputError: `tenant.unknown`.
    """
    row = connection.execute(
        select(tenancy.plan).join(tenancy.subscription, tenancy.subscription.c.plan == tenancy.plan.c.code)
    ).one_or_none()
    if row is None:
        raise unknown_tenant(tenant)
    return _plan(row)


def tenant_plan(db: Database, tenant: str) -> Plan:
    """The plan of a tenant.

    Raises:
        UserInputError: `tenant.unknown`.
    """
    with db.tenant(tenant) as connection:
        return plan_of(connection, tenant)


def list_plans(db: Database, tenant: str) -> list[Plan]:
    """All plans, smallest first."""
    with db.tenant(tenant) as connection:
        rows = connection.execute(select(tenancy.plan).order_by(tenancy.plan.c.manual_requests_per_day)).all()
    return [_plan(row) for row in rows]


def change_plan(db: Database, tenant: str, plan: str, *, actor: str, reason: str, clock: Clock) -> None:
    """Put a tenant on another plan from now on; the operator's decision.

    Raises:
        UserInputError: `plan.unknown` or `tenant.unknown`.
    """
    now: datetime = clock.now()
    with db.operator(actor, reason, tenant=tenant) as connection:
        if connection.execute(select(tenancy.plan.c.code).where(tenancy.plan.c.code == plan)).first() is None:
            raise UserInputError(
                "plan.unknown",
                Sentence(f"Тариф {plan} не найден.", f"There is no plan {plan}."),
                Sentence("Выберите один из тарифов списка.", "Choose one of the listed plans."),
            )
        subscription = tenancy.subscription
        changed = connection.execute(
            update(subscription).where(subscription.c.tenant == tenant).values(plan=plan, started_at=now)
        )
        if changed.rowcount == 0:
            raise unknown_tenant(tenant)
        record(connection, at=now, actor=actor, action="plan.changed", tenant=tenant, target=plan, reason=reason)


def add_usage(
    db: Database,
    tenant: str,
    day: date,
    *,
    dialogs: int = 0,
    reports: int = 0,
    ai_calls: int = 0,
    ai_tokens: int = 0,
    ai_cost: Decimal = Decimal(0),
) -> None:
    """Add to the counters of the month that holds `day`."""
    table = tenancy.usage_month
    added = {
        "dialogs": dialogs,
        "reports": reports,
        "ai_calls": ai_calls,
        "ai_tokens": ai_tokens,
        "ai_cost": ai_cost,
    }
    with db.tenant(tenant) as connection:
        connection.execute(
            postgresql.insert(table)
            .values(tenant=tenant, month=day.replace(day=1), **added)
            .on_conflict_do_update(
                index_elements=["tenant", "month"],
                set_={name: table.c[name] + value for name, value in added.items()},
            )
        )


def usage_of_month(db: Database, tenant: str, day: date) -> Usage:
    """What was used in the month that holds `day`."""
    table, month = tenancy.usage_month, day.replace(day=1)
    with db.tenant(tenant) as connection:
        row = connection.execute(select(table).where(table.c.month == month)).one_or_none()
    if row is None:
        return Usage(month, 0, 0, 0, 0, Decimal(0))
    return Usage(month, row.dialogs, row.reports, row.ai_calls, row.ai_tokens, row.ai_cost)


def _plan(row: Row[tuple[object, ...]]) -> Plan:
    return Plan(
        code=row.code,
        name=row.name,
        manual_requests_per_day=row.manual_requests_per_day,
        schedules_allowed=row.schedules_allowed,
        refresh_interval_min=row.refresh_interval_min,
        users=row.users,
        dialogs_per_month=row.dialogs_per_month,
        history_days=row.history_days,
    )
