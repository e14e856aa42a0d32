"""`synkro dialog`: links between dialogs and contacts that people make by hand."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from synkro_resources.control.database import Database
    from synkro_resources.lake import Lake
    from synkro_resources.settings import Settings

ACTOR = "cli"


@click.group()
def dialog() -> None:
    """Links between dialogs and contacts that people make by hand."""


@dialog.command()
@click.option("--tenant", required=True)
@click.option("--dialog", "dialog_id", type=int, required=True, help="Radist's chat id.")
@click.option("--contact", "contact_id", type=int, required=True, help="amoCRM's contact id.")
def link(tenant: str, dialog_id: int, contact_id: int) -> None:
    """Say whom a dialog belongs to; its loaded days are derived again before the next report."""
    from synkro_resources.linking import link_by_hand

    with _opened() as (settings, control, lake):
        days = link_by_hand(control, lake, tenant, dialog_id, contact_id, actor=ACTOR, clock=settings.present)
        click.echo(f"linked; {days} loaded days will be derived again")


@dialog.command()
@click.option("--tenant", required=True)
@click.option("--dialog", "dialog_id", type=int, required=True)
def unlink(tenant: str, dialog_id: int) -> None:
    """Take a link back."""
    from synkro_resources.linking import unlink_by_hand

    with _opened() as (settings, control, lake):
        days = unlink_by_hand(control, lake, tenant, dialog_id, actor=ACTOR, clock=settings.present)
        click.echo(f"unlinked; {days} loaded days will be derived again")


@dialog.command()
@click.option("--tenant", required=True)
def links(tenant: str) -> None:
    """The links in force."""
    from synkro_resources.control.dialog_links import dialog_links

    with _opened() as (_, control, _lake):
        for found in dialog_links(control, tenant):
            click.echo(f"{found.dialog_id} -> {found.contact_id}  {found.linked_by}  {found.linked_at:%Y-%m-%d %H:%M}")


@contextmanager
def _opened() -> Generator[tuple[Settings, Database, Lake]]:
    from synkro_resources.control.database import Database
    from synkro_resources.lake import Lake
    from synkro_resources.settings import Settings

    settings = Settings.load()
    control = Database.from_settings(settings)
    try:
        yield settings, control, Lake(settings.lake_root)
    finally:
        control.close()
