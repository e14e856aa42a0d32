"""Requests for runs: the one road by which buttons, schedules and commands ask for data and reports."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    insert,
    select,
    text,
    true,
    update,
)

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.plans import plan_of
from synkro_resources.control.quotas import USER_PREFIX, check_history, check_manual_requests, made_today
from synkro_resources.control.sentences import error_columns
from synkro_resources.control.tables.runs import OPEN_STATUSES, run_request
from synkro_resources.control.tables.tenancy import tenant as tenant_table
from synkro_resources.control.tenants import Tenant, require_active
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import Sentence, SynkroError, UserInputError
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period, PeriodKind
from synkro_resources.model.window import TenantWindow

RequestStatus = Literal["open", "running", "done", "failed", "cancelled"]
LONGEST_REPORT_DAYS = 92  # a quarter (docs/report.md, «Custom»)
HISTORY_DAYS = 31
"""A load of more days is nobody's urgent wish, even if a person asks for it."""
SCHEDULE_PREFIX = "schedule:"


@dataclass(frozen=True, slots=True)
class Scheduled:
    """For which schedule a report is asked, and when it may leave (UTC). A refinement is asked for once, too."""

    schedule_id: str
    due_at: datetime
    is_refinement: bool = False


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One request. `stage`, `attempt` and `plan` are the saga's own memory; instants are UTC."""

    id: str
    tenant: str
    kind: RequestKind
    period: Period
    requested_by: str
    reason: str
    status: RequestStatus
    stage: str
    attempt: int
    created_at: datetime
    finished_at: datetime | None
    error_code: str
    what_ru: str
    what_en: str
    remedy_ru: str
    remedy_en: str
    plan: dict[str, object]
    due_at: datetime | None = None
    """When a scheduled report leaves; None: as soon as it is ready."""
    schedule_id: str | None = None

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES

    @property
    def waits_until(self) -> datetime | None:
        """`due_at` of a request that only its schedule has asked for: somebody who asks meanwhile need not wait."""
        return self.due_at if self.requested_by.startswith(SCHEDULE_PREFIX) else None


def create_request(
    db: Database,
    *,
    tenant: str,
    kind: RequestKind,
    period: Period,
    requested_by: str,
    reason: str,
    clock: Clock,
    scheduled: Scheduled | None = None,
    missed: SynkroError | None = None,
) -> RunRequest:
    """Ask for a run; an identical request that is still open is returned instead of a second one.

    A scheduled report that waits for its time no longer does once anybody else asks for it; it keeps its schedule.

    `requested_by`: `user:<id>`, `schedule:<id>`, `cli` or another word. Requests of people count against the plan's
    limit per local day of the tenant, and do not load days before its history. `scheduled`: the schedule's request of
    this period is returned whatever became of it. `missed`: nothing is to be run, people shall read why.

    Raises:
        RefusedError: `tenant.suspended`, `plan.manual_requests` or `plan.history`.
        UserInputError: `tenant.unknown`, `report.period_too_long` or `report.period_not_begun`.
    """
    now = clock.now()
    with db.tenant(tenant) as connection:
        # Without turns, two clicks at once would both find no open request and one request of quota left.
        connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"run_request:{tenant}"}
        )
        who = require_active(connection, tenant)
        if kind is RequestKind.REPORT:
            _check_reportable(who, period, now)
        same = None if scheduled is None else connection.execute(_of_schedule(scheduled, period)).one_or_none()
        if same is None and missed is None:
            same = connection.execute(select(run_request).where(_open_twin(kind, period))).one_or_none()
        if same is not None and not _is_brought_forward(same, requested_by, now):
            return _request(same)
        if requested_by.startswith(USER_PREFIX):
            check_manual_requests(connection, who, now)
            check_history(connection, who, kind, period, now)
        if same is not None:
            return _bring_forward(connection, same, requested_by, reason, now)
        row = connection.execute(
            insert(run_request)
            .values(
                tenant=tenant,
                request_id=uuid.uuid4().hex,
                kind=kind.value,
                period_kind=period.kind.value,
                first_day=period.first_day,
                last_day=period.last_day,
                requested_by=requested_by,
                reason=reason,
                status="open" if missed is None else "cancelled",
                stage="",
                attempt=1,
                plan={},
                created_at=now,
                finished_at=None if missed is None else now,
                schedule_id=None if scheduled is None else scheduled.schedule_id,
                is_refinement=scheduled is not None and scheduled.is_refinement,
                due_at=None if scheduled is None else scheduled.due_at,
                **error_columns(missed),
            )
            .returning(run_request)
        ).one()
        if kind is not RequestKind.REFRESH or requested_by.startswith(USER_PREFIX):  # not the clock's forty a day
            record(
                connection,
                at=now,
                actor=requested_by,
                action="run.requested" if missed is None else "run.missed",
                tenant=tenant,
                target=row.request_id,
                reason=reason,
                details={"kind": kind.value, "period": period.report_id},
            )
        return _request(row)


def _is_brought_forward(same: Row[tuple[object, ...]], requested_by: str, now: datetime) -> bool:
    until = _request(same).waits_until
    return until is not None and now < until and not requested_by.startswith(SCHEDULE_PREFIX)


def _bring_forward(
    connection: Connection, waiting: Row[tuple[object, ...]], requested_by: str, reason: str, now: datetime
) -> RunRequest:
    brought = connection.execute(
        update(run_request)
        .where(run_request.c.request_id == waiting.request_id)
        .values(requested_by=requested_by)
        .returning(run_request)
    ).one()
    found = _request(brought)
    record(
        connection,
        at=now,
        actor=requested_by,
        action="run.requested",
        tenant=found.tenant,
        target=found.id,
        reason=reason,
        details={"kind": found.kind.value, "period": found.period.report_id, "schedule": str(found.schedule_id)},
    )
    return found


def _check_reportable(who: Tenant, period: Period, now: datetime) -> None:
    """A report tells of days that have begun; a custom one of a quarter at most, or nobody reads it."""
    today = TenantWindow(who.slug, who.zone, period.first_day, period.first_day).day_of(now)
    if period.first_day > today:
        raise UserInputError(
            "report.period_not_begun",
            Sentence("Этот период ещё не начался.", "This period has not begun yet."),
            Sentence("Выберите период до сегодняшнего дня.", "Choose a period up to today."),
            tenant=who.slug,
        )
    if period.kind is PeriodKind.CUSTOM and len(period.days) > LONGEST_REPORT_DAYS:
        raise UserInputError(
            "report.period_too_long",
            Sentence(
                f"Период отчёта длиннее {LONGEST_REPORT_DAYS} дней.",
                f"The period of a report is longer than {LONGEST_REPORT_DAYS} days.",
            ),
            Sentence("Выберите период короче или месяц.", "Choose a shorter period, or a month."),
            tenant=who.slug,
        )


def open_requests(db: Database, cell: str, limit: int = 100, *, awake_at: datetime | None = None) -> list[RunRequest]:
    """Open and running requests of the cell's active tenants, for the scheduler: buttons, schedules, then the rest.

    `awake_at`: leave out those that only wait until later than this; hundreds of them would fill every tick.
    """
    query = (
        select(run_request)
        .join(tenant_table, tenant_table.c.slug == run_request.c.tenant)
        .where(run_request.c.status.in_(OPEN_STATUSES), tenant_table.c.status == "active")
        .where(true() if awake_at is None else ~_waits_beyond(awake_at))
        .order_by(_urgency(), run_request.c.created_at)
        .limit(limit)
    )
    with db.scheduler(cell) as connection:
        return [_request(row) for row in connection.execute(query)]


def leaving_at(db: Database, cell: str, due_at: datetime) -> int:
    """How many reports of the cell leave at this instant and have not left yet."""
    columns = run_request.c
    query = select(func.count()).where(columns.due_at == due_at, columns.status.in_(OPEN_STATUSES))
    with db.scheduler(cell) as connection:
        return connection.scalar(query) or 0


def get_request(db: Database, tenant: str, request_id: str) -> RunRequest:
    """One request of a tenant.

    Raises:
        UserInputError: `run.unknown_request`.
    """
    with db.tenant(tenant) as connection:
        row = connection.execute(select(run_request).where(run_request.c.request_id == request_id)).one_or_none()
    if row is None:
        raise _unknown(request_id)
    return _request(row)


def request_by_id_for_scheduler(db: Database, cell: str, request_id: str) -> RunRequest | None:
    """One request of the cell, or None: also for a request of another cell."""
    with db.scheduler(cell) as connection:
        row = connection.execute(select(run_request).where(run_request.c.request_id == request_id)).one_or_none()
    return None if row is None else _request(row)


def list_requests(db: Database, tenant: str, limit: int = 20, *, routine: bool = True) -> list[RunRequest]:
    """The newest requests of a tenant, newest first.

    `routine`: also the refreshes that nobody asked for and that went well: forty a day would hide all others.
    """
    columns = run_request.c
    query = select(run_request).order_by(columns.created_at.desc()).limit(limit)
    if not routine:
        is_routine = and_(columns.kind == RequestKind.REFRESH.value, columns.status == "done")
        query = query.where(~is_routine | columns.requested_by.startswith(USER_PREFIX))
    with db.tenant(tenant) as connection:
        return [_request(row) for row in connection.execute(query)]


def newest_request_of(db: Database, tenant: str, requested_by: str) -> RunRequest | None:
    """The newest request that one has asked for, None: there is none."""
    columns = run_request.c
    query = select(run_request).where(columns.requested_by == requested_by).order_by(columns.created_at.desc()).limit(1)
    with db.tenant(tenant) as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else _request(row)


def last_of_schedule(db: Database, tenant: str, schedule_id: str, limit: int) -> list[RunRequest]:
    """The newest ended requests of a schedule that were to be run, newest first."""
    columns = run_request.c
    query = (
        select(run_request)
        .where(columns.schedule_id == schedule_id, columns.status.in_(("done", "failed")))
        .order_by(columns.due_at.desc())
        .limit(limit)
    )
    with db.tenant(tenant) as connection:
        return [_request(row) for row in connection.execute(query)]


def refinable_requests(db: Database, cell: str, since: datetime) -> list[RunRequest]:
    """Scheduled reports that were done after `since` and whose refinement nobody has asked for, of the whole cell."""
    columns, refined = run_request.c, run_request.alias("refined")
    is_refined = exists().where(
        refined.c.tenant == columns.tenant,
        refined.c.schedule_id == columns.schedule_id,
        refined.c.is_refinement,
        refined.c.period_kind == columns.period_kind,
        refined.c.first_day == columns.first_day,
        refined.c.last_day == columns.last_day,
    )
    query = (
        select(run_request)
        .join(tenant_table, tenant_table.c.slug == columns.tenant)
        .where(columns.schedule_id.is_not(None), ~columns.is_refinement, columns.status == "done")
        .where(columns.finished_at >= since, tenant_table.c.status == "active", ~is_refined)
        .order_by(columns.finished_at)
    )
    with db.scheduler(cell) as connection:
        return [_request(row) for row in connection.execute(query)]


def update_request(
    db: Database,
    tenant: str,
    request_id: str,
    *,
    clock: Clock,
    status: RequestStatus | None = None,
    stage: str | None = None,
    attempt: int | None = None,
    plan: Mapping[str, object] | None = None,
    error: SynkroError | None = None,
) -> RunRequest:
    """Change what is given and leave the rest; an end status sets `finished_at`, any other clears it.

    An error stays with the request until a later status clears it (`open`, `running` or `done`).

    Raises:
        UserInputError: `run.unknown_request`.
    """
    changes: dict[str, object] = {}
    if status is not None:
        changes |= {"status": status, "finished_at": None if status in OPEN_STATUSES else clock.now()}
        if status in (*OPEN_STATUSES, "done"):
            changes |= error_columns(None)
    given = {"stage": stage, "attempt": attempt, "plan": None if plan is None else dict(plan)}
    changes |= {name: value for name, value in given.items() if value is not None}
    if error is not None:
        changes |= error_columns(error)
    if not changes:
        return get_request(db, tenant, request_id)
    with db.tenant(tenant) as connection:
        row = connection.execute(
            update(run_request).where(run_request.c.request_id == request_id).values(**changes).returning(run_request)
        ).one_or_none()
    if row is None:
        raise _unknown(request_id)
    return _request(row)


def requests_left_today(db: Database, tenant: str, clock: Clock) -> int:
    """How many more requests people of this tenant may make before its local midnight."""
    with db.tenant(tenant) as connection:
        who = require_active(connection, tenant)
        limit = plan_of(connection, tenant).manual_requests_per_day
        return max(0, limit - made_today(connection, who, clock.now()))


def requests_today(db: Database, tenant: Tenant, now: datetime) -> int:
    """How many requests people of this tenant have made since its local midnight."""
    with db.tenant(tenant.slug) as connection:
        return made_today(connection, tenant, now)


def _waits_beyond(instant: datetime) -> ColumnElement[bool]:
    """Whether all is loaded and only the time of a scheduled report is awaited, which is later than this."""
    columns = run_request.c
    is_scheduled = columns.requested_by.startswith(SCHEDULE_PREFIX)
    is_last = columns.stage.startswith(f"{RequestKind.REPORT.value}-")
    return and_(is_scheduled, is_last, func.coalesce(columns.due_at > instant, false()))


def _urgency() -> ColumnElement[int]:
    """A hundred backfills must not keep the report of a person, or of this morning, out of a tick."""
    columns, asked_by = run_request.c, run_request.c.requested_by
    loads = columns.kind.in_((RequestKind.DATA.value, RequestKind.LABELS.value))
    is_history = and_(loads, columns.last_day - columns.first_day >= HISTORY_DAYS)
    return case(
        (is_history, 2), (asked_by.startswith(USER_PREFIX), 0), (asked_by.startswith(SCHEDULE_PREFIX), 1), else_=2
    )


def _of_schedule(scheduled: Scheduled, period: Period) -> Select[tuple[object, ...]]:
    columns = run_request.c
    return select(run_request).where(
        columns.schedule_id == scheduled.schedule_id,
        columns.is_refinement == scheduled.is_refinement,
        columns.period_kind == period.kind.value,
        columns.first_day == period.first_day,
        columns.last_day == period.last_day,
    )


def _open_twin(kind: RequestKind, period: Period) -> ColumnElement[bool]:
    columns = run_request.c
    return and_(
        columns.status.in_(OPEN_STATUSES),
        columns.kind == kind.value,
        columns.period_kind == period.kind.value,
        columns.first_day == period.first_day,
        columns.last_day == period.last_day,
    )


def _request(row: Row[tuple[object, ...]]) -> RunRequest:
    return RunRequest(
        id=row.request_id,
        tenant=row.tenant,
        kind=RequestKind(row.kind),
        period=Period(PeriodKind(row.period_kind), row.first_day, row.last_day),
        requested_by=row.requested_by,
        reason=row.reason,
        status=row.status,
        stage=row.stage,
        attempt=row.attempt,
        created_at=row.created_at,
        finished_at=row.finished_at,
        error_code=row.error_code,
        what_ru=row.what_ru,
        what_en=row.what_en,
        remedy_ru=row.remedy_ru,
        remedy_en=row.remedy_en,
        plan=row.plan,
        due_at=row.due_at,
        schedule_id=row.schedule_id,
    )


def _unknown(request_id: str) -> UserInputError:
    return UserInputError(
        "run.unknown_request",
        Sentence(f"Запрос {request_id} не найден.", f"There is no request {request_id}."),
        Sentence("Проверьте номер запроса.", "Check the request's id."),
    )
