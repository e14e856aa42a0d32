"""The transport that opens sockets: TLS 1.2 at least, no settings from the environment."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def tls_context() -> ssl.SSLContext:
    """Checked certificates and at least TLS 1.2, whatever the machine's OpenSSL would still accept."""
    context = httpx.create_ssl_context(trust_env=False)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def network() -> httpx.HTTPTransport:
    """A transport of its own: pools are not shared between vendors, nor between a token's exchange and its use."""
    return httpx.HTTPTransport(verify=tls_context(), trust_env=False)


class ConnectionWatch:
    """Whether a request went over a connection that an earlier request had opened.

    A vendor closes idle connections without telling; the next request on such a one is reset before it is read.
    """

    def __init__(self) -> None:
        self._opened = 0
        self._before = 0

    def extensions(self) -> dict[str, object]:
        """Of the next request; httpcore reports its steps to `trace`."""
        self._before = self._opened
        return {"trace": self._note}

    def was_reused(self) -> bool:
        return self._opened > 0 and self._opened == self._before

    def _note(self, event: str, info: object) -> None:
        del info  # holds headers
        if event == "connection.connect_tcp.complete":
            self._opened += 1
