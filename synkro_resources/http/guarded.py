"""Transports for servers that clients name themselves: no inside address, and no answer larger than memory likes.

Each wraps the transport that opens sockets. The AI library speaks through `httpx2`, all others through `httpx`; their
transports and answers are alike, so that one guard serves both. No client made here follows a redirect, which would
lead around the guard of the address that a person typed.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator, Iterator
from functools import cache
from typing import Any, cast

import httpx
import httpx2

from synkro_resources.http.network import network
from synkro_resources.http.resolved import outside_address, outside_address_async
from synkro_resources.http.unpacking import ACCEPTED, Unpacker, UnreadableAnswerError

LIMIT_BYTES = 64 * 1024 * 1024
"""Answers of AI providers, of PostgREST and of Bot API servers stay below a few MiB."""

KEPT_S = 60.0
"""How long a judged address is used without another look: a pool keeps connections by address."""

AI_LIMITS = httpx2.Limits(max_connections=1000, max_keepalive_connections=100)
"""The AI library's own; how many calls run side by side is decided elsewhere."""


@cache
def _ai_tls() -> ssl.SSLContext:
    context = httpx2.create_ssl_context(trust_env=False)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def guarded_client(*, inside: str = "", **options: Any) -> httpx.Client:
    """A client for one server that a person named. `inside`: the name that an operator allowed to lead inside."""
    transport = GuardedTransport(UnpackingTransport(network()), inside=inside)
    return httpx.Client(transport=transport, follow_redirects=False, trust_env=False, **options)


def guarded_async_transport(*, inside: str = "") -> httpx.AsyncBaseTransport:
    """For libraries that make their client themselves."""
    inner = httpx.AsyncHTTPTransport(trust_env=False)
    return GuardedAsyncTransport(UnpackingAsyncTransport(inner), inside=inside)


def guarded_ai_client(*, inside: str = "") -> httpx2.Client:
    """`guarded_client` for the AI library."""
    inner = cast("httpx.BaseTransport", httpx2.HTTPTransport(verify=_ai_tls(), trust_env=False, limits=AI_LIMITS))
    transport = cast("httpx2.BaseTransport", GuardedTransport(UnpackingTransport(inner), inside=inside))
    return httpx2.Client(transport=transport, follow_redirects=False, trust_env=False)


def guarded_async_ai_client(*, inside: str = "") -> httpx2.AsyncClient:
    """The same for many calls side by side."""
    inner = httpx2.AsyncHTTPTransport(verify=_ai_tls(), trust_env=False, limits=AI_LIMITS)
    guard = GuardedAsyncTransport(UnpackingAsyncTransport(cast("httpx.AsyncBaseTransport", inner)), inside=inside)
    return httpx2.AsyncClient(
        transport=cast("httpx2.AsyncBaseTransport", guard), follow_redirects=False, trust_env=False
    )


class GuardedTransport(httpx.BaseTransport):
    """Looks the name up, judges it, and connects to the very address that was judged.

    Raises:
        IntegrationError: `address.inside`. httpx.ConnectError: nobody knows the name.
    """

    def __init__(self, inner: httpx.BaseTransport, *, inside: str = "") -> None:
        self._inner = inner
        self._inside = inside
        self._judged = _Judged()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        if not self._judged.holds(url.host):
            try:
                self._judged.keep(url.host, outside_address(url.host, inside=self._inside))
            except OSError as error:
                raise httpx.ConnectError(type(error).__name__, request=request) from None
        self._judged.point(request)
        try:
            return self._inner.handle_request(request)
        finally:
            request.url = url

    def close(self) -> None:
        self._inner.close()


class GuardedAsyncTransport(httpx.AsyncBaseTransport):
    """`GuardedTransport` for an event loop."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *, inside: str = "") -> None:
        self._inner = inner
        self._inside = inside
        self._judged = _Judged()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        if not self._judged.holds(url.host):
            try:
                self._judged.keep(url.host, await outside_address_async(url.host, inside=self._inside))
            except OSError as error:
                raise httpx.ConnectError(type(error).__name__, request=request) from None
        self._judged.point(request)
        try:
            return await self._inner.handle_async_request(request)
        finally:
            request.url = url

    async def aclose(self) -> None:
        await self._inner.aclose()


class UnpackingTransport(httpx.BaseTransport):
    """Unpacks answers itself, within `limit` bytes.

    Raises:
        httpx.DecodingError: while the answer is read, if it is larger, damaged, or packed in layers.
    """

    def __init__(self, inner: httpx.BaseTransport, *, limit: int = LIMIT_BYTES) -> None:
        self._inner = inner
        self._limit = limit

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["accept-encoding"] = ACCEPTED
        response = self._inner.handle_request(request)
        try:
            unpacker = _unpacker(response, self._limit)
        except httpx.DecodingError:
            response.close()
            raise
        response.stream = _Unpacked(cast("httpx.SyncByteStream", response.stream), unpacker)
        return response

    def close(self) -> None:
        self._inner.close()


class UnpackingAsyncTransport(httpx.AsyncBaseTransport):
    """`UnpackingTransport` for an event loop."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *, limit: int = LIMIT_BYTES) -> None:
        self._inner = inner
        self._limit = limit

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["accept-encoding"] = ACCEPTED
        response = await self._inner.handle_async_request(request)
        try:
            unpacker = _unpacker(response, self._limit)
        except httpx.DecodingError:
            await response.aclose()
            raise
        response.stream = _UnpackedAsync(cast("httpx.AsyncByteStream", response.stream), unpacker)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Judged:
    """The addresses that names stand for, None where the name itself is used."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, str | None]] = {}

    def holds(self, name: str) -> bool:
        return name in self._known and time.monotonic() < self._known[name][0]

    def keep(self, name: str, address: str | None) -> None:
        self._known[name] = (time.monotonic() + KEPT_S, address)

    def point(self, request: httpx.Request) -> None:
        """The header Host stays the name's, and TLS asks for the certificate of the name."""
        address = self._known[request.url.host][1]
        if address is not None:
            request.extensions = {**request.extensions, "sni_hostname": request.url.host}
            request.url = request.url.copy_with(host=address)


class _Unpacked(httpx.SyncByteStream, httpx2.SyncByteStream):
    def __init__(self, inner: httpx.SyncByteStream, unpacker: Unpacker) -> None:
        self._inner = inner
        self._unpacker = unpacker

    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._inner:
                yield from self._unpacker.feed(chunk)
        except UnreadableAnswerError as error:
            raise httpx.DecodingError(str(error)) from None

    def close(self) -> None:
        self._inner.close()


class _UnpackedAsync(httpx.AsyncByteStream, httpx2.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream, unpacker: Unpacker) -> None:
        self._inner = inner
        self._unpacker = unpacker

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._inner:
                for piece in self._unpacker.feed(chunk):
                    yield piece
        except UnreadableAnswerError as error:
            raise httpx.DecodingError(str(error)) from None

    async def aclose(self) -> None:
        await self._inner.aclose()


def _unpacker(response: httpx.Response, limit: int) -> Unpacker:
    """And the headers no longer speak of a packed body: nobody unpacks it a second time."""
    encoding = ", ".join(response.headers.get_list("content-encoding"))
    for name in ("content-encoding", "content-length"):
        if encoding and name in response.headers:
            del response.headers[name]
    try:
        return Unpacker(encoding, limit)
    except UnreadableAnswerError as error:
        raise httpx.DecodingError(str(error)) from None
