"""What a deal was at an instant: stage, responsible user, existence, rebuilt from its moves and never from today's row.

(docs/metrics.md, «State of a deal».)
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, Literal

import pandas as pd

from synkro_resources.rules.metrics.frames import values
from synkro_resources.rules.working_time import micros

WON = 142  # amoCRM's fixed status ids; they repeat in every pipeline
LOST = 143
Attribution = Literal["author", "event", "current", "none"]
Stage = tuple[int | None, int | None]
"""Pipeline and status; a status means nothing without its pipeline."""


HISTORY_COLUMNS = (
    "deal_id",
    "pipeline_id",
    "status_id",
    "price",
    "responsible_id",
    "loss_reason_id",
    "company_id",
    "created_at",
    "is_deleted",
    "merged_into",
    "source_updated_at",
)
"""What of a deal's row the history reads."""
EVENT_COLUMNS = (
    "deal_id",
    "at",
    "kind",
    "before_pipeline_id",
    "before_status_id",
    "after_pipeline_id",
    "after_status_id",
    "before_user_id",
    "after_user_id",
)
"""What of an event the history reads."""
STATE_COLUMNS = (
    "deal_id",
    "price",
    "loss_reason_id",
    "company_id",
    "created_at",
    "exists",
    "pipeline_id",
    "status_id",
    "responsible_id",
)
MOVE_COLUMNS = ("deal_id", "at", *EVENT_COLUMNS[3:7])
"""Frames of whole numbers; instants are microseconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Responsible:
    """Who answered for a deal, how it is known (`event`, `current`, `none`) and how surely (0…1)."""

    manager_id: int | None
    attribution: Attribution
    confidence: float


@dataclass(frozen=True, slots=True)
class Handover:
    """One change of the responsible user."""

    at: datetime
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Move:
    """One change of stage."""

    at: datetime
    before: Stage
    after: Stage

    @property
    def is_loss(self) -> bool:
        return self.after[1] == LOST and self.before[1] != LOST

    @property
    def is_win(self) -> bool:
        return self.after[1] == WON and self.before[1] != WON

    @property
    def is_reopening(self) -> bool:
        return self.before[1] == LOST and self.after[1] not in (WON, LOST)


@dataclass(frozen=True, slots=True)
class Deal:
    """The present row of a deal, as far as the history needs it. A price of 0 is «not given» and None here."""

    deal_id: int
    stage: Stage
    price: int | None
    responsible_id: int | None
    loss_reason_id: int | None
    company_id: int | None
    created_at: datetime | None
    is_deleted: bool
    merged_into: int | None
    version: datetime | None


class DealHistory:
    """Deals with their moves, as far as they were known before `until` (excluded; None: all)."""

    def __init__(
        self, deals: pd.DataFrame, events: pd.DataFrame, *, events_from: datetime, until: datetime | None = None
    ) -> None:
        """`events_from`: the instant from which all events are loaded; before it attribution is less sure."""
        self.deals: dict[int, Deal] = {deal.deal_id: deal for deal in _deals(deals.sort_values("deal_id"))}
        self._events_from = events_from
        self._until = until
        self._moves: dict[int, list[Move]] = defaultdict(list)
        self._hands: dict[int, list[tuple[datetime, int | None, int | None]]] = defaultdict(list)
        self._gone: dict[int, list[tuple[datetime, str]]] = defaultdict(list)
        self._moved: list[tuple[datetime, int]] = []
        self._existing: dict[datetime, list[tuple[Deal, Stage]]] = {}
        # Later events still tell what was before them, so the split at `until` is made when a question is asked.
        known = events[events["deal_id"].notna() & events["at"].notna()]
        ordered = known.sort_values(["at", "event_id"], kind="stable")
        columns: list[list[Any]] = [values(ordered[name]) for name in EVENT_COLUMNS]
        for deal_id, at, kind, *ends in zip(*columns, strict=True):
            before, after, hands = (ends[0], ends[1]), (ends[2], ends[3]), (ends[4], ends[5])
            self._take(deal_id, at, kind, before, after, hands)

    def known_until(self, until: datetime) -> DealHistory:
        """The same deals and events as they were known before `until`; shares the rows, so it costs nothing."""
        if until == self._until:
            return self
        view = copy(self)
        view._until = until
        view._existing = {}  # what exists depends on what is known
        return view

    def visible(self, as_of: datetime, excluded_pipelines: Iterable[int]) -> list[Deal]:
        """Deals that exist at `as_of` outside the excluded pipelines, by id."""
        excluded = set(excluded_pipelines)
        return [deal for deal, stage in self._existing_at(as_of) if stage[0] not in excluded]

    def visible_open(self, as_of: datetime, excluded_pipelines: Iterable[int]) -> list[Deal]:
        """Those of the visible deals that are neither won nor lost at `as_of`."""
        excluded = set(excluded_pipelines)
        return [
            deal for deal, stage in self._existing_at(as_of) if stage[0] not in excluded and stage[1] not in (WON, LOST)
        ]

    def states(self, as_of: datetime) -> pd.DataFrame:
        """What every deal created before `as_of` was then, deleted ones too: one row per deal, by id; empty is −1."""
        rows = [
            (
                deal_id,
                deal.price,
                deal.loss_reason_id,
                deal.company_id,
                deal.created_at,
                self.exists_at(deal_id, as_of),
                *(self.stage_at(deal_id, as_of) if deal_id in self._moves else deal.stage),
                self.responsible_at(deal_id, as_of).manager_id if deal_id in self._hands else deal.responsible_id,
            )
            for deal_id, deal in self.deals.items()
            if deal.created_at is not None and deal.created_at < as_of
        ]
        frame = pd.DataFrame(rows, columns=list(STATE_COLUMNS))
        frame["created_at"] = pd.to_datetime(frame["created_at"], utc=True).dt.as_unit("us")
        return frame.fillna(-1).astype("int64")

    def moves_before(self, as_of: datetime) -> pd.DataFrame:
        """The changes of stage before `as_of` and the cut-off of deals created before it, by deal; empty is −1."""
        rows = [
            (deal_id, micros(move.at), *move.before, *move.after)
            for deal_id, deal in self.deals.items()
            if deal_id in self._moves and deal.created_at is not None and deal.created_at < as_of
            for move in self.moves(deal_id)
            if move.at < as_of
        ]
        return pd.DataFrame(rows, columns=list(MOVE_COLUMNS)).fillna(-1).astype("int64")

    def moved_within(self, start: datetime, end: datetime) -> set[int]:
        """The deals that changed their stage in `[start, end)` and before the cut-off."""
        until = end if self._until is None else min(end, self._until)
        first, last = (bisect_left(self._moved, instant, key=itemgetter(0)) for instant in (start, until))
        return {deal_id for _, deal_id in self._moved[first:last]}

    def _existing_at(self, as_of: datetime) -> list[tuple[Deal, Stage]]:
        """The deals that exist, each with its stage; every metric of a report asks for the same instant."""
        if as_of not in self._existing:
            moves, gone = self._moves, self._gone
            self._existing[as_of] = [
                (deal, self.stage_at(deal_id, as_of) if deal_id in moves else deal.stage)
                for deal_id, deal in self.deals.items()
                if deal.created_at is not None
                and deal.created_at <= as_of
                and (
                    self.exists_at(deal_id, as_of)
                    if deal_id in gone  # few
                    else deal.merged_into is None and not deal.is_deleted
                )
            ]
        return self._existing[as_of]

    def moves(self, deal_id: int) -> list[Move]:
        """The deal's changes of stage before the cut-off, in order."""
        return [move for move in self._moves.get(deal_id, []) if self._is_known(move.at)]

    def handovers(self, deal_id: int) -> list[Handover]:
        """The deal's changes of responsible user before the cut-off, in order."""
        return [Handover(*hand) for hand in self._hands.get(deal_id, []) if self._is_known(hand[0])]

    def stage_at(self, deal_id: int, instant: datetime) -> Stage:
        """Pipeline and status at `instant`: after the last move, or before the first one, or the present ones."""
        moves = self._moves.get(deal_id)
        if not moves:
            return self.deals[deal_id].stage
        for move in reversed(moves):
            if move.at <= instant and self._is_known(move.at):
                return move.after
        return moves[0].before

    def exists_at(self, deal_id: int, instant: datetime) -> bool:
        """Created, and neither deleted nor merged away by `instant`."""
        deal = self.deals.get(deal_id)
        if deal is None or deal.created_at is None or deal.created_at > instant:
            return False
        ends = self._gone.get(deal_id)
        if not ends:  # nearly all
            return deal.merged_into is None and not deal.is_deleted
        past = [kind for at, kind in ends if at <= instant and self._is_known(at)]
        if deal.merged_into is not None:
            return any(kind == "merged" for _, kind in ends) and "merged" not in past
        if not past:  # the first known change comes later: before it the deal was the opposite
            return ends[0][1] != "restored"
        return past[-1] == "restored" or (past[-1] == "merged" and not deal.is_deleted)

    def is_open_at(self, deal_id: int, instant: datetime) -> bool:
        """Exists at `instant` and is neither won nor lost."""
        return self.exists_at(deal_id, instant) and self.stage_at(deal_id, instant)[1] not in (WON, LOST)

    def responsible_at(self, deal_id: int | None, instant: datetime) -> Responsible:
        """The responsible user at `instant`.

        After the last change, or before the next one, or the present one; 0.95 where events are loaded back to
        `instant`, 0.7 where only a later change is known, `current` 0.5 where nothing is known of that time.
        """
        deal = None if deal_id is None else self.deals.get(deal_id)
        if deal is None:
            return NOBODY
        hands = self._hands.get(deal.deal_id, [])
        past = [after for at, _, after in hands if at <= instant]
        later = [before for at, before, _ in hands if at > instant]
        loaded = instant >= self._events_from
        if past or later:
            found = past[-1] if past else later[0]
            return NOBODY if found is None else Responsible(found, "event", 0.95 if loaded else 0.7)
        if deal.responsible_id is None:
            return NOBODY
        return (
            Responsible(deal.responsible_id, "event", 0.95)
            if loaded
            else Responsible(deal.responsible_id, "current", 0.5)
        )

    def _is_known(self, at: datetime) -> bool:
        return self._until is None or at < self._until

    def _take(self, deal_id: Any, at: Any, kind: object, before: Stage, after: Stage, hands: tuple[Any, Any]) -> None:
        if kind == "status":
            self._moves[deal_id].append(Move(at, before, after))
            self._moved.append((at, deal_id))
        elif kind == "responsible":
            self._hands[deal_id].append((at, *hands))
        elif kind in ("deleted", "restored", "merged"):
            self._gone[deal_id].append((at, str(kind)))


NOBODY = Responsible(None, "none", 0.0)


def _deals(frame: pd.DataFrame) -> Iterator[Deal]:
    """Column by column: an account may have a hundred thousand deals."""
    columns: list[list[Any]] = [values(frame[name]) for name in HISTORY_COLUMNS]
    for id_, pipeline, status, price, responsible, reason, company, created, deleted, merged, version in zip(
        *columns, strict=True
    ):
        yield Deal(
            int(id_),
            (pipeline, status),
            price or None,
            responsible,
            reason,
            company,
            created,
            bool(deleted),
            merged,
            version,
        )
