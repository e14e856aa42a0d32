"""`synkro integration consent` and `unblock`: amoCRM's consent page for a client, and the end of a vendor's block."""

from __future__ import annotations

import click

from synkro_app.cli_commands.inputs import control

ACTOR = "cli"
TENANT = click.option("--tenant", "slug", required=True, help="Slug of the tenant.")


@click.command()
@TENANT
def consent(slug: str) -> None:
    """Print the address at which an administrator of the client's amoCRM allows access; it works for 20 minutes."""
    from synkro_resources.amocrm.consent import CALLBACK_PATH, consent_url
    from synkro_resources.control.keyring import Keyring

    with control() as (settings, db):
        redirect_uri = f"{settings.cabinet_url}{CALLBACK_PATH}"
        click.echo(consent_url(db, Keyring.from_settings(settings), slug, ACTOR, redirect_uri=redirect_uri))


@click.command()
@TENANT
@click.option("--kind", "kind_name", required=True, type=click.Choice(("amocrm", "radist")))
@click.option(
    "--reason", default="the vendor has lifted the block", show_default=True, help="Kept in the audit record."
)
def unblock(slug: str, kind_name: str, reason: str) -> None:
    """Allow requests to an account again, after its vendor's support has lifted the block. Not before."""
    from synkro_resources.control.accounts import key_of
    from synkro_resources.control.blocks import clear_block
    from synkro_resources.control.integrations import get_integration
    from synkro_resources.control.sealed_fields import missing
    from synkro_resources.model.ids import IntegrationKind

    kind = IntegrationKind(kind_name)
    with control() as (_, db):
        found = get_integration(db, slug, kind)
        if found is None:
            raise missing(slug, kind)
        was_blocked = clear_block(db, slug, key_of(kind, found.public), kind=kind, actor=ACTOR, reason=reason)
    click.echo(f"{kind} of {slug}: {'requests are allowed again' if was_blocked else 'was not blocked'}")
