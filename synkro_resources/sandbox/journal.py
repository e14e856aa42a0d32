"""What an emulator was asked: every request, countable, and everything odd about the requests."""

from __future__ import annotations

import re
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send

KEPT_REQUESTS = 20_000
"""Requests kept per emulator: a 14-day load of the invented world needs a few thousand."""

KEPT_BODY_BYTES = 1_000_000
"""Longest body that is kept: prompts with dialogs fit, uploads do not have to."""

KEPT_ODDITIES = 1_000

_NUMBER = re.compile(r"(?<=/)-?\d+(?=/|$)")
_TOKEN = re.compile(r"/bot[^/]+")
_SECRET_PARAMETER = re.compile(
    r"((?:^|&)[^=&]*(?:token|key|secret|password|code|authorization)[^=&]*=)[^&]+", re.IGNORECASE
)


def masked_query(query: str) -> str:
    """The query string with the values of parameters that may be secrets replaced by `***`."""
    return _SECRET_PARAMETER.sub(r"\1***", query)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One answered request.

    `at` is `time.monotonic()` and `took_s` the time until the answer was given, both in seconds; `number` rises by one
    with each request; `status` is 0 when the connection was dropped.
    """

    method: str
    path: str
    query: str
    status: int
    at: float
    body: bytes = b""
    number: int = 0
    came: datetime | None = None
    took_s: float = 0.0

    def shown(self) -> dict[str, object]:
        """What a person may see: no body, no secret."""
        return {
            "number": self.number,
            "time": self.came.isoformat(timespec="milliseconds") if self.came else None,
            "method": self.method,
            "path": self.path,
            "query": masked_query(self.query),
            "status": self.status,
            "took_ms": round(self.took_s * 1000, 1),
        }


class RequestJournal:
    """The requests of one emulator, oldest first. Tokens in paths are masked before they are stored."""

    def __init__(self) -> None:
        self.entries: deque[JournalEntry] = deque(maxlen=KEPT_REQUESTS)
        self._last = 0

    def next_number(self) -> int:
        self._last += 1
        return self._last

    def add(self, entry: JournalEntry) -> None:
        self.entries.append(entry)

    def clear(self) -> None:
        self.entries.clear()

    def counts(self) -> dict[str, int]:
        """Requests by `METHOD /path`, numbers in paths replaced by `{id}`."""
        return dict(Counter(f"{entry.method} {_NUMBER.sub('{id}', entry.path)}" for entry in list(self.entries)))

    def after(self, number: int, part: str = "") -> Iterator[JournalEntry]:
        """The entries above this number whose path contains `part`, oldest first."""
        return (entry for entry in list(self.entries) if entry.number > number and part in entry.path)


class Oddities(list[str]):
    """What is not documented about the requests that came, each kind once, in the order of their first appearance.

    A client's test asserts that it stays empty; an emulator answers as the vendor would and notes here what no
    document promises to work tomorrow.
    """

    def note(self, text: str) -> None:
        if text not in self and len(self) < KEPT_ODDITIES:
            self.append(text)


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
        number = self.journal.next_number()
        came, began = datetime.now(UTC), time.monotonic()

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
            ended = time.monotonic()
            self.journal.add(
                JournalEntry(
                    method=str(scope["method"]),
                    path=_TOKEN.sub("/bot<token>", path),
                    query=bytes(scope.get("query_string", b"")).decode("latin-1"),
                    status=status,
                    at=ended,
                    body=bytes(body),
                    number=number,
                    came=came,
                    took_s=ended - began,
                )
            )
