"""Clients without an answer: at the period's end (#4) and at the moment of sending (#5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

import pandas as pd

from synkro_resources.rules.deal_history import DealHistory
from synkro_resources.rules.metrics.frames import real, records, whole
from synkro_resources.rules.metrics.turns import TurnState, last_client_turns, turn_states
from synkro_resources.rules.working_time import Calendar


@dataclass(frozen=True, slots=True)
class UnansweredRow:
    """One episode whose client waits. `age_min`: working minutes; `price`: roubles, None if not given."""

    episode_key: str
    dialog_id: int
    turn_id: str
    clock_at: datetime
    due_at: datetime
    age_min: float
    age_calendar: timedelta
    age_is_lower_bound: bool
    deal_id: int | None
    price: int | None
    manager_id: int | None
    attribution: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """#4. `older`: overdue turns from before the look-back, counted only; `not_due`: pending, still in time."""

    rows: tuple[UnansweredRow, ...]
    older: int
    not_due: int

    @property
    def amount(self) -> int:
        """Sum of the known prices; a deal that several episodes share is counted once."""
        return sum({row.deal_id: row.price for row in self.rows if row.price is not None}.values())

    def appeared(self, start: datetime, end: datetime) -> int:
        """Episodes whose norm ran out within `[start, end)`."""
        return sum(start <= row.due_at < end for row in self.rows)


@dataclass(frozen=True, slots=True)
class WaitingNow:
    """#5, computed at sending and never stored in a package: most valuable deals first, then the longest waits.

    `sources`: when each source was last loaded completely.
    """

    as_of: datetime
    rows: tuple[UnansweredRow, ...]
    not_due: int
    sources: Mapping[str, datetime] = field(default_factory=dict[str, datetime])


def unanswered(
    states: pd.DataFrame,
    episodes: pd.DataFrame,
    history: DealHistory,
    *,
    as_of: datetime,
    lookback_days: int,
) -> Unanswered:
    """#4: episodes whose last client turn is overdue at `as_of`, longest wait first.

    `states`: result of `turn_states` at the same `as_of`.
    """
    last = last_client_turns(states)
    overdue = last[last["state"] == TurnState.OVERDUE].merge(episodes[["episode_key", "deal_id"]], on="episode_key")
    recent = overdue["clock_at"] >= as_of - timedelta(days=lookback_days)
    rows = [_row(row, history, as_of) for row in records(overdue[recent])]
    return Unanswered(
        rows=tuple(sorted(rows, key=lambda row: (-row.age_min, row.clock_at, row.episode_key))),
        older=int((~recent).sum()),
        not_due=int((last["state"] == TurnState.PENDING).sum()),
    )


def waiting_now(
    turns: pd.DataFrame,
    episodes: pd.DataFrame,
    history: DealHistory,
    *,
    as_of: datetime,
    sla: float,
    lookback_days: int,
    calendar: Calendar,
) -> WaitingNow:
    """#5: the same as #4 at `as_of` = the instant up to which data are loaded now."""
    found = unanswered(
        turn_states(turns, as_of, sla, calendar), episodes, history, as_of=as_of, lookback_days=lookback_days
    )
    return WaitingNow(as_of, by_value(found.rows), found.not_due)


def by_value(rows: Sequence[UnansweredRow]) -> tuple[UnansweredRow, ...]:
    """Known prices first and the highest of them on top; then by age."""
    return tuple(sorted(rows, key=lambda row: (-(row.price or 0), -row.age_min, row.clock_at, row.episode_key)))


def _row(row: Mapping[str, object], history: DealHistory, as_of: datetime) -> UnansweredRow:
    clock_at, due_at = cast(datetime, row["clock_at"]), cast(datetime, row["due_at"])  # an overdue turn has both
    deal_id = whole(row["deal_id"])
    deal = None if deal_id is None else history.deals.get(deal_id)
    responsible = history.responsible_at(deal_id, as_of)
    return UnansweredRow(
        episode_key=str(row["episode_key"]),
        dialog_id=int(str(row["dialog_id"])),
        turn_id=str(row["turn_id"]),
        clock_at=clock_at,
        due_at=due_at,
        age_min=real(row["wt"]) or 0.0,
        age_calendar=as_of - clock_at,
        age_is_lower_bound=not row["clock_known"],
        deal_id=deal_id,
        price=None if deal is None else deal.price,
        manager_id=responsible.manager_id,
        attribution=responsible.attribution,
    )
