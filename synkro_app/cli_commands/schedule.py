"""`synkro schedule`: which reports go out by themselves, when and where to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from synkro_app.cli_commands.inputs import control

if TYPE_CHECKING:
    from synkro_resources.control.schedules import Schedule

ACTOR = "cli"
SHOWN = 5
_TENANT = click.option("--tenant", "slug", required=True, help="Slug of the tenant.")
_ID = click.argument("schedule_id")


@click.group()
def schedule() -> None:
    """Reports by schedule: a day's on working mornings, a week's, a month's."""


@schedule.command("list")
@_TENANT
def list_all(slug: str) -> None:
    """All schedules with their next time, and why one does not send at present."""
    from synkro_resources.control.schedules import list_schedules
    from synkro_resources.control.tenants import get_tenant

    with control() as (_, db):
        zone, found = get_tenant(db, slug).zone, list_schedules(db, slug)
    for item in found:
        click.echo(_line(item, zone))
    if not found:
        click.echo("no schedules")


@schedule.command("set")
@_TENANT
@click.option("--kind", type=click.Choice(["day", "week", "month"]), required=True, help="Which report.")
@click.option("--at", "at", type=click.DateTime(["%H:%M"]), required=True, help="Local time of the tenant, HH:MM.")
@click.option("--days", default="", metavar="1,2,…", help="Weekdays, 1 is Monday. A week's report: one of them.")
@click.option("--to", "destinations", multiple=True, metavar="ID", help="Destination; none: all that are linked.")
@click.option("--language", default="", help="ru or en; default: the tenant's.")
@click.option("--id", "schedule_id", help="Name of a second schedule of the same kind.")
def set_one(
    slug: str,
    kind: str,
    at: datetime,
    days: str,
    destinations: tuple[str, ...],
    language: str,
    schedule_id: str | None,
) -> None:
    """Add a schedule or change it."""
    from synkro_resources.control.schedules import set_schedule
    from synkro_resources.control.tenants import get_tenant
    from synkro_resources.model.period import PeriodKind

    with control() as (settings, db):
        changed = set_schedule(
            db,
            slug,
            kind=PeriodKind(kind),
            at=at.time(),
            actor=ACTOR,
            clock=settings.present,
            weekdays=_weekdays(days),
            destinations=destinations,
            language=language,
            schedule_id=schedule_id,
        )
        zone = get_tenant(db, slug).zone
    click.echo(_line(changed, zone))


@schedule.command("pause")
@_TENANT
@_ID
@click.option("--reason", default="", help="Shown beside the schedule.")
def pause(slug: str, schedule_id: str, reason: str) -> None:
    """Send nothing more by this schedule; a report that waits for its time is cancelled."""
    from synkro_resources.control.schedules import pause_schedule

    with control() as (settings, db):
        pause_schedule(db, slug, schedule_id, actor=ACTOR, clock=settings.present, reason=reason)
    click.echo("paused")


@schedule.command("resume")
@_TENANT
@_ID
def resume(slug: str, schedule_id: str) -> None:
    """Go on from now; nothing is made up for."""
    from synkro_resources.control.schedules import resume_schedule
    from synkro_resources.control.tenants import get_tenant

    with control() as (settings, db):
        resumed = resume_schedule(db, slug, schedule_id, actor=ACTOR, clock=settings.present)
        zone = get_tenant(db, slug).zone
    click.echo(_line(resumed, zone))


@schedule.command("next")
@_TENANT
def show_next(slug: str) -> None:
    """The next reports with their local times and the days that they cover."""
    from synkro_resources.control.schedules import list_schedules
    from synkro_resources.control.tenants import tenant_settings
    from synkro_resources.rules.due import occurrences
    from synkro_resources.rules.working_time import Calendar

    with control() as (settings, db):
        calendar, now = Calendar.of(tenant_settings(db, slug)), settings.present.now()
        enabled = [item for item in list_schedules(db, slug) if item.enabled]
    today = now.astimezone(calendar.zone).date()
    coming = sorted(
        (found.at, found.period.report_id, item.id)
        for item in enabled
        for found in occurrences(item.rule, calendar, today, today + timedelta(days=35))
        if found.at > now
    )
    for at, report_id, name in coming[:SHOWN]:
        click.echo(f"{at.astimezone(calendar.zone):%a %d.%m.%Y %H:%M}  {report_id:<16} {name}")
    if not coming:
        click.echo("no report is scheduled")


def _weekdays(written: str) -> tuple[int, ...]:
    parts = [part.strip() for part in written.split(",") if part.strip()]
    if not all(part.isdecimal() for part in parts):
        raise click.UsageError(f"{written!r}: weekdays are numbers from 1 (Monday) to 7, as 1,2,3")
    return tuple(int(part) for part in parts)


def _line(item: Schedule, zone: str) -> str:
    from synkro_resources.control.schedules import skip_sentence

    days = "" if len(item.weekdays) == 7 else f" on days {','.join(map(str, item.weekdays))}"
    where = f"{len(item.destinations)} destination(s)" if item.destinations else "all destinations"
    next_at = "" if item.next_due_at is None else f", next {item.next_due_at.astimezone(ZoneInfo(zone)):%d.%m.%Y %H:%M}"
    sentence = skip_sentence(item.paused_reason)
    reason = item.paused_reason if sentence is None else sentence.en
    state = "on" if item.enabled and not reason else f"{'skipped' if item.enabled else 'paused'}: {reason}".rstrip(": ")
    return f"{item.id:<8} {item.kind:<6} {item.at:%H:%M}{days}, {where}, {state}{next_at}"
