"""Attacks on the web server over real sockets, as a stranger and as somebody who is signed in."""

from __future__ import annotations

import gzip
import http.client
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from synkro_app.operations import dagster_home
from synkro_app.web.account import FORM_WITHIN_S
from synkro_resources.control import sessions
from synkro_resources.control.database import Database
from synkro_resources.control.tenants import Tenant
from synkro_resources.embedded_postgres import EmbeddedPostgres
from synkro_resources.model.clock import SystemClock
from synkro_resources.settings import Settings
from tests.app.conftest import RunningCabinet
from tests.app.people import Person, new_person

pytestmark = pytest.mark.xdist_group("attack_web")

Seen = Callable[[str, object], None]
CLOCK = SystemClock()
OWN_PAGE = {"sec-fetch-site": "same-origin"}


def signed_in(db: Database, person: Person) -> str:
    return sessions.open_session(db, person.user_id, CLOCK)


def sign_in(cabinet: RunningCabinet, person: Person, cookie: str) -> str:
    """Sign in from a browser that already holds `cookie`; the cookie that it holds afterwards."""
    form = {"email": person.email, "password": person.password, "next": "/"}
    headers = {**OWN_PAGE, "cookie": f"cab_sid={cookie}"}
    answer = httpx.post(f"{cabinet.url}/account/login", data=form, headers=headers, trust_env=False)
    assert answer.status_code == 303
    return answer.headers["set-cookie"].partition("=")[2].partition(";")[0]


def is_alive(cabinet: RunningCabinet, cookie: str) -> bool:
    headers = {"cookie": f"cab_sid={cookie}"}
    return httpx.get(f"{cabinet.url}/account/ping", headers=headers, trust_env=False).status_code == 204


def test_a_cookie_that_was_there_before_the_sign_in_is_never_adopted(
    control_db: Database, cabinet: RunningCabinet, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    victim, attacker = new_person(control_db, CLOCK, tenant_a), new_person(control_db, CLOCK, tenant_b)
    invented, planted = secrets.token_urlsafe(32), signed_in(control_db, attacker)
    for cookie in (invented, planted):
        given = sign_in(cabinet, victim, cookie)
        assert given != cookie
        assert is_alive(cabinet, given)
    assert not is_alive(cabinet, invented)
    found = sessions.find_session(control_db, planted, CLOCK)
    assert found is not None
    assert (found.user_id, found.tenant) == (attacker.user_id, tenant_b.slug)


SPELLINGS = [
    "//",
    "/reports",
    "//reports",
    "/login/../reports",
    "/login/..%2freports",
    "/%2e%2e/reports",
    "/healthz/../_stcore/health",
    "/healthz/%2e%2e/_stcore/health",
    "/healthz%2f..%2f_stcore/health",
    "/LOGIN/../_stcore/host-config",
    "/login;/../_stcore/host-config",
    "/login%00/_stcore/health",
    "/_stcore/health",
    "/_stcore/host-config",
    "/_stcore/upload_file/x/y",
    "/_stcore/stream",
    "/static/index.html",
    "/cab.js/../static/index.html",
    "/media/../media/x",
    "/files/a/record.csv",
    "/invite/../files/a",
    "/hooks/radist/a.b/../../files/a",
    "/amocrm/callback/../../reports",
    "http://elsewhere/_stcore/health",
]


def test_no_spelling_of_an_address_goes_around_the_gate(cabinet: RunningCabinet, record_property: Seen) -> None:
    """Sent as written: a client that tidies addresses up would try nothing."""
    for path in SPELLINGS:
        for method in ("GET", "POST", "OPTIONS", "PUT", "DELETE"):
            connection = http.client.HTTPConnection(cabinet.host, timeout=20)
            connection.putrequest(method, path, skip_host=True)
            connection.putheader("host", cabinet.host)
            connection.putheader("content-length", "0")
            connection.endheaders()
            status = connection.getresponse().status
            connection.close()
            assert status in (400, 401, 404, 405), f"{method} {path}: {status}"
    record_property("seen", f"{len(SPELLINGS)} addresses with 5 methods, 401 or nothing there")


def test_a_form_that_drips_in_is_given_up(cabinet: RunningCabinet, record_property: Seen) -> None:
    host, _, port = cabinet.host.partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as stream:
        head = f"POST /account/login HTTP/1.1\r\nhost: {cabinet.host}\r\nsec-fetch-site: same-origin\r\n"
        stream.sendall(f"{head}content-length: 4000\r\n\r\n".encode())
        stream.settimeout(0.5)
        started, answer = time.monotonic(), b""
        while not answer and time.monotonic() - started < 10 * FORM_WITHIN_S:
            stream.sendall(b"a")
            try:
                answer = stream.recv(4_096)
            except TimeoutError:
                continue
        taken = time.monotonic() - started
    assert answer.startswith(b"HTTP/1.1 408")
    record_property("seen", f"408 after {taken:.0f} s")


def test_a_compressed_body_is_not_unpacked(
    control_db: Database, cabinet: RunningCabinet, tenant_a: Tenant, record_property: Seen
) -> None:
    person = new_person(control_db, CLOCK, tenant_a)
    form = urlencode({"email": person.email, "password": person.password, "padding": "a" * 4_000_000}).encode()
    packed = gzip.compress(form)
    assert len(packed) < 8_192
    headers = {**OWN_PAGE, "content-encoding": "gzip", "content-type": "application/x-www-form-urlencoded"}
    answer = httpx.post(f"{cabinet.url}/account/login", content=packed, headers=headers, trust_env=False)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    record_property("seen", f"{len(packed)} bytes that unpack to 4 MB are read as no form")


@pytest.mark.parametrize("path", ["/ops", "/ops/", "/ops/graphql", "/ops/server_info", "/graphql", "/server_info"])
def test_dagster_is_not_reached_through_the_cabinet(
    control_db: Database, cabinet: RunningCabinet, tenant_a: Tenant, path: str
) -> None:
    owner = signed_in(control_db, new_person(control_db, CLOCK, tenant_a))
    mutation = {"query": 'mutation { terminateRun(runId: "x") { __typename } }'}
    for cookie in ("", owner):
        headers = {**OWN_PAGE, "origin": cabinet.url, "cookie": f"cab_sid={cookie}"}
        with httpx.Client(base_url=cabinet.url, headers=headers, trust_env=False) as browser:
            for answer in (browser.get(path), browser.get(path, params=mutation), browser.post(path, json=mutation)):
                drawn = answer.is_success and answer.headers["content-type"].startswith("text/html")  # the own frame
                assert answer.status_code in (301, 308, 401, 403, 404, 405) or drawn, f"{path}: {answer.status_code}"
                assert "dagster" not in answer.text.lower()
                assert cookie or not drawn


def test_what_has_no_sign_in_listens_on_this_machine_only(postgres_directory: Path, tmp_path: Path) -> None:
    for arguments in (dagster_home.webserver(tmp_path / "workspace.yaml", 3000), dagster_home.code_server(4266)):
        host = arguments[arguments.index("-h" if "-h" in arguments else "--host") + 1]
        assert host == "127.0.0.1"
    assert Settings.model_fields["cabinet_host"].default == "127.0.0.1"
    with EmbeddedPostgres(postgres_directory) as server:
        port = int(server.dsn("postgres").rpartition(":")[2].partition("/")[0])
        assert listening_on(port) == {"127.0.0.1"}


def listening_on(port: int) -> set[str]:
    """The addresses on which somebody listens at the port, as the kernel tells them."""
    found: set[str] = set()
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(name).read_text(encoding="ascii").splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            host, _, number = local.partition(":")
            if state == "0A" and int(number, 16) == port:
                found.add(socket.inet_ntoa(bytes.fromhex(host)[::-1]) if len(host) == 8 else host)
    return found
