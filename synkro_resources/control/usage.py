"""What a tenant used in a calendar month of its own zone: counted from stored rows, so that counting again changes
nothing.

A billable dialog is one client with at least one message of the month that the analysis has answered about. A client's
chats in two messengers are one dialog once the CRM's contact is known; before, each chat is its own.
"""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, Select, Text, cast, func, select
from sqlalchemy.dialects import postgresql

from synkro_resources.control.database import Database
from synkro_resources.control.plans import Plan, plan_of
from synkro_resources.control.tables.analysis import ai_call, episode_analysis, episode_analysis_day
from synkro_resources.control.tables.people import membership
from synkro_resources.control.tables.runs import run_request
from synkro_resources.control.tables.tenancy import usage_month
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.window import TenantWindow
from synkro_resources.rules.metrics.labels import OK

WARNED_AT = Decimal("0.8")
"""Share of the month's dialogs at which the tenant's admins hear of it."""
PACE_DAYS = 7
"""The forecast goes on at the pace of so many ended days: the month's first days bring everybody anew."""
HISTORY_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Usage:
    """What a tenant used in one month (its first day); `ai_cost` in the currency of its price table."""

    month: date
    dialogs: int
    reports: int
    ai_calls: int
    ai_tokens: int
    ai_cost: Decimal


@dataclass(frozen=True, slots=True)
class Counted:
    """The billable dialogs of a month. `new`: per local day the clients whose first answered message is of that day.

    `client_of`: by the chat's number the client that it was counted for.
    """

    month: date
    new: Mapping[date, int]
    client_of: Mapping[int, str]

    @property
    def total(self) -> int:
        return sum(self.new.values())

    @property
    def clients(self) -> frozenset[str]:
        return frozenset(self.client_of.values())


@dataclass(frozen=True, slots=True)
class MonthSoFar:
    """The present month: `forecast` of dialogs at its end, None on days that tell nothing yet."""

    plan: Plan
    usage: Usage
    counted: Counted
    forecast: int | None
    members: int
    currency: str
    past: tuple[Usage, ...]
    """What was written down of the months before, newest first."""

    @property
    def share(self) -> Decimal:
        """Of the plan's dialogs; 1 and more: no new client is labelled."""
        return share_of(self.usage.dialogs, self.plan.dialogs_per_month)


def share_of(used: int, allowed: int) -> Decimal:
    return Decimal(used) / allowed if allowed else Decimal(1)


def month_of(day: date) -> date:
    """The first day of the month that holds `day`."""
    return day.replace(day=1)


def last_day_of(month: date) -> date:
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def window_of(tenant: Tenant, month: date) -> TenantWindow:
    """The month in the tenant's zone; `month`: its first day."""
    return TenantWindow(tenant.slug, tenant.zone, month, last_day_of(month))


def client_of(contact_id: int | None, dialog_id: int) -> str:
    """Who is counted: the CRM's contact, else the chat."""
    return f"dialog:{dialog_id}" if contact_id is None else f"contact:{contact_id}"


def count_dialogs(connection: Connection, month: date) -> Counted:
    """The billable dialogs of a month, inside a `db.tenant(slug)` transaction."""
    contacts: dict[int, int | None] = {}
    first: dict[int, date] = {}
    for row in connection.execute(_answered(month)):
        dialog = int(row.dialog)
        first.setdefault(dialog, row.day)
        # The newest word about whose chat it is holds for the whole month.
        contacts[dialog] = contacts.get(dialog) if row.contact_id is None else row.contact_id
    clients = {dialog: client_of(contacts[dialog], dialog) for dialog in first}
    began: dict[str, date] = {}
    for dialog, client in clients.items():
        began[client] = min(first[dialog], began.get(client, first[dialog]))
    return Counted(month, dict(sorted(Counter(began.values()).items())), clients)


def counted_dialogs(db: Database, tenant: str, month: date) -> Counted:
    """The billable dialogs of a month."""
    with db.tenant(tenant) as connection:
        return count_dialogs(connection, month)


def store_usage(db: Database, tenant: Tenant, months: Collection[date]) -> None:
    """Write down what these months' rows give; the operator's list and the months before read it from there."""
    with db.tenant(tenant.slug) as connection:
        for month in sorted(months):
            values = {
                "dialogs": count_dialogs(connection, month).total,
                "reports": connection.scalar(_reports(tenant, month)) or 0,
            }
            connection.execute(
                postgresql.insert(usage_month)
                .values(tenant=tenant.slug, month=month, ai_calls=0, ai_tokens=0, ai_cost=Decimal(0), **values)
                .on_conflict_do_update(index_elements=["tenant", "month"], set_=values)
            )


def month_so_far(db: Database, tenant: Tenant, now: datetime) -> MonthSoFar:
    """What the present local month has used, counted now, and what is known of the months before."""
    today = window_of(tenant, month_of(now.date())).day_of(now)
    month = month_of(today)
    kept = select(usage_month).where(usage_month.c.month <= month).order_by(usage_month.c.month.desc())
    newest = select(ai_call.c.currency).where(ai_call.c.currency != "").order_by(ai_call.c.called_at.desc()).limit(1)
    with db.tenant(tenant.slug) as connection:
        rows = connection.execute(kept.limit(HISTORY_MONTHS + 1)).all()
        months = [Usage(row.month, row.dialogs, row.reports, row.ai_calls, row.ai_tokens, row.ai_cost) for row in rows]
        counted = count_dialogs(connection, month)
        numbers = connection.execute(
            select(
                _reports(tenant, month).scalar_subquery().label("reports"),
                select(func.count()).select_from(membership).scalar_subquery().label("members"),
                newest.scalar_subquery().label("currency"),
            )
        ).one()
        plan = plan_of(connection, tenant.slug)
    stored = months[0] if months and months[0].month == month else Usage(month, 0, 0, 0, 0, Decimal(0))
    return MonthSoFar(
        plan=plan,
        usage=replace(stored, dialogs=counted.total, reports=numbers.reports),
        counted=counted,
        forecast=forecast(counted, today),
        members=numbers.members,
        currency=numbers.currency or "",
        past=tuple(one for one in months if one.month < month),
    )


def forecast(counted: Counted, today: date) -> int | None:
    """Dialogs at the month's end at the pace of its last ended days; None where none of them has ended or is known."""
    ended = (today - counted.month).days
    days = [today - timedelta(days=back) for back in range(1, min(ended, PACE_DAYS) + 1)]
    if not days or not counted.total:
        return None
    pace = sum(counted.new.get(day, 0) for day in days) / len(days)
    left = (last_day_of(counted.month) - today).days
    # Today counts as what it has brought already, or as a day like the others.
    rest_of_today = max(0.0, pace - counted.new.get(today, 0))
    return round(counted.total + rest_of_today + pace * left)


def _answered(month: date) -> Select[tuple[str, date, int | None]]:
    """Answered dialogs of the month by day; an episode's key begins with its chat's number."""
    link = episode_analysis_day.c
    dialog = func.split_part(link.episode_key, ":", 1)
    return (
        select(cast(dialog, Text).label("dialog"), link.day, func.max(link.contact_id).label("contact_id"))
        .join(episode_analysis, episode_analysis.c.analysis_key == link.analysis_key)
        .where(link.day >= month, link.day <= last_day_of(month), episode_analysis.c.status == OK)
        .where(dialog.regexp_match(r"^\d+$"))
        .group_by(dialog, link.day)
        .order_by(link.day)
    )


def _reports(tenant: Tenant, month: date) -> Select[tuple[int]]:
    window = window_of(tenant, month)
    return select(func.count()).where(
        run_request.c.kind == RequestKind.REPORT,
        run_request.c.status == "done",
        run_request.c.finished_at >= window.start,
        run_request.c.finished_at < window.end,
    )
