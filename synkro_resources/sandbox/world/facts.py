"""The facts planted in an invented world: episodes, turns, deals, calls and chats, each as it was told.

Every record is written while the world is being made: nothing here is read back from messages or computed by the
pipeline.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from synkro_resources.sandbox.world.calendar import WorkingTime
from synkro_resources.sandbox.world.meanings import Says

WON, LOST = 142, 143
"""amoCRM's closed statuses, the same in every pipeline."""
PAIRS_FOR_A_LINK = 3
"""So many pairs of a message and a chat event show whose chat it is."""

Opener = Literal["client", "manager"]
AnswerKind = Literal["message", "call"]
Writer = Literal["client", "manager", "bot", "broadcast"]


@dataclass(frozen=True, slots=True)
class Stage:
    """A status, which only means something together with its pipeline."""

    pipeline_id: int
    status_id: int

    @property
    def is_open(self) -> bool:
        return self.status_id not in (WON, LOST)


@dataclass(frozen=True, slots=True)
class PlantedLine:
    """A counted message of an episode as people read it."""

    message_id: str
    at: datetime
    writer: Writer
    words: str
    """Text, button text or caption; empty where there is none."""
    closing: bool = False
    """Thanks, «ok», a sticker: a client's message that asks for nothing by itself."""
    delivered: bool = True
    says: Says | None = None
    """What a person reads in its words; None where nobody planted anything."""


@dataclass(slots=True)
class PlantedEpisode:
    """One conversation without a silence of more than 72 h. Groups have none."""

    chat_id: int
    start_id: str
    """Id of the message it starts with."""
    start_at: datetime
    last_at: datetime
    opened_by: Opener | None = None
    """None as long as there are only automatic messages."""
    contact_id: int | None = None
    """What phone and username lead to."""
    deal_id: int | None = None
    owner_contact_id: int | None = None
    """Whose chat it is according to amoCRM's own chat events, whatever phone and username lead to."""
    owner_deal_id: int | None = None
    channel: str = "other"
    lines: list[PlantedLine] = field(default_factory=list[PlantedLine])
    calls: list[datetime] = field(default_factory=list[datetime])
    """Connected calls after its first message."""


@dataclass(slots=True)
class PlantedTurn:
    """Consecutive messages of a client inside one episode."""

    chat_id: int
    episode_start_id: str
    first_at: datetime
    clock_at: datetime
    clock_message_id: str
    """The first message that asks for an answer; the first one of all where none does."""
    needs_reply: bool
    first_in_episode: bool
    """The first client turn of an episode that the client opened."""
    answered_at: datetime | None = None
    answer_kind: AnswerKind | None = None
    answer_same_episode: bool | None = None
    manager_id: int | None = None
    """Responsible for the episode's deal at the answer."""
    working_minutes: float | None = None
    owner_manager_id: int | None = None
    """As `manager_id`, for the deal that the chat events lead to."""


@dataclass(frozen=True, slots=True)
class Move:
    """A deal's change of status."""

    at: datetime
    before: Stage
    after: Stage


@dataclass(frozen=True, slots=True)
class Handover:
    """A deal's change of the responsible user."""

    at: datetime
    before: int
    after: int


@dataclass(slots=True)
class PlantedDeal:
    """A deal with its whole past, and every moment somebody talked to its contacts."""

    lead_id: int
    created_at: datetime
    price: int
    first_stage: Stage
    first_responsible: int
    contact_ids: tuple[int, ...] = ()
    moves: list[Move] = field(default_factory=list)
    handovers: list[Handover] = field(default_factory=list)
    loss_reason_id: int | None = None
    deleted_at: datetime | None = None
    restored_at: datetime | None = None
    merged_at: datetime | None = None
    """When it went into another deal; nobody sees it afterwards."""
    merged_into: int | None = None
    verifiable: bool = True
    """False where no contact of the deal has a phone or a username, so that a conversation could not be found."""
    touches: tuple[datetime, ...] = ()
    """Client and manager messages with its contacts, calls of any result."""
    company_touches: tuple[datetime, ...] = ()
    """The same with other contacts of the same company."""
    chat_touches: tuple[datetime, ...] = ()
    """Messages of chats that only amoCRM's chat events lead to its contacts."""

    def stage(self, at: datetime) -> Stage:
        """The stage just before `at`."""
        return next((move.after for move in reversed(self.moves) if move.at < at), self.first_stage)

    def responsible(self, at: datetime) -> int:
        return next((change.after for change in reversed(self.handovers) if change.at <= at), self.first_responsible)

    def exists(self, at: datetime) -> bool:
        """Created before `at` and by then neither deleted (and not restored) nor merged into another."""
        if self.created_at >= at or (self.merged_at is not None and self.merged_at < at):
            return False
        if self.deleted_at is None or self.deleted_at >= at:
            return True
        return self.restored_at is not None and self.restored_at < at


@dataclass(frozen=True, slots=True)
class PlantedCall:
    """A call note. Only a connected one ends a client's waiting."""

    note_id: int
    entity_type: Literal["leads", "contacts"]
    entity_id: int
    at: datetime
    direction: Literal["in", "out"]
    duration_s: int
    connected: bool


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A manager's message that never arrived."""

    message_id: str
    chat_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class PlantedPair:
    """A message and the chat event that amoCRM wrote about it."""

    message_id: str
    event_id: str
    sent_at: datetime
    event_at: datetime
    """0–4 s after the message, at a whole second."""
    contact_id: int
    incoming: bool
    created_by: int
    """The manager's user id of most outgoing messages by people; 0 otherwise."""


@dataclass(slots=True)
class PlantedTalk:
    """One messenger's chat as amoCRM knows it."""

    chat_id: int
    """Radist's integer."""
    talk_id: int
    contact_id: int
    """The contact it belongs to at the end."""
    origin: str
    pairs: list[PlantedPair] = field(default_factory=list)
    without_event: list[str] = field(default_factory=list)
    """Messages amoCRM wrote no event about."""

    def expected_contact(self, before: datetime | None = None) -> int | None:
        """Who has enough pairs with events before `before`; None if nobody or more than one contact has."""
        known = Counter(pair.contact_id for pair in self.pairs if before is None or pair.event_at < before)
        found = [contact for contact, count in known.items() if count >= PAIRS_FOR_A_LINK]
        return found[0] if len(found) == 1 else None


@dataclass(slots=True)
class PlantedFacts:
    """All planted facts of one world up to `end`."""

    end: datetime
    working_time: WorkingTime
    autotext: dict[str, Literal["bot", "broadcast"]] = field(default_factory=dict)
    """Automatic texts, lower case. What detection finds once it has seen enough of them."""
    turns: list[PlantedTurn] = field(default_factory=list)
    episodes: list[PlantedEpisode] = field(default_factory=list)
    deals: list[PlantedDeal] = field(default_factory=list)
    calls: list[PlantedCall] = field(default_factory=list)
    undelivered: list[Undelivered] = field(default_factory=list)
    group_chat_ids: list[int] = field(default_factory=list)
    talks: list[PlantedTalk] = field(default_factory=list)
