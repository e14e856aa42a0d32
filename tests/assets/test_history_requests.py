"""Years of history must not cost a client's limits more than their vendors' interfaces make unavoidable.

The least number of requests for a history read in chunks of at most 31 days, newest first. Per chunk:

- one each: amoCRM's account, pipelines and loss reasons, Radist's sources and connections;
- lists that are read whole: max(1, ⌈rows ÷ 250⌉) each of users, incoming leads, and per kind of card of its custom
  fields, tags and trash;
- lists with a filter on `updated_at`: max(1, ⌈rows changed in the chunk ÷ 250⌉) each of leads, contacts, companies,
  tasks, and the calls among the notes of each kind of card; the newest chunk reads everything older, too;
- events: max(1, ⌈events of the asked types in the chunk ÷ 100⌉);
- chats with their contacts: ⌈chats ÷ 100⌉, and the first page once more, because the list re-orders while it is read;
- messages: of every chat that was active since an hour before the chunk began max(1, ⌈its messages in the chunk ÷
  100⌉): a history can only be read backwards, and a chat tells its last activity alone;
- cards that only an event names: one request per question, and no question twice in a chunk.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import unquote

import pytest

from synkro_assets.automation.planning import CHUNK_DAYS, StageKind
from synkro_assets.automation.saga import stages_of
from synkro_assets.crm.extract import CHAT_EVENTS, HISTORY_EVENTS
from synkro_resources.model.tables.raw import RADIST_CHATS, RADIST_MESSAGES
from synkro_resources.model.window import TenantWindow
from synkro_resources.sandbox.journal import JournalEntry
from tests.pipeline import ZONE, Installation, Sandbox, installation

pytestmark = pytest.mark.xdist_group("history_requests")

SLUG, FIRST, LAST = "history", date(2026, 10, 11), date(2026, 11, 19)
SEED, WORLD_DAYS = 11, 45
MOST_OVER_LEAST = 1.05
CARDS = ("leads", "contacts", "companies")
ONE_EACH, CARDS_A_PAGE, EVENTS_A_PAGE, RADIST_A_PAGE = 5, 250, 100, 100


@dataclass
class Loaded:
    place: Installation
    sandbox: Sandbox
    chunks: list[TenantWindow]
    """As they were read: the newest first."""

    @property
    def entries(self) -> list[JournalEntry]:
        return [*self.sandbox.amocrm.state.log.entries, *self.sandbox.radist.state.log.entries]


@pytest.fixture(scope="module")
def loaded(control_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    with installation(control_url, tmp_path_factory.mktemp("history")) as place:
        sandbox = place.add_company(SLUG, SEED, days=WORLD_DAYS)
        request = place.load(SLUG, FIRST, LAST)
        assert request.status == "done"
        raw = [stage for stage in stages_of(request) if stage.kind is StageKind.RAW]
        yield Loaded(place, sandbox, [TenantWindow(SLUG, ZONE, stage.first_day, stage.last_day) for stage in raw])


def pages(rows: int, size: int) -> int:
    return max(1, -(-rows // size))


def of_amocrm(loaded: Loaded, chunk: TenantWindow, *, with_older: bool) -> int:
    world, until = loaded.sandbox.world.amocrm, int(chunk.end.timestamp())
    since = 0 if with_older else int(chunk.start.timestamp()) - 1

    def changed(rows: Iterable[Mapping[str, object]]) -> int:
        return pages(sum(since <= int(str(row["updated_at"])) <= until for row in rows), CARDS_A_PAGE)

    whole = [world.users, world.unsorted]
    for kind in CARDS:
        whole += [world.custom_fields.get(kind, []), world.tags.get(kind, []), getattr(world, f"deleted_{kind}")]
    asked = {*HISTORY_EVENTS, *CHAT_EVENTS}
    begun = int(chunk.start.timestamp()) - 1
    events = sum(event["type"] in asked and begun <= event["created_at"] <= until for event in world.events)
    calls = (
        [note for note in world.notes.get(kind, []) if note["note_type"] in ("call_in", "call_out")] for kind in CARDS
    )
    return (
        sum(pages(len(rows), CARDS_A_PAGE) for rows in whole)
        + sum(changed(getattr(world, kind).values()) for kind in CARDS)
        + changed(world.tasks)
        + sum(changed(notes) for notes in calls)
        + pages(events, EVENTS_A_PAGE)
    )


def of_radist(loaded: Loaded, chunk: TenantWindow) -> int:
    lake = loaded.place.lake
    chats = lake.read_current(RADIST_CHATS, SLUG, columns=["id", "source_updated_at"]).to_pylist()
    stored = Counter(
        lake.read_days(RADIST_MESSAGES, SLUG, chunk.days, columns=["chat_id"]).column("chat_id").to_pylist()
    )
    active = [chat["id"] for chat in chats if chat["source_updated_at"] >= chunk.start - timedelta(hours=1)]
    return pages(len(chats), RADIST_A_PAGE) + 1 + sum(pages(stored[chat], RADIST_A_PAGE) for chat in active)


def by_id(entries: Iterable[JournalEntry]) -> list[str]:
    """Requests for single cards: `filter[id]` or a path that ends with a number."""
    asked = (f"{entry.path}?{unquote(entry.query)}" for entry in entries)
    return [question for question in asked if "filter[id]" in question or re.search(r"/\d+\?", question)]


def test_a_history_costs_at_most_a_twentieth_more_than_the_least_possible(loaded: Loaded) -> None:
    assert [len(chunk.days) for chunk in loaded.chunks] == [9, CHUNK_DAYS], "two chunks, the newest first"
    assert loaded.chunks[0].first_day > loaded.chunks[1].last_day
    least = sum(
        ONE_EACH + of_amocrm(loaded, chunk, with_older=number == 0) + of_radist(loaded, chunk)
        for number, chunk in enumerate(loaded.chunks)
    )
    least += len(set(by_id(loaded.entries)))
    asked = len(loaded.entries)
    assert 0.95 * least <= asked <= MOST_OVER_LEAST * least, (asked, least)


def test_no_card_is_asked_for_twice_in_a_chunk(loaded: Loaded) -> None:
    most = max(Counter(by_id(loaded.entries)).values(), default=0)
    assert most <= len(loaded.chunks)


def test_no_page_of_a_chat_is_asked_for_twice_in_a_chunk(loaded: Loaded) -> None:
    asked = Counter(
        entry.query for entry in loaded.sandbox.radist.state.log.entries if "/messaging/messages/" in entry.path
    )
    assert len(asked) > 100
    assert max(asked.values()) <= len(loaded.chunks)
