"""Reading what a package is built from: stored partitions, current tables, and how the loads went."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from synkro_assets.reports.package.build import source_times
from synkro_assets.reports.package.inputs import PackageInputs, days_to_read
from synkro_assets.tenant_run import TenantRun
from synkro_resources.control import days
from synkro_resources.control.agreement import present_agreement
from synkro_resources.control.labels import read_labels
from synkro_resources.control.rubrics import active_rubric, rubrics_of
from synkro_resources.model.errors import DataError, Sentence
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.period import Period, days_between
from synkro_resources.model.tables.crm import (
    CALL,
    CONTACT,
    CONTACT_PHONE,
    DEAL,
    DEAL_CONTACT,
    DEAL_EVENT,
    LOSS_REASON,
    MANAGER,
    PIPELINE_STATUS,
)
from synkro_resources.model.tables.dialogs import DIALOG, EPISODE, MESSAGE, TURN
from synkro_resources.model.window import TenantWindow, local_midnight
from synkro_resources.rules.comparison import previous_period
from synkro_resources.rules.deal_history import EVENT_COLUMNS, HISTORY_COLUMNS
from synkro_resources.rules.metrics.health import StepLoad
from synkro_resources.rules.metrics.labels import Labels
from synkro_resources.rules.working_time import Calendar

MESSAGE_COLUMNS = (
    "message_id",
    "dialog_id",
    "sent_at",
    "author_kind",
    "author_ref",
    "is_counted",
    "episode_key",
    "text",
    "error_at",
    "no_zone",
)
DIALOG_COLUMNS = ("dialog_id", "is_group", "last_activity_at")
CONTACT_COLUMNS = ("contact_id", "company_id", "telegram_username", "is_deleted")
"""What of each table the figures are made of: names and stamps would only take time and room."""


def read_inputs(run: TenantRun, period: Period, *, until: date | None = None) -> PackageInputs:
    """The inputs of the package of `period`; with `until` also what later days brought, for the waiting clients."""
    first, last = days_to_read(period, run.settings, Calendar.of(run.settings))
    wanted = list(days_between(first, max(last, until or last)))
    window = TenantWindow.of_period(run.tenant, run.window.zone, period)
    before = previous_period(period, Calendar.of(run.settings))
    earlier = None if before is None else TenantWindow.of_period(run.tenant, run.window.zone, before)
    before_start, before_end = (window.start, window.start) if earlier is None else (earlier.start, earlier.end)
    lake, episodes = run.lake, run.stored_days(EPISODE, wanted)
    event_days = lake.days(DEAL_EVENT, run.tenant)
    return PackageInputs(
        episodes=episodes,
        turns=run.stored_days(TURN, wanted),
        messages=lake.read_days(MESSAGE, run.tenant, wanted, columns=MESSAGE_COLUMNS, missing_ok=True),
        dialogs=lake.read_current(DIALOG, run.tenant, columns=DIALOG_COLUMNS),
        deals=lake.read_current(DEAL, run.tenant, columns=HISTORY_COLUMNS),
        deal_contacts=run.current(DEAL_CONTACT),
        deal_events=lake.read_days(DEAL_EVENT, run.tenant, event_days, columns=("event_id", *EVENT_COLUMNS)),
        contacts=lake.read_current(CONTACT, run.tenant, columns=CONTACT_COLUMNS),
        contact_phones=run.current(CONTACT_PHONE),
        calls=run.current(CALL),
        managers=run.current(MANAGER),
        loss_reasons=run.current(LOSS_REASON),
        statuses=run.current(PIPELINE_STATUS),
        loads=step_loads(run, wanted[0], wanted[-1]),
        events_from=_unbroken_from(run, event_days, last),
        loaded_days=_loaded_days(run, wanted[0], wanted[-1]),
        labels=labels_of(run, episodes, window.end, window.start),
        labels_before=labels_of(run, episodes, before_end, before_start),
        history_from=min(run.lake.days(TURN, run.tenant), default=None),
        agreement=tuple(present_agreement(run.platform.control, run.tenant, window.end)),
        rubric=active_rubric(run.platform.control, run.tenant),
        rubrics=rubrics_of(run.platform.control, run.tenant),
        blocked_days=frozenset(days.blocked_days(run.platform.control, run.tenant, wanted[0], wanted[-1])),
    )


def labels_of(run: TenantRun, episodes: pa.Table, until: datetime, since: datetime) -> Labels:
    """What the analysis had said of these episodes' messages up to `until`, or why it has said nothing.

    Scores are by the one version of the checklist that fits the period from `since` to `until` best.
    """
    keys = [str(key) for key in pc.unique(episodes.column("episode_key")).to_pylist()]
    last_at = episodes.column("last_at")
    is_inside = pc.and_(pc.greater_equal(last_at, pa.scalar(since)), pc.less(last_at, pa.scalar(until)))
    inside = {str(key) for key in pc.unique(episodes.filter(is_inside).column("episode_key")).to_pylist()}
    labels = read_labels(run.platform.control, run.tenant, until=until, episode_keys=keys, compared_keys=inside)
    is_connected = run.platform.find_connection(run.tenant, IntegrationKind.AI) is not None
    return labels if labels.analyses.shape[0] or is_connected else Labels.none("no_llm")


def data_until(run: TenantRun, inputs: PackageInputs) -> datetime:
    """Up to when all sources are loaded (UTC).

    Raises:
        DataError: `report.no_data` before the first load.
    """
    times = source_times(inputs.loads)
    if not times:
        raise DataError(
            "report.no_data",
            Sentence("Данные ещё не загружались.", "No data have been loaded yet."),
            Sentence("Загрузите этот период и повторите.", "Load the period and try again."),
            tenant=run.tenant,
        )
    return min(times.values())


def step_loads(run: TenantRun, first: date, last: date) -> list[StepLoad]:
    """How each source step ended for each of these days."""
    return [
        StepLoad(
            step=f"{load.source}/{load.step}",
            day=load.day,
            ok=load.status != "failed",
            finished_at=load.finished_at,
            rows_source=load.rows_source,
            rows_stored=load.rows_stored,
        )
        for load in days.source_runs(run.platform.control, run.tenant, first, last)
    ]


def _loaded_days(run: TenantRun, first: date, last: date) -> frozenset[date]:
    states = days.day_states(run.platform.control, run.tenant, first, last)
    return frozenset(state.day for state in states if state.layer == "derived" and state.complete)


def _unbroken_from(run: TenantRun, stored: list[date], last: date) -> datetime:
    """The instant from which events are loaded without a gap up to `last`."""
    known, first = set(stored), last
    while first - timedelta(days=1) in known:
        first -= timedelta(days=1)
    return local_midnight(first, TenantWindow(run.tenant, run.window.zone, first, last).tz)
