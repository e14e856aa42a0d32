"""amoCRM's chat events: what a later reader pairs with messages to find whose a Telegram chat is."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import Any

import pytest

from synkro_resources.sandbox.world.model import World
from synkro_resources.sandbox.world.people import MANAGERS
from tests.resources.sandbox.world.worlds import END, instant, world

TELEGRAM = 1703
SEEDS = [20, 21, 22]


def _channels(made: World) -> dict[int, int]:
    return {chat["chat_id"]: chat["connection_id"] for contact in made.radist.contacts for chat in contact["chats"]}


def _chat_events(made: World) -> dict[str, dict[str, Any]]:
    return {event["id"]: event for event in made.amocrm.events if event["type"].endswith("_chat_message")}


@pytest.mark.parametrize("seed", SEEDS)
def test_most_telegram_chats_have_events_and_some_whatsapp_chats_too(seed: int) -> None:
    made = world(seed)
    channels = _channels(made)
    known = Counter(channels[talk.chat_id] for talk in made.truth.talks)
    telegram = sum(channel == TELEGRAM for channel in channels.values())
    assert telegram / len(channels) >= 0.4
    assert known[TELEGRAM] / telegram > 0.75
    assert known[1701] > 20
    assert not known[1705] + known[1706]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_chat_event_is_of_one_planted_pair_and_says_what_is_documented(seed: int) -> None:
    made = world(seed)
    events = _chat_events(made)
    directions = {
        message["message_id"]: (message["direction"], message["created_at"])
        for rows in made.radist.messages.values()
        for message in rows
    }
    pairs = [(talk, pair) for talk in made.truth.talks for pair in talk.pairs]
    assert len(pairs) == len({pair.event_id for _, pair in pairs}) == len(events)
    assert len({pair.message_id for _, pair in pairs}) == len(pairs)
    for talk, pair in pairs:
        event = events[pair.event_id]
        direction, created_at = directions[pair.message_id]
        assert instant(created_at) == pair.sent_at
        assert timedelta() <= pair.event_at - pair.sent_at < timedelta(seconds=4)
        assert event["created_at"] == pair.event_at.timestamp()
        assert (event["type"] == "incoming_chat_message") == pair.incoming == (direction == "inbound")
        assert event["created_by"] == pair.created_by
        [value] = event["value_after"]
        assert set(value["message"]) == {"id", "origin", "talk_id"}
        assert (value["message"]["origin"], value["message"]["talk_id"]) == (talk.origin, talk.talk_id)
        assert event["value_before"] == []
        entity = event["_embedded"]["entity"]
        assert entity == {"id": event["entity_id"], "linked_talk_contact_id": pair.contact_id}
        if event["entity_type"] == "contact":
            assert event["entity_id"] == pair.contact_id
        else:
            lead = made.amocrm.leads[event["entity_id"]]
            assert pair.contact_id in [contact["id"] for contact in lead["_embedded"]["contacts"]]
            assert lead["created_at"] <= event["created_at"]
        assert made.amocrm.contacts[pair.contact_id]["created_at"] <= event["created_at"]
    uuids = [event["value_after"][0]["message"]["id"] for event in events.values()]
    assert len(set(uuids)) == len(uuids)


@pytest.mark.parametrize("seed", SEEDS)
def test_some_messages_have_no_event_and_some_of_managers_no_name(seed: int) -> None:
    made = world(seed)
    pairs = [pair for talk in made.truth.talks for pair in talk.pairs]
    missing = [message for talk in made.truth.talks for message in talk.without_event]
    assert 0.04 < len(missing) / (len(missing) + len(pairs)) < 0.12
    assert not set(missing) & {pair.message_id for pair in pairs}
    assert {pair.created_by for pair in pairs if pair.incoming} == {0}
    outgoing = [pair for pair in pairs if not pair.incoming]
    named = [pair for pair in outgoing if pair.created_by]
    assert {pair.created_by for pair in named} <= MANAGERS.keys()
    assert 0.6 < len(named) / len(outgoing) < 0.9
    robots = set(made.truth.autotext)
    texts = {
        message["message_id"]: message.get("text", {}).get("text", "").lower()
        for rows in made.radist.messages.values()
        for message in rows
    }
    assert {pair.created_by for pair in outgoing if texts[pair.message_id] in robots} == {0}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_reader_of_the_chat_events_finds_exactly_the_planted_owners(seed: int) -> None:
    """Pairs by direction and time within five seconds, each used once; three pairs with only one contact decide."""
    made = world(seed)
    events = sorted(_chat_events(made).values(), key=lambda event: (event["created_at"], event["id"]))
    candidates: dict[int, list[tuple[bool, int, int]]] = defaultdict(list)
    for event in events:
        contact = event["_embedded"]["entity"]["linked_talk_contact_id"]
        candidates[contact].append((event["type"].startswith("in"), event["created_at"], contact))
    planted = {episode.chat_id: episode.owner_contact_id for episode in made.truth.episodes}
    found: dict[int, int | None] = {}
    for chat_id in planted:
        rows = [(row["direction"] == "inbound", instant(row["created_at"])) for row in made.radist.messages[chat_id]]
        owners = [contact for contact, side in candidates.items() if _pairs(rows, side) >= 3]
        found[chat_id] = owners[0] if len(owners) == 1 else None
    assert found == planted
    assert sum(contact is not None for contact in planted.values()) / len(planted) > 0.35


def _pairs(rows: list[tuple[bool, Any]], side: list[tuple[bool, int, int]]) -> int:
    """How many messages find an unused event of the same direction from their own second to five seconds later."""
    free, count = list(side), 0
    for inbound, at in rows:
        second = at.timestamp()
        match = next((item for item in free if item[0] == inbound and 0 <= item[1] - second < 5), None)
        if match is not None:
            free.remove(match)
            count += 1
    return count


@pytest.mark.parametrize("seed", SEEDS)
def test_chat_events_lead_where_phones_lead_and_further(seed: int) -> None:
    made = world(seed)
    both = [episode for episode in made.truth.episodes if episode.contact_id and episode.owner_contact_id]
    assert both
    for episode in both:
        assert (episode.contact_id, episode.deal_id) == (episode.owner_contact_id, episode.owner_deal_id)
    only_events = [item for item in made.truth.episodes if item.owner_contact_id and item.contact_id is None]
    assert len(only_events) > 60
    deals = {deal.lead_id: deal for deal in made.truth.deals}
    with_deal = [episode for episode in only_events if episode.owner_deal_id]
    assert len(with_deal) > 15
    assert all(item.owner_contact_id in deals[item.owner_deal_id or 0].contact_ids for item in with_deal)
    assert sum(bool(deal.chat_touches) for deal in made.truth.deals) > 15
    assert not [deal for deal in made.truth.deals if deal.chat_touches and deal.touches]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_chat_that_two_contacts_share_or_that_hardly_spoke_belongs_to_nobody(seed: int) -> None:
    made = world(seed)
    shared = [talk for talk in made.truth.talks if len({pair.contact_id for pair in talk.pairs}) == 2]
    assert any(min(Counter(pair.contact_id for pair in talk.pairs).values()) >= 3 for talk in shared)
    short = [talk for talk in made.truth.talks if len(talk.pairs) < 3]
    assert len(short) >= 3
    for talk in (*short, *(talk for talk in shared if talk.expected_contact() is None)):
        owners = {item.owner_contact_id for item in made.truth.episodes if item.chat_id == talk.chat_id}
        assert owners == {None}


def test_an_owner_is_known_only_after_the_third_event() -> None:
    talk = next(talk for talk in world().truth.talks if len(talk.pairs) > 5 and talk.expected_contact())
    times = sorted(pair.event_at for pair in talk.pairs)
    assert talk.expected_contact(times[2]) is None
    assert talk.expected_contact(times[2] + timedelta(seconds=1)) == talk.contact_id
    assert talk.expected_contact(END) == talk.expected_contact()
