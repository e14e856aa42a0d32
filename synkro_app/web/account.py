"""Signing in and out: the password, the code of the second factor, the cookie of the session."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from synkro_app.cabinet.texts import catalogue, translate
from synkro_app.web.forms import Field, Form, browser_language, page
from synkro_app.web.gate import COOKIE, cookie_of
from synkro_app.web.sockets import OpenSockets
from synkro_app.web.static import safe_next
from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.sessions import (
    LIFETIME,
    SessionUser,
    close_all_sessions,
    close_session,
    find_session,
    open_session,
    open_sessions,
)
from synkro_resources.control.signin import answer_challenge, challenged_email, locked_until, sign_in
from synkro_resources.model.clock import Clock
from synkro_resources.settings import Settings

FORM_LIMIT_BYTES = 8_192
FORM_WITHIN_S = 10.0
"""A telephone in a lift takes a second or two for these few fields."""


@dataclass(frozen=True, slots=True)
class Account:
    """The routes of signing in and out, and what other forms need: who is asking, and a session for somebody."""

    settings: Settings
    control: Database
    clock: Clock
    sockets: OpenSockets

    def routes(self) -> list[Route]:
        return [
            Route("/login", self.login_form, methods=["GET"]),
            Route("/account/login", self.login, methods=["POST"]),
            Route("/account/code", self.code, methods=["POST"]),
            Route("/account/logout", self.logout, methods=["POST"]),
            Route("/account/logout-everywhere", self.logout_everywhere, methods=["POST"]),
            Route("/account/ping", self.ping, methods=["GET"]),
        ]

    async def login_form(self, request: Request) -> Response:
        language = browser_language(request)
        notice = f"login.notice_{request.query_params.get('notice', '')}"
        told = translate(language, notice) if notice in catalogue(language) else ""
        return _login_page(language, safe_next(request.query_params.get("next", "/")), notice=told)

    async def login(self, request: Request) -> Response:
        form = await own_form(request)
        if isinstance(form, Response):
            return form
        language = browser_language(request)
        email, target = form.get("email", ""), safe_next(form.get("next", "/"))
        begun = await run_in_threadpool(sign_in, self.control, email, form.get("password", ""), self.clock)
        if begun is None:
            problem = translate(language, await self._problem(email, "login.wrong"))
            return _login_page(language, target, problem=problem, email=email, status=401)
        if begun.challenge is not None:
            return _code_page(language, target, begun.challenge)
        return await self.signed_in(request, begun.user.user_id, target)

    async def code(self, request: Request) -> Response:
        form = await own_form(request)
        if isinstance(form, Response):
            return form
        language = browser_language(request)
        challenge, target = form.get("challenge", ""), safe_next(form.get("next", "/"))
        email = await run_in_threadpool(challenged_email, self.control, challenge, self.clock)
        if email is None:
            return _login_page(language, target, problem=translate(language, "login.code_over"), status=401)
        user = await run_in_threadpool(self._answer, challenge, form.get("code", ""))
        if user is None:
            problem = translate(language, await self._problem(email, "login.wrong_code"))
            return _code_page(language, target, challenge, problem=problem, status=401)
        return await self.signed_in(request, user.user_id, target)

    async def logout(self, request: Request) -> Response:
        user = await self.user(request)
        if user is None or not from_our_page(request):
            return PlainTextResponse("", 403)
        await run_in_threadpool(close_session, self.control, user.sid, self.clock)
        return await self._signed_out([user.sid])

    async def logout_everywhere(self, request: Request) -> Response:
        user = await self.user(request)
        if user is None or not from_our_page(request):
            return PlainTextResponse("", 403)
        sessions = await run_in_threadpool(open_sessions, self.control, user.user_id, self.clock)
        await run_in_threadpool(close_all_sessions, self.control, user.user_id, self.clock)
        return await self._signed_out([session.sid for session in sessions])

    async def ping(self, request: Request) -> Response:
        del request  # the gate has already asked for the session
        return Response(status_code=204)

    async def user(self, request: Request) -> SessionUser | None:
        """Whose session the request carries."""
        token = cookie_of(request.scope)
        return None if token is None else await run_in_threadpool(find_session, self.control, token, self.clock)

    async def signed_in(self, request: Request, user_id: str, target: str, *, tenant: str | None = None) -> Response:
        """Open a session and lead to `target`, a path on this site."""
        token = await run_in_threadpool(self._open_session, user_id, tenant, request)
        answer = RedirectResponse(target, 303)
        secure = self.settings.public_url.startswith("https://")
        max_age = int(LIFETIME.total_seconds())
        answer.set_cookie(COOKIE, token, max_age=max_age, path="/", secure=secure, httponly=True, samesite="lax")
        return answer

    def _answer(self, challenge: str, code: str):
        return answer_challenge(self.control, Keyring.from_settings(self.settings), challenge, code, self.clock)

    def _open_session(self, user_id: str, tenant: str | None, request: Request) -> str:
        address = request.client.host if request.client else ""
        browser = request.headers.get("user-agent", "")
        return open_session(
            self.control, user_id, self.clock, tenant=tenant, address=address, browser=browser, on_record=True
        )

    async def _problem(self, email: str, otherwise: str) -> str:
        until = await run_in_threadpool(locked_until, self.control, email, self.clock)
        return otherwise if until is None else "login.locked"

    async def _signed_out(self, sids: Sequence[str]) -> Response:
        for sid in sids:
            await self.sockets.kick(sid)
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE, path="/")
        return answer


def from_our_page(request: Request) -> bool:
    """Whether a form was sent by a page of this site: browsers say so in one of two headers, strangers cannot forge."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and origin.partition("://")[2] == request.headers.get("host")


async def own_form(request: Request) -> dict[str, str] | Response:
    """The fields of a small form of this site, or the refusal.

    403 for a foreign page, 413 for a large body, 408 for one that drips in: strangers may send forms, and each one
    that is waited for holds a connection.
    """
    if not from_our_page(request):
        return PlainTextResponse("", 403)
    body = b""
    try:
        async with asyncio.timeout(FORM_WITHIN_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > FORM_LIMIT_BYTES:
                    return PlainTextResponse("", 413)
    except TimeoutError:
        return PlainTextResponse("", 408)
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}


def _login_page(
    language: str, target: str, *, problem: str = "", notice: str = "", email: str = "", status: int = 200
) -> Response:
    form = Form(
        "/account/login",
        "sign_in",
        (Field("email", "email", "username", email), Field("password", "password", "current-password")),
        (("next", target),),
    )
    lead = translate(language, "login.lead")
    return page(language, translate(language, "login.title"), lead, form, problem=problem, notice=notice, status=status)


def _code_page(language: str, target: str, challenge: str, *, problem: str = "", status: int = 200) -> Response:
    form = Form(
        "/account/code",
        "sign_in",
        (Field("code", "text", "one-time-code"),),
        (("next", target), ("challenge", challenge)),
    )
    lead = translate(language, "login.code_lead")
    return page(language, translate(language, "login.code_title"), lead, form, problem=problem, status=status)
