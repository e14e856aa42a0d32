"""What every vendor's client does about its account: the key that its limits hang on, the limits, the way it ends."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx

from synkro_resources.http.client import RequestCounters, VendorClient
from synkro_resources.http.limits import PROCESS_BUCKETS, Limiter, PathLimit, PathLimiter

API_PATHS = ("/api/v4", "/v2")
"""Ends of base addresses that people may type or leave out; they do not tell two accounts apart."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """One limit of a vendor: `rate` requests per second to the paths that contain one of `parts` (none: to all).

    List the narrowest limit last: its slot is the one that is used at once (see `PathLimiter`).
    """

    name: str
    rate: float
    parts: tuple[str, ...] = ()


def account_key(vendor: str, base_url: httpx.URL | str, account: str = "") -> str:
    """The same text for every spelling of one account's address, whichever tenant connected it: a SHA-256 in hex.

    `account` tells apart accounts behind one address, for example Radist's company.
    """
    return hashlib.sha256(f"{vendor}|{_address(str(base_url).strip())}|{account}".encode()).hexdigest()


def _address(base_url: str) -> str:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:  # every client refuses it before a request
        return base_url
    path = url.path.rstrip("/")
    for ending in API_PATHS:
        path = path.removesuffix(ending)
    port = f":{url.port}" if url.port is not None else ""
    return f"{url.host.lower()}{port}{path}"


def limiter_of(limits: Sequence[RateLimit], bucket: Callable[[RateLimit], Limiter]) -> Limiter:
    """One limiter out of a bucket per limit."""
    return PathLimiter([PathLimit(bucket(limit), limit.parts) for limit in limits])


def process_limiter(key: str, limits: Sequence[RateLimit]) -> Limiter:
    """The account's limits within this process, for clients without a control database."""
    return limiter_of(limits, lambda limit: PROCESS_BUCKETS.bucket(f"{key}|{limit.name}", limit.rate))


class AccountClient:
    """Base of the vendors' clients: a context manager around one `VendorClient` with its counters."""

    def __init__(self, http: VendorClient) -> None:
        self._http = http

    @property
    def counters(self) -> RequestCounters:
        """What this client has asked for since it was made; `counters.since(earlier)` for one step's part."""
        return self._http.counters

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()
