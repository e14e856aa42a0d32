"""`synkro plan` and `synkro usage`: what a tenant may use, and what it used."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from synkro_app.cli_commands.inputs import control

if TYPE_CHECKING:
    from synkro_resources.control.plans import Plan
    from synkro_resources.control.usage import MonthSoFar, Usage

ACTOR = "cli"
EXIT_FULL = 1
_TENANT = click.option("--tenant", "slug", required=True, help="Slug of the tenant.")


@click.group()
def plan() -> None:
    """Plans: what each allows, and which one a tenant is on."""


@plan.command("show")
@click.option("--tenant", "slug", help="Slug of the tenant; default: all plans.")
def show(slug: str | None) -> None:
    """What a tenant's plan allows, or all plans."""
    from synkro_resources.control.plans import all_plans, tenant_plan

    with control() as (_, db):
        plans = [tenant_plan(db, slug)] if slug else all_plans(db)
    for item in plans:
        click.echo(f"{item.code} ({item.name})")
        for line in _allowed(item):
            click.echo(f"  {line}")


@plan.command("set")
@_TENANT
@click.option("--plan", "code", required=True, help="Code of the plan: base, pro, enterprise.")
@click.option("--reason", required=True, help="Kept in the audit record.")
def set_plan(slug: str, code: str, reason: str) -> None:
    """Put a tenant on another plan from now on. Nothing is taken away that is there already."""
    from synkro_resources.control.plans import change_plan

    with control() as (settings, db):
        change_plan(db, slug, code, actor=ACTOR, reason=reason, clock=settings.present)
    click.echo(f"{slug}: {code}")


@click.command()
@_TENANT
def usage(slug: str) -> None:
    """This month against the plan, the forecast, and the months before; exit code 1 where the dialogs are used up."""
    from synkro_resources.control.tenants import get_tenant
    from synkro_resources.control.usage import month_so_far

    with control() as (settings, db):
        found = month_so_far(db, get_tenant(db, slug), settings.present.now())
    click.echo(_now(found))
    for month in found.past:
        click.echo(_line(month, found.currency))
    if found.share >= 1:
        sys.exit(EXIT_FULL)


def _allowed(item: Plan) -> list[str]:
    return [
        f"requests by button per day: {item.manual_requests_per_day}",
        f"reports by schedule: {_yes(item.schedules_allowed)}",
        f"refresh in working hours: {_often(item.refresh_interval_min)}",
        f"refresh by the messenger's events, at most: {_often(item.event_refresh_min)}",
        f"history that people may load: {item.history_days} days",
        f"own checklist: {_yes(item.extended_analytics)}",
        f"companies: {item.tenants}, users: {item.users}, dialogs per month: {item.dialogs_per_month}",
        f"kept and missed send times in the statement: {_yes(item.promises_send_time)}",
    ]


def _now(found: MonthSoFar) -> str:
    plan = found.plan
    expected = "unknown yet" if found.forecast is None else str(found.forecast)
    return "\n".join(
        (
            _line(found.usage, found.currency),
            f"plan {plan.code} ({plan.name}): {found.share:.0%} of {plan.dialogs_per_month} dialogs, "
            f"expected at the month's end: {expected}; users {found.members} of {plan.users}",
        )
    )


def _line(month: Usage, currency: str) -> str:
    money = f"{month.ai_cost:.2f} {currency}".rstrip()
    return (
        f"{month.month:%Y-%m}: {month.dialogs} dialogs, {month.reports} reports, "
        f"AI {month.ai_calls} calls, {month.ai_tokens} tokens, {money}"
    )


def _often(minutes: int | None) -> str:
    return "no" if minutes is None else f"every {minutes} min"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
