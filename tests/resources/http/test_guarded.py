"""Servers that clients name themselves: where a call may lead, and how much of an answer is taken."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import httpx
import pytest

from synkro_resources.http.guarded import GuardedTransport, UnpackingTransport
from synkro_resources.http.hosts import is_inside
from synkro_resources.http.resolved import outside_address
from synkro_resources.http.unpacking import PIECE_BYTES, Unpacker, UnreadableAnswerError
from synkro_resources.model.errors import IntegrationError

PUBLIC = "93.184.216.34"
MIB = 1024 * 1024


INSIDE = "127.0.0.1 10.0.0.1 100.64.0.1 169.254.169.254 224.0.0.1 0.0.0.0 ::1 fe80::1%eth0 ff02::1 ::127.0.0.1"
WRAPPED = "::ffff:10.0.0.1 64:ff9b::7f00:1 64:ff9b:1::a9fe:a9fe 2002:7f00:1::"


@pytest.mark.parametrize("address", [*INSIDE.split(), *WRAPPED.split()])
def test_an_inside_address_is_one_in_every_wrapping(address: str) -> None:
    assert is_inside(address)


@pytest.mark.parametrize("address", [PUBLIC, "2606:4700::1111", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"])
def test_a_public_address_is_none(address: str) -> None:
    assert not is_inside(address)


def test_a_name_is_judged_by_all_that_it_stands_for() -> None:
    assert outside_address("a.example", lookup=lambda _: [PUBLIC, "1.1.1.1"]) == PUBLIC
    with pytest.raises(IntegrationError) as refused:
        outside_address("a.example", lookup=lambda _: [PUBLIC, "127.0.0.1"])
    assert refused.value.code == "address.inside"
    assert outside_address("llm.internal", inside="LLM.internal", lookup=lambda _: ["10.0.0.1"]) is None
    assert outside_address("10.0.0.5", lookup=lambda _: []) is None  # in figures only an operator can have saved it


def test_a_call_goes_to_the_judged_address_under_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[httpx.Request] = []
    monkeypatch.setattr("synkro_resources.http.resolved.look_up", lambda _: [PUBLIC])

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(httpx.Request(request.method, request.url, headers=request.headers, extensions=request.extensions))
        return httpx.Response(200, text="ok")

    with httpx.Client(transport=GuardedTransport(httpx.MockTransport(answer))) as client:
        response = client.get("https://a.example/x")
    assert (asked[0].url.host, asked[0].headers["host"]) == (PUBLIC, "a.example")
    assert asked[0].extensions["sni_hostname"] == "a.example"  # the certificate has to be the name's
    assert response.request.url.host == "a.example"


def test_an_answer_is_unpacked_in_pieces_and_cut_at_its_limit() -> None:
    pieces = Unpacker("gzip", 8 * MIB).feed(gzip.compress(bytes(64 * MIB)))
    tracemalloc.start()
    made = sum(len(next(pieces)) for _ in range(8 * MIB // PIECE_BYTES))
    with pytest.raises(UnreadableAnswerError):
        next(pieces)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert made == 8 * MIB
    assert peak < 2 * MIB


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity", ""])
def test_an_honest_answer_arrives_whole(encoding: str) -> None:
    body = b"{}" * 100_000
    packed = {"gzip": gzip.compress, "deflate": zlib.compress}.get(encoding, lambda one: one)(body)

    def answer(_: httpx.Request) -> httpx.Response:
        headers = {"content-encoding": encoding} if encoding else {}
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(packed))

    with httpx.Client(transport=UnpackingTransport(httpx.MockTransport(answer))) as client:
        assert client.get("https://a.example/").content == body


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd", "identity, gzip"])
def test_layers_and_what_was_not_asked_for_are_refused(encoding: str) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-encoding": encoding}, stream=httpx.ByteStream(b"x"))

    with (
        httpx.Client(transport=UnpackingTransport(httpx.MockTransport(answer))) as client,
        pytest.raises(httpx.DecodingError),
    ):
        client.get("https://a.example/")
