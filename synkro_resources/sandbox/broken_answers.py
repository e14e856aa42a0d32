"""Answers as a network breaks them: dropped, silent, endless, cut, torn, in drips. Nothing here knows a vendor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Literal

from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Spoiling = Literal["cut", "bad_utf8", "slow", "reset_body", "lost_response"]
"""What happens to an answer on its way back; the request itself was carried out."""

_CHUNK = b" " * 65_536


class DroppedResponse(Response):
    """Announces a body and closes the connection instead of sending it: the caller never learns the outcome."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4096")]})


class ClosedConnection(Response):
    """Closes the connection before the first byte."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        # An answer without a valid status cannot be written: the server gives it up and hangs up.
        with suppress(KeyError):
            await send({"type": "http.response.start", "status": 0, "headers": []})


class TornResponse(Response):
    """Announces the whole body, sends half of it and closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})


class Silence(Response):
    """Accepts the request and says nothing for `seconds`, then closes; ends at once when the caller gives up."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await wait_unless_gone(receive, self.seconds)
        await ClosedConnection()(scope, receive, send)


def oversized(size: int, media_type: str = "application/json", start: bytes = b"[", end: bytes = b"]") -> Response:
    """A valid document of at least `size` bytes, nearly all of them blanks, without an announced length."""

    async def parts() -> AsyncIterator[bytes]:
        yield start
        for _ in range(0, size, len(_CHUNK)):
            yield _CHUNK
        yield end

    return StreamingResponse(parts(), media_type=media_type)


async def spoil(
    kind: Spoiling,
    app: ASGIApp,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    drip_bytes: int = 64,
    drip_every_s: float = 0.05,
) -> None:
    """Let `app` answer and send its answer damaged; an answer without a body passes, unless it is to be lost."""
    start: Message = {}
    body = bytearray()

    async def keep(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
        else:
            body.extend(message.get("body", b""))

    await app(scope, receive, keep)
    whole = bytes(body)
    if kind == "lost_response":
        await DroppedResponse()(scope, receive, send)
        return
    if not whole:
        await send(start)
        await send({"type": "http.response.body", "body": b""})
        return
    middle = len(whole) // 2
    match kind:
        case "cut":
            await _send_whole(start, whole[:middle], send)
        case "bad_utf8":
            await _send_whole(start, whole[:middle] + b"\xff\xfe\xc3" + whole[middle:], send)
        case "reset_body":
            await send(_with_length(start, len(whole)))
            await send({"type": "http.response.body", "body": whole[:middle], "more_body": True})
        case "slow":
            await send(_with_length(start, len(whole)))
            step = max(drip_bytes, 1)
            for position in range(0, len(whole), step):
                part = whole[position : position + step]
                await send({"type": "http.response.body", "body": part, "more_body": position + step < len(whole)})
                if await wait_unless_gone(receive, drip_every_s):
                    return


async def wait_unless_gone(receive: Receive, seconds: float) -> bool:
    """Wait; True if the caller went away meanwhile."""

    async def disconnected() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    waiting = asyncio.ensure_future(disconnected())
    try:
        await asyncio.wait((waiting,), timeout=seconds)
        return waiting.done()
    finally:
        waiting.cancel()


async def _send_whole(start: Message, body: bytes, send: Send) -> None:
    await send(_with_length(start, len(body)))
    await send({"type": "http.response.body", "body": body})


def _with_length(start: Message, length: int) -> Message:
    headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    return {**start, "headers": [*headers, (b"content-length", str(length).encode())]}
