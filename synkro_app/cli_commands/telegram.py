"""`synkro telegram`: connect chats by a one-time code, and confirm, test or remove them."""

from __future__ import annotations

import click

from synkro_app.cli_commands.destinations import ACTOR, DESTINATION, TENANT, admins, remove
from synkro_app.cli_commands.inputs import control, platform


@click.group()
def telegram() -> None:
    """Chats that reports go to."""


@telegram.command("link")
@TENANT
@click.option("--group", is_flag=True, help="For a group; otherwise a private chat.")
def link(slug: str, group: bool) -> None:
    """Print a link that connects one chat; it works once and for twenty minutes."""
    from synkro_resources.telegram.deep_links import create_link

    with platform() as opened:
        made = create_link(opened, slug, group=group, actor=ACTOR)
    click.echo(made.address)
    click.echo(f"in a topic of a group (в теме группы): {made.command}")
    click.echo(f"until (до) {made.expires_at.isoformat(timespec='minutes')}")


@telegram.command("chats")
@TENANT
def chats(slug: str) -> None:
    """List the tenant's chats with their ids and states."""
    from synkro_resources.control.destinations import list_destinations

    with control() as (_, db):
        for item in (one for one in list_destinations(db, slug) if one.channel == "telegram"):
            click.echo(f"{item.destination_id}  {'on' if item.enabled else item.disabled_code:<14}{item.title}")


@telegram.command("confirm")
@TENANT
@DESTINATION
def confirm(slug: str, destination_id: str) -> None:
    """Let reports go to a linked chat."""
    from synkro_resources.control.destinations import confirm_destination

    with control() as (settings, db):
        item = confirm_destination(db, slug, destination_id, actor=ACTOR, clock=settings.present)
    click.echo(f"confirmed (подтверждён): {item.title}")


for _command in (remove, admins):
    telegram.add_command(_command)
