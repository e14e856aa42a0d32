"""`synkro service`: what is sold beside the plan, and the queue of the managed service."""

from __future__ import annotations

import sys
from datetime import datetime
from decimal import Decimal, InvalidOperation

import click

from synkro_app.cli_commands.inputs import control

ACTOR = "cli"
_TENANT = click.option("--tenant", "slug", required=True, help="Slug of the tenant.")


@click.group()
def service() -> None:
    """The onboarding package, the managed service, single works."""


@service.command("add")
@_TENANT
@click.option("--kind", type=click.Choice(["onboarding", "managed", "other"]), required=True)
@click.option("--amount", required=True, help="For example 15000 or 99.50.")
@click.option("--currency", default="RUB", show_default=True)
@click.option("--month", type=click.DateTime(["%Y-%m"]), help="Default: the present one (UTC).")
@click.option("--title", default="", help="What it is; needed for `other`.")
def add(slug: str, kind: str, amount: str, currency: str, month: datetime | None, title: str) -> None:
    """Put a service into a month's statement."""
    from synkro_resources.control.services import KINDS, add_service

    try:
        money = Decimal(amount)
    except InvalidOperation as error:
        raise click.BadParameter(f"{amount} is no number") from error
    with control() as (settings, db):
        line = add_service(
            db,
            slug,
            next(known for known in KINDS if known == kind),
            month=(month or settings.present.now()).date(),
            amount=money,
            currency=currency,
            actor=ACTOR,
            clock=settings.present,
            title=title,
        )
    click.echo(f"{slug} {line.month:%Y-%m}: {line.kind} {line.amount} {line.currency}")


@service.command("list")
@_TENANT
def list_lines(slug: str) -> None:
    """A tenant's services, and how far its onboarding is."""
    from synkro_resources.control.checklist import checklist_of
    from synkro_resources.control.services import services_of

    with control() as (_, db):
        lines, items = services_of(db, slug), checklist_of(db, slug)
    for line in lines:
        click.echo(f"{line.month:%Y-%m}  {line.kind:<11}{line.amount:>12} {line.currency}  {line.title}".rstrip())
    click.echo("onboarding: " + ", ".join(f"{'✓' if done else '○'} {item}" for item, done in items.items()))


@service.command("queue")
def queue() -> None:
    """What the companies with the managed service need now; exit code 1 if one needs something."""
    from synkro_resources.control.checklist import checklist_of
    from synkro_resources.control.data_quality import quality_note
    from synkro_resources.control.fleet import fleet
    from synkro_resources.control.services import managed_tenants
    from synkro_resources.control.usage import month_of, window_of

    waiting = False
    with control() as (settings, db):
        now = settings.present.now()
        managed = managed_tenants(db, now.date(), actor=ACTOR)
        companies = [one for one in fleet(db, now, actor=ACTOR).tenants if one.tenant.slug in managed]
        for one in companies:
            slug = one.tenant.slug
            window = window_of(one.tenant, month_of(now.date()))
            note = quality_note(db, window, window.day_of(now))
            needs = [f"late reports: {one.late_reports}"] if one.late_reports else []
            needs += [f"{broken.kind} is broken: {broken.what.en}" for broken in one.broken]
            needs += [f"failed requests: {one.failed}"] if one.failed else []
            needs += [f"to connect or do: {item}" for item, done in checklist_of(db, slug).items() if not done]
            needs += [f"{bad.asset} {bad.check} fails on {bad.days} day(s): {bad.remedy.en}" for bad in note.failed]
            whole = f"{note.whole_days} of {note.days} days whole, {note.rows_put_aside} rows put aside"
            click.echo(f"{slug} {one.level}: {whole}")
            for need in needs:
                click.echo(f"  · {need}")
            waiting = waiting or bool(needs)
    if not companies:
        click.echo("No company has the managed service this month: synkro service add --kind managed")
    if waiting:
        sys.exit(1)
