"""The emulator's world moves while it is read: new messages, edits, deletions, late ones, connections that go."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synkro_resources.model.clock import FixedClock
from synkro_resources.sandbox.radist import EditError, RadistSwitches
from synkro_resources.sandbox.radist.store import CompanyStore, moment_of
from synkro_resources.sandbox.world.model import World
from tests.resources.sandbox.radist.conftest import END, LISTING, MESSAGES, Radist


def test_what_somebody_says_is_listed_first_and_read_last(radist: Radist) -> None:
    quiet = radist.listing()[-1]["chats"][0]["chat_id"]
    said = radist.served.editor.apply({"do": "say", "chat_id": quiet, "direction": "inbound", "text": "Вы тут?"})
    top = radist.get(LISTING, limit=1).json()["data"][0]
    assert top["chats"][0]["chat_id"] == quiet
    assert top["chats"][0]["last_message"]["text"] == {"text": "Вы тут?"}
    assert top["last_chat_updated_at"] == said["message"]["created_at"]
    newest = radist.messages(quiet)[0]
    assert newest == said["message"]
    assert newest["created_at"] == "2026-11-20T12:00:00Z", "inbound times have whole seconds"
    answer = radist.served.editor.say(quiet, "outbound", "Да")["message"]
    assert answer["created_at"].endswith(".000000Z")
    assert radist.get(LISTING, limit=1).json()["data"][0]["unanswered_count"] == 0


def test_an_edited_text_keeps_its_id_and_a_removed_message_leaves_nothing(radist: Radist) -> None:
    chat_id = radist.busy_chat()
    rows = radist.messages(chat_id)
    first, second = [row for row in rows if row["message_type"] == "text"][:2]
    radist.served.editor.edit_message(chat_id, first["message_id"], "Исправлено")
    radist.served.editor.remove_message(chat_id, second["message_id"])
    after = {row["message_id"]: row for row in radist.messages(chat_id)}
    assert after[first["message_id"]] == {**first, "text": {"text": "Исправлено"}}
    assert second["message_id"] not in after
    stamped = radist.served.editor.stamp(chat_id, first["message_id"], "error")["message"]
    assert (stamped["error_at"], stamped["error_type"]) == ("2026-11-20T12:00:00Z", "account_not_found")
    radist.served.editor.restore()
    assert radist.messages(chat_id) == rows


def test_edits_never_reach_the_world_that_others_serve_too(radist: Radist, radist_world: World) -> None:
    chat_id = radist.busy_chat()
    before = [dict(row) for row in radist_world.radist.messages[chat_id]]
    text = next(row for row in before if row["message_type"] == "text")
    radist.served.editor.edit_message(chat_id, text["message_id"], "Исправлено")
    radist.served.editor.say(chat_id, "inbound", "Ещё")
    assert radist_world.radist.messages[chat_id] == before


def test_a_connection_disappears_with_its_chats_and_their_history(radist: Radist) -> None:
    gone = radist.listing()[0]["chats"][0]
    radist.served.editor.remove_connection(gone["connection_id"])
    left = {chat["connection_id"] for contact in radist.listing() for chat in contact["chats"]}
    assert left
    assert gone["connection_id"] not in left
    assert radist.get(MESSAGES, chat_id=gone["chat_id"], limit=1).status_code == 404
    assert gone["connection_id"] not in {row["id"] for row in radist.get("/connections/").json()["connections"]}
    assert gone["connection_id"] not in {row["connection_id"] for row in radist.get("/messaging/chats/sources/").json()}
    radist.served.set(gone_connections=[])
    assert radist.messages(gone["chat_id"])


def test_a_chat_without_messages_is_listed_and_reads_empty(radist: Radist) -> None:
    before = len(radist.listing())
    radist.served.set(chat_without_messages=True)
    rows = radist.listing()
    empty = [chat for contact in rows for chat in contact["chats"] if chat["last_message"] is None]
    assert (len(rows), len(empty)) == (before + 1, 1)
    assert radist.messages(empty[0]["chat_id"]) == []
    radist.served.set(chat_without_messages=False)
    assert len(radist.listing()) == before
    assert radist.get(MESSAGES, chat_id=empty[0]["chat_id"], limit=1).status_code == 404


def test_late_messages_appear_between_known_ones(serve_radist: Callable[..., Radist]) -> None:
    clock = FixedClock(END)
    radist = serve_radist(clock=clock, late_s=30 * 86_400.0, late_every=2)
    chat_id = radist.busy_chat(at_most=100)  # one page shows them all
    early = [row["message_id"] for row in radist.messages(chat_id)]
    clock.move(timedelta(days=60))
    all_of_them = [row["message_id"] for row in radist.messages(chat_id)]
    assert 0 < len(early) < len(all_of_them)
    assert early == [key for key in all_of_them if key in set(early)]
    assert early != all_of_them[-len(early) :], "late ones lie between those that were seen before"


def test_a_pass_over_a_list_that_moves_repeats_some_and_misses_others(radist: Radist) -> None:
    """The trap itself: the page size is smaller than the list, and quiet chats become active while it is paged."""
    before = {contact["contact_id"] for contact in radist.listing()}
    radist.served.set(messages_while_paging=3)
    rows = [contact["contact_id"] for contact in radist.listing(40)]
    assert len(set(rows)) < len(rows)
    assert set(rows) < before
    radist.served.set(messages_while_paging=0)
    assert {contact["contact_id"] for contact in radist.listing(40)} == before


def test_pages_can_be_unordered_and_times_can_lack_their_zone(radist: Radist) -> None:
    chat_id = radist.busy_chat()
    ordered = radist.messages(chat_id)
    radist.served.set(unordered_pages=True, times_without_zone=True)
    shuffled = radist.messages(chat_id)
    assert [row["message_id"] for row in shuffled] != [row["message_id"] for row in ordered]
    assert {row["message_id"] for row in shuffled} == {row["message_id"] for row in ordered}
    assert not any(row["created_at"].endswith("Z") for row in shuffled)
    contact = radist.get(LISTING, limit=1).json()["data"][0]
    assert not contact["last_chat_updated_at"].endswith("Z")
    assert not contact["chats"][0]["last_message"]["created_at"].endswith("Z")


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ({"do": "dance"}, "unknown action 'dance'"),
        ({}, "unknown action None"),
        ({"do": "say", "chat_id": 1, "direction": "inbound", "text": "x"}, "there is no chat 1"),
        ({"do": "say", "direction": "inbound", "text": "x"}, "chat_id"),
        ({"do": "say", "chat_id": "x", "direction": "sideways", "text": "x"}, "chat_id"),
        ({"do": "remove_connection", "connection_id": 5}, "no connection 5"),
        ({"do": "add_chat", "connection_id": 1701}, "phone or user_name"),
    ],
)
def test_an_impossible_action_is_refused_in_words(radist: Radist, action: dict[str, object], words: str) -> None:
    with pytest.raises(EditError, match=words):
        radist.served.editor.apply(action)


def test_a_created_chat_is_found_again_and_can_be_written_to(radist: Radist) -> None:
    connection = radist.world.radist.sources[0]["connection_id"]
    made = radist.post("/messaging/chats/", {"connection_id": connection, "phone": "+79995550011"}).json()
    assert (made["created_chat"], made["created_contact"]) == (True, True)
    again = radist.post("/messaging/chats/", {"connection_id": connection, "phone": "79995550011"}).json()
    assert (again["created_chat"], again["chat_id"]) == (False, made["chat_id"])
    assert radist.messages(made["chat_id"]) == []
    body = {"connection_id": connection, "chat_id": made["chat_id"], "message_type": "text", "text": {"text": "Привет"}}
    sent = radist.post(MESSAGES, body).json()
    assert radist.messages(made["chat_id"])[0]["message_id"] == sent["message_id"]
    radist.served.set(create_chat_fails=1)
    codes = [radist.post("/messaging/chats/", {"connection_id": connection, "phone": "1"}).status_code for _ in "ab"]
    assert codes == [500, 200]
    assert radist.served.app.state.writes == {"POST /messaging/chats/": 4, "POST /messaging/messages/": 1}
    assert radist.post(MESSAGES, {"chat_id": 1, "message_type": "text", "text": {"text": "x"}}).status_code == 422


def test_editing_from_a_thread_breaks_no_answer(radist: Radist) -> None:
    stop = threading.Event()
    chats = [contact["chats"][0]["chat_id"] for contact in radist.listing()][:20]
    problems: list[BaseException] = []

    def write() -> None:
        try:
            while not stop.is_set():
                for chat_id in chats:
                    radist.served.editor.say(chat_id, "inbound", "Ещё вопрос")
                    time.sleep(0.001)
        except BaseException as error:
            problems.append(error)
            raise

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(40):
            page = radist.get(LISTING, limit=50).json()["data"]
            times = [datetime.fromisoformat(row["last_chat_updated_at"]) for row in page]
            assert times == sorted(times, reverse=True)
            assert len({row["contact_id"] for row in page}) == 50
    finally:
        stop.set()
        thread.join()
    assert problems == []


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    hours=st.lists(st.integers(-900, 400), min_size=1, max_size=6),
    late_s=st.sampled_from([0.0, 3600.0, 86_400.0 * 20]),
    late_every=st.integers(1, 3),
    said=st.integers(0, 2),
)
def test_the_kept_order_equals_one_that_is_made_anew(
    radist_world: World, hours: list[int], late_s: float, late_every: int, said: int
) -> None:
    """However the clock moves and whatever is said, the list that is only mended is the list one would sort."""
    clock = FixedClock(END)
    switches = RadistSwitches(late_s=late_s, late_every=late_every)
    store = CompanyStore(radist_world.radist, clock, switches)
    for hour in hours:
        clock.instant = END + timedelta(hours=hour)
        for number in range(said):
            chat_id = list(radist_world.radist.messages)[number * 7]
            at = clock.instant.strftime("%Y-%m-%dT%H:%M:%SZ")
            row = {"message_id": f"{hour}/{number}", "direction": "inbound", "created_at": at, "message_type": "text"}
            store.change_messages(chat_id, lambda rows, row=row: rows.append(row))
        mended = store.contacts(0, 10_000)
        fresh = CompanyStore(radist_world.radist, clock, switches)
        fresh._own, fresh._changed = store._own, store._changed
        assert {row["contact_id"]: row for row in mended} == {
            row["contact_id"]: row for row in fresh.contacts(0, 10_000)
        }
        times = [moment_of(row["last_chat_updated_at"]) for row in mended]
        assert times == sorted(times, reverse=True)
