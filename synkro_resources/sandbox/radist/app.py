"""One company's API: the endpoints and how the parts of the emulator are put together."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, cast

import orjson
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from synkro_resources.model.clock import Clock
from synkro_resources.sandbox.journal import JournalMiddleware, Oddities, RequestJournal
from synkro_resources.sandbox.radist.door import Door, answer, below_mount, detail, elsewhere
from synkro_resources.sandbox.radist.editing import EditError, RadistEditor
from synkro_resources.sandbox.radist.media import MediaHost, with_media_address
from synkro_resources.sandbox.radist.params import Invalid, cursor_of, limit_of, number, position_of, until_of
from synkro_resources.sandbox.radist.store import CompanyStore
from synkro_resources.sandbox.radist.switches import RadistSwitches
from synkro_resources.sandbox.radist.webhooks import EVENTS, WebhookDesk, without_zone
from synkro_resources.sandbox.world.model import RadistCompany

Json = dict[str, Any]
Endpoint = Callable[[Request], Awaitable[Response]]

SECOND_COMPANY = {"id": 999001, "name": "Вторая компания"}
"""What the switch `several_companies` adds; it answers, and it is empty."""


class _Company:
    """The endpoints; messages later than the clock's instant do not exist yet."""

    def __init__(self, store: CompanyStore, editor: RadistEditor, desk: WebhookDesk, oddities: Oddities) -> None:
        self.store = store
        self.editor = editor
        self.desk = desk
        self.oddities = oddities
        self.switches = store.switches
        self.writes: Counter[str] = Counter()
        types = {row["connection_id"]: row["type"] for row in store.company.sources}
        self.types = {row["id"]: row["type"] for row in store.company.connections} | types

    # ---- reading ----

    async def me(self, _request: Request) -> Response:
        return answer({"id": 700001, "email": "owner@example.org", "name": "Владелец"})

    async def companies(self, request: Request) -> Response:
        offset, limit = number(request, "offset", 0), limit_of(request)
        found = list(self.store.company.companies)
        if self.switches.several_companies:
            found.append(SECOND_COMPANY)
        return answer({"companies": found[offset : offset + limit]})

    async def sources(self, request: Request) -> Response:
        return answer(self.store.sources() if self._is_full(request) else [])

    async def connections(self, request: Request) -> Response:
        return answer({"connections": self.store.connections() if self._is_full(request) else []})

    async def connection(self, request: Request) -> Response:
        wanted = request.path_params["connection_id"]
        rows = self.store.connections() if self._is_full(request) else []
        found = next((row for row in rows if row["id"] == wanted), None)
        return answer(found) if found else detail("Not Found", 404)

    async def contacts(self, request: Request) -> Response:
        """Contacts without their chats; the documents know no pages for sure."""
        rows = self.store.contacts(0, limit_of(request)) if self._is_full(request) else []
        return self._times({"items": [_without_chats(row) for row in rows]})

    async def contact(self, request: Request) -> Response:
        found = self.store.contact(request.path_params["contact_id"]) if self._is_full(request) else None
        return self._times(_without_chats(found)) if found else detail("Not Found", 404)

    async def contacts_with_chats(self, request: Request) -> Response:
        """Newest activity first; the cursor is opaque, and the list is the present one at every call."""
        cursor = request.query_params.get("cursor")
        position, limit = position_of(cursor), limit_of(request)
        if not self._is_full(request):
            return answer({"data": [], "response_metadata": {"next_cursor": ""}})
        with self.store.lock:
            count = self.store.contact_count()
            if self.switches.moving_chat and 0 < position < count:
                # The last one stands first now, and everybody has moved down by one place.
                part = self.store.contacts(position - 1, min(limit, count - position))
            else:
                part = self.store.contacts(position, limit)
            following = self._next_cursor(cursor, position + limit, count)
            data = [self._shown_contact(row, request) for row in part]
            self._messages_while_paging()
        return self._times({"data": data, "response_metadata": following})

    def _next_cursor(self, cursor: str | None, following: int, count: int) -> Json:
        if following < count:
            return {"next_cursor": cursor_of(following)}
        if self.switches.last_cursor == "missing":
            return {}
        last = {"empty": "", "null": None, "repeated": cursor or ""}
        return {"next_cursor": last[self.switches.last_cursor]}

    def _messages_while_paging(self) -> None:
        """People in chats that were quiet for longest write now."""
        for _ in range(self.switches.messages_while_paging):
            last = self.store.last_contact()
            if last is not None:
                self.editor.say(last["chats"][0]["chat_id"], "inbound", "Здравствуйте, вы ещё работаете?")

    async def messages(self, request: Request) -> Response:
        """A bare array of one chat's messages, backwards from `until`; there is no lower bound."""
        if "chat_id" not in request.query_params:
            raise Invalid("chat_id", "field required", "value_error.missing")
        chat_id, limit, until = number(request, "chat_id", 0), limit_of(request), until_of(request)
        rows = self.store.messages(chat_id, until, limit) if self._is_full(request) else None
        if rows is None:
            return detail("Chat not found", 404)
        channel = self._channel(chat_id)
        rows = [with_media_address(row, request, channel, chat_id) for row in rows]
        if self.switches.unordered_pages:
            random.Random(f"{chat_id}/{until}").shuffle(rows)
        return self._times(rows)

    # ---- subscriptions ----

    async def webhooks(self, request: Request) -> Response:
        if request.method == "POST":
            return await self._subscribe(request)
        rows = [item.shown() for item in self.desk.subscriptions.values()]
        if self.switches.webhook_list == "array":
            return answer(rows)
        return answer({self.switches.webhook_list: rows})

    async def _subscribe(self, request: Request) -> Response:
        body = await _body(request)
        url, events, connection = body.get("url"), body.get("events"), body.get("connection_id")
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise Invalid("url", "invalid or missing URL scheme", "value_error.url.scheme", "body")
        names = cast("list[object]", events) if isinstance(events, list) else []
        if not names or any(name not in EVENTS for name in names):
            raise Invalid("events", f"value is not a list of {list(EVENTS)}", "type_error.enum", "body")
        if connection is not None and not isinstance(connection, int):
            raise Invalid("connection_id", "value is not a valid integer", "type_error.integer", "body")
        subscription = self.desk.subscribe(connection, url, [str(name) for name in names])
        return answer(subscription.shown(), 201)

    async def webhook(self, request: Request) -> Response:
        found = self.desk.unsubscribe(str(request.path_params["webhook_id"]))
        return Response(status_code=204) if found else detail("Not Found", 404)

    # ---- writing, which Synkro never does ----

    async def create_chat(self, request: Request) -> Response:
        self.writes["POST /messaging/chats/"] += 1
        body = await _body(request)
        if self.switches.create_chat_fails > 0:
            self.switches.create_chat_fails -= 1
            return detail("Internal Server Error", 500)
        return self._edited({"do": "add_chat", **{name: body[name] for name in body if name != "contact_id"}})

    async def send(self, request: Request) -> Response:
        self.writes["POST /messaging/messages/"] += 1
        body = await _body(request)
        kind = body.get("message_type")
        content = cast("Json", body.get(kind)) if isinstance(kind, str) and isinstance(body.get(kind), dict) else {}
        text = content.get("text") if kind == "text" else content.get("caption", "")
        said = self._edited({"do": "say", "chat_id": body.get("chat_id"), "direction": "outbound", "text": text})
        if said.status_code != 200:
            return said
        return answer({"message_id": orjson.loads(said.body)["message"]["message_id"]})

    def _edited(self, action: Json) -> Response:
        try:
            return answer(self.editor.apply(action))
        except EditError as error:
            raise Invalid("body", str(error), "value_error", "body") from error

    # ---- what all have in common ----

    def guarded(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint for companies that this key sees, 404 for all others."""

        async def answered(request: Request) -> Response:
            known = {company["id"] for company in self.store.company.companies}
            if self.switches.several_companies:
                known.add(SECOND_COMPANY["id"])
            if request.path_params["company_id"] not in known:
                return detail("Not Found", 404)
            return await endpoint(request)

        return answered

    async def unknown(self, request: Request) -> Response:
        """A path without its final slash leads to the slash form; anything else is not found."""
        path = below_mount(request)
        if path.endswith("/"):
            self.oddities.note(f"unknown path: {path}")
            return detail("Not Found", 404)
        self.oddities.note(f"path without its final slash: {path}")
        if self.switches.slashless_to_foreign_host:
            return elsewhere(request, self.switches)
        return RedirectResponse(str(request.url.replace(path=request.url.path + "/")), 307)

    def _is_full(self, request: Request) -> bool:
        return request.path_params["company_id"] != SECOND_COMPANY["id"]

    def _channel(self, chat_id: int) -> str:
        found = self.store.chat(chat_id)
        return str(self.types.get(found[0]["connection_id"], "other")) if found else "other"

    def _shown_contact(self, row: Json, request: Request) -> Json:
        chats: list[Json] = []
        for chat in row["chats"]:
            last = chat["last_message"]
            if last is not None:
                channel = str(self.types.get(chat["connection_id"], "other"))
                last = with_media_address(last, request, channel, chat["chat_id"])
            chats.append({**chat, "last_message": last})
        return {**row, "chats": chats}

    def _times(self, body: Any) -> Response:
        return answer(without_zone(body) if self.switches.times_without_zone else body)


def _without_chats(row: Json) -> Json:
    return {name: value for name, value in row.items() if name != "chats"}


async def _body(request: Request) -> Json:
    try:
        body: object = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise Invalid("body", "Expecting value", "value_error.jsondecode", "body") from error
    if not isinstance(body, dict):
        raise Invalid("body", "value is not a valid dict", "type_error.dict", "body")
    return cast("Json", body)


async def _invalid(_request: Request, error: Exception) -> Response:
    return answer({"detail": [cast("Invalid", error).detail]}, 422)


async def _wrong_method(_request: Request, _error: Exception) -> Response:
    return detail("Method Not Allowed", 405)


def radist_app(
    company: RadistCompany, *, clock: Clock, api_key: str, switches: RadistSwitches | None = None
) -> Starlette:
    """The API of one company below `/v2`, and its media below `/cdn`.

    `app.state` holds `switches` (a `RadistSwitches`), `log` (a `RequestJournal`), `oddities` (what clients sent that no
    document speaks of), `editor` (a `RadistEditor`), `webhooks` (a `WebhookDesk`) and `writes` (calls that change the
    company, by name).
    """
    chosen = switches or RadistSwitches()
    oddities, log = Oddities(), RequestJournal()
    store, desk = CompanyStore(company, clock, chosen), WebhookDesk(chosen)
    editor = RadistEditor(store, desk)
    endpoints = _Company(store, editor, desk, oddities)
    ours = "/v2/companies/{company_id:int}"
    guarded = endpoints.guarded
    routes = [
        Route("/v2/users/me", endpoints.me),
        Route("/v2/users/me/", endpoints.me),
        Route("/v2/companies/", endpoints.companies),
        Route(f"{ours}/messaging/chats/sources/", guarded(endpoints.sources)),
        Route(f"{ours}/messaging/chats/with_contacts/", guarded(endpoints.contacts_with_chats)),
        Route(f"{ours}/messaging/chats/", guarded(endpoints.create_chat), methods=["POST"]),
        Route(f"{ours}/messaging/messages/", guarded(endpoints.messages), methods=["GET"]),
        Route(f"{ours}/messaging/messages/", guarded(endpoints.send), methods=["POST"]),
        Route(f"{ours}/contacts/", guarded(endpoints.contacts), methods=["GET"]),
        Route(f"{ours}/contacts/{{contact_id:int}}", guarded(endpoints.contact)),
        Route(f"{ours}/connections/", guarded(endpoints.connections)),
        Route(f"{ours}/connections/{{connection_id:int}}", guarded(endpoints.connection)),
        Route(f"{ours}/webhooks/", guarded(endpoints.webhooks), methods=["GET", "POST"]),
        Route(f"{ours}/webhooks", guarded(endpoints.webhooks), methods=["POST"]),
        Route(f"{ours}/webhooks/{{webhook_id}}", guarded(endpoints.webhook), methods=["DELETE"]),
        Route(f"{ours}/webhooks/{{webhook_id}}/", guarded(endpoints.webhook), methods=["DELETE"]),
        Route("/cdn/{channel}/{folder}/{message}/media", MediaHost(store).file),
        Route("/{rest:path}", endpoints.unknown, methods=["GET"]),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={Invalid: _invalid, 405: _wrong_method},
        middleware=[
            Middleware(JournalMiddleware, journal=log),
            Middleware(Door, api_key=api_key, switches=chosen, oddities=oddities),
        ],
    )
    app.router.redirect_slashes = False
    app.state.switches = chosen
    app.state.log = log
    app.state.oddities = oddities
    app.state.editor = editor
    app.state.webhooks = desk
    app.state.writes = endpoints.writes
    return app
