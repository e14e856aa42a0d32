"""The careful client: what it refuses, repeats, gives up on, and never says."""

from __future__ import annotations

import logging
from collections.abc import Callable

import httpx
import pytest
from pydantic import SecretStr

from synkro_resources.amocrm.rules import AMOCRM_RULES
from synkro_resources.http import CircuitBreaker, HeaderSecret, RetryPolicy, TokenBucket, VendorClient
from synkro_resources.model.errors import IntegrationError, PermanentError, SynkroError, TransientError
from synkro_resources.radist.rules import RADIST_RULES

TOKEN = "very-secret-token-4711"
BASE = "https://demo.amocrm.ru/api/v4"
BLOCK_PAGE = "<html><head><title>403 Forbidden</title></head><body>nginx</body></html>"

Handler = Callable[[httpx.Request], httpx.Response]


def client_of(
    handler: Handler, *, waits: list[float] | None = None, breaker: CircuitBreaker | None = None
) -> VendorClient:
    slept = waits if waits is not None else []
    return VendorClient(
        httpx.URL(BASE),
        HeaderSecret("Authorization", SecretStr(TOKEN), vendor="amocrm", tenant="demo", scheme="Bearer"),
        TokenBucket(1000, sleep=lambda _: None),
        RetryPolicy(jitter=lambda: 0.0),
        AMOCRM_RULES,
        tenant="demo",
        breaker=breaker,
        transport=httpx.MockTransport(handler),
        sleep=slept.append,
        max_answer_bytes=1000,
    )


def in_turn(*answers: httpx.Response | Exception) -> tuple[Handler, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        answer = answers[min(len(asked), len(answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return handler, asked


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_nothing_but_get_reaches_the_vendor(method: str) -> None:
    handler, asked = in_turn(httpx.Response(200, json={}))
    with client_of(handler) as client, pytest.raises(PermanentError) as caught:
        client.request(method, "/leads")
    assert caught.value.code == "amocrm.write_forbidden"
    assert asked == []


def test_a_write_is_refused_without_a_socket_being_opened() -> None:
    """The real transport is in place here, and the address does not exist: the guard must speak first."""
    client = VendorClient(
        httpx.URL("https://does-not-exist.amocrm.ru/api/v4"),
        HeaderSecret("Authorization", SecretStr(TOKEN), vendor="amocrm", tenant="demo"),
        TokenBucket(1000),
        RetryPolicy(),
        AMOCRM_RULES,
        tenant="demo",
    )
    with client, pytest.raises(PermanentError) as caught:
        client.request("POST", "/leads")
    assert caught.value.code == "amocrm.write_forbidden"


def test_a_block_page_stops_everything_and_a_second_request_is_not_even_sent() -> None:
    handler, asked = in_turn(httpx.Response(403, text=BLOCK_PAGE))
    breaker = CircuitBreaker()
    for _ in range(3):
        with client_of(handler, breaker=breaker) as client, pytest.raises(IntegrationError) as caught:
            client.get("/leads")
        assert caught.value.code == "amocrm.blocked"
    assert len(asked) == 1


def test_a_missing_right_is_no_block() -> None:
    handler, asked = in_turn(httpx.Response(403, json={"title": "Forbidden"}), httpx.Response(200, json={"id": 1}))
    with client_of(handler) as client:
        with pytest.raises(IntegrationError) as caught:
            client.get("/users")
        assert caught.value.code == "amocrm.forbidden"
        assert client.get("/account") == {"id": 1}
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "amocrm.bad_request", PermanentError),
        (401, "amocrm.token_refused", IntegrationError),
        (402, "amocrm.payment_required", IntegrationError),
        (404, "amocrm.not_found", IntegrationError),
        (302, "amocrm.redirected", IntegrationError),
    ],
)
def test_what_cannot_get_better_is_asked_once(status: int, code: str, kind: type[SynkroError]) -> None:
    handler, asked = in_turn(httpx.Response(status, json={}, headers={"location": "https://evil.example/"}))
    with client_of(handler) as client, pytest.raises(kind) as caught:
        client.get("/leads")
    assert caught.value.code == code
    assert caught.value.remedy.ru
    assert caught.value.remedy.en
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (httpx.Response(429, text="slow down"), "amocrm.rate_limited"),
        (httpx.Response(502, text="<html>Bad Gateway</html>"), "amocrm.unavailable"),
        (httpx.Response(200, text="<html>maintenance</html>"), "amocrm.bad_answer"),
        (httpx.Response(200, text=""), "amocrm.bad_answer"),
        (httpx.Response(200, text='{"cut'), "amocrm.bad_answer"),
        (httpx.Response(200, content=b'{"name": "\xff\xfe"}'), "amocrm.bad_answer"),
        (httpx.ConnectError("refused"), "amocrm.unreachable"),
        (httpx.RemoteProtocolError("reset"), "amocrm.unreachable"),
    ],
)
def test_a_stumble_is_tried_again_and_an_html_page_is_never_taken_for_no_data(
    answer: httpx.Response | Exception, code: str
) -> None:
    waits: list[float] = []
    handler, asked = in_turn(answer, answer, httpx.Response(200, json={"id": 7}))
    with client_of(handler, waits=waits) as client:
        assert client.get("/leads") == {"id": 7}
        assert client.counters.retries == 2
        assert client.counters.requests == 3
    assert waits == [2.0, 4.0]
    handler, asked = in_turn(answer)
    with client_of(handler) as client, pytest.raises(TransientError) as caught:
        client.get("/leads")
    assert caught.value.code == code
    assert len(asked) == 4


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (httpx.Response(429, headers={"retry-after": "7"}), 7.0),
        (httpx.Response(429, headers={"retry-after": "99999"}), 300.0),
        (httpx.Response(429, json={"retry_after": 30}), 30.0),
        (
            httpx.Response(
                429,
                headers={
                    "date": "Fri, 20 Nov 2026 12:00:00 GMT",
                    "retry-after": "Fri, 20 Nov 2026 12:00:09 GMT",
                },
            ),
            9.0,
        ),
        (httpx.Response(429, headers={"retry-after": "soon"}), 2.0),
    ],
)
def test_the_wait_that_the_vendor_asks_for_is_kept_within_a_cap(answer: httpx.Response, wait: float) -> None:
    waits: list[float] = []
    handler, _ = in_turn(answer, httpx.Response(200, json={}))
    with client_of(handler, waits=waits) as client:
        client.get("/leads")
    assert waits == [wait]


def test_no_data_is_none() -> None:
    handler, _ = in_turn(httpx.Response(204, headers={"content-type": "text/html; charset=UTF-8"}))
    with client_of(handler) as client:
        assert client.get("/leads") is None


def test_an_endless_answer_is_cut_off() -> None:
    handler, asked = in_turn(httpx.Response(200, content=b"[" + b"1," * 5000 + b"1]"))
    with client_of(handler) as client, pytest.raises(PermanentError) as caught:
        client.get("/leads", (("query", "+79990001122"),))
    assert caught.value.code == "amocrm.answer_too_large"
    assert "79990001122" not in caught.value.detail
    assert len(asked) == 1


def test_neither_log_nor_exception_tells_the_token_or_a_phone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    handler, _ = in_turn(httpx.Response(401, json={}, headers={"x-request-id": "abc123"}))
    with client_of(handler) as client, pytest.raises(IntegrationError) as caught:
        client.get("/contacts", (("query", "+79990001122"),))
    told = caplog.text + repr(caught.value) + str(caught.value) + caught.value.detail
    assert TOKEN not in told
    assert "79990001122" not in told
    assert "abc123" in caught.value.detail


@pytest.mark.parametrize("value", ["two\tlines", "a" * 81, "<script>", "+7 999 000 11 22"])
def test_a_request_id_that_is_none_is_not_repeated_in_log_and_errors(
    value: str, caplog: pytest.LogCaptureFixture
) -> None:
    handler, _ = in_turn(httpx.Response(401, json={}, headers={"x-request-id": value}))
    with client_of(handler) as client, pytest.raises(IntegrationError) as caught:
        client.get("/contacts")
    assert value not in caught.value.detail + caplog.text
    assert "HTTP 401" in caplog.text


@pytest.mark.parametrize("token", ["", "два слова", "with space", "line\nbreak", "tab\tin"])
def test_a_badly_pasted_token_is_explained_and_not_quoted(token: str) -> None:
    with pytest.raises(IntegrationError) as caught:
        HeaderSecret("Authorization", SecretStr(token), vendor="amocrm", tenant="demo")
    assert caught.value.code == "amocrm.bad_token"
    assert not token or token not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "scope"), [("/companies/1/messaging/messages/", "messaging"), ("/companies/1/connections/", "connections")]
)
def test_a_key_without_a_scope_names_the_scope(path: str, scope: str) -> None:
    rule = RADIST_RULES.rule_for(403, b'{"detail":"no"}', path)
    assert rule.code == "radist.forbidden"
    assert scope in rule.remedy.ru
    assert scope in rule.remedy.en


@pytest.mark.parametrize("status", range(100, 600))
def test_every_status_has_a_meaning_and_words_for_people(status: int) -> None:
    for table in (AMOCRM_RULES, RADIST_RULES):
        for body in (b"", b"<html>", b"{}", b"plain"):
            rule = table.rule_for(status, body, "/messaging/")
            assert rule.code.startswith(f"{table.vendor}.")
            assert rule.action in ("accept", "empty") or (rule.what.ru and rule.remedy.en)
