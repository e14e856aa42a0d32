"""Every fault of the emulator as a client on the other end of the socket sees it."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any, get_args

import httpx
import orjson
import pytest

from synkro_resources.sandbox.radist.switches import Fault
from tests.resources.sandbox.radist.conftest import LISTING, MESSAGES, Radist

PATH = "/connections/"


@pytest.mark.parametrize(
    ("fault", "status", "word"),
    [
        ("401", 401, '"detail"'),
        ("403_scope", 403, "connections"),
        ("404", 404, "Not Found"),
        ("422", 422, '"loc":["query","limit"]'),
        ("429", 429, "Too Many"),
        ("429_retry_after", 429, "Too Many"),
        ("429_long", 429, "Too Many"),
        ("429_date", 429, "Too Many"),
        ("429_html", 429, "<html>"),
        ("500", 500, '"detail"'),
        ("500_html", 500, "<html>"),
        ("502_empty", 502, ""),
        ("503", 503, '"detail"'),
        ("504_html", 504, "<html>"),
        ("200_html", 200, "<html>"),
        ("200_empty", 200, ""),
        ("200_null", 200, "null"),
        ("bad_json", 200, "nan"),
        ("redirect", 307, ""),
    ],
)
def test_a_fault_answers_once_and_then_the_truth_comes(radist: Radist, fault: Any, status: int, word: str) -> None:
    radist.served.set(faults=[fault])
    answer = radist.get(PATH)
    assert answer.status_code == status
    assert word in answer.text
    if not word and status != 307:
        assert answer.content == b""
    assert "connections" in radist.get(PATH).json()
    assert radist.served.oddities == []


def test_every_named_fault_is_answered_somehow(radist: Radist) -> None:
    """A fault that only exists by name would make a client's test prove nothing."""
    radist.served.set(silent_s=0.05, drip_bytes=100_000, oversized_bytes=100_000)
    good = radist.get(PATH).content
    for fault in get_args(Fault):
        radist.served.set(faults=[fault])
        try:
            answer = radist.get(PATH)
        except httpx.TransportError:
            assert fault in ("silent", "reset", "reset_body", "lost_response")
            continue
        assert (answer.status_code, answer.content) != (200, good) or fault == "slow", fault
    assert radist.served.switches.faults == []


def test_a_retry_after_is_missing_short_a_day_or_a_date(radist: Radist) -> None:
    radist.served.set(faults=["429", "429_retry_after", "429_long", "429_date"], retry_after_s=7)
    waits = [radist.get(PATH).headers.get("retry-after") for _ in range(4)]
    assert waits[:3] == [None, "7", "86400"]
    assert waits[3] is not None
    assert 4 <= parsedate_to_datetime(waits[3]).timestamp() - time.time() <= 8


@pytest.mark.parametrize("fault", ["reset", "lost_response"])
def test_a_connection_closes_before_or_after_the_work(radist: Radist, fault: Any) -> None:
    """The same for a reader, different for whoever writes: one was carried out and the other was not."""
    radist.served.set(faults_on={"/messaging/messages/": [fault]})
    chat_id = radist.busy_chat()
    connection = radist.world.radist.sources[0]["connection_id"]
    body = {"connection_id": connection, "chat_id": chat_id, "message_type": "text", "text": {"text": "Ждём вас"}}
    with pytest.raises(httpx.TransportError):
        radist.post(MESSAGES, body)
    sent = [row for row in radist.messages(chat_id) if row.get("text") == {"text": "Ждём вас"}]
    assert len(sent) == (1 if fault == "lost_response" else 0)


def test_a_body_can_end_early_in_two_ways(radist: Radist) -> None:
    radist.served.set(faults=["reset_body", "cut"])
    with pytest.raises(httpx.RemoteProtocolError, match="peer closed"):
        radist.get(PATH)
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(radist.get(PATH).content)


def test_a_body_can_be_no_text_or_larger_than_memory_likes(radist: Radist) -> None:
    radist.served.set(faults=["bad_utf8", "oversized"], oversized_bytes=3_000_000)
    with pytest.raises(UnicodeDecodeError):
        radist.get(PATH).content.decode()
    huge = radist.get(PATH)
    assert len(huge.content) > 3_000_000
    assert "content-length" not in huge.headers, "only counting while reading can save the client"


def test_a_dripping_body_is_the_true_one_and_slower_than_any_single_read(radist: Radist) -> None:
    good = radist.get(PATH).content
    radist.served.set(faults=["slow"], drip_bytes=max(len(good) // 5, 1), drip_every_s=0.1)
    began = time.monotonic()
    dripped = radist.http.get(radist.path(PATH), timeout=0.35)
    assert dripped.content == good
    assert time.monotonic() - began > 0.4, "a timeout per read never notices this"


def test_silence_and_latency_are_waited_for(radist: Radist) -> None:
    radist.served.set(faults=["silent"])
    with pytest.raises(httpx.ReadTimeout):
        radist.http.get(radist.path(PATH), timeout=0.3)
    radist.served.set(latency_s=0.2)
    began = time.monotonic()
    assert radist.get(PATH).status_code == 200
    assert time.monotonic() - began >= 0.2


def test_faults_are_aimed_at_paths_and_queries_and_every_nth_request(radist: Radist) -> None:
    radist.served.set(faults_on={"/messaging/messages/": ["500", "502_empty"], "cursor=": ["504_html"]})
    assert radist.get(PATH).status_code == 200
    first = radist.get(LISTING, limit=10)
    assert first.status_code == 200
    assert radist.get(LISTING, limit=10, cursor=first.json()["response_metadata"]["next_cursor"]).status_code == 504
    chat_id = radist.busy_chat()
    assert [radist.get(MESSAGES, chat_id=chat_id, limit=1).status_code for _ in range(3)] == [500, 502, 200]
    radist.served.set(always="503", fault_every=3)
    assert [radist.get(PATH).status_code for _ in range(6)].count(503) == 2
    radist.served.set(fault_every=1)
    assert [radist.get(PATH).status_code for _ in range(2)] == [503, 503]


@pytest.mark.parametrize(
    ("scope", "path"),
    [
        ("messaging", "/messaging/chats/sources/"),
        ("connections", "/connections/"),
        ("webhooks", "/webhooks/"),
        ("contacts", "/contacts/"),
    ],
)
def test_a_missing_scope_closes_its_paths_only(radist: Radist, scope: str, path: str) -> None:
    radist.served.set(missing_scopes=[scope])
    answer = radist.get(path)
    assert (answer.status_code, scope in answer.json()["detail"]) == (403, True)
    others = {"/messaging/chats/sources/", "/connections/", "/webhooks/", "/contacts/"} - {path}
    assert {radist.get(other).status_code for other in others} == {200}


def test_both_buckets_refuse_in_the_chosen_form(serve_radist: Callable[..., Radist]) -> None:
    radist = serve_radist(rate_limit=True, rate_limit_answer="429_html")
    assert [radist.get("/messaging/chats/sources/").status_code for _ in range(2)] == [200, 429]
    answers = [radist.get(PATH) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429]
    assert "<html>" in answers[-1].text


def test_a_path_without_its_slash_can_lead_to_a_stranger(radist: Radist) -> None:
    own = radist.get("/messaging/chats/sources")
    assert own.headers["location"].startswith(radist.served.url)
    radist.served.set(slashless_to_foreign_host=True, redirect_to="http://127.0.0.1:9")
    stranger = radist.get("/messaging/chats/sources", limit=3)
    assert stranger.status_code == 307
    assert stranger.headers["location"].startswith("http://127.0.0.1:9/v2/")
    assert stranger.headers["location"].endswith("?limit=3")


def test_whatever_no_document_speaks_of_is_noted_once(radist: Radist) -> None:
    chat_id = radist.busy_chat()
    for _ in range(2):
        radist.get(MESSAGES, chat_id=chat_id, limit=500, since="2026-11-01T00:00:00Z")
        radist.get(MESSAGES, chat_id=chat_id, limit=1, until="2026-11-01T00:00:00")
        radist.get(LISTING)
        radist.get("/connections")
        radist.get("/managers/")
        radist.http.get(radist.path(PATH), headers={"Authorization": "Bearer x"})
    httpx.get(radist.served.url + radist.path(PATH))
    noted = radist.served.oddities
    assert len(noted) == len(set(noted))
    for text in (
        "undocumented parameter since: /v2/companies/{id}/messaging/messages/",
        "limit above 100: /v2/companies/{id}/messaging/messages/",
        "until without a zone: /v2/companies/{id}/messaging/messages/",
        "page without limit: /v2/companies/{id}/messaging/chats/with_contacts/",
        "header authorization, which belongs to another API",
        "header X-Api-Key is missing",
    ):
        assert text in noted
    assert any(text.startswith("path without its final slash") for text in noted)
    assert any(text.startswith("unknown path") for text in noted)
