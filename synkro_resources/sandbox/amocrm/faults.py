"""Injected faults: which one hits a request, answers that replace the true one, and true answers that are spoilt."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from synkro_resources.sandbox.amocrm import answers
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches, Fault

SPOILING: frozenset[Fault] = frozenset(("cut", "bad_utf8", "slow", "reset_body"))
"""Faults of the way back: the request is carried out, only its answer suffers."""

_CHUNK = b" " * 65_536


class Aim:
    """Chooses the fault of each request; counts requests for `fault_every`."""

    def __init__(self, switches: AmocrmSwitches) -> None:
        self._switches = switches
        self._seen: Counter[str] = Counter()

    def next_fault(self, path: str, query: str) -> Fault | None:
        """The fault for a request below the mount; aimed ones come first, then the list, then `always`."""
        switches = self._switches
        target = unquote(f"{path}?{query}" if query else path)
        for part, waiting in switches.faults_on.items():
            if waiting and part in target and self._is_nth(part):
                return waiting.pop(0)
        if not switches.faults and switches.always is None:
            return None
        if not self._is_nth(""):
            return None
        return switches.faults.pop(0) if switches.faults else switches.always

    def _is_nth(self, part: str) -> bool:
        self._seen[part] += 1
        return self._seen[part] % max(self._switches.fault_every, 1) == 0


def replacement(kind: Fault, request: Request, switches: AmocrmSwitches) -> Response:
    """The answer of a fault that is not `SPOILING`."""
    match kind:
        case "401":
            return answers.unauthorized()
        case "402":
            return answers.payment_required()
        case "403_json":
            return answers.forbidden()
        case "403_html":
            return answers.html(403)
        case "404":
            return answers.not_found()
        case "429_empty" | "429_text" | "429_html" | "429_json":
            return answers.too_many(kind, switches.retry_after_s, header=switches.retry_after_header)
        case "200_html":
            return answers.html(200, "<html><body>Технические работы</body></html>")
        case "500":
            return answers.problem(500, "Internal Server Error", "Внутренняя ошибка")
        case "502_html":
            return answers.html(502, "<html><body>502 Bad Gateway</body></html>")
        case "503_html":
            return answers.html(503, "<html><body>503 Service Unavailable</body></html>")
        case "504_html":
            return answers.html(504, "<html><body>504 Gateway Time-out</body></html>")
        case "redirect":
            query = f"?{request.url.query}" if request.url.query else ""
            return answers.moved(f"{switches.redirect_to.rstrip('/')}{request.url.path}{query}")
        case "oversized":
            return StreamingResponse(_padded(switches.oversized_bytes), media_type=answers.HAL)
        case "reset":
            return ClosedConnection()
        case "cut" | "bad_utf8" | "slow" | "reset_body":
            raise ValueError(f"{kind} spoils the true answer and does not replace it")


async def _padded(size: int) -> AsyncIterator[bytes]:
    """A valid document of at least `size` bytes, nearly all of them blanks."""
    yield b'{"_page":1,'
    for _ in range(0, size, len(_CHUNK)):
        yield _CHUNK
    yield b'"_embedded":{}}'


class ClosedConnection(Response):
    """Closes the connection before the first byte: the caller never learns the outcome."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        # An answer without a valid status cannot be written: the server gives it up and hangs up.
        with suppress(KeyError):
            await send({"type": "http.response.start", "status": 0, "headers": []})


async def spoil(
    kind: Fault, app: ASGIApp, scope: Scope, receive: Receive, send: Send, switches: AmocrmSwitches
) -> None:
    """Let `app` answer and send its answer damaged; an answer without a body passes."""
    started: list[Message] = []
    body = bytearray()

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            started.append(message)
        else:
            body.extend(message.get("body", b""))

    await app(scope, receive, keep)
    start, whole = started[0], bytes(body)
    if not whole:
        await send(start)
        await send({"type": "http.response.body", "body": b""})
        return
    match kind:
        case "cut":
            await _send_whole(start, whole[: len(whole) // 2], send)
        case "bad_utf8":
            middle = len(whole) // 2
            await _send_whole(start, whole[:middle] + b"\xff\xfe\xc3" + whole[middle:], send)
        case "reset_body":
            await send(_with_length(start, len(whole)))
            await send({"type": "http.response.body", "body": whole[: len(whole) // 2], "more_body": True})
        case _:
            await _drip(start, whole, receive, send, switches)


async def _send_whole(start: Message, body: bytes, send: Send) -> None:
    await send(_with_length(start, len(body)))
    await send({"type": "http.response.body", "body": body})


def _with_length(start: Message, length: int) -> Message:
    headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    return {**start, "headers": [*headers, (b"content-length", str(length).encode())]}


async def _drip(start: Message, body: bytes, receive: Receive, send: Send, switches: AmocrmSwitches) -> None:
    """A few bytes at a time, until the caller has them all or has gone."""
    await send(_with_length(start, len(body)))
    gone = asyncio.ensure_future(_until_disconnected(receive))
    try:
        step = max(switches.drip_bytes, 1)
        for position in range(0, len(body), step):
            part = body[position : position + step]
            await send({"type": "http.response.body", "body": part, "more_body": position + step < len(body)})
            await asyncio.wait((gone,), timeout=switches.drip_every_s)
            if gone.done():
                return
    finally:
        gone.cancel()


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
