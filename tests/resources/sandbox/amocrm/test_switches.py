"""Every known misbehaviour can be switched on, does what it says, and goes away again."""

from __future__ import annotations

import json
import socket
import time
from collections import Counter
from typing import Any, get_args

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from synkro_resources.sandbox.amocrm.door import Pace
from synkro_resources.sandbox.amocrm.faults import SPOILING
from synkro_resources.sandbox.amocrm.switches import Fault
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.switches import SwitchError
from tests.resources.sandbox.amocrm.company import INCOMING, MAIN, NOW
from tests.resources.sandbox.amocrm.running import AGENT, MOUNT, TOKEN, Running

REPLACING = {
    "401": (401, "application/problem+json"),
    "402": (402, "application/problem+json"),
    "403_json": (403, "application/problem+json"),
    "403_html": (403, "text/html"),
    "404": (404, "application/problem+json"),
    "429_empty": (429, ""),
    "429_text": (429, "text/plain"),
    "429_html": (429, "text/html"),
    "429_json": (429, "application/problem+json"),
    "200_html": (200, "text/html"),
    "500": (500, "application/problem+json"),
    "502_html": (502, "text/html"),
    "503_html": (503, "text/html"),
    "504_html": (504, "text/html"),
    "redirect": (302, "text/html"),
    "oversized": (200, "application/hal+json"),
}


def statuses(amo: Running, times: int, path: str = "/account", **headers: str) -> list[int]:
    return [amo.get(path, **headers).status_code for _ in range(times)]


# ---- faults ----


@pytest.mark.parametrize("fault", REPLACING)
def test_a_fault_hits_one_request_and_the_next_is_served(amo: Running, fault: str) -> None:
    amo.set(faults=[fault], oversized_bytes=200_000)
    answer = amo.get("/account")
    assert (answer.status_code, answer.headers.get("content-type", "").split(";")[0]) == REPLACING[fault]
    assert amo.get("/account").status_code == 200
    assert amo.app.state.faults == Counter({fault: 1})


def test_no_fault_is_untried() -> None:
    assert {*REPLACING, *SPOILING, "reset"} == set(get_args(Fault))


def test_a_cut_body_is_the_beginning_of_the_true_one_in_a_complete_answer(amo: Running) -> None:
    whole = amo.get("/leads?limit=3&order[id]=asc").content
    amo.set(faults=["cut"])
    assert amo.get("/leads?limit=3&order[id]=asc").content == whole[: len(whole) // 2]


def test_bad_bytes_stand_in_the_middle_of_the_true_body(amo: Running) -> None:
    amo.set(faults=["bad_utf8"])
    answer = amo.get("/leads")
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode("utf-8")
    assert answer.status_code == 200


def test_a_slow_body_arrives_whole_but_in_drips(amo: Running) -> None:
    expected = amo.get("/account").json()
    amo.set(faults=["slow"], drip_bytes=50, drip_every_s=0.02)
    with amo.http.stream("GET", "/amocrm/demo/api/v4/account") as answer:
        parts = list(answer.iter_raw())
    assert len(parts) > 3
    assert json.loads(b"".join(parts)) == expected


def test_who_hangs_up_on_a_slow_body_frees_the_emulator(amo: Running) -> None:
    amo.set(faults=["slow"], drip_bytes=1, drip_every_s=5)
    with pytest.raises(httpx.ReadTimeout):
        amo.http.get("/amocrm/demo/api/v4/account", timeout=0.3)
    assert amo.get("/account").status_code == 200


def _raw_answer(amo: Running) -> bytes:
    """What comes over the wire until the other side hangs up."""
    address = amo.http.base_url
    with socket.create_connection((address.host, address.port or 80), timeout=5) as connection:
        path = "/amocrm/demo/api/v4/account"
        lines = (f"GET {path} HTTP/1.1", f"Host: {address.host}:{address.port}", f"Authorization: Bearer {TOKEN}")
        connection.sendall("\r\n".join((*lines, "", "")).encode())
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
    return received


def test_a_connection_closes_before_the_first_byte(amo: Running) -> None:
    amo.set(faults=["reset"])
    assert _raw_answer(amo) == b""
    assert amo.log.entries[-1].status == 0


def test_a_connection_closes_in_the_middle_of_the_body(amo: Running) -> None:
    whole = amo.get("/account").content
    amo.set(faults=["reset_body"])
    head, _, body = _raw_answer(amo).partition(b"\r\n\r\n")
    assert f"content-length: {len(whole)}".encode() in head.lower()
    assert body == whole[: len(whole) // 2]


def test_an_oversized_answer_is_valid_and_as_long_as_asked(amo: Running) -> None:
    amo.set(faults=["oversized"], oversized_bytes=3_000_000)
    answer = amo.get("/leads")
    assert len(answer.content) > 3_000_000
    assert answer.json()["_embedded"] == {}


def test_a_redirect_shows_who_would_carry_the_token_elsewhere(amo: Running) -> None:
    seen: list[str | None] = []

    async def elsewhere(request: Request) -> Response:
        seen.append(request.headers.get("authorization"))
        return JSONResponse({"id": 1})

    with serve(Starlette(routes=[Route("/{rest:path}", elsewhere)])) as url:
        amo.set(faults=["redirect", "redirect"], redirect_to=url)
        careful = amo.get("/leads?limit=2")
        assert careful.headers["location"] == f"{url}/amocrm/demo/api/v4/leads?limit=2"
        assert seen == []
        careless = {"Authorization": f"Bearer {TOKEN}"}
        httpx.get(careful.headers["location"], headers=careless)
        assert seen == [f"Bearer {TOKEN}"]


def test_faults_can_be_aimed_at_a_path_or_a_page(amo: Running) -> None:
    amo.set(faults_on={"/pipelines": ["502_html"], "page=2": ["429_empty", "504_html"]})
    assert statuses(amo, 2) == [200, 200]
    assert statuses(amo, 2, "/leads/pipelines") == [502, 200]
    assert statuses(amo, 3, "/leads?limit=5&page=2") == [429, 504, 200]
    assert statuses(amo, 1, "/leads?limit=5&page=1") == [200]


def test_faults_can_hit_every_third_request_only(amo: Running) -> None:
    amo.set(always="502_html", fault_every=3)
    assert statuses(amo, 6) == [200, 200, 502, 200, 200, 502]
    amo.set(always=None, faults=["429_json"], faults_on={"/leads": ["504_html"]}, fault_every=2)
    assert statuses(amo, 3, "/leads").count(504) == 1


def test_a_wrong_switch_is_refused_and_changes_nothing(amo: Running) -> None:
    for wrong in ({"faults": ["418"]}, {"always": "slowly"}, {"events_limit": 99}, {"nonsense": 1}):
        with pytest.raises(SwitchError):
            amo.set(latency_s=9, **wrong)
    assert amo.switches.latency_s == 0


def test_latency_holds_every_answer_back(amo: Running) -> None:
    amo.set(latency_s=0.2)
    started = time.monotonic()
    assert amo.get("/account").status_code == 200
    assert time.monotonic() - started >= 0.2


# ---- pace and blocks ----


def test_too_fast_has_every_known_form(amo: Running) -> None:
    amo.set(rate_limit=True, requests_per_second=1, rate_limit_answer="in_turn")
    kinds = [amo.get("/account").headers.get("content-type", "none").split(";")[0] for _ in range(5)]
    assert kinds == ["application/hal+json", "none", "text/plain", "text/html", "application/problem+json"]
    assert amo.get("/account").status_code == 429
    amo.set(rate_limit_answer="429_json", retry_after_s=300)
    assert amo.get("/account").json()["retry_after"] == 300


def test_each_integration_has_its_own_seven_requests(amo: Running) -> None:
    amo.set(rate_limit=True)
    other = f"Bearer {amo.ask_tokens(grant_type='authorization_code', code='sandbox-code').json()['access_token']}"
    assert statuses(amo, 7) + statuses(amo, 7, Authorization=other) == [200] * 14
    assert statuses(amo, 1, Authorization=other) == [429]


def test_the_other_brand_counts_by_address(amo: Running) -> None:
    amo.set(rate_limit=True, rate_key="ip")
    other = f"Bearer {amo.tokens.long_lived(30)}"
    assert statuses(amo, 4) + statuses(amo, 3, Authorization=other) == [200] * 7
    assert statuses(amo, 1, Authorization=other) == [429]


def test_the_whole_account_has_fifty_requests_for_everybody(amo: Running) -> None:
    pace = Pace(amo.switches)
    answers = [pace.refusal(f"integration {number}") for number in range(51)]
    assert answers[:50] == [None] * 50
    assert answers[50] is not None
    assert answers[50].status_code == 429


def test_a_block_is_an_html_page_for_everything_until_it_is_lifted(amo: Running) -> None:
    amo.set(blocked=True)
    for answer in (amo.get("/account"), amo.ask_tokens(grant_type="authorization_code", code="sandbox-code")):
        assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=UTF-8")
        assert "nginx" in answer.text
    amo.set(blocked=False)
    assert statuses(amo, 1) == [200]


# ---- pages ----


def test_a_last_page_may_promise_another_that_is_empty(amo: Running) -> None:
    amo.set(next_leads_to_204=True)
    body = amo.get("/leads?limit=250").json()
    assert amo.http.get(body["_links"]["next"]["href"]).status_code == 204


def test_lists_may_lack_links(amo: Running) -> None:
    amo.set(without_links=True)
    for path in ("/leads", "/leads/pipelines", "/events", "/users"):
        assert "_links" not in amo.get(path).json(), path


def test_links_may_name_another_host(amo: Running) -> None:
    amo.set(foreign_next_host=True, foreign_host="https://shard7.example")
    body = amo.get("/leads?limit=5").json()
    assert body["_links"]["next"]["href"].startswith("https://shard7.example/amocrm/demo/api/v4/leads?")
    assert body["_embedded"]["leads"][0]["_links"]["self"]["href"].startswith("https://shard7.example/")


def test_a_limit_above_the_greatest_becomes_fifty_or_the_greatest(amo: Running) -> None:
    for number in range(60):
        amo.editor.create_contact(name=f"Контакт {number}")
    assert len(amo.rows("/contacts?limit=251", "contacts")) == 50
    amo.set(limit_clamp=250)
    assert len(amo.rows("/contacts?limit=251", "contacts")) == 64


@pytest.mark.parametrize("most", [50, 100, 250])
def test_events_have_the_page_size_of_the_day(amo: Running, most: int) -> None:
    for number in range(260):
        amo.editor.update("leads", 100, {"price": number})
    amo.set(events_limit=most)
    assert len(amo.rows("/events?limit=250", "events")) == most


def test_heavy_pages_end_in_504_and_smaller_ones_do_not(amo: Running) -> None:
    amo.set(heavy_page_rows=6)
    assert [amo.get(f"/leads?limit={limit}").status_code for limit in (12, 7, 6, 3)] == [504, 504, 200, 200]


def test_without_an_order_the_last_may_come_first(amo: Running) -> None:
    assert amo.ids("/leads", "leads") == sorted(amo.account.leads)
    amo.set(default_descending=True)
    assert amo.ids("/leads", "leads") == sorted(amo.account.leads, reverse=True)
    assert amo.ids("/leads?order[id]=asc", "leads") == sorted(amo.account.leads)


def test_rows_shift_by_themselves_while_a_list_is_paged(amo: Running) -> None:
    """What a naive reader loses with edits in between; without them it would lose nothing."""

    def read() -> list[int]:
        window = f"filter[updated_at][from]={NOW - 900}&filter[updated_at][to]={NOW - 1}"
        pages = [
            amo.ids(f"/leads?{window}&order[updated_at]=asc&limit=3&page={page}", "leads") for page in (1, 2, 3, 4)
        ]
        return [row for page in pages for row in page]

    assert sorted(read()) == sorted(amo.account.leads)
    amo.set(edits_while_paging=2)
    found = read()
    assert set(found) < set(amo.account.leads)
    assert sum(row["updated_at"] == NOW for row in amo.account.leads.values()) >= 2


def test_lists_of_which_nobody_knows_may_come_in_pages(amo: Running) -> None:
    paths = ((f"/leads/pipelines/{MAIN}/statuses", "statuses"), ("/events/types", "events_types"))
    for path, collection in paths:
        amo.set(page_unsure_lists=False)
        whole = amo.rows(path, collection)
        amo.set(page_unsure_lists=True)
        found: list[Any] = []
        address: str | None = f"{MOUNT}/api/v4{path}?limit=2"
        while address:
            body = amo.http.get(address).json()
            found += body["_embedded"][collection]
            address = body["_links"].get("next", {}).get("href")
        assert found == whole
        assert len(amo.log.entries) > 2, path
        amo.log.clear()


def test_rights_leave_short_pages_in_the_middle(amo: Running) -> None:
    amo.set(rights_hide_every=2)
    pages = [amo.ids(f"/leads?limit=5&page={page}", "leads") for page in (1, 2, 3)]
    assert pages == [[101, 103], [105, 107, 109], [111]]
    assert amo.get("/leads/102").status_code == 204


def test_too_fast_may_say_in_a_header_how_long_to_wait(amo: Running) -> None:
    amo.set(
        rate_limit=True, requests_per_second=1, retry_after_header=True, retry_after_s=7, rate_limit_answer="429_empty"
    )
    assert [amo.get("/account").headers.get("retry-after") for _ in range(2)] == [None, "7"]


# ---- filters and contents ----


def test_filters_may_be_ignored_altogether(amo: Running) -> None:
    amo.set(filters_off=True)
    assert len(amo.ids("/leads?filter[id]=100", "leads")) == 12
    assert len(amo.ids("/events?filter[nonsense]=1", "events")) == 12


def test_bounds_may_lie_outside(amo: Running) -> None:
    times = sorted(row["updated_at"] for row in amo.account.leads.values())
    lists = (
        ("/leads", "leads", "updated_at"),
        ("/events", "events", "created_at"),
    )
    for path, collection, field in lists:
        query = f"{path}?filter[{field}][from]={times[0]}&filter[{field}][to]={times[3]}"
        amo.set(bounds_exclusive=False)
        assert len(amo.ids(query, collection)) == 4
        amo.set(bounds_exclusive=True)
        assert len(amo.ids(query, collection)) == 2


def test_incoming_leads_may_be_hidden_from_the_list_only(amo: Running) -> None:
    amo.editor.update("leads", 105, {"status_id": INCOMING})
    assert 105 in amo.ids("/leads", "leads")
    amo.set(hide_unsorted_leads=True)
    assert 105 not in amo.ids("/leads", "leads")
    assert amo.get("/leads/105").status_code == 200


def test_events_may_become_visible_later_than_they_happened(amo: Running) -> None:
    amo.set(events_delay_s=150)
    shown = amo.rows("/events", "events")
    assert max(row["created_at"] for row in shown) == NOW - 180
    hidden = max(amo.account.events, key=lambda row: row["created_at"])
    assert amo.get(f"/events/{hidden['id']}").status_code == 204
    amo.set(events_delay_s=0)
    assert amo.get(f"/events/{hidden['id']}").status_code == 200


# ---- access ----


@pytest.mark.parametrize("agent", ["", "python-httpx/0.28", "curl/8.0"])
def test_a_nameless_caller_may_be_refused(amo: Running, agent: str) -> None:
    headers: dict[str, Any] = {"User-Agent": agent}
    assert amo.get("/account", **headers).status_code == 200
    amo.set(require_user_agent=True)
    answer = amo.get("/account", **headers)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert amo.get("/account", **{"User-Agent": AGENT}).status_code == 200


@pytest.mark.parametrize(("answer", "detail"), [(404, "Страница не найдена"), (401, "Account not found")])
def test_a_renamed_account_is_found_by_asking_for_its_name(amo: Running, answer: int, detail: str) -> None:
    pair = amo.ask_tokens(grant_type="authorization_code", code="sandbox-code").json()
    amo.set(renamed_to="newname", renamed_answer=answer)
    refused = amo.get("/account")
    assert (refused.status_code, refused.json()["detail"]) == (answer, detail)
    assert amo.ask_tokens(grant_type="refresh_token", refresh_token=pair["refresh_token"]).status_code == 404
    by_refresh = amo.http.get(
        "/amocrm/demo/oauth2/account/current/subdomain", headers={"X-Refresh-Token": pair["refresh_token"]}
    )
    assert by_refresh.json()["subdomain"] == "newname"
    assert amo.http.get("/amocrm/demo/oauth2/account/subdomain").json() == by_refresh.json()
    assert amo.http.get("/amocrm/demo/oauth2/account/current/subdomain").status_code == 401
