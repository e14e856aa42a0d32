"""The company as it is at the clock's instant: which contacts are listed in which order, which messages can be seen.

A company may be large and its messages may be made when they are asked for. So the order is sorted once and then only
changed where something happened, and a chat's messages are looked at only when somebody reads or changes them.
"""

from __future__ import annotations

import heapq
import threading
import zlib
from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from synkro_resources.model.clock import Clock
from synkro_resources.sandbox.radist.switches import RadistSwitches
from synkro_resources.sandbox.world.model import RadistCompany

Json = dict[str, Any]

CONTENT_KEYS = (
    *("text", "image", "voice", "file", "audio", "video"),
    *("waba_template", "waba_interactive", "radist_order", "waba_order"),
)
"""A message of a list has only its own type's key; a chat's `last_message` has all of them, the others null."""

REMEMBERED_CHATS = 256
"""Chats whose parsed times are kept: a client pages through one chat at a time."""

EMPTY_CHAT_ID = 37_999_999
"""The chat of the switch `chat_without_messages`."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Moment = int
"""Microseconds since 1970, UTC: exact, cheap to compare and to bisect."""


def moment(at: datetime) -> Moment:
    return (at - _EPOCH) // _MICROSECOND


def moment_of(text: str) -> Moment:
    """The moment of a vendor's time; no zone means UTC."""
    parsed = datetime.fromisoformat(text)
    return moment(parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed)


@dataclass(frozen=True, slots=True)
class _Timed:
    """A chat's messages, ascending, with their moments."""

    rows: list[Json]
    times: list[Moment]


@dataclass(frozen=True, slots=True)
class _Known:
    """What a refresh depended on besides the clock: if it changes, everything is sorted anew."""

    late_s: float
    late_every: int
    gone: tuple[int, ...]
    with_empty_chat: bool


class CompanyStore:
    """Reads and changes one company; every public method may be called from any thread."""

    def __init__(self, company: RadistCompany, clock: Clock, switches: RadistSwitches) -> None:
        self.company = company
        self.clock = clock
        self.switches = switches
        self.lock = threading.RLock()
        self.restore()

    def restore(self) -> None:
        """Forget every change: the company as it was given."""
        with self.lock:
            self._contacts = list(self.company.contacts)
            self._own: dict[int, list[Json]] = {}
            self._changed: set[int] = set()
            self._created: dict[int, Moment] = {}  # chats made here, which may have no message
            self._touches: dict[int, int] = {}
            self._touch = 0
            self._timed: OrderedDict[int, _Timed] = OrderedDict()
            self._latest = [moment_of(row["last_chat_updated_at"]) for row in self._contacts]
            self._owner: dict[int, int] = {
                chat["chat_id"]: index for index, row in enumerate(self._contacts) for chat in row["chats"]
            }
            self._order: list[tuple[Moment, int, int]] = []
            self._place: dict[int, tuple[Moment, int, int]] = {}
            self._views: dict[int, Json] = {}
            self._due: list[tuple[Moment, int]] = []
            self._now: Moment = 0
            self._known: _Known | None = None

    # ---- reading ----

    def contact_count(self) -> int:
        with self.lock:
            self._refresh()
            return len(self._order)

    def contacts(self, start: int, count: int) -> list[Json]:
        """The contacts of these places, latest activity first."""
        with self.lock:
            self._refresh()
            return [self._view_of(index) for _, _, index in self._order[start : start + count]]

    def last_contact(self) -> Json | None:
        """The contact of the last place."""
        return next(iter(self.contacts(max(self.contact_count() - 1, 0), 1)), None)

    def contact(self, contact_id: int) -> Json | None:
        with self.lock:
            self._refresh()
            found = (index for index, row in enumerate(self._contacts) if row["contact_id"] == contact_id)
            index = next(found, None)
            return None if index is None or index not in self._place else self._view_of(index)

    def messages(self, chat_id: int, until: Moment | None, limit: int) -> list[Json] | None:
        """What can be seen of a chat, newest first, backwards from `until`; None for a chat that does not exist."""
        with self.lock:
            if not self._exists(chat_id):
                return None
            timed = self._chat(chat_id)
            now = moment(self.clock.now())
            end = bisect_right(timed.times, now)
            if until is not None:
                side: Callable[[list[Moment], Moment], int] = (
                    bisect_right if self.switches.until_is_inclusive else bisect_left
                )
                end = min(end, side(timed.times, until))
            found: list[Json] = []
            for place in range(end - 1, -1, -1):
                row = timed.rows[place]
                if not self.switches.late_s or self._shown_at(row, timed.times[place]) <= now:
                    found.append(row)
                    if len(found) == limit:
                        break
            return found

    def all_messages(self, chat_id: int) -> list[Json]:
        """A chat's messages of all times, ascending; empty for an unknown chat."""
        with self.lock:
            return self._chat(chat_id).rows

    def chat(self, chat_id: int) -> tuple[Json, Json] | None:
        """A chat and its contact, as they were given."""
        with self.lock:
            if chat_id not in self._owner or not self._exists(chat_id):
                return None
            contact = self._contacts[self._owner[chat_id]]
            return next(item for item in contact["chats"] if item["chat_id"] == chat_id), contact

    def chats(self) -> list[tuple[Json, Json]]:
        """Every chat with its contact."""
        with self.lock:
            return [(chat, contact) for contact in self._contacts for chat in contact["chats"]]

    def is_gone(self, connection_id: object) -> bool:
        return connection_id in self.switches.gone_connections

    def connections(self) -> list[Json]:
        return [row for row in self.company.connections if not self.is_gone(row["id"])]

    def sources(self) -> list[Json]:
        return [row for row in self.company.sources if not self.is_gone(row["connection_id"])]

    # ---- changing ----

    def change_messages(self, chat_id: int, change: Callable[[list[Json]], None]) -> None:
        """Let `change` alter the list of a chat's messages (its own copies); the listing follows."""
        with self.lock:
            if chat_id not in self._own:
                self._own[chat_id] = [dict(row) for row in self._chat(chat_id).rows]
            change(self._own[chat_id])
            self._timed.pop(chat_id, None)
            index = self._owner[chat_id]
            self._changed.add(index)
            self._touch += 1
            self._touches[index] = self._touch
            self._place_anew(index, moment(self.clock.now()))

    def add_contact(self, contact: Json, created: Moment) -> None:
        """A new contact whose chats are new too and have no messages yet."""
        with self.lock:
            index = len(self._contacts)
            self._contacts.append(contact)
            self._latest.append(created)
            self._changed.add(index)
            for chat in contact["chats"]:
                self._owner[chat["chat_id"]] = index
                self._created[chat["chat_id"]] = created
                self._own[chat["chat_id"]] = []
            self._place_anew(index, moment(self.clock.now()))

    # ---- the order ----

    def _refresh(self) -> None:
        switches = self.switches
        now = moment(self.clock.now())
        known = _Known(
            switches.late_s, switches.late_every, tuple(switches.gone_connections), switches.chat_without_messages
        )
        if known != self._known or now < self._now:
            self._known = known
            self._rebuild(now)
        while self._due and self._due[0][0] <= now:
            self._place_anew(heapq.heappop(self._due)[1], now)
        self._now = now

    def _rebuild(self, now: Moment) -> None:
        self._order, self._place, self._views, self._due = [], {}, {}, []
        self._with_empty_chat()
        late = self._late()
        gone = set(self.switches.gone_connections)
        for index, contact in enumerate(self._contacts):
            settled = self._latest[index] + late <= now and index not in self._changed
            if settled and not (gone and any(chat["connection_id"] in gone for chat in contact["chats"])):
                self._place[index] = (-self._latest[index], 0, index)
            else:
                self._compute(index, now)
        self._order = sorted(self._place.values())

    def _place_anew(self, index: int, now: Moment) -> None:
        if (before := self._place.pop(index, None)) is not None:
            del self._order[bisect_left(self._order, before)]
        self._views.pop(index, None)
        self._compute(index, now)
        if (after := self._place.get(index)) is not None:
            insort(self._order, after)

    def _compute(self, index: int, now: Moment) -> None:
        """Fill place and view of a contact that is not simply as it was given, and note when it changes next."""
        contact = self._contacts[index]
        chats: list[Json] = []
        latest: list[Moment] = []
        later: list[Moment] = []
        for chat in contact["chats"]:
            if self.is_gone(chat["connection_id"]):
                continue
            timed = self._chat(chat["chat_id"])
            shown: list[Json] = []
            newest = 0
            for row, at in zip(timed.rows, timed.times, strict=True):
                visible_from = self._shown_at(row, at)
                if visible_from <= now:
                    shown.append(row)
                    newest = at
                else:
                    later.append(visible_from)
            if shown:
                last = dict.fromkeys(CONTENT_KEYS) | shown[-1]
                chats.append({**chat, "last_message": last, "unanswered_count": _unanswered(shown)})
                latest.append(newest)
            elif self._created.get(chat["chat_id"], now + 1) <= now:
                chats.append({**chat, "last_message": None, "unanswered_count": 0})
                latest.append(self._created[chat["chat_id"]])
        if later:
            heapq.heappush(self._due, (min(later), index))
        if not chats:
            return
        newest = max(latest)
        self._place[index] = (-newest, -self._touches.get(index, 0), index)
        if not later and index not in self._changed and len(chats) == len(contact["chats"]):
            return  # everything has come: the contact as it was given
        self._views[index] = {
            **contact,
            "chats": chats,
            "unanswered_count": sum(chat["unanswered_count"] for chat in chats),
            "last_chat_updated_at": self._last_activity(chats, newest),
        }

    def _last_activity(self, chats: list[Json], newest: Moment) -> str:
        """The vendor's own text of the newest message's time, or the moment of a chat that has none."""
        texts = [chat["last_message"]["created_at"] for chat in chats if chat["last_message"]]
        same = [text for text in texts if moment_of(text) == newest]
        return same[0] if same else (_EPOCH + newest * _MICROSECOND).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _view_of(self, index: int) -> Json:
        return self._views.get(index) or self._contacts[index]

    def _with_empty_chat(self) -> None:
        wanted, there = self.switches.chat_without_messages, EMPTY_CHAT_ID in self._owner
        if wanted and not there:
            oldest = min(self._latest, default=moment(self.clock.now()))
            contact = empty_contact(
                contact_id=32_999_999,
                chat_id=EMPTY_CHAT_ID,
                connection_id=self.company.sources[0]["connection_id"] if self.company.sources else 0,
                phone="79000000000",
                name="WhatsApp +79000000000",
            )
            index = len(self._contacts)
            self._contacts.append(contact)
            self._latest.append(oldest)
            self._changed.add(index)
            self._owner[EMPTY_CHAT_ID] = index
            self._created[EMPTY_CHAT_ID] = oldest
            self._own[EMPTY_CHAT_ID] = []
        elif there:
            self._created[EMPTY_CHAT_ID] = moment(datetime.max.replace(tzinfo=UTC)) if not wanted else min(self._latest)

    # ---- messages ----

    def _exists(self, chat_id: int) -> bool:
        index = self._owner.get(chat_id)
        if index is None:
            return chat_id in self.company.messages
        if chat_id == EMPTY_CHAT_ID and not self.switches.chat_without_messages:
            return False
        return not any(
            chat["chat_id"] == chat_id and self.is_gone(chat["connection_id"])
            for chat in self._contacts[index]["chats"]
        )

    def _chat(self, chat_id: int) -> _Timed:
        found = self._timed.get(chat_id)
        if found is not None:
            self._timed.move_to_end(chat_id)
            return found
        given: Mapping[int, list[Json]] = self.company.messages
        rows = self._own[chat_id] if chat_id in self._own else given.get(chat_id, [])
        # Of one instant, what was written later comes later, as in the list that was given.
        keyed = sorted((moment_of(row["created_at"]), place) for place, row in enumerate(rows))
        found = _Timed([rows[place] for _, place in keyed], [at for at, _ in keyed])
        self._timed[chat_id] = found
        if len(self._timed) > REMEMBERED_CHATS:
            self._timed.popitem(last=False)
        return found

    def _late(self) -> int:
        return round(self.switches.late_s * 1_000_000)

    def _shown_at(self, row: Json, at: Moment) -> Moment:
        """When a message can be seen: at its time, or later for those that the switches delay."""
        if not self.switches.late_s:
            return at
        every = max(self.switches.late_every, 1)
        return at + self._late() if zlib.crc32(str(row["message_id"]).encode()) % every == 0 else at


def empty_contact(*, contact_id: int, chat_id: int, connection_id: int, phone: str | None, name: str) -> Json:
    """A contact with one WhatsApp-like chat in which nothing was written."""
    return {
        "contact_id": contact_id,
        "contact_name": name,
        "avatar_url": None,
        "is_group": False,
        "unanswered_count": 0,
        "last_chat_updated_at": None,
        "chats": [
            {
                "connection_id": connection_id,
                "chat_id": chat_id,
                "source_chat_id": f"{phone}@c.us" if phone else name,
                "phone": phone,
                "username": None if phone else name,
                "profile_link": None,
                "name": name,
                "last_message": None,
                "unanswered_count": 0,
                "is_group": False,
                "blacklist_item_id": None,
            }
        ],
    }


def _unanswered(rows: list[Json]) -> int:
    """Inbound messages after the last outbound one."""
    count = 0
    for row in reversed(rows):
        if row["direction"] != "inbound":
            break
        count += 1
    return count
