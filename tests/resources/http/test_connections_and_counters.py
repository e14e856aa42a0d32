"""A dead pooled connection costs nobody a back-off, and every asset can tell its own requests."""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager

import httpx
import pytest
from pydantic import SecretStr

from synkro_resources.amocrm.rules import AMOCRM_RULES
from synkro_resources.http import HeaderSecret, Limiter, RequestCounters, RetryPolicy, TokenBucket, VendorClient
from synkro_resources.model.errors import TransientError

ANSWER = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\n{"id":1}'


@contextmanager
def vendor_that_answers(per_connection: list[int]) -> Generator[tuple[str, list[int]]]:
    """Answers so many requests on each connection in turn and then closes it after having read the next one."""
    asked: list[int] = []
    stop = threading.Event()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.1)

        def serve() -> None:
            number = 0
            while not stop.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(5)
                    left = per_connection[min(number, len(per_connection) - 1)]
                    number += 1
                    while connection.recv(65536):
                        asked.append(number)
                        if left == 0:
                            break
                        left -= 1
                        connection.sendall(ANSWER)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
        finally:
            stop.set()
            thread.join(10)


def client_of(address: str, waits: list[float], limiter: Limiter | None = None) -> VendorClient:
    return VendorClient(
        httpx.URL(address),
        HeaderSecret("Authorization", SecretStr("t"), vendor="amocrm", tenant="demo"),
        limiter or TokenBucket(1000),
        RetryPolicy(jitter=lambda: 0.0),
        AMOCRM_RULES,
        tenant="demo",
        sleep=waits.append,
    )


def test_a_get_on_a_pooled_connection_that_the_vendor_closed_is_repeated_at_once() -> None:
    waits: list[float] = []
    with vendor_that_answers([1, 5]) as (address, asked), client_of(address, waits) as client:
        assert client.get("/account") == {"id": 1}
        assert client.get("/account") == {"id": 1}
        counted = client.counters.snapshot()
    assert waits == []
    assert asked == [1, 1, 2]
    assert (counted.requests, counted.retries) == (3, 1)


def test_it_is_repeated_only_once_without_a_pause() -> None:
    waits: list[float] = []
    with vendor_that_answers([1, 0]) as (address, asked), client_of(address, waits) as client:
        client.get("/account")
        with pytest.raises(TransientError) as caught:
            client.get("/account")
    assert caught.value.code == "amocrm.unreachable"
    assert waits == [2.0, 4.0, 8.0]
    assert asked == [1, 1, 2, 3, 4, 5]


def test_a_reset_of_a_fresh_connection_is_a_stumble_with_a_pause() -> None:
    waits: list[float] = []
    with vendor_that_answers([0, 5]) as (address, asked), client_of(address, waits) as client:
        assert client.get("/account") == {"id": 1}
    assert waits == [2.0]
    assert asked == [1, 2]


def test_an_asset_tells_its_own_requests_and_not_those_of_the_assets_before_it() -> None:
    waits: list[float] = []
    with vendor_that_answers([100]) as (address, _), client_of(address, waits) as client:
        client.get("/account")
        before = client.counters.snapshot()
        client.get("/leads")
        client.get("/leads")
        own = client.counters.since(before)
    assert (own.requests, own.bytes, own.retries) == (2, 16, 0)
    assert (before.requests, before.bytes) == (1, 8)
    assert client.counters.since(client.counters.snapshot()) == RequestCounters()


def test_too_many_requests_slow_the_account_down_and_are_counted() -> None:
    class Slowing(TokenBucket):
        slowed: list[str] = []  # noqa: RUF012

        def slow_down(self, path: str = "") -> None:
            self.slowed.append(path)

    answers = [httpx.Response(429), httpx.Response(429), httpx.Response(200, json={"id": 1})]
    limiter = Slowing(1000)
    client = VendorClient(
        httpx.URL("https://demo.amocrm.ru/api/v4"),
        HeaderSecret("Authorization", SecretStr("t"), vendor="amocrm", tenant="demo"),
        limiter,
        RetryPolicy(),
        AMOCRM_RULES,
        tenant="demo",
        transport=httpx.MockTransport(lambda _: answers.pop(0)),
        sleep=lambda _: None,
    )
    with client:
        assert client.get("/leads") == {"id": 1}
    assert limiter.slowed == ["/leads", "/leads"]
    assert client.counters.slowdowns == 2
