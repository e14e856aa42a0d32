"""How fast clients are answered: first response time (#1), response time (#2), answers within the norm (#3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from synkro_resources.rules.metrics.frames import real, records
from synkro_resources.rules.metrics.turns import JUDGED, TurnState, within
from synkro_resources.rules.statistics import Quantile, Share, median, p90
from synkro_resources.rules.working_time import Calendar


@dataclass(frozen=True)
class ResponseTimes:
    """Working minutes of the counted rows (`rows["wt"]`), their median and 90th percentile.

    `off_hours`: rows answered outside working time. `excluded`: episodes left out, by reason; first responses only.
    `bot_touch_s`: median seconds to the first bot message, display only.
    """

    median: Quantile
    p90: Quantile
    rows: pd.DataFrame
    off_hours: int
    excluded: dict[str, int]
    bot_touch_s: Quantile


@dataclass(frozen=True)
class InSla:
    """Turns judged in the period: those answered in time, of all."""

    share: Share
    rows: pd.DataFrame


def first_response_time(
    states: pd.DataFrame, episodes: pd.DataFrame, start: datetime, end: datetime, calendar: Calendar
) -> ResponseTimes:
    """#1: first client turns of client-opened episodes, answered by a message in the same episode in `[start, end)`.

    Episodes that give no value are counted by reason, in the period of their answer if there is one, else of their
    start: outbound_first, before_window, closing_first, no_reply, by_call, answered_in_later_episode.
    """
    known = episodes[["episode_key", "start_at", "opened_by", "started_before_window", "channel"]]
    firsts = states.drop_duplicates("episode_key", keep="first").drop(columns=["channel"], errors="ignore")
    rows = known[known["opened_by"].notna()].merge(firsts, on="episode_key", how="left")
    anchor = rows["answered_at"].fillna(rows["start_at"])
    rows = rows[within(anchor, start, end)].copy()
    reasons = pd.Series([_reason(row) for row in records(rows)], index=rows.index, dtype="object")
    counted = rows[reasons.isna()].copy()
    counted["off_hours"] = ~calendar.open_many(counted["answered_at"])
    return _times(counted, dict(Counter(str(reason) for reason in reasons.dropna())))


def response_time(states: pd.DataFrame, start: datetime, end: datetime, calendar: Calendar) -> ResponseTimes:
    """#2: client turns that wait for a reply, answered by a message in the same episode within `[start, end)`."""
    counted = states[
        (states["state"] != TurnState.NO_REPLY_NEEDED)
        & states["clock_known"]
        & (states["answer_kind"] == "message").fillna(False)
        & states["answer_same_episode"].fillna(False).astype(bool)
        & within(states["answered_at"], start, end)
    ].copy()
    counted["off_hours"] = ~calendar.open_many(counted["answered_at"])
    return _times(counted, {})


def in_sla(states: pd.DataFrame, start: datetime, end: datetime) -> InSla:
    """#3: of the turns judged within `[start, end)`, those answered in time. Pending turns are in neither side."""
    judged = states["state"].isin([state.value for state in JUDGED])
    rows = states[judged & states["clock_known"] & within(states["judged_at"], start, end)]
    return InSla(Share(int((rows["state"] == TurnState.IN_SLA).sum()), len(rows)), rows)


def _reason(row: Mapping[str, object]) -> str | None:
    """Why an episode has no first response time, or None if it has one."""
    if row["opened_by"] != "client":
        return "outbound_first"
    if bool(row["started_before_window"]) or row["first_at"] is None or not row["clock_known"]:
        return "before_window"
    if row["state"] == TurnState.NO_REPLY_NEEDED:
        return "closing_first"
    if row["answered_at"] is None:
        return "no_reply"
    if not bool(row["answer_same_episode"]):
        return "answered_in_later_episode"
    return "by_call" if row["answer_kind"] == "call" else None


def _times(rows: pd.DataFrame, excluded: dict[str, int]) -> ResponseTimes:
    minutes = [float(value) for value in rows["wt"]]
    touches = [touch for touch in map(real, rows["bot_touch_s"]) if touch is not None]
    return ResponseTimes(median(minutes), p90(minutes), rows, int(rows["off_hours"].sum()), excluded, median(touches))
