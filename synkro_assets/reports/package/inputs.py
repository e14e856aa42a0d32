"""What a package is built from: the rows read from the lake, reduced to what was known at the period's end."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from synkro_assets.reports.package.cut_rows import EPISODE_STORED, TURN_STORED, whole_episodes, whole_turns
from synkro_resources.model.period import Period
from synkro_resources.model.rubric import R1, RUBRICS, Rubric
from synkro_resources.model.tables.dialogs import EPISODE, TURN
from synkro_resources.model.tables.raw import RAW_TABLES
from synkro_resources.model.tenant_settings import TenantSettings
from synkro_resources.rules.comparison import previous_period
from synkro_resources.rules.deal_history import DealHistory
from synkro_resources.rules.feedback import Agreement
from synkro_resources.rules.metrics.frames import as_frame
from synkro_resources.rules.metrics.health import StepLoad
from synkro_resources.rules.metrics.labels import Labels, closed_by_label
from synkro_resources.rules.metrics.silent import Activity
from synkro_resources.rules.working_time import Calendar


def all_raw_steps() -> frozenset[str]:
    return frozenset(table.name for table in RAW_TABLES)


@dataclass(frozen=True)
class PackageInputs:
    """Tables as the lake gave them (the day column may stay); the entity tables are `current`.

    `episodes`, `turns`, `messages`: the days that `days_to_read` names, as far as they are loaded. `deal_events`: all
    that are stored; they are complete from `events_from` on. `loaded_days`: days of them whose mandatory steps are all
    stored; `history_from`: the tenant's first loaded day, None before any load.
    `agreement`: how far people agreed with findings drawn at random, judged up to the period's end.
    `rubric`: the checklist whose words are shown; `rubrics`: all versions by which episodes were scored.
    `labels`: of the messages up to the period's end; `labels_before`: up to the end of the period before.
    `blocked_days`: days of which a check failed that a correct report depends on.
    """

    episodes: pa.Table
    turns: pa.Table
    messages: pa.Table
    dialogs: pa.Table
    deals: pa.Table
    deal_contacts: pa.Table
    deal_events: pa.Table
    contacts: pa.Table
    contact_phones: pa.Table
    calls: pa.Table
    managers: pa.Table
    loss_reasons: pa.Table
    statuses: pa.Table
    loads: Sequence[StepLoad]
    events_from: datetime
    loaded_days: frozenset[date]
    history_from: date | None
    labels: Labels
    labels_before: Labels
    mandatory: frozenset[str] = field(default_factory=all_raw_steps)
    blocked_days: frozenset[date] = frozenset()
    agreement: tuple[Agreement, ...] = ()
    rubric: Rubric = R1
    rubrics: Mapping[str, Rubric] = field(default_factory=lambda: RUBRICS)


def days_to_read(period: Period, settings: TenantSettings, calendar: Calendar) -> tuple[date, date]:
    """First and last day of episodes, turns and messages that the package of `period` needs."""
    before = previous_period(period, calendar) or period
    noon = datetime.combine(period.last_day, datetime.min.time(), calendar.zone) + timedelta(days=1)
    silent_since = calendar.start_of_working_day_back(noon, settings.silent_working_days).astimezone(calendar.zone)
    return min(before.first_day - timedelta(days=settings.lookback_days), silent_since.date()), period.last_day


def newest_per_key(table: pa.Table, key: Sequence[str], version: str = "source_updated_at") -> pa.Table:
    """Per key the row with the newest version; rows come back in no particular order."""
    if table.num_rows == 0:
        return table
    ordered = table.take(pc.sort_indices(table, sort_keys=[(version, "descending")]))
    repeated = ordered.select(list(key)).to_pandas().duplicated()
    return ordered.filter(pa.array(~repeated.to_numpy()))


def in_force_at(table: pa.Table, until: datetime) -> pa.Table:
    """Rows of the daily partitions up to `until` that no late message has superseded."""
    known = pc.less_equal(table.column("source_updated_at"), pa.scalar(until))
    return table.filter(pc.and_(known, pc.is_null(table.column("superseded_at"))))


def known_at(table: pa.Table, key: Sequence[str], begun: str, *, until: datetime, lookback_days: int) -> pa.Table:
    """Rows of the daily partitions up to `until`, the newest per key.

    A dialog's newest partition holds all its rows that began within the look-back. An older row of that time which it
    does not hold has ceased to exist: a late message has joined two episodes.
    """
    small = table.select([*dict.fromkeys([*key, "dialog_id", "source_updated_at", "superseded_at", begun])])
    small = small.append_column("position", pa.array(np.arange(table.num_rows)))  # rows are moved once, at the end
    newest = newest_per_key(in_force_at(small, until), key)
    if newest.num_rows == 0:
        return table.slice(0, 0)
    frame = newest.select(["dialog_id", "source_updated_at", begun, "position"]).to_pandas()
    last = frame.groupby("dialog_id")["source_updated_at"].transform("max")
    inside = frame[begun] >= last - pd.Timedelta(days=lookback_days)
    return table.take(pa.array(frame["position"][~((frame["source_updated_at"] < last) & inside)]))


@dataclass(frozen=True)
class Known:
    """The inputs as known at `as_of`; `until` is the end of the newest partition that may be used."""

    tenant: str
    inputs: PackageInputs
    settings: TenantSettings
    as_of: datetime
    until: datetime
    labels: Labels
    whole: DealHistory | None = None
    """All deals and events, where somebody has read them before: reading them again costs seconds."""

    @cached_property
    def episodes(self) -> pd.DataFrame:
        stored = self.inputs.episodes
        rows = before(self._known(stored, EPISODE.key, "first_visible_at"), "first_visible_at", self.as_of)
        return whole_episodes(rows, in_force_at(stored.select(EPISODE_STORED), self.until))

    @cached_property
    def turns(self) -> pd.DataFrame:
        stored = self.inputs.turns
        turns = whole_turns(
            self._known(stored, TURN.key, "first_at"), in_force_at(stored.select(TURN_STORED), self.until)
        )
        return closed_by_label(turns, self.messages, self.labels)

    @cached_property
    def messages(self) -> pd.DataFrame:
        return as_frame(before(self.inputs.messages, "sent_at", self.as_of))

    @cached_property
    def calls(self) -> pd.DataFrame:
        return as_frame(before(self.inputs.calls, "at", self.as_of))

    @cached_property
    def history(self) -> DealHistory:
        if self.whole is not None:
            return self.whole.known_until(self.as_of)
        return DealHistory(
            as_frame(self.inputs.deals),
            as_frame(self.inputs.deal_events),
            events_from=self.inputs.events_from,
            until=self.as_of,
        )

    @cached_property
    def activity(self) -> Activity:
        return Activity(
            messages=self.messages,
            calls=self.calls,
            episodes=self.episodes,
            contacts=as_frame(self.inputs.contacts),
            contact_phones=as_frame(self.inputs.contact_phones),
            deal_contacts=as_frame(self.inputs.deal_contacts),
            history=self.history,
        )

    def _known(self, table: pa.Table, key: Sequence[str], begun: str) -> pa.Table:
        return known_at(table, key, begun, until=self.until, lookback_days=self.settings.lookback_days)


def before(table: pa.Table, column: str, instant: datetime) -> pa.Table:
    """The rows whose `column` lies before `instant`."""
    return table.filter(pc.less(table.column(column), pa.scalar(instant)))


HASHED_MESSAGE = ["message_id", "dialog_id", "sent_at", "author_kind", "is_counted"]
HASHED_ANALYSIS = ["analysis_key", "episode_key", "status"]
HASHED_FINDING = ["finding_id", "analysis_key"]
HASHED_CALL = ["call_id", "deal_id", "contact_id", "at", "is_connected"]


def input_hash(known: Known, versions: Mapping[str, str]) -> str:
    """sha256 over the content of the rows that shape the figures, and over the versions of the rules.

    Deals enter as they were at `as_of`, so that moving a deal today makes no new revision of yesterday's report;
    delivery and reading stamps are left out for the same reason.
    """
    sha = hashlib.sha256(repr((known.as_of.isoformat(), sorted(versions.items()))).encode())
    for deals in (known.history.states(known.as_of), known.history.moves_before(known.as_of)):
        sha.update(deals.to_numpy().tobytes())
    for frame, columns in (
        (known.episodes, [str(name) for name in known.episodes.columns if name != "_day"]),
        (known.turns, [str(name) for name in known.turns.columns if name != "_day"]),
        (known.messages, HASHED_MESSAGE),
        (known.calls, HASHED_CALL),
        (known.labels.analyses, HASHED_ANALYSIS),
        (known.labels.findings, HASHED_FINDING),
    ):
        ordered = frame[columns].sort_values(columns[0], kind="stable")
        sha.update(pd.util.hash_pandas_object(ordered, index=False).to_numpy().tobytes())
    for overlay in (known.labels.overlay, known.inputs.labels_before.overlay):
        if not overlay.is_empty:  # the figures compared with change by it, too, and their findings are not hashed
            sha.update(repr((sorted(overlay.removed), sorted(overlay.disputed))).encode())
    if known.inputs.agreement:
        sha.update(repr(known.inputs.agreement).encode())
    return sha.hexdigest()
