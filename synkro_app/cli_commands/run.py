"""`synkro run` and `synkro backfill`: the same road as the cabinet's button, with a progress bar by steps."""

from __future__ import annotations

import sys
import time
from datetime import date, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from synkro_resources.control.database import Database
    from synkro_resources.control.run_requests import RunRequest
    from synkro_resources.model.ids import RequestKind
    from synkro_resources.model.period import Period

EXIT_FAILED = 1
POLL_S = 1.0
WORKER_END_S = 60.0
OPEN = ("open", "running")


def _date(value: datetime | None) -> date | None:
    return value.date() if value is not None else None


DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option("--tenant", required=True, help="Slug of the tenant.")
@click.option("--day", type=DAY, help="Make the report of this local day (its data are loaded first if needed).")
@click.option("--week", type=DAY, help="Make the report of the ISO week that holds this local day.")
@click.option("--month", type=click.DateTime(["%Y-%m"]), help="Make the report of this month, YYYY-MM.")
@click.option("--from", "first", type=DAY, help="Load data from this local day …")
@click.option("--to", "last", type=DAY, help="… to this one, both included.")
@click.option("--report", "is_report", is_flag=True, help="With --from and --to: make the report of these days, too.")
@click.option("--in-place", is_flag=True, help="Work in an own process instead of the running daemon.")
def run(
    tenant: str,
    day: datetime | None,
    week: datetime | None,
    month: datetime | None,
    first: datetime | None,
    last: datetime | None,
    is_report: bool,
    in_place: bool,
) -> None:
    """Make a report of a day, week, month or any days, or load the data of a period. The load alone sends nothing."""
    from synkro_resources.model.ids import RequestKind

    period = _period(day, week, month, first, last)
    is_load = first is not None and not is_report
    _ask_and_follow(tenant, RequestKind.DATA if is_load else RequestKind.REPORT, period, in_place=in_place)


def _period(
    day: datetime | None, week: datetime | None, month: datetime | None, first: datetime | None, last: datetime | None
) -> Period:
    from synkro_resources.model.period import Period

    if sum(given is not None for given in (day, week, month, first)) != 1 or (first is None) != (last is None):
        raise click.UsageError("give one of --day, --week and --month, or --from and --to")
    if day is not None:
        return Period.day(day.date())
    if week is not None:
        return Period.week_of(week.date())
    if month is not None:
        return Period.month_of(month.date())
    first_day, last_day = _date(first), _date(last)
    if first_day is None or last_day is None or last_day < first_day:
        raise click.UsageError("--to must not lie before --from")
    return Period.custom(first_day, last_day)


def _ask_and_follow(tenant: str, kind: RequestKind, period: Period, *, in_place: bool) -> None:
    from synkro_app.cli_commands.following import start_worker
    from synkro_resources.control.database import Database
    from synkro_resources.control.run_requests import create_request
    from synkro_resources.settings import Settings

    settings = Settings.load()
    control = Database.from_settings(settings)
    try:
        request = create_request(
            control,
            tenant=tenant,
            kind=kind,
            period=period,
            requested_by="cli",
            reason="command line",
            clock=settings.present,
        )
        click.echo(f"Request {request.id}: {kind} {period.report_id} of {tenant}")
        worker = start_worker(tenant, request.id) if in_place else None
        finished = follow(control, tenant, request.id)
        if worker is not None:
            worker.wait(timeout=WORKER_END_S)
    finally:
        control.close()
    conclude(finished)


def follow(control: Database, tenant: str, request_id: str) -> RunRequest:
    """Show the request's steps until it ends: a bar on a terminal, one line per finished step elsewhere."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from synkro_resources.control.journal import steps_of_request
    from synkro_resources.control.run_requests import get_request

    shown: set[int] = set()
    columns = (TextColumn("{task.description:<34}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, disable=not sys.stdout.isatty()) as progress:
        bar = progress.add_task("waiting", total=None)
        while True:
            request = get_request(control, tenant, request_id)
            steps = steps_of_request(control, tenant, request_id)
            finished = [step for step in steps if step.status != "running"]
            for step in finished:
                if step.step_id not in shown:
                    shown.add(step.step_id)
                    if not sys.stdout.isatty():
                        rows = "" if step.rows_out is None else f" {step.rows_out} rows"
                        click.echo(f"  {step.status:<8}{step.asset}{rows}")
            running = next((step.asset for step in reversed(steps) if step.status == "running"), request.status)
            progress.update(bar, completed=len(finished), total=max(len(steps), 1), description=running)
            if request.status not in OPEN:
                return request
            time.sleep(POLL_S)


def conclude(request: RunRequest) -> None:
    """Say how it ended; exit code 1 with cause and remedy in both languages unless it is done."""
    if request.status == "done":
        click.echo("done")
        return
    click.echo(f"{request.status}: {request.error_code}", err=True)
    click.echo(f"Ошибка: {request.what_ru} {request.remedy_ru}", err=True)
    click.echo(f"Error:  {request.what_en} {request.remedy_en}", err=True)
    sys.exit(EXIT_FAILED)
