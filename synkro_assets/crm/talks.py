"""Talks: amoCRM shows them one by one only, so the chat events say which ones to ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from synkro_assets.crm.extract import CHAT_EVENTS, extract_talks
from synkro_assets.extraction import Extraction
from synkro_resources.amocrm import AmocrmClient
from synkro_resources.http.jsonvalues import JsonObject, as_list, as_object, as_whole
from synkro_resources.model.window import TenantWindow


def talks_to_read(
    days: Iterable[pa.Table], current: pa.Table, which: Literal["needed", "all", "never"]
) -> dict[int, datetime]:
    """Talk id → time of the newest event that names it, for talks not read since then.

    `needed`: only talks whose events name no contact.
    """
    known: dict[int, datetime] = {row["id"]: row["source_updated_at"] for row in current.to_pylist()}
    named: dict[int, datetime] = {}
    for events in days if which != "never" else ():
        chats = events.filter(pc.is_in(events.column("type"), pa.array(CHAT_EVENTS)))
        for row in chats.select(["created_at", "raw"]).to_pylist():
            at, body = row["created_at"], as_object(orjson.loads(row["raw"]))
            talk = _talk_of(body)
            if talk is None or (which == "needed" and _names_contact(body)):
                continue
            if talk not in named or named[talk] < at:
                named[talk] = at
    return {talk: at for talk, at in named.items() if talk not in known or known[talk] < at}


def read_talks(client: AmocrmClient, window: TenantWindow, named: Mapping[int, datetime]) -> Extraction:
    """Ask for the talks; those that amoCRM no longer knows are left out."""
    answers = ((at, client.talk(talk)) for talk, at in sorted(named.items()))
    return extract_talks(((at, row) for at, row in answers if row is not None), window)


def _talk_of(event: JsonObject) -> int | None:
    values = as_list(event.get("value_after"))
    return as_whole(as_object(as_object(values[0]).get("message")).get("talk_id")) if values else None


def _names_contact(event: JsonObject) -> bool:
    entity = as_object(as_object(event.get("_embedded")).get("entity"))
    return event.get("entity_type") == "contact" or as_whole(entity.get("linked_talk_contact_id")) is not None
