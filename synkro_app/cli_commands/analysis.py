"""`synkro analysis`: what labelling dialogs has cost, what it would cost, and its limits."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import click

from synkro_app.cli_commands.inputs import control

if TYPE_CHECKING:
    from synkro_resources.control.ai_usage import LabelEstimate

ACTOR = "cli"
NO_LIMIT = "none"


@click.group()
def analysis() -> None:
    """Labels of dialogs: usage, price and limits."""


@analysis.command()
@click.option("--tenant", "slug", required=True, help="Slug of the tenant.")
@click.option("--days", default=30, show_default=True, help="Days that the estimate is for.")
def show(slug: str, days: int) -> None:
    """This month's calls and cost, states of all analyses, limits, and the price of more days."""
    from synkro_resources.control.ai_usage import ai_usage, estimate_labels
    from synkro_resources.control.tenants import tenant_settings

    with control() as (settings, db):
        chosen = tenant_settings(db, slug)
        usage = ai_usage(db, slug, settings.present.now().date())
        estimate = estimate_labels(db, slug, days)
    cap = "no limit" if chosen.ai_monthly_cap is None else f"limit {chosen.ai_monthly_cap}"
    money = f"{usage.spent:.2f} {usage.currency}" if usage.currency else "price unknown"
    click.echo(f"{usage.month:%Y-%m}: {usage.calls} calls, {usage.tokens} tokens, {money} ({cap})")
    states = ", ".join(f"{status} {count}" for status, count in usage.statuses.items()) or "none yet"
    click.echo(f"analyses: {states}; days labelled: {usage.labelled_days}")
    click.echo(f"history: {chosen.label_history}")
    click.echo(_told(estimate))


@analysis.command("set")
@click.option("--tenant", "slug", required=True, help="Slug of the tenant.")
@click.option("--monthly-cap", help="Money per month in the price's currency; «none»: no limit.")
@click.option("--history", type=click.Choice(["sample", "all"]), help="What long loads label: a sample, or all.")
def set_limits(slug: str, monthly_cap: str | None, history: str | None) -> None:
    """Change the month's limit, or confirm that the whole history is labelled.

    A limit is refused while the price of the tenant's model is unknown: it could never be reached.
    """
    from synkro_resources.ai.caps import require_price
    from synkro_resources.control.tenants import save_tenant_settings, tenant_settings

    changes: dict[str, object] = {}
    if monthly_cap is not None:
        changes["ai_monthly_cap"] = None if monthly_cap == NO_LIMIT else _amount(monthly_cap)
    if history is not None:
        changes["label_history"] = history
    if not changes:
        raise click.UsageError("give --monthly-cap or --history")
    with control() as (settings, db):
        if changes.get("ai_monthly_cap") is not None:
            require_price(db, slug)
        chosen = tenant_settings(db, slug).model_copy(update=changes)
        version = save_tenant_settings(db, slug, chosen, changed_by=ACTOR, clock=settings.present)
    click.echo(f"{slug}: settings version {version}")


def _amount(written: str) -> Decimal:
    try:
        amount = Decimal(written.replace(",", "."))
    except InvalidOperation:
        raise click.UsageError(f"{written!r} is no amount of money") from None
    if not amount.is_finite() or amount < 0:
        raise click.UsageError(f"{written!r} is no amount of money")
    return amount


def _told(estimate: LabelEstimate) -> str:
    if estimate.episodes is None:
        return f"{estimate.days} days: nothing was labelled yet, so nothing is known of their price: load a week first"
    price = "" if estimate.cost is None else f", {estimate.cost:.2f} {estimate.currency}"
    return f"{estimate.days} more days: about {estimate.episodes} episodes, {estimate.calls} calls{price}"
