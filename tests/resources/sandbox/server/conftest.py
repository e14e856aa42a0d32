"""The whole sandbox of one invented company on a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest

from synkro_resources.model.clock import FixedClock
from synkro_resources.sandbox.credentials import RADIST_COMPANY_ID, radist_key
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.server.app import sandbox_app
from synkro_resources.sandbox.world.build import build_world
from synkro_resources.sandbox.world.model import World

END = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Whole:
    """`radist` asks the invented Radist of `demo`."""

    url: str
    world: World

    def radist(self, path: str) -> httpx.Response:
        address = f"{self.url}/radist/demo/v2/companies/{RADIST_COMPANY_ID}{path}"
        return httpx.get(address, headers={"X-Api-Key": radist_key("demo")})

    def control(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.url}/control/{path}")

    def post(self, path: str, body: object = None, **headers: str) -> httpx.Response:
        return httpx.post(f"{self.url}/control/{path}", json=body or {}, headers=headers)


@pytest.fixture(scope="session")
def server_world() -> World:
    return build_world(7, END, days=10, slug="demo")


@pytest.fixture
def whole(server_world: World) -> Iterator[Whole]:
    app = sandbox_app({"demo": server_world}, clock=FixedClock(END), rate_limits=False)
    with serve(app) as url:
        yield Whole(url, server_world)
