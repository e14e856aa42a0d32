"""Plans with what they allow, and what a tenant is subscribed to. What it used: `usage.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, select, update

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.tables import tenancy
from synkro_resources.control.tenants import unknown_tenant
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import RefusedError, Sentence, UserInputError


@dataclass(frozen=True, slots=True)
class Plan:
    """What a plan allows; intervals in minutes, counts per the period in the name.

    `refresh_interval_min`: today is read anew so often by itself, None: by button only. `event_refresh_min`: events of
    the messenger make a refresh earlier, at most so often; None: never.
    `tenants`: companies of one account. `extended_analytics`: a checklist of one's own. `promises_send_time`: the
    month's statement says which scheduled reports left in time.
    """

    code: str
    name: str
    manual_requests_per_day: int
    schedules_allowed: bool
    refresh_interval_min: int | None
    users: int
    dialogs_per_month: int
    history_days: int
    tenants: int
    extended_analytics: bool
    promises_send_time: bool
    event_refresh_min: int | None
    trial_days: int


def plan_of(connection: Connection, tenant: str) -> Plan:
    """The plan of a tenant, inside a transaction that may read it.

    Raises:
        UserInputError: `tenant.unknown`.
    """
    row = connection.execute(
        select(tenancy.plan)
        .join(tenancy.subscription, tenancy.subscription.c.plan == tenancy.plan.c.code)
        .where(tenancy.subscription.c.tenant == tenant)
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
        return _all(connection)


def all_plans(db: Database) -> list[Plan]:
    """The same before a tenant is known. What plans allow is no secret of anybody's."""
    with db.auth() as connection:
        return _all(connection)


def change_plan(db: Database, tenant: str, plan: str, *, actor: str, reason: str, clock: Clock) -> None:
    """Put a tenant on another plan from now on; the operator's decision. People and companies beyond it may stay.

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


def extended_analytics(connection: Connection, tenant: str) -> None:
    """Let the call go on where the plan has extended analytics, inside a transaction that may read the plan.

    Raises:
        RefusedError: `plan.analytics`.
    """
    plan = plan_of(connection, tenant)
    if not plan.extended_analytics:
        raise RefusedError(
            "plan.analytics",
            Sentence(
                f"Тариф «{plan.name}» не включает собственный чек-лист.",
                f"The plan “{plan.name}” has no checklist of one's own.",
            ),
            Sentence("Смените тариф или оставьте готовый чек-лист.", "Change the plan, or keep the ready checklist."),
            tenant=tenant,
        )


def _all(connection: Connection) -> list[Plan]:
    rows = connection.execute(select(tenancy.plan).order_by(tenancy.plan.c.manual_requests_per_day)).all()
    return [_plan(row) for row in rows]


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
        tenants=row.tenants,
        extended_analytics=row.extended_analytics,
        promises_send_time=row.promises_send_time,
        event_refresh_min=row.event_refresh_min,
        trial_days=row.trial_days,
    )
