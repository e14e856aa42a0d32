"""What `synkro telegram` and `synkro email` do alike with a chat or an address."""

from __future__ import annotations

import click

from synkro_app.cli_commands.inputs import control

ACTOR = "cli"
TENANT = click.option("--tenant", "slug", required=True, help="Slug of the tenant.")
DESTINATION = click.argument("destination_id")


@click.command("remove")
@TENANT
@DESTINATION
def remove(slug: str, destination_id: str) -> None:
    """Send nothing more there."""
    from synkro_resources.control.destinations import remove_destination

    with control() as (settings, db):
        remove_destination(db, slug, destination_id, actor=ACTOR, clock=settings.present)
    click.echo("removed (удалён)")


@click.command("admins")
@TENANT
@DESTINATION
@click.argument("wanted", type=click.Choice(["on", "off"]))
def admins(slug: str, destination_id: str, wanted: str) -> None:
    """Let a chat or address hear of failures (on), or no longer (off)."""
    from synkro_resources.control.destinations import tell_admins_there

    with control() as (settings, db):
        item = tell_admins_there(db, slug, destination_id, wanted=wanted == "on", actor=ACTOR, clock=settings.present)
    click.echo(f"{item.title}: {wanted}")
