"""Attacks on the cabinet that have worked against Streamlit applications, tried against a running server."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx
import pytest

import synkro_app.cabinet
from synkro_app.web.gate import Gate, Message, Receive, Scope, Send
from synkro_app.web.sockets import OpenSockets
from synkro_resources.control import sessions, users
from synkro_resources.control.chat_links import SeenChat, create_code, use_code
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import list_destinations
from synkro_resources.control.packages import save_package
from synkro_resources.control.report_files import save_file
from synkro_resources.control.reports import save_report
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import SystemClock
from synkro_resources.model.ids import Role
from tests.app.conftest import RunningCabinet, started_cabinet
from tests.app.people import Person, new_person
from tests.app.web.tab import Tab
from tests.resources.control.test_packages import document, package

pytestmark = pytest.mark.xdist_group("tabs")

CLOCK = SystemClock()
SHARED_BY_ALL = {
    ("context.py", "cache_resource"): 1,
    ("__init__.py", "cache"): 1,
    ("settings_company.py", "cache"): 1,
}
"""Caches of the cabinet: the installation, which holds nothing of a tenant, texts, and the names of time zones."""


def cookie_of(db: Database, person: Person) -> str:
    return sessions.open_session(db, person.user_id, CLOCK)


def test_naming_somebody_elses_streamlit_session_gives_a_fresh_one(
    control_db: Database, cabinet: RunningCabinet, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    victim, thief = new_person(control_db, CLOCK, tenant_a), new_person(control_db, CLOCK, tenant_b)
    users.set_name(control_db, victim.user_id, "Victim Victimson")
    mine = cookie_of(control_db, victim)
    with Tab(cabinet, mine) as tab:
        tab.run("profile")
        assert tab.shows("Victim Victimson")
        with Tab(cabinet, cookie_of(control_db, thief), take_over=tab.session_id) as other:
            other.run("profile")
            assert other.session_id != tab.session_id
            assert not other.shows("Victim Victimson")
        stolen = tab.session_id
    with Tab(cabinet, cookie_of(control_db, thief), take_over=stolen) as late:  # the victim's tab is closed now
        late.run("profile")
        assert late.session_id != stolen
        assert not late.shows("Victim Victimson")
    with Tab(cabinet, cookie_of(control_db, victim), take_over=stolen) as anew:  # another sign-in of the same person
        anew.run("profile")
        assert anew.session_id != stolen


def test_the_first_visitor_after_a_start_may_come_by_a_deep_link(
    control_db: Database, control_url: str, tmp_path: Path, tenant_a: Tenant
) -> None:
    person = new_person(control_db, CLOCK, tenant_a)
    with started_cabinet(control_url, tmp_path) as fresh, Tab(fresh, cookie_of(control_db, person)) as tab:
        tab.run("profile")
        assert "Сменить пароль" in tab.buttons


def test_a_click_of_a_demoted_person_does_nothing_although_the_button_was_drawn(
    control_db: Database, cabinet: RunningCabinet, tenant_a: Tenant
) -> None:
    person = new_person(control_db, CLOCK, tenant_a, Role.ADMIN)
    code = create_code(control_db, tenant_a.slug, bot_id="7", actor="u", clock=CLOCK).code
    with control_db.tenant(tenant_a.slug) as connection:
        use_code(connection, tenant_a.slug, code, SeenChat("501", "Anna"), bot_id="7", person="5", now=CLOCK.now())
    with Tab(cabinet, cookie_of(control_db, person)) as tab:
        tab.run("chats")
        confirm = tab.buttons["Подтвердить"]
        users.set_membership(control_db, person.user_id, tenant_a.slug, Role.VIEWER, clock=CLOCK)
        tab.run("chats", click=confirm)
        assert [chat.enabled for chat in list_destinations(control_db, tenant_a.slug)] == [False]
        users.set_membership(control_db, person.user_id, tenant_a.slug, Role.ADMIN, clock=CLOCK)
        tab.run("chats")
        tab.run("chats", click=tab.buttons["Подтвердить"])  # the same click of somebody who may
        assert [chat.enabled for chat in list_destinations(control_db, tenant_a.slug)] == [True]


def test_a_page_that_the_role_does_not_have_draws_nothing_of_it(
    control_db: Database, cabinet: RunningCabinet, tenant_a: Tenant
) -> None:
    new_person(control_db, CLOCK, tenant_a, Role.OWNER)
    viewer = new_person(control_db, CLOCK, tenant_a, Role.VIEWER)
    with Tab(cabinet, cookie_of(control_db, viewer)) as tab:
        for page in ("team", "journal", "chats"):
            tab.run(page)
            assert not tab.shows("owner-")
            assert "Создать ссылку" not in tab.buttons


def test_a_page_address_with_another_companys_id_shows_the_own_report(
    control_db: Database, cabinet: RunningCabinet, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    drawn = {
        tenant.slug: document(tenant.slug, save_package(control_db, package(tenant.slug)).package_id)
        for tenant in (tenant_a, tenant_b)
    }
    for slug, report in drawn.items():
        save_report(control_db, slug, report)
        save_file(control_db, str(cabinet.log.parent / "lake"), slug, report.doc_id, "pdf", b"%PDF")
    owner = new_person(control_db, CLOCK, tenant_b)
    with Tab(cabinet, cookie_of(control_db, owner)) as tab:
        tab.run("reports", query=f"report={drawn[tenant_a.slug].doc_id}")
        assert tab.shows(f"/files/{tenant_b.slug}/report/{drawn[tenant_b.slug].doc_id}.pdf")
        assert not tab.shows(drawn[tenant_a.slug].doc_id)
        assert not tab.shows(tenant_a.slug)


def test_a_session_that_was_closed_draws_nothing_more(
    control_db: Database, cabinet: RunningCabinet, tenant_a: Tenant
) -> None:
    person = new_person(control_db, CLOCK, tenant_a)
    token = cookie_of(control_db, person)
    browser = httpx.Client(base_url=cabinet.url, trust_env=False, cookies={"cab_sid": token})
    assert browser.get("/account/ping").status_code == 204
    found = sessions.find_session(control_db, token, CLOCK)
    assert found is not None
    sessions.close_session(control_db, found.sid, CLOCK)
    assert browser.get("/account/ping").status_code == 401


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_identity_headers_from_outside_never_reach_the_pages_even_with_a_session(
    control_db: Database, tenant_a: Tenant, tenant_b: Tenant, kind: str
) -> None:
    person = new_person(control_db, CLOCK, tenant_a, Role.VIEWER)
    seen: list[tuple[bytes, bytes]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend(scope["headers"])

    async def receive() -> Message:
        return {"type": f"{kind}.connect"}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    forged = [
        (b"x-cab-uid", b"boss"),
        (b"x-cab-sid", b"boss"),
        (b"x-cab-role", b"owner"),
        (b"x-cab-tenant", tenant_b.slug.encode()),
        (b"x-cab-tenant", b"again"),
        (b"x-cab-new", b"anything"),
    ]
    ours = [
        (b"host", b"cabinet"),
        (b"origin", b"https://cabinet"),
        (b"cookie", f"cab_sid={cookie_of(control_db, person)}".encode()),
    ]
    scope: Scope = {"type": kind, "method": "GET", "path": "/", "query_string": b"", "headers": [*forged, *ours]}
    asyncio.run(Gate(app, control=control_db, clock=CLOCK, sockets=OpenSockets())(scope, receive, send))
    identity = [(name, value) for name, value in seen if name.startswith(b"x-cab-")]
    assert sorted(name for name, _ in identity) == [
        b"x-cab-email",
        b"x-cab-role",
        b"x-cab-sid",
        b"x-cab-tenant",
        b"x-cab-uid",
    ]
    told = dict(identity)
    assert (told[b"x-cab-uid"], told[b"x-cab-role"]) == (person.user_id.encode(), b"viewer")
    assert told[b"x-cab-tenant"] == tenant_a.slug.encode()


@pytest.mark.parametrize("path", ["/account/logout", "/account/logout-everywhere", "/account/code", "/account/login"])
def test_a_foreign_page_carries_out_nothing_with_the_cookie(
    control_db: Database, cabinet: RunningCabinet, tenant_a: Tenant, path: str
) -> None:
    person = new_person(control_db, CLOCK, tenant_a)
    browser = httpx.Client(base_url=cabinet.url, trust_env=False, cookies={"cab_sid": cookie_of(control_db, person)})
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}, {"origin": "null"}, {}):
        assert browser.post(path, headers=headers).status_code == 403
    assert browser.get("/account/ping").status_code == 204


def test_nothing_is_cached_across_people() -> None:
    """A cache without the tenant among its arguments shows one company another one's rows."""
    found: dict[tuple[str, str], int] = {}
    for path in Path(synkro_app.cabinet.__file__).parent.rglob("*.py"):
        for kind in re.findall(r"@(?:st\.|functools\.)?(cache\w*|lru_cache)", path.read_text(encoding="utf-8")):
            found[path.name, kind] = found.get((path.name, kind), 0) + 1
    assert found == SHARED_BY_ALL


def test_no_page_offers_a_file_by_an_address_that_is_open_to_whoever_learns_it() -> None:
    for path in Path(synkro_app.cabinet.__file__).parent.rglob("*.py"):
        assert "download_button" not in path.read_text(encoding="utf-8"), path.name
