"""One account's API: authentication, the rate limit, faults, and the read endpoints."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from synkro_resources.model.clock import Clock
from synkro_resources.sandbox.amocrm import answers, lists
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches
from synkro_resources.sandbox.journal import JournalMiddleware, RequestJournal
from synkro_resources.sandbox.world.model import AmocrmAccount

Json = dict[str, Any]
Endpoint = Callable[[Request], Awaitable[Response]]

REQUESTS_PER_SECOND = 7
EVENT_ENTITIES = frozenset({"lead", "contact", "company", "customer", "task"})
EVENT_FILTERS = frozenset(
    {"id", "created_at", "created_by", "entity", "entity_id", "type", "value_before", "value_after"}
)
ACCOUNT_PARTS = {
    "amojo_id": "amojo_id",
    "uuid": "uuid",
    "version": "version",
    "drive_url": "drive_url",
    "is_api_filter_enabled": "is_api_filter_enabled",
}
ACCOUNT_EMBEDDED = ("users_groups", "task_types", "amojo_rights", "datetime_settings")
UPDATED = ("created_at", "updated_at", "closed_at", "closest_task_at")


class _Door:
    """In front of every endpoint: latency, faults, the rate limit, the token, the verb; in this order."""

    def __init__(self, app: ASGIApp, *, token: str, switches: AmocrmSwitches) -> None:
        self.app = app
        self.token = token
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
        if switches.rate_limit and self._too_fast():
            self.refusals += 1
            if self.refusals > switches.block_after:
                return answers.html(403)
            return answers.too_many("429_json", switches.retry_after_s)
        if request.headers.get("authorization") != f"Bearer {self.token}":
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

    def __init__(self, account: AmocrmAccount, clock: Clock, switches: AmocrmSwitches) -> None:
        self.account = account
        self.clock = clock
        self.switches = switches

    def now(self) -> int:
        return int(self.clock.now().timestamp())

    def present(self, rows: list[Json]) -> list[Json]:
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
            return lists.page(request, list(self.account.deleted_leads.values()), "leads", self.switches)
        rows = self.present(list(self.account.leads.values()))
        return lists.entities(request, rows, "leads", self.switches, time_fields=UPDATED)

    async def lead(self, request: Request) -> Response:
        return _one(request, self.present(list(self.account.leads.values())), "leads")

    async def contacts(self, request: Request) -> Response:
        rows = self.present(list(self.account.contacts.values()))
        return lists.entities(request, rows, "contacts", self.switches, time_fields=UPDATED)

    async def contact(self, request: Request) -> Response:
        return _one(request, self.present(list(self.account.contacts.values())), "contacts")

    async def companies(self, request: Request) -> Response:
        rows = self.present(list(self.account.companies.values()))
        return lists.entities(request, rows, "companies", self.switches, time_fields=UPDATED)

    async def company(self, request: Request) -> Response:
        return _one(request, self.present(list(self.account.companies.values())), "companies")

    async def tasks(self, request: Request) -> Response:
        rows = self.present(self.account.tasks)
        return lists.entities(request, rows, "tasks", self.switches, time_fields=UPDATED)

    async def notes(self, request: Request) -> Response:
        rows = self.present(self.account.notes.get(request.path_params["entity"], []))
        return lists.entities(request, rows, "notes", self.switches, time_fields=UPDATED)

    async def custom_fields(self, request: Request) -> Response:
        rows = self.account.custom_fields.get(request.path_params["entity"], [])
        return lists.page(request, rows, "custom_fields", self.switches, totals=True)

    async def events(self, request: Request) -> Response:
        asked = {} if self.switches.filters_off else lists.filters(request.query_params)
        created = asked.get("created_at", {})
        entities = [value for values in asked.get("entity", {}).values() for value in values]
        ids = [value for values in asked.get("entity_id", {}).values() for value in values]
        if not asked.keys() <= EVENT_FILTERS or ("to" in created and "from" not in created):
            return answers.bad_filter()
        if ids and (len(entities) != 1 or len(ids) > 10):
            return answers.bad_filter()
        rows = self.present(self.account.events)
        if "" in created:
            rows = [row for row in rows if row["created_at"] >= int(created[""][0])]
        elif created:
            rows = [row for row in rows if lists.in_range(row["created_at"], created)]
        types = {kind for values in asked.get("type", {}).values() for value in values for kind in value.split(",")}
        if types:
            rows = [row for row in rows if row["type"] in types]
        if ids:
            rows = [row for row in rows if str(row["entity_id"]) in ids and row["entity_type"] == entities[0]]
        newest_first = sorted(rows, key=lambda row: (row["created_at"], row["id"]), reverse=True)
        return lists.page(request, newest_first, "events", self.switches, max_limit=self.switches.events_limit)


def _one(request: Request, rows: list[Json], collection: str) -> Response:
    wanted = int(request.path_params["id"])
    found = next((row for row in rows if row["id"] == wanted), None)
    return answers.nothing() if found is None else lists.single(request, found, collection)


async def _wrong_path(request: Request) -> Response:
    del request
    return answers.problem(404, "Not Found", "Страница не найдена")


def amocrm_app(account: AmocrmAccount, *, clock: Clock, token: str, state: AmocrmSwitches | None = None) -> Starlette:
    """The API of one account below `/api/v4`.

    `app.state` holds `switches` (an `AmocrmSwitches`) and `log` (a `RequestJournal`).
    """
    switches = state or AmocrmSwitches()
    endpoints = _Account(account, clock, switches)
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
        ("/events", endpoints.events),
        ("/{entity}/notes", endpoints.notes),
        ("/{entity}/custom_fields", endpoints.custom_fields),
        ("/{rest:path}", _wrong_path),
    ]
    methods = ["GET", "POST", "PATCH", "PUT", "DELETE"]
    app = Starlette(
        routes=[Route(v4 + path, endpoint, methods=methods) for path, endpoint in routes],
        middleware=[
            Middleware(JournalMiddleware, journal=log),
            Middleware(_Door, token=token, switches=switches),
        ],
    )
    app.state.switches = switches
    app.state.log = log
    return app
