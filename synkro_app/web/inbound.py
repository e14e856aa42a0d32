"""What vendors push to this installation: how much of it is read, how long, and how often."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

BODY_LIMIT_BYTES = 256 * 1024
BODY_WITHIN_S = 2.0
"""Radist wants its answer within two or three seconds; a body that drips in is given up."""


@dataclass(slots=True)
class Allowance:
    """So many per second, counted in whole seconds."""

    per_second: int
    second: int = -1
    used: int = 0

    def takes(self, now: float) -> bool:
        if int(now) != self.second:
            self.second, self.used = int(now), 0
        self.used += 1
        return self.used <= self.per_second


async def small_body(
    request: Request, *, limit: int = BODY_LIMIT_BYTES, within_s: float = BODY_WITHIN_S
) -> bytes | None:
    """The body; None if it is too large, too slow, or was broken off."""
    body = b""
    try:
        async with asyncio.timeout(within_s):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    return None
    except (TimeoutError, ClientDisconnect):
        return None
    return body
