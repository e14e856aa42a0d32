"""The gate in front of the cabinet: no page, file or websocket without a live session (docs/architecture.md).

Pure ASGI, because Streamlit talks over websockets: a stranger's socket is refused before it is accepted, so that no
Streamlit session is ever created for it. The person's identity reaches the pages only through headers that the gate
itself sets; the same headers from outside are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool

from synkro_app.web import radist_webhook, telegram_webhook
from synkro_app.web.sockets import OpenSockets
from synkro_resources.control.database import Database
from synkro_resources.control.sessions import SessionUser, find_session
from synkro_resources.model.clock import Clock

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "cab_sid"
HEADER_PREFIX = b"x-cab-"
OPEN_PATHS = frozenset(
    {
        "/login",
        "/account/login",
        "/account/code",
        "/healthz",
        "/readyz",
        "/metrics",  # guarded by its own token, and not there without one
        "/cab.js",
        "/login.css",
        "/favicon.svg",
        "/amocrm/callback",  # guarded by the state that only our own consent page was given
    }
)
"""Exact paths, never prefixes: a prefix would open whatever is added below it later."""
_LINK = re.compile(r"/(invite|reset)/[A-Za-z0-9_-]{43}")
"""One-time links: the token is the proof, and only an address that could hold one is let through."""
NOT_SIGNED_IN = 401

SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
        b"frame-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)


class Gate:
    """ASGI middleware: looks the cookie up, injects who is asking, refuses everybody else."""

    def __init__(self, app: AsgiApp, *, control: Database, clock: Clock, sockets: OpenSockets) -> None:
        self._app = app
        self._control = control
        self._clock = clock
        self._sockets = sockets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, _with_security_headers(send))
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        user = await self._user(scope)
        if user is None and not _is_open(scope):
            await _refuse(scope, send)
            return
        await self._app(_identified(scope, user), receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        user = await self._user(scope)
        if user is None or not _same_origin(scope):
            await receive()
            await send({"type": "websocket.close", "code": 4401})
            return
        async with self._sockets.keep(user.sid, send) as guarded:
            await self._app(_identified(scope, user), receive, guarded)

    async def _user(self, scope: Scope) -> SessionUser | None:
        token = cookie_of(scope)
        if token is None:
            return None
        return await run_in_threadpool(find_session, self._control, token, self._clock)


def cookie_of(scope: Scope) -> str | None:
    """The session token of the request, or None."""
    for name, value in scope["headers"]:
        if name == b"cookie":
            try:
                found = SimpleCookie(value.decode("latin-1")).get(COOKIE)
            except CookieError:
                continue
            if found is not None:
                return found.value
    return None


def header(scope: Scope, name: bytes) -> str | None:
    """A request header, or None."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)


def _is_open(scope: Scope) -> bool:
    method, path = scope["method"], scope["path"]
    return (
        path in OPEN_PATHS
        or _LINK.fullmatch(path) is not None
        or radist_webhook.is_webhook_path(method, path)
        or telegram_webhook.is_webhook_path(method, path)
    )


def _identified(scope: Scope, user: SessionUser | None) -> Scope:
    """The scope without identity headers from outside, and with ours."""
    headers = [(name, value) for name, value in scope["headers"] if not name.startswith(HEADER_PREFIX)]
    if user is not None:
        ours = {
            "uid": user.user_id,
            "sid": user.sid,
            "email": user.email,
            "tenant": user.tenant or "",
            "role": str(user.role or ""),
        }
        headers += [(HEADER_PREFIX + name.encode(), value.encode()) for name, value in ours.items()]
    return {**scope, "headers": headers, "synkro.user": user}


def _same_origin(scope: Scope) -> bool:
    """A browser always names the origin of a websocket; without one it is no browser of ours."""
    origin, host = header(scope, b"origin"), header(scope, b"host")
    return origin is not None and host is not None and origin.partition("://")[2] == host


async def _refuse(scope: Scope, send: Send) -> None:
    """A page leads to the sign-in and back again; everything else is plainly refused."""
    wants_page = scope["method"] == "GET" and "text/html" in (header(scope, b"accept") or "")
    if wants_page:
        target = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
        location = f"/login?next={quote(target, safe='')}".encode()
        await send({"type": "http.response.start", "status": 303, "headers": [(b"location", location)]})
    else:
        headers = [(b"content-type", b"text/plain; charset=utf-8")]
        await send({"type": "http.response.start", "status": NOT_SIGNED_IN, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _with_security_headers(send: Send) -> Send:
    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {name.lower() for name, _ in message.get("headers", [])}
            extra = [(name, value) for name, value in SECURITY_HEADERS if name not in present]
            message = {**message, "headers": [*message.get("headers", []), *extra]}
        await send(message)

    return sender
