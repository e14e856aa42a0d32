"""No token, phone or e-mail leaves the process in a log line or in the text of an exception, whoever writes it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from synkro_resources.amocrm.rules import AMOCRM_RULES
from synkro_resources.http import HeaderSecret, RetryPolicy, TokenBucket, VendorClient
from synkro_resources.http.network import tls_context
from synkro_resources.http.redaction import Scrubber, mask_httpx_log, scrub
from synkro_resources.model.errors import SynkroError
from synkro_resources.sandbox.serve import serve

TOKEN = "eyJ0eXAiOiJKV1Qi.eyJzdWIiOiI0NzExIn0.c2lnbmF0dXJl"
PLAIN = "def50200a1b2c3d4e5f6"
PHONE = "+79990001122"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {PLAIN}",
        f"headers={{'authorization': 'Bearer {PLAIN}', 'accept': '*/*'}}",
        f"[(b'Authorization', b'Bearer {PLAIN}'), (b'Host', b'x')]",
        f"X-Refresh-Token: {PLAIN}\nAccept: */*",
        f"X-Api-Key={PLAIN}",
        f'"apikey": "{PLAIN}"',
        f"set-cookie: session={PLAIN}; path=/",
        f'{{"refresh_token": "{PLAIN}", "grant_type": "refresh_token"}}',
        f"client_secret={PLAIN}&code=1",
        f"the radist_token is radist_token:{PLAIN}",
        f"Bearer {PLAIN}",
    ],
)
def test_a_secret_is_masked_wherever_vendors_and_libraries_put_it(text: str) -> None:
    assert PLAIN not in scrub(text)


def test_a_jwt_needs_no_context_to_be_recognised() -> None:
    assert "eyJ" not in scrub(f"refused: {TOKEN}")


@pytest.mark.parametrize(
    "text",
    [
        "+79990001122",
        "%2B79990001122",
        "8 (999) 000-11-22",
        "8-999-000-11-22",
        "79990001122",
        "+375 29 123-45-67",
        "+7 (999) 000 11 22",
        "anna.k+sales@example.com",
        "anna%40example.com",
    ],
)
def test_phones_and_addresses_of_people_are_masked(text: str) -> None:
    assert scrub(f"contact {text} not found") == "contact … not found"


@pytest.mark.parametrize(
    "text",
    [
        "GET /leads/5100011, HTTP 502, x-request-id 0af1b2c3d4e5f60718293a4b5c6d7e8f",
        "from 1767225600 to 1767312000",
        "2026-11-20T12:00:00.123456Z, 3.456 s, 1 048 576 bytes",
        "account 31900077, pipeline 142",
    ],
)
def test_what_support_needs_stays_readable(text: str) -> None:
    assert scrub(text) == text


@given(st.text(max_size=60), st.text(min_size=4, max_size=40), st.text(max_size=60))
def test_a_named_secret_never_survives(before: str, secret: str, after: str) -> None:
    assert secret not in scrub(f"{before}{secret}{after}", [secret]) or secret in "…"


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Everything that any logger says at DEBUG, also where another client has silenced httpx in this process."""
    levels = {name: logging.getLogger(name).level for name in ("httpx", "httpcore")}
    for name in levels:
        logging.getLogger(name).setLevel(logging.NOTSET)
    found: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(self.format(record))

    handler = Collector(logging.DEBUG)
    handler.addFilter(Scrubber())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield found
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    root.removeHandler(handler)
    root.setLevel(level)


def test_an_exception_is_logged_with_its_chain_and_without_its_secrets(lines: list[str]) -> None:
    try:
        try:
            raise httpx.ConnectError(f"refused, headers: Authorization: Bearer {PLAIN}")
        except httpx.ConnectError as error:
            raise ValueError("contact anna@example.com, +79990001122") from error
    except ValueError:
        logging.getLogger("somebody.elses").exception("failed for %s", "+79990001122")
    told = "\n".join(lines)
    assert "ConnectError" in told
    assert "ValueError" in told
    assert not any(secret in told for secret in (PLAIN, "79990001122", "anna@"))


def failing_client(base: str, transport: httpx.BaseTransport | None = None) -> VendorClient:
    return VendorClient(
        httpx.URL(base),
        HeaderSecret("Authorization", SecretStr(TOKEN), vendor="amocrm", tenant="demo", scheme="Bearer"),
        TokenBucket(1000),
        RetryPolicy(tries=1),
        AMOCRM_RULES,
        tenant="demo",
        transport=transport,
        max_answer_bytes=1000,
    )


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError(f"to https://x/?query=%2B79990001122 with {TOKEN}"),
        httpx.ReadTimeout(f"{TOKEN}"),
        httpx.DecodingError("bad gzip"),
        httpx.Response(401, json={}),
        httpx.Response(403, text="<html>"),
        httpx.Response(500, text="+79990001122"),
        httpx.Response(200, content=b"[" + b"1," * 5000 + b"1]"),
        httpx.Response(200, text='{"phone": "+79990001122"'),
        httpx.Response(302, headers={"location": f"https://evil.example/?t={TOKEN}"}),
    ],
)
def test_the_whole_traceback_of_a_failure_tells_neither_token_nor_phone(
    answer: httpx.Response | Exception, lines: list[str]
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    with (
        failing_client("https://demo.amocrm.ru/api/v4", httpx.MockTransport(handler)) as client,
        pytest.raises(SynkroError) as caught,
    ):
        client.get("/contacts", (("query", PHONE),))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    told = "".join(traceback.format_exception(caught.value)) + caught.value.detail + "\n".join(lines)
    assert not any(secret in told for secret in (TOKEN, PHONE[1:]))


def test_even_the_wires_own_debug_lines_are_scrubbed(lines: list[str]) -> None:
    """httpcore tells the headers of answers at DEBUG; here a vendor puts a secret into one."""

    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        headers = [(b"set-cookie", f"sid={PLAIN}".encode()), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b"{}"})  # type: ignore[operator]

    mask_httpx_log()
    with serve(app) as address, failing_client(address) as client:  # type: ignore[arg-type]
        assert client.get("/account", (("query", "+79990001122"),)) == {}
    told = "\n".join(lines)
    assert "receive_response_headers.complete" in told
    assert "/account?query=…" in told
    assert not any(secret in told for secret in (PLAIN, TOKEN, "79990001122"))


def test_old_tls_is_refused() -> None:
    assert tls_context().minimum_version.name == "TLSv1_2"
