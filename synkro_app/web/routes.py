"""The routes beside the cabinet: sign-in and sign-out, health, and the pages' own frame."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

import httpx
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from synkro_app.cabinet.paths import addresses
from synkro_app.cabinet.texts import translate
from synkro_app.web.amocrm_callback import CALLBACK_PATH, AmocrmCallback
from synkro_app.web.gate import COOKIE, cookie_of
from synkro_app.web.radist_webhook import RadistWebhooks
from synkro_app.web.sockets import OpenSockets
from synkro_app.web.static import asset, index_page, login_page, safe_next
from synkro_app.web.telegram_webhook import TelegramWebhooks
from synkro_resources.control.database import Database
from synkro_resources.control.sessions import (
    LIFETIME,
    SessionUser,
    close_all_sessions,
    close_session,
    find_session,
    open_session,
    open_sessions,
)
from synkro_resources.control.users import authenticate, locked_until
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import SynkroError
from synkro_resources.settings import Settings

FORM_LIMIT_BYTES = 8_192
DAEMON_TIMEOUT_S = 2.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Web:
    """What the routes need of the installation."""

    settings: Settings
    control: Database
    clock: Clock
    sockets: OpenSockets

    def routes(self) -> list[Route]:
        pages = [Route(address, self.page, methods=["GET"]) for address in addresses()]
        return [
            *pages,
            Route("/login", self.login_form, methods=["GET"]),
            Route("/account/login", self.login, methods=["POST"]),
            Route("/account/logout", self.logout, methods=["POST"]),
            Route("/account/logout-everywhere", self.logout_everywhere, methods=["POST"]),
            Route("/account/ping", self.ping, methods=["GET"]),
            Route("/healthz", self.healthz, methods=["GET"]),
            Route("/readyz", self.readyz, methods=["GET"]),
            Route(CALLBACK_PATH, AmocrmCallback(self.settings, self.control).answer, methods=["GET"]),
            *RadistWebhooks(self.control, self.clock).routes(),
            *TelegramWebhooks(self.settings, self.control, self.clock).routes(),
            *(Route(f"/{name}", _file(name), methods=["GET"]) for name in ("cab.js", "login.css", "favicon.svg")),
        ]

    async def page(self, request: Request) -> Response:
        del request
        return HTMLResponse(index_page("Synkro"), headers={"cache-control": "no-store"})

    async def login_form(self, request: Request) -> Response:
        return HTMLResponse(login_page(next_path=safe_next(request.query_params.get("next", "/")), message=""))

    async def login(self, request: Request) -> Response:
        if not _from_our_page(request):
            return PlainTextResponse("", 403)
        form = await _form(request)
        if form is None:
            return PlainTextResponse("", 413)
        email, password, target = form.get("email", ""), form.get("password", ""), safe_next(form.get("next", "/"))
        user = await run_in_threadpool(authenticate, self.control, email, password, self.clock)
        if user is None:
            until = await run_in_threadpool(locked_until, self.control, email, self.clock)
            message = translate("ru", "login.locked" if until is not None else "login.wrong")
            return HTMLResponse(login_page(next_path=target, message=message, email=email), 401)
        token = await run_in_threadpool(self._open_session, user.user_id, request)
        answer = RedirectResponse(target, 303)
        secure = self.settings.public_url.startswith("https://")
        max_age = int(LIFETIME.total_seconds())
        answer.set_cookie(COOKIE, token, max_age=max_age, path="/", secure=secure, httponly=True, samesite="lax")
        return answer

    def _open_session(self, user_id: str, request: Request) -> str:
        address = request.client.host if request.client else ""
        browser = request.headers.get("user-agent", "")
        return open_session(self.control, user_id, self.clock, address=address, browser=browser)

    async def logout(self, request: Request) -> Response:
        user = await self._user(request)
        if user is None or not _from_our_page(request):
            return PlainTextResponse("", 403)
        await run_in_threadpool(close_session, self.control, user.sid, self.clock)
        return await self._signed_out([user.sid])

    async def logout_everywhere(self, request: Request) -> Response:
        user = await self._user(request)
        if user is None or not _from_our_page(request):
            return PlainTextResponse("", 403)
        sessions = await run_in_threadpool(open_sessions, self.control, user.user_id, self.clock)
        await run_in_threadpool(close_all_sessions, self.control, user.user_id, self.clock)
        return await self._signed_out([session.sid for session in sessions])

    async def _signed_out(self, sids: Sequence[str]) -> Response:
        for sid in sids:
            await self.sockets.kick(sid)
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE, path="/")
        return answer

    async def ping(self, request: Request) -> Response:
        del request  # the gate has already asked for the session
        return Response(status_code=204)

    async def healthz(self, request: Request) -> Response:
        del request
        return PlainTextResponse("ok")

    async def readyz(self, request: Request) -> Response:
        """Whether the parts that a client needs answer: database, lake, Dagster's daemons."""
        del request
        checks = {
            "database": await run_in_threadpool(self._database_answers),
            "lake": await run_in_threadpool(self._lake_is_reachable),
            "dagster": await self._daemons_are_healthy(),
        }
        return JSONResponse(checks, 200 if all(checks.values()) else 503)

    def _database_answers(self) -> bool:
        try:
            find_session(self.control, "", self.clock)
        except SynkroError:
            _log.warning("the control database does not answer")
            return False
        return True

    def _lake_is_reachable(self) -> bool:
        root = self.settings.lake_root
        return "://" in root or Path(root).is_dir() or Path(root).parent.is_dir()

    async def _daemons_are_healthy(self) -> bool:
        query = "{instance{daemonHealth{allDaemonStatuses{required healthy}}}}"
        try:
            async with httpx.AsyncClient(timeout=DAEMON_TIMEOUT_S, trust_env=False) as client:
                answer = await client.post(f"{self.settings.dagster_url}/graphql", json={"query": query})
            statuses = answer.json()["data"]["instance"]["daemonHealth"]["allDaemonStatuses"]
            return all(status["healthy"] for status in statuses if status["required"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            _log.warning("Dagster's health is not known: %s", type(error).__name__)
            return False

    async def _user(self, request: Request) -> SessionUser | None:
        token = cookie_of(request.scope)
        return None if token is None else await run_in_threadpool(find_session, self.control, token, self.clock)


def _from_our_page(request: Request) -> bool:
    """Whether a form was sent by a page of this site: browsers say so in one of two headers, strangers cannot forge."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and origin.partition("://")[2] == request.headers.get("host")


async def _form(request: Request) -> dict[str, str] | None:
    """The fields of a small form; None if the body is larger than any form of ours."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_LIMIT_BYTES:
            return None
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}


def _file(name: str):  # a Starlette endpoint
    kinds = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}

    async def endpoint(request: Request) -> Response:
        del request
        return Response(
            asset(name), media_type=kinds[name.rpartition(".")[2]], headers={"cache-control": "max-age=300"}
        )

    return endpoint
