"""One process that reads an account as a load does, for a fixed time: `python -m bench.reader WHAT SECONDS`.

Prints «ready», waits for a line, reads, and prints one JSON line: requests, seconds, waits, slow-downs.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator

from bench.vendors import END, SLUG
from synkro_assets.crm.extract import CHAT_EVENTS, ENTITY_TYPES, HISTORY_EVENTS
from synkro_resources.amocrm import AmocrmClient
from synkro_resources.amocrm.resource import open_amocrm
from synkro_resources.http.account import AccountClient
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Platform
from synkro_resources.radist import RadistClient
from synkro_resources.radist.resource import open_radist
from synkro_resources.settings import Settings


def read_account(client: AmocrmClient) -> Iterator[object]:
    """amoCRM's lists and events over and over, row by row."""
    while True:
        for kind in ENTITY_TYPES:
            yield from client.window(kind, None, END)
        yield from client.tasks(None, END)
        yield from client.events(None, END, (*HISTORY_EVENTS, *CHAT_EVENTS))


def read_messages(client: RadistClient, chat_ids: list[int]) -> Iterator[object]:
    """One chat's messages after another's, over and over."""
    settings = Settings.load()
    assert settings.history_start is not None
    since = END.replace(year=settings.history_start.year, month=settings.history_start.month, day=1)
    while True:
        for chat_id in chat_ids:
            yield client.messages(chat_id, since, END)


def read_listings(client: RadistClient) -> Iterator[object]:
    """All chats over and over."""
    while True:
        yield from client.chats()


def prepared(what: str, platform: Platform) -> tuple[AccountClient, Iterator[object]]:
    """The client and its endless reading; nothing of it has been asked for yet, except the list of chats."""
    kind = IntegrationKind.AMOCRM if what == "amocrm" else IntegrationKind.RADIST
    connection = platform.connection(SLUG, kind)
    if what == "amocrm":
        amocrm = open_amocrm(platform, SLUG, connection)
        return amocrm, read_account(amocrm)
    radist = open_radist(platform, SLUG, connection)
    if what == "listings":
        return radist, read_listings(radist)
    chat_ids = [int(str(pair.chat["chat_id"])) for pair in radist.chats()]
    return radist, read_messages(radist, chat_ids)


def main(what: str, seconds: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
    platform = Platform.open(Settings.load())
    client, reading = prepared(what, platform)
    print("ready", flush=True)
    sys.stdin.readline()
    before, began = client.counters.snapshot(), monotonic()
    for _ in reading:
        if monotonic() - began >= seconds:
            break
    took, spent = monotonic() - began, client.counters.since(before)
    told = {
        "requests": spent.requests,
        "seconds": took,
        "waits_s": spent.waits_s,
        "slowdowns": spent.slowdowns,
        "retries": spent.retries,
    }
    print(json.dumps(told), flush=True)
    client.close()
    platform.control.close()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
