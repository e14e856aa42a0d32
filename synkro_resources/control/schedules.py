"""Schedules of reports: what goes out when and where to, who changed it, and which ones a tick must look at."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import Connection, Row, func, select, update
from sqlalchemy.dialects import postgresql

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.lead_times import FIRST_GUESS
from synkro_resources.control.plans import plan_of
from synkro_resources.control.run_requests import SCHEDULE_PREFIX
from synkro_resources.control.schedule_checks import (
    KINDS,
    NO_PLAN,
    check_destinations,
    check_fields,
    check_plan,
    checked_days,
)
from synkro_resources.control.tables.runs import OPEN_STATUSES, report_schedule, run_request
from synkro_resources.control.tables.tenancy import tenant as tenant_table
from synkro_resources.control.tenants import require_active, tenant_settings
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.period import PeriodKind
from synkro_resources.rules.due import Occurrence, Rule, next_occurrence
from synkro_resources.rules.working_time import Calendar

SCHEDULES_PER_TICK = 500
SUSPENDED = "tenant.suspended"
BROKEN = "integration.broken"


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule. `at`: local time of the tenant; instants are UTC.

    `destinations`: ids, none for all enabled ones. `language`: empty for the tenant's. `paused_reason`: why an enabled
    schedule is skipped at present (an error's code), or what a person who paused it gave as the reason.
    """

    id: str
    tenant: str
    kind: PeriodKind
    at: time
    weekdays: tuple[int, ...]
    language: str
    destinations: tuple[str, ...]
    enabled: bool
    lead_minutes: int
    next_due_at: datetime | None
    paused_reason: str
    updated_at: datetime
    updated_by: str

    @property
    def rule(self) -> Rule:
        return Rule(self.kind, self.at, self.weekdays)

    @property
    def lead(self) -> timedelta:
        return timedelta(minutes=self.lead_minutes)


def set_schedule(
    db: Database,
    tenant: str,
    *,
    kind: PeriodKind,
    at: time,
    actor: str,
    clock: Clock,
    weekdays: Collection[int] = (),
    destinations: Sequence[str] = (),
    language: str = "",
    schedule_id: str | None = None,
) -> Schedule:
    """Add a schedule, or change the one of this id (default: the kind's own); it is enabled from now on.

    Raises:
        RefusedError: `plan.schedules` or `tenant.suspended`.
        UserInputError: `schedule.bad_id`, `schedule.bad_kind`, `schedule.bad_days`, `schedule.bad_time`,
            `schedule.bad_language`, `schedule.unknown_destination` or `tenant.unknown`.
    """
    chosen, days = schedule_id or kind.value, checked_days(kind, weekdays)
    check_fields(chosen, kind, at, language)
    rule, now = Rule(kind, at, days), clock.now()
    following = next_occurrence(rule, Calendar.of(tenant_settings(db, tenant)), now)
    values: dict[str, object] = {
        "kind": kind.value,
        "at_time": at,
        "weekdays": list(days),
        "language": language,
        "destinations": list(dict.fromkeys(destinations)),
        "enabled": True,
        "next_due_at": None if following is None else following.at,
        "paused_reason": "",
        "updated_at": now,
        "updated_by": actor,
    }
    with db.tenant(tenant) as connection:
        require_active(connection, tenant)
        check_plan(connection, tenant)
        check_destinations(connection, destinations)
        row = connection.execute(
            postgresql.insert(report_schedule)
            .values(tenant=tenant, schedule_id=chosen, lead_minutes=round(FIRST_GUESS / timedelta(minutes=1)), **values)
            .on_conflict_do_update(index_elements=["tenant", "schedule_id"], set_=values)
            .returning(report_schedule)
        ).one()
        if following is not None:
            _move_waiting(connection, chosen, following)
        details = {
            "kind": kind.value,
            "at": f"{at:%H:%M}",
            "weekdays": list(days),
            "destinations": len(destinations),
            "language": language,
        }
        record(connection, at=now, actor=actor, action="schedule.set", tenant=tenant, target=chosen, details=details)
    return _schedule(row)


def pause_schedule(
    db: Database, tenant: str, schedule_id: str, *, actor: str, clock: Clock, reason: str = ""
) -> Schedule:
    """Send nothing more by this schedule; a report that waits for its time is cancelled.

    Raises:
        UserInputError: `schedule.unknown`.
    """
    now = clock.now()
    changes: dict[str, object] = {"enabled": False, "next_due_at": None, "paused_reason": reason}
    with db.tenant(tenant) as connection:
        row = _change(connection, tenant, schedule_id, changes, actor, now)
        connection.execute(
            update(run_request)
            .where(
                run_request.c.schedule_id == schedule_id,
                run_request.c.status.in_(OPEN_STATUSES),
                run_request.c.requested_by.startswith(SCHEDULE_PREFIX),  # somebody who asked meanwhile still wants it
            )
            .values(status="cancelled", finished_at=now)
        )
        record(
            connection, at=now, actor=actor, action="schedule.paused", tenant=tenant, target=schedule_id, reason=reason
        )
    return _schedule(row)


def resume_schedule(db: Database, tenant: str, schedule_id: str, *, actor: str, clock: Clock) -> Schedule:
    """Go on from now; what fell into the pause is not made up for.

    Raises:
        UserInputError: `schedule.unknown`. RefusedError: `plan.schedules` or `tenant.suspended`.
    """
    now, known = clock.now(), get_schedule(db, tenant, schedule_id)
    following = next_occurrence(known.rule, Calendar.of(tenant_settings(db, tenant)), now)
    changes: dict[str, object] = {
        "enabled": True,
        "next_due_at": None if following is None else following.at,
        "paused_reason": "",
    }
    with db.tenant(tenant) as connection:
        require_active(connection, tenant)
        check_plan(connection, tenant)
        row = _change(connection, tenant, schedule_id, changes, actor, now)
        record(connection, at=now, actor=actor, action="schedule.resumed", tenant=tenant, target=schedule_id)
    return _schedule(row)


def list_schedules(db: Database, tenant: str) -> list[Schedule]:
    """The tenant's schedules, those of days first."""
    order = func.array_position(postgresql.array([kind.value for kind in KINDS]), report_schedule.c.kind)
    with db.tenant(tenant) as connection:
        rows = connection.execute(select(report_schedule).order_by(order, report_schedule.c.schedule_id))
        return [_schedule(row) for row in rows]


def get_schedule(db: Database, tenant: str, schedule_id: str) -> Schedule:
    """One schedule.

    Raises:
        UserInputError: `schedule.unknown`.
    """
    with db.tenant(tenant) as connection:
        row = connection.execute(
            select(report_schedule).where(report_schedule.c.schedule_id == schedule_id)
        ).one_or_none()
    if row is None:
        raise _unknown(tenant, schedule_id)
    return _schedule(row)


def due_schedules(db: Database, cell: str, now: datetime, limit: int = SCHEDULES_PER_TICK) -> list[Schedule]:
    """The enabled schedules of the cell's active tenants whose next report must be asked for by `now`.

    Those that are skipped at present come last, so that they never keep the others out of a tick.
    """
    columns = report_schedule.c
    lead = func.make_interval(0, 0, 0, 0, 0, columns.lead_minutes)
    query = (
        select(report_schedule)
        .join(tenant_table, tenant_table.c.slug == columns.tenant)
        .where(columns.enabled, tenant_table.c.status == "active", columns.next_due_at - lead <= now)
        .order_by(columns.paused_reason != "", columns.next_due_at)
        .limit(limit)
    )
    with db.scheduler(cell) as connection:
        return [_schedule(row) for row in connection.execute(query)]


def mark_suspended(db: Database, cell: str) -> None:
    """Say at the schedules of suspended tenants why nothing comes."""
    columns = report_schedule.c
    is_suspended = columns.tenant.in_(select(tenant_table.c.slug).where(tenant_table.c.status != "active"))
    with db.scheduler(cell) as connection:
        connection.execute(
            update(report_schedule)
            .where(is_suspended, columns.enabled, columns.paused_reason != SUSPENDED)
            .values(paused_reason=SUSPENDED)
        )


def mark_skipped(db: Database, cell: str, schedule: Schedule, reason: str) -> None:
    """Say why an enabled schedule does not ask at present; empty: it does again."""
    if schedule.paused_reason != reason:
        _update_as_scheduler(db, cell, schedule, {"paused_reason": reason})


def move_on(db: Database, schedule: Schedule, following: Occurrence | None, lead: timedelta) -> None:
    """Look at the schedule again before `following`; nothing if a person has changed the schedule meanwhile."""
    columns = report_schedule.c
    with db.tenant(schedule.tenant) as connection:
        connection.execute(
            update(report_schedule)
            .where(columns.schedule_id == schedule.id, columns.next_due_at == schedule.next_due_at)
            .values(
                next_due_at=None if following is None else following.at,
                lead_minutes=round(lead / timedelta(minutes=1)),
                paused_reason="",
            )
        )


def allows_schedules(db: Database, tenant: str) -> bool:
    """Whether the tenant's plan has schedules."""
    with db.tenant(tenant) as connection:
        return plan_of(connection, tenant).schedules_allowed


def skip_sentence(reason: str) -> Sentence | None:
    """A reason of `paused_reason` in words; None for one that a person wrote."""
    return _SKIPPED.get(reason)


_SKIPPED = {
    SUSPENDED: Sentence("Компания приостановлена.", "The tenant is suspended."),
    NO_PLAN: Sentence("Тариф не включает расписание.", "The plan has no schedules."),
    BROKEN: Sentence(
        "Отчёты подряд не удались из-за подключения: проверьте его в настройках.",
        "Reports failed in a row because of a connection: check it in the settings.",
    ),
}


def _update_as_scheduler(db: Database, cell: str, schedule: Schedule, changes: dict[str, object]) -> None:
    columns = report_schedule.c
    with db.scheduler(cell) as connection:
        connection.execute(
            update(report_schedule)
            .where(columns.tenant == schedule.tenant, columns.schedule_id == schedule.id)
            .values(**changes)
        )


def _change(
    connection: Connection, tenant: str, schedule_id: str, changes: dict[str, object], actor: str, now: datetime
) -> Row[tuple[object, ...]]:
    row = connection.execute(
        update(report_schedule)
        .where(report_schedule.c.schedule_id == schedule_id)
        .values(**changes, updated_at=now, updated_by=actor)
        .returning(report_schedule)
    ).one_or_none()
    if row is None:
        raise _unknown(tenant, schedule_id)
    return row


def _move_waiting(connection: Connection, schedule_id: str, following: Occurrence) -> None:
    """A report that waits for the old time leaves at the new one."""
    columns = run_request.c
    connection.execute(
        update(run_request)
        .where(
            columns.schedule_id == schedule_id,
            columns.status.in_(OPEN_STATUSES),
            columns.period_kind == following.period.kind.value,
            columns.first_day == following.period.first_day,
        )
        .values(due_at=following.at)
    )


def _unknown(tenant: str, schedule_id: str) -> UserInputError:
    return UserInputError(
        "schedule.unknown",
        Sentence(f"Расписания {schedule_id} нет.", f"There is no schedule {schedule_id}."),
        Sentence("Посмотрите список расписаний.", "Look at the list of schedules."),
        tenant=tenant,
    )


def _schedule(row: Row[tuple[object, ...]]) -> Schedule:
    return Schedule(
        id=row.schedule_id,
        tenant=row.tenant,
        kind=PeriodKind(row.kind),
        at=row.at_time,
        weekdays=tuple(row.weekdays),
        language=row.language,
        destinations=tuple(row.destinations),
        enabled=row.enabled,
        lead_minutes=row.lead_minutes,
        next_due_at=row.next_due_at,
        paused_reason=row.paused_reason,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
    )
