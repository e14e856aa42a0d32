"""The facts planted in an invented world, and the day figures that follow from them.

Every record is written while the world is being made: nothing here is read back from messages or computed by the
pipeline. The figures hold for a load whose history begins at least three days before the world's first day; a load
that begins inside the world does not know the clocks of the episodes that were running then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from synkro_resources.sandbox.world.calendar import SLA_MINUTES, WorkingTime

WON, LOST = 142, 143
"""amoCRM's closed statuses, the same in every pipeline."""
LOOKBACK = timedelta(days=14)
"""Unanswered clients older than this are no longer listed."""
SILENT_WORKING_DAYS = 3
SILENT_LEAD = timedelta(hours=24)
"""A contact so long before the deal was created still counts as contact about it."""

PAIRS_FOR_A_LINK = 3
"""So many pairs of a message and a chat event show whose chat it is."""

Opener = Literal["client", "manager"]
AnswerKind = Literal["message", "call"]


@dataclass(frozen=True, slots=True)
class Stage:
    """A status, which only means something together with its pipeline."""

    pipeline_id: int
    status_id: int

    @property
    def is_open(self) -> bool:
        return self.status_id not in (WON, LOST)


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


@dataclass(frozen=True, slots=True)
class Waiting:
    """A client without an answer for longer than the norm."""

    chat_id: int
    clock_at: datetime


@dataclass(frozen=True, slots=True)
class DayFigures:
    """What the report of one local day says, as known at the day's end. Times are working minutes."""

    day: date
    as_of: datetime
    new_episodes: int
    new_episodes_by_opener: dict[Opener | None, int]
    first_response: list[float]
    response: list[float]
    judged: int
    in_sla: int
    unanswered: list[Waiting]
    not_due: int
    new_deals: int
    new_deals_judged: int
    new_deals_silent: list[int]
    new_deals_unverifiable: int
    open_silent: list[int]
    """Open deals nobody talked to in the last three working days."""
    lost: list[int]
    lost_without_reason: int
    lost_sum: int
    won: list[int]
    undelivered: int


@dataclass(slots=True)
class Truth:
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

    def day(self, day: date) -> DayFigures:
        """The figures of a local day; of a running one as known at the world's end."""
        start, day_end = self.working_time.bounds(day)
        as_of = min(day_end, self.end)
        span = _Span(start, as_of)
        answered = [turn for turn in self.turns if _answered_by_message(turn) and turn.answered_at in span]
        states = [state for turn in self.turns if (state := self._state(turn, as_of))]
        episodes = [episode for episode in self.episodes if episode.start_at in span]
        deals = [deal for deal in self.deals if deal.exists(as_of)]
        new_deals = [deal for deal in deals if deal.created_at in span]
        judged_deals = [deal for deal in new_deals if self._silence_deadline(deal) <= as_of]
        lost = [deal for deal in deals if (move := _last_close(deal, LOST, as_of)) and move.at in span]
        won = [deal for deal in deals if (move := _last_close(deal, WON, as_of)) and move.at in span]
        return DayFigures(
            day=day,
            as_of=as_of,
            new_episodes=len(episodes),
            new_episodes_by_opener=dict(Counter(episode.opened_by for episode in episodes)),
            first_response=sorted(turn.working_minutes or 0.0 for turn in answered if turn.first_in_episode),
            response=sorted(turn.working_minutes or 0.0 for turn in answered),
            judged=sum(judged_at in span for _, _, judged_at in states),
            in_sla=sum(judged_at in span and name == "in_sla" for _, name, judged_at in states),
            unanswered=sorted(
                (
                    Waiting(turn.chat_id, turn.clock_at)
                    for turn, name, _ in states
                    if name == "overdue" and turn.clock_at >= as_of - LOOKBACK
                ),
                key=lambda row: (row.clock_at, row.chat_id),
            ),
            not_due=sum(name == "pending" for _, name, _ in states),
            new_deals=len(new_deals),
            new_deals_judged=sum(deal.verifiable for deal in judged_deals),
            new_deals_silent=[
                deal.lead_id
                for deal in judged_deals
                if deal.verifiable and not _talked(deal, deal.created_at - SILENT_LEAD, self._silence_deadline(deal))
            ],
            new_deals_unverifiable=sum(not deal.verifiable for deal in new_deals),
            open_silent=sorted(self._open_silent(deals, as_of)),
            lost=sorted(deal.lead_id for deal in lost),
            lost_without_reason=sum(deal.loss_reason_id is None for deal in lost),
            lost_sum=sum(deal.price for deal in lost),
            won=sorted(deal.lead_id for deal in won),
            undelivered=sum(message.at in span for message in self.undelivered),
        )

    def _state(self, turn: PlantedTurn, as_of: datetime) -> tuple[PlantedTurn, str, datetime | None] | None:
        """A turn that waits for an answer, its state and when it was decided; None if nobody waits yet."""
        if not turn.needs_reply or turn.clock_at >= as_of:
            return None
        due_at = self.working_time.due_at(turn.clock_at, SLA_MINUTES)
        if turn.answered_at is not None and turn.answered_at < as_of:
            return (turn, "in_sla", turn.answered_at) if turn.answered_at <= due_at else (turn, "late", due_at)
        return (turn, "overdue", due_at) if due_at < as_of else (turn, "pending", None)

    def _silence_deadline(self, deal: PlantedDeal) -> datetime:
        return self.working_time.end_of_working_day(deal.created_at, SILENT_WORKING_DAYS)

    def _open_silent(self, deals: list[PlantedDeal], as_of: datetime) -> Iterator[int]:
        since = self.working_time.start_of_working_day_back(as_of, SILENT_WORKING_DAYS)
        for deal in deals:
            if deal.verifiable and deal.stage(as_of).is_open and not _talked(deal, since, as_of):
                yield deal.lead_id


@dataclass(frozen=True, slots=True)
class _Span:
    """A half-open span."""

    start: datetime
    end: datetime

    def __contains__(self, instant: datetime | None) -> bool:
        return instant is not None and self.start <= instant < self.end


def _answered_by_message(turn: PlantedTurn) -> bool:
    return turn.needs_reply and turn.answer_kind == "message" and turn.answer_same_episode is True


def _last_close(deal: PlantedDeal, status_id: int, as_of: datetime) -> Move | None:
    """The move that brought the deal into the closed status it is in at `as_of`."""
    if deal.stage(as_of).status_id != status_id:
        return None
    moves = [
        move
        for move in deal.moves
        if move.at < as_of and move.after.status_id == status_id and move.before.status_id != status_id
    ]
    return moves[-1] if moves else None


def _talked(deal: PlantedDeal, since: datetime, until: datetime) -> bool:
    return any(since <= at <= until for at in (*deal.touches, *deal.company_touches))
