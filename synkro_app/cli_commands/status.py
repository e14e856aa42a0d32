"""`synkro status`: how old each source's data are, which checks of the last days failed, with what to do, and for a
whole cell which companies are late or broken and how runs failed within the last day.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from synkro_app.cli_commands.inputs import control

if TYPE_CHECKING:
    from datetime import datetime

    from synkro_resources.control.database import Database
    from synkro_resources.control.tenants import Tenant


@click.command()
@click.option("--tenant", "slug", help="Slug of one tenant; default: all of this cell.")
@click.option("--days", type=click.IntRange(1, 366), default=31, show_default=True, help="Checks of so many days.")
def status(slug: str | None, days: int) -> None:
    """Age of the newest load per source, the checks that failed, and without --tenant the cell as a whole; exit code 1
    if something needs a person.
    """
    from synkro_resources.control.tenants import get_tenant, list_tenants

    with control() as (settings, db):
        tenants = [get_tenant(db, slug)] if slug else list_tenants(db, settings.cell)
        now = settings.present.now()
        amiss = [_show(db, tenant, now, days) for tenant in tenants]
        if slug is None:
            amiss.append(_show_fleet(db, now, settings.cell))
    if any(amiss):
        sys.exit(1)


def _show(db: Database, tenant: Tenant, now: datetime, days: int) -> bool:
    """Print one tenant; returns whether something needs a person."""
    from synkro_resources.control.check_remedies import remedy_of
    from synkro_resources.control.days import check_results
    from synkro_resources.control.freshness import CHECK, judge_freshness

    click.echo(tenant.slug)
    sources = judge_freshness(db, tenant, now)
    for source in sources:
        click.echo(f"  {'!' if source.is_old else ' '} {source.what.ru} {source.what.en}")
        if source.is_old:
            _advise(remedy_of(CHECK).ru, remedy_of(CHECK).en)
    today = now.astimezone(ZoneInfo(tenant.zone)).date()
    results = check_results(db, tenant.slug, today - timedelta(days=days - 1), today)
    failed = [result for result in results if not result.passed and result.check != CHECK]
    for result in failed:
        mark = "!" if result.blocking else "·"
        click.echo(f"  {mark} {result.day} {result.asset} {result.check}: {result.what.ru} {result.what.en}")
        _advise(remedy_of(result.check).ru, remedy_of(result.check).en)
    return any(source.is_old for source in sources) or any(result.blocking for result in failed)


def _show_fleet(db: Database, now: datetime, cell: str) -> bool:
    """Print the cell as its operator sees it; returns whether a company is late or broken."""
    from synkro_resources.control.fleet import fleet

    found = fleet(db, now, actor="cli", cell=cell)
    click.echo(f"cell {cell}: {len(found.tenants)} tenants, {found.waiting} requests waiting, {found.running} running")
    for one in found.tenants:
        if one.level in ("late", "broken"):
            loaded = "never" if one.loaded_at is None else f"{one.loaded_at:%Y-%m-%d %H:%M} UTC"
            counts = f"late reports {one.late_reports}, failed requests {one.failed}, data until {loaded}"
            click.echo(f"  ! {one.tenant.slug} {one.level}: {counts}")
        for item in one.broken:
            click.echo(f"      {item.kind} {item.code}: {item.what.ru} {item.what.en}")
    click.echo(f"failed runs of the last day: {found.failed_runs}")
    for error in found.errors:
        click.echo(f"  {error.count} × {error.code or 'unknown'} ({', '.join(error.tenants)}): {error.what.en}")
    return any(one.level in ("late", "broken") for one in found.tenants)


def _advise(russian: str, english: str) -> None:
    click.echo(f"      {russian}")
    click.echo(f"      {english}")
