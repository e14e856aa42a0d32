"""What an emulator was asked: middleware that records every request, so that it can be counted."""

from __future__ import annotations

import re
import time
from collections import Counter, deque
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

KEPT_REQUESTS = 20_000
"""Requests kept per emulator: a 14-day load of the invented world needs a few thousand."""

KEPT_BODY_BYTES = 1_000_000
"""Longest body that is kept: prompts with dialogs fit, uploads do not have to."""

_NUMBER = re.compile(r"(?<=/)-?\d+(?=/|$)")
_TOKEN = re.compile(r"/bot[^/]+")


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One answered request; `at` is `time.monotonic()` in seconds, `status` is 0 when the connection was dropped."""

    method: str
    path: str
    query: str
    status: int
    at: float
    body: bytes = b""


class RequestJournal:
    """The requests of one emulator, oldest first. Tokens in paths are masked before they are stored."""

    def __init__(self) -> None:
        self.entries: deque[JournalEntry] = deque(maxlen=KEPT_REQUESTS)

    def add(self, entry: JournalEntry) -> None:
        self.entries.append(entry)

    def clear(self) -> None:
        self.entries.clear()

    def counts(self) -> dict[str, int]:
        """Requests by `METHOD /path`, numbers in paths replaced by `{id}`."""
        return dict(Counter(f"{entry.method} {_NUMBER.sub('{id}', entry.path)}" for entry in self.entries))


class JournalMiddleware:
    """Writes every HTTP request of `app` into `journal`; with `keep_bodies` the request's body too."""

    def __init__(self, app: ASGIApp, *, journal: RequestJournal, keep_bodies: bool = False) -> None:
        self.app = app
        self.journal = journal
        self.keep_bodies = keep_bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 0
        body = bytearray()

        async def recording_receive() -> Message:
            message = await receive()
            if self.keep_bodies and message["type"] == "http.request" and len(body) < KEPT_BODY_BYTES:
                body.extend(message.get("body", b""))
            return message

        async def recording_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        try:
            await self.app(scope, recording_receive, recording_send)
        finally:
            path = str(scope["path"]).removeprefix(str(scope.get("root_path", ""))) or "/"
            self.journal.add(
                JournalEntry(
                    method=str(scope["method"]),
                    path=_TOKEN.sub("/bot<token>", path),
                    query=bytes(scope.get("query_string", b"")).decode("latin-1"),
                    status=status,
                    at=time.monotonic(),
                    body=bytes(body),
                )
            )
