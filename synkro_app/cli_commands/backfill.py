"""`synkro backfill`: the history of one tenant or of many, one request each, carried out by the daemon or in place."""

from __future__ import annotations

import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from synkro_resources.control.database import Database
    from synkro_resources.control.run_requests import RunRequest
    from synkro_resources.settings import Settings

DAY = click.DateTime(["%Y-%m-%d"])
CHUNK_DAYS = 31
"""As the planner cuts; shown in the estimate only."""


@click.command()
@click.option("--tenant", help="Slug of one tenant; the command follows its progress.")
@click.option("--tenants", help="«all», slugs separated by commas, or a file with one slug per line.")
@click.option("--from", "first", type=DAY, required=True, help="First local day.")
@click.option("--to", "last", type=DAY, required=True, help="Last local day, included.")
@click.option("--dry-run", is_flag=True, help="Only say how many requests to the vendors and minutes it would take.")
@click.option("--no-follow", is_flag=True, help="Do not wait for the end.")
@click.option("--in-place", is_flag=True, help="Work in an own process instead of the running daemon; one tenant.")
def backfill(
    tenant: str | None,
    tenants: str | None,
    first: datetime,
    last: datetime,
    dry_run: bool,
    no_follow: bool,
    in_place: bool,
) -> None:
    """Load the history of a period, newest month first. What was begun goes on where it stopped."""
    from synkro_resources.control.database import Database
    from synkro_resources.settings import Settings

    if (tenant is None) == (tenants is None):
        raise click.UsageError("give either --tenant or --tenants")
    if last < first:
        raise click.UsageError("--to must not lie before --from")
    settings = Settings.load()
    control = Database.from_settings(settings)
    try:
        slugs = _chosen(control, settings, tenant, tenants)
        if in_place and len(slugs) != 1:
            raise click.UsageError("--in-place works for one tenant")
        if dry_run:
            for slug in slugs:
                click.echo(_estimate(control, slug, first.date(), last.date()))
            return
        requests = _ask(control, settings, slugs, first.date(), last.date())
        ended = [] if no_follow else _follow_all(control, settings, requests, in_place=in_place)
    finally:
        control.close()
    if any(request.status != "done" for request in ended):
        sys.exit(1)


def _chosen(control: Database, settings: Settings, tenant: str | None, tenants: str | None) -> list[str]:
    """The tenants of this cell that are meant.

    Raises:
        click.UsageError: a name that this cell does not have.
    """
    from synkro_resources.control.tenants import list_tenants

    known = [row.slug for row in list_tenants(control, settings.cell)]
    if tenants == "all":
        return known
    if tenant is not None:
        wanted = [tenant]
    elif Path(str(tenants)).is_file():
        wanted = [line.strip() for line in Path(str(tenants)).read_text(encoding="utf-8").splitlines() if line.strip()]
    else:
        wanted = [part.strip() for part in str(tenants).split(",") if part.strip()]
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        raise click.UsageError(f"no such tenant in cell {settings.cell}: {', '.join(unknown)}")
    return wanted


def _estimate(control: Database, slug: str, first: date, last: date) -> str:
    from synkro_resources.control.estimates import estimate_load

    found = estimate_load(control, slug, first, last, chunk_days=CHUNK_DAYS)
    size = f"{slug}: {found.days} days in {found.chunks} chunks"
    if found.requests is None or found.duration is None:
        return f"{size}; nothing was loaded yet, so nothing is known of its pace: load a week first"
    return f"{size}, about {found.requests} requests to the vendors and {_time(found.duration)}"


def _ask(control: Database, settings: Settings, slugs: Sequence[str], first: date, last: date) -> list[RunRequest]:
    from synkro_resources.control.run_requests import create_request
    from synkro_resources.model.ids import RequestKind
    from synkro_resources.model.period import Period

    found: list[RunRequest] = []
    for slug in slugs:
        request = create_request(
            control,
            tenant=slug,
            kind=RequestKind.DATA,
            period=Period.custom(first, last),
            requested_by="cli",
            reason="backfill",
            clock=settings.present,
        )
        click.echo(f"{slug}: request {request.id}")
        found.append(request)
    return found


def _follow_all(
    control: Database, settings: Settings, requests: Sequence[RunRequest], *, in_place: bool
) -> list[RunRequest]:
    """Show all requests until each has ended; a stop of this command stops no load but one in place."""
    from synkro_app.cli_commands.following import follow_progress, start_worker

    worker = start_worker(requests[0].tenant, requests[0].id) if in_place and requests else None
    try:
        ended = follow_progress(control, requests, clock=settings.present)
    finally:
        if worker is not None:
            worker.wait(timeout=60)
    for request in ended:
        _conclude(request)
    return ended


def _conclude(request: RunRequest) -> None:
    if request.status == "done":
        click.echo(f"{request.tenant}: done")
        return
    click.echo(f"{request.tenant}: {request.status}: {request.error_code}", err=True)
    click.echo(f"Ошибка: {request.what_ru} {request.remedy_ru}", err=True)
    click.echo(f"Error:  {request.what_en} {request.remedy_en}", err=True)


def _time(duration: timedelta) -> str:
    minutes = max(1, round(duration.total_seconds() / 60))
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
