"""The Radist reader against the invented Radist, over real sockets, with its known misbehaviour switched on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import pytest
from pydantic import SecretStr

from synkro_assets.dialogs import extract
from synkro_resources.http import CircuitBreaker, RetryPolicy, TokenBucket
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import IntegrationError
from synkro_resources.model.tables.schema import DAY_COLUMN
from synkro_resources.model.window import TenantWindow
from synkro_resources.radist import RadistClient
from synkro_resources.radist.times import instant_of
from synkro_resources.sandbox.radist.app import radist_app
from synkro_resources.sandbox.radist.switches import RadistSwitches
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.world.build import build_world
from synkro_resources.sandbox.world.model import World

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY = "sandbox-key"
WINDOW = TenantWindow("demo", "Asia/Yekaterinburg", date(2026, 11, 6), date(2026, 11, 19))


@dataclass
class Sandbox:
    url: str
    world: World
    switches: RadistSwitches

    @property
    def company_id(self) -> int:
        return int(self.world.radist.companies[0]["id"])

    def client(self, *, company_id: int | None = None, key: str = KEY, polite: bool = False) -> RadistClient:
        return RadistClient(
            self.url,
            SecretStr(key),
            self.company_id if company_id is None else company_id,
            tenant="demo",
            allow_sandbox=True,
            retry=RetryPolicy(tries=4, first_s=0.01, longest_s=0.02, retry_after_cap_s=0.02),
            limiter=None if polite else TokenBucket(10_000),
            breaker=CircuitBreaker(),
        )


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    switches = RadistSwitches(rate_limit=False)
    world = build_world(7, END, days=40)
    app = radist_app(world.radist, clock=FixedClock(END + timedelta(minutes=1)), api_key=KEY, switches=switches)
    with serve(app) as url:
        yield Sandbox(url, world, switches)


def planted_messages(world: World) -> set[str]:
    found: set[str] = set()
    for rows in world.radist.messages.values():
        for row in rows:
            at = instant_of(row["created_at"])
            if at is not None and WINDOW.start <= at < WINDOW.end:
                found.add(str(row["message_id"]))
    return found


def read_all(client: RadistClient) -> set[str]:
    chats = extract.read_chats(client, WINDOW, first_load=True)
    messages = extract.read_messages(client, chats.table, WINDOW, now=END).extraction
    assert chats.quarantined == []
    assert messages.quarantined == []
    assert messages.repeated == 0
    return {str(key) for key in messages.table.column("message_id").to_pylist()}


def test_every_message_of_the_window_arrives_once(sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        assert read_all(client) == planted_messages(sandbox.world)


def test_every_chat_arrives_and_progress_is_told(sandbox: Sandbox) -> None:
    steps: list[tuple[int, int]] = []
    with sandbox.client() as client:
        chats = extract.read_chats(client, WINDOW, first_load=True)
        planted = {int(chat["chat_id"]) for contact in sandbox.world.radist.contacts for chat in contact["chats"]}
        assert set(chats.table.column("id").to_pylist()) == planted
        before = client.counters.requests
        extract.read_messages(
            client, chats.table, WINDOW, now=END, on_progress=lambda done, total: steps.append((done, total))
        )
        active = chats.table.num_rows - chats.table.column(DAY_COLUMN).null_count
        assert steps[-1] == (active, active)
        assert active <= client.counters.requests - before <= 2 * active


def test_channels_and_connections_carry_no_secret(sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        sources = extract.read_sources(client, WINDOW)
        assert sources.table.num_rows == len(sandbox.world.radist.sources)
        assert sources.quarantined == []
        connections = client.connections()
        assert connections
        assert all(set(row) == {"id", "type"} for row in connections)
        assert not {"amocrm", "bitrix"} & {str(row["type"]) for row in connections}


def test_the_key_says_whose_it_is_and_the_only_company_is_found(sandbox: Sandbox) -> None:
    with sandbox.client(company_id=0) as client:
        assert client.me()
        assert client.sources()
    sandbox.switches.several_companies = True
    with sandbox.client(company_id=0) as client, pytest.raises(IntegrationError) as caught:
        client.sources()
    assert caught.value.code == "radist.company_not_chosen"


@pytest.mark.parametrize("last_cursor", ["empty", "null", "missing", "repeated"])
def test_whatever_the_last_cursor_is_the_listing_ends_complete(
    sandbox: Sandbox, last_cursor: Literal["empty", "null", "missing", "repeated"]
) -> None:
    sandbox.switches.last_cursor = last_cursor
    sandbox.switches.moving_chat = True
    with sandbox.client() as client:
        assert read_all(client) == planted_messages(sandbox.world)


def test_an_exclusive_bound_loses_no_sibling(sandbox: Sandbox) -> None:
    sandbox.switches.until_is_inclusive = False
    with sandbox.client() as client:
        assert read_all(client) == planted_messages(sandbox.world)


def test_a_wrong_key_and_a_foreign_company_are_explained(sandbox: Sandbox) -> None:
    with sandbox.client(key="wrong") as client, pytest.raises(IntegrationError) as caught:
        client.sources()
    assert caught.value.code == "radist.key_refused"
    with sandbox.client(company_id=1) as client, pytest.raises(IntegrationError) as caught:
        client.sources()
    assert caught.value.code == "radist.not_found"


def test_the_polite_pace_causes_no_refusal(sandbox: Sandbox) -> None:
    sandbox.switches.rate_limit = True
    chat_ids = list(sandbox.world.radist.messages)[:8]
    with sandbox.client(polite=True) as client:
        client.sources()
        client.sources()
        for chat_id in chat_ids:
            client.messages(chat_id, WINDOW.start, WINDOW.end)
        assert client.counters.retries == 0
        assert client.counters.waits_s > 1
