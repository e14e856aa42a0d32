"""Servers that answer with too much, with a bomb, or with another address. Real sockets, real bytes."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from telegram.error import TelegramError

from synkro_resources.amocrm.rules import AMOCRM_RULES
from synkro_resources.http import HeaderSecret, RetryPolicy, TokenBucket, VendorClient
from synkro_resources.model.errors import SynkroError
from synkro_resources.sandbox.serve import serve
from tests.attacks.own_servers import CALLS, KEY

Seen = Callable[[str, object], None]
MIB = 1024 * 1024
UNPACKED_MIB = 512
CAP_MIB = 64
MEMORY_MIB = 4 * CAP_MIB
"""The body, its copy in the library, and what decoding needs; the bombs are twice as large and a thousand times."""


@cache
def bomb(layers: int) -> bytes:
    """Half a gigabyte of zeros, packed so often."""
    packed = gzip.compress(bytes(UNPACKED_MIB * MIB), compresslevel=9)
    for _ in range(layers - 1):
        packed = gzip.compress(packed, compresslevel=9)
    return packed


@dataclass
class Hostile:
    """A server that does the same to everybody; `asked` holds what reached it."""

    answer: str = ""
    asked: list[str] = field(default_factory=list)

    async def receive(self, request: Request) -> Response:
        self.asked.append(f"{request.method} {request.url.path}")
        if self.answer == "redirect" and not request.url.path.startswith("/internal"):
            return RedirectResponse("/internal/latest/meta-data", 307)
        if self.answer == "endless":
            return StreamingResponse((b'{"a":"' if n == 0 else b"a" * MIB for n in range(4096)), 200)
        if self.answer.startswith("gzip"):
            layers = int(self.answer.removeprefix("gzip"))
            headers = {"content-encoding": ", ".join(["gzip"] * layers), "content-type": "application/json"}
            return Response(bomb(layers), 200, headers)
        return Response('{"stolen": true}', 200, media_type="application/json")


@pytest.fixture
def hostile() -> Iterator[tuple[Hostile, str]]:
    server = Hostile()
    methods = ["GET", "POST", "HEAD", "PUT", "PATCH", "DELETE"]
    with serve(Starlette(routes=[Route("/{path:path}", server.receive, methods=methods)])) as url:
        yield server, url


def peak_mib(call: Callable[[], object]) -> tuple[float, str]:
    """The most memory that the call held at once, and how it ended."""
    tracemalloc.start()
    try:
        call()
    except SynkroError as error:
        ended = error.code
    except TelegramError as error:
        ended = type(error).__name__
    else:
        raise AssertionError("the answer was taken")
    finally:
        peak = tracemalloc.get_traced_memory()[1] / MIB
        tracemalloc.stop()
    return peak, ended


@pytest.mark.parametrize("answer", ["gzip1", "gzip2", "gzip3", "endless"])
@pytest.mark.parametrize("name", CALLS)
def test_a_clients_own_server_cannot_fill_the_memory(
    name: str, answer: str, hostile: tuple[Hostile, str], record_property: Seen
) -> None:
    server, url = hostile
    server.answer = answer
    if answer != "endless":
        bomb(int(answer.removeprefix("gzip")))  # made before anybody measures
    peak, ended = peak_mib(lambda: CALLS[name](url, ""))
    assert server.asked
    assert peak < MEMORY_MIB, f"{peak:.0f} MiB"
    record_property("seen", f"{name}, {answer}: {ended}, {peak:.0f} MiB")


@pytest.mark.parametrize("answer", ["gzip1", "gzip2", "gzip3"])
def test_a_vendors_bomb_is_cut_at_the_cap(answer: str, hostile: tuple[Hostile, str], record_property: Seen) -> None:
    server, url = hostile
    server.answer = answer
    bomb(int(answer.removeprefix("gzip")))
    client = VendorClient(
        httpx.URL(url),
        HeaderSecret("Authorization", KEY, vendor="amocrm", tenant="t", scheme="Bearer"),
        TokenBucket(1000, sleep=lambda _: None),
        RetryPolicy(jitter=lambda: 0.0),
        AMOCRM_RULES,
        tenant="t",
        sleep=lambda _: None,
    )
    with client:
        peak, ended = peak_mib(lambda: client.get("/leads"))
    assert server.asked
    assert peak < MEMORY_MIB, f"{peak:.0f} MiB"
    record_property("seen", f"{answer}: {ended}, {peak:.0f} MiB")


@pytest.mark.parametrize("name", CALLS)
def test_a_redirect_of_a_clients_own_server_is_not_followed(name: str, hostile: tuple[Hostile, str]) -> None:
    server, url = hostile
    server.answer = "redirect"
    with pytest.raises((SynkroError, TelegramError)):
        CALLS[name](url, "")
    assert server.asked
    assert not [path for path in server.asked if "/internal" in path]
