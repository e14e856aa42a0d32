"""What the truth tells of a span of local days: one record per row behind a figure, and all of them together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from synkro_resources.sandbox.world.facts import Opener, PlantedDeal, PlantedEpisode, PlantedTurn, Undelivered

Silence = Literal["ok", "via_company", "silent", "cannot_verify", "pending"]


@dataclass(frozen=True, slots=True)
class Response:
    """A client turn that a message of the same episode answered in the span."""

    turn: PlantedTurn
    minutes: float
    manager_id: int | None
    channel: str
    in_working_time: bool
    bot_touch_s: float | None
    """Seconds to the first bot message before the answer."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A client turn that was decided in the span."""

    turn: PlantedTurn
    in_time: bool
    judged_at: datetime
    manager_id: int | None
    channel: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A client without an answer for longer than the norm."""

    chat_id: int
    clock_at: datetime
    episode_start_id: str
    due_at: datetime
    minutes: float
    deal_id: int | None
    price: int | None
    manager_id: int | None


@dataclass(frozen=True, slots=True)
class DealSilence:
    deal: PlantedDeal
    state: Silence


@dataclass(frozen=True, slots=True)
class Closed:
    """A deal with the move that brought it into the closed status it is in."""

    deal: PlantedDeal
    at: datetime
    manager_id: int


@dataclass(frozen=True)
class PeriodTruth:
    """What the report of some local days says, as known at their end. Times are working minutes."""

    first_day: date
    last_day: date
    as_of: datetime
    zone: ZoneInfo
    working_days: int
    started: list[PlantedEpisode]
    active: list[PlantedEpisode]
    """Episodes with a counted message in the span."""
    active_manager: dict[str, int]
    """By episode: who wrote most of a manager's messages in it, as far as a deal names somebody."""
    openers: dict[str, Opener | None]
    """Who had opened each started episode by the end."""
    without_answer: int
    first_responses: list[Response]
    without_first_response: dict[str, int]
    """Episodes without a first response time, by reason."""
    responses: list[Response]
    judged_turns: list[Judged]
    unanswered: list[Waiting]
    appeared: int
    """Of them those whose time ran out in the span."""
    older: int
    not_due: int
    created: list[DealSilence]
    open_deals: list[DealSilence]
    lost_deals: list[Closed]
    won_deals: list[Closed]
    reopened: list[PlantedDeal]
    reopened_open: int
    failed_messages: list[Undelivered]

    @property
    def new_episodes(self) -> int:
        return len(self.started)

    @property
    def new_episodes_by_opener(self) -> dict[Opener | None, int]:
        return dict(Counter(self.openers.values()))

    @property
    def first_response(self) -> list[float]:
        return sorted(row.minutes for row in self.first_responses)

    @property
    def response(self) -> list[float]:
        return sorted(row.minutes for row in self.responses)

    @property
    def judged(self) -> int:
        return len(self.judged_turns)

    @property
    def in_sla(self) -> int:
        return sum(row.in_time for row in self.judged_turns)

    @property
    def new_deals(self) -> int:
        return len(self.created)

    @property
    def new_deals_silent(self) -> list[int]:
        return sorted(row.deal.lead_id for row in self.created if row.state == "silent")

    @property
    def open_silent(self) -> list[int]:
        """Open deals nobody talked to in the last three working days."""
        return sorted(row.deal.lead_id for row in self.open_deals if row.state == "silent")

    @property
    def lost(self) -> list[int]:
        return sorted(row.deal.lead_id for row in self.lost_deals)

    @property
    def lost_without_reason(self) -> int:
        return sum(row.deal.loss_reason_id is None for row in self.lost_deals)

    @property
    def won(self) -> list[int]:
        return sorted(row.deal.lead_id for row in self.won_deals)

    @property
    def undelivered(self) -> int:
        return len(self.failed_messages)
