"""Subscribing is the only thing Synkro ever writes at Radist: two calls, each sent once, everything else refused."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import httpx
import orjson
import pytest
from pydantic import SecretStr

from synkro_resources.model.errors import IntegrationError, PermanentError, TransientError
from synkro_resources.radist import RadistClient
from synkro_resources.radist.events import EVENTS
from synkro_resources.radist.subscriptions import RadistSubscriptions, TwoCallsOnly, webhook_id_of

BASE = "https://api.radist.online/v2"
HOOKS = f"{BASE}/companies/900001/webhooks/"


class Vendor:
    """Remembers what arrives and answers what a test has put in."""

    def __init__(self) -> None:
        self.seen: list[httpx.Request] = []
        self.answers: list[httpx.Response | Exception] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def subscriptions(vendor: Vendor) -> Iterator[RadistSubscriptions]:
    with RadistSubscriptions(
        BASE, SecretStr("key-1"), 900001, tenant="demo", transport=httpx.MockTransport(vendor)
    ) as found:
        yield found


def test_a_subscription_is_asked_for_in_the_vendors_words(vendor: Vendor, subscriptions: RadistSubscriptions) -> None:
    vendor.answers.append(httpx.Response(201, json={"id": 55}))
    assert subscriptions.subscribe(1701, "https://app.example/hooks/radist/demo.s") == "55"
    [request] = vendor.seen
    assert (request.method, str(request.url)) == ("POST", HOOKS)
    assert request.headers["x-api-key"] == "key-1"
    assert orjson.loads(request.content) == {
        "connection_id": 1701,
        "url": "https://app.example/hooks/radist/demo.s",
        "events": list(EVENTS),
    }


@pytest.mark.parametrize(
    ("answer", "known"),
    [(httpx.Response(204), True), (httpx.Response(404, json={}), False), (httpx.Response(410), False)],
)
def test_ending_a_subscription_that_is_gone_is_no_failure(
    vendor: Vendor, subscriptions: RadistSubscriptions, answer: httpx.Response, known: bool
) -> None:
    vendor.answers.append(answer)
    assert subscriptions.unsubscribe("55") is known
    assert (vendor.seen[0].method, str(vendor.seen[0].url)) == ("DELETE", f"{HOOKS}55")


def test_a_vendor_that_wants_the_final_slash_gets_it_and_no_other_address(
    vendor: Vendor, subscriptions: RadistSubscriptions
) -> None:
    """Rule 1: paths end with a slash; where a redirect points to is not read, for the key would travel along."""
    vendor.answers += [httpx.Response(307, headers={"location": "https://evil.example/x"}), httpx.Response(204)]
    assert subscriptions.unsubscribe("55")
    assert [str(request.url) for request in vendor.seen] == [f"{HOOKS}55", f"{HOOKS}55/"]


@pytest.mark.parametrize(
    "answer", [httpx.ReadTimeout("slow"), httpx.ConnectError("down"), httpx.Response(502), httpx.Response(429)]
)
def test_a_write_whose_outcome_is_unknown_is_never_repeated_by_itself(
    vendor: Vendor, subscriptions: RadistSubscriptions, answer: httpx.Response | Exception
) -> None:
    """Rule 10: without an idempotency key a repeated call is a second subscription."""
    vendor.answers.append(answer)
    with pytest.raises(TransientError):
        subscriptions.subscribe(1701, "https://app.example/x")
    assert len(vendor.seen) == 1


@pytest.mark.parametrize(("status", "code"), [(401, "radist.key_refused"), (403, "radist.forbidden")])
def test_a_refusal_says_what_to_do(vendor: Vendor, subscriptions: RadistSubscriptions, status: int, code: str) -> None:
    vendor.answers.append(httpx.Response(status, text="<html>no</html>"))
    with pytest.raises(IntegrationError) as caught:
        subscriptions.subscribe(1701, "https://app.example/x")
    assert caught.value.code == code
    if status == 403:
        assert "webhooks" in caught.value.remedy.ru


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", HOOKS),
        ("PUT", HOOKS),
        ("PATCH", f"{HOOKS}55"),
        ("DELETE", HOOKS),
        ("DELETE", f"{HOOKS}55/x"),
        ("DELETE", f"{HOOKS}../connections/7"),
        ("DELETE", f"{BASE}/companies/900001/connections/7"),
        ("DELETE", f"{BASE}/companies/900002/webhooks/55"),
        ("POST", f"{BASE}/companies/900001/messaging/messages/"),
        ("POST", f"{BASE}/companies/900001/messaging/chats/"),
        ("POST", f"{HOOKS}?x=1"),
        ("POST", f"{HOOKS}55"),
        ("POST", "https://evil.example/v2/companies/900001/webhooks/"),
        ("POST", HOOKS.replace("https", "http")),
    ],
)
def test_nothing_but_the_two_calls_leaves_this_machine(vendor: Vendor, method: str, url: str) -> None:
    """Radist sends messages to clients on POST: a mistake here would write to somebody's customers."""
    guard = TwoCallsOnly(httpx.MockTransport(vendor), collection=httpx.URL(HOOKS), tenant="demo")
    with httpx.Client(transport=guard) as client, pytest.raises(PermanentError) as caught:
        client.request(method, url)
    assert caught.value.code == "radist.write_forbidden"
    assert vendor.seen == []


def test_an_odd_id_never_becomes_a_path(vendor: Vendor, subscriptions: RadistSubscriptions) -> None:
    for odd in ("", "../connections/7", "5/5", "5?x", "5#", "a b"):
        assert not subscriptions.unsubscribe(odd)
    assert vendor.seen == []


def test_the_key_goes_to_radist_only() -> None:
    with pytest.raises(IntegrationError) as caught:
        RadistSubscriptions("https://evil.example/v2", SecretStr("k"), 1, tenant="demo")
    assert caught.value.code == "radist.bad_address"


def test_the_reading_client_has_no_verb_that_writes() -> None:
    words = ("post", "put", "patch", "delete", "send", "create", "subscribe")
    names = [name for name, _ in inspect.getmembers(RadistClient) if not name.startswith("_")]
    assert not [name for name in names for word in words if word in name]


@pytest.mark.parametrize(
    ("row", "known"), [({"id": 5}, "5"), ({"id": "w-5"}, "w-5"), ({"id": None}, ""), ({}, ""), (None, ""), ([5], "")]
)
def test_an_id_is_taken_as_number_or_text(row: object, known: str) -> None:
    assert webhook_id_of(row) == known
