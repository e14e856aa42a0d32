"""Radist rows on their way to the lake: nothing is lost, removed or mixed up, and what Radist hides is flagged."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr

from synkro_assets.dialogs.extract import (
    ChatChoice,
    chats_of,
    extract_chats,
    read_connections,
    read_messages,
    read_sources,
)
from synkro_assets.dialogs.rereading import KEPT_VERSIONS, StoredMessages
from synkro_resources.http import TokenBucket
from synkro_resources.http.jsonvalues import JsonObject, as_rows
from synkro_resources.model.errors import IntegrationError
from synkro_resources.model.tables.raw import RADIST_CHATS, RADIST_CONNECTIONS, RADIST_MESSAGES
from synkro_resources.model.tables.schema import DAY_COLUMN
from synkro_resources.radist import ChatPair, RadistClient
from synkro_resources.radist.times import format_time
from synkro_resources.sandbox.serve import serve
from tests.assets.dialogs.small_radist import NOON, NOW, WINDOW, Loads, Radist, client_of, listing, message


def pair(chat_id: object, contact_at: datetime | None, message_at: datetime | None = None) -> ChatPair:
    last_message = {"created_at": format_time(message_at)} if message_at else None
    contact: JsonObject = {"contact_id": 1, "last_chat_updated_at": format_time(contact_at) if contact_at else None}
    return ChatPair(contact, {"chat_id": chat_id, "last_message": last_message, "radist_token": "secret-4711"})


def test_a_chat_lies_on_the_day_of_its_last_activity_and_later_activity_on_the_newest_day() -> None:
    before, first = WINDOW.start - timedelta(seconds=1), WINDOW.start
    after = WINDOW.end + timedelta(days=3)
    pairs = [pair(1, before), pair(2, before, first), pair(3, after), pair(4, None), pair(None, first)]
    found = extract_chats(pairs, WINDOW, with_baseline=True)
    days = dict(zip(found.table.column("id").to_pylist(), found.table.column(DAY_COLUMN).to_pylist(), strict=True))
    assert days == {1: None, 2: date(2026, 11, 18), 3: date(2026, 11, 19)}
    assert found.table.column("source_updated_at").to_pylist()[2] == after
    assert [row.reason for row in found.quarantined] == ["no_time", "no_id"]
    assert found.seen == 5
    assert RADIST_CHATS.cast(found.table).num_rows == 3
    later = extract_chats(pairs, WINDOW, with_baseline=False)
    assert later.table.column("id").to_pylist() == [2, 3]
    assert later.outside == 1


def test_no_secret_of_a_connection_is_ever_stored() -> None:
    found = extract_chats([pair(1, WINDOW.start), pair(None, WINDOW.start)], WINDOW, with_baseline=True)
    assert "secret-4711" not in str(found.table.to_pylist()) + str(found.quarantined)


@pytest.fixture
def radist() -> Radist:
    return Radist()


@pytest.fixture
def client(radist: Radist) -> Iterator[RadistClient]:
    with client_of(radist) as found:
        yield found


@pytest.fixture
def loads(client: RadistClient, tmp_path: Path) -> Loads:
    return Loads(client, tmp_path)


def test_the_two_chat_ids_are_kept_apart_and_times_without_zone_are_marked(radist: Radist, loads: Loads) -> None:
    """Rules 4 and 7: `chat_id` is a number in queries and the messenger's text inside messages."""
    naive = message("m2", NOON) | {"created_at": NOON.replace(tzinfo=None).isoformat()}
    radist.chats[37] = [message("m1", NOON), naive, message("m3", WINDOW.end), {"message_id": "m4", "created_at": "?"}]
    found = loads.read(37).extraction
    assert found.table.column("message_id").to_pylist() == ["m1", "m2"]
    assert found.table.column("chat_id").to_pylist() == [37, 37]
    assert found.table.column("source_chat_id").to_pylist() == ["79000000001@c.us"] * 2
    assert found.table.column("no_zone").to_pylist() == [False, True]
    assert found.table.column("created_at").to_pylist() == [NOON, NOON]
    assert [row.reason for row in found.quarantined] == ["no_time"]


def test_any_message_type_is_kept_as_it_came(radist: Radist, loads: Loads) -> None:
    """Rule 8: a type that nobody has seen yet must not end the load, and must not be lost."""
    odd = message("m1", NOON) | {"message_type": "hologram", "hologram": [1, {"x": None}], "text": None}
    bare: JsonObject = {"message_id": "m2", "created_at": format_time(NOON)}
    radist.chats[1] = [odd, bare]
    assert loads.read(1).extraction.quarantined == []
    assert {key: orjson.loads(str(row["raw"])) for key, row in loads.rows().items()} == {"m1": odd, "m2": bare}


def test_a_changed_text_keeps_the_former_version(radist: Radist, loads: Loads) -> None:
    """Rule 11: Radist tells of no edit; what the client was promised first must stay known."""
    radist.chats[1] = [message("m1", NOON, "цена 100"), message("m2", NOON, "спасибо")]
    loads.read(1)
    for price in (200, 300):
        radist.chats[1][0] = message("m1", NOON, f"цена {price}")
        assert loads.read(1).counts.messages_edited == 1
    row = loads.rows()["m1"]
    assert orjson.loads(str(row["raw"]))["text"] == {"text": "цена 300"}
    earlier = as_rows(orjson.loads(str(row["earlier"])))
    assert [version["text"] for version in earlier] == [{"text": "цена 100"}, {"text": "цена 200"}]
    assert (row["edited_count"], loads.rows()["m2"]["edited_count"]) == (2, 0)
    assert loads.read(1).counts.messages_edited == 0
    assert loads.rows()["m1"] == row


def test_stamps_and_moving_links_are_no_edit_but_are_brought_up_to_date(radist: Radist, loads: Loads) -> None:
    """Rule 6: read and error stamps change later; taken for edits they would make every message look rewritten."""
    media = {"caption": "счёт", "name": "a.pdf", "size": 5, "mime_type": "application/pdf"}
    image = message("m1", NOON, message_type="file", text=None)
    radist.chats[1] = [image | {"file": media | {"url": "https://a/1"}, "read_at": None}]
    loads.read(1)
    later = format_time(NOON + timedelta(hours=30))
    radist.chats[1] = [image | {"file": media | {"url": "https://b/2"}, "read_at": later, "error_text": "x"}]
    assert loads.read(1).counts.messages_edited == 0
    row = loads.rows()["m1"]
    assert orjson.loads(str(row["raw"]))["read_at"] == later
    assert (row["edited_count"], row["earlier"]) == (0, None)


def test_a_message_that_is_edited_for_ever_does_not_fill_the_lake(radist: Radist, loads: Loads) -> None:
    for number in range(KEPT_VERSIONS + 5):
        radist.chats[1] = [message("m1", NOON, str(number))]
        loads.read(1)
    row = loads.rows()["m1"]
    earlier = as_rows(orjson.loads(str(row["earlier"])))
    assert row["edited_count"] == KEPT_VERSIONS + 4
    assert [version["text"] for version in earlier][-1] == {"text": str(KEPT_VERSIONS + 3)}
    assert len(earlier) == KEPT_VERSIONS


def test_a_vanished_message_is_flagged_and_kept_and_unflagged_when_it_returns(radist: Radist, loads: Loads) -> None:
    """Rule 11: never delete on absence. The report of yesterday must stay explainable."""
    radist.chats[1] = [message("m1", NOON), message("m2", NOON + timedelta(hours=1))]
    radist.chats[2] = [message("m3", NOON)]
    loads.read(1, 2)
    gone = radist.chats[1].pop(0)
    found = loads.read(1, now=NOW)
    assert found.counts.messages_vanished == 1
    assert found.counts.findings() == ["1 messages are no longer shown by Radist; they are kept and flagged"]
    rows = loads.rows()
    assert {key: row["vanished_at"] for key, row in rows.items()} == {"m1": NOW, "m2": None, "m3": None}
    assert orjson.loads(str(rows["m1"]["raw"])) == gone
    assert loads.read(1, now=NOW + timedelta(days=1)).counts.messages_vanished == 0
    assert loads.rows()["m1"]["vanished_at"] == NOW
    radist.chats[1].append(gone)
    loads.read(1)
    assert loads.rows()["m1"]["vanished_at"] is None


def test_a_reading_that_was_not_complete_calls_nothing_vanished(radist: Radist, loads: Loads) -> None:
    """A row that cannot be read may be the very message that seems to be missing."""
    radist.chats[1] = [message("m1", NOON)]
    loads.read(1)
    radist.chats[1] = [message("m1", NOON) | {"created_at": "soon"}]
    assert loads.read(1).counts.messages_vanished == 0
    assert loads.rows()["m1"]["vanished_at"] is None


def test_messages_of_an_overfull_instant_are_told_and_never_called_vanished(radist: Radist, loads: Loads) -> None:
    """Rule 6, the known limit: more than a page in one instant. Silence would be a wrong report."""
    crowd = [message(f"m{number:03d}", NOON) for number in range(100)]
    radist.chats[1] = crowd[:60]
    loads.read(1)
    radist.chats[1] = crowd[20:] + [message(f"n{number:03d}", NOON) for number in range(80)]
    found = loads.read(1)
    assert found.counts.instants_overfull == 1
    assert found.counts.messages_vanished == 0
    assert found.counts.findings() == ["1 instants held more messages of one chat than a page: some may be missing"]


def test_a_chat_that_radist_no_longer_knows_ends_nothing(radist: Radist, loads: Loads) -> None:
    """A deleted connection takes its chats along: one 404 must not hold back the whole company's report."""
    radist.sources = [{"connection_id": 7, "type": "whatsapp"}]
    radist.chats = {1: [message("m1", NOON)], 2: [message("m2", NOON)]}
    loads.read(1, 2)
    del radist.chats[1]
    found = loads.read(1, 2)
    assert (found.counts.chats_gone, found.counts.chats_read) == (1, 1)
    assert {key: row["vanished_at"] for key, row in loads.rows().items()} == {"m1": None, "m2": None}


def test_a_wrong_company_is_not_taken_for_chats_that_are_gone(radist: Radist) -> None:
    with serve(radist.app()) as url:
        foreign = RadistClient(url, SecretStr("k"), 5, tenant="demo", allow_sandbox=True, limiter=TokenBucket(10_000))
        with foreign, pytest.raises(IntegrationError) as caught:
            read_messages(foreign, listing(1, 2), WINDOW, now=NOW)
    assert caught.value.code == "radist.not_found"


def test_an_unchanged_day_read_again_gives_the_same_bytes(radist: Radist, loads: Loads) -> None:
    radist.chats[1] = [message("m1", NOON, "a"), message("m2", NOON), message("m3", NOON)]
    loads.read(1)
    radist.chats[1] = [message("m1", NOON, "b"), message("m2", NOON)]
    loads.read(1)
    before = loads.files()
    loads.read(1, now=NOW + timedelta(days=3))
    assert loads.files() == before


def test_days_that_an_older_version_stored_can_be_read_again(radist: Radist, loads: Loads) -> None:
    """Files of the time before versions were kept lack the new columns: they must neither fail nor look edited."""
    radist.chats[1] = [message("m1", NOON, "a")]
    table = loads.read(1).extraction.table
    new = ["content_hash", "edited_count", "earlier", "vanished_at"]
    for day in WINDOW.days:
        path = loads.lake.path(RADIST_MESSAGES, "demo", day)
        rows = loads.lake.read_days(RADIST_MESSAGES, "demo", [day]).drop_columns([*new, DAY_COLUMN])
        pq.write_table(rows, str(path))
    radist.chats[1] = [message("m1", NOON, "b")]
    assert loads.read(1).counts.messages_edited == 0
    assert loads.rows()["m1"]["content_hash"] not in (None, table.column("content_hash").to_pylist()[0])


# Which chats are read --------------------------------------------------------------------------------------------


def test_a_chat_that_seems_to_have_ended_just_before_the_days_is_read_too(radist: Radist, loads: Loads) -> None:
    """Rule 6, overlap: nobody knows what moves the time of activity; a lagging one would hide a whole chat."""
    just_before, long_before = WINDOW.start - timedelta(minutes=59), WINDOW.start - timedelta(minutes=61)
    chats = pa.concat_tables([listing(1), listing(2, at=just_before), listing(3, at=long_before)])
    assert ChatChoice().of(chats, WINDOW, StoredMessages.none()) == [1, 2]


def test_a_refresh_of_touched_chats_reads_them_and_what_moved_unnoticed_and_no_more(
    radist: Radist, loads: Loads
) -> None:
    """Rule 15: a lost webhook must cost nothing, and a touched chat is read before the listing shows it."""
    radist.chats = {number: [message(f"m{number}", NOON)] for number in (1, 2, 3, 4)}
    loads.read(1, 2, 3)
    radist.asked.clear()
    moved = pa.concat_tables([listing(1, 2), listing(3, at=NOON + timedelta(seconds=1))])
    light = loads.lake.read_days(RADIST_MESSAGES, "demo", WINDOW.days)
    choice = ChatChoice(hinted=frozenset({2, 4}), only_moved=True)
    read_messages(loads.client, moved, WINDOW, now=NOW, stored=StoredMessages.of(light), choice=choice)
    assert sorted(radist.asked) == [2, 3, 4]


# Connections -----------------------------------------------------------------------------------------------------

TODAY = WINDOW.day_of(NOW)


def read_connections_of(
    client: RadistClient, known: pa.Table, now: datetime = NOW
) -> tuple[dict[int, JsonObject], pa.Table, str]:
    sources = read_sources(client, WINDOW).table
    found = read_connections(client, sources, known, WINDOW, now)
    table = RADIST_CONNECTIONS.cast(found.extraction.table)
    rows = {row["id"]: row for row in table.to_pylist()}
    return rows, table, found.finding.code if found.finding else ""


def test_connections_are_kept_without_their_params_and_without_crm(radist: Radist, client: RadistClient) -> None:
    """Rule 12: `params` hold a secret token, and CRM connections are mixed into the list."""
    radist.sources = [{"connection_id": 7, "type": "whatsapp"}]
    radist.connections = [
        {"id": 7, "type": "whatsapp", "params": {"radist_token": "secret-4711", "phone": "79000000001"}},
        {"id": 8, "type": "telegram_personal", "params": {}},
        {"id": 9, "type": "amocrm", "params": {"domain": "example.amocrm.ru"}},
    ]
    rows, table, finding = read_connections_of(client, RADIST_CONNECTIONS.empty())
    assert {key: row["type"] for key, row in rows.items()} == {7: "whatsapp", 8: "telegram_personal"}
    assert all(
        (row["first_seen_on"], row["last_seen_on"], row["vanished_on"]) == (TODAY, TODAY, None) for row in rows.values()
    )
    assert "4711" not in str(table.to_pylist())
    assert finding == ""


def test_a_connection_that_disappears_is_flagged_with_the_day_and_kept(radist: Radist, client: RadistClient) -> None:
    """Rule 11: its history is gone at Radist, so what is stored is the only copy."""
    radist.connections = [{"id": 7, "type": "waba"}, {"id": 8, "type": "max_personal"}]
    _, known, _ = read_connections_of(client, RADIST_CONNECTIONS.empty())
    radist.connections = [{"id": 8, "type": "max_personal"}]
    tomorrow, later = NOW + timedelta(days=1), NOW + timedelta(days=4)
    _, known, _ = read_connections_of(client, known, tomorrow)
    rows, known, _ = read_connections_of(client, known, later)
    assert (rows[7]["first_seen_on"], rows[7]["last_seen_on"], rows[7]["type"]) == (TODAY, TODAY, "waba")
    assert rows[7]["vanished_on"] == TODAY + timedelta(days=1)
    assert (rows[8]["last_seen_on"], rows[8]["vanished_on"]) == (TODAY + timedelta(days=4), None)
    radist.connections.append({"id": 7, "type": "waba"})
    rows, _, _ = read_connections_of(client, known, later)
    assert (rows[7]["first_seen_on"], rows[7]["vanished_on"]) == (TODAY, None)


def test_a_key_without_the_scope_reads_on_and_calls_nothing_vanished(radist: Radist, client: RadistClient) -> None:
    """Rule 3: 403 names the scope; the rest of the load needs only `messaging`."""
    radist.sources = [{"connection_id": 7, "type": "whatsapp"}, {"connection_id": 6, "type": "vk"}]
    radist.connections = [{"id": 7, "type": "whatsapp"}, {"id": 8, "type": "telegram_bot"}]
    _, known, _ = read_connections_of(client, RADIST_CONNECTIONS.empty())
    radist.forbidden.add("connections")
    rows, _, finding = read_connections_of(client, known, NOW + timedelta(days=1))
    assert finding == "radist.forbidden"
    assert {key: (row["last_seen_on"], row["vanished_on"]) for key, row in rows.items()} == {
        6: (TODAY + timedelta(days=1), None),
        7: (TODAY + timedelta(days=1), None),
        8: (TODAY, None),
    }


def test_what_both_lists_leave_out_is_needed_to_call_a_connection_gone(radist: Radist, client: RadistClient) -> None:
    """`/connections/` may be paged in a way nobody has documented: a channel that is listed is there."""
    radist.sources = [{"connection_id": 7, "type": "whatsapp"}]
    radist.connections = [{"id": 7, "type": "whatsapp"}]
    _, known, _ = read_connections_of(client, RADIST_CONNECTIONS.empty())
    radist.connections = []
    rows, _, _ = read_connections_of(client, known)
    assert rows[7]["vanished_on"] is None


def test_messages_of_a_vanished_connection_are_frozen_not_flagged(radist: Radist, loads: Loads) -> None:
    """Rule 11: Radist answers for such chats with nothing; thousands of flags would hide the one that matters."""
    raws = {1: {"chat": {"connection_id": 7}}, 2: {"chat": {"connection_id": 8}}}
    chats = RADIST_CHATS.from_rows(
        [
            {"id": key, "source_updated_at": NOON, "is_deleted": False, "raw": orjson.dumps(raw).decode()}
            for key, raw in raws.items()
        ]
    )
    frozen = chats_of([7], chats)
    assert frozen == {1}
    radist.chats = {1: [message("m1", NOON)], 2: [message("m2", NOON)]}
    loads.read(1, 2)
    radist.chats = {1: [], 2: []}
    found = loads.read(1, 2, choice=ChatChoice(frozen=frozen))
    assert (found.counts.chats_frozen, found.counts.messages_vanished) == (1, 1)
    assert {key: row["vanished_at"] for key, row in loads.rows().items()} == {"m1": None, "m2": NOW}
