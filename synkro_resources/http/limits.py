"""Rate limits: one bucket per vendor account, shared by all clients of this process that speak to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

SLOW_FOR_S = 60.0
SLOW_FACTOR = 2
"""After «too many requests» an account's pace is halved for a minute: others may use its allowance as well."""


class Pace:
    """Whether an account is read at half its pace just now; shared by all its buckets in this process."""

    def __init__(self) -> None:
        self._slow_until = float("-inf")

    def slow_down(self, now: float) -> None:
        self._slow_until = now + SLOW_FOR_S

    def factor(self, now: float) -> int:
        """By how much the time between requests is longer than usual at `now`, a monotonic instant."""
        return SLOW_FACTOR if now < self._slow_until else 1


class Limiter(Protocol):
    """Whoever wants to send a request asks here first; a bucket shared by processes has the same verbs."""

    def acquire(self, path: str) -> float:
        """Wait until a request to `path` is allowed; return the seconds waited."""
        ...

    def slow_down(self, path: str) -> None:
        """The vendor has answered a request to `path` with «too many»: halve the pace for a minute."""
        ...


class TokenBucket:
    """At most `burst` requests at once and `rate` per second in the long run.

    Kept as the theoretical time of the next request, so that slow answers do not make the pace drift.
    """

    def __init__(
        self,
        rate: float,
        *,
        burst: int = 1,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if rate <= 0 or burst < 1:
            raise ValueError("a bucket needs a positive rate and a burst of at least one")
        self._interval = 1 / rate
        self._tolerance = (burst - 1) * self._interval
        self._monotonic = monotonic
        self._sleep = sleep
        self._next = float("-inf")
        self._pace = Pace()
        self._lock = threading.Lock()

    def acquire(self, path: str = "") -> float:  # noqa: ARG002  # every limiter is asked with the path
        """Take one token; return the seconds waited for it."""
        with self._lock:
            now = self._monotonic()
            factor = self._pace.factor(now)
            slot = max(now, self._next - (self._tolerance if factor == 1 else 0))
            self._next = max(self._next, now) + self._interval * factor
        wait = slot - now
        if wait > 0:
            self._sleep(wait)
        return max(wait, 0.0)

    def slow_down(self, path: str = "") -> None:  # noqa: ARG002
        """Half the pace and no bursts for a minute."""
        self._pace.slow_down(self._monotonic())


@dataclass(frozen=True, slots=True)
class PathLimit:
    """A bucket for the paths that contain one of `parts`; no parts: for every path."""

    bucket: Limiter
    parts: tuple[str, ...] = ()

    def applies(self, path: str) -> bool:
        return not self.parts or any(part in path for part in self.parts)


class PathLimiter:
    """Several limits at once: a request waits for each that applies to its path, in the order given.

    While it waits for the second, its slot of the first grows old: put the narrowest limit last, which is then exact,
    while the wider one sees at most that limit's requests late.
    """

    def __init__(self, limits: Sequence[PathLimit]) -> None:
        self._limits = tuple(limits)

    def acquire(self, path: str) -> float:
        return sum(limit.bucket.acquire(path) for limit in self._limits if limit.applies(path))

    def slow_down(self, path: str) -> None:
        for limit in self._limits:
            if limit.applies(path):
                limit.bucket.slow_down(path)


class ProcessBuckets:
    """One bucket per key for the whole process: two clients of one account share its allowance."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, float, int], TokenBucket] = {}
        self._paces: dict[str, Pace] = {}
        self._lock = threading.Lock()

    def bucket(self, key: str, rate: float, *, burst: int = 1) -> TokenBucket:
        """The bucket of `key` (for example `amocrm|demo.amocrm.ru`) at `rate` requests per second."""
        with self._lock:
            return self._buckets.setdefault((key, rate, burst), TokenBucket(rate, burst=burst))

    def pace(self, key: str) -> Pace:
        """The pace of `key` for buckets that share their slots in another way."""
        with self._lock:
            return self._paces.setdefault(key, Pace())


PROCESS_BUCKETS = ProcessBuckets()
