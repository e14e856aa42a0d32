"""How emulators count a vendor's documented requests per second: a sliding window over monotonic seconds."""

from __future__ import annotations

from collections import deque


class RateWindow:
    """At most `count` accepted requests within any `seconds`; refused requests are not counted."""

    def __init__(self, count: int, seconds: float = 1.0) -> None:
        self._count = count
        self._seconds = seconds
        self._accepted: deque[float] = deque()

    def has_room(self, now: float) -> bool:
        """Whether a request at `now` (`time.monotonic()`) is within the limit; it is not counted yet."""
        while self._accepted and self._accepted[0] <= now - self._seconds:
            self._accepted.popleft()
        return len(self._accepted) < self._count

    def take(self, now: float) -> None:
        """Count a request at `now`."""
        self._accepted.append(now)
