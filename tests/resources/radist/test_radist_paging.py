"""Radist's moving lists against a model of the server: no sibling of a second and no chat is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synkro_resources.http.jsonvalues import JsonObject
from synkro_resources.model.errors import IntegrationError, Sentence, SynkroError
from synkro_resources.radist import paging
from synkro_resources.radist.channels import channel_of, is_messenger
from synkro_resources.radist.paging import ChatPair, ChatsPage, read_chats, read_messages
from synkro_resources.radist.times import format_time, instant_of, parse_time
from tests.resources.radist.server_model import newest

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
END = START + timedelta(minutes=5)


def refuse(detail: str) -> SynkroError:
    return IntegrationError("radist.bad_answer", Sentence("", ""), Sentence("", ""), detail=detail)


def message(number: int, at: datetime) -> JsonObject:
    return {"message_id": f"m{number:05d}", "created_at": format_time(at), "direction": "inbound"}


def history(messages: list[JsonObject], *, included: bool, limit: int) -> Callable[[datetime], list[JsonObject]]:
    def page(bound: datetime) -> list[JsonObject]:
        timed = [(time, row) for row in messages if (time := instant_of(row["created_at"])) is not None]
        below = [(time, row) for time, row in timed if time < bound or (included and time == bound)]
        return [row for _, row in sorted(below, key=lambda item: item[0], reverse=True)[:limit]]

    return page


offsets = st.one_of(
    st.integers(-30, 330).map(lambda second: timedelta(seconds=second)),
    st.integers(-5, 20).map(lambda milli: timedelta(seconds=60, milliseconds=milli)),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(offsets, max_size=60), st.booleans(), st.integers(0, 6))
def test_siblings_of_one_second_survive_every_page_border(times: list[timedelta], included: bool, spare: int) -> None:
    messages = [message(number, START + offset) for number, offset in enumerate(times)]
    most_at_once = max((times.count(offset) for offset in times), default=0)
    limit = most_at_once + 1 + spare
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paging, "PAGE", limit)
        found = read_messages(history(messages, included=included, limit=limit), START, END, refuse).rows
    wanted = [(START + offset, f"m{number:05d}") for number, offset in enumerate(times)]
    assert [row["message_id"] for row in found] == [key for time, key in sorted(wanted) if START <= time < END]


def test_more_than_a_page_in_one_instant_ends_and_reads_what_lies_below(caplog: pytest.LogCaptureFixture) -> None:
    crowd = [message(number, START + timedelta(seconds=60)) for number in range(150)]
    early = [message(1000 + number, START + timedelta(seconds=number)) for number in range(10)]
    found = read_messages(history(crowd + early, included=True, limit=100), START, END, refuse)
    assert len(found.rows) == 110
    assert found.overfull == {START + timedelta(seconds=60)}
    assert "full of one instant" in caplog.text


def test_times_are_compared_as_instants_not_as_text() -> None:
    whole = message(2, START + timedelta(seconds=6))
    fraction = message(1, START + timedelta(seconds=6, milliseconds=30))
    found = read_messages(history([fraction, whole], included=True, limit=100), START, END, refuse)
    assert [row["message_id"] for row in found.rows] == ["m00002", "m00001"]


def test_a_vendor_that_ignores_the_bound_does_not_keep_us_for_ever() -> None:
    newest = [message(number, END + timedelta(seconds=number + 2)) for number in range(100)]
    with pytest.raises(IntegrationError):
        read_messages(lambda _bound: newest, START, END, refuse)


def test_an_odd_message_is_handed_on_once() -> None:
    odd: JsonObject = {"message_id": None, "created_at": "yesterday"}
    found = read_messages(lambda _bound: [odd, message(1, START), odd], START, END, refuse)
    assert found.rows == [message(1, START), odd]
    assert not found.is_complete


def contact(chat_id: int, active: int) -> JsonObject:
    at = format_time(START + timedelta(seconds=active))
    return {
        "contact_id": chat_id * 10,
        "last_chat_updated_at": at,
        "chats": [{"chat_id": chat_id, "last_message": None}],
    }


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 40),
    st.integers(1, 7),
    st.lists(st.integers(1, 40), max_size=15),
    st.sampled_from([None, ""]),
)
def test_chats_that_move_to_the_top_while_being_listed_are_not_lost(
    count: int, limit: int, moves: list[int], last_cursor: str | None
) -> None:
    """Pages are offsets into the present order, as they were believed to be; each request one chat may speak."""
    active = {chat_id: -chat_id for chat_id in range(1, count + 1)}
    planned = list(moves)

    def page(cursor: str | None) -> ChatsPage:
        offset = int(cursor or 0)
        order = sorted(active, key=lambda chat_id: -active[chat_id])
        chosen = [contact(chat_id, active[chat_id]) for chat_id in order[offset : offset + limit]]
        if planned and (moved := planned.pop(0)) in active:
            active[moved] = 1000 - len(planned)
        return ChatsPage(chosen, str(offset + limit) if offset + limit < len(order) else last_cursor)

    found = newest(read_chats(page))
    chat_ids = [pair.chat["chat_id"] for pair in found]
    assert len(chat_ids) == len(set(map(str, chat_ids)))
    # Whoever spoke after the repeated first page was read belongs to the next pass; the others must all be there.
    assert set(range(1, count + 1)) - set(moves) <= {int(str(chat_id)) for chat_id in chat_ids}


def test_a_chat_that_spoke_while_being_listed_is_kept_in_its_newest_state() -> None:
    pages = iter(
        [ChatsPage([contact(1, 5)], "next"), ChatsPage([contact(2, 4)], None), ChatsPage([contact(1, 9)], None)]
    )
    found = newest(read_chats(lambda _cursor: next(pages)))
    assert {pair.chat["chat_id"]: pair.last_activity for pair in found} == {
        1: START + timedelta(seconds=9),
        2: START + timedelta(seconds=4),
    }


def test_a_cursor_that_comes_twice_ends_the_list() -> None:
    asked: list[str | None] = []

    def page(cursor: str | None) -> ChatsPage:
        asked.append(cursor)
        return ChatsPage([contact(1, 5)], "again")

    assert len(newest(read_chats(page))) == 1
    assert asked == [None, "again", None]


def test_the_last_activity_is_the_later_of_message_and_contact() -> None:
    late, early = "2026-11-20T09:15:02.5Z", "2026-11-20T09:15:02Z"
    assert ChatPair({"last_chat_updated_at": early}, {"last_message": {"created_at": late}}).last_activity == datetime(
        2026, 11, 20, 9, 15, 2, 500000, tzinfo=UTC
    )
    assert ChatPair({}, {"last_message": None}).last_activity is None


@pytest.mark.parametrize(
    ("text", "no_zone"),
    [
        ("2026-11-20T09:15:02Z", False),
        ("2026-11-20T09:15:02.000000Z", False),
        ("2026-11-20T14:15:02+05:00", False),
        ("2026-11-20T09:15:02", True),
        ("2026-11-20 09:15:02.0", True),
    ],
)
def test_all_time_forms_are_the_same_instant(text: str, no_zone: bool) -> None:
    assert parse_time(text) == (datetime(2026, 11, 20, 9, 15, 2, tzinfo=UTC), no_zone)


@pytest.mark.parametrize("value", [None, 5, "", "yesterday", "2026-13-01T00:00:00Z"])
def test_what_is_no_time_is_none(value: object) -> None:
    assert parse_time(value) is None


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_survives_being_written_and_read(instant: datetime) -> None:
    assert parse_time(format_time(instant)) == (instant, False)


def test_crm_connections_are_no_messengers() -> None:
    assert not is_messenger("amocrm")
    assert not is_messenger("bitrix")
    assert is_messenger("telegram_personal")
    assert channel_of("waba") == "whatsapp"
    assert channel_of("max_personal") == "max"
