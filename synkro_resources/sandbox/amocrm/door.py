"""In front of every endpoint: blocks, faults, the pace, the token, the verb; in this order."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from synkro_resources.sandbox.amocrm import answers
from synkro_resources.sandbox.amocrm.faults import SPOILING, Aim, replacement, spoil
from synkro_resources.sandbox.amocrm.oauth import Tokens
from synkro_resources.sandbox.amocrm.oddities import OAUTH, is_telling
from synkro_resources.sandbox.amocrm.shapes import below_mount
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches, TooMany

ACCOUNT_PER_SECOND = 50
"""Over all integrations of an account together."""

OFFENCES_FORGOTTEN_S = 60.0
"""A pause after which refusals no longer add up to a block; the vendor's own number is not known."""

_IN_TURN: tuple[TooMany, ...] = ("429_empty", "429_text", "429_html", "429_json")


class Pace:
    """The requests of the last second, by integration or address, and the refusals that lead to a block."""

    def __init__(self, switches: AmocrmSwitches) -> None:
        self._switches = switches
        self._recent: dict[str, deque[float]] = {}
        self._everybody: deque[float] = deque()
        self._refusals = 0
        self._refused_at = 0.0

    def refusal(self, key: str) -> Response | None:
        """Count a request of `key`; the answer if it came too early."""
        now = time.monotonic()
        mine = self._recent.setdefault(key, deque())
        for times in (mine, self._everybody):
            while times and now - times[0] >= 1:
                times.popleft()
        if len(mine) < self._switches.requests_per_second and len(self._everybody) < ACCOUNT_PER_SECOND:
            mine.append(now)
            self._everybody.append(now)
            return None
        if now - self._refused_at > OFFENCES_FORGOTTEN_S:
            self._refusals = 0
        self._refused_at = now
        self._refusals += 1
        if self._refusals > self._switches.block_after:
            self._refusals = 0
            self._switches.blocked = True
            return answers.html(403)
        return answers.too_many(self._variant(), self._switches.retry_after_s, header=self._switches.retry_after_header)

    def _variant(self) -> TooMany:
        chosen = self._switches.rate_limit_answer
        return _IN_TURN[(self._refusals - 1) % len(_IN_TURN)] if chosen == "in_turn" else chosen


class Door:
    """Middleware of one account; `counts` says how often each fault was handed out."""

    def __init__(self, app: ASGIApp, *, tokens: Tokens, switches: AmocrmSwitches, counts: Counter[str]) -> None:
        self.app = app
        self.tokens = tokens
        self.switches = switches
        self.counts = counts
        self.aim = Aim(switches)
        self.pace = Pace(switches)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if self.switches.latency_s:
            await asyncio.sleep(self.switches.latency_s)
        request = Request(scope)
        if self.switches.blocked:
            await answers.html(403)(scope, receive, send)
            return
        fault = self.aim.next_fault(below_mount(request), request.url.query)
        if fault is not None:
            self.counts[fault] += 1
        if fault is not None and fault not in SPOILING:
            await replacement(fault, request, self.switches)(scope, receive, send)
            return
        app = self._refusal(request) or self.app
        if fault is None:
            await app(scope, receive, send)
        else:
            await spoil(fault, app, scope, receive, send, self.switches)

    def _refusal(self, request: Request) -> Response | None:
        switches = self.switches
        if switches.require_user_agent and not is_telling(request.headers.get("user-agent", "")):
            return answers.forbidden()
        if below_mount(request).startswith(OAUTH):
            return None  # its own credentials, and the one place that takes a POST
        authorization = request.headers.get("authorization", "")
        if switches.rate_limit and (early := self.pace.refusal(self._key(request, authorization))):
            return early
        if switches.renamed_to is not None:
            return answers.not_found() if switches.renamed_answer == 404 else answers.account_not_found()
        if not self.tokens.accepts(authorization):
            return answers.unauthorized()
        if request.method != "GET":
            return answers.wrong_method()
        return None

    def _key(self, request: Request, authorization: str) -> str:
        if self.switches.rate_key == "integration":
            return self.tokens.integration(authorization)
        return request.client.host if request.client else ""
