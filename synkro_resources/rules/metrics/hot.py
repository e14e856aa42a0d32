"""Clients without an answer who were about to buy (#6)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from synkro_resources.model.taxonomy import HOT_INTENTS
from synkro_resources.rules.deal_history import DealHistory
from synkro_resources.rules.metrics.labels import DOUBTFUL, Labels, first_by_episode
from synkro_resources.rules.metrics.unanswered import Unanswered, UnansweredRow


@dataclass(frozen=True, slots=True)
class HotLead:
    """One waiting client. `by_stage`: their deal stands in a hot stage; else the finding tells of the wish."""

    waiting: UnansweredRow
    by_stage: bool
    intent: str | None
    finding_id: str | None
    band: str | None

    @property
    def is_counted(self) -> bool:
        return self.by_stage or self.band != DOUBTFUL


@dataclass(frozen=True, slots=True)
class HotLeads:
    """#6, in the order of the waiting clients; doubtful ones are listed and not counted."""

    rows: tuple[HotLead, ...]

    @property
    def counted(self) -> tuple[HotLead, ...]:
        return tuple(row for row in self.rows if row.is_counted)

    @property
    def amount(self) -> int:
        """Sum of the known prices; a deal that several episodes share is counted once."""
        waiting = [row.waiting for row in self.counted]
        return sum({row.deal_id: row.price for row in waiting if row.price is not None}.values())

    @property
    def without_price(self) -> int:
        return sum(row.waiting.price is None for row in self.counted)


def hot_leads(
    labels: Labels,
    waiting: Unanswered,
    history: DealHistory,
    *,
    as_of: datetime,
    hot_stages: Collection[tuple[int, int]] = (),
) -> HotLeads:
    """#6: rows of #4 with a validated hot intent, or whose deal stands in one of `hot_stages` at `as_of`.

    Sure findings come before doubtful ones. The unanswered turn is an episode's last, so an intent is never after it.
    """
    wishes = labels.found("intent", pd.Series([row.episode_key for row in waiting.rows], dtype="object"))
    wishes = wishes[wishes["code"].isin(HOT_INTENTS)]
    doubtful = wishes["band"] == DOUBTFUL
    said = first_by_episode(pd.concat([wishes[~doubtful], wishes[doubtful]]))
    stages: set[tuple[int | None, int | None]] = set(hot_stages)
    rows: list[HotLead] = []
    for row in waiting.rows:
        known = row.deal_id is not None and row.deal_id in history.deals
        by_stage = known and row.deal_id is not None and history.stage_at(row.deal_id, as_of) in stages
        wish = said.get(row.episode_key)
        if wish is not None:
            rows.append(HotLead(row, by_stage, str(wish["code"]), str(wish["finding_id"]), str(wish["band"])))
        elif by_stage:
            rows.append(HotLead(row, by_stage, None, None, None))
    return HotLeads(tuple(rows))
