"""One small invented company for all tests of the emulator; nothing here may change it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from synkro_resources.sandbox.world.build import build_world
from synkro_resources.sandbox.world.model import World
from tests.resources.sandbox.faults import ServedRadist, radist_sandbox

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
LISTING = "/messaging/chats/with_contacts/"
MESSAGES = "/messaging/messages/"


class Radist:
    """A served emulator and a plain HTTP client that does as it is told."""

    def __init__(self, served: ServedRadist, world: World) -> None:
        self.served = served
        self.world = world
        self.company_id = int(world.radist.companies[0]["id"])
        self.http = httpx.Client(base_url=served.url, headers={"X-Api-Key": served.secret}, timeout=10)

    def path(self, path: str) -> str:
        return f"/v2/companies/{self.company_id}{path}"

    def get(self, path: str, **query: str | int) -> httpx.Response:
        return self.http.get(self.path(path), params=query)

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.http.post(self.path(path), json=body)

    def busy_chat(self, at_most: float = math.inf) -> int:
        """The chat with the most messages, or with the most of those that have `at_most` so many."""
        sizes = {chat_id: len(rows) for chat_id, rows in self.world.radist.messages.items()}
        return max((chat_id for chat_id, size in sizes.items() if size <= at_most), key=sizes.__getitem__)

    def messages(self, chat_id: int, limit: int = 100, **query: str) -> list[dict[str, Any]]:
        return self.get(MESSAGES, chat_id=chat_id, limit=limit, **query).json()

    def listing(self, limit: int = 100) -> list[dict[str, Any]]:
        """All contacts as one pass over the cursor finds them."""
        found: list[dict[str, Any]] = []
        query: dict[str, str | int] = {"limit": limit}
        while True:
            body = self.get(LISTING, **query).json()
            found += body["data"]
            following = body["response_metadata"].get("next_cursor")
            if not following or following == query.get("cursor"):
                return found
            query["cursor"] = following

    def close(self) -> None:
        self.http.close()


@pytest.fixture(scope="session")
def radist_world() -> World:
    return build_world(7, END, days=40)


@pytest.fixture
def serve_radist(radist_world: World) -> Iterator[Callable[..., Radist]]:
    """Serve the company with these switches (and `clock`)."""
    with ExitStack() as stack:

        def serve(**switches: Any) -> Radist:
            radist = Radist(stack.enter_context(radist_sandbox(radist_world, **switches)), radist_world)
            stack.callback(radist.close)
            return radist

        yield serve


@pytest.fixture
def radist(serve_radist: Callable[..., Radist]) -> Radist:
    return serve_radist()
