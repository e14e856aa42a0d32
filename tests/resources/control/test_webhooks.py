"""What a webhook leaves behind is a chat's number and a count, forgotten when the run that took it has succeeded."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synkro_resources.control.database import Database
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.webhooks import (
    LATEST,
    QUIET,
    Hint,
    TakenHints,
    add_webhook,
    are_due,
    forget_hints,
    list_webhooks,
    name_webhook,
    note_event,
    pending_hints,
    remove_webhook,
)
from synkro_resources.model.clock import FixedClock
from synkro_resources.radist.events import UNKNOWN_CHAT, chat_of_event
from tests.control_fixtures import NOON

SECOND = timedelta(seconds=1)


@pytest.fixture
def address(control_db: Database, tenant_a: Tenant, control_clock: FixedClock) -> str:
    secret = secrets.token_urlsafe(32)
    add_webhook(control_db, tenant_a.slug, secret, 1701, actor="cli", clock=control_clock)
    return secret


def test_events_of_one_chat_become_one_hint(
    control_db: Database, tenant_a: Tenant, control_clock: FixedClock, address: str
) -> None:
    """Rule 15: duplicates and replays cost a counter, not a reading each."""
    for chat_id in (37, 37, 38, 37):
        assert note_event(control_db, tenant_a.slug, address, chat_id, control_clock)
        control_clock.move(SECOND)
    assert pending_hints(control_db, tenant_a.slug) == [
        Hint(37, 3, NOON, NOON + 3 * SECOND),
        Hint(38, 1, NOON + 2 * SECOND, NOON + 2 * SECOND),
    ]
    assert list_webhooks(control_db, tenant_a.slug)[0].last_event_at == NOON + 3 * SECOND


def test_a_strangers_address_writes_nothing(
    control_db: Database, tenant_a: Tenant, tenant_b: Tenant, control_clock: FixedClock, address: str
) -> None:
    """The secret is the only proof, and it proves one tenant only."""
    assert not note_event(control_db, tenant_a.slug, secrets.token_urlsafe(32), 37, control_clock)
    assert not note_event(control_db, tenant_b.slug, address, 37, control_clock)
    assert not note_event(control_db, "no-such-tenant", address, 37, control_clock)
    assert pending_hints(control_db, tenant_a.slug) == []
    assert pending_hints(control_db, tenant_b.slug) == []


def test_the_secret_itself_is_not_stored(control_db: Database, tenant_a: Tenant, address: str) -> None:
    assert address not in str(list_webhooks(control_db, tenant_a.slug))


def test_a_removed_address_is_a_strangers_and_takes_the_hints_along(
    control_db: Database, tenant_a: Tenant, control_clock: FixedClock, address: str
) -> None:
    note_event(control_db, tenant_a.slug, address, 37, control_clock)
    [hook] = list_webhooks(control_db, tenant_a.slug)
    name_webhook(control_db, tenant_a.slug, hook.path_hash, "w-1")
    assert list_webhooks(control_db, tenant_a.slug)[0].webhook_id == "w-1"
    remove_webhook(control_db, tenant_a.slug, hook.path_hash, actor="cli", clock=control_clock)
    assert not note_event(control_db, tenant_a.slug, address, 37, control_clock)
    assert pending_hints(control_db, tenant_a.slug) == []


def test_events_during_the_run_outlive_it(
    control_db: Database, tenant_a: Tenant, control_clock: FixedClock, address: str
) -> None:
    """A message that came after its chat was read would otherwise wait for the next whole load."""
    for chat_id in (37, 38):
        note_event(control_db, tenant_a.slug, address, chat_id, control_clock)
    control_clock.move(SECOND)
    note_event(control_db, tenant_a.slug, address, 38, control_clock)
    taken = pending_hints(control_db, tenant_a.slug)
    control_clock.move(SECOND)
    note_event(control_db, tenant_a.slug, address, 38, control_clock)
    left = [Hint(38, 1, NOON + SECOND, NOON + 2 * SECOND)]
    for _ in range(2):  # a crash between the two steps of the saga repeats it
        forget_hints(control_db, tenant_a.slug, taken)
        assert pending_hints(control_db, tenant_a.slug) == left


def test_an_event_at_the_very_instant_of_the_taken_one_is_not_lost(
    control_db: Database, tenant_a: Tenant, control_clock: FixedClock, address: str
) -> None:
    note_event(control_db, tenant_a.slug, address, 37, control_clock)
    taken = pending_hints(control_db, tenant_a.slug)
    note_event(control_db, tenant_a.slug, address, 37, control_clock)
    forget_hints(control_db, tenant_a.slug, taken)
    assert [hint.chat_id for hint in pending_hints(control_db, tenant_a.slug)] == [37]


def test_a_late_or_unclear_clock_never_moves_a_hint_back(
    control_db: Database, tenant_a: Tenant, control_clock: FixedClock, address: str
) -> None:
    """Several processes write hints, and their clocks differ by moments."""
    note_event(control_db, tenant_a.slug, address, 37, control_clock)
    control_clock.move(-SECOND)
    note_event(control_db, tenant_a.slug, address, 37, control_clock)
    assert pending_hints(control_db, tenant_a.slug)[0].last_at == NOON


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), min_size=1, max_size=5), st.integers(0, 400))
def test_a_reading_waits_for_quiet_and_never_longer_than_two_minutes(spans: list[tuple[int, int]], after: int) -> None:
    hints = [
        Hint(number, 1, NOON + first * SECOND, NOON + (first + length) * SECOND)
        for number, (first, length) in enumerate(spans)
    ]
    first, last = min(hint.first_at for hint in hints), max(hint.last_at for hint in hints)
    now = last + after * SECOND
    assert are_due(hints, now) == (now - last >= QUIET or now - first >= LATEST)
    assert are_due(hints, first + LATEST) or last > first + LATEST
    assert not are_due([], now)


def test_taken_hints_survive_the_plan_of_their_request() -> None:
    taken = TakenHints((Hint(37, 2, NOON, NOON + SECOND), Hint(38, 1, NOON, NOON)))
    assert TakenHints.of_plan({"stages": [], "hints": taken.to_json()}) == taken
    assert (taken.chat_ids, taken.say_which_chats) == ({37, 38}, True)
    unknown = TakenHints((Hint(UNKNOWN_CHAT, 1, NOON, NOON),))
    assert (unknown.chat_ids, unknown.say_which_chats) == (frozenset(), False)
    assert TakenHints.of_plan({"stages": []}) == TakenHints()


def event(**of_event: object) -> dict[str, object]:
    return {"event_type": "messages.create", "event": of_event}


@pytest.mark.parametrize(
    ("body", "chat"),
    [
        (event(chat_id=37000001, message={"chat_id": "79000000001@c.us"}, new_key=[1]), 37000001),
        (event(message={"message_id": "m1", "chat_id": "79000000001@c.us"}), UNKNOWN_CHAT),
        (event(chat_id="79000000001@c.us"), UNKNOWN_CHAT),
        (event(chat_id=True), UNKNOWN_CHAT),
        (event(chat_id=-5), UNKNOWN_CHAT),
        (event(chat_id=10**30), UNKNOWN_CHAT),
        ({"event": {"chat_id": 37}}, None),
        ({"event_type": "messages.create"}, None),
        ({"event_type": "messages.create", "event": [37]}, None),
        ([], None),
        (None, None),
        ("text", None),
    ],
)
def test_only_the_outer_whole_number_names_a_chat(body: object, chat: int | None) -> None:
    """Rules 4 and 15: the messenger's id inside the message holds a phone and is another kind of id."""
    assert chat_of_event(body) == chat
