"""What Radist's two moving lists do while they are paged: a model that tests set in motion between requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from synkro_resources.http.jsonvalues import JsonObject
from synkro_resources.radist.paging import ChatPair, ChatsPage

Form = Literal["radist", "no_zone", "offset"]


def written(at: datetime, form: Form) -> str:
    """An instant in one of the forms that Radist is known to write."""
    if form == "no_zone":
        return at.astimezone(UTC).replace(tzinfo=None).isoformat()
    if form == "offset":
        return (at.astimezone(UTC) + timedelta(hours=5)).replace(tzinfo=None).isoformat() + "+05:00"
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass
class Written:
    """One message on the server."""

    message_id: str
    at: datetime
    form: Form = "radist"
    text: str = ""

    def row(self) -> JsonObject:
        return {
            "message_id": self.message_id,
            "created_at": written(self.at, self.form),
            "message_type": "text",
            "text": {"text": self.text},
        }


@dataclass
class MessageServer:
    """`GET /messaging/messages/`: the newest `limit` messages up to `until`; `changes` happen one per request."""

    messages: list[Written]
    limit: int
    inclusive: bool
    shuffled: bool = False
    changes: list[Callable[[MessageServer], None]] = field(default_factory=list[Callable[["MessageServer"], None]])
    requests: int = 0

    def page(self, until: datetime) -> list[JsonObject]:
        self.requests += 1
        below = [item for item in self.messages if item.at < until or (self.inclusive and item.at == until)]
        newest = sorted(below, key=lambda item: (item.at, item.message_id), reverse=True)[: self.limit]
        if self.shuffled:  # the order inside a page is not documented
            newest = newest[1::2] + newest[::2]
        rows = [item.row() for item in newest]
        if self.changes:
            self.changes.pop(0)(self)
        return rows


@dataclass
class ChatServer:
    """`GET /chats/with_contacts/`: newest activity first, pages are places in the present order."""

    active: dict[int, int]
    limit: int
    last_cursor: str | None = None
    repeats_cursor: bool = False
    moves: list[int] = field(default_factory=list[int])
    speaks: int = 10_000
    requests: int = 0

    def page(self, cursor: str | None) -> ChatsPage:
        self.requests += 1
        place = int(cursor or 0)
        order = sorted(self.active, key=lambda chat_id: -self.active[chat_id])
        rows = [self._contact(chat_id) for chat_id in order[place : place + self.limit]]
        if self.moves and (moved := self.moves.pop(0)) in self.active:
            self.speaks += 1
            self.active[moved] = self.speaks
        if place + self.limit < len(order):
            return ChatsPage(rows, str(place + self.limit))
        return ChatsPage(rows, cursor if self.repeats_cursor else self.last_cursor)

    def _contact(self, chat_id: int) -> JsonObject:
        at = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(seconds=self.active[chat_id])
        return {
            "contact_id": chat_id * 10,
            "last_chat_updated_at": written(at, "radist"),
            "chats": [{"chat_id": chat_id, "last_message": None}],
        }


def newest(pairs: Iterable[ChatPair]) -> list[ChatPair]:
    """What a reader that stores by chat has in the end: the last copy of each."""
    return list({str(pair.chat.get("chat_id")): pair for pair in pairs}.values())
