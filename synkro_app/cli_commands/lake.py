"""`synkro lake`: work on a tenant's stored files."""

from __future__ import annotations

import click

from synkro_app.cli_commands.inputs import control

WAIT_S = 0.0
"""A person waits at the command: better refused at once than after a run of hours."""


@click.group()
def lake() -> None:
    """A tenant's files: what is in force is folded anew from the daily files."""


@lake.command()
@click.option("--tenant", "slug", required=True, help="Slug of the tenant.")
@click.option("--table", "names", multiple=True, help="Table, e.g. normalized/deal; default: all that are folded.")
def rebuild(slug: str, names: tuple[str, ...]) -> None:
    """Fold the tables of what is in force anew from the daily files; refused while a run of the tenant works."""
    from synkro_resources.control.locks import tenant_lock
    from synkro_resources.control.tenants import get_tenant
    from synkro_resources.lake import Lake
    from synkro_resources.model.tables import TABLES

    folded = {name: table for name, table in TABLES.items() if table.has_current}
    unknown = sorted(set(names) - set(folded))
    if unknown:
        raise click.UsageError(f"not folded, or no such table: {', '.join(unknown)}")
    tables = [folded[name] for name in (names or folded)]
    with control() as (settings, db), tenant_lock(db, get_tenant(db, slug).slug, wait_s=WAIT_S):
        stored = Lake(settings.lake_root)
        for number, table in enumerate(tables, 1):
            if not stored.days(table, slug) and not stored.has_baseline(table, slug):
                click.echo(f"{number}/{len(tables)}  {table.name}: nothing is stored")
                continue
            click.echo(f"{number}/{len(tables)}  {table.name}: {stored.rebuild_current(table, slug)} rows")
