"""The circuit breaker: after a vendor has blocked us, nothing is sent for hours, because going on makes it worse."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from synkro_resources.model.errors import SynkroError

OPEN_FOR_S = 4 * 3600.0
"""A block is lifted by the vendor's support, not by waiting: four hours keep us quiet over a working half-day."""


class CircuitBreaker:
    """Closed: requests pass. Open: every request raises the error that opened it, without a request being sent."""

    def __init__(self, *, open_for_s: float = OPEN_FOR_S, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._open_for_s = open_for_s
        self._monotonic = monotonic
        self._until = float("-inf")
        self._make_error: Callable[[], SynkroError] | None = None

    @property
    def is_open(self) -> bool:
        return self._monotonic() < self._until

    def check(self) -> None:
        """Raise the error that opened the breaker while it is open."""
        if self.is_open and self._make_error is not None:
            raise self._make_error()

    def open(self, make_error: Callable[[], SynkroError]) -> None:
        self._until = self._monotonic() + self._open_for_s
        self._make_error = make_error

    def close(self) -> None:
        """Let requests pass again, after a person has cleared the block with the vendor."""
        self._until = float("-inf")


class ProcessBreakers:
    """One breaker per key for the whole process, so that the next asset of a run does not knock again."""

    def __init__(self) -> None:
        self._breakers: dict[str, CircuitBreaker] = {}
        self._lock = threading.Lock()

    def breaker(self, key: str) -> CircuitBreaker:
        with self._lock:
            return self._breakers.setdefault(key, CircuitBreaker())


PROCESS_BREAKERS = ProcessBreakers()
