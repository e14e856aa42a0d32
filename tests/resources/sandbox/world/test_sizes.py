"""Worlds of three sizes: a load of the larger ones is compared with their inventory, and they must fit a machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import httpx
import pytest

from synkro_resources.model.clock import FixedClock
from synkro_resources.sandbox.amocrm import AmocrmSwitches, amocrm_app
from synkro_resources.sandbox.credentials import RADIST_COMPANY_ID
from synkro_resources.sandbox.radist import RadistSwitches, radist_app
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.world.inventory import Inventory, Kind
from synkro_resources.sandbox.world.large import build_large_world
from synkro_resources.sandbox.world.model import World
from synkro_resources.sandbox.world.sizes import build_sized_world
from tests.resources.sandbox.world.worlds import END, instant, world

DAYS = 12
"""Of the large world: short enough for tests that look at every message."""
KINDS: tuple[Kind, ...] = ("deals", "contacts", "companies", "notes", "events", "chats")


@cache
def large() -> World:
    return build_large_world(20, END, days=DAYS)


@cache
def medium() -> World:
    return build_sized_world("medium", 20, END, "middle")


def _telegram_share(made: World) -> float:
    """Telegram chats without a phone among all chats, groups included."""
    chats = [chat for contact in made.radist.contacts for chat in contact["chats"]]
    return sum(chat["connection_id"] == 1703 and chat["phone"] is None for chat in chats) / len(chats)


def test_small_is_what_the_demo_shows() -> None:
    small = build_sized_world("small", 20, END)
    assert (small.amocrm, small.radist, small.truth.turns) == (world().amocrm, world().radist, world().truth.turns)


def test_a_size_can_begin_on_a_given_day() -> None:
    first_day = END.date() - timedelta(days=9)
    for size in ("small", "medium", "large"):
        made = build_sized_world(size, 3, END, first_day=first_day)
        assert made.first_day == first_day
        assert min(Inventory(made).messages_per_day()) == first_day


@pytest.mark.slow
def test_medium_is_as_large_as_promised_and_its_truth_is_whole() -> None:
    made = medium()
    inventory = Inventory(made)
    assert 19_000 <= inventory.messages <= 27_000
    assert 2_800 <= len(inventory.ids("deals")) <= 3_500
    assert _telegram_share(made) >= 0.4
    assert len({contact["contact_id"] for contact in made.radist.contacts}) == len(made.radist.contacts)
    events = [event["id"] for event in made.amocrm.events]
    assert len(set(events)) == len(events)
    phones = Counter(
        chat["phone"] for contact in made.radist.contacts for chat in contact["chats"] if chat["phone"] is not None
    )
    assert phones.most_common(1)[0][1] == 1
    figures = made.truth.day(date(2026, 10, 28))  # a Wednesday
    assert figures.new_episodes > 15
    assert figures.judged > 15


@pytest.mark.parametrize("made", [world, medium, large], ids=["small", "medium", "large"])
def test_an_inventory_counts_what_is_there(made: object) -> None:
    world_ = made() if callable(made) else None
    assert isinstance(world_, World)
    inventory, zone = Inventory(world_), ZoneInfo(world_.zone)
    ids = list(inventory.message_ids())
    assert len(set(ids)) == len(ids) == inventory.messages
    days = Counter(
        instant(message["created_at"]).astimezone(zone).date()
        for rows in world_.radist.messages.values()
        for message in rows
    )
    assert inventory.messages_per_day() == days
    for kind in KINDS:
        assert sum(inventory.per_day(kind).values()) == len(inventory.ids(kind))


def test_the_same_chat_has_the_same_messages_at_any_time() -> None:
    one, again = large(), build_large_world(20, END, days=DAYS)
    other = build_large_world(21, END, days=DAYS)
    assert list(one.radist.messages) == list(again.radist.messages)
    for chat_id in list(one.radist.messages)[::7]:
        rows = one.radist.messages[chat_id]
        assert rows == one.radist.messages[chat_id] == again.radist.messages[chat_id]
        assert rows is not one.radist.messages[chat_id]
    assert one.amocrm == again.amocrm
    assert one.radist.contacts == again.radist.contacts
    assert one.amocrm.leads != other.amocrm.leads
    assert len(one.amocrm.leads.keys() & other.amocrm.leads.keys()) > 1_000
    with pytest.raises(KeyError):
        one.radist.messages[1]
    assert one.radist.messages.get(1) is None


def test_a_large_world_that_ends_later_begins_with_the_same_history() -> None:
    first_day = large().first_day
    cut = END - timedelta(hours=59)
    earlier, later = build_large_world(20, cut, first_day=first_day), large()
    was, now = (
        {message["message_id"]: message for rows in made.radist.messages.values() for message in rows}
        for made in (earlier, later)
    )
    assert set(was) == {key for key, message in now.items() if instant(message["created_at"]) < cut}
    settled = ("created_at", "message_type", "text", "direction", "source_message_id")
    assert all(was[key].get(name) == now[key].get(name) for key in was for name in settled)
    events = [event for event in later.amocrm.events if event["created_at"] < cut.timestamp()]
    assert earlier.amocrm.events == events


def test_a_large_world_s_chats_look_like_any_other_s() -> None:
    made = large()
    assert _telegram_share(made) >= 0.4
    longest = 0
    for contact in made.radist.contacts:
        chat = contact["chats"][0]
        rows = made.radist.messages[chat["chat_id"]]
        longest = max(longest, len(rows))
        times = [(instant(row["created_at"]), row["message_id"]) for row in rows]
        assert times == sorted(times)
        assert all(at < END for at, _ in times)
        assert all(("." in row["created_at"]) == (row["direction"] == "outbound") for row in rows)
        last = {key: value for key, value in chat["last_message"].items() if value is not None}
        assert last == {key: value for key, value in rows[-1].items() if value is not None}
        waiting = next((n for n, row in enumerate(reversed(rows)) if row["direction"] == "outbound"), len(rows))
        assert chat["unanswered_count"] == waiting
    assert longest > 100, "no chat needs a second page"
    same_second = Counter((row["chat_id"], row["created_at"]) for rows in made.radist.messages.values() for row in rows)
    assert max(same_second.values()) >= 2


def test_a_large_world_s_chat_events_follow_its_messages() -> None:
    made = large()
    telegram = [
        chat["chat_id"]
        for contact in made.radist.contacts
        for chat in contact["chats"]
        if chat["connection_id"] == 1703
    ]
    talks = made.amocrm.talks
    assert len(talks) / len(telegram) > 0.5
    events = [event for event in made.amocrm.events if event["type"].endswith("_chat_message")]
    assert {event["value_after"][0]["message"]["talk_id"] for event in events} == set(talks)
    sent: dict[int, list[float]] = {}
    for event in events:
        talk_id = event["value_after"][0]["message"]["talk_id"]
        chat_id = talk_id + 34_000_000  # both are a story's number above a base
        if chat_id not in sent:
            sent[chat_id] = [instant(row["created_at"]).timestamp() for row in made.radist.messages[chat_id]]
        assert any(0 <= event["created_at"] - at < 4 for at in sent[chat_id])


@pytest.fixture
def served() -> Iterator[tuple[httpx.Client, httpx.Client]]:
    clock = FixedClock(END)
    crm = amocrm_app(large().amocrm, clock=clock, token="t", state=AmocrmSwitches(rate_limit=False))
    radist = radist_app(large().radist, clock=clock, api_key="k", switches=RadistSwitches(rate_limit=False))
    with (
        serve(crm) as crm_url,
        serve(radist) as radist_url,
        httpx.Client(base_url=crm_url, headers={"Authorization": "Bearer t"}, timeout=30) as crm_http,
        httpx.Client(base_url=radist_url, headers={"X-Api-Key": "k"}, timeout=30) as radist_http,
    ):
        yield crm_http, radist_http


def test_the_emulators_serve_a_large_world(served: tuple[httpx.Client, httpx.Client]) -> None:
    crm, radist = served
    page = crm.get("/api/v4/leads?limit=250&order[updated_at]=asc&with=contacts").json()["_embedded"]["leads"]
    assert len(page) == 250
    assert {lead["id"] for lead in page} <= large().amocrm.leads.keys()
    assert len(crm.get("/api/v4/events?limit=100").json()["_embedded"]["events"]) == 100
    company = f"/v2/companies/{RADIST_COMPANY_ID}/messaging"
    listed = radist.get(f"{company}/chats/with_contacts/", params={"limit": 100}).json()["data"]
    assert len(listed) == 100
    chat_id = listed[0]["chats"][0]["chat_id"]
    rows = radist.get(f"{company}/messages/", params={"chat_id": chat_id, "limit": 100}).json()
    assert rows
    assert sorted(row["message_id"] for row in rows) == sorted(
        row["message_id"] for row in large().radist.messages[chat_id][-100:]
    )


def test_a_world_needs_a_zone() -> None:
    for size in ("small", "medium", "large"):
        with pytest.raises(ValueError, match="zone"):
            build_sized_world(size, 1, datetime(2026, 11, 20, 12, tzinfo=UTC).replace(tzinfo=None))
