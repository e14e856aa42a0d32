"""Radist rows on their way to the lake: chats by their last activity, messages under the integer id of their chat."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from synkro_assets.dialogs.extract import extract_chats, extract_messages
from synkro_resources.http.jsonvalues import JsonObject
from synkro_resources.model.tables.raw import RADIST_CHATS, RADIST_MESSAGES
from synkro_resources.model.tables.schema import DAY_COLUMN
from synkro_resources.model.window import TenantWindow
from synkro_resources.radist import ChatPair
from synkro_resources.radist.times import format_time

WINDOW = TenantWindow("demo", "Asia/Yekaterinburg", date(2026, 11, 18), date(2026, 11, 19))


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


def test_the_two_chat_ids_are_kept_apart_and_times_without_zone_are_marked() -> None:
    at = WINDOW.start + timedelta(hours=2)
    row: JsonObject = {"message_id": "m1", "chat_id": "79000000001@c.us", "created_at": format_time(at)}
    naive = row | {"message_id": "m2", "created_at": at.replace(tzinfo=None).isoformat()}
    outside = row | {"message_id": "m3", "created_at": format_time(WINDOW.end)}
    found = extract_messages([(37, row), (37, row), (37, naive), (37, outside), (37, {"message_id": "m4"})], WINDOW)
    assert found.table.column("message_id").to_pylist() == ["m1", "m2"]
    assert found.table.column("chat_id").to_pylist() == [37, 37]
    assert found.table.column("source_chat_id").to_pylist() == ["79000000001@c.us"] * 2
    assert found.table.column("no_zone").to_pylist() == [False, True]
    assert found.table.column("created_at").to_pylist() == [at, at]
    assert (found.seen, found.repeated, found.outside, len(found.quarantined)) == (5, 1, 1, 1)
    assert RADIST_MESSAGES.cast(found.table).num_rows == 2
