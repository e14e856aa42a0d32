"""What a run notes about each day it loaded: counts per source, and when the day is complete.

A day is complete when every mandatory source table was stored for it and its turns were derived; its `loaded_at` is the
oldest of those loads, so a day that was read in part yesterday and in part today counts as yesterday's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime

from synkro_assets.tenant_run import TenantRun
from synkro_resources.control import days, journal
from synkro_resources.control.database import Database
from synkro_resources.lake import WrittenDay
from synkro_resources.linking import mark_late_links
from synkro_resources.model.tables import Table
from synkro_resources.model.tables.dialogs import DIALOG_TABLES
from synkro_resources.model.tables.raw import RAW_TABLES
from synkro_resources.model.tenant_settings import TenantSettings
from synkro_resources.rules.metrics import METRIC_VERSION

DERIVATION_VERSION = "2"
"""2: contacts by chat events, the start of old episodes, broadcasts across midnight."""
SHAPING = {
    "zone",
    "work_calendar",
    "sla_minutes",
    "episode_gap_hours",
    "lookback_days",
    "excluded_pipelines",
    "autotext",
    "author_map",
    "link_by_crm_chat",
    "attribute_by_crm_chat",
}
"""Settings from which episodes and turns are derived: another value makes every day stale."""
DERIVING: frozenset[str] = frozenset(table.name for table in DIALOG_TABLES)
MANDATORY: frozenset[str] = frozenset(table.name for table in RAW_TABLES)


def note_source(run: TenantRun, table: Table, written: Sequence[WrittenDay]) -> None:
    """Per day: how many rows the source gave, and how many the day's file holds now."""
    if table.name not in MANDATORY:
        return
    source, _, step = table.name.partition("/")
    now = run.clock.now()
    for file in written:
        if file.day is not None:
            days.save_source_run(
                run.platform.control,
                run.tenant,
                source,
                file.day,
                "partial" if run.notes.quarantined else "ok",
                now,
                file.given,
                file.rows,
                step=step,
                rows_quarantined=run.notes.quarantined,
                rows_duplicate=run.notes.repeated,
            )


def loaded_at(control: Database, tenant: str, first: date, last: date) -> dict[date, datetime]:
    """When each day of `first … last` was last loaded and derived whole; days that lack a layer or a source are absent.

    A day that only a check keeps from being complete counts: the same rows fail again, so that loading it at every
    request would cost requests for ever and mend nothing. People load it again, as the check's remedy says.
    """
    derived = [state for state in days.day_states(control, tenant, first, last) if state.layer == "derived"]
    blocked = days.blocked_days(control, tenant, first, last)
    stored: dict[date, set[str]] = {}
    for load in days.source_runs(control, tenant, first, last):
        if load.status != "failed":
            stored.setdefault(load.day, set()).add(f"{load.source}/{load.step}")
    return {
        state.day: state.loaded_at
        for state in derived
        if state.complete or (state.day in blocked and stored.get(state.day, set()) >= MANDATORY)
    }


def mark_derived(run: TenantRun) -> None:
    """Mark the window's days whose mandatory sources are all stored as loaded and derived."""
    control, window = run.platform.control, run.window
    loads: dict[date, dict[str, datetime]] = {}
    for load in days.source_runs(control, run.tenant, window.first_day, window.last_day):
        if load.status != "failed":
            loads.setdefault(load.day, {})[f"{load.source}/{load.step}"] = load.finished_at
    versions, began = present_versions(run.settings), _derivation_began(run)
    blocked = days.blocked_days(control, run.tenant, window.first_day, window.last_day)
    for day in window.days:
        found = loads.get(day, {})
        if not found:
            continue
        complete = found.keys() >= MANDATORY and day not in blocked
        for layer in ("raw", "derived"):
            derived_at = began if layer == "derived" else None
            days.mark_day(
                control, run.tenant, day, layer, min(found.values()), complete, versions, derived_at=derived_at
            )
    mark_late_links(control, run.lake, run.tenant, window.days, began)


def present_versions(settings: TenantSettings) -> dict[str, str]:
    """The versions of what days are derived by; a day that was derived by others is stale."""
    shaping = settings.model_dump_json(include=SHAPING)
    return {
        "metrics": METRIC_VERSION,
        "derivation": DERIVATION_VERSION,
        "calendar": settings.work_calendar.version,
        "settings": hashlib.sha256(shaping.encode()).hexdigest()[:16],
    }


def _derivation_began(run: TenantRun) -> datetime:
    """When this run began to derive: the first of its steps that a late change could have missed."""
    steps = journal.steps_of_run(run.platform.control, run.tenant, run.context.run.run_id)
    return min(step.started_at for step in steps if step.asset in DERIVING)
