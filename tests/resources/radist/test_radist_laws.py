"""Laws of reading Radist, for any arrangement of times and any change while paging: nothing that was there is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synkro_resources.http.jsonvalues import as_object
from synkro_resources.model.errors import IntegrationError, Sentence, SynkroError
from synkro_resources.radist import paging
from synkro_resources.radist.paging import read_chats, read_messages
from synkro_resources.radist.times import format_time, instant_of, parse_time
from tests.resources.radist.server_model import ChatServer, Form, MessageServer, Written, newest, written

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
END = START + timedelta(minutes=2)

forms: st.SearchStrategy[Form] = st.sampled_from(["radist", "no_zone", "offset"])
offsets = st.one_of(
    st.integers(-10, 130).map(lambda second: timedelta(seconds=second)),
    st.integers(0, 12).map(lambda second: timedelta(seconds=60 + second // 4)),  # crowds of whole seconds
    st.integers(-3, 3).map(lambda micro: timedelta(seconds=60, microseconds=micro)),
    st.integers(0, 5).map(lambda milli: timedelta(seconds=61, milliseconds=milli)),
)


def refuse(detail: str) -> SynkroError:
    return IntegrationError("radist.bad_answer", Sentence("", ""), Sentence("", ""), detail=detail)


def arrives(message: Written) -> Callable[[MessageServer], None]:
    return lambda server: server.messages.append(message)


def is_edited(place: int) -> Callable[[MessageServer], None]:
    def change(server: MessageServer) -> None:
        if server.messages:
            server.messages[place % len(server.messages)].text = "edited"

    return change


def vanishes(place: int) -> Callable[[MessageServer], None]:
    def change(server: MessageServer) -> None:
        if server.messages:
            del server.messages[place % len(server.messages)]

    return change


changes = st.lists(
    st.one_of(
        st.builds(lambda number, at: ("arrives", number, at), st.integers(0, 99), offsets),
        st.builds(lambda place: ("edited", place, timedelta()), st.integers(0, 99)),
        st.builds(lambda place: ("vanishes", place, timedelta()), st.integers(0, 99)),
    ),
    max_size=8,
)


def as_change(number: int, kind: str, value: int, at: timedelta) -> Callable[[MessageServer], None]:
    match kind:
        case "arrives":
            return arrives(Written(f"new{number}-{value}", START + at))
        case "edited":
            return is_edited(value)
        case _:
            return vanishes(value)


@settings(max_examples=400, deadline=None)
@given(
    times=st.lists(st.tuples(offsets, forms), max_size=50),
    planned=changes,
    inclusive=st.booleans(),
    shuffled=st.booleans(),
    spare=st.integers(0, 5),
)
def test_what_existed_the_whole_time_is_read_once_whatever_happens_meanwhile(
    times: list[tuple[timedelta, Form]],
    planned: list[tuple[str, int, timedelta]],
    inclusive: bool,
    shuffled: bool,
    spare: int,
) -> None:
    """Rule 6: a bound that steps below the oldest message loses its siblings of the same second."""
    messages = [Written(f"m{number:03d}", START + at, form) for number, (at, form) in enumerate(times)]
    arriving = [START + at for kind, _, at in planned if kind == "arrives"]
    crowd = max(Counter([*(item.at for item in messages), *arriving]).values(), default=0)
    server = MessageServer(
        messages,
        limit=crowd + 1 + spare,
        inclusive=inclusive,
        shuffled=shuffled,
        changes=[as_change(number, *change) for number, change in enumerate(planned)],
    )
    before = {item.message_id: item.at for item in messages}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paging, "PAGE", server.limit)
        found = read_messages(server.page, START, END, refuse)
    ids = [str(row["message_id"]) for row in found.rows]
    stayed = {item.message_id for item in server.messages} & before.keys()
    inside = {message_id for message_id, at in before.items() if START <= at < END}
    assert len(ids) == len(set(ids))
    assert stayed & inside <= set(ids)
    assert {message_id for message_id in ids if message_id in before} <= inside
    read_at = [instant_of(row["created_at"]) for row in found.rows]
    assert all(at is not None and START <= at < END for at in read_at)
    assert read_at == sorted(read_at, key=lambda at: at or START)
    assert found.is_complete
    assert found.overfull == frozenset()


@settings(max_examples=200, deadline=None)
@given(crowd=st.integers(0, 12), below=st.integers(0, 12), above=st.integers(0, 12), inclusive=st.booleans())
def test_an_instant_with_more_messages_than_a_page_is_told_and_never_passes_for_complete(
    crowd: int, below: int, above: int, inclusive: bool
) -> None:
    """Rule 6, the known limit: such messages cannot be paged. They may be missing, but somebody must learn of it."""
    limit, at = 5, START + timedelta(seconds=60)
    messages = [Written(f"c{number}", at) for number in range(crowd)]
    messages += [Written(f"b{number}", at - timedelta(seconds=1 + number)) for number in range(below)]
    messages += [Written(f"a{number}", at + timedelta(seconds=1 + number)) for number in range(above)]
    server = MessageServer(messages, limit=limit, inclusive=inclusive)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paging, "PAGE", limit)
        found = read_messages(server.page, START, END, refuse)
    ids = {str(row["message_id"]) for row in found.rows}
    lost = {item.message_id for item in messages} - ids
    assert all(message_id.startswith("c") for message_id in lost)
    assert found.overfull <= {at}
    if lost:
        assert found.overfull == {at}
    if crowd < limit:
        assert found.overfull == frozenset()


def test_a_page_full_of_the_newest_instant_outside_the_span_is_no_finding() -> None:
    """Without this every span that ends in a busy second would be called incomplete."""
    crowd = [Written(f"c{number:03d}", END) for number in range(250)]
    inside = [Written("m1", END - timedelta(seconds=1))]
    found = read_messages(MessageServer(crowd + inside, limit=100, inclusive=True).page, START, END, refuse)
    assert [row["message_id"] for row in found.rows] == ["m1"]
    assert found.overfull == frozenset()


def test_a_vendor_that_cuts_the_bound_to_milliseconds_loses_no_sibling() -> None:
    """A bound of one microsecond above the oldest message would then be the instant itself, and exclusive."""
    at = START + timedelta(seconds=60)
    messages = [Written(f"s{number:03d}", at) for number in range(70)]
    messages += [Written(f"f{number:03d}", at + timedelta(milliseconds=5 + number)) for number in range(100)]
    server = MessageServer(messages, limit=100, inclusive=False)

    def cut(until: datetime) -> datetime:
        return until.replace(microsecond=until.microsecond // 1000 * 1000)

    found = read_messages(lambda until: server.page(cut(until)), START, END, refuse)
    assert len(found.rows) == 170
    assert found.overfull == frozenset()


def test_an_edited_message_is_kept_as_it_was_read_last() -> None:
    """Rule 6: the pages overlap, and the later page knows better."""
    messages = [Written(f"m{number:03d}", START + timedelta(seconds=number // 2)) for number in range(120)]
    server = MessageServer(messages, limit=100, inclusive=True, changes=[is_edited(21)])
    found = read_messages(server.page, START, END, refuse)
    texts = {row["message_id"]: as_object(row["text"])["text"] for row in found.rows}
    assert texts["m021"] == "edited"


@settings(max_examples=300, deadline=None)
@given(
    count=st.integers(0, 40),
    limit=st.integers(1, 7),
    moves=st.lists(st.integers(1, 45), max_size=25),
    last_cursor=st.sampled_from([None, ""]),
    repeats=st.booleans(),
)
def test_the_list_of_chats_is_complete_however_it_re_orders_and_ends(
    count: int, limit: int, moves: list[int], last_cursor: str | None, repeats: bool
) -> None:
    """Rule 5: offsets slide while chats speak; the end is a falsy or a repeated cursor."""
    server = ChatServer(
        {chat_id: -chat_id for chat_id in range(1, count + 1)}, limit, last_cursor, repeats, moves=list(moves)
    )
    found = newest(read_chats(server.page))
    ids = [pair.chat["chat_id"] for pair in found]
    assert len(ids) == len({str(chat_id) for chat_id in ids})
    # A chat that spoke after the first page was read again belongs to the next pass; all others must be there.
    assert set(range(1, count + 1)) - set(moves) <= {int(str(chat_id)) for chat_id in ids}
    assert server.requests <= 2 * (count // limit + 2) + 1


@settings(max_examples=200, deadline=None)
@given(count=st.integers(1, 30), limit=st.integers(1, 7), moves=st.lists(st.integers(1, 30), max_size=4))
def test_each_chat_is_kept_in_the_newest_state_that_was_shown(count: int, limit: int, moves: list[int]) -> None:
    """Rule 5, upsert: an old copy of a chat on a later page must not replace the newer one."""
    server = ChatServer({chat_id: -chat_id for chat_id in range(1, count + 1)}, limit, moves=list(moves))
    shown: dict[int, datetime] = {}

    def page(cursor: str | None) -> paging.ChatsPage:
        answer = server.page(cursor)
        for pair in paging.pairs_of(answer.contacts):
            chat_id, at = int(str(pair.chat["chat_id"])), pair.last_activity
            assert at is not None
            shown[chat_id] = max(at, shown.get(chat_id, at))
        return answer

    assert {pair.chat["chat_id"]: pair.last_activity for pair in newest(read_chats(page))} == shown


instants = st.timedeltas(timedelta(days=-9000), timedelta(days=9000)).map(lambda apart: START + apart)
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(instants, forms)
def test_every_form_of_a_time_is_read_as_the_same_instant(at: datetime, form: Form) -> None:
    """Rule 7: three forms occur; no zone means UTC and is counted."""
    assert parse_time(written(at, form)) == (at, form == "no_zone")


@given(instants, zones)
def test_an_offset_changes_nothing_but_the_writing(at: datetime, zone: timezone) -> None:
    assert parse_time(at.astimezone(zone).isoformat()) == (at, False)


@given(instants, instants, forms, forms)
def test_times_are_ordered_as_instants_in_whatever_form(
    one: datetime, other: datetime, form: Form, other_form: Form
) -> None:
    """Rule 7: as text `…06.03Z` sorts before `…06Z`."""
    first, second = instant_of(written(one, form)), instant_of(written(other, other_form))
    assert first is not None
    assert second is not None
    assert (first < second) == (one < other)


@given(instants)
def test_whole_seconds_and_the_same_with_a_fraction_are_one_instant(at: datetime) -> None:
    whole = at.replace(microsecond=0)
    assert parse_time(format_time(whole).replace("Z", ".000000Z")) == parse_time(format_time(whole)) == (whole, False)


@given(st.one_of(st.text(max_size=30), st.integers(), st.none(), st.booleans(), st.lists(st.integers(), max_size=2)))
def test_no_value_whatever_makes_the_reader_raise(value: object) -> None:
    """Rule 8: an odd time is put aside, it does not end the load."""
    parsed = parse_time(value)
    assert parsed is None or parsed[0].tzinfo is UTC
