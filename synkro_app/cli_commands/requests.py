"""`synkro requests`: what was asked for, by whom and how it ended; cancelling and trying again."""

from __future__ import annotations

import click

from synkro_app.cli_commands.inputs import control

ACTOR = "cli"
_TENANT = click.option("--tenant", "slug", required=True, help="Slug of the tenant.")
_ID = click.argument("request_id")


@click.group()
def requests() -> None:
    """Requests for data and reports."""


@requests.command("list")
@_TENANT
@click.option("--limit", default=20, show_default=True, help="How many.")
@click.option("--all", "routine", is_flag=True, help="Also refreshes that went well by themselves.")
def list_newest(slug: str, limit: int, routine: bool) -> None:
    """The newest requests with their states."""
    from synkro_resources.control.run_requests import list_requests

    with control() as (_, db):
        for item in list_requests(db, slug, limit, routine=routine):
            click.echo(
                f"{item.id}  {item.created_at:%Y-%m-%d %H:%M}  {item.kind:<8}{item.period.report_id:<36} "
                f"{item.status:<10}{item.requested_by:<16} {item.error_code}".rstrip()
            )


@requests.command("show")
@_TENANT
@_ID
def show(slug: str, request_id: str) -> None:
    """One request with its steps, and what to do if it failed."""
    from synkro_resources.control.journal import steps_of_request
    from synkro_resources.control.run_requests import get_request

    with control() as (_, db):
        item = get_request(db, slug, request_id)
        steps = steps_of_request(db, slug, request_id)
    click.echo(f"{item.kind} {item.period.report_id}, {item.status}, asked by {item.requested_by}")
    if item.due_at is not None:
        click.echo(f"leaves not before {item.due_at:%Y-%m-%d %H:%M} UTC")
    for step in steps:
        rows = "" if step.rows_out is None else f" {step.rows_out} rows"
        click.echo(f"  {step.status:<8}{step.asset}{rows}")
    if item.error_code:
        click.echo(f"{item.error_code}\n{item.what_ru} {item.remedy_ru}\n{item.what_en} {item.remedy_en}")


@requests.command("cancel")
@_TENANT
@_ID
def cancel(slug: str, request_id: str) -> None:
    """Start no further run of an open request and send nothing; a run that is going on ends by itself."""
    from synkro_resources.control.request_decisions import cancel_request

    with control() as (settings, db):
        click.echo(cancel_request(db, slug, request_id, actor=ACTOR, clock=settings.present).status)


@requests.command("retry")
@_TENANT
@_ID
def retry(slug: str, request_id: str) -> None:
    """Go on with a failed or cancelled request where it stopped."""
    from synkro_resources.control.request_decisions import retry_request

    with control() as (settings, db):
        click.echo(retry_request(db, slug, request_id, actor=ACTOR, clock=settings.present).status)
