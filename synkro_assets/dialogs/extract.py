"""Radist rows as raw tables: channels, connections, chats with their contact, messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from synkro_assets.crm.extract import extract_snapshot
from synkro_assets.dialogs.rereading import Comparison, StoredMessages, Values, content_hash
from synkro_assets.extraction import Collector, Extraction, raw_text
from synkro_resources.http.jsonvalues import JsonObject, as_object, as_text, as_whole
from synkro_resources.model.errors import IntegrationError
from synkro_resources.model.tables import DAY_COLUMN
from synkro_resources.model.tables.raw import RADIST_CHATS, RADIST_CONNECTIONS, RADIST_MESSAGES, RADIST_SOURCES
from synkro_resources.model.window import TenantWindow
from synkro_resources.radist import ChatPair, RadistClient
from synkro_resources.radist.times import parse_time

Progress = Callable[[int, int], None]

ACTIVITY_OVERLAP = timedelta(hours=1)
"""What moves a chat's time of activity is not documented: one that seems to have ended just before is read, too."""

NO_SCOPE = "radist.forbidden"
CHAT_GONE = "radist.chat_gone"


def extract_chats(pairs: Iterable[ChatPair], window: TenantWindow, *, with_baseline: bool) -> Extraction:
    """Chats on the local day of their last activity, which is also their version.

    Activity after the window counts as its newest day: the listing shows only the present, and the chat may well have
    spoken inside the window. Chats silent since before the window become the baseline, or are dropped.
    """
    collector = Collector(RADIST_CHATS, window)
    for pair in pairs:
        raw = {"contact": pair.contact, "chat": pair.chat}
        chat_id, active_at = as_whole(pair.chat.get("chat_id")), pair.last_activity
        if chat_id is None or active_at is None:
            collector.put_aside(raw, "no_id" if chat_id is None else "no_time")
            continue
        values = {"id": chat_id, "source_updated_at": active_at, "is_deleted": False, "raw": raw_text(raw)}
        if active_at >= window.end:
            collector.add_on(window.last_day, chat_id, active_at, values)
        else:
            collector.add(chat_id, active_at, values, with_baseline=with_baseline)
    return collector.result()


def read_sources(client: RadistClient, window: TenantWindow) -> Extraction:
    return extract_snapshot(client.sources(), RADIST_SOURCES, window, id_key="connection_id")


# Connections -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConnectionsRead:
    """`finding`: why the vendor's list could not be read; connections are then known from the channels alone."""

    extraction: Extraction
    vanished: int
    finding: IntegrationError | None


def read_connections(
    client: RadistClient, sources: pa.Table, known: pa.Table, window: TenantWindow, now: datetime
) -> ConnectionsRead:
    """The messenger connections with when they were first and last seen.

    `sources`: the rows of `radist/sources` that this run has read; `known`: all that is stored of connections. One
    that neither list shows any more is kept and flagged, because Radist deletes the chats along with it. Without the
    scope `connections` nobody can say that one is absent.
    """
    listed, finding = _listed(client)
    present = _of_sources(sources, window)
    collector = Collector(RADIST_CONNECTIONS, window)
    for row in listed:
        connection_id = as_whole(row.get("id"))
        if connection_id is None:
            collector.put_aside(row, "no_id")
        else:
            present[connection_id] = as_text(row.get("type"))
    today = window.day_of(now)
    vanished = 0
    before = {row["id"]: row for row in known.to_pylist()}
    for connection_id in sorted(before.keys() | present.keys()):
        row = before.get(connection_id, {"first_seen_on": today})
        if connection_id in present:
            row |= {"type": present[connection_id], "last_seen_on": today, "vanished_on": None}
        elif finding is None:
            row |= {"vanished_on": row["vanished_on"] or today}
        vanished += row["vanished_on"] is not None
        version = window.bounds(today)[1]  # the day's end, so that two readings of one day give the same bytes
        collector.add_on(
            window.last_day, connection_id, version, {**row, "id": connection_id, "source_updated_at": version}
        )
    return ConnectionsRead(collector.result(), vanished, finding)


def _listed(client: RadistClient) -> tuple[list[JsonObject], IntegrationError | None]:
    try:
        return client.connections(), None
    except IntegrationError as error:
        if error.code != NO_SCOPE:
            raise
        return [], error


def _of_sources(sources: pa.Table, window: TenantWindow) -> dict[int, str | None]:
    """Type by connection, from the channels read now: they lie on the window's newest day."""
    now = sources.filter(pc.equal(sources.column(DAY_COLUMN), pa.scalar(window.last_day, pa.date32())))
    rows = now.select(["id", "raw"]).to_pylist()
    return {row["id"]: as_text(as_object(orjson.loads(row["raw"])).get("type")) for row in rows}


# Chats and their messages ----------------------------------------------------------------------------------------


def read_chats(client: RadistClient, window: TenantWindow, *, first_load: bool) -> Extraction:
    """Every chat of the company; `first_load` keeps the ones that fell silent before the window as the baseline."""
    return extract_chats(client.chats(), window, with_baseline=first_load)


@dataclass(frozen=True, slots=True)
class ChatChoice:
    """Which chats are read. `hinted`: chats that a webhook named, read whatever the listing says.

    `only_moved`: of the others only those whose listed activity is newer than their newest stored message, so that a
    webhook that was lost costs nothing. `frozen`: chats of vanished connections; their messages are never called
    vanished.
    """

    hinted: frozenset[int] = frozenset()
    only_moved: bool = False
    frozen: frozenset[int] = frozenset()

    def of(self, chats: pa.Table, window: TenantWindow, stored: StoredMessages) -> list[int]:
        """The ids to read, ascending. `chats`: at least `id` and `source_updated_at`, the last activity."""
        since = window.start if self.only_moved else window.start - ACTIVITY_OVERLAP
        active = chats.filter(pc.greater_equal(chats.column("source_updated_at"), pa.scalar(since)))
        newest = stored.newest_by_chat if self.only_moved else {}
        chosen = {
            row["id"]
            for row in active.select(["id", "source_updated_at"]).to_pylist()
            if row["id"] not in newest or row["source_updated_at"] > newest[row["id"]]
        }
        return sorted(chosen | self.hinted)


ALL_ACTIVE = ChatChoice()


def chats_of(connections: Iterable[int], chats: pa.Table) -> frozenset[int]:
    """The chats (rows with `id` and `raw`) of some connections."""
    wanted = set(connections)
    rows = chats.select(["id", "raw"]).to_pylist() if wanted else []
    return frozenset(
        row["id"]
        for row in rows
        if as_whole(as_object(as_object(orjson.loads(row["raw"])).get("chat")).get("connection_id")) in wanted
    )


@dataclass(slots=True)
class MessageCounts:
    """What a reading of messages found beside the rows; every number is shown with the step."""

    chats_read: int = 0
    chats_gone: int = 0
    chats_frozen: int = 0
    instants_overfull: int = 0
    messages_edited: int = 0
    messages_vanished: int = 0

    def findings(self) -> list[str]:
        """What an operator has to know, without anything of the messages themselves."""
        told = (
            (self.instants_overfull, "instants held more messages of one chat than a page: some may be missing"),
            (self.chats_gone, "chats are unknown to Radist now; what was read before is kept"),
            (self.messages_vanished, "messages are no longer shown by Radist; they are kept and flagged"),
        )
        return [f"{count} {text}" for count, text in told if count]


@dataclass(frozen=True, slots=True)
class MessagesRead:
    extraction: Extraction
    counts: MessageCounts


def read_messages(
    client: RadistClient,
    chats: pa.Table,
    window: TenantWindow,
    *,
    now: datetime,
    stored: StoredMessages | None = None,
    choice: ChatChoice = ALL_ACTIVE,
    on_progress: Progress | None = None,
) -> MessagesRead:
    """The window's messages of the chosen chats, compared with the `stored` messages of the same days.

    A chat that Radist no longer knows is counted and left as it is stored. `on_progress` gets the chats done and the
    chats to do after each chat.
    """
    known = stored or StoredMessages.none()
    reading = _Reading(client, window, Comparison(known, now), choice.frozen)
    chat_ids = choice.of(chats, window, known)
    for done, chat_id in enumerate(chat_ids, start=1):
        reading.read(chat_id)
        if on_progress is not None:
            on_progress(done, len(chat_ids))
    return reading.result()


class _Reading:
    def __init__(
        self, client: RadistClient, window: TenantWindow, comparison: Comparison, frozen: frozenset[int]
    ) -> None:
        self.counts = MessageCounts()
        self._client = client
        self._window = window
        self._comparison = comparison
        self._frozen = frozen
        self._collector = Collector(RADIST_MESSAGES, window)

    def read(self, chat_id: int) -> None:
        try:
            history = self._client.messages(chat_id, self._window.start, self._window.end)
        except IntegrationError as error:
            if error.code != CHAT_GONE:
                raise
            if not self.counts.chats_gone:
                self._client.sources()  # a wrong company would look the same: this proves that it is not
            self.counts.chats_gone += 1
            return
        self.counts.chats_read += 1
        self.counts.instants_overfull += len(history.overfull)
        chat = self._comparison.of_chat(chat_id)
        for row in history.rows:
            values = _read_or_put_aside(self._collector, chat_id, row)
            if values is not None and (settled := chat.take(str(values["message_id"]), values)) is not None:
                _add(self._collector, settled)
        if chat_id in self._frozen:
            self.counts.chats_frozen += 1
        elif history.is_complete:
            chat.judge_absent(history.overfull)

    def result(self) -> MessagesRead:
        for values in self._comparison.settled():
            _add(self._collector, values)
        self.counts.messages_edited = self._comparison.edited
        self.counts.messages_vanished = self._comparison.vanished
        return MessagesRead(self._collector.result(), self.counts)


def extract_messages(rows: Iterable[tuple[int, JsonObject]], window: TenantWindow) -> Extraction:
    """Messages, each with the integer id of its chat, on the local day of `created_at`; compared with nothing."""
    collector = Collector(RADIST_MESSAGES, window)
    for chat_id, row in rows:
        values = _read_or_put_aside(collector, chat_id, row)
        if values is not None:
            _add(collector, values)
    return collector.result()


def _read_or_put_aside(collector: Collector, chat_id: int, row: JsonObject) -> Values | None:
    values = message_values(chat_id, row)
    if isinstance(values, str):
        collector.put_aside(row, values)
        return None
    return values


def _add(collector: Collector, values: Values) -> None:
    created_at = cast("datetime", values["created_at"])
    collector.add(values["message_id"], created_at, values, with_baseline=False)


def message_values(chat_id: int, row: JsonObject) -> Values | str:
    """The columns of a message read from the chat with this integer id; a word for why it cannot be stored."""
    message_id, created = as_text(row.get("message_id")), parse_time(row.get("created_at"))
    if message_id is None or created is None:
        return "no_id" if message_id is None else "no_time"
    created_at, no_zone = created
    return {
        "message_id": message_id,
        "chat_id": chat_id,
        "source_chat_id": as_text(row.get("chat_id")),
        "created_at": created_at,
        "no_zone": no_zone,
        "raw": raw_text(row),
        "content_hash": content_hash(row),
        "edited_count": 0,
    }
