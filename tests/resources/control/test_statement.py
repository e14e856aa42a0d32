"""A statement says of every promised report whether it arrived in time; a plan without promises says nothing."""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from openpyxl import load_workbook
from sqlalchemy import insert

from synkro_app.cabinet.statement_workbook import statement_file
from synkro_resources.control.database import Database
from synkro_resources.control.days import CheckResult, mark_day, save_check_results
from synkro_resources.control.destinations import add_destination
from synkro_resources.control.plans import change_plan
from synkro_resources.control.services import ServiceKind, add_service
from synkro_resources.control.statement import statement_of
from synkro_resources.control.tables.delivery import delivery
from synkro_resources.control.tables.runs import run_request
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError
from synkro_resources.model.period import Period
from tests.control_fixtures import NOON

MONTH = date(2026, 11, 1)


def due(db: Database, tenant: str, day: date, at: datetime) -> None:
    with db.tenant(tenant) as connection:
        connection.execute(
            insert(run_request).values(
                tenant=tenant,
                request_id=f"r{day}",
                kind="report",
                period_kind="day",
                first_day=day,
                last_day=day,
                requested_by="schedule:s",
                reason="",
                status="done",
                stage="",
                attempt=1,
                plan={},
                created_at=at - timedelta(minutes=45),
                finished_at=at,
                error_code="",
                what_ru="",
                what_en="",
                remedy_ru="",
                remedy_en="",
                schedule_id="s",
                is_refinement=False,
                due_at=at,
            )
        )


def sent(
    db: Database, tenant: str, day: date, place: str, at: datetime | None, *, part: int = 1, again: int = 0
) -> None:
    made = (at or NOON) - timedelta(minutes=1)
    with db.tenant(tenant) as connection:
        connection.execute(
            insert(delivery).values(
                tenant=tenant,
                delivery_id=f"{day}{place}{part}{again}",
                report_id=Period.day(day).report_id,
                package_id="p",
                revision=1 + again,
                channel="telegram",
                destination_id=place,
                part_no=part,
                parts=2,
                content_hash="",
                delivery_key=f"{day}{place}{part}{again}",
                payload={},
                state="sent" if at else "failed",
                attempts=1,
                is_resend=False,
                created_at=made,
                next_at=made,
                sent_at=at,
                last_error_code="",
                last_error_text="",
                expires_at=made,
            )
        )


def test_a_report_is_in_time_when_its_last_part_has_reached_every_addressee(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    slug = tenant_a.slug
    one, two = (
        add_destination(control_db, slug, channel="telegram", chat_id=str(number), title="", actor="u").destination_id
        for number in (1, 2)
    )
    at = [datetime(2026, 11, day, 3, 30, tzinfo=NOON.tzinfo) for day in range(2, 7)]
    for moment in at:
        due(control_db, slug, moment.date() - timedelta(days=1), moment)
    days = [moment.date() - timedelta(days=1) for moment in at]
    for place in (one, two):
        sent(control_db, slug, days[0], place, at[0] + timedelta(minutes=1))
        sent(control_db, slug, days[0], place, at[0] + timedelta(minutes=4), part=2)
        sent(control_db, slug, days[0], place, at[0] + timedelta(hours=4), again=1)  # asked for by hand later
    sent(control_db, slug, days[1], one, at[1])
    sent(control_db, slug, days[1], one, at[1] + timedelta(minutes=6), part=2)
    sent(control_db, slug, days[2], one, at[2])
    sent(control_db, slug, days[2], two, None)
    assert statement_of(control_db, tenant_a, MONTH, NOON).send_times is None
    change_plan(control_db, slug, "enterprise", actor="op", reason="paid", clock=control_clock)
    found = statement_of(control_db, tenant_a, MONTH, at[4] + timedelta(minutes=1)).send_times
    assert found is not None
    # The fifth is due now and may still arrive.
    assert [one.is_kept for one in found] == [True, False, False, False]
    assert [one.sent_at is None for one in found] == [False, False, True, True]


def test_what_was_sold_beside_the_plan_is_in_its_month_with_the_checklist_and_the_note_that_come_with_it(
    control_db: Database, tenant_a: Tenant, control_clock: FixedClock
) -> None:
    def sell(kind: ServiceKind, month: date, title: str = "") -> None:
        add_service(
            control_db,
            tenant_a.slug,
            kind,
            month=month,
            amount=Decimal("15000.50"),
            currency="rub",
            actor="cli",
            clock=control_clock,
            title=title,
        )
        control_clock.move(timedelta(minutes=1))  # the order is that of adding

    assert statement_of(control_db, tenant_a, MONTH, NOON).services == ()
    sell("onboarding", NOON.date())
    for month in (MONTH, date(2026, 12, 3)):  # once for ever, not once a month
        with pytest.raises(RefusedError) as refusal:
            sell("onboarding", month)
        assert refusal.value.code == "service.twice"
    sell("managed", MONTH)
    sell("managed", date(2026, 12, 1))
    mark_day(control_db, tenant_a.slug, date(2026, 11, 19), "derived", NOON, complete=True)
    save_check_results(
        control_db,
        tenant_a.slug,
        [CheckResult("radist/messages", "source_counts", date(2026, 11, 19), "", False, False, NOON)],
    )
    told = statement_of(control_db, tenant_a, MONTH, NOON)
    assert [(one.kind, one.amount, one.currency) for one in told.services] == [
        ("onboarding", Decimal("15000.50"), "RUB"),
        ("managed", Decimal("15000.50"), "RUB"),
    ]
    assert told.checklist is not None
    assert not any(told.checklist.values())
    assert told.quality is not None
    assert (told.quality.days, told.quality.whole_days) == (20, 1)
    assert [(one.check, one.days) for one in told.quality.failed] == [("source_counts", 1)]
    book = load_workbook(io.BytesIO(statement_file(told, "ru")))
    assert book["Услуги"]["A2"].value == "Пакет подключения"
    assert book["Услуги"]["B2"].value == 15000.5
    assert book["Подключение"].max_row == 1 + len(told.checklist)
    assert "source_counts" in str(book["Качество данных"]["A6"].value)
