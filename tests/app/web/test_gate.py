"""The gate keeps strangers, forged identities and foreign pages out, over real sockets."""

from __future__ import annotations

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import SystemClock
from tests.app.conftest import RunningCabinet
from tests.app.people import Person, new_person

HTML = {"accept": "text/html"}


@pytest.fixture
def person(control_db: Database, tenant_a: Tenant) -> Person:
    return new_person(control_db, SystemClock(), tenant_a)


@pytest.fixture
def browser(cabinet: RunningCabinet) -> httpx.Client:
    return httpx.Client(base_url=cabinet.url, trust_env=False, follow_redirects=False)


def sign_in(browser: httpx.Client, person: Person, **headers: str) -> httpx.Response:
    form = {"email": person.email, "password": person.password, "next": "/reports?report=7"}
    return browser.post("/account/login", data=form, headers={"sec-fetch-site": "same-origin", **headers})


def test_a_stranger_is_led_to_the_sign_in_and_back_to_the_page(browser: httpx.Client) -> None:
    answer = browser.get("/reports?report=7", headers=HTML)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Freports%3Freport%3D7"


@pytest.mark.parametrize("path", ["/_stcore/health", "/_stcore/metrics", "/media/x.pdf", "/account/ping", "/loginx"])
def test_nothing_but_the_sign_in_is_open_to_a_stranger(browser: httpx.Client, path: str) -> None:
    assert browser.get(path).status_code == 401


def test_the_sign_in_sets_a_cookie_that_scripts_cannot_read_and_leads_back(
    browser: httpx.Client, person: Person
) -> None:
    answer = sign_in(browser, person)
    assert (answer.status_code, answer.headers["location"]) == (303, "/reports?report=7")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert browser.get("/", headers=HTML).status_code == 200


def test_a_sign_in_stands_in_the_companys_record(
    browser: httpx.Client, control_db: Database, tenant_a: Tenant, person: Person
) -> None:
    sign_in(browser, person)
    signed_in = [event for event in tenant_events(control_db, tenant_a.slug) if event.action == "user.signed_in"]
    assert [(event.actor, event.details) for event in signed_in] == [
        (f"user:{person.user_id}", {"address": "127.0.0.1"})
    ]


def test_a_wrong_password_gives_no_cookie_and_says_so_in_russian(browser: httpx.Client, person: Person) -> None:
    answer = browser.post(
        "/account/login", data={"email": person.email, "password": "no"}, headers={"sec-fetch-site": "same-origin"}
    )
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "не подходят" in answer.text


def test_guessing_locks_the_address_even_for_the_right_password(browser: httpx.Client, person: Person) -> None:
    for _ in range(6):
        browser.post(
            "/account/login", data={"email": person.email, "password": "no"}, headers={"sec-fetch-site": "same-origin"}
        )
    answer = sign_in(browser, person)
    assert answer.status_code == 401
    assert "Слишком много попыток" in answer.text


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}])
def test_a_foreign_page_cannot_sign_anybody_in(browser: httpx.Client, person: Person, headers: dict[str, str]) -> None:
    assert sign_in(browser, person, **headers).status_code == 403


def test_a_form_without_any_origin_is_refused(browser: httpx.Client, person: Person) -> None:
    answer = browser.post("/account/login", data={"email": person.email, "password": person.password})
    assert answer.status_code == 403


def test_the_sign_in_never_leads_to_another_site(browser: httpx.Client, person: Person) -> None:
    for target in ("//evil.example", "https://evil.example", "/\\evil.example"):
        form = {"email": person.email, "password": person.password, "next": target}
        answer = browser.post("/account/login", data=form, headers={"sec-fetch-site": "same-origin"})
        assert answer.headers["location"] == "/"


def test_a_huge_form_is_refused(browser: httpx.Client) -> None:
    answer = browser.post("/account/login", content=b"a" * 20_000, headers={"sec-fetch-site": "same-origin"})
    assert answer.status_code == 413


def test_a_stolen_cookie_is_dead_after_the_sign_out(browser: httpx.Client, person: Person) -> None:
    sign_in(browser, person)
    stolen = dict(browser.cookies)
    answer = browser.post("/account/logout", headers={"sec-fetch-site": "same-origin"})
    assert answer.status_code == 303
    thief = httpx.Client(base_url=str(browser.base_url), cookies=stolen, trust_env=False)
    assert thief.get("/account/ping").status_code == 401


def test_signing_out_everywhere_ends_the_other_browsers_session(
    browser: httpx.Client, cabinet: RunningCabinet, person: Person
) -> None:
    other = httpx.Client(base_url=cabinet.url, trust_env=False)
    sign_in(other, person)
    sign_in(browser, person)
    browser.post("/account/logout-everywhere", headers={"sec-fetch-site": "same-origin"})
    assert other.get("/account/ping").status_code == 401


def test_forged_identity_headers_do_not_open_anything(browser: httpx.Client, person: Person) -> None:
    forged = {"x-cab-uid": person.user_id, "x-cab-role": "owner", "x-cab-tenant": "acme", "X-Cab-Sid": "x"}
    assert browser.get("/account/ping", headers=forged).status_code == 401


def stream(cabinet: RunningCabinet, cookie: str | None, origin: str | None) -> int:
    """Try to open Streamlit's websocket; the HTTP status of the refusal, or 101."""
    headers = {} if cookie is None else {"cookie": f"cab_sid={cookie}"}
    try:
        with connect(
            f"ws://{cabinet.host}/_stcore/stream",
            additional_headers=headers,
            origin=origin,  # pyright: ignore[reportArgumentType]
            subprotocols=["streamlit"],  # pyright: ignore[reportArgumentType]
            proxy=None,
        ):
            return 101
    except InvalidStatus as refusal:
        return refusal.response.status_code


def test_a_strangers_websocket_is_refused_before_it_is_accepted(cabinet: RunningCabinet) -> None:
    assert stream(cabinet, None, cabinet.url) == 403
    assert stream(cabinet, "garbage", cabinet.url) == 403


def test_another_sites_websocket_is_refused_even_with_the_cookie(
    cabinet: RunningCabinet, browser: httpx.Client, person: Person
) -> None:
    sign_in(browser, person)
    cookie = browser.cookies["cab_sid"]
    assert stream(cabinet, cookie, "https://evil.example") == 403
    assert stream(cabinet, cookie, None) == 403
    assert stream(cabinet, cookie, cabinet.url) == 101


def test_every_answer_carries_the_security_headers(browser: httpx.Client) -> None:
    for path in ("/login", "/healthz", "/account/ping"):
        headers = browser.get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_readiness_says_which_part_does_not_answer(browser: httpx.Client) -> None:
    answer = browser.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"database": True, "lake": True, "dagster": False}
