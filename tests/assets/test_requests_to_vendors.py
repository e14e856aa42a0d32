"""Fourteen days cost the vendors one pass, not fourteen, and a load of data tells nobody anything."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qs, unquote

import pytest

from synkro_resources.control.outbox import deliveries
from synkro_resources.model.period import days_between
from synkro_resources.model.tables import TABLES
from tests.pipeline import Installation, Sandbox, installation

pytestmark = pytest.mark.xdist_group("asks")  # what the module loads is loaded once

FIRST, LAST = date(2026, 11, 6), date(2026, 11, 19)
DAYS = list(days_between(FIRST, LAST))
ONE_DAY, FORTNIGHT = "asks-one-day", "asks-fortnight"
SEED, WORLD_DAYS = 11, 20
PAGED_BY_DAYS = "GET /api/v4/events"
"""The one listing that grows with the days: more days hold more events, hence more pages."""
EVENTS_PER_PAGE = 100


@dataclass
class Loaded:
    place: Installation
    one_day: Sandbox
    fortnight: Sandbox


@pytest.fixture(scope="module")
def loaded(control_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    with installation(control_url, tmp_path_factory.mktemp("asks")) as place:
        found = Loaded(place, *(place.add_company(slug, SEED, days=WORLD_DAYS) for slug in (ONE_DAY, FORTNIGHT)))
        assert place.load(ONE_DAY, LAST, LAST).status == "done"
        assert place.load(FORTNIGHT, FIRST, LAST).status == "done"
        yield found


def listings(sandbox: Sandbox) -> Counter[str]:
    """Requests for lists: without the messages of single chats, the events of the days, and what is asked for by id."""
    entries = [*sandbox.amocrm.state.log.entries, *sandbox.radist.state.log.entries]
    return Counter(
        f"{entry.method} {entry.path}"
        for entry in entries
        if f"{entry.method} {entry.path}" != PAGED_BY_DAYS
        and "/messaging/messages/" not in entry.path
        and "filter[id]" not in unquote(entry.query)
        and not re.search(r"/\d+$", entry.path)
    )


def chats_asked(sandbox: Sandbox) -> Counter[str]:
    return Counter(
        parse_qs(entry.query)["chat_id"][0]
        for entry in sandbox.radist.state.log.entries
        if "/messaging/messages/" in entry.path
    )


def test_the_lists_of_a_fortnight_cost_as_many_requests_as_those_of_a_day(loaded: Loaded) -> None:
    counts = listings(loaded.fortnight)
    assert counts == listings(loaded.one_day)
    assert len(counts) >= 12, "every listing was asked for"


def test_events_are_read_page_by_page_and_not_day_by_day(loaded: Loaded) -> None:
    pages = loaded.fortnight.requests("amocrm")[PAGED_BY_DAYS]
    assert pages <= len(loaded.fortnight.world.amocrm.events) // EVENTS_PER_PAGE + 1
    assert pages < len(DAYS)


def test_each_chat_of_a_fortnight_is_read_once(loaded: Loaded) -> None:
    asked = chats_asked(loaded.fortnight)
    assert len(asked) > len(chats_asked(loaded.one_day)) > 0
    messages = loaded.fortnight.world.radist.messages
    pages = {str(chat): -(-len(found) // 100) for chat, found in messages.items()}
    assert {chat: count for chat, count in asked.items() if count > 2 * pages[chat]} == {}
    assert {count for chat, count in asked.items() if pages[chat] == 1} == {1}


def test_chats_that_fell_silent_before_the_days_are_not_read(loaded: Loaded) -> None:
    assert len(chats_asked(loaded.one_day)) < len(loaded.one_day.world.radist.messages) // 2


def test_every_table_gets_a_file_for_each_of_the_fourteen_days(loaded: Loaded) -> None:
    assert len(DAYS) == 14
    for table in TABLES.values():
        assert loaded.place.lake.days(table, FORTNIGHT) == DAYS, table.name


@pytest.mark.parametrize("slug", [ONE_DAY, FORTNIGHT])
def test_a_load_of_data_sends_nothing(loaded: Loaded, slug: str) -> None:
    sandbox = loaded.one_day if slug == ONE_DAY else loaded.fortnight
    assert sandbox.requests("telegram") == {}
    assert sandbox.delivered() == []
    assert deliveries(loaded.place.control, slug) == []
