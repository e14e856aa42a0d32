"""`synkro email`: addresses that reports go to, confirmed by a code that is mailed to them."""

from __future__ import annotations

import click

from synkro_app.cli_commands.destinations import ACTOR, DESTINATION, TENANT, admins, remove
from synkro_app.cli_commands.inputs import control, platform


@click.group()
def email() -> None:
    """Addresses that reports go to."""


@email.command("add")
@TENANT
@click.argument("address")
@click.option("--admins", "for_admins", is_flag=True, help="Hears of failures, too.")
def add(slug: str, address: str, for_admins: bool) -> None:
    """Mail a code to an address; the same again for a new code."""
    from synkro_resources.mail.confirmation import send_code

    with platform() as opened:
        made = send_code(opened, slug, address, actor=ACTOR, for_admins=for_admins)
    click.echo(f"{made.destination_id}  the code was mailed (код отправлен)")
    click.echo(f"until (до) {made.expires_at.isoformat(timespec='minutes')}")


@email.command("confirm")
@TENANT
@DESTINATION
@click.argument("code")
def confirm(slug: str, destination_id: str, code: str) -> None:
    """Let reports go to an address, by the code that it got."""
    from synkro_resources.control.address_codes import confirm_address

    with control() as (settings, db):
        item = confirm_address(db, slug, destination_id, code, actor=ACTOR, clock=settings.present)
    click.echo(f"confirmed (подтверждён): {item.title}")


@email.command("list")
@TENANT
def addresses(slug: str) -> None:
    """List the tenant's addresses with their ids and states."""
    from synkro_resources.control.address_codes import addresses_of

    with control() as (_, db):
        for item in addresses_of(db, slug):
            state = "on" if item.enabled else item.disabled_code
            click.echo(f"{item.destination_id}  {state:<20}{'admins ' if item.for_admins else ''}{item.title}")


for _command in (remove, admins):
    email.add_command(_command)
