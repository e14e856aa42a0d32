"""The invented Radist answers as its documentation says; a reader proven against it is proven for the real one."""

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
from synkro_resources.sandbox.journal import RequestJournal
from synkro_resources.sandbox.radist import RadistSwitches, radist_app
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.world.build import build_world
from synkro_resources.sandbox.world.model import RadistCompany, World

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY = "sandbox-key"
MOUNT = "/radist/demo"
LISTING = "/messaging/chats/with_contacts/"
MESSAGES = "/messaging/messages/"


@dataclass
class Sandbox:
    http: httpx.Client
    company: RadistCompany
    switches: RadistSwitches
    clock: FixedClock
    log: RequestJournal

    def get(self, path: str, **query: str | int) -> httpx.Response:
        return self.http.get(f"{MOUNT}/v2/companies/{self.company.companies[0]['id']}{path}", params=query)

    def busy_chat(self) -> int:
        return max(self.company.messages, key=lambda chat_id: len(self.company.messages[chat_id]))

    def listing(self, limit: int) -> list[dict[str, Any]]:
        """All contacts as a client pages through them."""
        found: list[dict[str, Any]] = []
        query: dict[str, str | int] = {"limit": limit}
        while True:
            body = self.get(LISTING, **query).json()
            found += body["data"]
            following = body["response_metadata"].get("next_cursor")
            if not following or following == query.get("cursor"):
                return found
            query["cursor"] = following


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(7, END, days=40)


@pytest.fixture
def sandbox(world: World) -> Iterator[Sandbox]:
    switches, clock = RadistSwitches(rate_limit=False), FixedClock(END)
    app = radist_app(world.radist, clock=clock, api_key=KEY, switches=switches)
    with (
        serve(Starlette(routes=[Mount(MOUNT, app)])) as url,
        httpx.Client(base_url=url, headers={"X-Api-Key": KEY}) as http,
    ):
        yield Sandbox(http, world.radist, switches, clock, app.state.log)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_every_list_has_its_own_envelope(sandbox: Sandbox) -> None:
    companies = sandbox.http.get(f"{MOUNT}/v2/companies/").json()
    assert companies == {"companies": sandbox.company.companies}
    assert isinstance(sandbox.get("/messaging/chats/sources/").json(), list)
    assert set(sandbox.get(LISTING, limit=1).json()) == {"data", "response_metadata"}
    assert isinstance(sandbox.get(MESSAGES, chat_id=sandbox.busy_chat()).json(), list)
    assert set(sandbox.get("/connections/").json()) == {"connections"}
    assert set(sandbox.get("/contacts/", order_by="created_at:desc").json()) == {"items"}
    assert sandbox.http.get(f"{MOUNT}/v2/users/me").status_code == 200


def test_crm_connections_lie_between_the_messengers(sandbox: Sandbox) -> None:
    rows = sandbox.get("/connections/").json()["connections"]
    assert "amocrm" in {row["type"] for row in rows}
    assert sandbox.get(f"/connections/{rows[0]['id']}").json() == rows[0]


def test_a_path_without_its_slash_is_redirected_where_it_was_asked(sandbox: Sandbox) -> None:
    answer = sandbox.get("/messaging/chats/sources")
    assert answer.status_code == 307
    assert sandbox.http.get(answer.headers["location"]).status_code == 200


def test_a_missing_or_foreign_company_is_not_found(sandbox: Sandbox) -> None:
    assert sandbox.http.get(f"{MOUNT}/v2{LISTING}").status_code == 404
    foreign = sandbox.http.get(f"{MOUNT}/v2/companies/999999{LISTING}")
    assert (foreign.status_code, foreign.json()) == (404, {"detail": "Not Found"})


def test_a_wrong_key_is_refused(sandbox: Sandbox) -> None:
    assert sandbox.http.get(f"{MOUNT}/v2/users/me", headers={"X-Api-Key": "wrong"}).status_code == 401


def test_the_two_chat_ids_are_never_the_same_thing(sandbox: Sandbox) -> None:
    chat_id = sandbox.busy_chat()
    message = sandbox.get(MESSAGES, chat_id=chat_id).json()[0]
    assert isinstance(message["chat_id"], str)
    assert message["chat_id"] != str(chat_id)
    assert sandbox.get(MESSAGES, chat_id="79000000001@c.us").status_code == 422


def test_parameters_that_do_not_parse_are_named(sandbox: Sandbox) -> None:
    for path, query, name in (
        (MESSAGES, {}, "chat_id"),
        (MESSAGES, {"chat_id": sandbox.busy_chat(), "until": "вчера"}, "until"),
        (LISTING, {"limit": "many"}, "limit"),
    ):
        answer = sandbox.get(path, **query)
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["loc"] == ["query", name]


def test_a_message_has_its_own_content_and_the_last_message_all_keys(sandbox: Sandbox) -> None:
    rows = [
        row for chat_id in list(sandbox.company.messages)[:40] for row in sandbox.get(MESSAGES, chat_id=chat_id).json()
    ]
    texts = [row for row in rows if row["message_type"] == "text"]
    assert texts
    assert all("text" in row and "image" not in row for row in texts)
    assert {row["author"] for row in rows} == {None}
    last = sandbox.get(LISTING, limit=1).json()["data"][0]["chats"][0]["last_message"]
    assert {"text", "image", "voice"} <= set(last)


def test_paging_back_by_an_unchanged_bound_finds_every_message(sandbox: Sandbox) -> None:
    chat_id = sandbox.busy_chat()
    found: dict[str, Any] = {}
    query: dict[str, str | int] = {"chat_id": chat_id, "limit": 5}
    while True:
        page = sandbox.get(MESSAGES, **query).json()
        new = {row["message_id"]: row for row in page if row["message_id"] not in found}
        found |= new
        if len(page) < 5 or not new:
            break
        query["until"] = min((row["created_at"] for row in page), key=instant)
    assert set(found) == {row["message_id"] for row in sandbox.company.messages[chat_id]}


def test_the_bound_is_inclusive_unless_switched(sandbox: Sandbox) -> None:
    chat_id = sandbox.busy_chat()
    bound = sandbox.company.messages[chat_id][2]
    query = {"chat_id": chat_id, "until": bound["created_at"]}
    assert bound["message_id"] in {row["message_id"] for row in sandbox.get(MESSAGES, **query).json()}
    sandbox.switches.until_is_inclusive = False
    assert bound["message_id"] not in {row["message_id"] for row in sandbox.get(MESSAGES, **query).json()}


@pytest.mark.parametrize("last", ["empty", "null", "missing", "repeated"])
def test_the_listing_ends_whatever_the_last_cursor_is(sandbox: Sandbox, last: Any) -> None:
    sandbox.switches.last_cursor = last
    rows = sandbox.listing(40)
    assert {row["contact_id"] for row in rows} == {row["contact_id"] for row in sandbox.company.contacts}
    times = [instant(row["last_chat_updated_at"]) for row in rows]
    assert times == sorted(times, reverse=True)


def test_a_chat_that_moves_up_is_missed_by_one_pass(sandbox: Sandbox) -> None:
    """The trap itself: if it went away, readers would no longer be tested against it."""
    sandbox.switches.moving_chat = True
    rows = [row["contact_id"] for row in sandbox.listing(40)]
    assert len(set(rows)) < len(sandbox.company.contacts)
    assert len(set(rows)) < len(rows)


def test_what_was_written_after_the_clock_does_not_exist_yet(sandbox: Sandbox) -> None:
    sandbox.clock.move(-timedelta(days=20))
    now = sandbox.clock.now()
    rows = sandbox.listing(40)
    assert 0 < len(rows) < len(sandbox.company.contacts)
    for row in rows:
        assert instant(row["last_chat_updated_at"]) <= now
        for chat in row["chats"]:
            newest = sandbox.get(MESSAGES, chat_id=chat["chat_id"], limit=1).json()[0]
            assert chat["last_message"]["message_id"] == newest["message_id"]
            assert instant(newest["created_at"]) <= now


def test_chats_allow_one_request_a_second_and_everything_together_five(sandbox: Sandbox) -> None:
    sandbox.switches.rate_limit = True
    assert [sandbox.get(LISTING, limit=1).status_code for _ in range(2)] == [200, 429]
    answers = [sandbox.get("/connections/") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429]
    assert answers[-1].headers["retry-after"] == "2"
    time.sleep(1.05)
    assert sandbox.get(LISTING, limit=1).status_code == 200


def test_several_companies_can_share_a_key(sandbox: Sandbox) -> None:
    sandbox.switches.several_companies = True
    assert len(sandbox.http.get(f"{MOUNT}/v2/companies/", params={"limit": 100}).json()["companies"]) == 2
    second = f"{MOUNT}/v2/companies/999001"
    assert sandbox.http.get(f"{second}{LISTING}", params={"limit": 100}).json()["data"] == []
    assert sandbox.http.get(f"{second}/messaging/chats/sources/").json() == []
    sandbox.switches.several_companies = False
    assert sandbox.http.get(f"{second}{LISTING}", params={"limit": 100}).status_code == 404
