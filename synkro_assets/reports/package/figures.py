"""All figures of one period at one instant, from which the package takes its metrics, lists and previous values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd

from synkro_assets.reports.package.inputs import Known
from synkro_assets.reports.package.label_figures import LabelFigures, label_figures
from synkro_resources.model.period import Period
from synkro_resources.model.window import TenantWindow
from synkro_resources.rules.metrics.frames import among, as_frame, records, text, whole
from synkro_resources.rules.metrics.health import DataHealth, data_health
from synkro_resources.rules.metrics.lost import LostDeals, lost_deals
from synkro_resources.rules.metrics.response import InSla, ResponseTimes, first_response_time, in_sla, response_time
from synkro_resources.rules.metrics.silent import SilentDeals, new_deals_without_dialog, open_deals_without_dialog
from synkro_resources.rules.metrics.turns import TurnState, last_client_turns, turn_states, within
from synkro_resources.rules.metrics.unanswered import Unanswered, unanswered
from synkro_resources.rules.working_time import Calendar


@dataclass(frozen=True)
class PeriodFigures:
    """The metrics of a period of local days, each with its rows. `active`: episodes with a counted message in it."""

    period: Period
    zone: ZoneInfo
    working_days: int
    states: pd.DataFrame
    episodes: pd.DataFrame
    active: pd.DataFrame
    new_episodes: pd.DataFrame
    new_without_answer: int
    first_response: ResponseTimes
    response: ResponseTimes
    in_sla: InSla
    unanswered: Unanswered
    appeared: int
    new_silent: SilentDeals
    open_silent: SilentDeals
    lost: LostDeals
    health: DataHealth
    labels: LabelFigures

    def episodes_by_manager(self) -> dict[int, int]:
        """Active episodes by the manager who wrote most of their messages; those of nobody are left out."""
        return Counter(who.manager_id for who in self.labels.managers.values() if who.manager_id is not None)


def period_figures(known: Known, period: Period, calendar: Calendar) -> PeriodFigures:
    """Every metric of `period` as known at `known.as_of`."""
    window = TenantWindow.of_period(known.tenant, calendar.zone.key, period)
    start, end = window.start, window.end
    as_of, settings, history = known.as_of, known.settings, known.history
    active = _active(known, start, end)
    statuses = as_frame(known.inputs.statuses)
    lost = lost_deals(
        history,
        start=start,
        end=end,
        as_of=as_of,
        reasons=_reasons(known),
        excluded_pipelines=settings.excluded_pipelines,
    )
    states = turn_states(known.turns, as_of, settings.sla_minutes, calendar)
    episodes = known.episodes
    new = episodes[within(episodes["start_at"], start, end) & ~episodes["started_before_window"].astype(bool)]
    left = unanswered(states, episodes, history, as_of=as_of, lookback_days=settings.lookback_days)
    return PeriodFigures(
        period=period,
        zone=calendar.zone,
        working_days=len(calendar.working_days(period.first_day, period.last_day)),
        states=states,
        episodes=episodes,
        active=active,
        new_episodes=new,
        new_without_answer=_without_answer(states, new),
        first_response=first_response_time(states, episodes, start, end, calendar),
        response=response_time(states, start, end, calendar),
        in_sla=in_sla(states, start, end),
        unanswered=left,
        appeared=left.appeared(start, end),
        new_silent=new_deals_without_dialog(
            history,
            known.activity,
            calendar,
            start=start,
            end=end,
            as_of=as_of,
            working_days=settings.silent_working_days,
            excluded_pipelines=settings.excluded_pipelines,
            offline_pipelines=settings.offline_pipelines,
        ),
        open_silent=open_deals_without_dialog(
            history,
            known.activity,
            calendar,
            as_of=as_of,
            working_days=settings.silent_working_days,
            excluded_pipelines=settings.excluded_pipelines,
            offline_pipelines=settings.offline_pipelines,
        ),
        lost=lost,
        labels=label_figures(
            known.labels,
            active=active,
            episodes=episodes,
            messages=known.messages,
            deal_contacts=as_frame(known.inputs.deal_contacts),
            history=history,
            lost=lost,
            settings=settings,
            start=start,
            end=end,
            as_of=as_of,
            unsorted=_unsorted(statuses),
            rubrics=known.inputs.rubrics,
        ),
        health=data_health(
            states=states,
            episodes=episodes,
            messages=known.messages,
            dialogs=as_frame(known.inputs.dialogs),
            loads=[load for load in known.inputs.loads if period.first_day <= load.day <= period.last_day],
            mandatory=known.inputs.mandatory,
            days=period.days,
            start=start,
            end=end,
        ),
    )


def _without_answer(states: pd.DataFrame, new: pd.DataFrame) -> int:
    last = last_client_turns(states)
    open_turns = last[last["state"].isin([TurnState.OVERDUE.value, TurnState.PENDING.value])]
    return int(among(open_turns["episode_key"], new["episode_key"]).sum())


def _reasons(known: Known) -> dict[int, str]:
    names: dict[int, str] = {}
    for row in records(as_frame(known.inputs.loss_reasons)):
        reason_id, name = whole(row["loss_reason_id"]), text(row["name"])
        if reason_id is not None and name:
            names[reason_id] = name
    return names


def figures_before(known: Known, period: Period, calendar: Calendar) -> PeriodFigures:
    """The figures of an earlier period as they stood at that period's end."""
    until = TenantWindow.of_period(known.tenant, calendar.zone.key, period).end
    return period_figures(
        replace(known, as_of=until, until=until, labels=known.inputs.labels_before, whole=known.history),
        period,
        calendar,
    )


def _unsorted(statuses: pd.DataFrame) -> set[tuple[int, int]]:
    """The stages «Неразобранное», by pipeline and status."""
    rows = statuses[statuses["is_unsorted"].fillna(False).astype(bool)]
    return set(zip(rows["pipeline_id"].tolist(), rows["status_id"].tolist(), strict=True))


def _active(known: Known, start: datetime, end: datetime) -> pd.DataFrame:
    messages = known.messages
    inside = within(messages["sent_at"], start, end) & messages["is_counted"].astype(bool)
    return known.episodes[among(known.episodes["episode_key"], messages["episode_key"][inside])]
