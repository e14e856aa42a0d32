"""`synkro telegram`: connect chats by a one-time code, and confirm, test or remove them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from synkro_app.cli_commands.inputs import control

if TYPE_CHECKING:
    from collections.abc import Generator

    from synkro_resources.platform import Platform

ACTOR = "cli"
_TENANT = click.option("--tenant", "slug", required=True, help="Slug of the tenant.")


@click.group()
def telegram() -> None:
    """Chats that reports go to."""


@telegram.command("link")
@_TENANT
@click.option("--group", is_flag=True, help="For a group; otherwise a private chat.")
def link(slug: str, group: bool) -> None:
    """Print a link that connects one chat; it works once and for twenty minutes."""
    from synkro_resources.telegram.deep_links import create_link

    with _platform() as platform:
        made = create_link(platform, slug, group=group, actor=ACTOR)
    click.echo(made.address)
    click.echo(f"in a topic of a group (в теме группы): {made.command}")
    click.echo(f"until (до) {made.expires_at.isoformat(timespec='minutes')}")


@telegram.command("chats")
@_TENANT
def chats(slug: str) -> None:
    """List the tenant's chats with their ids and states."""
    from synkro_resources.control.destinations import list_destinations

    with control() as (_, db):
        for item in list_destinations(db, slug):
            click.echo(f"{item.destination_id}  {'on' if item.enabled else item.disabled_code:<14}{item.title}")


@telegram.command("confirm")
@_TENANT
@click.argument("destination_id")
def confirm(slug: str, destination_id: str) -> None:
    """Let reports go to a linked chat."""
    from synkro_resources.control.destinations import confirm_destination

    with control() as (settings, db):
        item = confirm_destination(db, slug, destination_id, actor=ACTOR, clock=settings.present)
    click.echo(f"confirmed (подтверждён): {item.title}")


@telegram.command("remove")
@_TENANT
@click.argument("destination_id")
def remove(slug: str, destination_id: str) -> None:
    """Send nothing more to a chat."""
    from synkro_resources.control.destinations import remove_destination

    with control() as (settings, db):
        remove_destination(db, slug, destination_id, actor=ACTOR, clock=settings.present)
    click.echo("removed (удалён)")


@telegram.command("admins")
@_TENANT
@click.argument("destination_id")
@click.argument("wanted", type=click.Choice(["on", "off"]))
def admins(slug: str, destination_id: str, wanted: str) -> None:
    """Let a chat hear of failures (on), or no longer (off)."""
    from synkro_resources.control.destinations import tell_admins_there

    with control() as (settings, db):
        chat = tell_admins_there(db, slug, destination_id, wanted=wanted == "on", actor=ACTOR, clock=settings.present)
    click.echo(f"{chat.title}: {wanted}")


@contextmanager
def _platform() -> Generator[Platform]:
    from synkro_resources.control.keyring import Keyring
    from synkro_resources.platform import Platform

    with control() as (settings, db):
        yield Platform(settings, db, Keyring.from_settings(settings), settings.present)
