"""How many calls may run side by side: up while all goes well, halved when the provider asks to slow down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

START = 4


class AdaptiveLimit:
    """Doubles per round of successes until the first refusal, then adds one per round; a refusal halves it, once for
    all calls that were under way together.
    """

    def __init__(self, most: int, start: int = START) -> None:
        self._most = most
        self._limit = float(min(start, most))
        self._running = 0
        self._was_throttled = False
        self._round = 0
        self._room = asyncio.Condition()

    @property
    def limit(self) -> int:
        return max(1, int(self._limit))

    @asynccontextmanager
    async def slot(self) -> AsyncGenerator[int]:
        """Wait for room, and give it back however the call ends; yields the round in which the call began."""
        async with self._room:
            await self._room.wait_for(lambda: self._running < self.limit)
            self._running += 1
        try:
            yield self._round
        finally:
            async with self._room:
                self._running -= 1
                self._room.notify_all()

    def succeeded(self) -> None:
        step = 1 / self._limit if self._was_throttled else 1
        self._limit = min(float(self._most), self._limit + step)

    def throttled(self, began_in: int) -> None:
        if began_in != self._round:
            return
        self._round += 1
        self._was_throttled = True
        self._limit = max(1.0, self._limit / 2)
