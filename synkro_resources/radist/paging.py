"""Complete chats and messages out of listings that move: chats re-order while paged, messages are read backwards."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from synkro_resources.http.jsonvalues import JsonObject, as_object, as_rows, as_text, as_whole, canonical_json
from synkro_resources.model.errors import SynkroError
from synkro_resources.radist.times import instant_of

logger = logging.getLogger(__name__)

PAGE = 100
"""Rows per page; the vendor's true maximum is not documented, everybody uses 100."""

SIBLINGS = timedelta(seconds=1)
"""Inbound times have whole seconds: the next page starts a second above the oldest message seen."""

SMALLEST_STEP = timedelta(microseconds=1)

STEPS_ABOVE = (SIBLINGS, timedelta(milliseconds=1), SMALLEST_STEP)
"""How far above the oldest message the next bound may lie, widest first. A vendor that cuts `until` to milliseconds
would take a bound of one microsecond above for the instant itself.
"""


@dataclass(frozen=True, slots=True)
class ChatPair:
    """One chat and the contact that it was listed under; `contact` comes without its `chats`."""

    contact: JsonObject
    chat: JsonObject

    @property
    def last_activity(self) -> datetime | None:
        """The later of the chat's last message and the contact's last change, UTC; None if neither is known."""
        last_message = as_object(self.chat.get("last_message")).get("created_at")
        times = [instant_of(last_message), instant_of(self.contact.get("last_chat_updated_at"))]
        return max((time for time in times if time is not None), default=None)


def pairs_of(contacts: Iterable[JsonObject]) -> list[ChatPair]:
    pairs: list[ChatPair] = []
    for contact in contacts:
        alone = {key: value for key, value in contact.items() if key != "chats"}
        pairs += [ChatPair(alone, chat) for chat in as_rows(contact.get("chats"))]
    return pairs


@dataclass(frozen=True, slots=True)
class ChatsPage:
    contacts: list[JsonObject]
    cursor: str | None


def read_chats(page: Callable[[str | None], ChatsPage]) -> Iterator[ChatPair]:
    """Every chat; one that moves while the list is read comes again in its newer state, and the last one counts.

    Pages from the top are repeated at the end until nothing is new on one.
    """
    known: dict[str | int, datetime | None] = {}
    cursor: str | None = None
    used: set[str] = set()
    while True:
        answer = page(cursor)
        yield from _new_or_newer(known, answer.contacts)
        if not answer.cursor or answer.cursor in used:
            break
        cursor = answer.cursor
        used.add(cursor)
    cursor = None
    for _ in range(len(used) + 1):
        answer = page(cursor)
        changed = list(_new_or_newer(known, answer.contacts))
        yield from changed
        if not changed or not answer.cursor:
            break
        cursor = answer.cursor


def _new_or_newer(known: dict[str | int, datetime | None], contacts: Iterable[JsonObject]) -> Iterator[ChatPair]:
    """The pairs that were not known yet in this state; `known` remembers the last activity of each chat."""
    for pair in pairs_of(contacts):
        chat_id, active_at = as_whole(pair.chat.get("chat_id")), pair.last_activity
        key = canonical_json(pair.chat) if chat_id is None else chat_id
        before = known.get(key)
        if key not in known or (active_at is not None and (before is None or active_at > before)):
            known[key] = active_at
            yield pair


@dataclass(frozen=True, slots=True)
class ChatHistory:
    """The messages of one chat in a span, oldest first; rows without id or time come last.

    `overfull`: instants at which a page held nothing else, so that the vendor may have more messages of that instant
    than can be paged. Whoever looks for vanished messages must not judge these instants.
    """

    rows: list[JsonObject]
    overfull: frozenset[datetime] = frozenset()
    unreadable: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether a message that is not among the rows is surely not at the vendor (except at `overfull` instants)."""
        return not self.unreadable


def read_messages(
    page: Callable[[datetime], list[JsonObject]],
    since: datetime,
    until: datetime,
    unreadable: Callable[[str], SynkroError],
) -> ChatHistory:
    """A chat's messages in `[since, until)`, each once.

    The next bound lies above the oldest message seen, so that its siblings of the same instant are read whether the
    vendor includes the bound or not. Only a page full of one instant moves the bound below it: `overfull` tells.
    """
    known: dict[str, JsonObject] = {}
    odd: dict[str, JsonObject] = {}
    overfull: set[datetime] = set()
    bound = until
    while bound > since:
        rows = page(bound)
        times: list[datetime] = []
        for row in rows:
            message_id, created = as_text(row.get("message_id")), instant_of(row.get("created_at"))
            if created is not None:
                times.append(created)
            if message_id is None or created is None:
                odd[canonical_json(row)] = row
            else:
                known[message_id] = row
        if len(rows) < PAGE or not times:
            break
        oldest = min(times)
        if oldest < since:
            break
        if oldest > bound:
            raise unreadable("messages newer than the bound that was asked for")
        bound = _next_bound(oldest, bound)
        if bound <= oldest == max(times) and oldest < until:
            overfull.add(oldest)
            logger.warning("radist: a page was full of one instant, stepping below it")
    inside = [
        (time, key) for key, row in known.items() if (time := instant_of(row["created_at"])) and since <= time < until
    ]
    rows = [known[key] for _, key in sorted(inside)] + list(odd.values())
    return ChatHistory(rows, frozenset(overfull), len(odd))


def _next_bound(oldest: datetime, bound: datetime) -> datetime:
    """The highest bound below the present one that still asks for `oldest`'s siblings; below `oldest` if none is."""
    above = (oldest + step for step in STEPS_ABOVE)
    return next(candidate for candidate in (*above, oldest, oldest - SMALLEST_STEP) if candidate < bound)
