"""A daily report shrinks on the morning of a weekly or monthly one, and on no other."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest

from synkro_assets.reports.delivery.sending import longer_report_this_morning
from synkro_assets.tenant_run import TenantRun
from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.run_requests import create_request, update_request
from synkro_resources.control.tenants import Tenant
from synkro_resources.lake import Lake
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period
from synkro_resources.model.window import TenantWindow
from synkro_resources.platform import Platform
from synkro_resources.settings import Settings

FRIDAY = Period.day(date(2026, 11, 13))
WEEK = Period.week_of(date(2026, 11, 13))
MONDAY_MORNING = datetime(2026, 11, 16, 3, 30, tzinfo=UTC)


@pytest.fixture
def run(control_db: Database, keyring: Keyring, tenant_a: Tenant, tmp_path: Path) -> TenantRun:
    platform = Platform(Settings.load(), control_db, keyring, FixedClock(MONDAY_MORNING))
    window = TenantWindow.of_period(tenant_a.slug, tenant_a.zone, FRIDAY)
    return TenantRun(dg.build_asset_context(), platform, Lake(str(tmp_path)), window, (FRIDAY,))


def ask(run: TenantRun, period: Period, kind: RequestKind = RequestKind.REPORT) -> str:
    return create_request(
        run.platform.control,
        tenant=run.tenant,
        kind=kind,
        period=period,
        requested_by="schedule:reports",
        reason="",
        clock=run.clock,
    ).id


def test_fridays_report_shrinks_on_the_morning_of_its_week(run: TenantRun) -> None:
    assert not longer_report_this_morning(run, FRIDAY)
    ask(run, WEEK)
    assert longer_report_this_morning(run, FRIDAY)
    assert not longer_report_this_morning(run, WEEK)


def test_a_week_that_was_told_yesterday_shrinks_nothing(run: TenantRun) -> None:
    assert isinstance(run.clock, FixedClock)
    ask(run, WEEK)
    run.clock.move(datetime(2026, 11, 17, 3, 30, tzinfo=UTC) - MONDAY_MORNING)
    assert not longer_report_this_morning(run, FRIDAY)


@pytest.mark.parametrize(
    "period",
    [Period.week_of(date(2026, 11, 2)), Period.week_of(date(2026, 11, 16)), Period.month_of(date(2026, 11, 13))],
    ids=["an older week", "the running week", "the running month"],
)
def test_a_report_of_other_days_or_of_a_running_period_shrinks_nothing(run: TenantRun, period: Period) -> None:
    ask(run, period)
    assert not longer_report_this_morning(run, FRIDAY)


def test_a_weekly_report_that_failed_leaves_the_day_its_figures(run: TenantRun) -> None:
    request = ask(run, WEEK)
    update_request(run.platform.control, run.tenant, request, clock=run.clock, status="failed")
    assert not longer_report_this_morning(run, FRIDAY)


def test_loading_a_week_is_no_report_of_it(run: TenantRun) -> None:
    ask(run, WEEK, RequestKind.DATA)
    assert not longer_report_this_morning(run, FRIDAY)
