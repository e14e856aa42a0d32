"""The Dagster schedule `due_refreshes`: once a minute it asks for today's refresh of the tenants whose turn it is.

A refresh never piles up: a tenant with anything under way waits for its next slot, and so does one whose today has
been read a moment ago by a report or a hint.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import date, datetime, timedelta

import dagster as dg

from synkro_assets.automation.saga import waits_for_its_time
from synkro_assets.day_marks import loaded_at
from synkro_resources.control.integrations import list_integrations
from synkro_resources.control.refreshes import REQUESTED_BY_CLOCK, refreshed_tenants
from synkro_resources.control.run_requests import RunRequest, create_request, newest_request_of, open_requests
from synkro_resources.control.tenants import Tenant, tenant_settings
from synkro_resources.model.errors import RefusedError, UserInputError
from synkro_resources.model.ids import IntegrationKind, RequestKind
from synkro_resources.model.period import Period
from synkro_resources.platform import Platform
from synkro_resources.rules.refresh_slots import is_refresh_time, is_slot_open, slot_begin
from synkro_resources.rules.working_time import Calendar

NAME = "due_refreshes"
MOST_OPEN = 10_000
KNOWN_WITHIN = timedelta(days=31)
"""A company without any load since then has not begun, or not begun again: its first load is asked for by people."""
SOURCES = frozenset({IntegrationKind.AMOCRM, IntegrationKind.RADIST})

log = logging.getLogger(__name__)


def due_refreshes_schedule(job: dg.UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    """Every minute. Dagster wants a job for a schedule; this one only writes requests, so it never starts it."""

    @dg.schedule(
        name=NAME,
        job=job,
        cron_schedule="* * * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        required_resource_keys={"platform"},
        description="Asks for today's refresh by each tenant's plan; the sensor run_requests carries it out.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.SkipReason:
        asked = ask_for_due_refreshes(context.resources.platform)
        return dg.SkipReason(f"asked for {len(asked)} refresh(es)" if asked else "no refresh is due")

    return schedule


def ask_for_due_refreshes(platform: Platform) -> list[RunRequest]:
    """One tick over the cell: the refreshes of the tenants whose slot is open and that may be read now."""
    control, cell, now = platform.control, platform.settings.cell, platform.clock.now()
    due = [
        (tenant, interval)
        for tenant, interval in refreshed_tenants(control, cell)
        if is_slot_open(tenant.slug, interval, now)
    ]
    if not due:
        return []
    waiting = open_requests(control, cell, limit=MOST_OPEN)
    busy = {request.tenant for request in waiting if not waits_for_its_time(request, now)}
    asked: list[RunRequest] = []
    for tenant, interval in due:
        try:
            if _is_wanted(platform, tenant, interval, busy, now):
                asked.append(_ask(platform, tenant, now))
        except (RefusedError, UserInputError) as error:  # of this tenant alone: the others are read
            log.warning("refresh of %s: %s", tenant.slug, error.code)
    return asked


def _is_wanted(platform: Platform, tenant: Tenant, interval: timedelta, busy: Collection[str], now: datetime) -> bool:
    if tenant.slug in busy:
        return False
    last = newest_request_of(platform.control, tenant.slug, REQUESTED_BY_CLOCK)
    if last is not None and last.created_at >= slot_begin(tenant.slug, interval, now):
        return False
    settings = tenant_settings(platform.control, tenant.slug)
    calendar = Calendar.of(settings)
    margin = timedelta(minutes=settings.refresh_margin_minutes)
    if not is_refresh_time(calendar, now, margin=margin, quiet_from=settings.quiet_from, quiet_to=settings.quiet_to):
        return False
    today = _today(calendar, now)
    loads = loaded_at(platform.control, tenant.slug, today - KNOWN_WITHIN, today)
    refreshed_at = loads.get(today)
    if not loads or (refreshed_at is not None and now - refreshed_at < interval / 2):
        return False
    known = {one.kind: one.status for one in list_integrations(platform.control, tenant.slug)}
    return all(known.get(kind, "broken") != "broken" for kind in SOURCES)


def _ask(platform: Platform, tenant: Tenant, now: datetime) -> RunRequest:
    return create_request(
        platform.control,
        tenant=tenant.slug,
        kind=RequestKind.REFRESH,
        period=Period.day(_today(Calendar.of(tenant_settings(platform.control, tenant.slug)), now)),
        requested_by=REQUESTED_BY_CLOCK,
        reason="by the plan's interval",
        clock=platform.clock,
    )


def _today(calendar: Calendar, now: datetime) -> date:
    return now.astimezone(calendar.zone).date()
