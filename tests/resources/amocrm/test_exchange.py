"""The one client that may POST: to one address, once, and with no secret in anything it says."""

from __future__ import annotations

import logging
import socket
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import pytest
from pydantic import SecretStr

from synkro_resources.amocrm.exchange import ConsentLost, OauthClient, TokenExchange, TokenTransport
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import IntegrationError, PermanentError, SynkroError, TransientError

CLOCK = FixedClock(datetime(2026, 11, 20, 12, tzinfo=UTC))
CLIENT = OauthClient(SecretStr("client-id-4711"), SecretStr("client-secret-4711"), "https://synkro.example/cb")
REFRESH = SecretStr("def50200-refresh-4711")
PROBLEM = {"type": "https://developers.amocrm.ru/v3/errors/OAuthProblemJson", "status": 401}
REVOKED = {**PROBLEM, "title": "Некорректный запрос", "hint": "Token has been revoked"}
WRONG_CLIENT = {**PROBLEM, "title": "Некорректный клиент", "detail": "Авторизация клиента не прошла"}
PAIR = {"token_type": "Bearer", "expires_in": 86400, "access_token": "access-1", "refresh_token": "refresh-1"}
BLOCK = "<html><head><title>403 Forbidden</title></head></html>"

Answer = httpx.Response | Exception


def exchange_with(*answers: Answer) -> tuple[TokenExchange, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        answer = answers[min(len(asked), len(answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer

    transport = httpx.MockTransport(handler)
    return TokenExchange("https://demo.amocrm.ru/api/v4", tenant="demo", clock=CLOCK, transport=transport), asked


def test_a_refresh_sends_what_is_documented_to_the_accounts_own_host() -> None:
    exchange, asked = exchange_with(httpx.Response(200, json=PAIR))
    pair = exchange.refresh(CLIENT, REFRESH)
    assert (pair.access.get_secret_value(), pair.refresh.get_secret_value()) == ("access-1", "refresh-1")
    assert str(asked[0].url) == "https://demo.amocrm.ru/oauth2/access_token"
    assert asked[0].headers["user-agent"].startswith("Synkro/")
    assert "authorization" not in asked[0].headers
    body = httpx.Response(200, content=asked[0].content).json()
    assert body == {
        "client_id": "client-id-4711",
        "client_secret": "client-secret-4711",
        "grant_type": "refresh_token",
        "redirect_uri": "https://synkro.example/cb",
        "refresh_token": "def50200-refresh-4711",
    }


@pytest.mark.parametrize("address", ["https://www.amocrm.ru", "http://demo.amocrm.ru", "https://evil.example", ""])
def test_the_secrets_go_to_amocrms_own_hosts_only(address: str) -> None:
    with pytest.raises(IntegrationError) as caught:
        TokenExchange(address, tenant="demo", clock=CLOCK)
    assert caught.value.code == "amocrm.bad_address"


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "https://demo.amocrm.ru/oauth2/access_token"),
        ("PUT", "https://demo.amocrm.ru/oauth2/access_token"),
        ("POST", "https://demo.amocrm.ru/api/v4/leads"),
        ("POST", "https://demo.amocrm.ru/oauth2/access_token?x=1"),
        ("POST", "https://demo.amocrm.ru/oauth2/access_token/../../api/v4/leads"),
        ("POST", "https://other.amocrm.ru/oauth2/access_token"),
        ("POST", "http://demo.amocrm.ru/oauth2/access_token"),
        ("POST", "https://demo.amocrm.ru:8443/oauth2/access_token"),
    ],
)
def test_its_transport_lets_out_one_method_to_one_address(method: str, url: str) -> None:
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200)

    address = httpx.URL("https://demo.amocrm.ru/oauth2/access_token")
    transport = TokenTransport(httpx.MockTransport(handler), address, tenant="demo")
    with httpx.Client(transport=transport) as client, pytest.raises(PermanentError) as caught:
        client.request(method, url)
    assert caught.value.code == "amocrm.write_forbidden"
    assert asked == []


@pytest.mark.parametrize(
    ("answer", "code", "kind"),
    [
        (httpx.Response(401, json=REVOKED), "amocrm.consent_lost", ConsentLost),
        (httpx.Response(400, json={**REVOKED, "hint": "Token has expired"}), "amocrm.consent_lost", ConsentLost),
        (httpx.Response(401, json=WRONG_CLIENT), "amocrm.client_refused", IntegrationError),
        (httpx.Response(400, json=PROBLEM), "amocrm.client_refused", IntegrationError),
        (httpx.Response(401, json={"title": "Unauthorized"}), "amocrm.account_moved", IntegrationError),
        (httpx.Response(401, text="<html>"), "amocrm.account_moved", IntegrationError),
        (httpx.Response(404, text="<html>"), "amocrm.account_moved", IntegrationError),
        (httpx.Response(302, headers={"location": "https://evil.example"}), "amocrm.redirected", IntegrationError),
        (httpx.Response(403, text=BLOCK), "amocrm.blocked", IntegrationError),
        (httpx.Response(402), "amocrm.payment_required", IntegrationError),
        (httpx.Response(429), "amocrm.rate_limited", TransientError),
        (httpx.Response(502, text="<html>"), "amocrm.unavailable", TransientError),
        (httpx.Response(200, text="<html>"), "amocrm.exchange_unclear", TransientError),
        (httpx.Response(200, json={}), "amocrm.exchange_unclear", TransientError),
        (httpx.Response(204), "amocrm.exchange_unclear", TransientError),
        (httpx.Response(200, content=b"x" * 100_000), "amocrm.exchange_unclear", TransientError),
        (httpx.ReadTimeout("late"), "amocrm.exchange_unclear", TransientError),
        (httpx.WriteTimeout("late"), "amocrm.exchange_unclear", TransientError),
        (httpx.ReadError("reset"), "amocrm.exchange_unclear", TransientError),
        (httpx.RemoteProtocolError("cut"), "amocrm.exchange_unclear", TransientError),
    ],
)
def test_whatever_comes_back_a_refresh_token_is_sent_once_and_no_secret_is_told(
    answer: Answer, code: str, kind: type[SynkroError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    exchange, asked = exchange_with(answer)
    with pytest.raises(kind) as caught:
        exchange.refresh(CLIENT, REFRESH)
    assert caught.value.code == code
    assert caught.value.what.ru
    assert caught.value.remedy.en
    assert len(asked) == 1
    told = "".join(traceback.format_exception(caught.value)) + caplog.text + caught.value.detail
    assert "4711" not in told
    assert caught.value.__context__ is None


def test_what_was_surely_not_sent_is_sent_once_more() -> None:
    exchange, asked = exchange_with(httpx.ConnectTimeout("slow"), httpx.Response(200, json=PAIR))
    assert exchange.refresh(CLIENT, REFRESH).access.get_secret_value() == "access-1"
    assert len(asked) == 2
    exchange, asked = exchange_with(httpx.ConnectError("refused"))
    with pytest.raises(TransientError) as caught:
        exchange.refresh(CLIENT, REFRESH)
    assert caught.value.code == "amocrm.unreachable"
    assert len(asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(400, json={**PROBLEM, "hint": "Authorization code has expired"}),
        httpx.Response(401, json={**PROBLEM, "hint": "Authorization code has been revoked"}),
        httpx.Response(400, json=PROBLEM),
    ],
)
def test_a_bad_code_is_told_as_such_with_either_status(answer: httpx.Response) -> None:
    exchange, _ = exchange_with(answer)
    with pytest.raises(IntegrationError) as caught:
        exchange.code(CLIENT, SecretStr("code-4711"))
    assert caught.value.code == "amocrm.code_refused"
    assert not isinstance(caught.value, ConsentLost)


@contextmanager
def vendor(behave: Callable[[socket.socket], None]) -> Generator[tuple[str, list[int]]]:
    connections: list[int] = []
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(5)

        def serve() -> None:
            connection, _ = listener.accept()
            connections.append(1)
            with connection:
                behave(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", connections
        thread.join(5)


def test_a_connection_that_breaks_after_the_request_is_not_opened_again() -> None:
    def read_and_drop(connection: socket.socket) -> None:
        connection.recv(65536)

    with vendor(read_and_drop) as (address, connections):
        exchange = TokenExchange(address, tenant="demo", clock=CLOCK, allow_sandbox=True)
        with pytest.raises(TransientError) as caught:
            exchange.refresh(CLIENT, REFRESH)
    assert caught.value.code == "amocrm.exchange_unclear"
    assert connections == [1]
