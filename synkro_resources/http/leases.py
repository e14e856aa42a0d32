"""A rate bucket that several processes share: each leases a stretch of the account's time and sends inside it.

What is kept in common is one instant per bucket, the theoretical time of the next request. A process moves it by a
stretch that fits its next few requests and owns that stretch alone, so that not every request is a round trip. Who
keeps the instant is the caller's business (the control database in production, a variable in tests).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from synkro_resources.http.limits import Pace

LATENESS_S = 0.03
"""A request may leave this much after its slot: sleeping and asking for a lease are not exact. Slots are spaced so
that `rate` of them last one second and this much: no second sees more than `rate`, and 97 % of it can be used."""

LEAST_GRACE_S = 0.005
"""With a database farther away than `LATENESS_S` the bound is broken by its distance; never to send would be worse."""

ROUNDING_S = 1e-6
"""The database counts in microseconds; without this the last slot of a lease would be lost to rounding."""

LEASE_S = 1.0
"""Longest stretch of a process that is alone: if it dies, or others come, they wait no longer for its rest."""

SHARED_LEASE_S = 0.5
"""Longest stretch among others: those with slow answers use one slot of a lease, and wait for these in between."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Seconds from the moment the stretch was given until it begins, and whether nobody else has asked in between.

    `continues`: it begins where the same asker's last one ended, and that end is still to come.
    """

    begins_in_s: float
    alone: bool
    continues: bool = False


class Stretches(Protocol):
    """Hands out consecutive stretches of one bucket's time, in `length_s` seconds, to whoever asks."""

    def __call__(self, length_s: float) -> Stretch:
        """Raises:
        TransientError: `control.unavailable`; without the common bucket nothing may be sent.
        """
        ...


@dataclass(slots=True)
class _Lease:
    """Instants of the local monotonic clock. `following` is the next slot, `last` the last one that may be used."""

    size: int
    interval: float
    following: float
    last: float
    grace: float
    used: int = 0


class LeasedBucket:
    """At most `rate` requests in any second over all processes that share `stretches`.

    A lease grows while it is used up and shrinks to what was used of it, so that slow or rare callers do not hold
    back the others; a process that is alone takes `LEASE_S` at once. What is left of a lease is lost, never saved:
    there is no burst after idle time.
    """

    def __init__(
        self,
        rate: float,
        stretches: Stretches,
        *,
        pace: Pace | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if rate <= 0:
            raise ValueError("a bucket needs a positive rate")
        self._interval = (1 + LATENESS_S) / rate
        self._largest_alone = max(1, int(LEASE_S * rate))
        self._largest_shared = max(1, math.ceil(SHARED_LEASE_S * rate))
        self._stretches = stretches
        self._monotonic = monotonic
        self._sleep = sleep
        self._turn = threading.Lock()
        self._lease: _Lease | None = None
        self._alone = False
        self._pace = pace or Pace()
        self.leases = 0

    def acquire(self, path: str = "") -> float:  # noqa: ARG002  # every limiter is asked with the path
        """Wait for the next slot; return the seconds waited, other threads' turns included.

        Raises:
            TransientError: `control.unavailable`.
        """
        entered = self._monotonic()
        with self._turn:
            lease = self._lease or self._renewed(entered)
            while (slot := self._slot(lease)) is None:
                lease = self._renewed(self._monotonic())
            lease.following = slot + lease.interval
            lease.used += 1
        return self._monotonic() - entered

    def slow_down(self, path: str = "") -> None:  # noqa: ARG002
        """Half the pace of this process for a minute: the vendor has said that it is too fast."""
        self._pace.slow_down(self._monotonic())
        self._lease = None

    def _slot(self, lease: _Lease) -> float | None:
        """Sleep until the lease's next slot; None if the lease is over, or was overslept."""
        if lease.used >= lease.size:
            return None
        now = self._monotonic()
        slot = max(lease.following, now - lease.grace)
        if slot > lease.last:
            return None
        if slot > now:
            self._sleep(slot - now)
            slot = max(slot, self._monotonic() - lease.grace)
        return slot if slot <= lease.last else None

    def _renewed(self, now: float) -> _Lease:
        interval = self._interval * self._pace.factor(now)
        size = self._size(now)
        length = size * interval
        asked = self._monotonic()
        stretch = self._stretches(length)
        got = self._monotonic()
        self._alone = stretch.alone
        self.leases += 1
        # The answer was made before `got`: counted from there, nothing leaves too early. By as much it may leave
        # too late, so the time on the way is taken off the grace.
        begins = got + stretch.begins_in_s
        following = begins
        if stretch.continues and (old := self._lease) is not None:
            # Both stretches are ours, so a slot that late answers have pushed beyond the old one's last may lie on the
            # border between them: without it every second with one slow answer lost a slot.
            following = min(begins, old.following)
        self._lease = _Lease(
            size + (following < begins),
            interval,
            following=following,
            last=begins + length - interval + ROUNDING_S,
            grace=max(LATENESS_S - (got - asked), LEAST_GRACE_S),
        )
        return self._lease

    def _size(self, now: float) -> int:
        old = self._lease
        if old is None:
            return 1
        if self._alone:
            return self._largest_alone
        overslept = old.used == 0
        wanted_more = old.used >= old.size and now <= old.last + old.interval
        wanted = 2 * old.size if overslept or wanted_more else max(1, old.used)
        return min(wanted, self._largest_shared)
