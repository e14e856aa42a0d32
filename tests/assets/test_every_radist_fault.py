"""Whatever Radist does, a load ends with exactly the messages there are, or stops with words and loses nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from pydantic import SecretStr

from synkro_resources.http import CircuitBreaker, RetryPolicy, TokenBucket
from synkro_resources.model.errors import IntegrationError, PermanentError, SynkroError, TransientError
from synkro_resources.model.tables.raw import RADIST_CHATS, RADIST_MESSAGES
from synkro_resources.model.window import TenantWindow
from synkro_resources.radist import RadistClient
from synkro_resources.radist.times import instant_of
from synkro_resources.sandbox.credentials import RADIST_COMPANY_ID
from synkro_resources.sandbox.radist.switches import Fault, RadistSwitches
from synkro_resources.sandbox.world.build import build_world
from synkro_resources.sandbox.world.model import World
from tests.assets.source_loads import RADIST_TABLES, LakeCopy, load_radist
from tests.grids import in_turn
from tests.resources.sandbox.faults import ServedRadist, radist_sandbox

pytestmark = pytest.mark.xdist_group("radist-faults")

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
BEFORE = TenantWindow("demo", "Asia/Yekaterinburg", date(2026, 11, 12), date(2026, 11, 17))
WINDOW = TenantWindow("demo", "Asia/Yekaterinburg", date(2026, 11, 18), date(2026, 11, 20))

REFUSED, AGAIN, WRONG = IntegrationError, TransientError, PermanentError
FAULTS: dict[Fault, tuple[str, type[SynkroError]] | None] = {
    "401": ("radist.key_refused", REFUSED),
    "403_scope": ("radist.forbidden", REFUSED),
    "404": ("radist.not_found", REFUSED),
    "422": ("radist.bad_request", WRONG),
    "429": ("radist.rate_limited", AGAIN),
    "429_retry_after": ("radist.rate_limited", AGAIN),
    "429_long": ("radist.rate_limited", AGAIN),
    "429_date": ("radist.rate_limited", AGAIN),
    "429_html": ("radist.rate_limited", AGAIN),
    "500": ("radist.unavailable", AGAIN),
    "500_html": ("radist.unavailable", AGAIN),
    "502_empty": ("radist.unavailable", AGAIN),
    "503": ("radist.unavailable", AGAIN),
    "504_html": ("radist.unavailable", AGAIN),
    "200_html": ("radist.bad_answer", AGAIN),
    "200_empty": ("radist.bad_answer", AGAIN),
    "200_null": ("radist.bad_answer", AGAIN),
    "bad_json": ("radist.bad_answer", AGAIN),
    "bad_utf8": ("radist.bad_answer", AGAIN),
    "oversized": ("radist.answer_too_large", WRONG),
    "cut": ("radist.bad_answer", AGAIN),
    "slow": None,
    "silent": ("radist.unreachable", AGAIN),
    "reset": ("radist.unreachable", AGAIN),
    "reset_body": ("radist.unreachable", AGAIN),
    "lost_response": ("radist.unreachable", AGAIN),
    "redirect": ("radist.redirected", REFUSED),
}
"""What a load ends with while every request meets the fault; None: with all rows."""

TOO_SLOW: tuple[Fault, ...] = ("silent",)
"""A silent server costs the read time-out each time; `tests/resources/checks/test_frame.py` waits for one."""

EXACT: dict[str, dict[str, object]] = {
    "latency_s": {"latency_s": 0.005},
    "several_companies": {"several_companies": True},
    "last_cursor": {"last_cursor": "repeated"},
    "moving_chat": {"moving_chat": True},
    "until_is_inclusive": {"until_is_inclusive": False},
    "unordered_pages": {"unordered_pages": True},
    "slashless_to_foreign_host": {"slashless_to_foreign_host": True},
}
"""Exactly the same messages and chats."""

HIDDEN: dict[str, dict[str, object]] = {
    "gone_connections": {"gone_connections": [1703]},
    "late_s": {"late_s": 3600.0, "late_every": 2},
    "missing_scopes": {"missing_scopes": ["connections", "webhooks", "contacts"]},
    "times_without_zone": {"times_without_zone": True},
    "chat_without_messages": {"chat_without_messages": True},
}
"""The same or fewer: nothing that was stored goes, and a later load completes the rest."""

ELSEWHERE = {
    # how the faults are aimed and what they look like
    *("faults", "faults_on", "always", "fault_every", "drip_bytes", "drip_every_s", "silent_s", "oversized_bytes"),
    *("redirect_to", "retry_after_s", "retry_after_long_s", "late_every"),
    # pace: tests/resources/radist/test_radist_over_sockets.py
    *("rate_limit", "rate_limit_answer"),
    # new messages while the list is paged: tests/resources/radist/test_radist_laws.py
    "messages_while_paging",
    # media and webhooks: tests/resources/radist/test_radist_media.py, tests/assets/test_webhook_refresh.py
    *("media", "media_too_large_bytes", "webhook_delay_s", "webhook_duplicates", "webhook_lost_every"),
    *("webhook_reversed", "webhook_times_without_zone", "webhook_list", "create_chat_fails"),
}

Rows = dict[str, dict[tuple[object, ...], str]]


@dataclass
class Place:
    world: World
    sandbox: ServedRadist
    before: LakeCopy
    expected: Rows

    def load(self, place: LakeCopy, window: TenantWindow) -> None:
        with RadistClient(
            f"{self.sandbox.url}/v2",
            SecretStr(self.sandbox.secret),
            RADIST_COMPANY_ID,
            tenant="demo",
            allow_sandbox=True,
            retry=RetryPolicy(tries=4, first_s=0.001, longest_s=0.002, retry_after_cap_s=0.002),
            limiter=TokenBucket(100_000),
            breaker=CircuitBreaker(),
        ) as client:
            load_radist(client, place, window, END)

    def reset(self) -> None:
        fresh = RadistSwitches(rate_limit=False, oversized_bytes=65 * 1024 * 1024, drip_bytes=200_000)
        for field in dataclasses.fields(fresh):
            setattr(self.sandbox.switches, field.name, getattr(fresh, field.name))
        self.sandbox.oddities.clear()
        self.sandbox.log.clear()


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("faults")
    world = build_world(7, END, days=9)
    with radist_sandbox(world) as sandbox:
        place = Place(world, sandbox, LakeCopy.new(folder / "before"), {})
        place.reset()
        place.load(place.before, BEFORE)
        whole = place.before.copy(folder / "whole")
        place.load(whole, WINDOW)
        place.expected = whole.everything(RADIST_TABLES)
        yield place


@pytest.fixture
def place(loaded: Place) -> Iterator[Place]:
    loaded.reset()
    yield loaded
    assert loaded.sandbox.oddities == [], "the reader asked for what no document names"
    assert {entry.method for entry in loaded.sandbox.log.entries} <= {"GET"}


def test_the_undisturbed_loads_hold_exactly_what_was_planted(place: Place) -> None:
    planted = {
        str(row["message_id"])
        for rows in place.world.radist.messages.values()
        for row in rows
        if (at := instant_of(row["created_at"])) is not None and at >= BEFORE.start
    }
    assert {key[0] for key in place.expected[RADIST_MESSAGES.name]} == planted
    chats = {chat["chat_id"] for contact in place.world.radist.contacts for chat in contact["chats"]}
    assert {key[0] for key in place.expected[RADIST_CHATS.name]} == chats


def test_every_switch_has_an_expectation() -> None:
    assert {*EXACT, *HIDDEN, *ELSEWHERE} == {field.name for field in dataclasses.fields(RadistSwitches)}
    assert set(FAULTS) == set(get_args(Fault))


def assert_nothing_was_lost(place: Place, spoiled: LakeCopy) -> None:
    """The messages of before are all there, and a load without the fault completes the rest."""
    before = place.before.everything(RADIST_TABLES)
    for name, rows in spoiled.everything(RADIST_TABLES).items():
        assert rows.keys() >= before[name].keys(), name
    place.reset()
    place.load(spoiled, WINDOW)
    for table in (RADIST_MESSAGES, RADIST_CHATS):
        assert spoiled.rows(table).keys() >= place.expected[table.name].keys()


def assert_explained(error: SynkroError, code: str, kind: type[SynkroError]) -> None:
    assert (error.code, isinstance(error, kind)) == (code, True)
    assert (error.tenant, error.integration) == ("demo", "radist")
    assert all((error.what.ru, error.what.en, error.remedy.ru, error.remedy.en))


@pytest.mark.parametrize("fault", [name for name in get_args(Fault) if name not in TOO_SLOW])
def test_a_fault_that_stays_stops_the_load_with_words_and_loses_nothing(
    place: Place, tmp_path: Path, fault: Fault
) -> None:
    spoiled, expected = place.before.copy(tmp_path / "lake"), FAULTS[fault]
    place.sandbox.set(always=fault)
    if expected is None:
        place.load(spoiled, WINDOW)
    else:
        with pytest.raises(SynkroError) as stopped:
            place.load(spoiled, WINDOW)
        assert_explained(stopped.value, *expected)
    assert_nothing_was_lost(place, spoiled)


@pytest.mark.parametrize(
    ("fault", "path"),
    in_turn([name for name in get_args(Fault) if name not in TOO_SLOW], ("/messaging/messages/", "/with_contacts/")),
)
def test_a_fault_in_the_middle_is_overcome_or_stops_the_load_and_loses_nothing(
    place: Place, tmp_path: Path, fault: Fault, path: str
) -> None:
    spoiled, expected = place.before.copy(tmp_path / "lake"), FAULTS[fault]
    place.sandbox.set(faults_on={path: [fault]})
    gone_chat = fault == "404" and path == "/messaging/messages/"
    if expected is None or expected[1] is AGAIN:
        place.load(spoiled, WINDOW)
        assert spoiled.everything(RADIST_TABLES) == place.expected
        return
    if gone_chat:
        place.load(spoiled, WINDOW)  # one chat that Radist does not know any more ends nothing
    else:
        with pytest.raises(SynkroError) as stopped:
            place.load(spoiled, WINDOW)
        assert_explained(stopped.value, *expected)
    assert_nothing_was_lost(place, spoiled)


@pytest.mark.parametrize("fault", ["429", "500_html", "502_empty", "bad_json", "cut", "reset", "reset_body"])
def test_a_fault_at_every_third_request_leaves_exactly_the_same_rows(
    place: Place, tmp_path: Path, fault: Fault
) -> None:
    spoiled = place.before.copy(tmp_path / "lake")
    place.sandbox.set(always=fault, fault_every=3)
    place.load(spoiled, WINDOW)
    assert spoiled.everything(RADIST_TABLES) == place.expected


@pytest.mark.parametrize(("switch", "last_cursor"), in_turn(list(EXACT), ("empty", "null", "missing", "repeated")))
def test_an_oddity_leaves_exactly_the_same_rows(place: Place, tmp_path: Path, switch: str, last_cursor: str) -> None:
    odd = place.before.copy(tmp_path / "lake")
    place.sandbox.set(**{"last_cursor": last_cursor, **EXACT[switch]})
    place.load(odd, WINDOW)
    assert odd.everything(RADIST_TABLES) == place.expected


@pytest.mark.parametrize("switch", HIDDEN)
def test_what_is_hidden_for_a_while_deletes_nothing_and_arrives_later(
    place: Place, tmp_path: Path, switch: str
) -> None:
    odd = place.before.copy(tmp_path / "lake")
    place.sandbox.set(**HIDDEN[switch])
    place.load(odd, WINDOW)
    assert_nothing_was_lost(place, odd)


def test_the_window_reaches_the_present() -> None:
    assert WINDOW.start < END - timedelta(days=2) < END < WINDOW.end
