"""The state of each client turn at an instant: answered in time, late, overdue, pending (docs/metrics.md, «Turns»)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import pandas as pd

from synkro_resources.rules.working_time import Calendar


class TurnState(StrEnum):
    NO_REPLY_NEEDED = "no_reply_needed"
    IN_SLA = "in_sla"
    LATE = "late"
    OVERDUE = "overdue"
    PENDING = "pending"


JUDGED = (TurnState.IN_SLA, TurnState.LATE, TurnState.OVERDUE)


@dataclass(frozen=True, slots=True)
class TurnJudgement:
    """`wt`: working minutes to the answer, or to `as_of` without one. `judged_at`: when the state was settled."""

    state: TurnState
    wt: float | None
    due_at: datetime | None
    judged_at: datetime | None


def turn_state(
    *,
    needs_reply: bool,
    clock_at: datetime,
    answered_at: datetime | None,
    as_of: datetime,
    sla: float,
    calendar: Calendar,
) -> TurnJudgement:
    """One client turn as known at `as_of` (an answer at `as_of` or later is not known yet). `sla`: working minutes."""
    if not needs_reply:
        return TurnJudgement(TurnState.NO_REPLY_NEEDED, None, None, None)
    due = calendar.due_at(clock_at, sla)
    if answered_at is not None and answered_at < as_of:
        wt = calendar.minutes(clock_at, answered_at)
        if answered_at <= due:
            return TurnJudgement(TurnState.IN_SLA, wt, due, answered_at)
        return TurnJudgement(TurnState.LATE, wt, due, due)
    wt = calendar.minutes(clock_at, as_of)
    if as_of > due:
        return TurnJudgement(TurnState.OVERDUE, wt, due, due)
    return TurnJudgement(TurnState.PENDING, wt, due, None)


def turn_states(turns: pd.DataFrame, as_of: datetime, sla: float, calendar: Calendar) -> pd.DataFrame:
    """The client turns begun before `as_of` with what was known of them then, by the rules of `turn_state`.

    Added columns: `state`, `wt` (working minutes), `judged_at`, `clock_known`. `answered_at`, `answer_kind` and
    `answer_same_episode` are emptied where the answer came later; `due_at` is computed anew; `clock_at` of a turn whose
    beginning lies before the window is its first visible message, which makes its age a lower bound.
    """
    client = turns[(turns["side"] == "client") & (turns["first_at"] < as_of)].copy()
    client["clock_known"] = client["clock_at"].notna()
    client["clock_at"] = client["clock_at"].fillna(client["first_at"])
    client["due_at"] = calendar.due_many(client["clock_at"], sla)
    unknown_yet = ~(client["answered_at"] < as_of).fillna(False)
    for name in ("answered_at", "answer_kind", "answer_same_episode"):
        client[name] = client[name].mask(unknown_yet)
    answered = client["answered_at"].notna()
    until = client["answered_at"].fillna(pd.Timestamp(as_of))
    needs = client["needs_reply"].fillna(False).astype(bool)
    client["wt"] = calendar.minutes_many(client["clock_at"], until).where(needs)
    in_time = answered & (client["answered_at"] <= client["due_at"])
    state = pd.Series(TurnState.PENDING.value, index=client.index, dtype="object")
    state[~answered & (client["due_at"] < as_of)] = TurnState.OVERDUE.value
    state[answered] = TurnState.LATE.value
    state[in_time] = TurnState.IN_SLA.value
    state[~needs] = TurnState.NO_REPLY_NEEDED.value
    client["state"] = state
    judged_at = client["due_at"].where(~in_time, client["answered_at"])
    client["judged_at"] = judged_at.where(state.isin([judged.value for judged in JUDGED]))
    return client.sort_values(["first_at", "turn_id"], kind="stable").reset_index(drop=True)


def last_client_turns(states: pd.DataFrame) -> pd.DataFrame:
    """The last client turn of each episode, of those that `turn_states` returned."""
    return states.drop_duplicates("episode_key", keep="last")


def within(instants: pd.Series, start: datetime, end: datetime) -> pd.Series:
    """Which instants lie in `[start, end)`; False where empty."""
    return ((instants >= start) & (instants < end)).fillna(False).astype(bool)
