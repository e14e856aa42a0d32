"""A click twice is one run, the plan's limit holds, and the journal tells how it went."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest

from synkro_resources.control import journal, run_requests, tenants
from synkro_resources.control.database import Database
from synkro_resources.control.days import mark_day
from synkro_resources.control.plans import tenant_plan
from synkro_resources.control.run_requests import RunRequest, Scheduled
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError, Sentence, TransientError, UserInputError
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period
from synkro_resources.model.window import TenantWindow
from tests.control_fixtures import new_tenant

DAY = date(2026, 11, 19)
BUSY = TransientError("radist.slow", Sentence("Медленно", "Slow"), Sentence("Ждите", "Wait"))


def ask(db: Database, clock: FixedClock, tenant: Tenant, day: date = DAY, by: str = "user:1") -> RunRequest:
    return run_requests.create_request(
        db,
        tenant=tenant.slug,
        kind=RequestKind.REPORT,
        period=Period.day(day),
        requested_by=by,
        reason="button",
        clock=clock,
    )


def test_the_same_wish_twice_is_one_request_until_it_has_ended(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    first = ask(control_db, control_clock, tenant_a)
    assert ask(control_db, control_clock, tenant_a) == first
    run_requests.update_request(control_db, tenant_a.slug, first.id, clock=control_clock, status="running")
    assert ask(control_db, control_clock, tenant_a).id == first.id
    run_requests.update_request(control_db, tenant_a.slug, first.id, clock=control_clock, status="done")
    assert ask(control_db, control_clock, tenant_a).id != first.id


def test_two_clicks_at_the_same_moment_are_one_request(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    with ThreadPoolExecutor(6) as pool:
        ids = {
            future.result().id for future in [pool.submit(ask, control_db, control_clock, tenant_a) for _ in range(6)]
        }
    assert len(ids) == 1


def test_the_plan_limits_what_people_ask_for_per_local_day_and_nothing_else(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    limit = tenant_plan(control_db, tenant_a.slug).manual_requests_per_day
    for number in range(limit):
        assert run_requests.requests_left_today(control_db, tenant_a.slug, control_clock) == limit - number
        ask(control_db, control_clock, tenant_a, DAY - timedelta(days=number))
    with pytest.raises(RefusedError, match="Pro") as refusal:
        ask(control_db, control_clock, tenant_a, DAY - timedelta(days=limit))
    assert refusal.value.code == "plan.manual_requests"
    ask(control_db, control_clock, tenant_a, DAY - timedelta(days=limit), by="schedule:morning")
    # 12:00 UTC is 17:00 in Yekaterinburg: its midnight is seven hours away.
    control_clock.move(timedelta(hours=6, minutes=59))
    assert run_requests.requests_left_today(control_db, tenant_a.slug, control_clock) == 0
    control_clock.move(timedelta(minutes=1))
    assert run_requests.requests_left_today(control_db, tenant_a.slug, control_clock) == limit


def test_parallel_requests_cannot_pass_the_limit(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    limit = tenant_plan(control_db, tenant_a.slug).manual_requests_per_day

    def one(number: int) -> bool:
        try:
            ask(control_db, control_clock, tenant_a, DAY - timedelta(days=number))
        except RefusedError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(one, range(limit + 4))) == limit


def test_a_suspended_tenant_asks_in_vain_and_is_not_scheduled(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    before = ask(control_db, control_clock, tenant_a)
    tenants.suspend_tenant(control_db, tenant_a.slug, actor="op", reason="unpaid", clock=control_clock)
    with pytest.raises(RefusedError, match="suspended"):
        ask(control_db, control_clock, tenant_a, DAY - timedelta(days=1))
    assert before.id not in {request.id for request in run_requests.open_requests(control_db, "main", 1000)}
    tenants.resume_tenant(control_db, tenant_a.slug, actor="op", reason="paid", clock=control_clock)
    assert before.id in {request.id for request in run_requests.open_requests(control_db, "main", 1000)}


def test_a_year_that_a_person_loads_waits_behind_the_reports_of_the_others(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    year = run_requests.create_request(
        control_db,
        tenant=tenant_a.slug,
        kind=RequestKind.DATA,
        period=Period.custom(DAY - timedelta(days=364), DAY),
        requested_by="user:1",
        reason="button",
        clock=control_clock,
    )
    control_clock.move(timedelta(minutes=1))
    report = ask(control_db, control_clock, tenant_a, by="schedule:day")
    mine = [item.id for item in run_requests.open_requests(control_db, "main", 1000) if item.tenant == tenant_a.slug]
    assert mine == [report.id, year.id]


def test_reports_that_only_wait_for_their_time_leave_a_tick_to_the_others(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    due_at = control_clock.now() + timedelta(minutes=40)
    waiting = run_requests.create_request(
        control_db,
        tenant=tenant_a.slug,
        kind=RequestKind.REPORT,
        period=Period.day(DAY),
        requested_by="schedule:day",
        reason="schedule",
        clock=control_clock,
        scheduled=Scheduled("day", due_at),
    )

    def seen(awake_at: datetime) -> bool:
        found = run_requests.open_requests(control_db, "main", 1000, awake_at=awake_at)
        return waiting.id in {request.id for request in found}

    assert seen(control_clock.now())  # not loaded yet
    run_requests.update_request(control_db, tenant_a.slug, waiting.id, clock=control_clock, stage="report-0")
    assert not seen(control_clock.now())
    assert seen(due_at)
    assert run_requests.leaving_at(control_db, "main", due_at) == 1


def test_the_scheduler_sees_requests_of_its_cell_only(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    mine, other = ask(control_db, control_clock, tenant_a), ask(control_db, control_clock, tenant_b)
    seen = {request.id for request in run_requests.open_requests(control_db, "main", 1000)}
    assert mine.id in seen
    assert other.id not in seen
    assert run_requests.request_by_id_for_scheduler(control_db, "main", other.id) is None
    assert run_requests.request_by_id_for_scheduler(control_db, "main", mine.id) == mine


def test_a_tenant_does_not_find_the_request_of_another(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    other = ask(control_db, control_clock, tenant_b)
    with pytest.raises(UserInputError):
        run_requests.get_request(control_db, tenant_a.slug, other.id)
    with pytest.raises(UserInputError):
        run_requests.update_request(control_db, tenant_a.slug, other.id, clock=control_clock, status="cancelled")


def test_a_failed_request_tells_cause_and_remedy_and_a_new_attempt_clears_them(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    request = ask(control_db, control_clock, tenant_a)
    failed = run_requests.update_request(
        control_db, tenant_a.slug, request.id, clock=control_clock, status="failed", stage="raw", error=BUSY
    )
    assert (failed.error_code, failed.what_ru, failed.remedy_en) == ("radist.slow", "Медленно", "Wait")
    assert failed.finished_at == control_clock.now()
    again = run_requests.update_request(
        control_db, tenant_a.slug, request.id, clock=control_clock, status="running", attempt=2, plan={"chunks": [1]}
    )
    assert (again.error_code, again.finished_at, again.attempt, again.stage) == ("", None, 2, "raw")
    assert again.plan == {"chunks": [1]}


def test_the_journal_shows_the_steps_of_a_request_in_their_order(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    request = ask(control_db, control_clock, tenant_a)
    run_id = f"run-{request.id}"
    journal.start_run(
        control_db, tenant=tenant_a.slug, run_id=run_id, request_id=request.id, stage="raw", clock=control_clock
    )
    good = journal.start_step(control_db, tenant_a.slug, run_id, "radist/messages", DAY, DAY, control_clock)
    journal.finish_step(
        control_db, tenant_a.slug, good, status="done", rows_in=5, rows_out=4, requests=2, clock=control_clock
    )
    bad = journal.start_step(control_db, tenant_a.slug, run_id, "radist/chats", DAY, DAY, control_clock)
    journal.finish_step(control_db, tenant_a.slug, bad, status="failed", error=BUSY, clock=control_clock)
    journal.start_step(control_db, tenant_a.slug, run_id, "radist/sources", None, None, control_clock)
    journal.finish_run(control_db, tenant_a.slug, run_id, status="failed", error=BUSY, clock=control_clock)
    steps = journal.steps_of_request(control_db, tenant_a.slug, request.id)
    assert [(step.asset, step.status) for step in steps] == [
        ("radist/messages", "done"),
        ("radist/chats", "failed"),
        ("radist/sources", "failed"),
    ]
    assert (steps[0].rows_in, steps[0].rows_out, steps[0].requests, steps[0].error) == (5, 4, 2, None)
    assert steps[1].retryable
    assert steps[1].error is not None
    assert steps[1].error.what == BUSY.what
    assert steps == journal.steps_of_run(control_db, tenant_a.slug, run_id)
    assert [run.status for run in journal.runs_of_request(control_db, tenant_a.slug, request.id)] == ["failed"]


def test_a_run_that_fell_silent_is_found_in_its_cell_and_a_living_one_is_not(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    run_id = f"run-{tenant_a.slug}"
    journal.start_run(control_db, tenant=tenant_a.slug, run_id=run_id, clock=control_clock)
    control_clock.move(timedelta(seconds=59))
    assert journal.heartbeat(control_db, tenant_a.slug, run_id, control_clock)
    control_clock.move(timedelta(seconds=59))
    assert run_id not in {run.run_id for run in journal.silent_runs(control_db, "main", control_clock)}
    control_clock.move(timedelta(seconds=2))
    assert run_id in {run.run_id for run in journal.silent_runs(control_db, "main", control_clock)}
    assert run_id not in {run.run_id for run in journal.silent_runs(control_db, "second", control_clock)}
    journal.finish_run(control_db, tenant_a.slug, run_id, status="failed", clock=control_clock)
    assert not journal.heartbeat(control_db, tenant_a.slug, run_id, control_clock)


@pytest.mark.parametrize(
    ("period", "code"),
    [
        (Period.day(date(2027, 3, 1)), "report.period_not_begun"),
        (Period.week_of(date(2027, 3, 1)), "report.period_not_begun"),
        (Period.custom(date(2026, 1, 1), date(2026, 6, 1)), "report.period_too_long"),
    ],
)
def test_a_report_that_nobody_could_read_is_refused_with_the_reason_and_the_remedy(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant, period: Period, code: str
) -> None:
    with pytest.raises(UserInputError, match=code.replace(".", r"\.")) as refused:
        run_requests.create_request(
            control_db,
            tenant=tenant_a.slug,
            kind=RequestKind.REPORT,
            period=period,
            requested_by="cli",
            reason="",
            clock=control_clock,
        )
    assert "Выберите" in refused.value.remedy.ru


def test_a_small_plan_loads_no_old_history_but_still_reports_on_what_a_larger_one_has_loaded(
    control_db: Database, control_clock: FixedClock
) -> None:
    tenant = new_tenant(control_db, control_clock, "h", plan="base")
    today = TenantWindow(tenant.slug, tenant.zone, DAY, DAY).day_of(control_clock.now())
    first = today - timedelta(days=tenant_plan(control_db, tenant.slug).history_days)
    old = Period.custom(first - timedelta(days=1), first)

    def wish(kind: RequestKind, period: Period, by: str = "user:1") -> RunRequest:
        return run_requests.create_request(
            control_db,
            tenant=tenant.slug,
            kind=kind,
            period=period,
            requested_by=by,
            reason="test",
            clock=control_clock,
        )

    assert wish(RequestKind.DATA, Period.custom(first, first)).is_open
    for kind in (RequestKind.DATA, RequestKind.REPORT):
        with pytest.raises(RefusedError) as refusal:
            wish(kind, old)
        assert refusal.value.code == "plan.history"
        assert "Базовый" in refusal.value.what.ru
        assert f"{first:%d.%m.%Y}" in refusal.value.what.ru
    assert wish(RequestKind.DATA, old, by="cli").is_open, "an operator loads what was sold apart"
    mark_day(control_db, tenant.slug, old.first_day, "derived", control_clock.now(), complete=True)
    assert wish(RequestKind.REPORT, old).is_open
