"""What reading messages again tells about the stored ones: contents that changed, messages that have vanished.

Radist reports neither edits nor deletions, so both are found by comparing: a changed content keeps its former version,
a message that a complete reading no longer shows is flagged, and nothing is ever removed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from synkro_resources.http.jsonvalues import JsonObject, as_list, as_object, as_text, as_whole, canonical_json
from synkro_resources.model.tables.raw import RADIST_MESSAGES

LIGHT_COLUMNS = ("message_id", "chat_id", "created_at", "content_hash", "edited_count", "vanished_at")
"""What a comparison needs of every stored message; the raw rows are read only if something has changed."""

KEPT_VERSIONS = 20
"""Former versions kept per message: somebody's script that edits one message for ever must not fill the lake."""

Values = Mapping[str, object]


def content_hash(row: JsonObject) -> str:
    """A hash of what the message says: its type, text and attachment, without stamps, and without links, which move."""
    kind = as_text(row.get("message_type")) or ""
    said = {key: _without_links(row[key]) for key in ("text", "waba_interactive", kind) if row.get(key) is not None}
    return hashlib.sha256(canonical_json({"type": kind, "said": said}).encode()).hexdigest()[:32]


def _without_links(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_links(item) for key, item in as_object(value).items() if key != "url"}
    if isinstance(value, list):
        return [_without_links(item) for item in as_list(value)]
    return value


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """What is known of a message from earlier readings."""

    created_at: datetime
    content_hash: str | None
    edited_count: int
    vanished_at: datetime | None


class StoredMessages:
    """The stored messages of a window. `light` has `LIGHT_COLUMNS`; `load` reads them whole, day by day."""

    def __init__(self, light: pa.Table, load: Callable[[], Iterable[pa.Table]]) -> None:
        self._light = light.select(list(LIGHT_COLUMNS))
        self._load = load

    @classmethod
    def none(cls) -> StoredMessages:
        return cls.of(RADIST_MESSAGES.empty())

    @classmethod
    def of(cls, table: pa.Table) -> StoredMessages:
        return cls(table, lambda: [table])

    def of_chat(self, chat_id: int) -> dict[str, StoredMessage]:
        """The chat's stored messages by id."""
        rows = self._light.filter(pc.equal(self._light.column("chat_id"), pa.scalar(chat_id, pa.int64()))).to_pylist()
        return {
            row["message_id"]: StoredMessage(
                row["created_at"], row["content_hash"], row["edited_count"] or 0, row["vanished_at"]
            )
            for row in rows
        }

    @cached_property
    def newest_by_chat(self) -> dict[int, datetime]:
        """The time of each chat's newest stored message."""
        if not self._light.num_rows:
            return {}
        found = self._light.group_by("chat_id").aggregate([("created_at", "max")])
        return {row["chat_id"]: row["created_at_max"] for row in found.to_pylist()}

    def whole_rows(self, message_ids: Iterable[str]) -> dict[str, JsonObject]:
        """All columns of some stored messages, by id."""
        wanted = pa.array(sorted(message_ids), pa.string())
        if not len(wanted):
            return {}
        found: dict[str, JsonObject] = {}
        for rows in self._load():
            chosen = rows.filter(pc.is_in(rows.column("message_id"), value_set=wanted))
            found |= {row["message_id"]: row for row in chosen.select(RADIST_MESSAGES.schema.names).to_pylist()}
        return found


class Comparison:
    """One chat after another is compared with what is stored; `settled` gives the rows that needed the stored ones."""

    def __init__(self, stored: StoredMessages, now: datetime) -> None:
        self.edited = 0
        self.vanished = 0
        self._stored = stored
        self._now = now
        self._read_again: dict[str, tuple[Values, bool]] = {}
        self._gone: set[str] = set()

    def of_chat(self, chat_id: int) -> ChatComparison:
        return ChatComparison(self, self._stored.of_chat(chat_id))

    def keep_history(self, message_id: str, values: Values, *, is_edited: bool) -> None:
        """Hold a row back until the stored row's former versions are at hand."""
        self.edited += is_edited
        self._read_again[message_id] = (values, is_edited)

    def mark_vanished(self, message_id: str) -> None:
        self.vanished += 1
        self._gone.add(message_id)

    def settled(self) -> list[Values]:
        """The rows held back, with their history, and the vanished ones as they were stored, with the flag."""
        before = self._stored.whole_rows([*self._read_again, *self._gone])
        rows = [
            _with_history(values, before[message_id], is_edited=is_edited)
            for message_id, (values, is_edited) in self._read_again.items()
        ]
        return rows + [before[message_id] | {"vanished_at": self._now} for message_id in sorted(self._gone)]


class ChatComparison:
    """The comparison of one chat's reading."""

    def __init__(self, whole: Comparison, stored: dict[str, StoredMessage]) -> None:
        self._whole = whole
        self._unseen = stored

    def take(self, message_id: str, values: Values) -> Values | None:
        """The row to store now; None if it is held back until its former versions are at hand."""
        before = self._unseen.pop(message_id, None)
        if before is None:
            return values
        is_edited = before.content_hash not in (None, values["content_hash"])
        if is_edited or before.edited_count:
            self._whole.keep_history(message_id, values, is_edited=is_edited)
            return None
        return values

    def judge_absent(self, overfull: frozenset[datetime]) -> None:
        """After a complete reading: what is stored and was not shown has vanished, unless it could not be shown."""
        for message_id, before in self._unseen.items():
            if before.vanished_at is None and before.created_at not in overfull:
                self._whole.mark_vanished(message_id)


def _with_history(values: Values, before: JsonObject, *, is_edited: bool) -> Values:
    earlier = as_list(orjson.loads(as_text(before["earlier"]) or "[]"))
    if is_edited:
        earlier = [*earlier, orjson.loads(as_text(before["raw"]) or "null")][-KEPT_VERSIONS:]
    count = (as_whole(before["edited_count"]) or 0) + is_edited
    return {**values, "edited_count": count, "earlier": canonical_json(earlier)}
