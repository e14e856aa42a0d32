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

from sqlalchemy import Connection, Select, func, select

from synkro_resources.control.checklist import WORKS, Item, checklist
from synkro_resources.control.database import Database
from synkro_resources.control.freshness import OLD_AFTER, freshness
from synkro_resources.control.statement import GRACE
from synkro_resources.control.tables.integrations import integration
from synkro_resources.control.tables.people import membership
from synkro_resources.control.tables.runs import OPEN_STATUSES, report_schedule, run, run_request, run_step
from synkro_resources.control.tables.tenancy import plan, subscription, usage_month
from synkro_resources.control.tables.tenancy import tenant as tenant_table
from synkro_resources.control.tenant_life import Life, life_of
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.usage import month_of
from synkro_resources.model.errors import Sentence
from synkro_resources.model.ids import RequestKind

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

_Row = tuple[Tenant, str, str, int, Life]
"""A company, its plan's code, name and dialogs, and where it is in its life."""


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
        tenants = _tenants(connection, cell)
        slugs = [tenant.slug for tenant, *_ in tenants]
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
        members = _counts(connection, slugs)
        used = _used(connection, tenants, now)
        done = _done(connection, slugs)
        scheduled = set(connection.scalars(_scheduled(slugs)))
        overdue = _overdue(connection, slugs, now)
        errors, failed_runs = _errors(connection, slugs, now)
    late, failed, waiting = Counter(overdue), Counter[str](), Counter[str]()
    waits: list[datetime] = []
    for row in requests:
        is_open = row.status in OPEN_STATUSES
        late[row.tenant] += row.kind == RequestKind.REPORT and _is_late(row.status, row.due_at, now)
        failed[row.tenant] += row.status == "failed"
        waiting[row.tenant] += is_open
        if row.status == "open":
            waits.append(row.created_at)
    found: list[TenantHealth] = []
    for tenant, code, name, allowed, life in tenants:
        slug = tenant.slug
        known = connections.get(slug, ())
        broken = tuple(Broken(kind, row_code, what) for kind, status, row_code, what in known if status == "broken")
        state = _onboarding({kind for kind, *_ in known}, is_working=RequestKind.REPORT in done[slug])
        loaded_at = loaded.get(slug)
        is_old = state == "working" and (loaded_at is None or now - loaded_at > OLD_AFTER)
        found.append(
            TenantHealth(
                tenant=tenant,
                life=life,
                plan=code,
                plan_name=name,
                dialogs=used.get(slug, NOTHING_USED)[0],
                dialogs_allowed=allowed,
                ai_cost=used.get(slug, NOTHING_USED)[1],
                ai_currency=used.get(slug, NOTHING_USED)[2],
                members=members.get(slug, 0),
                onboarding=state,
                checklist=checklist(
                    working={kind for kind, status, *_ in known if status in WORKS},
                    done=done[slug],
                    has_schedule=slug in scheduled,
                    members=members.get(slug, 0),
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


def _tenants(connection: Connection, cell: str | None) -> list[_Row]:
    query = (
        select(tenant_table, plan.c.code, plan.c.name.label("plan_name"), plan.c.dialogs_per_month)
        .add_columns(subscription.c.trial_days, subscription.c.ends_at)
        .join(subscription, subscription.c.tenant == tenant_table.c.slug)
        .join(plan, plan.c.code == subscription.c.plan)
        .order_by(tenant_table.c.slug)
        .limit(MOST_TENANTS)
    )
    if cell is not None:
        query = query.where(tenant_table.c.cell == cell)
    return [
        (
            Tenant(row.slug, row.account_id, row.name, row.zone, row.cell, row.status, row.created_at),
            row.code,
            row.plan_name,
            row.dialogs_per_month,
            life_of(row.status, row.trial_days, row.ends_at),
        )
        for row in connection.execute(query)
    ]


def _loaded(connection: Connection, slugs: Sequence[str], now: datetime) -> dict[str, datetime]:
    """By company the oldest of its sources' newest whole loads."""
    ends: defaultdict[str, dict[str, datetime]] = defaultdict(dict)
    query = (
        select(run_step.c.tenant, run_step.c.asset, func.max(run_step.c.finished_at).label("finished_at"))
        .where(run_step.c.tenant.in_(slugs), run_step.c.status == "done", run_step.c.finished_at > now - LOOK_BACK)
        .group_by(run_step.c.tenant, run_step.c.asset)
    )
    for row in connection.execute(query):
        ends[row.tenant][row.asset] = row.finished_at
    found: dict[str, datetime] = {}
    for slug, finished in ends.items():
        known = [source.loaded_at for source in freshness(finished, now)]
        whole = [at for at in known if at is not None]
        if whole and len(whole) == len(known):
            found[slug] = min(whole)
    return found


def _connections(
    connection: Connection, slugs: Sequence[str]
) -> Mapping[str, Sequence[tuple[str, str, str, Sentence]]]:
    found: defaultdict[str, list[tuple[str, str, str, Sentence]]] = defaultdict(list)
    row = integration.c
    query = select(row.tenant, row.kind, row.status, row.status_code, row.what_ru, row.what_en)
    for one in connection.execute(query.where(row.tenant.in_(slugs)).order_by(row.tenant, row.kind)):
        found[one.tenant].append((one.kind, one.status, one.status_code, Sentence(one.what_ru, one.what_en)))
    return found


def _counts(connection: Connection, slugs: Sequence[str]) -> dict[str, int]:
    member = membership.c.tenant
    rows = connection.execute(select(member, func.count()).where(member.in_(slugs)).group_by(member))
    return {row[0]: row[1] for row in rows}


def _used(connection: Connection, tenants: Iterable[_Row], now: datetime) -> dict[str, tuple[int, Decimal, str]]:
    """By company the dialogs, the cost of the AI and its currency of its present local month."""
    months = {one.slug: month_of(now.astimezone(ZoneInfo(one.zone)).date()) for one, *_ in tenants}
    row = usage_month.c
    query = select(row.tenant, row.month, row.dialogs, row.ai_cost, row.ai_currency)
    return {
        one.tenant: (one.dialogs, one.ai_cost, one.ai_currency)
        for one in connection.execute(query.where(row.month.in_(sorted(set(months.values())))))
        if months.get(one.tenant) == one.month
    }


def _done(connection: Connection, slugs: Sequence[str]) -> defaultdict[str, set[str]]:
    """By company the kinds of requests that have once succeeded."""
    row = run_request.c
    query = select(row.tenant, row.kind).where(row.tenant.in_(slugs), row.status == "done").distinct()
    found: defaultdict[str, set[str]] = defaultdict(set)
    for tenant, kind in connection.execute(query):
        found[tenant].add(kind)
    return found


def _scheduled(slugs: Sequence[str]) -> Select[tuple[str]]:
    row = report_schedule.c
    return select(row.tenant).where(row.tenant.in_(slugs), row.enabled).distinct()


def _overdue(connection: Connection, slugs: Sequence[str], now: datetime) -> dict[str, int]:
    """Schedules whose time has passed without a request: whoever should have written it does not run."""
    row = report_schedule.c
    is_over = (row.tenant.in_(slugs), row.enabled, row.paused_reason == "", row.next_due_at < now - GRACE)
    rows = connection.execute(select(row.tenant, func.count()).where(*is_over).group_by(row.tenant))
    return {one[0]: one[1] for one in rows}


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
