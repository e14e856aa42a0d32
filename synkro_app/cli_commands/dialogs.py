"""`synkro dialog`: links between dialogs and contacts that people make by hand, and dialogs for a person's look."""

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
    """Links between dialogs and contacts that people make by hand, and dialogs that wait for a person's look."""


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


@dialog.command()
@click.option("--tenant", required=True)
@click.option("--review", "episode_key", help="Say that you have looked at this episode.")
@click.option("--by", "actor", default=ACTOR, show_default=True, help="Who has looked.")
@click.option("--all", "reviewed", is_flag=True, help="Also those that somebody has looked at.")
def flagged(tenant: str, episode_key: str | None, actor: str, reviewed: bool) -> None:
    """Messages that look like orders to the analyst, without their texts; they wait for a person's look."""
    from synkro_resources.control.injection_events import list_injections, review_injections

    with _opened() as (settings, control, _lake):
        if episode_key is not None:
            count = review_injections(control, tenant, episode_key, actor=actor, clock=settings.present)
            click.echo(f"{episode_key}: {count} reviewed")
            return
        for found in list_injections(control, tenant, reviewed=reviewed):
            who = "" if found.reviewed_by is None else f"  reviewed by {found.reviewed_by}"
            seen = f"{found.seen_at:%Y-%m-%d %H:%M}"
            click.echo(f"{found.episode_key}  message {found.message_id}  {found.detector}  {seen}{who}")


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
