"""Radist rows as raw tables: channels, chats with their contact, messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from synkro_assets.crm.extract import extract_snapshot
from synkro_assets.extraction import Collector, Extraction, raw_text
from synkro_resources.http.jsonvalues import JsonObject, as_text, as_whole
from synkro_resources.model.tables.raw import RADIST_CHATS, RADIST_MESSAGES, RADIST_SOURCES
from synkro_resources.model.window import TenantWindow
from synkro_resources.radist import ChatPair, RadistClient
from synkro_resources.radist.times import parse_time

Progress = Callable[[int, int], None]


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


def extract_messages(rows: Iterable[tuple[int, JsonObject]], window: TenantWindow) -> Extraction:
    """Messages, each with the integer id of the chat that it was read from, on the local day of `created_at`."""
    collector = Collector(RADIST_MESSAGES, window)
    for chat_id, row in rows:
        message_id, created = as_text(row.get("message_id")), parse_time(row.get("created_at"))
        if message_id is None or created is None:
            collector.put_aside(row, "no_id" if message_id is None else "no_time")
            continue
        created_at, no_zone = created
        values = {
            "message_id": message_id,
            "chat_id": chat_id,
            "source_chat_id": as_text(row.get("chat_id")),
            "created_at": created_at,
            "no_zone": no_zone,
            "raw": raw_text(row),
        }
        collector.add(message_id, created_at, values, with_baseline=False)
    return collector.result()


def read_sources(client: RadistClient, window: TenantWindow) -> Extraction:
    return extract_snapshot(client.sources(), RADIST_SOURCES, window, id_key="connection_id")


def read_chats(client: RadistClient, window: TenantWindow, *, first_load: bool) -> Extraction:
    """Every chat of the company; `first_load` keeps the ones that fell silent before the window as the baseline."""
    return extract_chats(client.chats(), window, with_baseline=first_load)


def read_messages(
    client: RadistClient, chats: pa.Table, window: TenantWindow, on_progress: Progress | None = None
) -> Extraction:
    """The window's messages of the chats (rows of `radist/chats`) that were active since the window began.

    `on_progress` gets the chats done and the chats to do after each chat.
    """
    active = chats.filter(pc.greater_equal(chats.column("source_updated_at"), pa.scalar(window.start)))
    chat_ids = sorted({identity for value in active.column("id").to_pylist() if (identity := as_whole(value))})

    def rows() -> Iterator[tuple[int, JsonObject]]:
        for done, chat_id in enumerate(chat_ids, start=1):
            for row in client.messages(chat_id, window.start, window.end):
                yield chat_id, row
            if on_progress is not None:
                on_progress(done, len(chat_ids))

    return extract_messages(rows(), window)
