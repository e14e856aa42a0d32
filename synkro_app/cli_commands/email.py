"""`synkro email`: addresses that reports go to, confirmed by a code that is mailed to them."""

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
def email() -> None:
    """Addresses that reports go to."""


@email.command("add")
@_TENANT
@click.argument("address")
@click.option("--admins", "for_admins", is_flag=True, help="Hears of failures, too.")
def add(slug: str, address: str, for_admins: bool) -> None:
    """Mail a code to an address; the same again for a new code."""
    from synkro_resources.mail.confirmation import send_code

    with _platform() as platform:
        made = send_code(platform, slug, address, actor=ACTOR, for_admins=for_admins)
    click.echo(f"{made.destination_id}  the code was mailed (код отправлен)")
    click.echo(f"until (до) {made.expires_at.isoformat(timespec='minutes')}")


@email.command("confirm")
@_TENANT
@click.argument("destination_id")
@click.argument("code")
def confirm(slug: str, destination_id: str, code: str) -> None:
    """Let reports go to an address, by the code that it got."""
    from synkro_resources.control.address_codes import confirm_address

    with control() as (settings, db):
        item = confirm_address(db, slug, destination_id, code, actor=ACTOR, clock=settings.present)
    click.echo(f"confirmed (подтверждён): {item.title}")


@email.command("list")
@_TENANT
def addresses(slug: str) -> None:
    """List the tenant's addresses with their ids and states."""
    from synkro_resources.control.address_codes import addresses_of

    with control() as (_, db):
        for item in addresses_of(db, slug):
            state = "on" if item.enabled else item.disabled_code
            click.echo(f"{item.destination_id}  {state:<20}{'admins ' if item.for_admins else ''}{item.title}")


@email.command("remove")
@_TENANT
@click.argument("destination_id")
def remove(slug: str, destination_id: str) -> None:
    """Send nothing more to an address."""
    from synkro_resources.control.destinations import remove_destination

    with control() as (settings, db):
        remove_destination(db, slug, destination_id, actor=ACTOR, clock=settings.present)
    click.echo("removed (удалён)")


@email.command("admins")
@_TENANT
@click.argument("destination_id")
@click.argument("wanted", type=click.Choice(["on", "off"]))
def admins(slug: str, destination_id: str, wanted: str) -> None:
    """Let an address hear of failures (on), or no longer (off)."""
    from synkro_resources.control.destinations import tell_admins_there

    with control() as (settings, db):
        item = tell_admins_there(db, slug, destination_id, wanted=wanted == "on", actor=ACTOR, clock=settings.present)
    click.echo(f"{item.title}: {wanted}")


@contextmanager
def _platform() -> Generator[Platform]:
    from synkro_resources.control.keyring import Keyring
    from synkro_resources.platform import Platform

    with control() as (settings, db):
        yield Platform(settings, db, Keyring.from_settings(settings), settings.present)
