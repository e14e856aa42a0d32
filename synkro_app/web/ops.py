"""Dagster's own pages for the platform's people: the way to them leads through the cabinet's gate and nowhere else.

Dagster's webserver listens on the machine itself and asks nobody who he is. Here every request needs an operator's live
session; what changes something is a GraphQL mutation, sent as JSON by a page of this site, and is on record before
Dagster hears of it. See docs/operations.md.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import urlsplit

import httpx
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from synkro_app.cabinet.texts import translate
from synkro_app.web.gate import Scope, cookie_of
from synkro_app.web.inbound import small_body
from synkro_app.web.ops_addresses import PREFIX
from synkro_app.web.ops_graphql import Asked, judged
from synkro_app.web.ops_socket import relay
from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.sessions import SessionUser, find_session
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import SynkroError
from synkro_resources.settings import Settings

GRAPHQL = f"{PREFIX}/graphql"
LARGEST_QUESTION = 1024 * 1024
"""Bytes of a GraphQL request; a launch with all its settings is some ten thousand."""
ARRIVES_WITHIN_S = 10.0
ANSWERS_WITHIN = httpx.Timeout(60.0, connect=2.0, pool=10.0)
"""Seconds; the pages about many partitions are Dagster's slowest and take ten on a small machine."""
MOST_CONNECTIONS = 40
PASSED_IN = ("accept", "accept-encoding", "accept-language", "if-modified-since", "if-none-match", "range")
"""Request headers that Dagster may see: neither the cookie nor who is asking are its business."""
KEPT_BACK = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te"),
        *("trailer", "transfer-encoding", "upgrade"),  # of one hop only
        *("set-cookie", "server", "date", "location", "feature-policy"),
    }
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ops:
    """The routes of Dagster's pages; `close` it with the server."""

    settings: Settings
    control: Database
    clock: Clock
    client: httpx.AsyncClient = field(default_factory=lambda: _client())

    def routes(self) -> list[BaseRoute]:
        return [
            Route(PREFIX, self.front, methods=["GET"]),
            Route(GRAPHQL, self.graphql, methods=["POST"]),
            WebSocketRoute(GRAPHQL, self.socket),
            Route(f"{PREFIX}/{{path:path}}", self.page, methods=["GET"]),
        ]

    async def close(self) -> None:
        await self.client.aclose()

    async def front(self, request: Request) -> Response:
        return RedirectResponse(f"{PREFIX}/", 307) if _operator(request.scope) else _not_found()

    async def page(self, request: Request) -> Response:
        """Pages, their files and logs: reading only, so Dagster's addresses that take reports are not reached."""
        user, address = _operator(request.scope), self._address(request.scope)
        if user is None or not _is_page(address):
            return _not_found()
        return await self._passed(user, request, address, None)

    async def graphql(self, request: Request) -> Response:
        user = _operator(request.scope)
        if user is None:
            return _not_found()
        if not _from_our_script(request):
            return PlainTextResponse("", 403)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return PlainTextResponse("", 415)
        body = await small_body(request, limit=LARGEST_QUESTION, within_s=ARRIVES_WITHIN_S)
        if body is None:
            return PlainTextResponse("", 413)
        asked = await run_in_threadpool(_read, body)
        if asked is None or asked.kind == "subscription":
            return PlainTextResponse("", 400)
        if asked.kind == "mutation" and not await run_in_threadpool(self._on_record, user, asked):
            return PlainTextResponse(translate(user.language, "ops.not_recorded"), 503)
        return await self._passed(user, request, self._address(request.scope, query=False), asked)

    async def socket(self, socket: WebSocket) -> None:
        token = cookie_of(socket.scope)
        if _operator(socket.scope) is None or token is None:
            await socket.close(1008)  # before it is accepted: answered as 403
            return

        async def still_allowed() -> bool:
            user = await run_in_threadpool(find_session, self.control, token, self.clock)
            return user is not None and user.is_operator

        address = str(self._address(socket.scope, query=False).copy_with(scheme="ws"))
        await relay(socket, address, still_allowed)

    def _address(self, scope: Scope, *, query: bool = True) -> httpx.URL:
        """Dagster's address of the same page; its path stays as the browser has written it."""
        rest = bytes(scope["raw_path"]).removeprefix(PREFIX.encode())
        asked = bytes(scope["query_string"]) if query else b""
        base = httpx.URL(self.settings.dagster_url.rstrip("/"))
        return base.copy_with(raw_path=base.raw_path + rest + (b"?" + asked if asked else b""))

    def _on_record(self, user: SessionUser, asked: Asked) -> bool:
        """Write down who changes what before it is changed; False if that cannot be written."""
        details = {"fields": list(asked.fields), "variables_sha256": asked.digest}
        try:
            with self.control.auth() as connection:
                record(
                    connection,
                    at=self.clock.now(),
                    actor=f"operator:{user.user_id}",
                    action="ops.mutation",
                    target=asked.name or ", ".join(asked.fields),
                    details=details,
                )
        except (SynkroError, SQLAlchemyError) as error:
            _log.error("a mutation was refused, it could not be recorded: %s", type(error).__name__)
            return False
        return True

    async def _passed(self, user: SessionUser, request: Request, address: httpx.URL, asked: Asked | None) -> Response:
        headers = {name: request.headers[name] for name in PASSED_IN if name in request.headers}
        content = None
        if asked is not None:
            content = json.dumps(asked.body()).encode()
            headers["content-type"] = "application/json"
        sent = self.client.build_request(request.method, address, headers=headers, content=content)
        try:
            answer = await self.client.send(sent, stream=True)
        except httpx.HTTPError as error:
            _log.warning("Dagster does not answer: %s", type(error).__name__)
            return PlainTextResponse(translate(user.language, "ops.unreachable"), 502)
        passed = StreamingResponse(_parts(answer), answer.status_code)
        passed.raw_headers = [*_passed_back(answer), *_where(answer, address)]
        return passed


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # one client for all: it keeps nobody's cookies
        trust_env=False,
        follow_redirects=False,
        timeout=ANSWERS_WITHIN,
        limits=httpx.Limits(max_connections=MOST_CONNECTIONS),
    )


async def _parts(answer: httpx.Response) -> AsyncIterator[bytes]:
    """The body as it was sent, compressed or not, while it comes; a reader who goes ends the question, too."""
    try:
        async for part in answer.aiter_raw():
            yield part
    finally:
        await answer.aclose()


def _passed_back(answer: httpx.Response) -> Iterable[tuple[bytes, bytes]]:
    named = {name.strip().lower() for name in answer.headers.get("connection", "").split(",")}
    for name, value in answer.headers.raw:
        if name.lower().decode("latin-1") not in KEPT_BACK | named:
            yield name.lower(), value


def _where(answer: httpx.Response, address: httpx.URL) -> Iterable[tuple[bytes, bytes]]:
    """A redirection stays on this site and below our prefix; Dagster knows neither our name nor TLS."""
    if "location" not in answer.headers:
        return
    target = urlsplit(str(address.join(answer.headers["location"])))
    if target.netloc == urlsplit(str(address)).netloc and target.path.startswith(f"{PREFIX}/"):
        yield b"location", (target.path + (f"?{target.query}" if target.query else "")).encode()


def _is_page(address: httpx.URL) -> bool:
    """Judged as it is sent, for the client tidies dots away; GraphQL by GET could be sent by any link."""
    return address.path.startswith(f"{PREFIX}/") and address.path != GRAPHQL and ".." not in address.path.split("/")


def _operator(scope: Scope) -> SessionUser | None:
    """The operator whom the gate has found for this very request."""
    user: SessionUser | None = scope.get("synkro.user")
    return user if user is not None and user.is_operator else None


def _from_our_script(request: Request) -> bool:
    """A page of this site has sent it: browsers name the origin of every POST, and no page can name another one."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "same-origin")
    return origin is not None and origin.partition("://")[2] == request.headers.get("host") and site == "same-origin"


def _read(body: bytes) -> Asked | None:
    try:
        return judged(json.loads(body))
    except (ValueError, RecursionError):
        return None


def _not_found() -> Response:
    """For everybody else there is nothing here."""
    return PlainTextResponse("", 404)
