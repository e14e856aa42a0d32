"""Dagster's subscriptions for an operator: messages in both directions, judged on the way in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from synkro_app.web.ops_graphql import judged
from synkro_app.web.sockets import SIGNED_OUT

PROTOCOL = "graphql-ws"
OPEN_WITHIN_S = 5.0
LARGEST_QUESTION = 64 * 1024
LARGEST_ANSWER = 8 * 1024 * 1024
"""Bytes; an answer holds up to a thousand events of a run's log."""
LOOK_AGAIN_S = 30.0
"""A right that was taken away ends a socket within this time; a sign-out ends it at once."""
NOT_ALLOWED, TOO_LARGE, UNREACHABLE = 1008, 1009, 1013
PLAIN = frozenset({"connection_init", "connection_terminate", "stop"})


async def relay(socket: WebSocket, address: str, still_allowed: Callable[[], Awaitable[bool]]) -> None:
    """Connect an accepted operator's socket with Dagster's at `address` (ws://…) until one side closes."""
    try:
        async with connect(
            address,
            subprotocols=[Subprotocol(PROTOCOL)],
            open_timeout=OPEN_WITHIN_S,
            max_size=LARGEST_ANSWER,
            proxy=None,
        ) as dagster:
            await socket.accept(subprotocol=PROTOCOL)
            code = await _first_end(
                _questions(socket, dagster), _answers(dagster, socket), _watch(still_allowed, LOOK_AGAIN_S)
            )
    except (OSError, TimeoutError, InvalidHandshake):
        code = UNREACHABLE
    with suppress(RuntimeError, WebSocketDisconnect):  # the other side has gone already
        await socket.close(code)


async def _first_end(*parts: Awaitable[int]) -> int:
    """The close code of the part that ends first; the others are stopped."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return min(task.result() for task in done)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _questions(socket: WebSocket, dagster: ClientConnection) -> int:
    try:
        while True:
            text = await socket.receive_text()
            if len(text) > LARGEST_QUESTION:
                return TOO_LARGE
            allowed = passed_on(text)
            if allowed is None:
                return NOT_ALLOWED
            await dagster.send(allowed)
    except (WebSocketDisconnect, ConnectionClosed, KeyError):  # KeyError: bytes, which the protocol does not know
        return 1000


async def _answers(dagster: ClientConnection, socket: WebSocket) -> int:
    with suppress(WebSocketDisconnect, ConnectionClosed, RuntimeError):
        async for message in dagster:
            await socket.send_text(message if isinstance(message, str) else message.decode())
    return 1000


async def _watch(still_allowed: Callable[[], Awaitable[bool]], every_s: float) -> int:
    while True:
        await asyncio.sleep(every_s)
        if not await still_allowed():
            return SIGNED_OUT


def passed_on(text: str) -> str | None:
    """The message as Dagster may read it: a subscription, or a word of the protocol; None for everything else."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict):
        return None
    kind, number = message.get("type"), message.get("id")
    if not isinstance(number, str | None):
        return None
    if kind in PLAIN:
        return json.dumps({"type": kind, "id": number})
    asked = judged(message.get("payload")) if kind == "start" else None
    if asked is None or asked.kind != "subscription":
        return None
    # Over the socket Dagster reads the name under another key than over HTTP.
    payload = {**asked.body(), "operation_name": asked.name or None}
    return json.dumps({"type": "start", "id": number, "payload": payload})
