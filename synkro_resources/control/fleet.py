"""The whole installation for its operator: who is late or broken, what failed lately, what waits, and who uses what.

Read in one recorded transaction of the operator, whose role sees states and never texts, quotes or secrets.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, exists, func, select

from synkro_resources.control.checklist import WORKS, Item, checklist
from synkro_resources.control.database import Database
from synkro_resources.control.freshness import OLD_AFTER
from synkro_resources.control.statement import GRACE
from synkro_resources.control.tables.integrations import integration
from synkro_resources.control.tables.people import membership
from synkro_resources.control.tables.runs import OPEN_STATUSES, report_schedule, run, run_request, run_step
from synkro_resources.control.tables.tenancy import plan, subscription, usage_month
from synkro_resources.control.tables.tenancy import tenant as tenant_table
from synkro_resources.control.tenant_life import Life, life_of
from synkro_resources.control.tenants import Tenant, tenant_of
from synkro_resources.control.usage import month_of
from synkro_resources.model.errors import Sentence
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.tables.raw import RAW_TABLES

LATELY = timedelta(days=1)
LOOK_BACK = timedelta(days=8)
"""Loads that are older make a source no less old, and the journal no longer to read."""
VISIT = timedelta(minutes=15)
"""A page that redraws itself at every click is looked at once."""
MOST_TENANTS = 1000
MOST_ERRORS = 20
NOTHING_USED = (0, Decimal(0), "")

Level = Literal["late", "broken", "ok", "suspended"]
Onboarding = Literal["new", "connecting", "connected", "working"]
LEVELS: tuple[Level, ...] = ("late", "broken", "ok", "suspended")
"""In the order in which an operator wants to see them."""
NEEDED = frozenset({"amocrm", "radist"})
"""Without them there is nothing to report on."""


@dataclass(frozen=True, slots=True)
class _Listed:
    """A company, its plan, and of each other thing one number."""

    tenant: Tenant
    life: Life
    plan: str
    plan_name: str
    dialogs_allowed: int
    members: int
    overdue: int
    done: frozenset[str]
    """Kinds of requests that have once succeeded."""
    has_schedule: bool


@dataclass(frozen=True, slots=True)
class Broken:
    """A connection that does not work, in words for people."""

    kind: str
    code: str
    what: Sentence


@dataclass(frozen=True, slots=True)
class TenantHealth:
    """One company. `loaded_at`: up to when all of its sources have been read, None: not within the last days.

    `ai_cost`: of the AI in its present local month in `ai_currency`, that of its price. `late_reports`: due within
    the last day and not made; `failed`: requests that failed within it; `checklist`: how far its onboarding is.
    """

    tenant: Tenant
    life: Life
    plan: str
    plan_name: str
    dialogs: int
    dialogs_allowed: int
    ai_cost: Decimal
    ai_currency: str
    members: int
    onboarding: Onboarding
    checklist: Mapping[Item, bool]
    loaded_at: datetime | None
    late_reports: int
    failed: int
    waiting: int
    broken: tuple[Broken, ...]
    level: Level


@dataclass(frozen=True, slots=True)
class ErrorClass:
    """Failed runs of the last day with one code; `what` in the words of the newest."""

    code: str
    count: int
    tenants: tuple[str, ...]
    what: Sentence


@dataclass(frozen=True, slots=True)
class Fleet:
    """All companies, those that need somebody first. `oldest_wait`: of a request that has not begun."""

    tenants: tuple[TenantHealth, ...]
    errors: tuple[ErrorClass, ...]
    failed_runs: int
    waiting: int
    running: int
    oldest_wait: timedelta | None


def fleet(db: Database, now: datetime, *, actor: str, cell: str | None = None) -> Fleet:
    """The installation as it is; `cell`: only this one's companies."""
    with db.operator(actor, "the state of the installation", once_within=VISIT) as connection:
        tenants = _tenants(connection, cell, now)
        slugs = [one.tenant.slug for one in tenants]
        loaded = _loaded(connection, slugs, now)
        connections = _connections(connection, slugs)
        requests = connection.execute(
            select(run_request.c.tenant, run_request.c.kind, run_request.c.status, run_request.c.created_at)
            .add_columns(run_request.c.due_at, run_request.c.finished_at)
            .where(
                run_request.c.tenant.in_(slugs),
                run_request.c.status.in_(OPEN_STATUSES) | (run_request.c.created_at > now - LATELY),
            )
        ).all()
        used = _used(connection, tenants, now)
        errors, failed_runs = _errors(connection, slugs, now)
    late = Counter({one.tenant.slug: one.overdue for one in tenants})
    failed, waiting = Counter[str](), Counter[str]()
    waits: list[datetime] = []
    for row in requests:
        is_open = row.status in OPEN_STATUSES
        late[row.tenant] += row.kind == RequestKind.REPORT and _is_late(row.status, row.due_at, now)
        failed[row.tenant] += row.status == "failed"
        waiting[row.tenant] += is_open
        if row.status == "open":
            waits.append(row.created_at)
    found: list[TenantHealth] = []
    for one in tenants:
        tenant, slug = one.tenant, one.tenant.slug
        known = connections.get(slug, ())
        broken = tuple(Broken(kind, row_code, what) for kind, status, row_code, what in known if status == "broken")
        state = _onboarding({kind for kind, *_ in known}, is_working=RequestKind.REPORT in one.done)
        loaded_at = loaded.get(slug)
        is_old = state == "working" and (loaded_at is None or now - loaded_at > OLD_AFTER)
        found.append(
            TenantHealth(
                tenant=tenant,
                life=one.life,
                plan=one.plan,
                plan_name=one.plan_name,
                dialogs=used.get(slug, NOTHING_USED)[0],
                dialogs_allowed=one.dialogs_allowed,
                ai_cost=used.get(slug, NOTHING_USED)[1],
                ai_currency=used.get(slug, NOTHING_USED)[2],
                members=one.members,
                onboarding=state,
                checklist=checklist(
                    working={kind for kind, status, *_ in known if status in WORKS},
                    done=one.done,
                    has_schedule=one.has_schedule,
                    members=one.members,
                ),
                loaded_at=loaded_at,
                late_reports=late[slug],
                failed=failed[slug],
                waiting=waiting[slug],
                broken=broken,
                level=_level(tenant, is_late=bool(late[slug]) or is_old, is_broken=bool(broken or failed[slug])),
            )
        )
    found.sort(key=lambda one: (LEVELS.index(one.level), -one.late_reports, one.tenant.slug))
    return Fleet(
        tenants=tuple(found),
        errors=tuple(errors),
        failed_runs=failed_runs,
        waiting=sum(row.status == "open" for row in requests),
        running=sum(row.status == "running" for row in requests),
        oldest_wait=now - min(waits) if waits else None,
    )


def ai_costs(found: Fleet) -> dict[str, Decimal]:
    """What the AI has cost all companies this month, by currency; sums of different currencies mean nothing."""
    costs: defaultdict[str, Decimal] = defaultdict(Decimal)
    for one in found.tenants:
        if one.ai_cost:
            costs[one.ai_currency] += one.ai_cost
    return dict(sorted(costs.items()))


def _level(tenant: Tenant, *, is_late: bool, is_broken: bool) -> Level:
    if tenant.status != "active":
        return "suspended"
    return "late" if is_late else "broken" if is_broken else "ok"


def _is_late(status: str, due_at: datetime | None, now: datetime) -> bool:
    return due_at is not None and status in (*OPEN_STATUSES, "failed") and due_at + GRACE < now


def _onboarding(kinds: set[str], *, is_working: bool) -> Onboarding:
    if is_working:
        return "working"
    if kinds >= NEEDED:
        return "connected"
    return "connecting" if kinds else "new"


def _tenants(connection: Connection, cell: str | None, now: datetime) -> list[_Listed]:
    """The companies, and of each what one number tells."""
    slug, member, asked, schedule = tenant_table.c.slug, membership.c, run_request.c, report_schedule.c
    members = select(func.count()).select_from(membership).where(member.tenant == slug)
    done = select(func.array_agg(asked.kind.distinct())).where(asked.tenant == slug, asked.status == "done")
    scheduled = exists().where(schedule.tenant == slug, schedule.enabled)
    # Schedules whose time has passed without a request: whoever should have written it does not run.
    is_over = (schedule.enabled, schedule.paused_reason == "", schedule.next_due_at < now - GRACE)
    overdue = select(func.count()).select_from(report_schedule).where(schedule.tenant == slug, *is_over)
    query = (
        select(tenant_table, plan.c.code, plan.c.name.label("plan_name"), plan.c.dialogs_per_month)
        .add_columns(subscription.c.trial_days, subscription.c.ends_at)
        .add_columns(members.scalar_subquery().label("members"), overdue.scalar_subquery().label("overdue"))
        .add_columns(done.scalar_subquery().label("done"), scheduled.label("has_schedule"))
        .join(subscription, subscription.c.tenant == tenant_table.c.slug)
        .join(plan, plan.c.code == subscription.c.plan)
        .order_by(tenant_table.c.slug)
        .limit(MOST_TENANTS)
    )
    if cell is not None:
        query = query.where(tenant_table.c.cell == cell)
    return [
        _Listed(
            tenant=tenant_of(row),
            life=life_of(row.status, row.trial_days, row.ends_at),
            plan=row.code,
            plan_name=row.plan_name,
            dialogs_allowed=row.dialogs_per_month,
            members=row.members,
            overdue=row.overdue,
            done=frozenset(row.done or ()),
            has_schedule=row.has_schedule,
        )
        for row in connection.execute(query)
    ]


def _loaded(connection: Connection, slugs: Sequence[str], now: datetime) -> dict[str, datetime]:
    """By company the oldest of its sources' newest whole loads (`freshness.py` judges one company by the same rule)."""
    mandatory = [table.name for table in RAW_TABLES]
    newest = (
        select(run_step.c.tenant, run_step.c.asset, func.max(run_step.c.finished_at).label("finished_at"))
        .where(
            run_step.c.tenant.in_(slugs),
            run_step.c.status == "done",
            run_step.c.finished_at > now - LOOK_BACK,
            run_step.c.asset.in_(mandatory),
        )
        .group_by(run_step.c.tenant, run_step.c.asset)
        .subquery()
    )
    query = (
        select(newest.c.tenant, func.min(newest.c.finished_at).label("loaded_at"))
        .group_by(newest.c.tenant)
        .having(func.count() == len(mandatory))
    )
    return {row.tenant: row.loaded_at for row in connection.execute(query)}


def _connections(
    connection: Connection, slugs: Sequence[str]
) -> Mapping[str, Sequence[tuple[str, str, str, Sentence]]]:
    found: defaultdict[str, list[tuple[str, str, str, Sentence]]] = defaultdict(list)
    row = integration.c
    query = select(row.tenant, row.kind, row.status, row.status_code, row.what_ru, row.what_en)
    for one in connection.execute(query.where(row.tenant.in_(slugs)).order_by(row.tenant, row.kind)):
        found[one.tenant].append((one.kind, one.status, one.status_code, Sentence(one.what_ru, one.what_en)))
    return found


def _used(connection: Connection, tenants: Iterable[_Listed], now: datetime) -> dict[str, tuple[int, Decimal, str]]:
    """By company the dialogs, the cost of the AI and its currency of its present local month."""
    months = {one.tenant.slug: month_of(now.astimezone(ZoneInfo(one.tenant.zone)).date()) for one in tenants}
    row = usage_month.c
    query = select(row.tenant, row.month, row.dialogs, row.ai_cost, row.ai_currency)
    return {
        one.tenant: (one.dialogs, one.ai_cost, one.ai_currency)
        for one in connection.execute(query.where(row.month.in_(sorted(set(months.values())))))
        if months.get(one.tenant) == one.month
    }


def _errors(connection: Connection, slugs: Sequence[str], now: datetime) -> tuple[list[ErrorClass], int]:
    rows = connection.execute(
        select(run.c.tenant, run.c.error_code, run.c.what_ru, run.c.what_en)
        .where(run.c.tenant.in_(slugs), run.c.status == "failed", run.c.finished_at > now - LATELY)
        .order_by(run.c.finished_at.desc())
    ).all()
    counts = Counter(row.error_code for row in rows)
    found: list[ErrorClass] = []
    for code, count in counts.most_common(MOST_ERRORS):
        of_code = [row for row in rows if row.error_code == code]
        what = Sentence(of_code[0].what_ru, of_code[0].what_en)
        found.append(ErrorClass(code, count, tuple(sorted({row.tenant for row in of_code})), what))
    return found, len(rows)
