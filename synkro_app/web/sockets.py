"""The open websockets per session, so that a sign-out closes every tab at once."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

SIGNED_OUT = 4401
"""Close code that our page script turns into a visit to the sign-in page."""


class OpenSockets:
    """Sockets of this process; other processes notice a closed session at the next rerun."""

    def __init__(self) -> None:
        self._sockets: dict[str, set[_Socket]] = defaultdict(set)

    @asynccontextmanager
    async def keep(self, sid: str, send: Send) -> AsyncIterator[Send]:
        """Register a socket while it is open; yields the `send` that the application must use."""
        socket = _Socket(send)
        self._sockets[sid].add(socket)
        try:
            yield socket.send
        finally:
            self._sockets[sid].discard(socket)
            if not self._sockets[sid]:
                del self._sockets[sid]

    async def kick(self, sid: str) -> int:
        """Close every socket of the session; returns how many there were."""
        sockets = list(self._sockets.get(sid, ()))
        await asyncio.gather(*(socket.close() for socket in sockets))
        return len(sockets)


class _Socket:
    def __init__(self, send: Send) -> None:
        self._send = send
        self._closed = False
        self._accepted = False

    async def send(self, message: Message) -> None:
        if self._closed:
            return
        if message["type"] == "websocket.accept":
            self._accepted = True
        elif message["type"] == "websocket.close":
            self._closed = True
        await self._send(message)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._accepted:
            await self._send({"type": "websocket.close", "code": SIGNED_OUT})
