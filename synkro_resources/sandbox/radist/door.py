"""In front of every endpoint: latency, faults, both rate buckets, the key, its scopes; in this order."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from email.utils import formatdate
from typing import Any, cast

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from synkro_resources.sandbox.broken_answers import ClosedConnection, Silence, Spoiling, oversized, spoil
from synkro_resources.sandbox.journal import Oddities
from synkro_resources.sandbox.radist.params import note_odd_parameters
from synkro_resources.sandbox.radist.switches import ApiScope, Fault, RadistSwitches
from synkro_resources.sandbox.switches import Aim

OVERALL_PER_SECOND = 5
LISTINGS_PER_SECOND = 1

CDN = "/cdn/"
"""Media files live below this path, as if it were another host: no key, no buckets."""

SPOILING: frozenset[Fault] = frozenset(("cut", "bad_utf8", "slow", "reset_body", "lost_response"))


def answer(body: Any, status: int = 200, **headers: str) -> Response:
    return Response(orjson.dumps(body), status, headers=headers, media_type="application/json")


def detail(text: str, status: int, **headers: str) -> Response:
    return answer({"detail": text}, status, **headers)


def html(status: int, text: str) -> Response:
    return Response(f"<html><body>{text}</body></html>", status, media_type="text/html")


def below_mount(request: Request) -> str:
    return request.url.path.removeprefix(str(request.scope.get("root_path", "")))


def scope_of(path: str) -> ApiScope | None:
    """The permission that a path (below the mount) needs."""
    parts = path.split("/")
    section = parts[4] if len(parts) > 4 and parts[2] == "companies" else ""
    scopes: dict[str, ApiScope] = {
        "messaging": "messaging",
        "connections": "connections",
        "webhooks": "webhooks",
        "contacts": "contacts",
    }
    return scopes.get(section)


class Door:
    """Lets a request through, refuses it, or spoils its answer."""

    def __init__(self, app: ASGIApp, *, api_key: str, switches: RadistSwitches, oddities: Oddities) -> None:
        self.app = app
        self.api_key = api_key
        self.switches = switches
        self.oddities = oddities
        self.aim: Aim[Fault] = Aim(switches)
        self.recent: deque[float] = deque()
        self.listings: deque[float] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        path = below_mount(request)
        self._note(request, path)
        switches = self.switches
        if switches.latency_s:
            await asyncio.sleep(switches.latency_s)
        fault = self.aim.next_fault(path, request.url.query)
        if fault is not None and fault not in SPOILING:
            await replacement(fault, request, switches)(scope, receive, send)
            return
        refusal = None if path.startswith(CDN) else self._refusal(request, path)
        target = refusal or self.app
        if fault is None:
            await target(scope, receive, send)
            return
        await spoil(
            cast("Spoiling", fault),
            target,
            scope,
            receive,
            send,
            drip_bytes=switches.drip_bytes,
            drip_every_s=switches.drip_every_s,
        )

    def _refusal(self, request: Request, path: str) -> Response | None:
        switches = self.switches
        if switches.rate_limit and self._too_fast(path):
            return replacement(switches.rate_limit_answer, request, switches)
        if request.headers.get("x-api-key") != self.api_key:
            return replacement("401", request, switches)
        if scope_of(path) in switches.missing_scopes:
            return replacement("403_scope", request, switches)
        return None

    def _too_fast(self, path: str) -> bool:
        now = time.monotonic()
        buckets = [(self.recent, OVERALL_PER_SECOND)]
        if "/chats/" in path or "/contacts/" in path:
            buckets.append((self.listings, LISTINGS_PER_SECOND))
        for bucket, limit in buckets:
            while bucket and now - bucket[0] >= 1:
                bucket.popleft()
            if len(bucket) >= limit:
                return True
        for bucket, _ in buckets:
            bucket.append(now)
        return False

    def _note(self, request: Request, path: str) -> None:
        """What no document promises: it may work today and stop tomorrow."""
        headers = request.headers
        if path.startswith(CDN):
            for name in ("x-api-key", "authorization", "cookie"):
                if name in headers:
                    self.oddities.note(f"header {name} sent to the media host")
            return
        if "x-api-key" not in headers:
            self.oddities.note("header X-Api-Key is missing")
        for name in ("authorization", "x-auth-token", "cookie"):
            if name in headers:
                self.oddities.note(f"header {name}, which belongs to another API")
        if request.method == "GET":
            note_odd_parameters(path, request.query_params, self.oddities)


def replacement(kind: Fault, request: Request, switches: RadistSwitches) -> Response:
    """The answer of a fault that is not `SPOILING`."""
    match kind:
        case "401":
            return detail("Invalid API key", 401)
        case "403_scope":
            return detail(f"Not enough permissions: {scope_of(below_mount(request)) or 'messaging'}", 403)
        case "404":
            return detail("Not Found", 404)
        case "422":
            error = {"loc": ["query", "limit"], "msg": "value is not a valid integer", "type": "type_error.integer"}
            return answer({"detail": [error]}, 422)
        case "429":
            return detail("Too Many Requests", 429)
        case "429_retry_after":
            return detail("Too Many Requests", 429, **{"retry-after": str(switches.retry_after_s)})
        case "429_long":
            return detail("Too Many Requests", 429, **{"retry-after": str(switches.retry_after_long_s)})
        case "429_date":
            when = formatdate(time.time() + switches.retry_after_s, usegmt=True)
            return detail("Too Many Requests", 429, **{"retry-after": when})
        case "429_html":
            return html(429, "<h1>429 Too Many Requests</h1>")
        case "500":
            return detail("Internal Server Error", 500)
        case "500_html":
            return html(500, "Internal Server Error")
        case "502_empty":
            return Response(status_code=502)
        case "503":
            return detail("Service Unavailable", 503)
        case "504_html":
            return html(504, "<h1>504 Gateway Time-out</h1>")
        case "200_html":
            return html(200, "Технические работы")
        case "200_empty":
            return Response(b"", 200, media_type="application/json")
        case "200_null":
            return answer(None)
        case "bad_json":
            return Response(b"[{'message_id': nan,}]", 200, media_type="application/json")
        case "oversized":
            return oversized(switches.oversized_bytes)
        case "silent":
            return Silence(switches.silent_s)
        case "reset":
            return ClosedConnection()
        case "redirect":
            return elsewhere(request, switches)
        case "cut" | "bad_utf8" | "slow" | "reset_body" | "lost_response":
            raise ValueError(f"{kind} spoils the true answer and does not replace it")


def elsewhere(request: Request, switches: RadistSwitches) -> Response:
    """307 to another host with the path and query that were asked for."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{switches.redirect_to.rstrip('/')}{request.url.path}{query}", 307)
