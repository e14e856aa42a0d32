"""One account's API: authentication, the rate limit, faults, and the read endpoints."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, cast

import orjson
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from synkro_resources.model.clock import Clock
from synkro_resources.sandbox.amocrm import answers, lists
from synkro_resources.sandbox.amocrm.events import event_tests
from synkro_resources.sandbox.amocrm.filters import BadFilter
from synkro_resources.sandbox.amocrm.oauth import OauthClient, OauthRefusal, Tokens
from synkro_resources.sandbox.amocrm.query import Query
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches
from synkro_resources.sandbox.journal import JournalMiddleware, RequestJournal
from synkro_resources.sandbox.world.model import AmocrmAccount

Json = dict[str, Any]
Endpoint = Callable[[Request], Awaitable[Response]]

REQUESTS_PER_SECOND = 7
JSON = "application/json"
OAUTH_PATH = "/oauth2/access_token"
ACCOUNT_PARTS = {
    "amojo_id": "amojo_id",
    "uuid": "uuid",
    "version": "version",
    "drive_url": "drive_url",
    "is_api_filter_enabled": "is_api_filter_enabled",
}
ACCOUNT_EMBEDDED = ("users_groups", "task_types", "amojo_rights", "datetime_settings")


class _Door:
    """In front of every endpoint: latency, faults, the rate limit, the token, the verb; in this order."""

    def __init__(self, app: ASGIApp, *, tokens: Tokens, switches: AmocrmSwitches) -> None:
        self.app = app
        self.tokens = tokens
        self.switches = switches
        self.recent: deque[float] = deque()
        self.refusals = 0

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
            return answers.fault(switches.always, switches.retry_after_s)
        if switches.faults:
            return answers.fault(switches.faults.pop(0), switches.retry_after_s)
        if switches.rate_limit and _below_mount(request) != OAUTH_PATH and self._too_fast():
            self.refusals += 1
            if self.refusals > switches.block_after:
                return answers.html(403)
            return answers.too_many("429_json", switches.retry_after_s)
        if _below_mount(request) == OAUTH_PATH:
            return None  # its own credentials, and the one place that takes a POST
        if not self.tokens.accepts(request.headers.get("authorization", "")):
            return answers.unauthorized()
        if request.method != "GET":
            return answers.problem(405, "Method Not Allowed", "Метод не поддерживается")
        return None

    def _too_fast(self) -> bool:
        now = time.monotonic()
        while self.recent and now - self.recent[0] >= 1:
            self.recent.popleft()
        if len(self.recent) >= REQUESTS_PER_SECOND:
            return True
        self.recent.append(now)
        return False


class _Account:
    """The endpoints of one account; data later than the clock's instant do not exist yet."""

    def __init__(self, account: AmocrmAccount, clock: Clock, switches: AmocrmSwitches, tokens: Tokens) -> None:
        self.tokens = tokens
        self.account = account
        self.clock = clock
        self.switches = switches

    def now(self) -> int:
        return int(self.clock.now().timestamp())

    def present(self, rows: Iterable[Json]) -> list[Json]:
        now = self.now()
        return [row for row in rows if (row.get("created_at") or 0) <= now]

    async def show_account(self, request: Request) -> Response:
        asked = set(request.query_params.get("with", "").split(","))
        stored = self.account.account
        shown = {name: value for name, value in stored.items() if name not in ACCOUNT_PARTS and name != "_embedded"}
        shown |= {name: stored[name] for name in ACCOUNT_PARTS if name in asked and name in stored}
        shown["_links"] = {"self": {"href": f"{lists.base_url(request)}/api/v4/account"}}
        embedded: Json = stored.get("_embedded", {})
        parts = {name: embedded[name] for name in ACCOUNT_EMBEDDED if name in asked and name in embedded}
        if parts:
            shown["_embedded"] = parts
        return answers.data(shown)

    async def users(self, request: Request) -> Response:
        if self.switches.not_admin:
            return answers.problem(403, "Forbidden", "Нет прав")
        return lists.page(request, self.account.users, "users", self.switches, totals=True)

    async def user(self, request: Request) -> Response:
        if self.switches.not_admin:
            return answers.problem(403, "Forbidden", "Нет прав")
        return _one(request, self.account.users, "users")

    async def pipelines(self, request: Request) -> Response:
        pipelines = [
            {**row, "_links": {"self": {"href": f"{lists.base_url(request)}/api/v4/leads/pipelines/{row['id']}"}}}
            for row in self.account.pipelines
        ]
        return answers.data({"_total_items": len(pipelines), "_embedded": {"pipelines": pipelines}})

    async def loss_reasons(self, request: Request) -> Response:
        return lists.page(
            request,
            self.account.loss_reasons,
            "loss_reasons",
            self.switches,
            link=lambda row: f"/api/v4/leads/loss_reasons/{row['id']}",
        )

    async def leads(self, request: Request) -> Response:
        if "only_deleted" in request.query_params.get("with", "").split(","):
            trash = [row for row in self.account.deleted_leads.values() if row["updated_at"] <= self.now()]
            return lists.entities(request, trash, "leads", self.switches)
        rows = self.present(self.account.leads.values())
        return lists.entities(request, rows, "leads", self.switches)

    async def lead(self, request: Request) -> Response:
        return _one(request, self.present(self.account.leads.values()), "leads")

    async def contacts(self, request: Request) -> Response:
        rows = self.present(self.account.contacts.values())
        return lists.entities(request, rows, "contacts", self.switches)

    async def contact(self, request: Request) -> Response:
        return _one(request, self.present(self.account.contacts.values()), "contacts")

    async def companies(self, request: Request) -> Response:
        rows = self.present(self.account.companies.values())
        return lists.entities(request, rows, "companies", self.switches)

    async def company(self, request: Request) -> Response:
        return _one(request, self.present(self.account.companies.values()), "companies")

    async def tasks(self, request: Request) -> Response:
        rows = self.present(self.account.tasks)
        return lists.entities(request, rows, "tasks", self.switches)

    async def task(self, request: Request) -> Response:
        return _one(request, self.present(self.account.tasks), "tasks")

    async def notes(self, request: Request) -> Response:
        """All notes of a kind of entity, or those of one entity."""
        kind = request.path_params["entity"]
        rows = self.present(self.account.notes.get(kind, []))
        if (owner := request.path_params.get("entity_id")) is not None:
            rows = [row for row in rows if row["entity_id"] == owner]
        return lists.entities(request, rows, "notes", self.switches, link=_note_path(kind))

    async def note(self, request: Request) -> Response:
        kind = request.path_params["entity"]
        return _one(request, self.present(self.account.notes.get(kind, [])), "notes", _note_path(kind))

    async def custom_fields(self, request: Request) -> Response:
        kind = request.path_params["entity"]
        rows = self.account.custom_fields.get(kind, [])
        return lists.entities(
            request,
            rows,
            "custom_fields",
            self.switches,
            totals=True,
            link=lambda row: f"/api/v4/{kind}/custom_fields/{row['id']}",
        )

    async def events(self, request: Request) -> Response:
        """Newest first; the stored events ascend by time."""
        given = Query.read(request.url.query).level("filter")
        tests = [] if self.switches.filters_off else event_tests(given)
        known = self.account.events[: bisect_right(self.account.events, self.now(), key=_created_at)]
        rows = [row for row in known if all(test(row) for test in tests)]
        newest_first = sorted(rows, key=lambda row: (row["created_at"], row["id"]), reverse=True)
        return lists.page(request, newest_first, "events", self.switches, max_limit=self.switches.events_limit)

    async def event(self, request: Request) -> Response:
        wanted = request.path_params["id"]
        if wanted == "types":
            return await _wrong_path(request)
        found = next((row for row in self.present(self.account.events) if row["id"] == wanted), None)
        return answers.nothing() if found is None else lists.single(request, found, "events")

    async def access_token(self, request: Request) -> Response:
        if request.method != "POST":
            return answers.problem(405, "Method Not Allowed", "Метод не поддерживается")
        try:
            body: object = orjson.loads(await request.body())
        except orjson.JSONDecodeError:
            body = None
        return answers.data(self.tokens.exchange(cast("Json", body) if isinstance(body, dict) else {}), kind=JSON)


def _created_at(row: Json) -> int:
    return int(row["created_at"])


def _note_path(kind: str) -> Callable[[Json], str]:
    return lambda row: f"/api/v4/{kind}/{row['entity_id']}/notes/{row['id']}"


def _below_mount(request: Request) -> str:
    return request.url.path.removeprefix(str(request.scope.get("root_path", "")))


def _one(
    request: Request, rows: Iterable[Json], collection: str, link: Callable[[Json], str] | None = None
) -> Response:
    wanted = int(request.path_params["id"])
    found = next((row for row in rows if row["id"] == wanted), None)
    return answers.nothing() if found is None else lists.single(request, found, collection, link)


async def _wrong_path(request: Request) -> Response:
    del request
    return answers.problem(404, "Not Found", "Страница не найдена")


async def _bad_filter(_request: Request, _error: Exception) -> Response:
    return answers.bad_filter()


async def _no_tokens(_request: Request, error: Exception) -> Response:
    return cast("OauthRefusal", error).response()


def amocrm_app(
    account: AmocrmAccount,
    *,
    clock: Clock,
    token: str,
    state: AmocrmSwitches | None = None,
    oauth: OauthClient | None = None,
) -> Starlette:
    """The API of one account below `/api/v4`, and `/oauth2/access_token` for `oauth`; `token` is the long-lived one.

    `app.state` holds `switches` (an `AmocrmSwitches`) and `log` (a `RequestJournal`).
    """
    switches = state or AmocrmSwitches()
    tokens = Tokens(token, oauth or OauthClient(), clock, int(account.account["id"]))
    endpoints = _Account(account, clock, switches, tokens)
    log = RequestJournal()
    v4 = "/api/v4"
    routes: list[tuple[str, Endpoint]] = [
        ("/account", endpoints.show_account),
        ("/users", endpoints.users),
        ("/users/{id:int}", endpoints.user),
        ("/leads/pipelines", endpoints.pipelines),
        ("/leads/loss_reasons", endpoints.loss_reasons),
        ("/leads", endpoints.leads),
        ("/leads/{id:int}", endpoints.lead),
        ("/contacts", endpoints.contacts),
        ("/contacts/{id:int}", endpoints.contact),
        ("/companies", endpoints.companies),
        ("/companies/{id:int}", endpoints.company),
        ("/tasks", endpoints.tasks),
        ("/tasks/{id:int}", endpoints.task),
        ("/events", endpoints.events),
        ("/events/{id}", endpoints.event),
        ("/{entity}/notes", endpoints.notes),
        ("/{entity}/notes/{id:int}", endpoints.note),
        ("/{entity}/{entity_id:int}/notes", endpoints.notes),
        ("/{entity}/custom_fields", endpoints.custom_fields),
        ("/{rest:path}", _wrong_path),
    ]
    methods = ["GET", "POST", "PATCH", "PUT", "DELETE"]
    app = Starlette(
        routes=[
            Route(OAUTH_PATH, endpoints.access_token, methods=methods),
            *(Route(v4 + path, endpoint, methods=methods) for path, endpoint in routes),
            Route("/{rest:path}", _wrong_path, methods=methods),
        ],
        exception_handlers={BadFilter: _bad_filter, OauthRefusal: _no_tokens},
        middleware=[
            Middleware(JournalMiddleware, journal=log),
            Middleware(_Door, tokens=tokens, switches=switches),
        ],
    )
    app.state.switches = switches
    app.state.log = log
    return app
