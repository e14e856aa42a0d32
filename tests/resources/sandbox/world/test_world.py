"""The invented world: what a demo and every comparison with the truth rely on."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from synkro_resources.sandbox.credentials import RADIST_COMPANY_ID
from synkro_resources.sandbox.world.build import build_world
from synkro_resources.sandbox.world.model import World
from synkro_resources.sandbox.world.texts import BOT_REPLY, BROADCASTS
from tests.resources.sandbox.world.worlds import END, instant, words, world

FIRST_DAY = world(days=20).first_day


def _dump(made: World) -> str:
    return json.dumps(asdict(made.amocrm), sort_keys=True) + json.dumps(asdict(made.radist), sort_keys=True)


def _messages(made: World) -> dict[str, dict[str, Any]]:
    return {message["message_id"]: message for chat in made.radist.messages.values() for message in chat}


def test_the_same_seed_and_end_make_the_same_world() -> None:
    again = build_world(20, END, days=20)
    assert _dump(again) == _dump(world(days=20))
    assert again.truth.turns == world(days=20).truth.turns
    assert _dump(build_world(21, END, days=20)) != _dump(again)


@pytest.mark.parametrize("hours", [1, 5, 17, 24, 59, 100, 191, 264])
def test_a_demo_started_again_later_continues_with_the_same_history(hours: int) -> None:
    later = world(days=20)
    cut = END - timedelta(hours=hours)
    earlier = build_world(20, cut, first_day=FIRST_DAY)

    was, now = _messages(earlier), _messages(later)
    expected = {key for key, message in now.items() if instant(message["created_at"]) < cut}
    assert set(was) == expected
    for key, message in was.items():
        # Only the stamps of delivery may still come.
        settled = {name: value for name, value in now[key].items() if name not in ("delivered_at", "read_at")}
        assert {name: message[name] for name in settled} == settled

    events = {event["id"]: event for event in later.amocrm.events}
    assert earlier.amocrm.events == [event for event in later.amocrm.events if event["created_at"] < cut.timestamp()]
    assert all(events[event["id"]] == event for event in earlier.amocrm.events)
    for kind, notes in earlier.amocrm.notes.items():
        assert notes == [note for note in later.amocrm.notes[kind] if note["created_at"] < cut.timestamp()]
    assert {task["id"] for task in earlier.amocrm.tasks} <= {task["id"] for task in later.amocrm.tasks}
    merged = {deal.lead_id for deal in later.truth.deals if deal.merged_at}
    assert set(earlier.amocrm.leads) <= set(later.amocrm.leads) | set(later.amocrm.deleted_leads) | merged
    gone = {
        event["entity_id"] for event in later.amocrm.events if event["type"] in ("contact_deleted", "entity_merged")
    }
    siblings = {contact + step for contact in gone for step in (-1, 1)}  # a merge may name the other one
    assert set(earlier.amocrm.contacts) <= set(later.amocrm.contacts) | gone | siblings
    assert set(earlier.amocrm.talks) <= set(later.amocrm.talks)
    assert set(earlier.radist.messages) <= set(later.radist.messages)


@pytest.mark.parametrize("hours", [40, 444, 700, 931, 1190])
def test_a_demo_continues_over_the_new_year_break_too(hours: int) -> None:
    start = datetime(2025, 12, 1, tzinfo=UTC)
    cut = start + timedelta(hours=hours)
    earlier = build_world(1, cut, first_day=start.date())
    later = build_world(1, start + timedelta(days=56), first_day=start.date())
    expected = {key for key, message in _messages(later).items() if instant(message["created_at"]) < cut}
    assert set(_messages(earlier)) == expected
    assert earlier.amocrm.events == [event for event in later.amocrm.events if event["created_at"] < cut.timestamp()]


def test_the_truth_about_a_finished_day_does_not_change_when_the_world_goes_on() -> None:
    later = world(days=20)
    cut = END - timedelta(days=6)
    earlier = build_world(20, cut, first_day=FIRST_DAY)
    for number in range(13):
        day = FIRST_DAY + timedelta(days=number)
        was, now = earlier.truth.day(day), later.truth.day(day)
        # An episode that had only a broadcast may be opened later; a lost deal's reason is read today.
        assert (was.new_episodes, was.first_response, was.response) == (
            now.new_episodes,
            now.first_response,
            now.response,
        )
        assert (was.judged, was.in_sla, was.unanswered, was.not_due) == (
            now.judged,
            now.in_sla,
            now.unanswered,
            now.not_due,
        )
        assert (was.lost, was.won, was.undelivered) == (now.lost, now.won, now.undelivered)


def test_worlds_of_different_seeds_share_their_ids_so_that_tenant_isolation_can_be_attacked() -> None:
    one, other = world(20), build_world(77, END, slug="other")
    assert len(set(one.amocrm.leads) & set(other.amocrm.leads)) > 100
    assert len(set(one.radist.messages) & set(other.radist.messages)) > 300
    assert len(set(_messages(one)) & set(_messages(other))) > 1000
    shared = set(one.amocrm.contacts) & set(other.amocrm.contacts)
    assert any(one.amocrm.contacts[key] != other.amocrm.contacts[key] for key in shared)


def test_nothing_exists_after_the_end() -> None:
    made = world()
    assert all(instant(message["created_at"]) < END for message in _messages(made).values())
    stamps = [message[name] for message in _messages(made).values() for name in ("delivered_at", "read_at", "error_at")]
    assert all(instant(stamp) < END for stamp in stamps if stamp)
    for thing in (*made.amocrm.leads.values(), *made.amocrm.contacts.values(), *made.amocrm.events):
        assert thing["created_at"] < END.timestamp()
        assert thing.get("updated_at", 0) < END.timestamp()


@pytest.mark.parametrize("seed", [20, 21, 22])
def test_the_company_is_as_large_as_promised_and_has_every_kind_of_story(seed: int) -> None:
    made = world(seed)
    chats = [chat for contact in made.radist.contacts for chat in contact["chats"]]
    dialogs = [chat for chat in chats if not chat["is_group"]]
    assert 480 <= len(dialogs) <= 600
    new = [deal for deal in made.truth.deals if made.truth.working_time.local_day(deal.created_at) >= made.first_day]
    assert 340 <= len(new) <= 440
    telegram = [chat for chat in dialogs if chat["connection_id"] == 1703]
    assert all(chat["phone"] is None for chat in telegram)
    assert len(telegram) / len(chats) >= 0.40
    assert {bool(chat["username"]) for chat in telegram} == {True, False}
    assert {chat["connection_id"] for chat in dialogs} == {1701, 1702, 1703, 1704, 1705, 1706}
    assert sum(chat["is_group"] for chat in chats) >= 3
    assert any(chat["phone"] is None and chat["source_chat_id"].endswith("@c.us") for chat in dialogs)

    turns, episodes = made.truth.turns, made.truth.episodes
    asking = [turn for turn in turns if turn.needs_reply]
    quick = sum(turn.working_minutes is not None and turn.working_minutes <= 15 for turn in asking)
    assert 0.4 < quick / len(asking) < 0.9
    assert sum(turn.answered_at is None for turn in asking) >= 20
    assert sum(turn.answer_kind == "call" for turn in asking) >= 10
    assert sum(turn.answer_same_episode is False for turn in asking) >= 5
    assert sum(not turn.needs_reply for turn in turns) >= 50
    assert sum(episode.opened_by == "manager" for episode in episodes) >= 15
    assert sum(deal.loss_reason_id is None and deal.stage(END).status_id == 143 for deal in made.truth.deals) >= 3
    twice = [deal for deal in made.truth.deals if sum(move.after.status_id == 143 for move in deal.moves) == 2]
    assert len(twice) >= 2
    assert sum(deal.price == 0 for deal in new) >= 15
    assert len(made.amocrm.deleted_leads) >= 3
    assert len(made.truth.undelivered) >= 5
    assert {call.connected for call in made.truth.calls} == {True, False}
    assert {call.entity_type for call in made.truth.calls} == {"leads", "contacts"}
    assert sum(bool(deal.handovers) for deal in made.truth.deals) >= 10
    assert {message["message_type"] for message in _messages(made).values()} >= {
        *("text", "image", "voice", "file", "sticker", "reaction", "waba_interactive")
    }


def test_twenty_days_hold_a_third_of_it_and_still_every_rare_story() -> None:
    made = world(days=20)
    assert 130 <= len(made.radist.messages) <= 200
    assert made.truth.undelivered
    assert any(turn.answer_same_episode is False for turn in made.truth.turns)
    assert any(words in made.truth.autotext for words in map(str.lower, BROADCASTS))


def test_clients_write_at_night_and_on_weekends_and_several_times_a_second() -> None:
    made = world()
    inbound = [message for message in _messages(made).values() if message["direction"] == "inbound"]
    local = [instant(message["created_at"]).astimezone(made.truth.working_time.zone) for message in inbound]
    assert sum(at.isoweekday() > 5 for at in local) > 50
    assert sum(at.hour < 8 or at.hour >= 21 for at in local) > 50
    same_second = Counter((message["chat_id"], message["created_at"]) for message in inbound)
    assert sum(count > 1 for count in same_second.values()) > 30
    gaps = [
        instant(after["created_at"]) - instant(before["created_at"])
        for chat in made.radist.messages.values()
        for before, after in pairwise(chat)
    ]
    assert any(timedelta(hours=70, minutes=30) < gap < timedelta(hours=72) for gap in gaps)
    assert any(gap > timedelta(hours=72) for gap in gaps)


@pytest.mark.parametrize("seed", [20, 21, 22])
def test_the_bot_can_be_detected_and_no_manager_looks_like_one(seed: int) -> None:
    made = world(seed)
    automatic = set(made.truth.autotext)
    sends: dict[str, list[tuple[datetime, str, bool]]] = defaultdict(list)
    for chat in made.radist.messages.values():
        last_inbound = datetime.min.replace(tzinfo=UTC)
        for message in chat:
            at = instant(message["created_at"])
            if message["direction"] == "inbound":
                last_inbound = at
            else:
                prompt = at - last_inbound <= timedelta(seconds=5)
                sends[words(message).lower()].append((at, message["chat_id"], prompt))
    bot = sends[BOT_REPLY.lower()]
    assert all(prompt for _, _, prompt in bot)
    # Often enough in every stretch of thirty days, and from the second week on at all.
    assert sum(at < bot[0][0] + timedelta(days=7) for at, _, _ in sorted(bot)) >= 10
    for text, sent in sends.items():
        sent.sort()
        quick = sum(prompt for _, _, prompt in sent)
        crowd = max(
            len({chat for at, chat, _ in sent if start <= at <= start + timedelta(minutes=10)}) for start, _, _ in sent
        )
        if text in automatic:
            assert crowd >= 10 or text == BOT_REPLY.lower()
        else:
            assert quick == 0, text
            assert crowd < 6, text


def test_every_object_has_the_vendors_shape() -> None:
    made = world()
    for message in _messages(made).values():
        assert message["author"] is None
        assert message[message["message_type"]] is not None
        is_whole = "." not in message["created_at"]
        assert is_whole == (message["direction"] == "inbound")
    for contact in made.radist.contacts:
        assert isinstance(contact["chats"][0]["chat_id"], int)
        chat = contact["chats"][0]
        stored = made.radist.messages[chat["chat_id"]]
        assert {message["chat_id"] for message in stored} == {chat["source_chat_id"]}
        assert chat["last_message"]["message_id"] == stored[-1]["message_id"]
        assert chat["last_message"]["video"] is None
        times = [(instant(message["created_at"]), message["message_id"]) for message in stored]
        assert times == sorted(times)
    assert made.radist.companies[0]["id"] == RADIST_COMPANY_ID
    assert any(connection["type"] == "amocrm" for connection in made.radist.connections)

    account = made.amocrm
    assert all(len(event["id"]) == 26 for event in account.events)
    assert len({event["id"] for event in account.events}) == len(account.events)
    assert [event["created_at"] for event in account.events] == sorted(event["created_at"] for event in account.events)
    for pipeline in account.pipelines:
        statuses = pipeline["_embedded"]["statuses"]
        assert {142, 143} <= {status["id"] for status in statuses}
        assert [status["type"] for status in statuses].count(1) == 1
    users = {user["id"] for user in account.users}
    assert len(users) == 4
    responsible = {lead["responsible_user_id"] for lead in account.leads.values()}
    assert len(responsible - users) == 1, "old leads belong to a user who is gone"
    for lead in account.deleted_leads.values():
        assert {key for key, value in lead.items() if value is not None} == {
            *("id", "updated_by", "updated_at", "is_deleted", "account_id")
        }
    notes = [note for kind in account.notes.values() for note in kind]
    assert len({note["id"] for note in notes}) == len(notes)
    calls = {
        event["value_after"][0]["note"]["id"]
        for event in account.events
        if event["type"] in ("incoming_call", "outgoing_call")
    }
    assert calls == {note["id"] for note in notes if note["note_type"].startswith("call_")}
    assert _dump(made), "everything can be said in JSON"


def test_every_deals_events_lead_to_its_present_state() -> None:
    made = world()
    by_lead: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for event in made.amocrm.events:
        if event["entity_type"] == "lead":
            by_lead[event["entity_id"]].append(event)
    for lead_id, lead in made.amocrm.leads.items():
        events = by_lead[lead_id]
        assert events[0]["type"] == "lead_added"
        assert events[0]["created_at"] == lead["created_at"]
        stage: dict[str, int] | None = None
        owner: int | None = None
        for event in events:
            if event["type"] == "lead_status_changed":
                before = event["value_before"][0]["lead_status"]
                assert stage is None or before == stage
                stage = event["value_after"][0]["lead_status"]
            elif event["type"] == "entity_responsible_changed":
                before_user = event["value_before"][0]["responsible_user"]["id"]
                assert owner is None or before_user == owner
                owner = event["value_after"][0]["responsible_user"]["id"]
        assert stage is None or stage == {"id": lead["status_id"], "pipeline_id": lead["pipeline_id"]}
        assert owner is None or owner == lead["responsible_user_id"]
        assert lead["updated_at"] >= lead["created_at"]
    for lead_id in made.amocrm.deleted_leads:
        assert by_lead[lead_id][-1]["type"] == "lead_deleted"
