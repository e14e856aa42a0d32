"""`synkro tenant columns`: which amoCRM fields fill the chosen columns of deals."""

from __future__ import annotations

import click

from synkro_app.cli_commands.inputs import control

ACTOR = "cli"


@click.command("columns")
@click.option("--tenant", "slug", required=True, help="Slug of the tenant.")
@click.option("--set", "changes", multiple=True, metavar="COLUMN=FIELD", help="Field id in amoCRM; 0: choose none.")
def deal_columns(slug: str, changes: tuple[str, ...]) -> None:
    """Show or choose the fields that fill columns of deals; stored deals follow with the next load."""
    from synkro_resources.control.deal_columns import set_deal_columns
    from synkro_resources.control.tenants import tenant_settings
    from synkro_resources.model.tables.crm import CHOSEN_COLUMNS, CHOSEN_NUMBERS

    with control() as (settings, db):
        if changes:
            set_deal_columns(db, slug, dict(map(_choice, changes)), actor=ACTOR, clock=settings.present)
        chosen = tenant_settings(db, slug).deal_columns
    for column in CHOSEN_COLUMNS:
        default = "no field" if column in CHOSEN_NUMBERS else f"by code {column.upper()}"
        click.echo(f"{column}: {f'field {chosen[column]}' if column in chosen else default}")


def _choice(written: str) -> tuple[str, int]:
    column, _, field_id = written.partition("=")
    if not field_id.isdecimal():
        raise click.UsageError(f"{written!r} is not COLUMN=FIELD, for example budget=810035")
    return column, int(field_id)
