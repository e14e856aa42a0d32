"""Clients who write outside working time (#21): how many, and what becomes of them. A case for a shift, not a fault."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from synkro_resources.rules.deal_history import DealHistory
from synkro_resources.rules.metrics.frames import among, moment, records, whole
from synkro_resources.rules.metrics.turns import within
from synkro_resources.rules.statistics import Share
from synkro_resources.rules.working_time import Calendar

WON_WITHIN = timedelta(days=30)  # later wins have other reasons than the first talk


@dataclass(frozen=True)
class OffHoursDemand:
    """`share`: episodes begun outside working time, of all that clients opened; `rows`: those episodes.

    `won`: their deal was won within 30 days of the start. `fell_silent`: a manager answered, and the client wrote no
    more.
    """

    share: Share
    won: int
    fell_silent: int
    rows: pd.DataFrame


def off_hours_demand(
    episodes: pd.DataFrame,
    messages: pd.DataFrame,
    history: DealHistory,
    calendar: Calendar,
    *,
    start: datetime,
    end: datetime,
    as_of: datetime,
) -> OffHoursDemand:
    """#21: client-opened episodes that start within `[start, end)`."""
    opened = episodes[
        (episodes["opened_by"] == "client").fillna(False).astype(bool)
        & ~episodes["started_before_window"].astype(bool)
        & within(episodes["start_at"], start, end)
    ]
    rows = opened[~calendar.open_many(opened["start_at"])]
    known = history.known_until(as_of)
    won = sum(_is_won(known, whole(row["deal_id"]), moment(row["start_at"])) for row in records(rows))
    return OffHoursDemand(Share(len(rows), len(opened)), won, _fell_silent(rows, messages, as_of), rows)


def _is_won(history: DealHistory, deal_id: int | None, begun: datetime | None) -> bool:
    if deal_id is None or begun is None:
        return False
    return any(move.is_win and begun <= move.at <= begun + WON_WITHIN for move in history.moves(deal_id))


def _fell_silent(rows: pd.DataFrame, messages: pd.DataFrame, as_of: datetime) -> int:
    """Episodes whose client wrote nothing after the manager's first delivered message."""
    counted = messages[
        messages["is_counted"].astype(bool)
        & among(messages["episode_key"], rows["episode_key"])
        & (messages["sent_at"] < as_of)
    ]
    delivered = counted[(counted["author_kind"] == "manager") & counted["error_at"].isna()]
    answered = delivered.groupby("episode_key")["sent_at"].min()
    last = counted[counted["author_kind"] == "client"].groupby("episode_key")["sent_at"].max()
    later = last.reindex(answered.index) > answered
    return int((~later).sum())
