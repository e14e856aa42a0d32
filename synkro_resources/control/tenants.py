"""Tenants, the accounts that own them, and their versioned settings."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.dialects import postgresql

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.tables import tenancy
from synkro_resources.control.tables.runs import report_schedule
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import RefusedError, Sentence, UserInputError
from synkro_resources.model.ids import check_tenant_slug
from synkro_resources.model.tenant_settings import TenantSettings

TRIAL_OVER = "trial_over"


@dataclass(frozen=True, slots=True)
class Tenant:
    """One client company; `zone` is an IANA name, `status` is active, suspended or trial_over."""

    slug: str
    account_id: str
    name: str
    zone: str
    cell: str
    status: str
    created_at: datetime


def add_tenant(
    db: Database,
    *,
    slug: str,
    name: str,
    zone: str,
    account: str,
    cell: str,
    plan: str,
    clock: Clock,
    actor: str = "operator",
    settings: TenantSettings | None = None,
    on_trial: bool = False,
) -> Tenant:
    """Create a tenant of the account named `account` (made if new) with its first settings and subscription.

    `on_trial`: for as long as the plan lets a company try, from its first load on; otherwise it pays at once.

    Raises:
        UserInputError: `tenant.bad_slug`, `tenant.exists`, `tenant.bad_zone` or `plan.unknown`.
        RefusedError: `plan.tenants`.
    """
    check_tenant_slug(slug)
    check_zone(zone)
    now = clock.now()
    first = (settings or TenantSettings.model_validate({"zone": zone, "company_name": name})).model_copy(
        update={"zone": zone}
    )
    with db.operator(actor, f"add tenant {slug}", tenant=slug) as connection:
        _check_new(connection, slug, plan)
        account_id = _account(connection, account, now)
        _check_room(connection, account_id, plan)
        connection.execute(
            insert(tenancy.tenant).values(
                slug=slug, account_id=account_id, name=name, zone=zone, cell=cell, status="active", created_at=now
            )
        )
        days = select(tenancy.plan.c.trial_days).where(tenancy.plan.c.code == plan)
        trial_days = (connection.scalar(days) or None) if on_trial else None
        connection.execute(
            insert(tenancy.subscription).values(tenant=slug, plan=plan, started_at=now, trial_days=trial_days)
        )
        connection.execute(
            insert(tenancy.tenant_settings).values(
                tenant=slug, version=1, settings=first.model_dump(mode="json"), changed_by=actor, changed_at=now
            )
        )
        record(connection, at=now, actor=actor, action="tenant.added", tenant=slug, details={"plan": plan})
    return Tenant(slug, account_id, name, zone, cell, "active", now)


def get_tenant(db: Database, slug: str) -> Tenant:
    """The tenant, also a suspended one.

    Raises:
        UserInputError: `tenant.unknown` or `tenant.bad_slug`.
    """
    with db.tenant(slug) as connection:
        row = connection.execute(select(tenancy.tenant)).one_or_none()
    if row is None:
        raise unknown_tenant(slug)
    return tenant_of(row)


def list_tenants(db: Database, cell: str) -> list[Tenant]:
    """All tenants of one cell by slug, suspended ones included (look at `status`)."""
    with db.scheduler(cell) as connection:
        return [tenant_of(row) for row in connection.execute(select(tenancy.tenant).order_by(tenancy.tenant.c.slug))]


def list_all_tenants(db: Database, *, actor: str) -> list[Tenant]:
    """All tenants of all cells, for the operator; recorded."""
    with db.operator(actor, "list tenants") as connection:
        return [tenant_of(row) for row in connection.execute(select(tenancy.tenant).order_by(tenancy.tenant.c.slug))]


def suspend_tenant(db: Database, slug: str, *, actor: str, reason: str, clock: Clock) -> Tenant:
    """Stop requests and schedules of a tenant; its data stay readable."""
    return _set_status(db, slug, "suspended", actor=actor, reason=reason, clock=clock)


def resume_tenant(db: Database, slug: str, *, actor: str, reason: str, clock: Clock) -> Tenant:
    """Undo `suspend_tenant`.

    Raises:
        RefusedError: `tenant.trial_over`: a longer trial or payment ends that. UserInputError: `tenant.unknown`.
    """
    return _set_status(db, slug, "active", actor=actor, reason=reason, clock=clock)


def tenant_settings(db: Database, slug: str) -> TenantSettings:
    """The newest settings.

    Raises:
        UserInputError: `tenant.unknown`.
    """
    newest = select(tenancy.tenant_settings.c.settings).order_by(tenancy.tenant_settings.c.version.desc()).limit(1)
    with db.tenant(slug) as connection:
        stored = connection.execute(newest).scalar_one_or_none()
    if stored is None:
        raise unknown_tenant(slug)
    return TenantSettings.model_validate(stored)


def save_tenant_settings(db: Database, slug: str, settings: TenantSettings, *, changed_by: str, clock: Clock) -> int:
    """Store a new version and return its number; the same settings as before make no version.

    The tenant's zone follows the settings, because schedulers read it from there, and its schedules are looked at
    anew: another zone or calendar moves their times.
    """
    table = tenancy.tenant_settings
    content = settings.model_dump(mode="json")
    now = clock.now()
    with db.tenant(slug) as connection:
        known = connection.execute(
            select(tenancy.tenant.c.slug).with_for_update(key_share=True)
        ).scalar_one_or_none()  # the row lock lets concurrent editors take turns
        if known is None:
            raise unknown_tenant(slug)
        last = connection.execute(select(table).order_by(table.c.version.desc()).limit(1)).one_or_none()
        if last is not None and last.settings == content:
            return last.version
        version = 1 if last is None else last.version + 1
        connection.execute(
            insert(table).values(tenant=slug, version=version, settings=content, changed_by=changed_by, changed_at=now)
        )
        connection.execute(update(tenancy.tenant).values(zone=settings.zone))
        connection.execute(
            update(report_schedule)
            .where(report_schedule.c.enabled)
            .values(next_due_at=func.least(report_schedule.c.next_due_at, now))
        )
        record(
            connection,
            at=now,
            actor=changed_by,
            action="tenant.settings_saved",
            tenant=slug,
            details={"version": version},
        )
        return version


def check_zone(zone: str) -> None:
    """Raises UserInputError `tenant.bad_zone` unless `zone` is an IANA name."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UserInputError(
            "tenant.bad_zone",
            Sentence(f"Неизвестный часовой пояс: {zone}.", f"{zone} is not a known time zone."),
            Sentence("Пример: Asia/Yekaterinburg.", "For example: Asia/Yekaterinburg."),
        ) from error


def require_active(connection: Connection, slug: str) -> Tenant:
    """The tenant of a `db.tenant(slug)` transaction.

    Raises:
        UserInputError: `tenant.unknown`.
        RefusedError: `tenant.suspended` or `tenant.trial_over`.
    """
    row = connection.execute(select(tenancy.tenant)).one_or_none()
    if row is None:
        raise unknown_tenant(slug)
    if row.status == TRIAL_OVER:
        raise trial_over(slug)
    if row.status != "active":
        raise RefusedError(
            "tenant.suspended",
            Sentence("Кабинет приостановлен.", "The tenant is suspended."),
            Sentence("Обратитесь в поддержку, чтобы возобновить работу.", "Ask the support to resume it."),
            tenant=slug,
        )
    return tenant_of(row)


def trial_over(slug: str) -> RefusedError:
    """Why nothing is asked for a tenant whose trial has ended."""
    return RefusedError(
        "tenant.trial_over",
        Sentence("Пробный период закончился.", "The trial is over."),
        Sentence(
            "Напишите в поддержку Synkro: данные на месте, работа продолжится сразу.",
            "Write to Synkro's support: the data are there, and work goes on at once.",
        ),
        tenant=slug,
    )


def unknown_tenant(slug: str) -> UserInputError:
    return UserInputError(
        "tenant.unknown",
        Sentence(f"Кабинет {slug} не найден.", f"There is no tenant {slug}."),
        Sentence("Проверьте имя: `synkro tenant list`.", "Check the name: `synkro tenant list`."),
        tenant=slug,
    )


def tenant_of(row: Row[tuple[object, ...]]) -> Tenant:
    return Tenant(row.slug, row.account_id, row.name, row.zone, row.cell, row.status, row.created_at)


def _check_new(connection: Connection, slug: str, plan: str) -> None:
    if connection.scalar(select(func.count()).where(tenancy.tenant.c.slug == slug)):
        raise UserInputError(
            "tenant.exists",
            Sentence(f"Кабинет {slug} уже есть.", f"The tenant {slug} exists already."),
            Sentence("Выберите другое имя.", "Choose another slug."),
            tenant=slug,
        )
    plans = list(connection.scalars(select(tenancy.plan.c.code).order_by(tenancy.plan.c.code)))
    if plan not in plans:
        raise UserInputError(
            "plan.unknown",
            Sentence(f"Тариф {plan} не найден.", f"There is no plan {plan}."),
            Sentence(f"Есть тарифы: {', '.join(plans)}.", f"The plans are {', '.join(plans)}."),
        )


def _check_room(connection: Connection, account_id: str, plan: str) -> None:
    """Whether an account may have one more company, by the best of its plans and `plan`, the new one's.

    The account's row is held: two companies at once take turns.

    Raises:
        RefusedError: `plan.tenants`.
    """
    owned = select(tenancy.tenant.c.slug).where(tenancy.tenant.c.account_id == account_id)
    codes = select(tenancy.subscription.c.plan).where(tenancy.subscription.c.tenant.in_(owned))
    allowed = connection.scalar(
        select(func.max(tenancy.plan.c.tenants)).where(tenancy.plan.c.code.in_(codes) | (tenancy.plan.c.code == plan))
    )
    count = connection.scalar(select(func.count()).where(tenancy.tenant.c.account_id == account_id)) or 0
    if count >= (allowed or 0):
        raise RefusedError(
            "plan.tenants",
            Sentence(
                f"Тариф рассчитан на компании одного клиента: {allowed}. Столько уже есть.",
                f"The plan has room for so many companies of one client: {allowed}. There are so many already.",
            ),
            Sentence("Смените тариф одной из компаний.", "Change the plan of one of the companies."),
        )


def _account(connection: Connection, name: str, now: datetime) -> str:
    connection.execute(
        postgresql.insert(tenancy.account)
        .values(account_id=uuid.uuid4().hex, name=name, created_at=now)
        .on_conflict_do_nothing(index_elements=["name"])
    )
    known = select(tenancy.account.c.account_id).where(tenancy.account.c.name == name)
    return connection.execute(known.with_for_update()).scalar_one()


def _set_status(db: Database, slug: str, status: str, *, actor: str, reason: str, clock: Clock) -> Tenant:
    with db.operator(actor, reason, tenant=slug) as connection:
        known = connection.scalar(select(tenancy.tenant.c.status).where(tenancy.tenant.c.slug == slug))
        if known == TRIAL_OVER and status == "active":
            raise trial_over(slug)
        changed = connection.execute(
            update(tenancy.tenant).where(tenancy.tenant.c.slug == slug).values(status=status).returning(tenancy.tenant)
        ).one_or_none()
        if changed is None:
            raise unknown_tenant(slug)
        record(connection, at=clock.now(), actor=actor, action=f"tenant.{status}", tenant=slug, reason=reason)
        return tenant_of(changed)
