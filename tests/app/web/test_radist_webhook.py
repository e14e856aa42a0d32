"""Radist's webhooks over real sockets: always answered at once, never believed, nothing of them kept or logged."""

from __future__ import annotations

import logging
import secrets
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette

from synkro_app.web.inbound import BODY_LIMIT_BYTES
from synkro_app.web.radist_webhook import (
    EVENTS_PER_SECOND,
    STRANGERS_PER_SECOND,
    RadistWebhooks,
    is_webhook_path,
)
from synkro_resources.control.database import Database
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.webhooks import add_webhook, pending_hints, remove_webhook
from synkro_resources.model.clock import FixedClock
from synkro_resources.radist.events import UNKNOWN_CHAT
from synkro_resources.radist.subscriptions import RadistSubscriptions
from synkro_resources.sandbox.radist import RadistSwitches, radist_app
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.world.build import build_world
from tests.app.conftest import RunningCabinet

TEXT = "Здравствуйте, мой адрес Ленина 5"
BODY = {
    "event_type": "messages.create",
    "event": {
        "connection_id": 1701,
        "chat_id": 37000001,
        "chat": {"phone": "79000000001", "name": "Иван"},
        "message": {
            "message_id": "5b0c",
            "chat_id": "79000000001@c.us",
            "created_at": "2026-11-20T09:15:02",
            "text": {"text": TEXT},
        },
    },
}


class Door:
    """The receiver of one installation, on a socket, with a clock that a test may stop."""

    def __init__(self, control: Database, clock: FixedClock, tenant: Tenant) -> None:
        self.control, self.slug = control, tenant.slug
        self.second = 1000.0
        self.webhooks = RadistWebhooks(control, clock, monotonic=lambda: self.second)
        self.secret = secrets.token_urlsafe(32)
        self.hook = add_webhook(control, tenant.slug, self.secret, 1701, actor="cli", clock=clock)
        self.url = ""

    @property
    def address(self) -> str:
        return f"/hooks/radist/{self.slug}.{self.secret}"

    def post(self, address: str | None = None, **body: object) -> httpx.Response:
        content = body or {"json": BODY}
        return httpx.post(self.url + (address or self.address), trust_env=False, **content)  # pyright: ignore[reportArgumentType]

    def hints(self) -> dict[int, int]:
        return {hint.chat_id: hint.events for hint in pending_hints(self.control, self.slug)}


@contextmanager
def serving(door: Door) -> Iterator[Door]:
    with serve(Starlette(routes=door.webhooks.routes())) as url:
        door.url = url
        yield door


@pytest.fixture
def door(control_db: Database, control_clock: FixedClock, tenant_a: Tenant) -> Iterator[Door]:
    with serving(Door(control_db, control_clock, tenant_a)) as found:
        yield found


def test_an_event_becomes_a_hint_and_nothing_else_of_it_remains(
    door: Door, control_db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Rule 15: the body is somebody's message; only the number of its chat is taken."""
    with caplog.at_level(logging.DEBUG):
        answer = door.post()
    assert (answer.status_code, answer.content) == (200, b"")
    assert door.hints() == {37000001: 1}
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert not [line for line in ours for hidden in (TEXT, "79000000001", "Иван", door.secret) if hidden in line]


def test_duplicates_and_replays_only_count(door: Door) -> None:
    for _ in range(5):
        assert door.post().status_code == 200
    assert door.hints() == {37000001: 5}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"<html></html>", b"\xff\xfe", b"[]", b"null", b'{"event_type": 5}', b"[" * 100_000],
    ids=["empty", "cut", "html", "binary", "list", "null", "no event", "deep"],
)
def test_what_nobody_can_read_is_answered_with_200_and_counted(
    door: Door, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A vendor repeats what is refused, or switches the subscription off."""
    assert door.post(content=content).status_code == 200
    assert door.webhooks.counts["malformed"] == 1
    assert "malformed, 1 since the start" in caplog.text
    assert door.hints() == {}


def test_an_event_that_names_no_chat_asks_for_a_look_at_all(door: Door) -> None:
    """The bodies of delivery events are not documented."""
    door.post(json={"event_type": "messages.delivery.error", "event": {"message_id": "5b0c"}})
    assert door.hints() == {UNKNOWN_CHAT: 1}


def test_a_body_larger_than_any_event_is_not_read_to_its_end(door: Door) -> None:
    answer = door.post(content=b'{"event_type":"x","event":{"chat_id":1},"pad":"' + b"x" * BODY_LIMIT_BYTES + b'"}')
    assert answer.status_code == 200
    assert door.hints() == {}
    assert door.webhooks.counts["malformed"] == 1


def test_a_body_that_drips_in_is_given_up(door: Door) -> None:
    host, _, port = door.url.removeprefix("http://").partition(":")
    started = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        head = f"POST {door.address} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{{"
        connection.sendall(head.encode())
        answer = connection.recv(1000)
    assert answer.startswith(b"HTTP/1.1 200")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("change", ["secret", "tenant", "short", "no dot", "slug"])
def test_an_unknown_address_is_404_and_says_no_more(door: Door, change: str) -> None:
    address = {
        "secret": f"{door.slug}.{secrets.token_urlsafe(32)}",
        "tenant": f"other.{door.secret}",
        "short": f"{door.slug}.abc",
        "no dot": f"{door.slug}{door.secret}",
        "slug": f"{door.slug.upper()}.{door.secret}",
    }[change]
    answer = door.post(f"/hooks/radist/{address}")
    assert (answer.status_code, answer.content) == (404, b"")
    assert door.hints() == {}


def test_a_removed_address_is_unknown_at_once(door: Door, control_clock: FixedClock) -> None:
    assert door.post().status_code == 200
    remove_webhook(door.control, door.slug, door.hook.path_hash, actor="cli", clock=control_clock)
    assert door.post().status_code == 404


def test_a_flood_is_answered_but_not_written(door: Door) -> None:
    """A replayed day of events must not become a day of database writes."""
    extra = 15
    for _ in range(1 + EVENTS_PER_SECOND + extra):
        assert door.post().status_code == 200
    assert door.hints() == {37000001: 1 + EVENTS_PER_SECOND}
    assert door.webhooks.counts["flooded"] == extra
    door.second += 1
    door.post()
    assert door.hints() == {37000001: 2 + EVENTS_PER_SECOND}


def test_guessing_strangers_do_not_keep_the_database_busy_and_lock_nobody_out(door: Door) -> None:
    assert door.post().status_code == 200
    guesses = [
        door.post(f"/hooks/radist/{door.slug}.{secrets.token_urlsafe(32)}").status_code
        for _ in range(STRANGERS_PER_SECOND + 5)
    ]
    assert guesses.count(503) >= 5
    assert door.post().status_code == 200


def test_a_database_that_is_down_is_said_to_the_vendor_so_that_it_may_repeat(
    tenant_a: Tenant, control_db: Database, control_clock: FixedClock
) -> None:
    door = Door(control_db, control_clock, tenant_a)
    nowhere = Database("postgresql+psycopg2://nobody@127.0.0.1:1/none")
    door.webhooks = RadistWebhooks(nowhere, control_clock)
    with serving(door):
        assert door.post().status_code == 503
    assert door.webhooks.counts["failed"] == 1


@pytest.mark.parametrize(
    ("method", "path", "is_open"),
    [
        ("POST", "/hooks/radist/a.b", True),
        ("GET", "/hooks/radist/a.b", False),
        ("POST", "/hooks/radist/", False),
        ("POST", "/hooks/radist/a/b", False),
        ("POST", "/hooks/radist/a.b/", False),
        ("POST", "/hooks/other/a.b", False),
        ("POST", "/x/hooks/radist/a.b", False),
    ],
)
def test_the_gate_opens_for_one_shape_of_path_only(method: str, path: str, is_open: bool) -> None:
    assert is_webhook_path(method, path) is is_open


def test_radist_reaches_the_receiver_through_the_gate_without_a_session(
    cabinet: RunningCabinet, control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    door = Door(control_db, control_clock, tenant_a)
    door.url = cabinet.url
    assert door.post().status_code == 200
    assert door.hints() == {37000001: 1}
    assert door.post(f"/hooks/radist/{door.slug}.{secrets.token_urlsafe(32)}").status_code == 404
    assert httpx.get(cabinet.url + door.address, trust_env=False).status_code == 401
    assert door.secret not in cabinet.log.read_text()


def test_radists_own_events_arrive_twice_late_and_out_of_order_and_leave_one_hint_per_chat(
    door: Door, control_clock: FixedClock
) -> None:
    """Rule 15, with the emulator's real deliveries: no order, no zone, no single delivery is promised."""
    world = build_world(3, control_clock.now(), days=5)
    switches = RadistSwitches(
        rate_limit=False, webhook_duplicates=2, webhook_reversed=True, webhook_times_without_zone=True
    )
    app = radist_app(world.radist, clock=control_clock, api_key="k", switches=switches)
    chats = [chat for contact in world.radist.contacts for chat in contact["chats"]]
    first = chats[0]
    same_connection = [chat["chat_id"] for chat in chats if chat["connection_id"] == first["connection_id"]][:2]
    company = int(world.radist.companies[0]["id"])
    with (
        serve(app) as url,
        RadistSubscriptions(url, SecretStr("k"), company, tenant=door.slug, allow_sandbox=True) as subscriptions,
    ):
        webhook_id = subscriptions.subscribe(first["connection_id"], door.url + door.address)
        assert webhook_id
        for chat_id in (*same_connection, same_connection[0]):
            app.state.editor.say(chat_id, "inbound", TEXT)
        assert app.state.webhooks.wait_until_delivered()
        assert {delivery.status for delivery in app.state.webhooks.deliveries} == {200}
        assert door.hints() == Counter({same_connection[0]: 6, same_connection[1]: 3})
        assert subscriptions.unsubscribe(webhook_id)
        assert not subscriptions.unsubscribe(webhook_id)
    assert app.state.oddities == []
