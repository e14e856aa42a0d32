"""The invented amoCRM answers as its documentation says; a reader proven against it is proven for the real one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from synkro_resources.model.clock import FixedClock
from synkro_resources.sandbox.amocrm import AmocrmSwitches, amocrm_app
from synkro_resources.sandbox.amocrm.oauth import OauthClient
from synkro_resources.sandbox.journal import RequestJournal
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.world.build import build_world
from synkro_resources.sandbox.world.model import AmocrmAccount, World

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
TOKEN = "sandbox-token"
MOUNT = "/amocrm/demo"
CLIENT = OauthClient()


@dataclass
class Sandbox:
    http: httpx.Client
    account: AmocrmAccount
    switches: AmocrmSwitches
    clock: FixedClock
    log: RequestJournal

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(f"{MOUNT}/api/v4{path}", headers=headers)

    def rows(self, path: str, collection: str) -> list[dict[str, Any]]:
        answer = self.get(path)
        return [] if answer.status_code == 204 else answer.json()["_embedded"][collection]

    def tokens(self, **body: str) -> httpx.Response:
        known = {"client_id": CLIENT.client_id, "client_secret": CLIENT.client_secret}
        return self.http.post(
            f"{MOUNT}/oauth2/access_token", json={**known, "redirect_uri": CLIENT.redirect_uri, **body}
        )


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(7, END, days=40)


@pytest.fixture
def sandbox(world: World) -> Iterator[Sandbox]:
    switches, clock = AmocrmSwitches(rate_limit=False), FixedClock(END)
    app = amocrm_app(world.amocrm, clock=clock, token=TOKEN, state=switches)
    with (
        serve(Starlette(routes=[Mount(MOUNT, app)])) as url,
        httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}) as http,
    ):
        yield Sandbox(http, world.amocrm, switches, clock, app.state.log)


def test_no_data_is_an_empty_204_that_calls_itself_html(sandbox: Sandbox) -> None:
    gone = next(iter(sandbox.account.deleted_leads))
    for path in (f"/leads/{gone}", "/leads/1", "/contacts/1", "/tasks/1", "/leads?page=999", "/leads/notes/1"):
        answer = sandbox.get(path)
        assert (answer.status_code, answer.content) == (204, b""), path
        assert answer.headers["content-type"] == "text/html; charset=UTF-8"


def test_answers_carry_the_headers_support_asks_for(sandbox: Sandbox) -> None:
    answer = sandbox.get("/account")
    assert answer.headers["content-type"] == "application/hal+json"
    assert len(answer.headers["x-request-id"]) == 32
    assert float(answer.headers["x-runtime-generated"]) >= 0


def test_wrong_paths_and_talks_are_404_problems(sandbox: Sandbox) -> None:
    for path in ("/talks/1", "/nonsense", "/leads/abc"):
        answer = sandbox.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json"), path
        assert answer.json()["status"] == 404


def test_a_missing_or_wrong_token_is_one_and_the_same_401(sandbox: Sandbox) -> None:
    for header in ("", "Bearer wrong", f"Basic {TOKEN}"):
        answer = sandbox.get("/account", Authorization=header)
        assert (answer.status_code, answer.json()["detail"]) == (401, "Неверный логин или пароль")


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_a_write_is_refused_and_leaves_a_trace(sandbox: Sandbox, method: str) -> None:
    assert sandbox.http.request(method, f"{MOUNT}/api/v4/leads").status_code == 405
    assert sandbox.log.counts() == {f"{method} /api/v4/leads": 1}


def test_a_refresh_token_works_once_and_its_access_token_a_day(sandbox: Sandbox) -> None:
    first = sandbox.tokens(grant_type="authorization_code", code=CLIENT.code).json()
    assert first["expires_in"] == 86_400
    bearer = f"Bearer {first['access_token']}"
    assert sandbox.get("/account", Authorization=bearer).status_code == 200
    second = sandbox.tokens(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert second.json()["refresh_token"] != first["refresh_token"]
    again = sandbox.tokens(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert (again.status_code, again.json()["hint"]) == (401, "Token has been revoked")
    sandbox.clock.move(timedelta(hours=24))
    assert sandbox.get("/account", Authorization=bearer).status_code == 401


def test_a_code_is_single_use_and_dies_after_twenty_minutes(sandbox: Sandbox) -> None:
    wrong = sandbox.tokens(grant_type="authorization_code", code=CLIENT.code, client_secret="guess")
    assert (wrong.status_code, wrong.json()["title"]) == (401, "Некорректный клиент")
    sandbox.clock.move(timedelta(minutes=21))
    late = sandbox.tokens(grant_type="authorization_code", code=CLIENT.code)
    assert (late.status_code, late.json()["hint"]) == (400, "Authorization code has expired")


def test_links_lead_back_to_where_the_account_is_mounted(sandbox: Sandbox) -> None:
    links = sandbox.get("/leads?limit=5&page=2&with=contacts").json()["_links"]
    assert set(links) == {"self", "next", "first", "prev"}
    shown = sandbox.http.get(links["next"]["href"]).json()
    assert (shown["_page"], shown["_links"]["self"]["href"]) == (3, links["next"]["href"])
    lead = shown["_embedded"]["leads"][0]
    assert sandbox.http.get(lead["_links"]["self"]["href"]).json()["id"] == lead["id"]
    note = sandbox.rows("/leads/notes?limit=1", "notes")[0]
    assert f"/leads/{note['entity_id']}/notes/{note['id']}" in note["_links"]["self"]["href"]


def test_following_next_reads_every_deal_once(sandbox: Sandbox) -> None:
    found: list[int] = []
    address: str | None = f"{MOUNT}/api/v4/leads?limit=50&order[id]=asc"
    while address:
        body = sandbox.http.get(address).json()
        assert "_total_items" not in body
        found += [row["id"] for row in body["_embedded"]["leads"]]
        address = body["_links"].get("next", {}).get("href")
    assert found == sorted(sandbox.account.leads)


def test_a_limit_that_is_too_large_or_no_number_means_fifty(sandbox: Sandbox) -> None:
    for limit in ("251", "999", "many"):
        assert len(sandbox.rows(f"/leads?limit={limit}", "leads")) == 50
    assert len(sandbox.rows("/events?limit=250", "events")) == 100
    sandbox.switches.events_limit = 50
    assert len(sandbox.rows("/events?limit=100", "events")) == 50


def test_a_deal_edited_between_pages_shifts_the_rest(sandbox: Sandbox) -> None:
    """The offset trap itself: if it went away, readers would no longer be tested against it."""
    query = "/leads?limit=10&order[updated_at]=asc"
    first = [row["id"] for row in sandbox.rows(query, "leads")]
    expected = [row["id"] for row in sandbox.rows(f"{query}&page=2", "leads")]
    edited = sandbox.account.leads[first[0]]
    before = edited["updated_at"]
    edited["updated_at"] = int(END.timestamp())
    try:
        assert [row["id"] for row in sandbox.rows(f"{query}&page=2", "leads")][:9] == expected[1:]
    finally:
        edited["updated_at"] = before


def test_a_range_needs_its_brackets_and_may_be_one_sided(sandbox: Sandbox) -> None:
    middle = sorted(row["updated_at"] for row in sandbox.account.leads.values())[len(sandbox.account.leads) // 2]
    assert sandbox.get(f"/leads?filter[updated_at]={middle}").status_code == 204
    later = sandbox.rows(f"/leads?limit=250&filter%5Bupdated_at%5D%5Bfrom%5D={middle}", "leads")
    earlier = sandbox.rows(f"/leads?limit=250&filter[updated_at][to]={middle - 1}", "leads")
    assert {row["updated_at"] >= middle for row in later} == {True}
    assert {row["id"] for row in later}.isdisjoint(row["id"] for row in earlier)
    assert len(sandbox.rows(f"/leads/notes?filter[updated_at]={middle}", "notes")) > 0


def test_statuses_are_filtered_by_the_pair_only(sandbox: Sandbox) -> None:
    pipeline = sandbox.account.pipelines[0]["id"]
    pair = f"filter[statuses][0][pipeline_id]={pipeline}&filter[statuses][0][status_id]=142"
    won = sandbox.rows(f"/leads?limit=250&{pair}", "leads")
    assert {(row["pipeline_id"], row["status_id"]) for row in won} == {(pipeline, 142)}
    assert sandbox.get("/leads?filter[statuses][0][status_id]=142").status_code == 204


def test_other_filters_choose_and_unknown_ones_are_ignored(sandbox: Sandbox) -> None:
    ids = sorted(sandbox.account.leads)[:2]
    chosen = sandbox.rows(f"/leads?filter[id][]={ids[0]}&filter[id][]={ids[1]}", "leads")
    assert [row["id"] for row in chosen] == ids
    assert {row["price"] for row in sandbox.rows("/leads?filter[price]=0&limit=250", "leads")} == {0}
    assert sandbox.get("/leads?query=нет-такой-сделки").status_code == 204
    assert len(sandbox.rows("/leads?filter[nonsense]=1", "leads")) == 50
    sandbox.switches.filters_off = True
    assert len(sandbox.rows(f"/leads?filter[id]={ids[0]}", "leads")) == 50


def test_a_phone_is_found_however_it_is_written(sandbox: Sandbox) -> None:
    contact, phone = next(
        (row, value["value"])
        for row in sandbox.account.contacts.values()
        for field in row["custom_fields_values"] or []
        if field["field_code"] == "PHONE"
        for value in field["values"]
        if sum(letter.isdigit() for letter in value["value"]) >= 10
    )
    digits = "".join(letter for letter in phone if letter.isdigit())[-10:]
    assert contact["id"] in {row["id"] for row in sandbox.rows(f"/contacts?query={digits}", "contacts")}


@pytest.mark.parametrize(
    "query",
    [
        "filter[created_at][to]=1763640000",
        "filter[entity_id]=1",
        "filter[entity_id]=1&filter[entity][]=lead&filter[entity][]=contact",
        "filter[entity]=deal",
        "filter[nonsense]=1",
        "filter[value_after][nonsense]=1",
        "filter[value_after][custom_field_values]=1",
        "filter[entity]=lead&" + "&".join(f"filter[entity_id][]={number}" for number in range(11)),
        "&".join(f"filter[created_by][]={number}" for number in range(11)),
    ],
)
def test_a_wrong_event_filter_is_told(sandbox: Sandbox, query: str) -> None:
    answer = sandbox.get(f"/events?{query}")
    assert (answer.status_code, answer.json()["detail"]) == (400, "Invalid params passed to filter")


def test_events_come_newest_first_and_through_their_filters(sandbox: Sandbox) -> None:
    times = [row["created_at"] for row in sandbox.rows("/events?limit=100", "events")]
    assert times == sorted(times, reverse=True)
    since = times[50]
    assert {row["created_at"] >= since for row in sandbox.rows(f"/events?filter[created_at]={since}", "events")} == {
        True
    }
    moves = "/events?filter[type]=lead_status_changed,lead_added&limit=100"
    assert {row["type"] for row in sandbox.rows(moves, "events")} == {"lead_status_changed", "lead_added"}
    pipeline = sandbox.account.pipelines[0]["id"]
    into = "filter[value_after][leads_statuses][0]"
    won = sandbox.rows(f"/events?{into}[pipeline_id]={pipeline}&{into}[status_id]=142", "events")
    assert {row["value_after"][0]["lead_status"]["id"] for row in won} == {142}
    one = won[0]
    of_lead = sandbox.rows(f"/events?filter[entity]=lead&filter[entity_id]={one['entity_id']}", "events")
    assert one["id"] in {row["id"] for row in of_lead}
    assert sandbox.get(f"/events/{one['id']}").json()["entity_type"] == "lead"


def test_parts_appear_only_when_they_are_asked_for(sandbox: Sandbox) -> None:
    assert "_embedded" not in sandbox.get("/account").json()
    asked = sandbox.get("/account?with=datetime_settings,version").json()
    assert (set(asked["_embedded"]), "version" in asked) == ({"datetime_settings"}, True)
    plain, full = (sandbox.rows(f"/leads?limit=1{more}", "leads")[0] for more in ("", "&with=contacts,loss_reason"))
    assert set(plain["_embedded"]) == {"tags", "companies"}
    assert set(full["_embedded"]) == {"tags", "companies", "contacts", "loss_reason"}
    users = sandbox.get("/users").json()
    assert {"_total_items", "_page_count"} <= set(users)
    assert "uuid" not in users["_embedded"]["users"][0]
    assert "_embedded" not in users["_embedded"]["users"][0]
    assert set(sandbox.rows("/users?with=role", "users")[0]["_embedded"]) == {"roles"}


def test_the_trash_holds_nulls(sandbox: Sandbox) -> None:
    trash = sandbox.rows("/leads?with=only_deleted&limit=250", "leads")
    assert {row["id"] for row in trash} == set(sandbox.account.deleted_leads)
    assert {(row["name"], row["status_id"], row["is_deleted"]) for row in trash} == {(None, None, True)}


def test_what_lies_after_the_clock_does_not_exist_yet(sandbox: Sandbox) -> None:
    sandbox.clock.move(-timedelta(days=20))
    now = sandbox.clock.now().timestamp()
    for path, collection, field in (
        ("/events?limit=100", "events", "created_at"),
        ("/leads?limit=250", "leads", "created_at"),
        ("/leads?with=only_deleted&limit=250", "leads", "updated_at"),
        ("/leads/notes?limit=250", "notes", "created_at"),
    ):
        rows = sandbox.rows(path, collection)
        assert rows, path
        assert max(row[field] for row in rows) <= now, path


def test_the_eighth_request_of_a_second_is_refused_and_stubbornness_is_blocked(sandbox: Sandbox) -> None:
    sandbox.switches.rate_limit, sandbox.switches.block_after = True, 2
    codes = [sandbox.get("/account").status_code for _ in range(10)]
    assert codes == [200] * 7 + [429] * 2 + [403]
    time.sleep(1.05)
    assert sandbox.get("/account").status_code == 403, "waiting lifts no block"
    assert sandbox.tokens(grant_type="authorization_code", code=CLIENT.code).status_code == 403
    sandbox.switches.blocked = False
    assert sandbox.get("/account").status_code == 200


def test_the_people_of_an_invented_world_can_be_played() -> None:
    """What the world plants (talks, incoming leads, strange fields) is shown and edited, not only a small account."""
    account = build_world(7, END, days=25).amocrm
    app = amocrm_app(account, clock=FixedClock(END), token=TOKEN, state=AmocrmSwitches(rate_limit=False))
    headers = {"Authorization": f"Bearer {TOKEN}", "User-Agent": "synkro-tests/1.0"}
    with serve(app) as url, httpx.Client(base_url=f"{url}/api/v4", headers=headers) as http:
        shown = [http.get(f"/talks/{talk}").json()["talk_id"] for talk in account.talks]
        assert shown == list(account.talks)
        chat = account.chats[0]
        assert http.get(f"/contacts/chats?chat_id={chat['chat_id']}").json()["_embedded"]["chats"] == [chat]
        accepted, declined = (row["uid"] for row in account.unsorted[:2])
        lead = account.unsorted[0]["_embedded"]["leads"][0]["id"]
        app.state.editor.accept_unsorted(accepted)
        app.state.editor.decline_unsorted(declined)
        assert http.get(f"/leads/unsorted/{accepted}").status_code == 204
        assert http.get(f"/leads/{lead}").json()["updated_at"] == int(END.timestamp())
        for kind, rows, part in (("leads", account.leads, "contacts"), ("contacts", account.contacts, "leads")):
            for row_id in list(rows)[:20]:
                before = http.get(f"/{kind}/{row_id}?with={part}").json()
                app.state.editor.delete(kind, row_id)
                app.state.editor.restore(kind, row_id)
                after = http.get(f"/{kind}/{row_id}?with={part}").json()
                assert {**after, "updated_at": 0, "updated_by": 0} == {**before, "updated_at": 0, "updated_by": 0}
            winner, *losers = list(rows)[:20]
            for loser in losers:
                app.state.editor.merge(kind, winner, loser)
                assert http.get(f"/{kind}/{loser}").status_code == 204
        assert app.state.oddities == []


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ("402", 402, "application/problem+json"),
        ("403_json", 403, "application/problem+json"),
        ("403_html", 403, "text/html"),
        ("429_json", 429, "application/problem+json"),
        ("200_html", 200, "text/html"),
        ("504_html", 504, "text/html"),
    ],
)
def test_faults_happen_once_each(sandbox: Sandbox, fault: Any, status: int, kind: str) -> None:
    sandbox.switches.faults.append(fault)
    answer = sandbox.get("/account")
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith(kind)
    assert sandbox.get("/account").status_code == 200


def test_a_dropped_connection_is_an_error_of_transport(sandbox: Sandbox) -> None:
    sandbox.switches.faults.append("reset")
    with pytest.raises(httpx.TransportError):
        sandbox.get("/account")


def test_a_full_page_is_served_fast_enough_for_long_histories(sandbox: Sandbox) -> None:
    path = "/leads?limit=250&with=contacts,loss_reason"
    sandbox.get(path)
    best = min(_seconds(sandbox, path) for _ in range(10))
    assert best < 0.02, "5 ms on a quiet machine"


def _seconds(sandbox: Sandbox, path: str) -> float:
    start = time.perf_counter()
    sandbox.get(path)
    return time.perf_counter() - start
