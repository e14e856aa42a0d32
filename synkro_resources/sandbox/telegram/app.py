"""The Bot API on a socket: routing, form decoding, switches, and the pages that show what was delivered."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, cast

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from synkro_resources.model.clock import Clock
from synkro_resources.sandbox.broken_answers import ClosedConnection, DroppedResponse, Silence, TornResponse
from synkro_resources.sandbox.journal import JournalMiddleware, RequestJournal
from synkro_resources.sandbox.switches import Aim
from synkro_resources.sandbox.telegram.chats import BotIdentity, Chat, TelegramStore
from synkro_resources.sandbox.telegram.errors import ApiError, bad_request, too_many_requests
from synkro_resources.sandbox.telegram.limits import RateLimits
from synkro_resources.sandbox.telegram.methods import METHODS, SENDING, Call, Upload, writable_chat
from synkro_resources.sandbox.telegram.page import chat_page, chats_page
from synkro_resources.sandbox.telegram.pushing import Pusher
from synkro_resources.sandbox.telegram.switches import ChatTrouble, Fault, TelegramSwitches
from synkro_resources.sandbox.telegram.updates import OTHER_POLLER, UpdateDesk, human_message, membership_change

_TOKEN = re.compile(r"\d{3,20}:[A-Za-z0-9_-]{30,50}")
_MAX_FIELD_BYTES = 4 * 2**20
_TOO_LARGE = (
    "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n"
    "<center><h1>413 Request Entity Too Large</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_UPDATE_METHODS = frozenset({"getupdates", "setwebhook", "deletewebhook", "getwebhookinfo"})


class TokenBook(Protocol):
    """Knows which bot a token belongs to."""

    def get(self, token: str, /) -> BotIdentity | None: ...


class TelegramSandbox:
    """Everything behind one emulator; tests and the sandbox's pages use it directly."""

    def __init__(
        self,
        *,
        clock: Clock,
        tokens: Mapping[str, BotIdentity],
        store: TelegramStore,
        switches: TelegramSwitches,
    ) -> None:
        self.clock = clock
        self.tokens: TokenBook = tokens
        self.bots = {bot.user_id: bot for bot in tokens.values()}
        self.store = store
        self.switches = switches
        self.limits = RateLimits()
        self.desk = UpdateDesk(Pusher(store, switches))
        self.aim: Aim[Fault] = Aim(switches)

    def receive(self, chat_id: int, text: str, *, thread: int | None = None) -> int:
        """A person writes `text` in the chat: every bot there gets an update; return the message id."""
        chat = self.store.chats[chat_id]
        now = int(self.clock.now().timestamp())
        stored = human_message(chat, self.store.next_message_id(chat_id), text, now, thread)
        self.store.add_message(stored)
        for bot_id in sorted(chat.bots or self.bots):
            self.store.add_update(bot_id, "message", stored.message)
            self.desk.wake(bot_id)
        return stored.message_id

    def set_trouble(self, chat_id: int, kind: ChatTrouble | None) -> None:
        """Bring a chat into trouble or out of it, and tell its bots by `my_chat_member` as Telegram does."""
        chat = self.store.chats[chat_id]
        was = self.switches.chat_trouble.pop(chat_id, None)
        if kind:
            self.switches.chat_trouble[chat_id] = kind
        before, after = _status(was), _status(kind)
        if before == after:
            return
        for bot_id in sorted(chat.bots or self.bots):
            change = membership_change(chat, self.bots[bot_id], before, after, int(self.clock.now().timestamp()))
            self.store.add_update(bot_id, "my_chat_member", change)
            self.desk.wake(bot_id)

    async def call(self, request: Request) -> Response:
        """One Bot API request."""
        try:
            return await self._answer(request)
        except ApiError as error:
            if error.status == 413:
                return HTMLResponse(_TOO_LARGE, 413)
            headers = {"Retry-After": str((error.parameters or {})["retry_after"])} if error.status == 429 else None
            return JSONResponse(error.body(), error.status, headers=headers)

    async def _answer(self, request: Request) -> Response:
        token = str(request.path_params["token"])
        method = str(request.path_params["method"]).lower()
        if _TOKEN.fullmatch(token) is None:
            raise ApiError(404, "Not Found")
        bot = self.tokens.get(token)
        if bot is None:
            raise ApiError(401, "Unauthorized")
        if self.switches.latency_s:
            await asyncio.sleep(self.switches.latency_s)
        if self.switches.token_revoked:
            raise ApiError(401, "Unauthorized")
        params, uploads = await _decoded(request)
        call = Call(bot, params, uploads, self.store, self.switches, self.clock)
        if method not in METHODS and method not in _UPDATE_METHODS:
            raise ApiError(404, "Not Found: method not found")
        is_sending = method in SENDING
        also = (str(request.path_params["method"]), params.get("chat_id", ""))
        fault = self.aim.next_fault("", also=also, aimed_only=not is_sending)
        await self._meet(fault)
        if is_sending:
            self._keep_pace(call)
        result = await self._update_method(method, call) if method in _UPDATE_METHODS else METHODS[method](call)
        return self._on_the_way_back(fault, _ok(result))

    async def _update_method(self, method: str, call: Call) -> object:
        match method:
            case "getupdates":
                return await self.desk.get_updates(call)
            case "setwebhook":
                return self.desk.set_webhook(call)
            case "deletewebhook":
                return self.desk.delete_webhook(call)
            case _:
                return self.desk.webhook_info(call)

    async def _meet(self, fault: Fault | None) -> None:
        """The one place where a fault acts before the call is executed."""
        match fault:
            case "401":
                raise ApiError(401, "Unauthorized")
            case "409":
                raise ApiError(409, OTHER_POLLER)
            case "429":
                raise too_many_requests(self.switches.retry_after_s)
            case "500":
                raise ApiError(500, "Internal Server Error")
            case "502":
                raise ApiError(502, "Bad Gateway")
            case "502_html":
                raise EffectRequested(HTMLResponse("<html><body><h1>502 Bad Gateway</h1></body></html>", 502))
            case "413":
                raise ApiError(413, "Request Entity Too Large")
            case "entities":
                raise bad_request('can\'t parse entities: Unsupported start tag "x" at byte offset 0')
            case "reset":
                raise EffectRequested(ClosedConnection())
            case "slow":
                await asyncio.sleep(self.switches.slow_s)
            case _:
                pass

    def _keep_pace(self, call: Call) -> None:
        if self.switches.rate_limit and (wait := self.limits.wait_s(call.bot.user_id, writable_chat(call, "messages"))):
            raise too_many_requests(wait)

    def _on_the_way_back(self, fault: Fault | None, response: Response) -> Response:
        """The one place where a fault acts on the answer of an executed call."""
        match fault:
            case "lost_response":
                return DroppedResponse()
            case "reset_body":
                return TornResponse(response.body, response.status_code, media_type=response.media_type)
            case "silent":
                return Silence(self.switches.silent_s)
            case _:
                return response

    async def download(self, request: Request) -> Response:
        bot = self.tokens.get(str(request.path_params["token"]))
        unique = str(request.path_params["path"]).rpartition("/")[2]
        for stored in self.store.files.values():
            if bot and stored.bot_id == bot.user_id and stored.file_unique_id == unique:
                return Response(stored.content, media_type="application/octet-stream")
        return JSONResponse(ApiError(404, "Not Found").body(), 404)

    async def show_chats(self, request: Request) -> Response:
        return HTMLResponse(chats_page(self.store, _root(request)))

    async def show_chat(self, request: Request) -> Response:
        chat = self.store.find_chat(str(request.path_params["chat_id"]))
        if chat is None:
            return HTMLResponse("Нет такого чата. No such chat.", 404)
        messages = self.store.messages.get(chat.chat_id, [])
        if request.query_params.get("format") == "json":
            return JSONResponse([item.message for item in messages])
        return HTMLResponse(chat_page(chat, messages, self.bots, _root(request)))

    async def show_message(self, request: Request) -> Response:
        chat = self.store.find_chat(str(request.path_params["chat_id"]))
        message_id = int(request.path_params["message_id"])
        stored = self.store.find_message(chat.chat_id, message_id) if chat else None
        if stored is None:
            return HTMLResponse("Нет такого сообщения. No such message.", 404)
        if request.query_params.get("format") == "json":
            return JSONResponse(stored.message)
        return RedirectResponse(f"{_root(request)}/chats/{stored.chat_id}#message-{message_id}")

    async def say(self, request: Request) -> Response:
        """The page's own form: somebody in the chat writes a line."""
        chat = self.store.find_chat(str(request.path_params["chat_id"]))
        form = await request.form()
        text = str(form.get("text", "")).strip()
        if chat is None or not text:
            return HTMLResponse("Нужен чат и текст. A chat and a text are needed.", 400)
        message_id = self.receive(chat.chat_id, text)
        return RedirectResponse(f"{_root(request)}/chats/{chat.chat_id}#message-{message_id}", 303)

    async def show_file(self, request: Request) -> Response:
        stored = self.store.files.get(str(request.path_params["file_id"]))
        if stored is None:
            return HTMLResponse("Нет такого файла. No such file.", 404)
        return Response(stored.content, media_type="application/octet-stream")


class EffectRequested(Exception):  # a request for an effect, not an error
    """A fault answers instead of the call, which is not executed."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


async def _effect(_request: Request, error: Exception) -> Response:
    return cast("EffectRequested", error).response


def telegram_app(
    *,
    clock: Clock,
    tokens: Mapping[str, BotIdentity],
    chats: Mapping[int, Chat],
    switches: TelegramSwitches | None = None,
    storage: Path | None = None,
) -> Starlette:
    """The Bot API under `/bot<token>/<method>` and the human pages under `/`.

    `app.state` holds `sandbox` (a `TelegramSandbox`), `switches` and `log` (a `RequestJournal`).
    """
    sandbox = TelegramSandbox(
        clock=clock, tokens=tokens, store=TelegramStore(chats, storage), switches=switches or TelegramSwitches()
    )
    journal = RequestJournal()
    app = Starlette(
        routes=[
            Route("/bot{token}/{method}", sandbox.call, methods=["GET", "POST"]),
            Route("/file/bot{token}/{path:path}", sandbox.download),
            Route("/", sandbox.show_chats),
            Route("/chats/{chat_id}", sandbox.show_chat),
            Route("/chats/{chat_id}/messages/{message_id:int}", sandbox.show_message),
            Route("/chats/{chat_id}/say", sandbox.say, methods=["POST"]),
            Route("/files/{file_id}", sandbox.show_file),
        ],
        middleware=[Middleware(JournalMiddleware, journal=journal)],
        exception_handlers={EffectRequested: _effect},
    )
    app.state.sandbox = sandbox
    app.state.switches = sandbox.switches
    app.state.log = journal
    return app


def _ok(result: object) -> JSONResponse:
    return JSONResponse({"ok": True, "result": result})


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", "")).rstrip("/")


def _status(kind: ChatTrouble | None) -> str:
    if kind in ("blocked", "kicked"):
        return "kicked"
    return "left" if kind in ("not_member", "group_deleted") else "member"


async def _decoded(request: Request) -> tuple[dict[str, str], dict[str, Upload]]:
    """Parameters from the query and the form (or JSON) body, and the uploaded files."""
    params = dict(request.query_params)
    uploads: dict[str, Upload] = {}
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("application/json"):
        body: object = await request.json()
        if not isinstance(body, dict):
            raise bad_request("can't parse request JSON object")
        for name, value in cast("dict[str, object]", body).items():
            params[name] = value if isinstance(value, str) else _as_field(value)
    elif content_type:
        form = await request.form(max_part_size=_MAX_FIELD_BYTES)
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                mime = value.content_type or "application/octet-stream"
                uploads[name] = Upload(value.filename or name, mime, await value.read())
            else:
                params[name] = value
    return params, uploads


def _as_field(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
