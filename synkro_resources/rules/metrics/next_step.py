"""Whether a talk ends with a next step that the client agreed to (#15)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import pandas as pd

from synkro_resources.rules.deal_history import DealHistory
from synkro_resources.rules.metrics.frames import moment, records, whole
from synkro_resources.rules.metrics.labels import Labels
from synkro_resources.rules.statistics import Share

NextStepState = Literal["agreed", "only_in_crm", "none"]
PARTS = frozenset({"action", "owner", "time"})
ENOUGH_PARTS = 2  # «пришлю договор завтра» names an action and a time; who sends it is plain
ACCEPTED = "accepted"
AFTER_EPISODE = timedelta(hours=24)
"""A task or a purchase so soon after the last message still belongs to the talk."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """One episode. `parts`: which of action, owner and time were named; `accepted`: the client said yes to it."""

    episode_key: str
    deal_id: int | None
    parts: frozenset[str]
    accepted: bool
    state: NextStepState
    finding_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NextSteps:
    """Episodes that need a next step, by their key."""

    rows: tuple[NextStep, ...]

    def of(self, *states: NextStepState) -> tuple[NextStep, ...]:
        return tuple(row for row in self.rows if row.state in states)

    @property
    def agreed(self) -> Share:
        """Agreed in the chat; what stands in the CRM alone is counted apart and is no agreement."""
        return Share(len(self.of("agreed")), len(self.rows))


def next_steps(
    labels: Labels, active: pd.DataFrame, tasks: pd.DataFrame, history: DealHistory, *, as_of: datetime
) -> NextSteps:
    """#15 over the analysable episodes of `active` that were scored, as known at `as_of`.

    Without those whose client refused, and those that a purchase closed. `tasks`: of the CRM, with `deal_id`,
    `contact_id` and `created_at`.
    """
    labels = labels.trusted
    scored = labels.answers.loc[labels.answers["variant"] == "full", "episode_key"]
    refused = set(_made(labels, "refusal")["episode_key"])
    chosen = active[active["analysable"].fillna(False).astype(bool) & active["episode_key"].isin(scored)]
    steps = _made(labels, "next_step", chosen["episode_key"])
    known = history.known_until(as_of)
    created = tasks[tasks["created_at"] < as_of]
    rows: list[NextStep] = []
    for episode in records(chosen):
        key, deal_id = str(episode["episode_key"]), whole(episode["deal_id"])
        if key in refused or _is_bought(known, episode):
            continue
        said = steps[steps["episode_key"] == key]
        codes = {str(code) for code in said["code"]}
        is_agreed = len(codes & PARTS) >= ENOUGH_PARTS and ACCEPTED in codes
        rows.append(
            NextStep(
                episode_key=key,
                deal_id=deal_id,
                parts=frozenset(codes & PARTS),
                accepted=ACCEPTED in codes,
                state="agreed" if is_agreed else "only_in_crm" if _has_task(created, episode) else "none",
                finding_ids=tuple(str(identity) for identity in said["finding_id"]),
            )
        )
    return NextSteps(tuple(sorted(rows, key=lambda row: row.episode_key)))


def _made(labels: Labels, kind: str, episode_keys: pd.Series | None = None) -> pd.DataFrame:
    """Findings that say yes: what does not apply, or could not be told, has no word for it in `value`."""
    rows = labels.found(kind, episode_keys)
    return rows[(rows["applicability"] == "applicable") & (rows["value"] == "yes")]


def _span(episode: Mapping[str, object]) -> tuple[datetime, datetime] | None:
    """From the episode's start to a day after its last message."""
    start, last = moment(episode["start_at"]), moment(episode["last_at"])
    return None if start is None or last is None else (start, last + AFTER_EPISODE)


def _is_bought(history: DealHistory, episode: Mapping[str, object]) -> bool:
    deal_id, span = whole(episode["deal_id"]), _span(episode)
    if deal_id is None or span is None:
        return False
    return any(move.is_win and span[0] <= move.at <= span[1] for move in history.moves(deal_id))


def _has_task(tasks: pd.DataFrame, episode: Mapping[str, object]) -> bool:
    span = _span(episode)
    if span is None:
        return False
    near = tasks[(tasks["created_at"] >= span[0]) & (tasks["created_at"] <= span[1])]
    cards = (("deal_id", whole(episode["deal_id"])), ("contact_id", whole(episode["contact_id"])))
    return any(number is not None and bool((near[name] == number).fillna(False).any()) for name, number in cards)
