"""Signing in with a second factor, accepting an invitation and choosing a new password, over real sockets."""

from __future__ import annotations

import re
import secrets
import time

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from synkro_resources.control import invitations, new_passwords, second_factors, sessions, totp, users
from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock, SystemClock
from synkro_resources.model.ids import Role
from synkro_resources.settings import Settings
from tests.app.conftest import RunningCabinet
from tests.app.people import Person, new_person

CLOCK = SystemClock()
OURS = {"sec-fetch-site": "same-origin"}
HTML = {"accept": "text/html"}
NEW = "a brand new password"


@pytest.fixture
def person(control_db: Database, tenant_a: Tenant) -> Person:
    return new_person(control_db, CLOCK, tenant_a, Role.ANALYST)


@pytest.fixture
def browser(cabinet: RunningCabinet) -> httpx.Client:
    return httpx.Client(base_url=cabinet.url, trust_env=False, follow_redirects=False)


@pytest.fixture
def cabinet_keyring(cabinet: RunningCabinet) -> Keyring:
    return Keyring.from_settings(Settings.load(state_dir=cabinet.log.parent))


def sign_in(browser: httpx.Client, person: Person, target: str = "/") -> httpx.Response:
    form = {"email": person.email, "password": person.password, "next": target}
    return browser.post("/account/login", data=form, headers=OURS)


def invite(db: Database, tenant: Tenant, email: str, role: Role = Role.VIEWER) -> str:
    _, token = invitations.invite(db, tenant.slug, email, role, clock=CLOCK, actor="user:boss")
    return f"/invite/{token}"


def test_a_code_is_asked_for_on_a_second_form_and_only_then_a_session_opens(
    browser: httpx.Client, person: Person, control_db: Database, cabinet_keyring: Keyring
) -> None:
    before = FixedClock(CLOCK.now())
    secret = second_factors.begin_factor(control_db, cabinet_keyring, person.user_id, before)
    step = totp.step_of(before.now()) - 1  # so that the present code is not spent yet
    second_factors.confirm_factor(control_db, cabinet_keyring, person.user_id, totp.code_at(secret, step), before)
    asked = sign_in(browser, person, "/reports?report=7")
    assert asked.status_code == 200
    assert "set-cookie" not in asked.headers
    challenge = re.search(r'name="challenge" value="([^"]+)"', asked.text)
    assert challenge is not None
    form = {"challenge": challenge[1], "next": "/reports?report=7", "code": "000000"}
    wrong = browser.post("/account/code", data=form, headers=OURS)
    assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
    assert "Код не подходит" in wrong.text
    assert browser.post("/account/code", data=form, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    form["code"] = totp.code_at(secret, totp.step_of(CLOCK.now()))
    right = browser.post("/account/code", data=form, headers=OURS)
    assert (right.status_code, right.headers["location"]) == (303, "/reports?report=7")
    assert browser.get("/account/ping").status_code == 204
    again = browser.post("/account/code", data=form, headers=OURS)
    assert (again.status_code, "set-cookie" in again.headers) == (401, False)


def test_a_new_person_follows_the_link_and_works(browser: httpx.Client, control_db: Database, tenant_a: Tenant) -> None:
    email = f"new-{secrets.token_hex(4)}@example.org"
    link = invite(control_db, tenant_a, email)
    shown = browser.get(link, headers=HTML)
    assert shown.status_code == 200
    assert email in shown.text
    assert "ООО «A»" in shown.text
    assert shown.headers["cache-control"] == "no-store"
    form = {"name": "<b>Пётр</b>", "new_password": "short", "email": "boss@example.org"}
    weak = browser.post(link, data=form, headers=OURS)
    assert weak.status_code == 400
    assert "Нужно от 10" in weak.text
    assert "<b>" not in weak.text
    joined = browser.post(link, data={**form, "new_password": NEW}, headers=OURS)
    assert (joined.status_code, joined.headers["location"]) == (303, "/")
    assert browser.get("/", headers=HTML).status_code == 200
    ((user, member),) = users.tenant_users(control_db, tenant_a.slug)
    assert (user.email, user.name, member.role) == (email, "<b>Пётр</b>", Role.VIEWER)  # not the address that was sent
    assert browser.get(link, headers=HTML).status_code == 404


def test_a_person_with_an_account_signs_in_and_accepts(
    browser: httpx.Client, person: Person, control_db: Database, tenant_b: Tenant
) -> None:
    link = invite(control_db, tenant_b, person.email, Role.ADMIN)
    led = browser.get(link, headers=HTML)
    assert led.status_code == 303
    assert led.headers["location"] == f"/login?next={link}&notice=invited"
    assert "принять приглашение" in browser.get(led.headers["location"]).text
    assert sign_in(browser, person, link).headers["location"] == link
    assert "Принять приглашение" in browser.get(link, headers=HTML).text
    assert browser.post(link, headers=OURS).headers["location"] == "/"
    ((user, member),) = users.tenant_users(control_db, tenant_b.slug)
    assert (user.user_id, member.role) == (person.user_id, Role.ADMIN)
    seen = sessions.find_session(control_db, browser.cookies["cab_sid"], CLOCK)
    assert seen is not None
    assert seen.tenant == tenant_b.slug


def test_an_invitation_cannot_be_accepted_from_somebody_elses_session_or_a_foreign_page(
    browser: httpx.Client, person: Person, control_db: Database, tenant_b: Tenant
) -> None:
    link = invite(control_db, tenant_b, f"{secrets.token_hex(4)}@example.org", Role.OWNER)
    sign_in(browser, person)
    assert "Приглашение выписано на" in browser.get(link, headers=HTML).text
    assert browser.post(link, headers=OURS).status_code == 400
    assert browser.post(link, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert users.tenant_users(control_db, tenant_b.slug) == []


def test_a_link_for_a_new_password_ends_the_session_and_asks_for_a_sign_in(
    browser: httpx.Client, cabinet: RunningCabinet, person: Person, control_db: Database, tenant_a: Tenant
) -> None:
    sign_in(browser, person)
    token = new_passwords.make_reset(control_db, person.user_id, clock=CLOCK, actor="user:boss", tenant=tenant_a.slug)
    other = httpx.Client(base_url=cabinet.url, trust_env=False)
    assert person.email in other.get(f"/reset/{token}").text
    done = other.post(f"/reset/{token}", data={"new_password": NEW}, headers=OURS)
    assert (done.status_code, done.headers["location"]) == (303, "/login?notice=password_set")
    assert "set-cookie" not in done.headers
    assert browser.get("/account/ping").status_code == 401
    assert other.get(f"/reset/{token}").status_code == 404
    assert sign_in(other, Person(person.user_id, person.email, NEW)).status_code == 303


@pytest.mark.parametrize("kind", ["invite", "reset"])
def test_only_what_could_be_a_link_passes_the_gate(browser: httpx.Client, kind: str) -> None:
    token = secrets.token_urlsafe(32)
    assert browser.get(f"/{kind}/{token}").status_code == 404
    assert browser.post(f"/{kind}/{token}", data={"new_password": NEW, "name": "x"}, headers=OURS).status_code == 404
    for path in (f"/{kind}/", f"/{kind}/x", f"/{kind}/{token}/x", f"/{kind}/{token}x", f"/x/{token}"):
        assert browser.get(path).status_code == 401


def test_the_forms_are_in_the_browsers_language(browser: httpx.Client) -> None:
    assert "Войти" in browser.get("/login").text
    english = browser.get("/login", headers={"accept-language": "en-GB,en;q=0.9,ru;q=0.5"}).text
    assert 'lang="en"' in english
    assert "Sign in" in english


def _stream(cabinet: RunningCabinet, cookie: str) -> ClientConnection:
    return connect(
        f"ws://{cabinet.host}/_stcore/stream",
        additional_headers={"cookie": f"cab_sid={cookie}"},
        origin=cabinet.url,  # pyright: ignore[reportArgumentType]
        subprotocols=["streamlit"],  # pyright: ignore[reportArgumentType]
        proxy=None,
    )


def _close_code(tab: ClientConnection) -> int | None:
    """Read until the server closes."""
    try:
        while True:
            tab.recv(timeout=15)
    except ConnectionClosed as closed:
        return None if closed.rcvd is None else closed.rcvd.code


def test_a_session_that_ends_in_another_process_closes_the_open_tab(
    browser: httpx.Client, cabinet: RunningCabinet, person: Person, control_db: Database
) -> None:
    sign_in(browser, person)
    with _stream(cabinet, browser.cookies["cab_sid"]) as tab:
        time.sleep(0.2)
        new_passwords.set_password(control_db, person.user_id, NEW, clock=CLOCK, actor="cli")
        assert _close_code(tab) == 4401
