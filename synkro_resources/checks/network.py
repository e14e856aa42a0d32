"""The network of a check: the readers' own clients, but impatient, so that a dead host never holds up a page."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import cast

import httpx

from synkro_resources.checks.subject import Deadline
from synkro_resources.http import RetryPolicy

CALL_S = 8.0
"""Longest time for one call, whole answer included: what takes longer than this would not bear a load either."""

CONNECT_S = 5.0
"""From abroad connects to Russian hosts are slow, but not slower than this."""

RETRY = RetryPolicy(tries=2, first_s=0.5, longest_s=0.5, retry_after_cap_s=2.0)
"""A check tells how things are now: one second try for a hiccup, no waiting until it gets better."""


class BoundedTransport(httpx.BaseTransport):
    """Wraps the transport that opens sockets: every call ends after `CALL_S`, and all of them with the deadline."""

    def __init__(self, inner: httpx.BaseTransport, deadline: Deadline, *, call_s: float = CALL_S) -> None:
        self._inner = inner
        self._deadline = deadline
        self._call_s = call_s

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        left = min(self._call_s, self._deadline.left_s())
        if left <= 0:
            raise httpx.ConnectTimeout("the time of the check is over", request=request)
        until = time.monotonic() + left
        timeout = {"connect": min(CONNECT_S, left), "read": left, "write": left, "pool": left}
        request.extensions = {**request.extensions, "timeout": timeout}
        response = self._inner.handle_request(request)
        response.stream = _BoundedStream(cast("httpx.SyncByteStream", response.stream), until)
        return response

    def close(self) -> None:
        self._inner.close()


class _BoundedStream(httpx.SyncByteStream):
    """A body that drips a byte at a time never meets the read time-out: it is cut when the call's time is over."""

    def __init__(self, inner: httpx.SyncByteStream, until: float) -> None:
        self._inner = inner
        self._until = until

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._inner:
            if time.monotonic() > self._until:
                raise httpx.ReadTimeout("the body took too long")
            yield chunk

    def close(self) -> None:
        self._inner.close()
