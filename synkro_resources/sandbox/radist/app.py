"""One company's API: key, rate buckets, faults, and the read endpoints."""

from __future__ import annotations

import asyncio
import base64
import time
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from synkro_resources.model.clock import Clock
from synkro_resources.sandbox.journal import JournalMiddleware, RequestJournal
from synkro_resources.sandbox.radist.switches import Fault, RadistSwitches
from synkro_resources.sandbox.switches import DroppedResponse
from synkro_resources.sandbox.world.model import RadistCompany

Json = dict[str, Any]

OVERALL_PER_SECOND = 5
LISTINGS_PER_SECOND = 1
DEFAULT_LIMIT = 50
MAX_LIMIT = 100
CONTENT_KEYS = (
    "text",
    "image",
    "voice",
    "file",
    "audio",
    "video",
    "waba_template",
    "waba_interactive",
    "radist_order",
    "waba_order",
)
"""A message of a list has only its own type's key; a chat's `last_message` has all of them, the others null."""

Endpoint = Callable[[Request], Awaitable[Response]]


class _Invalid(ValueError):
    """A query parameter that does not parse: 422."""

    def __init__(self, name: str, message: str, kind: str) -> None:
        super().__init__(message)
        self.detail = {"loc": ["query", name], "msg": message, "type": kind}


def _json(body: Any, status: int = 200, **headers: str) -> Response:
    return Response(orjson.dumps(body), status, headers=headers, media_type="application/json")


def _fault(kind: Fault, retry_after_s: int) -> Response:
    match kind:
        case "401":
            return _json({"detail": "Invalid API key"}, 401)
        case "403_scope":
            return _json({"detail": "Not enough permissions: messaging"}, 403)
        case "422":
            error = {"loc": ["query", "limit"], "msg": "value is not a valid integer", "type": "type_error.integer"}
            return _json({"detail": [error]}, 422)
        case "429":
            return _json({"detail": "Too Many Requests"}, 429)
        case "429_retry_after":
            return _json({"detail": "Too Many Requests"}, 429, **{"retry-after": str(retry_after_s)})
        case "500_html":
            return Response("<html><body>Internal Server Error</body></html>", 500, media_type="text/html")
        case "502_empty":
            return Response(status_code=502)
        case "cut":
            return Response(b'[{"message_id":"5b0c', 200, media_type="application/json")
        case "reset":
            return DroppedResponse()


class _Door:
    """In front of every endpoint: latency, faults, both rate buckets, the key."""

    def __init__(self, app: ASGIApp, *, api_key: str, switches: RadistSwitches) -> None:
        self.app = app
        self.api_key = api_key
        self.switches = switches
        self.recent: deque[float] = deque()
        self.listings: deque[float] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if self.switches.latency_s:
            await asyncio.sleep(self.switches.latency_s)
        refusal = self._refusal(Request(scope))
        await (refusal or self.app)(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        switches = self.switches
        if switches.always is not None:
            return _fault(switches.always, switches.retry_after_s)
        if switches.faults:
            return _fault(switches.faults.pop(0), switches.retry_after_s)
        if switches.rate_limit and self._too_fast(request.url.path):
            return _fault("429_retry_after", switches.retry_after_s)
        if request.headers.get("x-api-key") != self.api_key:
            return _fault("401", switches.retry_after_s)
        return None

    def _too_fast(self, path: str) -> bool:
        now = time.monotonic()
        is_listing = "/chats/" in path or "/contacts/" in path
        buckets = [(self.recent, OVERALL_PER_SECOND)]
        if is_listing:
            buckets.append((self.listings, LISTINGS_PER_SECOND))
        for bucket, limit in buckets:
            while bucket and now - bucket[0] >= 1:
                bucket.popleft()
            if len(bucket) >= limit:
                return True
        for bucket, _ in buckets:
            bucket.append(now)
        return False


class _Company:
    """The endpoints; messages later than the clock's instant do not exist yet."""

    def __init__(self, company: RadistCompany, clock: Clock, switches: RadistSwitches) -> None:
        self.company = company
        self.clock = clock
        self.switches = switches

    async def me(self, request: Request) -> Response:
        del request
        return _json({"id": 700001, "email": "owner@example.org", "name": "Владелец"})

    async def companies(self, request: Request) -> Response:
        offset, limit = _number(request, "offset", 0), _limit(request)
        found = list(self.company.companies)
        if self.switches.several_companies:
            found.append({"id": 999001, "name": "Вторая компания"})
        return _json({"companies": found[offset : offset + limit]})

    async def sources(self, request: Request) -> Response:
        return _json(self.company.sources) if self._is_ours(request) else _not_found()

    async def connections(self, request: Request) -> Response:
        return _json({"connections": self.company.connections}) if self._is_ours(request) else _not_found()

    async def connection(self, request: Request) -> Response:
        wanted = request.path_params["connection_id"]
        rows = self.company.connections if self._is_ours(request) else []
        found = next((row for row in rows if row["id"] == wanted), None)
        return _json(found) if found else _not_found()

    async def contacts(self, request: Request) -> Response:
        """Contacts without their chats; the documents know no order or pages for sure."""
        if not self._is_ours(request):
            return _not_found()
        rows = [{name: value for name, value in row.items() if name != "chats"} for row in self._newest_first()]
        return _json({"items": rows[: _limit(request)]})

    async def webhooks(self, request: Request) -> Response:
        return _json({"webhooks": []}) if self._is_ours(request) else _not_found()

    async def contacts_with_chats(self, request: Request) -> Response:
        """Newest activity first; the cursor is opaque, and the list is the present one at every call."""
        if not self._is_ours(request):
            return _not_found()
        cursor = request.query_params.get("cursor")
        position = _position(cursor)
        if position is None:
            return _json({"detail": "Invalid cursor"}, 422)
        limit = _limit(request)
        newest_first = self._newest_first()
        if self.switches.moving_chat and position and newest_first:
            newest_first.insert(0, newest_first.pop())
        part = newest_first[position : position + limit]
        metadata: Json = {}
        if position + limit < len(newest_first):
            metadata["next_cursor"] = _cursor(position + limit)
        elif self.switches.last_cursor != "missing":
            last = {"empty": "", "null": None, "repeated": cursor or ""}
            metadata["next_cursor"] = last[self.switches.last_cursor]
        return _json({"data": part, "response_metadata": metadata})

    async def messages(self, request: Request) -> Response:
        """A bare array of one chat's messages, backwards from `until`; there is no lower bound."""
        if not self._is_ours(request):
            return _not_found()
        if "chat_id" not in request.query_params:
            raise _Invalid("chat_id", "field required", "value_error.missing")
        rows = self.company.messages.get(_number(request, "chat_id", 0))
        if rows is None:
            return _json({"detail": "Chat not found"}, 404)
        until = min(_until(request) or self.clock.now(), self.clock.now())
        inclusive = self.switches.until_is_inclusive
        visible = [row for row in rows if (at := _instant(row["created_at"])) < until or (inclusive and at == until)]
        newest_first = sorted(visible, key=lambda row: (_instant(row["created_at"]), row["message_id"]), reverse=True)
        return _json(newest_first[: _limit(request)])

    def _newest_first(self) -> list[Json]:
        """The contacts as they are at the clock's instant, latest activity first."""
        now = self.clock.now()
        found = [self._at(row, now) for row in self.company.contacts]
        known = [row for row in found if row is not None]
        return sorted(known, key=lambda row: _instant(row["last_chat_updated_at"]), reverse=True)

    def _at(self, contact: Json, now: datetime) -> Json | None:
        """The contact without what was written after `now`; None if nothing had been written by then."""
        if _instant(contact["last_chat_updated_at"]) <= now:
            return contact
        chats: list[Json] = []
        for chat in contact["chats"]:
            rows = [row for row in self.company.messages.get(chat["chat_id"], []) if _instant(row["created_at"]) <= now]
            if rows:
                last = dict.fromkeys(CONTENT_KEYS) | rows[-1]
                chats.append({**chat, "last_message": last, "unanswered_count": _unanswered(rows)})
        if not chats:
            return None
        latest = max((chat["last_message"]["created_at"] for chat in chats), key=_instant)
        waiting = sum(chat["unanswered_count"] for chat in chats)
        return {**contact, "chats": chats, "last_chat_updated_at": latest, "unanswered_count": waiting}

    def _is_ours(self, request: Request) -> bool:
        return request.path_params["company_id"] in {company["id"] for company in self.company.companies}


def _limit(request: Request) -> int:
    return max(1, min(_number(request, "limit", DEFAULT_LIMIT), MAX_LIMIT))


def _number(request: Request, name: str, otherwise: int) -> int:
    try:
        return int(request.query_params.get(name, otherwise))
    except ValueError as error:
        raise _Invalid(name, "value is not a valid integer", "type_error.integer") from error


def _unanswered(rows: list[Json]) -> int:
    """Inbound messages after the last outbound one."""
    count = 0
    for row in reversed(rows):
        if row["direction"] != "inbound":
            break
        count += 1
    return count


def _until(request: Request) -> datetime | None:
    value = request.query_params.get("until")
    try:
        return None if value is None else _instant(value)
    except ValueError as error:
        raise _Invalid("until", "invalid datetime format", "value_error.datetime") from error


def _instant(value: str) -> datetime:
    parsed = datetime.fromisoformat(value.replace(" ", "+"))
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"offset={position}".encode()).decode().rstrip("=")


def _position(cursor: str | None) -> int | None:
    if not cursor:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        return int(text.removeprefix("offset="))
    except ValueError:
        return None


def _not_found() -> Response:
    return _json({"detail": "Not Found"}, 404)


async def _invalid(_request: Request, error: Exception) -> Response:
    return _json({"detail": [error.detail] if isinstance(error, _Invalid) else []}, 422)


async def _wrong_method(_request: Request, _error: Exception) -> Response:
    return _json({"detail": "Method Not Allowed"}, 405, allow="GET")


async def _unknown(request: Request) -> Response:
    """A path without its final slash leads to the slash form; anything else is not found."""
    if not request.url.path.endswith("/"):
        return RedirectResponse(str(request.url.replace(path=request.url.path + "/")), 307)
    return _not_found()


def radist_app(
    company: RadistCompany, *, clock: Clock, api_key: str, switches: RadistSwitches | None = None
) -> Starlette:
    """The API of one company below `/v2`.

    `app.state` holds `switches` (a `RadistSwitches`) and `log` (a `RequestJournal`).
    """
    chosen = switches or RadistSwitches()
    endpoints = _Company(company, clock, chosen)
    log = RequestJournal()
    ours = "/v2/companies/{company_id:int}"
    routes: list[tuple[str, Endpoint]] = [
        ("/v2/users/me", endpoints.me),
        ("/v2/users/me/", endpoints.me),
        ("/v2/companies/", endpoints.companies),
        (f"{ours}/messaging/chats/sources/", endpoints.sources),
        (f"{ours}/messaging/chats/with_contacts/", endpoints.contacts_with_chats),
        (f"{ours}/messaging/messages/", endpoints.messages),
        (f"{ours}/contacts/", endpoints.contacts),
        (f"{ours}/connections/", endpoints.connections),
        (f"{ours}/connections/{{connection_id:int}}", endpoints.connection),
        (f"{ours}/webhooks/", endpoints.webhooks),
        ("/{rest:path}", _unknown),
    ]
    app = Starlette(
        routes=[Route(path, endpoint, methods=["GET"]) for path, endpoint in routes],
        exception_handlers={_Invalid: _invalid, 405: _wrong_method},
        middleware=[
            Middleware(JournalMiddleware, journal=log),
            Middleware(_Door, api_key=api_key, switches=chosen),
        ],
    )
    app.router.redirect_slashes = False
    app.state.switches = chosen
    app.state.log = log
    return app
