"""The hosted gateway's part: key check and exchange, the `/rest/v1` prefix, honest errors when PostgREST is down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import quote

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from synkro_resources.model.clock import Clock, SystemClock
from synkro_resources.sandbox.broken_answers import ClosedConnection, DroppedResponse, Silence, TornResponse
from synkro_resources.sandbox.journal import JournalMiddleware, RequestJournal
from synkro_resources.sandbox.supabase.refusals import expired, refusal, with_fewer_rows
from synkro_resources.sandbox.supabase.switches import Fault, SupabaseSwitches
from synkro_resources.sandbox.supabase.tokens import role_token, verified_claims
from synkro_resources.sandbox.switches import Aim

UPSTREAM_TIMEOUT_S = 60.0
"""The hosted gateway's hard limit for one request."""

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_REQUEST_DROPPED = _HOP_BY_HOP | {"host", "content-length", "apikey", "authorization", "expect"}
# The front server writes its own date and name.
_RESPONSE_DROPPED = _HOP_BY_HOP | {"date", "server"}

_log = logging.getLogger(__name__)


class Gateway:
    """One project's gateway; `postgrest_url` None means that PostgREST cannot run on this machine."""

    def __init__(
        self,
        postgrest_url: str | None,
        *,
        secret_key: str,
        publishable_key: str,
        jwt_secret: str,
        clock: Clock,
        switches: SupabaseSwitches,
        reason: str,
    ) -> None:
        self._upstream = postgrest_url
        self._roles = {secret_key: "service_role", publishable_key: "anon"}
        self._secret_key = secret_key
        self._jwt_secret = jwt_secret
        self._clock = clock
        self._switches = switches
        self._reason = reason
        self._aim: Aim[Fault] = Aim(switches)
        self._client: httpx.AsyncClient | None = None

    @property
    def client(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=UPSTREAM_TIMEOUT_S, trust_env=False)
        return self._client

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def rest(self, request: Request) -> Response:
        """One request below `/rest/v1`."""
        self._count_towards_revocation()
        token = self._authorized(request)
        if isinstance(token, Response):
            return token
        body = await request.body()
        switches = self._switches
        if switches.latency_s:
            await asyncio.sleep(switches.latency_s)
        if 0 < switches.max_body_bytes < len(body):
            return _not_json(413)
        path, query = request.url.path, request.url.query
        fault = self._aim.next_fault(path, query, also=(request.method,))
        if switches.paused:
            fault = "540"
        elif switches.over_quota:
            fault = "402"
        match fault:
            case None | "lost_response" | "reset_body":
                pass
            case "reset":
                return ClosedConnection()
            case "silent":
                return Silence(switches.silent_s)
            case "slow":
                await asyncio.sleep(switches.slow_s)
            case "200_html":
                return _not_json(200)
            case status:
                return _not_json(int(status))
        if switches.expired:
            return expired(switches)
        table = str(request.path_params["path"]).partition("/")[0]
        refused = refusal(request, "" if table == "rpc" else table, body, switches)
        response = refused or await self._forward(request, token, body)
        _log.info("%s %s %s", request.method, path, response.status_code)
        if fault == "lost_response" or (fault == "reset_body" and not response.body):
            return DroppedResponse()
        if fault == "reset_body":
            torn = TornResponse(response.body, response.status_code)
            torn.raw_headers = response.raw_headers
            return torn
        return response

    def _authorized(self, request: Request) -> str | Response:
        """The bearer token PostgREST gets, or the refusal."""
        key = request.headers.get("apikey") or request.query_params.get("apikey")
        if not key:
            return JSONResponse(
                {
                    "message": "No API key found in request",
                    "hint": "No `apikey` request header or url param was found.",
                },
                401,
            )
        role = self._role_of(key)
        if role is None:
            return _bad_key()
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not bearer:
            bearer = key
        if bearer in self._roles:
            bearer_role = self._role_of(bearer)
            return role_token(bearer_role, self._jwt_secret, self._clock.now()) if bearer_role else _bad_key()
        return _bad_key() if bearer.startswith("sb_") else bearer

    def _role_of(self, key: str) -> str | None:
        if key == self._secret_key and self._switches.revoked:
            return None
        if key in self._roles:
            return self._roles[key]
        role = (verified_claims(key, self._jwt_secret) or {}).get("role")
        return role if isinstance(role, str) and role in ("anon", "service_role") else None

    def _count_towards_revocation(self) -> None:
        switches = self._switches
        if switches.revoked_after is not None:
            if switches.revoked_after <= 0:
                switches.revoked, switches.revoked_after = True, None
            else:
                switches.revoked_after -= 1

    async def _forward(self, request: Request, token: str, body: bytes) -> Response:
        if self._upstream is None:
            return _down(self._reason)
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in _REQUEST_DROPPED]
        headers.append(("authorization", f"Bearer {token}"))
        path = quote("/" + str(request.path_params["path"]))
        query = _without_apikey(request.url.query)
        if self._switches.max_rows and request.method in ("GET", "HEAD"):
            query = with_fewer_rows(query, self._switches.max_rows)
        url = httpx.URL(self._upstream).copy_with(raw_path=f"{path}?{query}".encode() if query else path.encode())
        # A bare Request, because the client would add its own default headers.
        upstream = httpx.Request(request.method, url, headers=headers, content=body or None)
        try:
            answer = await self.client.send(upstream, stream=True)
            try:
                content = b"".join([chunk async for chunk in answer.aiter_raw()])
            finally:
                await answer.aclose()
        except httpx.TransportError as error:
            return _down(f"{type(error).__name__} towards PostgREST")
        return self._unchanged(request.method, answer, content)

    def _unchanged(self, method: str, answer: httpx.Response, content: bytes) -> Response:
        if self._switches.newer_codes:
            content = _newer(answer.status_code, content)
        response = Response(content, answer.status_code)
        raw = [
            (name.lower(), value)
            for name, value in answer.headers.raw
            if name.decode("latin-1").lower() not in _RESPONSE_DROPPED | {"content-length"}
        ]
        if method != "HEAD" and answer.status_code not in (204, 304):
            raw.append((b"content-length", str(len(content)).encode()))
        response.raw_headers = raw
        return response

    async def other(self, request: Request) -> Response:
        """Services this project does not have; JSON like every error of the gateway."""
        if not (request.headers.get("apikey") or request.query_params.get("apikey")):
            token = self._authorized(request)
            if isinstance(token, Response):
                return token
        return JSONResponse({"message": "no Route matched with those values"}, 404)


def gateway_app(
    postgrest_url: str | None,
    *,
    secret_key: str,
    publishable_key: str,
    jwt_secret: str,
    clock: Clock | None = None,
    switches: SupabaseSwitches | None = None,
    reason: str = "PostgREST is not running in this sandbox",
) -> Starlette:
    """The project's address: `/rest/v1/*` goes to PostgREST, keys are exchanged for role tokens.

    Legacy keys are JWTs signed with `jwt_secret` whose role is `anon` or `service_role` (`legacy_key`). `clock` dates
    the role tokens and must agree with the machine's clock, which PostgREST judges them by. `app.state` holds
    `switches` and `log`.
    """
    active = switches or SupabaseSwitches()
    gateway = Gateway(
        postgrest_url,
        secret_key=secret_key,
        publishable_key=publishable_key,
        jwt_secret=jwt_secret,
        clock=clock or SystemClock(),
        switches=active,
        reason=reason,
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        yield
        await gateway.close()

    journal = RequestJournal()
    app = Starlette(
        routes=[
            Route("/rest/v1/{path:path}", gateway.rest, methods=METHODS),
            Route("/{path:path}", gateway.other, methods=METHODS),
        ],
        middleware=[Middleware(JournalMiddleware, journal=journal)],
        lifespan=lifespan,
    )
    app.state.switches = active
    app.state.log = journal
    return app


def _without_apikey(query: str) -> str:
    return "&".join(part for part in query.split("&") if part and part.partition("=")[0].lower() != "apikey")


def _bad_key() -> JSONResponse:
    return JSONResponse(
        {"message": "Invalid API key", "hint": "Double check your Supabase `anon` or `service_role` API key."}, 401
    )


def _down(reason: str) -> JSONResponse:
    return JSONResponse({"code": "PGRST000", "message": reason, "details": None, "hint": None}, 503)


def _not_json(status: int) -> Response:
    headers = {"retry-after": "7"} if status == 429 else None
    return Response(f"<html><body><h1>{status}</h1></body></html>", status, headers, media_type="text/html")


def _newer(status: int, content: bytes) -> bytes:
    if status == 404 and (b'"42P01"' in content or content.strip() == b"{}"):
        return (
            b'{"code":"PGRST205","details":null,"hint":null,"message":"Could not find the table in the schema cache"}'
        )
    return content.replace(b'"PGRST301"', b'"PGRST303"') if status == 401 else content
