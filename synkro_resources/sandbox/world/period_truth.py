"""The figures of any span of local days with the rows behind them, told from the planted facts the obvious way.

Written from the definitions alone (docs/metrics.md, «How the numbers are proven»), never from the code that is tested.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Literal

from synkro_resources.sandbox.world.calendar import DAY, SLA_MINUTES, WorkingTime
from synkro_resources.sandbox.world.facts import (
    LOST,
    WON,
    Move,
    Opener,
    PlantedDeal,
    PlantedEpisode,
    PlantedFacts,
    PlantedTurn,
)
from synkro_resources.sandbox.world.known_links import KnownLinks
from synkro_resources.sandbox.world.period_rows import (
    Closed,
    DealSilence,
    Judged,
    PeriodTruth,
    Response,
    Silence,
    Waiting,
)

LOOKBACK = timedelta(days=14)
"""Unanswered clients older than this are no longer listed."""
SILENT_WORKING_DAYS = 3
SILENT_LEAD = timedelta(hours=24)
"""A contact so long before the deal was created still counts as contact about it."""

State = Literal["in_sla", "late", "overdue", "pending"]


def period_truth(facts: PlantedFacts, first_day: date, last_day: date) -> PeriodTruth:
    """The figures of `first_day … last_day`; of a span that still runs as known at the world's end."""
    return _Telling(facts, first_day, last_day).tell()


class _Telling:
    def __init__(self, facts: PlantedFacts, first_day: date, last_day: date) -> None:
        self.facts, self.first_day, self.last_day = facts, first_day, last_day
        self.start, end = facts.working_time.bounds(first_day)[0], facts.working_time.bounds(last_day)[1]
        self.as_of = min(end, facts.end)
        self.episodes = {episode.start_id: episode for episode in facts.episodes}
        self.links = KnownLinks(facts, last_day)

    @property
    def working_time(self) -> WorkingTime:
        return self.facts.working_time

    def tell(self) -> PeriodTruth:
        episodes = [episode for episode in self.facts.episodes if self._within(episode.start_at)]
        waiting = list(self._waiting())
        begun = {row.start_id for row in episodes}
        open_turns = [turn for turn in self._turns if self._state(turn) in ("overdue", "pending")]
        active = [episode for episode in self.facts.episodes if any(self._within(line.at) for line in episode.lines)]
        back = [deal for deal in self._deals if any(self._within(move.at) for move in _reopenings(deal))]
        return PeriodTruth(
            first_day=self.first_day,
            last_day=self.last_day,
            as_of=self.as_of,
            zone=self.working_time.zone,
            working_days=self._working_days(),
            started=episodes,
            active=active,
            active_manager={
                episode.start_id: manager
                for episode in active
                if (manager := self.links.writing_manager(episode, self.as_of)) is not None
            },
            openers={episode.start_id: self._opener(episode) for episode in episodes},
            without_answer=len({turn.episode_start_id for turn in open_turns} & begun),
            first_responses=[self._response(turn) for turn in self._answered if turn.first_in_episode],
            without_first_response=dict(Counter(self._reasons())),
            responses=[self._response(turn) for turn in self._answered],
            judged_turns=list(self._judged()),
            unanswered=[row for row in waiting if row.clock_at >= self.as_of - LOOKBACK],
            appeared=sum(row.clock_at >= self.as_of - LOOKBACK and self._within(row.due_at) for row in waiting),
            older=sum(row.clock_at < self.as_of - LOOKBACK for row in waiting),
            not_due=sum(self._state(turn) == "pending" for turn in self._turns),
            created=[self._silence_of_new(deal) for deal in self._deals if self._within(deal.created_at)],
            open_deals=[self._silence_of_open(deal) for deal in self._deals if deal.stage(self.as_of).is_open],
            lost_deals=list(self._closed(LOST)),
            won_deals=list(self._closed(WON)),
            reopened=back,
            reopened_open=sum(deal.stage(self.as_of).is_open for deal in back),
            failed_messages=[message for message in self.facts.undelivered if self._within(message.at)],
        )

    def _within(self, instant: datetime | None) -> bool:
        return instant is not None and self.start <= instant < self.as_of

    def _working_days(self) -> int:
        days = (self.last_day - self.first_day).days + 1
        return sum(self.working_time.shift(self.first_day + number * DAY) is not None for number in range(days))

    # Clients' turns ----------------------------------------------------------------------------------------------

    @cached_property
    def _turns(self) -> list[PlantedTurn]:
        """Everything clients had said by then."""
        return [turn for turn in self.facts.turns if turn.first_at < self.as_of]

    @cached_property
    def _answered(self) -> list[PlantedTurn]:
        return [turn for turn in self._turns if _answered_by_message(turn) and self._within(turn.answered_at)]

    def _answer(self, turn: PlantedTurn) -> datetime | None:
        """When it was answered, if that had happened by then."""
        return turn.answered_at if turn.answered_at is not None and turn.answered_at < self.as_of else None

    def _state(self, turn: PlantedTurn) -> State | None:
        """None if nobody waits, or not yet."""
        if not turn.needs_reply or turn.clock_at >= self.as_of:
            return None
        due_at, answered_at = self.working_time.due_at(turn.clock_at, SLA_MINUTES), self._answer(turn)
        if answered_at is not None:
            return "in_sla" if answered_at <= due_at else "late"
        return "overdue" if due_at < self.as_of else "pending"

    def _judged(self) -> Iterator[Judged]:
        for turn in self._turns:
            state = self._state(turn)
            if state in (None, "pending"):
                continue
            due_at, answered_at = self.working_time.due_at(turn.clock_at, SLA_MINUTES), self._answer(turn)
            judged_at = answered_at if state == "in_sla" and answered_at is not None else due_at
            if self._within(judged_at):
                episode = self.episodes[turn.episode_start_id]
                manager = self.links.manager(episode, answered_at or due_at)
                yield Judged(turn, state == "in_sla", judged_at, manager, episode.channel)

    def _response(self, turn: PlantedTurn) -> Response:
        episode, answered_at = self.episodes[turn.episode_start_id], turn.answered_at or turn.clock_at
        touches = (
            (line.at - turn.clock_at).total_seconds()
            for line in episode.lines
            if line.writer == "bot" and turn.clock_at <= line.at < answered_at
        )
        return Response(
            turn,
            turn.working_minutes or 0.0,
            self.links.manager(episode, answered_at),
            episode.channel,
            self.working_time.is_open(answered_at),
            next(touches, None),
        )

    def _reasons(self) -> Iterator[str]:
        """Of episodes without a first response time: when their first turn was answered, else when they began."""
        firsts: dict[str, PlantedTurn] = {}
        for turn in self._turns:
            firsts.setdefault(turn.episode_start_id, turn)
        for episode in self.facts.episodes:
            opener, turn = self._opener(episode), firsts.get(episode.start_id)
            answered_at = None if turn is None else self._answer(turn)
            if opener is None or not self._within(answered_at or episode.start_at):
                continue
            if opener == "manager":
                yield "outbound_first"
            elif turn is None or not turn.needs_reply or turn.clock_at >= self.as_of:
                yield "closing_first"
            elif answered_at is None:
                yield "no_reply"
            elif not turn.answer_same_episode:
                yield "answered_in_later_episode"
            elif turn.answer_kind == "call":
                yield "by_call"

    def _opener(self, episode: PlantedEpisode) -> Opener | None:
        """Who had opened it by then: an episode that begins with a broadcast may wait for that."""
        for line in episode.lines:
            if line.at < self.as_of and line.writer in ("client", "manager") and line.delivered:
                return "client" if line.writer == "client" else "manager"
        return None

    def _waiting(self) -> Iterator[Waiting]:
        """Overdue turns, the longest wait first."""
        for turn in sorted(self._turns, key=lambda turn: (turn.clock_at, turn.chat_id)):
            if self._state(turn) != "overdue":
                continue
            episode = self.episodes[turn.episode_start_id]
            deal = self.links.deal(episode)
            yield Waiting(
                chat_id=turn.chat_id,
                clock_at=turn.clock_at,
                episode_start_id=turn.episode_start_id,
                due_at=self.working_time.due_at(turn.clock_at, SLA_MINUTES),
                minutes=self.working_time.minutes(turn.clock_at, self.as_of),
                deal_id=deal.lead_id if deal else None,
                price=deal.price or None if deal else None,
                manager_id=self.links.manager(episode, self.as_of),
            )

    # Deals -------------------------------------------------------------------------------------------------------

    @cached_property
    def _deals(self) -> list[PlantedDeal]:
        return [deal for deal in self.facts.deals if deal.exists(self.as_of)]

    def _silence_of_new(self, deal: PlantedDeal) -> DealSilence:
        deadline = self.working_time.end_of_working_day(deal.created_at, SILENT_WORKING_DAYS)
        if deadline > self.as_of:
            return DealSilence(deal, "pending")
        return DealSilence(deal, _silence(deal, deal.created_at - SILENT_LEAD, deadline))

    def _silence_of_open(self, deal: PlantedDeal) -> DealSilence:
        since = self.working_time.start_of_working_day_back(self.as_of, SILENT_WORKING_DAYS)
        return DealSilence(deal, _silence(deal, since, self.as_of))

    def _closed(self, status_id: int) -> Iterator[Closed]:
        for deal in self._deals:
            move = _last_close(deal, status_id, self.as_of)
            if move is not None and self._within(move.at):
                yield Closed(deal, move.at, deal.responsible(move.at))


def _answered_by_message(turn: PlantedTurn) -> bool:
    return turn.needs_reply and turn.answer_kind == "message" and turn.answer_same_episode is True


def _reopenings(deal: PlantedDeal) -> list[Move]:
    return [move for move in deal.moves if move.before.status_id == LOST and move.after.is_open]


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


def _silence(deal: PlantedDeal, since: datetime, until: datetime) -> Silence:
    if any(since <= at <= until for at in deal.touches):
        return "ok"
    if any(since <= at <= until for at in deal.company_touches):
        return "via_company"
    return "silent" if deal.verifiable else "cannot_verify"
