"""The Dagster schedule `due_reports`: once a minute it asks for the reports that are due soon, and runs nothing itself.

It may run twice, late or not at all: a report of a schedule is one row by a unique key, and what a schedule has dealt
with is stored after the row.
"""

from __future__ import annotations

from datetime import datetime

import dagster as dg

from synkro_assets.automation.refinements import ask_for_refinements
from synkro_resources.control import run_requests, schedules
from synkro_resources.control.integrations import list_integrations
from synkro_resources.control.lead_times import lead_time
from synkro_resources.control.run_requests import RunRequest, Scheduled, create_request
from synkro_resources.control.schedules import Schedule
from synkro_resources.control.tenant_life import pass_time
from synkro_resources.control.tenants import tenant_settings
from synkro_resources.model.errors import PermanentError, RefusedError, Sentence, SynkroError, UserInputError
from synkro_resources.model.ids import RequestKind
from synkro_resources.platform import Platform
from synkro_resources.rules import formats
from synkro_resources.rules.due import Occurrence, due
from synkro_resources.rules.working_time import Calendar

NAME = "due_reports"
FAILURES_IN_A_ROW = 3
"""A connection that is broken is tried at as many reports before the schedule waits for somebody to mend it."""
REFINE_EVERY_MIN = 10


def due_reports_schedule(job: dg.UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    """Every minute. Dagster wants a job for a schedule; this one only writes requests, so it never starts it."""

    @dg.schedule(
        name=NAME,
        job=job,
        cron_schedule="* * * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        required_resource_keys={"platform"},
        description="Asks for the reports that are due soon; the sensor run_requests carries them out.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.SkipReason:
        platform: Platform = context.resources.platform
        asked = ask_for_due_reports(platform)
        if platform.clock.now().minute % REFINE_EVERY_MIN == 0:
            pass_time(platform.control, platform.settings.cell, platform.clock)
            asked += ask_for_refinements(platform)
        return dg.SkipReason(f"asked for {len(asked)} report(s)" if asked else "no report is due")

    return schedule


def ask_for_due_reports(platform: Platform) -> list[RunRequest]:
    """One tick over the cell's schedules: the requests of the reports that are due within their lead time."""
    cell, now = platform.settings.cell, platform.clock.now()
    schedules.mark_suspended(platform.control, cell)
    asked: list[RunRequest] = []
    for schedule in schedules.due_schedules(platform.control, cell, now):
        try:
            reason = _why_skipped(platform, schedule)
            if not reason:
                asked += _deal_with(platform, schedule, now)
        except (RefusedError, UserInputError) as error:  # of this tenant alone: the others get their reports
            reason = error.code
        if reason:
            schedules.mark_skipped(platform.control, cell, schedule, reason)
    return asked


def _why_skipped(platform: Platform, schedule: Schedule) -> str:
    """Why the schedule must not ask now, as a code; empty if it may."""
    if not schedules.allows_schedules(platform.control, schedule.tenant):
        return schedules.NO_PLAN
    integrations = list_integrations(platform.control, schedule.tenant)
    if not any(integration.status == "broken" for integration in integrations):
        return ""
    last = run_requests.last_of_schedule(platform.control, schedule.tenant, schedule.id, FAILURES_IN_A_ROW)
    all_failed = len(last) == FAILURES_IN_A_ROW and all(request.status == "failed" for request in last)
    return schedules.BROKEN if all_failed else ""


def _deal_with(platform: Platform, schedule: Schedule, now: datetime) -> list[RunRequest]:
    calendar = Calendar.of(tenant_settings(platform.control, schedule.tenant))
    was_suspended = schedule.paused_reason == schedules.SUSPENDED  # what fell into that time nobody waits for
    since = now if was_suspended or schedule.next_due_at is None else schedule.next_due_at
    found = due(schedule.rule, calendar, since=since, now=now, lead=schedule.lead)
    for missed in found.missed:
        _ask(platform, schedule, missed, missed_because=_slept(missed))
    asked = [] if found.ask is None else [_ask(platform, schedule, found.ask)]
    if asked and asked[0].schedule_id != schedule.id:
        return []  # a button has asked for the same and is not through: the schedule's own request comes after it
    lead = lead_time(platform.control, schedule.tenant, schedule.kind)
    schedules.move_on(platform.control, schedule, found.following, lead)
    return asked


def _ask(
    platform: Platform, schedule: Schedule, occurrence: Occurrence, missed_because: SynkroError | None = None
) -> RunRequest:
    return create_request(
        platform.control,
        tenant=schedule.tenant,
        kind=RequestKind.REPORT,
        period=occurrence.period,
        requested_by=f"{run_requests.SCHEDULE_PREFIX}{schedule.id}",
        reason="schedule",
        clock=platform.clock,
        scheduled=Scheduled(schedule.id, occurrence.at),
        missed=missed_because,
    )


def _slept(missed: Occurrence) -> PermanentError:
    first, last = missed.period.first_day, missed.period.last_day
    return PermanentError(
        "schedule.missed",
        Sentence(
            f"Отчёт за {formats.period_name(first, last, 'ru')} пропущен: в его время служба не работала.",
            f"The report of {formats.period_name(first, last, 'en')} is missed: nothing ran at its time.",
        ),
        Sentence("Если он ещё нужен, запросите его кнопкой.", "Ask for it with the button if you still need it."),
    )
