"""Dagster's pages are reached by operators alone, and what changes something there is on record first."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from synkro_app.web import ops_socket
from synkro_app.web.gate import Gate
from synkro_app.web.ops import Ops
from synkro_app.web.ops_socket import passed_on
from synkro_app.web.sockets import OpenSockets
from synkro_resources.control import sessions
from synkro_resources.control.database import Database
from synkro_resources.control.tables.audit import audit_event
from synkro_resources.control.tables.people import platform_role
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.users import add_user
from synkro_resources.model.clock import SystemClock
from synkro_resources.settings import Settings
from tests.app.people import new_person

CLOCK = SystemClock()
MUTATION = (
    "mutation Stop($id: String!) { end: terminateRun(runId: $id) { __typename } ...more } fragment more on M { reload }"
)
SUBSCRIPTION = {"query": "subscription Log { pipelineRunLogs { __typename } }", "variables": {}}


class Upstream:
    """What stands for Dagster's webserver: it answers over real sockets and notes what reached it."""

    def __init__(self) -> None:
        self.questions: list[tuple[str, str, dict[str, str], bytes]] = []
        self.messages: list[dict[str, object]] = []

    def app(self) -> Starlette:
        routes = [
            WebSocketRoute("/ops/graphql", self.socket),
            Route("/ops/away", self.away),
            Route("/ops/{path:path}", self.answer, methods=["GET", "POST"]),
        ]
        return Starlette(routes=routes)

    async def answer(self, request: Request) -> Response:
        target = f"{request.scope['raw_path'].decode()}?{request.url.query}"
        self.questions.append((request.method, target, dict(request.headers), await request.body()))
        headers = {"content-encoding": "gzip", "connection": "x-secret", "x-secret": "1", "set-cookie": "a=b"}
        return Response(gzip.compress(b"<p>Dagster</p>"), headers=headers, media_type="text/html")

    async def away(self, request: Request) -> Response:
        return RedirectResponse(request.query_params["to"])

    async def socket(self, socket: WebSocket) -> None:
        await socket.accept(subprotocol="graphql-ws")
        try:
            while True:
                self.messages.append(await socket.receive_json())
                await socket.send_json({"type": "data", "id": "1"})
        except WebSocketDisconnect:
            return


@dataclass(frozen=True, slots=True)
class Place:
    """The gate with Dagster's routes behind it, and who may come."""

    url: str
    upstream: Upstream
    operator: str
    owner: str
    operator_id: str
    sockets: OpenSockets = field(default_factory=OpenSockets)

    def browser(self, token: str | None) -> httpx.Client:
        cookies = {} if token is None else {"cab_sid": token}
        return httpx.Client(base_url=self.url, cookies=cookies, trust_env=False)

    def post(self, payload: object, token: str | None = None, **headers: str) -> httpx.Response:
        sent = {"origin": self.url, "content-type": "application/json", **headers}
        return self.browser(token or self.operator).post("/ops/graphql", content=json.dumps(payload), headers=sent)

    def socket(self, token: str, origin: str | None = None) -> ClientConnection:
        return connect(
            f"{self.url.replace('http', 'ws')}/ops/graphql",
            additional_headers={"cookie": f"cab_sid={token}"},
            origin=origin or self.url,  # pyright: ignore[reportArgumentType]
            subprotocols=["graphql-ws"],  # pyright: ignore[reportArgumentType]
            proxy=None,
        )


def served(app: Starlette) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture(scope="module")
def dagster_url(upstream: Upstream) -> Iterator[str]:
    yield from served(upstream.app())


@pytest.fixture(scope="module")
def gate_url(control_db: Database, dagster_url: str) -> Iterator[str]:
    ops = Ops(Settings.load(dagster_url=f"{dagster_url}/ops"), control_db, CLOCK)
    gate = Middleware(Gate, control=control_db, clock=CLOCK, sockets=OpenSockets())
    yield from served(Starlette(routes=ops.routes(), middleware=[gate]))


@pytest.fixture
def place(gate_url: str, upstream: Upstream, control_db: Database, tenant_a: Tenant) -> Place:
    upstream.questions.clear()
    upstream.messages.clear()
    owner = new_person(control_db, CLOCK, tenant_a)
    operator = add_user(
        control_db, email=f"op-{owner.email}", name="", password=owner.password, operator=True, clock=CLOCK
    )
    tokens = [sessions.open_session(control_db, who, CLOCK) for who in (operator.user_id, owner.user_id)]
    return Place(gate_url, upstream, *tokens, operator.user_id)


def dismissed(db: Database, user_id: str) -> None:
    with db.operator("test", "dismiss") as connection:
        connection.execute(platform_role.delete().where(platform_role.c.user_id == user_id))


def test_dagster_is_not_there_for_anybody_but_operators_from_the_very_click_on_which_one_is_dismissed(
    place: Place, control_db: Database
) -> None:
    for address in ("/ops", "/ops/", "/ops/runs", "/ops/graphql"):
        assert place.browser(None).get(address).status_code == 401
        assert place.browser(place.owner).get(address).status_code == 404
    assert place.post({"query": "{ version }"}, place.owner).status_code == 404
    assert place.browser(place.operator).get("/ops/runs").status_code == 200
    dismissed(control_db, place.operator_id)
    assert place.browser(place.operator).get("/ops/runs").status_code == 404
    assert len(place.upstream.questions) == 1


def test_a_page_comes_as_it_is_without_our_cookie_going_there_or_anything_of_one_hop_coming_back(place: Place) -> None:
    answer = place.browser(place.operator).get("/ops/a%2Fb?x=1&x=%20", headers={"x-cab-role": "owner"})
    _, target, sent, _ = place.upstream.questions[0]
    assert (answer.text, target) == ("<p>Dagster</p>", "/ops/a%2Fb?x=1&x=%20")
    assert not {"cookie", "x-cab-role", "x-cab-uid", "authorization"} & sent.keys()
    assert not {"set-cookie", "x-secret"} & answer.headers.keys()
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    for to, kept in (("/ops/runs?a=1", "/ops/runs?a=1"), ("https://evil.example/ops/", None), ("/login", None)):
        moved = place.browser(place.operator).get("/ops/away", params={"to": to})
        assert moved.headers.get("location") == kept


@pytest.mark.parametrize(
    "address", ["/ops/./graphql", "/ops/x/../graphql", "/ops/%67raphql", "/ops/x/%2e%2e/graphql", "/ops/../elsewhere"]
)
def test_no_spelling_of_an_address_leads_around_the_judgement(place: Place, address: str) -> None:
    asked = f"{address}?query=mutation%20%7B%20reload%20%7D"
    connection = HTTPConnection(urlsplit(place.url).netloc)  # sends the address as it is written
    connection.request("GET", asked, headers={"cookie": f"cab_sid={place.operator}"})
    assert connection.getresponse().status == 404
    connection.close()
    assert not place.upstream.questions


def test_nothing_is_changed_but_by_json_that_a_page_of_this_site_has_posted(place: Place) -> None:
    asked = {"query": MUTATION, "variables": {"id": "r1"}}
    assert place.browser(place.operator).get("/ops/graphql", params={"query": MUTATION}).status_code == 404
    assert place.browser(place.operator).post("/ops/report_asset_materialization/x").status_code == 405
    for refused in (
        place.post(asked, origin="https://evil.example"),
        place.post(asked, **{"sec-fetch-site": "same-site"}),
        place.browser(place.operator).post("/ops/graphql", json=asked),
    ):
        assert refused.status_code == 403
    for kind in ("text/plain", "application/graphql", "text/plain;application/json"):
        assert place.post(asked, **{"content-type": kind}).status_code == 415
    two, broken = {"query": "query A { version } mutation B { reload }"}, {"query": "{" * 9999}
    for unclear in ([asked], two, broken, SUBSCRIPTION):
        assert place.post(unclear).status_code == 400
    assert place.post({"query": "{ a }", "variables": {"long": "a" * 1_100_000}}).status_code == 413
    assert not place.upstream.questions


def test_who_changes_something_in_dagster_is_on_record_with_its_name_and_without_what_was_typed(
    place: Place, control_db: Database
) -> None:
    assert place.post({"query": MUTATION, "variables": {"id": "secret run"}, "more": 1}).status_code == 200
    assert place.post({"query": "query Q { version }"}).status_code == 200
    passed = json.loads(place.upstream.questions[0][3])
    assert passed == {"query": MUTATION, "variables": {"id": "secret run"}, "operationName": "Stop"}
    with control_db.owner() as connection:
        (event,) = connection.execute(
            select(audit_event).where(audit_event.c.actor == f"operator:{place.operator_id}")
        ).all()
    assert (event.action, event.target) == ("ops.mutation", "Stop")
    assert event.details["fields"] == ["terminateRun", "reload"]
    assert "secret" not in str(event.details)


def test_a_runs_log_comes_live_over_a_socket_that_carries_subscriptions_only(place: Place) -> None:
    with place.socket(place.operator) as socket:
        socket.send(json.dumps({"type": "start", "id": "1", "payload": SUBSCRIPTION}))
        assert json.loads(socket.recv(timeout=10)) == {"type": "data", "id": "1"}
        socket.send(json.dumps({"type": "start", "id": "2", "payload": {"query": MUTATION}}))
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == ops_socket.NOT_ALLOWED
    assert [message["id"] for message in place.upstream.messages] == ["1"]
    for token, origin in ((place.owner, None), ("garbage", None), (place.operator, "https://evil.example")):
        with pytest.raises(InvalidStatus) as refusal:
            place.socket(token, origin)
        assert refusal.value.response.status_code == 403


def test_an_operator_who_is_dismissed_loses_the_open_socket(
    place: Place, control_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ops_socket, "LOOK_AGAIN_S", 0.05)
    with place.socket(place.operator) as socket:
        dismissed(control_db, place.operator_id)
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=10)


@pytest.mark.parametrize("message", ["{", "[]", '{"type":"start"}', '{"type":"x"}', '{"type":"stop","id":{}}'])
def test_what_is_no_word_of_the_protocol_is_not_passed_on(message: str) -> None:
    assert passed_on(message) is None
