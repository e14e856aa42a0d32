"""`synkro tenant files`: which files follow a report in messengers."""

from __future__ import annotations

from typing import Literal

import click

from synkro_app.cli_commands.inputs import control

ACTOR = "cli"
FORMATS = ("pdf", "xlsx")


@click.command("files")
@click.option("--tenant", "slug", required=True, help="Slug of the tenant.")
@click.option("--attach", "formats", multiple=True, type=click.Choice(FORMATS), help="Send exactly these.")
@click.option("--none", "nothing", is_flag=True, help="Send the text alone.")
def attached(slug: str, formats: tuple[Literal["pdf", "xlsx"], ...], nothing: bool) -> None:
    """Show or choose the files that follow a report in chats; they hold quotes of clients."""
    from synkro_resources.control.attached_files import attach_files, attached_files

    if formats and nothing:
        raise click.UsageError("--attach and --none exclude each other")
    with control() as (settings, db):
        if formats or nothing:
            attach_files(db, slug, formats, actor=ACTOR, clock=settings.present)
        chosen = attached_files(db, slug)
    click.echo(", ".join(chosen) or "no files (без файлов)")
