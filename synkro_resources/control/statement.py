"""The statement of a month: what was used of the plan, by day, and which scheduled reports left at their time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, select

from synkro_resources.control.checklist import Item, checklist_of
from synkro_resources.control.data_quality import QualityNote, quality_note
from synkro_resources.control.database import Database
from synkro_resources.control.plans import Plan
from synkro_resources.control.services import ServiceLine, services_of
from synkro_resources.control.tables.delivery import delivery
from synkro_resources.control.tables.runs import run_request
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.usage import Counted, Usage, counted_dialogs, month_so_far, window_of
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period, PeriodKind

GRACE = timedelta(minutes=5)
"""Parts leave one after another, at the messenger's pace: a report that has arrived by then left in time."""


@dataclass(frozen=True, slots=True)
class SendTime:
    """One promised report. Instants are UTC; `sent_at`: its last part at the slowest of its addressees; None: never."""

    period: Period
    due_at: datetime
    sent_at: datetime | None

    @property
    def is_kept(self) -> bool:
        return self.sent_at is not None and self.sent_at <= self.due_at + GRACE


@dataclass(frozen=True, slots=True)
class Statement:
    """`send_times` is None where the plan promises none.

    `services`: what was sold beside the plan. `checklist` comes with the onboarding package, `quality` with the managed
    service.
    """

    tenant: Tenant
    plan: Plan
    usage: Usage
    counted: Counted
    currency: str
    members: int
    send_times: tuple[SendTime, ...] | None
    services: tuple[ServiceLine, ...] = ()
    checklist: Mapping[Item, bool] | None = None
    quality: QualityNote | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a message; `sent_at` is None unless it surely arrived."""

    destination_id: str
    revision: int
    created_at: datetime
    sent_at: datetime | None


def statement_of(db: Database, tenant: Tenant, month: date, now: datetime) -> Statement:
    """The statement of the month that begins at `month`; of the present one as far as it has gone.

    A month that is over is told as it was written down then: rows that were erased since change no bill.
    """
    present = month_so_far(db, tenant, now)
    if month == present.usage.month:
        usage, counted = present.usage, present.counted
    else:
        counted = counted_dialogs(db, tenant.slug, month)
        stored = next((one for one in present.past if one.month == month), None)
        usage = stored or Usage(month, counted.total, 0, 0, 0, Decimal(0))
    promised = send_times(db, tenant, month, now) if present.plan.promises_send_time else None
    services = services_of(db, tenant.slug, month)
    kinds = {line.kind for line in services}
    window = window_of(tenant, month)
    return Statement(
        tenant=tenant,
        plan=present.plan,
        usage=usage,
        counted=counted,
        currency=present.currency,
        members=present.members,
        send_times=promised,
        services=services,
        checklist=checklist_of(db, tenant.slug) if "onboarding" in kinds else None,
        quality=quality_note(db, window, window.day_of(now)) if "managed" in kinds else None,
    )


def send_times(db: Database, tenant: Tenant, month: date, now: datetime) -> tuple[SendTime, ...]:
    """The scheduled reports that were due in the month, in the order of their times."""
    window = window_of(tenant, month)
    query = (
        select(run_request)
        .where(
            run_request.c.kind == RequestKind.REPORT,
            run_request.c.schedule_id.is_not(None),
            run_request.c.is_refinement.is_(False),
            run_request.c.due_at >= window.start,
            run_request.c.due_at < min(window.end, now - GRACE),
        )
        .order_by(run_request.c.due_at, run_request.c.request_id)
    )
    with db.tenant(tenant.slug) as connection:
        due = connection.execute(query).all()
        periods = [Period(PeriodKind(row.period_kind), row.first_day, row.last_day) for row in due]
        parts = _parts(connection, [period.report_id for period in periods])
    return tuple(
        SendTime(period, row.due_at, _arrival(parts.get(period.report_id, ()), row.created_at))
        for row, period in zip(due, periods, strict=True)
    )


def _parts(connection: Connection, report_ids: Sequence[str]) -> Mapping[str, Sequence[_Part]]:
    column = delivery.c
    rows = connection.execute(
        select(column.report_id, column.destination_id, column.revision, column.created_at, column.state)
        .add_columns(column.sent_at)
        .where(column.report_id.in_(report_ids), column.is_resend.is_(False))
        .order_by(column.revision)
    )
    found: defaultdict[str, list[_Part]] = defaultdict(list)
    for row in rows:
        at = row.sent_at if row.state == "sent" else None
        found[row.report_id].append(_Part(row.destination_id, row.revision, row.created_at, at))
    return found


def _arrival(parts: Sequence[_Part], asked_at: datetime) -> datetime | None:
    """When the first edition that was made since `asked_at` had arrived whole at all its addressees; None: never."""
    first: dict[str, int] = {}
    ends: list[datetime | None] = []
    for part in parts:
        if part.created_at >= asked_at and first.setdefault(part.destination_id, part.revision) == part.revision:
            ends.append(part.sent_at)
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None
