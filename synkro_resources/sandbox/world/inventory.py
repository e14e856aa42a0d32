"""What a world holds, id by id and day by day, so that a load can be compared with what was planted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np

from synkro_resources.sandbox.world.columns import EPOCH, SECOND_US, LazyMessages
from synkro_resources.sandbox.world.model import Json, World

Kind = Literal["deals", "contacts", "companies", "notes", "events", "chats"]


@dataclass(frozen=True)
class Inventory:
    """Present things only: the trash is not counted."""

    world: World

    def ids(self, kind: Kind) -> set[int] | set[str]:
        """The ids of one kind; chats by Radist's integer."""
        account = self.world.amocrm
        match kind:
            case "deals":
                return set(account.leads)
            case "contacts":
                return set(account.contacts)
            case "companies":
                return set(account.companies)
            case "notes":
                return {int(note["id"]) for notes in account.notes.values() for note in notes}
            case "events":
                return {str(event["id"]) for event in account.events}
            case "chats":
                return set(self.world.radist.messages)

    def per_day(self, kind: Kind) -> Counter[date]:
        """How many things fall on each local day.

        Events count by `created_at`, chats by their last activity, everything else by `updated_at`.
        """
        account = self.world.amocrm
        match kind:
            case "deals":
                return self._by_unix(account.leads.values(), "updated_at")
            case "contacts":
                return self._by_unix(account.contacts.values(), "updated_at")
            case "companies":
                return self._by_unix(account.companies.values(), "updated_at")
            case "notes":
                return self._by_unix((note for notes in account.notes.values() for note in notes), "updated_at")
            case "events":
                return self._by_unix(account.events, "created_at")
            case "chats":
                contacts = self.world.radist.contacts
                return self._by_instant(datetime.fromisoformat(row["last_chat_updated_at"]) for row in contacts)

    @cached_property
    def messages(self) -> int:
        """How many messages there are."""
        messages = self.world.radist.messages
        if isinstance(messages, LazyMessages):
            return len(messages.columns)
        return sum(map(len, messages.values()))

    def messages_per_day(self) -> Counter[date]:
        """By the local day of `created_at`."""
        messages = self.world.radist.messages
        if not isinstance(messages, LazyMessages):
            return self._by_instant(
                datetime.fromisoformat(message["created_at"]) for chat in messages.values() for message in chat
            )
        hours, counts = np.unique(messages.columns.at_us // (3600 * SECOND_US), return_counts=True)
        found: Counter[date] = Counter()
        for hour, count in zip(hours.tolist(), counts.tolist(), strict=True):
            found[(EPOCH + timedelta(hours=hour)).astimezone(self._zone).date()] += count
        return found

    def message_ids(self) -> Iterator[str]:
        """Every message's id, chat by chat; a large world makes each message for it."""
        for chat in self.world.radist.messages.values():
            for message in chat:
                yield str(message["message_id"])

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.world.zone)

    def _by_unix(self, rows: Iterable[Json], field: str) -> Counter[date]:
        return self._by_instant(datetime.fromtimestamp(int(row[field]), UTC) for row in rows)

    def _by_instant(self, instants: Iterable[datetime]) -> Counter[date]:
        zone = self._zone
        return Counter(instant.astimezone(zone).date() for instant in instants)
