"""The figures of a period as package metrics: value, unit and smallest sample, by scope (docs/metrics.md)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from synkro_assets.reports.package.figures import PeriodFigures
from synkro_assets.reports.package.label_figures import label_metrics
from synkro_assets.reports.package.metric_values import count_metric, share_metric
from synkro_resources.model.package import PackageMetric
from synkro_resources.rules.metrics.frames import text, values, whole
from synkro_resources.rules.metrics.response import ResponseTimes
from synkro_resources.rules.metrics.turns import TurnState
from synkro_resources.rules.metrics.unanswered import Unanswered
from synkro_resources.rules.statistics import Quantile, Share, median, p90


def metrics_of(figures: PeriodFigures) -> list[PackageMetric]:
    """The figures as package metrics without previous values; numbers as in docs/metrics.md, 0 is plain volume."""
    lost, silent, still = figures.lost, figures.new_silent, figures.open_silent
    found = [
        count_metric(0, "new_episodes", len(figures.new_episodes), "episodes"),
        _per_day("new_episodes_per_day", 0, len(figures.new_episodes), figures.working_days),
        count_metric(0, "active_episodes", len(figures.active), "episodes"),
        count_metric(0, "new_without_answer", figures.new_without_answer, "episodes"),
        *_times(1, "frt", figures.first_response, "episodes"),
        _quantile(1, "bot_touch_median", figures.first_response.bot_touch_s, unit="seconds"),
        *(
            count_metric(1, f"excluded_{reason}", count, "episodes")
            for reason, count in sorted(figures.first_response.excluded.items())
        ),
        *_times(2, "rt", figures.response, "turns"),
        share_metric(3, "in_sla", figures.in_sla.share),
        count_metric(4, "unanswered", len(figures.unanswered.rows), "episodes"),
        count_metric(4, "unanswered_amount", figures.unanswered.amount, "roubles"),
        count_metric(4, "unanswered_without_price", _without_price(figures.unanswered), "episodes"),
        count_metric(4, "appeared", figures.appeared, "episodes"),
        count_metric(4, "older", figures.unanswered.older, "episodes"),
        count_metric(4, "not_due", figures.unanswered.not_due, "episodes"),
        share_metric(8, "new_silent", silent.share),
        count_metric(8, "new_pending", len(silent.of("pending")), "deals"),
        count_metric(8, "new_cannot_verify", len(silent.of("cannot_verify")), "deals"),
        count_metric(8, "new_via_company", len(silent.of("via_company")), "deals"),
        count_metric(8, "open_silent", len(still.of("silent")), "deals"),
        count_metric(8, "open_silent_amount", still.silent_amount, "roubles"),
        count_metric(8, "open_cannot_verify", len(still.of("cannot_verify")), "deals"),
        count_metric(9, "lost", len(lost.lost), "deals"),
        _per_day("lost_per_day", 9, len(lost.lost), figures.working_days),
        count_metric(9, "lost_amount", lost.amount, "roubles"),
        count_metric(9, "lost_without_price", lost.without_price, "deals"),
        count_metric(9, "lost_without_reason", lost.without_reason, "deals"),
        count_metric(9, "reopened", lost.reopened, "deals"),
        count_metric(9, "reopened_open", lost.reopened_open, "deals"),
        count_metric(9, "won", len(lost.won), "deals"),
        count_metric(9, "won_amount", lost.won_amount, "roubles"),
    ]
    for total in lost.by_reason():
        scope_id = "" if total.reason_id is None else str(total.reason_id)
        found.append(count_metric(9, "lost", total.count, "deals", scope="reason", scope_id=scope_id))
        found.append(count_metric(9, "lost_amount", total.amount, "roubles", scope="reason", scope_id=scope_id))
    return [*found, *_by_manager(figures), *_by_channel(figures), *_by_hour(figures), *label_metrics(figures.labels)]


def _by_manager(figures: PeriodFigures) -> Iterator[PackageMetric]:
    """Rows without a manager are left out: a table of people must not invent one."""
    responses, judged = figures.first_response.rows, figures.in_sla.rows
    waiting = [row.manager_id for row in figures.unanswered.rows]
    lost = [row.manager_id for row in figures.lost.lost]
    episodes = figures.episodes_by_manager()
    answered = (*responses["manager_id"], *judged["manager_id"])
    people = {whole(value) for value in (*answered, *waiting, *lost, *episodes)} - {None}
    for manager in sorted(people, key=str):
        scope = {"scope": "manager", "scope_id": str(manager)}
        times = [float(wt) for wt in responses["wt"][_equals(responses["manager_id"], manager)]]
        yield _quantile(1, "frt_median", median(times), **scope)
        yield _quantile(1, "frt_p90", p90(times), **scope)
        yield share_metric(3, "in_sla", _in_time(judged[_equals(judged["manager_id"], manager)]), **scope)
        yield count_metric(0, "active_episodes", episodes.get(manager or 0, 0), "episodes", **scope)
        yield count_metric(4, "unanswered", waiting.count(manager), "episodes", **scope)
        yield count_metric(9, "lost", lost.count(manager), "deals", **scope)


def _by_channel(figures: PeriodFigures) -> Iterator[PackageMetric]:
    episodes = zip(values(figures.episodes["episode_key"]), values(figures.episodes["channel"]), strict=True)
    channel_of = {str(key): text(channel) or "other" for key, channel in episodes}
    judged = figures.in_sla.rows
    channels = judged["episode_key"].map(channel_of)
    for channel in sorted(set(channel_of.values())):
        scope = {"scope": "channel", "scope_id": channel}
        yield count_metric(
            0, "new_episodes", int((figures.new_episodes["channel"] == channel).sum()), "episodes", **scope
        )
        responses = figures.first_response.rows
        times = [float(wt) for wt in responses["wt"][responses["channel"] == channel]]
        yield _quantile(1, "frt_median", median(times), **scope)
        yield share_metric(3, "in_sla", _in_time(judged[channels == channel]), **scope)


def _by_hour(figures: PeriodFigures) -> Iterator[PackageMetric]:
    """Share in time and response time by weekday and hour of the first unanswered message, local time («1:09»)."""
    judged, answered = figures.in_sla.rows, figures.response.rows
    for cell, in_time in _hour_cells(judged["clock_at"], judged["state"] == TurnState.IN_SLA, figures.zone):
        yield share_metric(3, "in_sla", Share(sum(in_time), len(in_time)), scope="weekday_hour", scope_id=cell)
    for cell, times in _hour_cells(answered["clock_at"], answered["wt"], figures.zone):
        yield _quantile(2, "rt_median", median(map(float, times)), scope="weekday_hour", scope_id=cell)


def _hour_cells(instants: pd.Series, measured: pd.Series, zone: ZoneInfo) -> list[tuple[str, list[Any]]]:
    """The measured values by local weekday and hour: in plain lists, because 168 cells are many small frames."""
    if instants.empty:
        return []
    local = instants.dt.tz_convert(zone)
    cells: dict[str, list[Any]] = {}
    for weekday, hour, value in zip(local.dt.day_of_week, local.dt.hour, measured.tolist(), strict=True):
        cells.setdefault(f"{weekday + 1}:{hour:02}", []).append(value)
    return sorted(cells.items())


def _without_price(found: Unanswered) -> int:
    return sum(row.price is None for row in found.rows)


def _equals(column: pd.Series, value: int | None) -> pd.Series:
    return (column == value).fillna(False).astype(bool)


def _in_time(rows: pd.DataFrame) -> Share:
    return Share(int((rows["state"] == TurnState.IN_SLA).sum()), len(rows))


def _times(number: int, code: str, times: ResponseTimes, unit: str) -> list[PackageMetric]:
    return [
        _quantile(number, f"{code}_median", times.median),
        _quantile(number, f"{code}_p90", times.p90),
        count_metric(number, f"{code}_off_hours", times.off_hours, unit),
    ]


def _quantile(
    number: int, code: str, found: Quantile, *, unit: str = "minutes", scope: str = "tenant", scope_id: str = ""
) -> PackageMetric:
    note = "no_rows" if found.value is None else ""
    return PackageMetric(
        number, code, scope, scope_id, value=found.value, n=found.n, unit=unit, display=found.display, note=note
    )


def _per_day(code: str, number: int, count: int, working_days: int) -> PackageMetric:
    """A count by the working days of the period; without one there is nothing to divide by."""
    value = count / working_days if working_days else None
    return PackageMetric(
        number,
        code,
        value=value,
        num=count,
        den=working_days,
        n=count,
        unit="per_working_day",
        display="ok" if working_days else "na",
        note="" if working_days else "no_working_days",
    )
