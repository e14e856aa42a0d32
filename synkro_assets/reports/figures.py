"""All figures of one day at one instant, from which the package takes its metrics, lists and previous values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from synkro_assets.reports.inputs import Known
from synkro_resources.model.package import PackageMetric
from synkro_resources.model.window import TenantWindow
from synkro_resources.rules.metrics.frames import as_frame, records, text, whole
from synkro_resources.rules.metrics.health import DataHealth, data_health
from synkro_resources.rules.metrics.lost import LostDeals, lost_deals
from synkro_resources.rules.metrics.response import InSla, ResponseTimes, first_response_time, in_sla, response_time
from synkro_resources.rules.metrics.silent import SilentDeals, new_deals_without_dialog, open_deals_without_dialog
from synkro_resources.rules.metrics.turns import TurnState, last_client_turns, turn_states, within
from synkro_resources.rules.metrics.unanswered import Unanswered, unanswered
from synkro_resources.rules.statistics import Quantile, Share, median
from synkro_resources.rules.working_time import Calendar


@dataclass(frozen=True)
class DayFigures:
    """The metrics of one local day, each with its rows."""

    day: date
    states: pd.DataFrame
    episodes: pd.DataFrame
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


def day_figures(known: Known, day: date, window: TenantWindow, calendar: Calendar) -> DayFigures:
    """Every metric of `day` as known at `known.as_of`."""
    start, end = window.bounds(day)
    as_of, settings, history = known.as_of, known.settings, known.history
    states = turn_states(known.turns, as_of, settings.sla_minutes, calendar)
    episodes = known.episodes
    new = episodes[within(episodes["start_at"], start, end) & ~episodes["started_before_window"].astype(bool)]
    left = unanswered(states, episodes, history, as_of=as_of, lookback_days=settings.lookback_days)
    return DayFigures(
        day=day,
        states=states,
        episodes=episodes,
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
        lost=lost_deals(
            history,
            start=start,
            end=end,
            as_of=as_of,
            reasons=_reasons(known),
            excluded_pipelines=settings.excluded_pipelines,
        ),
        health=data_health(
            states=states,
            episodes=episodes,
            messages=known.messages,
            dialogs=as_frame(known.inputs.dialogs),
            loads=[load for load in known.inputs.loads if load.day == day],
            mandatory=known.inputs.mandatory,
            days=[day],
            start=start,
            end=end,
        ),
    )


def metrics_of(figures: DayFigures) -> list[PackageMetric]:
    """The figures as package metrics without previous values; numbers as in docs/metrics.md, 0 is plain volume."""
    lost, silent, still = figures.lost, figures.new_silent, figures.open_silent
    found = [
        _count(0, "new_episodes", len(figures.new_episodes), "episodes"),
        _count(0, "new_without_answer", figures.new_without_answer, "episodes"),
        *_times(1, "frt", figures.first_response, "episodes"),
        _quantile(1, "bot_touch_median", figures.first_response.bot_touch_s, unit="seconds"),
        *(
            _count(1, f"excluded_{reason}", count, "episodes")
            for reason, count in sorted(figures.first_response.excluded.items())
        ),
        *_times(2, "rt", figures.response, "turns"),
        _share(3, "in_sla", figures.in_sla.share),
        _count(4, "unanswered", len(figures.unanswered.rows), "episodes"),
        _count(4, "unanswered_amount", figures.unanswered.amount, "roubles"),
        _count(4, "unanswered_without_price", _without_price(figures.unanswered), "episodes"),
        _count(4, "appeared", figures.appeared, "episodes"),
        _count(4, "older", figures.unanswered.older, "episodes"),
        _count(4, "not_due", figures.unanswered.not_due, "episodes"),
        _share(8, "new_silent", silent.share),
        _count(8, "new_pending", len(silent.of("pending")), "deals"),
        _count(8, "new_cannot_verify", len(silent.of("cannot_verify")), "deals"),
        _count(8, "open_silent", len(still.of("silent")), "deals"),
        _count(8, "open_silent_amount", still.silent_amount, "roubles"),
        _count(8, "open_cannot_verify", len(still.of("cannot_verify")), "deals"),
        _count(9, "lost", len(lost.lost), "deals"),
        _count(9, "lost_amount", lost.amount, "roubles"),
        _count(9, "lost_without_price", lost.without_price, "deals"),
        _count(9, "lost_without_reason", lost.without_reason, "deals"),
        _count(9, "reopened", lost.reopened, "deals"),
        _count(9, "reopened_open", lost.reopened_open, "deals"),
        _count(9, "won", len(lost.won), "deals"),
        _count(9, "won_amount", lost.won_amount, "roubles"),
    ]
    for total in lost.by_reason():
        scope_id = "" if total.reason_id is None else str(total.reason_id)
        found.append(_count(9, "lost", total.count, "deals", scope="reason", scope_id=scope_id))
        found.append(_count(9, "lost_amount", total.amount, "roubles", scope="reason", scope_id=scope_id))
    return [*found, *_by_manager(figures), *_by_channel(figures)]


def _by_manager(figures: DayFigures) -> Iterator[PackageMetric]:
    """Rows without a manager are left out: a table of people must not invent one."""
    responses, judged = figures.first_response.rows, figures.in_sla.rows
    waiting = [row.manager_id for row in figures.unanswered.rows]
    people = {whole(value) for value in (*responses["manager_id"], *judged["manager_id"], *waiting)} - {None}
    for manager in sorted(people, key=str):
        scope = {"scope": "manager", "scope_id": str(manager)}
        times = [float(wt) for wt in responses["wt"][_equals(responses["manager_id"], manager)]]
        yield _quantile(1, "frt_median", median(times), **scope)
        yield _share(3, "in_sla", _in_time(judged[_equals(judged["manager_id"], manager)]), **scope)
        yield _count(4, "unanswered", waiting.count(manager), "episodes", **scope)


def _by_channel(figures: DayFigures) -> Iterator[PackageMetric]:
    channel_of = {str(row["episode_key"]): text(row["channel"]) or "other" for row in records(figures.episodes)}
    judged = figures.in_sla.rows
    channels = judged["episode_key"].map(channel_of)
    for channel in sorted(set(channel_of.values())):
        scope = {"scope": "channel", "scope_id": channel}
        yield _count(0, "new_episodes", int((figures.new_episodes["channel"] == channel).sum()), "episodes", **scope)
        responses = figures.first_response.rows
        times = [float(wt) for wt in responses["wt"][responses["channel"] == channel]]
        yield _quantile(1, "frt_median", median(times), **scope)
        yield _share(3, "in_sla", _in_time(judged[channels == channel]), **scope)


def _without_answer(states: pd.DataFrame, new: pd.DataFrame) -> int:
    last = last_client_turns(states)
    open_turns = last[last["state"].isin([TurnState.OVERDUE.value, TurnState.PENDING.value])]
    return int(open_turns["episode_key"].isin(new["episode_key"]).sum())


def _without_price(found: Unanswered) -> int:
    return sum(row.price is None for row in found.rows)


def _reasons(known: Known) -> dict[int, str]:
    names: dict[int, str] = {}
    for row in records(as_frame(known.inputs.loss_reasons)):
        reason_id, name = whole(row["loss_reason_id"]), text(row["name"])
        if reason_id is not None and name:
            names[reason_id] = name
    return names


def _equals(column: pd.Series, value: int | None) -> pd.Series:
    return (column == value).fillna(False).astype(bool)


def _in_time(rows: pd.DataFrame) -> Share:
    return Share(int((rows["state"] == TurnState.IN_SLA).sum()), len(rows))


def _times(number: int, code: str, times: ResponseTimes, unit: str) -> list[PackageMetric]:
    return [
        _quantile(number, f"{code}_median", times.median),
        _quantile(number, f"{code}_p90", times.p90),
        _count(number, f"{code}_off_hours", times.off_hours, unit),
    ]


def _quantile(
    number: int, code: str, found: Quantile, *, unit: str = "minutes", scope: str = "tenant", scope_id: str = ""
) -> PackageMetric:
    note = "no_rows" if found.value is None else ""
    return PackageMetric(
        number, code, scope, scope_id, value=found.value, n=found.n, unit=unit, display=found.display, note=note
    )


def _share(number: int, code: str, found: Share, *, scope: str = "tenant", scope_id: str = "") -> PackageMetric:
    return PackageMetric(
        number,
        code,
        scope,
        scope_id,
        value=found.value,
        num=found.num,
        den=found.den,
        n=found.den,
        unit="share",
        display=found.display,
        note="nothing_judged" if found.value is None else "",
    )


def _count(
    number: int, code: str, value: int, unit: str, *, scope: str = "tenant", scope_id: str = ""
) -> PackageMetric:
    return PackageMetric(number, code, scope, scope_id, value=float(value), n=value, unit=unit)


def figures_at(known: Known, tenant: str, calendar: Calendar, day: date, until: datetime) -> DayFigures:
    """The figures of an earlier day as they stood at that day's end (`until`)."""
    window = TenantWindow(tenant, calendar.zone.key, day, day)
    return day_figures(Known(known.inputs, known.settings, until, until), day, window, calendar)
