"""The rules for whoever reads Radist, each with the trap that it guards against (docs/vendors.md, «Radist»)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest
from pydantic import SecretStr

from synkro_resources.http import CircuitBreaker, RetryPolicy, TokenBucket
from synkro_resources.model.errors import IntegrationError, PermanentError, TransientError
from synkro_resources.radist import RadistClient
from synkro_resources.radist.client import REQUESTS_PER_SECOND, RETRY, SECONDS_PER_LISTING
from tests.resources.radist.test_radist_laws import END, START

BASE = "https://api-ru.radist.online/v2"
KEY = "key-0815"

Answer = Callable[[httpx.Request], httpx.Response]


class Vendor:
    """Answers by the end of the path and remembers what was asked."""

    def __init__(self, **answers: object) -> None:
        self.seen: list[httpx.Request] = []
        self.answers = {
            "/users/me/": {"id": 1},
            "/companies/": {"companies": [{"id": 900001, "name": "ООО"}]},
            "/sources/": [{"connection_id": 7, "type": "whatsapp"}],
            "/with_contacts/": {"data": [], "response_metadata": {}},
            "/messages/": [],
            "/connections/": {"connections": []},
            "/webhooks/": {"webhooks": []},
        } | answers

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        answer = next(value for end, value in reversed(self.answers.items()) if request.url.path.endswith(end))
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)


@contextmanager
def reading(vendor: Answer, company_id: int = 900001, tries: int = 3) -> Iterator[RadistClient]:
    with RadistClient(
        BASE,
        SecretStr(KEY),
        company_id,
        tenant="demo",
        retry=RetryPolicy(tries=tries, first_s=0.001, longest_s=0.001, retry_after_cap_s=0.001),
        limiter=TokenBucket(100_000),
        breaker=CircuitBreaker(),
        transport=httpx.MockTransport(vendor),
    ) as client:
        yield client


def ask_everything(client: RadistClient) -> None:
    client.me()
    client.companies()
    client.sources()
    client.connections()
    list(client.chats())
    client.messages(37, START, END)
    client.webhooks()


def test_every_path_ends_with_a_slash_and_carries_the_raw_key() -> None:
    """Rule 1: without the slash Radist redirects, and the redirect is not followed; `Bearer` would be a wrong key."""
    vendor = Vendor()
    with reading(vendor) as client:
        ask_everything(client)
    assert len(vendor.seen) >= 7
    for request in vendor.seen:
        assert request.url.path.endswith("/")
        assert request.headers["x-api-key"] == KEY
        assert "authorization" not in request.headers
        assert request.url.host == "api-ru.radist.online", "the address is a setting: Russia has its own host"


def test_a_redirect_is_explained_and_the_key_stays_here() -> None:
    """Rule 1: a redirect to another host would take the key along."""
    moved = httpx.Response(307, headers={"location": "https://evil.example/v2/"})
    vendor = Vendor(**{"/sources/": moved})
    with reading(vendor) as client, pytest.raises(IntegrationError) as caught:
        client.sources()
    assert caught.value.code == "radist.redirected"
    assert [request.url.host for request in vendor.seen] == ["api-ru.radist.online"]


@pytest.mark.parametrize("companies", [[], [{"id": 1}, {"id": 2}]])
def test_a_company_is_chosen_by_people_unless_there_is_exactly_one(companies: list[dict[str, int]]) -> None:
    """Rule 2: index 0 of several would report one client's dialogs to another."""
    vendor = Vendor(**{"/companies/": {"companies": companies}})
    with reading(vendor, company_id=0) as client, pytest.raises(IntegrationError) as caught:
        client.sources()
    assert caught.value.code == "radist.company_not_chosen"
    assert not [request for request in vendor.seen if "/messaging/" in request.url.path]


@pytest.mark.parametrize(
    ("end", "scope", "ask"),
    [
        ("/sources/", "messaging", RadistClient.sources),
        ("/connections/", "connections", RadistClient.connections),
        ("/webhooks/", "webhooks", RadistClient.webhooks),
    ],
)
def test_a_missing_scope_is_named_and_asked_for_once(
    end: str, scope: str, ask: Callable[[RadistClient], object]
) -> None:
    """Rule 3: 403 is no wrong key; trying again changes nothing."""
    vendor = Vendor(**{end: httpx.Response(403, text="<html>no</html>")})
    with reading(vendor) as client, pytest.raises(IntegrationError) as caught:
        ask(client)
    assert caught.value.code == "radist.forbidden"
    assert f"«{scope}»" in caught.value.what.ru
    assert len(vendor.seen) == 1


def test_unknown_keys_types_and_null_lists_raise_nothing() -> None:
    """Rule 8: the vendor adds keys and types without a word."""
    odd = {
        "data": [
            {"contact_id": 1, "chats": None, "new": {}},
            {"contact_id": None, "chats": [{"chat_id": 5, "last_message": "?", "x": 1}, "no chat"]},
        ],
        "response_metadata": None,
        "extra": 1,
    }
    vendor = Vendor(**{"/with_contacts/": odd, "/messages/": [{"message_type": "hologram"}, "no message", None]})
    with reading(vendor) as client:
        assert [pair.chat.get("chat_id") for pair in client.chats()] == [5, None]
        assert len(client.messages(5, START, END).rows) == 3


@pytest.mark.parametrize("body", [b"{}", b'{"data": []}', b"null", b'"x"'])
def test_another_envelope_is_never_taken_for_an_empty_list(body: bytes) -> None:
    """Five envelopes in one API: «no messages» out of a changed one would empty the report without a word."""
    vendor = Vendor(**{"/messages/": httpx.Response(200, content=body)})
    with reading(vendor) as client, pytest.raises(TransientError) as caught:
        client.messages(37, START, END)
    assert caught.value.code == "radist.bad_answer"


def test_the_pace_and_the_patience_are_the_documented_ones() -> None:
    """Rule 9: 5 a second and 1 a second on listings are refused above; waits of 2, 4, 8, 16 s, six tries."""
    assert REQUESTS_PER_SECOND <= 4
    assert SECONDS_PER_LISTING >= 1.1
    calm = replace(RETRY, jitter=lambda: 0.0)
    assert [calm.delay(failures) for failures in range(1, RETRY.tries)] == [2, 4, 8, 16, 16]
    assert RETRY.tries == 6
    assert calm.delay(1, 7.0) == 7, "Radist's own Retry-After goes first"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int) -> None:
    """Rule 10, first half."""
    vendor = Vendor(**{"/sources/": httpx.Response(status)})
    with reading(vendor, tries=4) as client, pytest.raises(TransientError):
        client.sources()
    assert len(vendor.seen) == 4


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 409, 422])
def test_what_cannot_pass_is_asked_for_once(status: int) -> None:
    """Rule 10, second half: repeating a refused request only uses up the pace."""
    vendor = Vendor(**{"/sources/": httpx.Response(status, json={"detail": "x"})})
    with reading(vendor) as client, pytest.raises(PermanentError):
        client.sources()
    assert len(vendor.seen) == 1


def test_of_connections_nothing_but_number_and_kind_leaves_the_client() -> None:
    """Rule 12: `params` hold a token that reads and writes the whole messenger account."""
    rows = [
        {"id": 7, "type": "whatsapp", "params": {"radist_token": "secret-4711"}, "radist_token": "secret-4711"},
        {"id": 8, "type": "amocrm", "params": {"domain": "x"}},
        {"id": 9, "type": "bitrix"},
        {"id": 10, "type": "tinkoff"},
    ]
    sources = [{"connection_id": 7, "type": "whatsapp", "params": {"radist_token": "secret-4711"}}]
    with reading(Vendor(**{"/connections/": {"connections": rows}, "/sources/": sources})) as client:
        assert client.connections() == [{"id": 7, "type": "whatsapp"}]
        assert "4711" not in str(client.sources())
