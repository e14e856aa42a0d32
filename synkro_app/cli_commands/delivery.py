"""`synkro delivery`: parts of reports with their states, and a person's word about those that may have arrived."""

from __future__ import annotations

import click

from synkro_app.cli_commands.inputs import control

ACTOR = "cli"
_TENANT = click.option("--tenant", "slug", required=True, help="Slug of the tenant.")


@click.group()
def delivery() -> None:
    """Message parts that were sent, wait, or need a decision."""


@delivery.command("list")
@_TENANT
@click.option("--report", "report_id", help="Only of this report, as day:2026-11-19.")
def list_parts(slug: str, report_id: str | None) -> None:
    """The newest parts with their ids and states."""
    from synkro_resources.control.outbox import deliveries

    with control() as (_, db):
        for part in deliveries(db, slug, report_id):
            click.echo(
                f"{part.delivery_id}  {part.report_id:<22} r{part.revision}  {part.part_no}/{part.parts}  "
                f"{part.state:<11}{part.last_error_code}"
            )


@delivery.command("mark-delivered")
@_TENANT
@click.argument("delivery_id")
def mark_delivered(slug: str, delivery_id: str) -> None:
    """You have seen an uncertain part in the chat: the next parts may go."""
    from synkro_resources.control.outcomes import accept_as_sent

    with control() as (settings, db):
        part = accept_as_sent(db, slug, delivery_id, actor=ACTOR, clock=settings.present)
    click.echo(part.state)


@delivery.command("send-again")
@_TENANT
@click.argument("delivery_id")
def send_again_(slug: str, delivery_id: str) -> None:
    """An uncertain or failed part is not in the chat: send it once more with the next run of the report."""
    from synkro_resources.control.outcomes import send_again

    with control() as (settings, db):
        part = send_again(db, slug, delivery_id, actor=ACTOR, clock=settings.present)
    click.echo(part.state)
