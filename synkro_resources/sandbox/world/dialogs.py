"""One dialog being written down: every planted message leaves the vendor's object and the fact about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from synkro_resources.sandbox.world.calendar import WorkingTime
from synkro_resources.sandbox.world.facts import (
    AnswerKind,
    PlantedDeal,
    PlantedEpisode,
    PlantedLine,
    PlantedTurn,
    Undelivered,
    Writer,
)
from synkro_resources.sandbox.world.messages import Chat, Content, Json, message, message_id, text
from synkro_resources.sandbox.world.texts import BOT_REPLY

EPISODE_GAP = timedelta(hours=72)
"""A longer silence begins a new episode; exactly this long does not."""

Witness = Callable[[str, datetime, Writer], None]
"""Learns of every message that people see (id, time, who wrote it), also of those after the world's end."""


@dataclass(slots=True)
class DialogScript:
    """Plants messages in rising order of time. What would happen after `end` leaves no trace, but uses its ids."""

    chat: Chat
    end: datetime
    witness: Witness | None = None
    messages: list[Json] = field(default_factory=list)
    episodes: list[PlantedEpisode] = field(default_factory=list)
    turns: list[PlantedTurn] = field(default_factory=list)
    undelivered: list[Undelivered] = field(default_factory=list)
    touches: list[datetime] = field(default_factory=list)
    """Client and manager messages, delivered or not."""
    _number: int = 0
    _last_at: datetime | None = None
    _turn: PlantedTurn | None = None
    """The client turn that is being written."""
    _waiting: list[PlantedTurn] = field(default_factory=list)
    _manager_asked: bool = False
    """Whether the last manager turn of this episode holds a question."""
    _client_has_spoken: bool = False

    @property
    def last_message_id(self) -> str:
        """Id of the message planned last."""
        return message_id(self.chat.chat_id, self._number)

    def client(self, at: datetime, content: Content, *, closing: bool = False) -> None:
        """An inbound message; `closing` ones (thanks, ok, a sticker) ask for nothing by themselves."""
        planted = self._plant(at, "client", content)
        if planted is None:
            return
        episode = self._tell(PlantedLine(planted, at, "client", words_of(content), closing=closing, says=content.says))
        self.touches.append(at)
        episode.opened_by = episode.opened_by or "client"
        if self._turn is None:
            needs_reply = not closing or self._manager_asked
            first = episode.opened_by == "client" and not self._client_has_spoken
            self._turn = PlantedTurn(self.chat.chat_id, episode.start_id, at, at, planted, needs_reply, first)
            self.turns.append(self._turn)
            self._waiting.append(self._turn)
            self._client_has_spoken = True
        elif not self._turn.needs_reply and not closing:
            self._turn.needs_reply, self._turn.clock_at, self._turn.clock_message_id = True, at, planted

    def manager(self, at: datetime, content: Content, *, asks: bool = False) -> None:
        """A delivered outbound message by a person; `asks` where it holds a question."""
        planted = self._plant(at, "manager", content, delivered=True)
        if planted is None:
            return
        episode = self._tell(PlantedLine(planted, at, "manager", words_of(content), says=content.says))
        self.touches.append(at)
        episode.opened_by = episode.opened_by or "manager"
        self._answer(at, "message")
        self._manager_asked = self._manager_asked or asks

    def fail(self, at: datetime, content: Content) -> None:
        """A manager's message that never arrives. It answers nothing, but breaks the silence."""
        planted = self._plant(at, "manager", content, error=True)
        if planted is None:
            return
        self._tell(PlantedLine(planted, at, "manager", words_of(content), delivered=False, says=content.says))
        self.touches.append(at)
        self.undelivered.append(Undelivered(planted, self.chat.chat_id, at))

    def bot(self, at: datetime) -> None:
        self._automatic(at, "bot", text(BOT_REPLY))

    def broadcast(self, at: datetime, content: Content) -> None:
        self._automatic(at, "broadcast", content)

    def _automatic(self, at: datetime, writer: Writer, content: Content) -> None:
        """An automatic message: no clock sees it, but it breaks the silence."""
        planted = self._plant(at, writer, content, delivered=True)
        if planted is not None:
            self._tell(PlantedLine(planted, at, writer, words_of(content)))

    def reaction(self, at: datetime) -> None:
        self.service(at, Content("reaction", {"text": "👍"}))

    def service(self, at: datetime, content: Content) -> None:
        """A notice of the messenger (reaction, system, call), which counts for nothing at all."""
        self._plant(at, "client", content, is_service=True)

    def call(self, at: datetime) -> None:
        """A connected call with the client ends his waiting as a message does."""
        if at < self.end and self.episodes:
            self.episodes[-1].calls.append(at)
            self._answer(at, "call")

    def finish(
        self,
        contact_id: int | None,
        link: Callable[[PlantedEpisode], PlantedDeal | None],
        working_time: WorkingTime,
    ) -> None:
        """Fill in what is known only when the client's contact and deals are planted, too."""
        deals = {episode.start_id: link(episode) for episode in self.episodes}
        for episode in self.episodes:
            deal = deals[episode.start_id]
            episode.contact_id = contact_id
            episode.deal_id = deal.lead_id if deal else None
        for turn in self.turns:
            if turn.answered_at is None:
                continue
            turn.working_minutes = working_time.minutes(turn.clock_at, turn.answered_at)
            deal = deals[turn.episode_start_id]
            turn.manager_id = deal.responsible(turn.answered_at) if deal else None

    def _plant(
        self,
        at: datetime,
        writer: Writer,
        content: Content,
        *,
        delivered: bool = False,
        error: bool = False,
        is_service: bool = False,
    ) -> str | None:
        self._number += 1
        if self.witness is not None and not is_service:
            self.witness(message_id(self.chat.chat_id, self._number), at, writer)
        if at >= self.end:
            return None
        planted = message(
            self.chat,
            self._number,
            at,
            "inbound" if writer == "client" else "outbound",
            content,
            # Cut to seconds, a stamp at once lies before the message itself; some never come although it was read.
            delivered_at=self._known(at + timedelta(seconds=self._number % 4))
            if delivered and self._number % 9
            else None,
            read_at=self._known(at + timedelta(minutes=self._number % 50 + 1)) if delivered else None,
            error_at=at if error else None,
        )
        self.messages.append(planted)
        return planted["message_id"]

    def _known(self, at: datetime) -> datetime | None:
        return at if at < self.end else None

    def _tell(self, line: PlantedLine) -> PlantedEpisode:
        """Add a counted message to its episode; a long silence before it begins a new one."""
        at = line.at
        if self._last_at is None or at - self._last_at > EPISODE_GAP:
            episode = PlantedEpisode(self.chat.chat_id, line.message_id, at, at, channel=self.chat.channel)
            self.episodes.append(episode)
            self._turn, self._manager_asked, self._client_has_spoken = None, False, False
        self._last_at = at
        episode = self.episodes[-1]
        episode.last_at = at
        episode.lines.append(line)
        return episode

    def _answer(self, at: datetime, kind: AnswerKind) -> None:
        if self._turn is not None:
            self._turn, self._manager_asked = None, False
        episode = self.episodes[-1]
        for turn in self._waiting:
            turn.answered_at, turn.answer_kind = at, kind
            turn.answer_same_episode = turn.episode_start_id == episode.start_id
        self._waiting.clear()


def words_of(content: Content) -> str:
    """What a person reads of a message: its text, a template's button text, or a caption."""
    body = content.body
    return str(body.get("text") or body.get("body", {}).get("text") or body.get("caption") or "")
