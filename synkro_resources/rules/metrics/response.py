"""How fast clients are answered: first response time (#1), response time (#2), answers within the norm (#3)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from synkro_resources.rules.metrics.frames import real
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
    reasons = _reasons(rows)
    counted = rows[reasons == ""].copy()
    counted["off_hours"] = ~calendar.open_many(counted["answered_at"])
    return _times(counted, dict(Counter(reasons[reasons != ""].tolist())))


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


def _reasons(rows: pd.DataFrame) -> pd.Series:
    """Why an episode has no first response time; empty if it has one. The first reason that holds counts."""

    def flag(name: str) -> pd.Series:
        return rows[name].fillna(False).astype(bool)

    found = np.select(
        [
            rows["opened_by"] != "client",
            flag("started_before_window") | rows["first_at"].isna() | ~flag("clock_known"),
            rows["state"] == TurnState.NO_REPLY_NEEDED,
            rows["answered_at"].isna(),
            ~flag("answer_same_episode"),
            (rows["answer_kind"] == "call").fillna(False),
        ],
        ["outbound_first", "before_window", "closing_first", "no_reply", "answered_in_later_episode", "by_call"],
        default="",
    )
    return pd.Series(found, index=rows.index, dtype="object")


def _times(rows: pd.DataFrame, excluded: dict[str, int]) -> ResponseTimes:
    minutes = [float(value) for value in rows["wt"]]
    touches = [touch for touch in map(real, rows["bot_touch_s"]) if touch is not None]
    return ResponseTimes(median(minutes), p90(minutes), rows, int(rows["off_hours"].sum()), excluded, median(touches))
