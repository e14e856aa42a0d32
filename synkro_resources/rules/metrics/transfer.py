"""Deals that change hands while their client is talking (#20): how long the client then waits, and on whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from synkro_resources.rules.deal_history import DealHistory, Handover
from synkro_resources.rules.metrics.frames import moment, records, whole
from synkro_resources.rules.metrics.turns import TurnState
from synkro_resources.rules.statistics import Quantile, median
from synkro_resources.rules.working_time import Calendar


@dataclass(frozen=True, slots=True)
class Holding:
    """Working minutes for which one manager had a waiting client; `manager_id` None: nobody was responsible."""

    manager_id: int | None
    minutes: float


@dataclass(frozen=True, slots=True)
class Transfer:
    """One change of the responsible user within an episode.

    `wait_min`: working minutes from the change, or from the client's next message if nobody waited then, to the answer;
    None if the client was not answered or wrote no more. `holdings`: the whole wait of that turn by manager.
    """

    episode_key: str
    deal_id: int
    at: datetime
    before: int | None
    after: int | None
    wait_min: float | None
    holdings: tuple[Holding, ...]


@dataclass(frozen=True, slots=True)
class Transfers:
    """Changes in order of time; `wait`: median of the answered ones."""

    rows: tuple[Transfer, ...]

    @property
    def episodes(self) -> int:
        return len({row.episode_key for row in self.rows})

    @property
    def wait(self) -> Quantile:
        return median(row.wait_min for row in self.rows if row.wait_min is not None)


@dataclass(frozen=True, slots=True)
class _Turn:
    """A client turn that waits for a reply."""

    clock_at: datetime
    answered_at: datetime | None


def transfers(
    states: pd.DataFrame,
    episodes: pd.DataFrame,
    history: DealHistory,
    calendar: Calendar,
    *,
    start: datetime,
    end: datetime,
    as_of: datetime,
) -> Transfers:
    """#20: changes of the responsible user within `[start, end)` while an episode goes on or its client waits.

    `states`: result of `turn_states` at the same `as_of`.
    """
    known = history.known_until(as_of)
    turns = _waiting_turns(states)
    rows: list[Transfer] = []
    for episode in records(episodes[episodes["deal_id"].notna()]):
        key, deal_id = str(episode["episode_key"]), whole(episode["deal_id"])
        begun, last = moment(episode["start_at"]), moment(episode["last_at"])
        if deal_id is None or begun is None or last is None:
            continue
        for change in known.handovers(deal_id):
            turn = _open_turn(turns.get(key, ()), change.at)
            waiting = turn is not None and turn.clock_at <= change.at
            if start <= change.at < end and begun <= change.at and (change.at <= last or waiting):
                rows.append(_transfer(key, deal_id, change, turn, known, calendar, as_of))
    return Transfers(tuple(sorted(rows, key=lambda row: (row.at, row.episode_key))))


def holdings(
    history: DealHistory, deal_id: int, clock_at: datetime, until: datetime, calendar: Calendar
) -> tuple[Holding, ...]:
    """The wait from `clock_at` to `until` cut at the changes of hands; the client's own clock never starts anew."""
    cuts = [change for change in history.handovers(deal_id) if clock_at < change.at < until]
    edges = [clock_at, *(change.at for change in cuts), until]
    hands = [history.responsible_at(deal_id, clock_at).manager_id, *(change.after for change in cuts)]
    return tuple(
        Holding(manager_id, calendar.minutes(begin, finish))
        for manager_id, begin, finish in zip(hands, edges, edges[1:], strict=False)
    )


def _transfer(
    key: str,
    deal_id: int,
    change: Handover,
    turn: _Turn | None,
    history: DealHistory,
    calendar: Calendar,
    as_of: datetime,
) -> Transfer:
    wait = None
    held: tuple[Holding, ...] = ()
    if turn is not None:
        if turn.answered_at is not None:
            wait = calendar.minutes(max(change.at, turn.clock_at), turn.answered_at)
        held = holdings(history, deal_id, turn.clock_at, turn.answered_at or as_of, calendar)
    return Transfer(key, deal_id, change.at, change.before, change.after, wait, held)


def _waiting_turns(states: pd.DataFrame) -> Mapping[str, list[_Turn]]:
    """Per episode its client turns that wait for a reply, in order."""
    found: dict[str, list[_Turn]] = {}
    asked = states[(states["state"] != TurnState.NO_REPLY_NEEDED) & states["clock_known"]]
    for row in records(asked[["episode_key", "clock_at", "answered_at"]]):
        clock_at = moment(row["clock_at"])
        if clock_at is not None:
            found.setdefault(str(row["episode_key"]), []).append(_Turn(clock_at, moment(row["answered_at"])))
    return found


def _open_turn(turns: list[_Turn] | tuple[()], instant: datetime) -> _Turn | None:
    """The first turn that was not answered by `instant`."""
    return next((turn for turn in turns if turn.answered_at is None or turn.answered_at > instant), None)
