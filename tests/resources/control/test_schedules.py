"""A person sets when reports come and is told what does not fit; a schedule asks once per period, in its own cell."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from synkro_resources.control import journal, schedules, tenants
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import add_destination, disable_destination
from synkro_resources.control.lead_times import (
    ENOUGH,
    FIRST_GUESS,
    LAST_REFRESH,
    SHORTEST,
    lead_of,
    lead_time,
)
from synkro_resources.control.plans import change_plan
from synkro_resources.control.run_requests import (
    RunRequest,
    Scheduled,
    create_request,
    get_request,
    open_requests,
    update_request,
)
from synkro_resources.control.schedules import Schedule
from synkro_resources.control.tables.tenancy import plan
from synkro_resources.control.tenants import Tenant, save_tenant_settings, tenant_settings
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError, UserInputError
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period, PeriodKind

MORNING = time(8, 30)
THURSDAY = Period.day(date(2026, 11, 19))
MONDAY_0830 = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)  # the clock stands at Friday noon


def daily(db: Database, clock: FixedClock, tenant: Tenant, **given: Any) -> Schedule:
    wanted: dict[str, Any] = {"kind": PeriodKind.DAY, "at": MORNING} | given
    return schedules.set_schedule(db, tenant.slug, actor="user:1", clock=clock, **wanted)


def ask(db: Database, clock: FixedClock, tenant: Tenant, by: str = "schedule:day", **more: Any) -> RunRequest:
    return create_request(
        db,
        tenant=tenant.slug,
        kind=RequestKind.REPORT,
        period=THURSDAY,
        requested_by=by,
        reason="",
        clock=clock,
        **more,
    )


def test_a_schedule_is_set_changed_paused_and_resumed_and_the_record_tells_by_whom(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    made = daily(control_db, control_clock, tenant_a)
    assert (made.id, made.next_due_at, made.weekdays) == ("day", MONDAY_0830, (1, 2, 3, 4, 5, 6, 7))
    later = daily(control_db, control_clock, tenant_a, at=time(9, 15), weekdays=(1, 3))
    assert schedules.list_schedules(control_db, tenant_a.slug) == [later]
    paused = schedules.pause_schedule(
        control_db, tenant_a.slug, "day", actor="user:2", clock=control_clock, reason="отпуск"
    )
    assert (paused.enabled, paused.next_due_at, paused.paused_reason) == (False, None, "отпуск")
    control_clock.move(timedelta(days=7))
    resumed = schedules.resume_schedule(control_db, tenant_a.slug, "day", actor="user:2", clock=control_clock)
    assert resumed.next_due_at == MONDAY_0830 + timedelta(days=7, minutes=45)
    events = tenant_events(control_db, tenant_a.slug)
    told = [(event.action, event.actor) for event in events if event.action.startswith("schedule.")]
    assert told == [
        ("schedule.resumed", "user:2"),
        ("schedule.paused", "user:2"),
        ("schedule.set", "user:1"),
        ("schedule.set", "user:1"),
    ]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"weekdays": (0,)}, "schedule.bad_days"),
        ({"kind": PeriodKind.WEEK, "weekdays": (1, 2)}, "schedule.bad_days"),
        ({"kind": PeriodKind.MONTH, "weekdays": (1,)}, "schedule.bad_days"),
        ({"kind": PeriodKind.CUSTOM}, "schedule.bad_kind"),
        ({"at": time(8, 30, 5)}, "schedule.bad_time"),
        ({"language": "de"}, "schedule.bad_language"),
        ({"schedule_id": "../x"}, "schedule.bad_id"),
        ({"destinations": ("nobody",)}, "schedule.unknown_destination"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_remedy_and_nothing_is_stored(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant, given: dict[str, Any], code: str
) -> None:
    with pytest.raises(UserInputError) as refused:
        daily(control_db, control_clock, tenant_a, **given)
    assert refused.value.code == code
    assert refused.value.remedy.ru
    assert schedules.list_schedules(control_db, tenant_a.slug) == []


def test_a_chat_of_another_company_or_a_closed_one_cannot_be_chosen(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    for owner, is_closed in ((tenant_b, False), (tenant_a, True)):
        chat = add_destination(
            control_db, owner.slug, channel="telegram", chat_id="7", title="Чат", actor="test"
        ).destination_id
        if is_closed:
            disable_destination(control_db, owner.slug, chat, "blocked")
        with pytest.raises(UserInputError, match="unknown_destination"):
            daily(control_db, control_clock, tenant_a, destinations=(chat,))


def test_a_plan_without_schedules_says_so(control_db: Database, control_clock: FixedClock, tenant_a: Tenant) -> None:
    bare = f"bare-{tenant_a.slug}"
    with control_db.operator("op", "test") as connection:
        base = connection.execute(plan.select().where(plan.c.code == "base")).mappings().one()
        connection.execute(plan.insert().values({**base, "code": bare, "schedules_allowed": False}))
    try:
        change_plan(control_db, tenant_a.slug, bare, actor="op", reason="test", clock=control_clock)
        with pytest.raises(RefusedError, match=r"plan\.schedules"):
            daily(control_db, control_clock, tenant_a)
    finally:  # all tests share the list of plans
        change_plan(control_db, tenant_a.slug, "base", actor="op", reason="test", clock=control_clock)
        with control_db.owner() as connection:
            connection.execute(plan.delete().where(plan.c.code == bare))


def test_only_due_schedules_of_active_tenants_of_the_own_cell_are_looked_at(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    for tenant in (tenant_a, tenant_b):
        daily(control_db, control_clock, tenant)

    def seen(cell: str, now: datetime) -> set[str]:
        return {found.tenant for found in schedules.due_schedules(control_db, cell, now)}

    assert tenant_a.slug not in seen("main", MONDAY_0830 - FIRST_GUESS - timedelta(minutes=1))
    assert tenant_a.slug in seen("main", MONDAY_0830 - FIRST_GUESS)
    assert tenant_b.slug not in seen("main", MONDAY_0830)
    assert tenant_b.slug in seen("second", MONDAY_0830)
    tenants.suspend_tenant(control_db, tenant_a.slug, actor="op", reason="unpaid", clock=control_clock)
    assert tenant_a.slug not in seen("main", MONDAY_0830)
    schedules.mark_suspended(control_db, "main")
    assert schedules.get_schedule(control_db, tenant_a.slug, "day").paused_reason == schedules.SUSPENDED


def test_a_tenant_neither_sees_nor_changes_the_schedule_of_another(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    daily(control_db, control_clock, tenant_a)
    assert schedules.list_schedules(control_db, tenant_b.slug) == []
    with pytest.raises(UserInputError, match=r"schedule\.unknown"):
        schedules.pause_schedule(control_db, tenant_b.slug, "day", actor="user:9", clock=control_clock)


def test_another_zone_moves_the_next_report_and_not_a_day_too_late(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    daily(control_db, control_clock, tenant_a)
    moved = tenant_settings(control_db, tenant_a.slug).model_copy(update={"zone": "Asia/Vladivostok"})
    save_tenant_settings(control_db, tenant_a.slug, moved, changed_by="user:1", clock=control_clock)
    due = schedules.due_schedules(control_db, "main", control_clock.now())
    assert tenant_a.slug in {schedule.tenant for schedule in due}


def test_a_schedule_asks_once_per_period_also_from_six_processes_and_after_its_request_has_ended(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    mine = Scheduled("day", MONDAY_0830)
    with ThreadPoolExecutor(6) as pool:
        made = [pool.submit(ask, control_db, control_clock, tenant_a, scheduled=mine) for _ in range(6)]
        ids = {future.result().id for future in made}
    assert len(ids) == 1
    for status in ("done", "failed", "cancelled"):
        update_request(control_db, tenant_a.slug, next(iter(ids)), clock=control_clock, status=status)
        assert ask(control_db, control_clock, tenant_a, scheduled=mine).id in ids
    refined = ask(control_db, control_clock, tenant_a, scheduled=Scheduled("day", MONDAY_0830, is_refinement=True))
    assert refined.id not in ids
    assert ask(control_db, control_clock, tenant_a, by="user:1").id not in ids


def test_pausing_stops_the_report_that_waits_and_a_new_time_moves_it(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    daily(control_db, control_clock, tenant_a)
    control_clock.move(timedelta(days=-1, hours=-9))  # Thursday 08:00: Wednesday's report waits for 08:30
    scheduled = Scheduled("day", control_clock.now() + timedelta(minutes=30))
    waiting = create_request(
        control_db,
        tenant=tenant_a.slug,
        kind=RequestKind.REPORT,
        period=Period.day(date(2026, 11, 18)),
        requested_by="schedule:day",
        reason="",
        clock=control_clock,
        scheduled=scheduled,
    )
    daily(control_db, control_clock, tenant_a, at=time(9))
    assert get_request(control_db, tenant_a.slug, waiting.id).due_at == scheduled.due_at + timedelta(minutes=30)
    schedules.pause_schedule(control_db, tenant_a.slug, "day", actor="user:1", clock=control_clock)
    assert get_request(control_db, tenant_a.slug, waiting.id).status == "cancelled"


def test_a_report_that_waits_for_its_time_leaves_at_once_when_a_person_asks_and_its_schedule_asks_no_second_time(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    mine = Scheduled("day", control_clock.now() + timedelta(minutes=30))
    waiting = ask(control_db, control_clock, tenant_a, scheduled=mine)
    assert waiting.waits_until == mine.due_at
    asked = ask(control_db, control_clock, tenant_a, by="user:1")
    assert (asked.id, asked.requested_by, asked.waits_until, asked.due_at) == (waiting.id, "user:1", None, mine.due_at)
    assert ask(control_db, control_clock, tenant_a, scheduled=mine).id == waiting.id
    assert get_request(control_db, tenant_a.slug, waiting.id).waits_until is None
    control_clock.move(timedelta(hours=1))
    assert ask(control_db, control_clock, tenant_a, by="user:2").requested_by == "user:1"  # its time has come anyway
    daily(control_db, control_clock, tenant_a)
    schedules.pause_schedule(control_db, tenant_a.slug, "day", actor="user:3", clock=control_clock)
    assert get_request(control_db, tenant_a.slug, waiting.id).is_open  # user:1 has asked for it


def test_a_button_comes_before_a_schedule_and_that_before_backfills(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    words = ("cli", "schedule:day", "user:1")
    made = [
        create_request(
            control_db,
            tenant=tenant_a.slug,
            kind=RequestKind.REPORT,
            period=Period.day(date(2026, 11, number)),
            requested_by=by,
            reason="",
            clock=control_clock,
        ).id
        for number, by in enumerate(words, start=10)
    ]
    mine = [request.id for request in open_requests(control_db, "main", 1000) if request.tenant == tenant_a.slug]
    assert mine == made[::-1]


def test_the_lead_time_is_the_slow_morning_of_the_last_reports(control_db: Database, tenant_a: Tenant) -> None:
    assert lead_time(control_db, tenant_a.slug, PeriodKind.DAY) == FIRST_GUESS
    quick = [timedelta(minutes=3)] * 18
    assert lead_of(quick) == SHORTEST
    assert lead_of([*quick, timedelta(minutes=31), timedelta(minutes=90)]) == timedelta(minutes=36)


def test_a_report_is_asked_for_earlier_where_loads_stand_in_a_queue(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    for number in range(ENOUGH):
        request = create_request(
            control_db,
            tenant=tenant_a.slug,
            kind=RequestKind.REPORT,
            period=Period.day(control_clock.now().date() - timedelta(days=number + 1)),
            requested_by="cli",
            reason="test",
            clock=control_clock,
        )
        for stage, waits, takes in (("data-0", 25, 1), ("refresh-1", 40, 1), ("report-0", 1, 1)):
            control_clock.move(timedelta(minutes=waits))
            run_id = f"{request.id}-{stage}"
            journal.start_run(
                control_db,
                tenant=tenant_a.slug,
                run_id=run_id,
                request_id=request.id,
                stage=stage,
                clock=control_clock,
            )
            control_clock.move(timedelta(minutes=takes))
            journal.finish_run(control_db, tenant_a.slug, run_id, status="done", clock=control_clock)
        update_request(control_db, tenant_a.slug, request.id, clock=control_clock, status="done")
    assert lead_time(control_db, tenant_a.slug, PeriodKind.DAY) == timedelta(minutes=26) + LAST_REFRESH
