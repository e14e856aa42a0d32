"""Downloading attachments from Radist's CDN: without the API key, from its own hosts, small and of the promised type.

The address of an attachment holds the client's phone, so it appears in no log line and in no exception. httpx's client
would log it: the transport is asked directly.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self

import httpx

from synkro_resources.http import Limiter, TokenBucket
from synkro_resources.http.hosts import is_loopback

HOSTS = re.compile(r"(?:[a-z0-9-]+\.)+radist\.online")

LIMIT_BYTES = 20 * 1024 * 1024
"""Larger files are videos as a rule; no report reads them."""

PER_SECOND = 4.0
"""The CDN's limits are not documented: the API's pace is kept."""

WHOLE_FILE_S = 60.0
TIMEOUT = httpx.Timeout(connect=5.0, read=15.0, write=10.0, pool=5.0)
VAGUE_TYPES = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_HTML = re.compile(rb"\s*(?:<!doctype html|<html)", re.IGNORECASE)


class MediaStatus(StrEnum):
    """What is known of an attachment. Only `described` and `failed` are asked for again."""

    DESCRIBED = "described"
    STORED = "stored"
    GONE = "gone"
    """403 or 404: Radist does not have it any more."""
    TOO_LARGE = "too_large"
    WRONG_TYPE = "wrong_type"
    FOREIGN_HOST = "foreign_host"
    REFUSED = "refused"
    """Any other refusal, a redirect included: it is not followed."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Download:
    """The outcome of one attempt; `body` only if `status` is `stored`."""

    status: MediaStatus
    body: bytes = b""


class MediaClient:
    """Downloads one file at a time. A context manager; `transport` replaces the network in tests."""

    def __init__(
        self,
        *,
        allow_sandbox: bool = False,
        limit_bytes: int = LIMIT_BYTES,
        limiter: Limiter | None = None,
        transport: httpx.BaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.requests = 0
        self.limit_bytes = limit_bytes
        self._allow_sandbox = allow_sandbox
        self._limiter = limiter or TokenBucket(PER_SECOND)
        self._transport = transport or httpx.HTTPTransport()
        self._monotonic = monotonic

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._transport.close()

    def fetch(self, url: str, mime: str | None) -> Download:
        """The file at `url`, which its message says to be of the type `mime`. Never raises for what the CDN does."""
        address = self._checked(url)
        if address is None:
            return Download(MediaStatus.FOREIGN_HOST)
        self._limiter.acquire(address.path)
        self.requests += 1
        request = httpx.Request(
            "GET",
            address,
            headers={"User-Agent": "Synkro/0.1 (read-only reports)", "Accept-Encoding": "identity"},
            extensions={"timeout": TIMEOUT.as_dict()},
        )
        try:
            response = self._transport.handle_request(request)
            try:
                return self._judged(response, mime)
            finally:
                response.close()
        except httpx.RequestError:  # its text may quote the address
            return Download(MediaStatus.FAILED)

    def _checked(self, url: str) -> httpx.URL | None:
        """The address if it may be asked: https on Radist's own hosts, or the sandbox on this machine."""
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, TypeError):
            return None
        if parsed.userinfo:
            return None
        if self._allow_sandbox and parsed.scheme in ("http", "https") and is_loopback(parsed.host):
            return parsed
        is_ours = parsed.scheme == "https" and parsed.port in (None, 443) and HOSTS.fullmatch(parsed.host.lower())
        return parsed if is_ours else None

    def _judged(self, response: httpx.Response, mime: str | None) -> Download:
        status = response.status_code
        if status in (403, 404, 410):
            return Download(MediaStatus.GONE)
        if status in (408, 425, 429) or status >= 500:
            return Download(MediaStatus.FAILED)
        if status != 200:
            return Download(MediaStatus.REFUSED)
        if not is_promised_type(response.headers.get("content-type", ""), mime):
            return Download(MediaStatus.WRONG_TYPE)
        declared = response.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self.limit_bytes:
            return Download(MediaStatus.TOO_LARGE)
        body = bytearray()
        deadline = self._monotonic() + WHOLE_FILE_S
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > self.limit_bytes:
                return Download(MediaStatus.TOO_LARGE)
            if self._monotonic() > deadline:
                return Download(MediaStatus.FAILED)
        if not body:
            return Download(MediaStatus.FAILED)
        if _HTML.match(body) and _main_type(mime or "") != "text":
            return Download(MediaStatus.WRONG_TYPE)
        return Download(MediaStatus.STORED, bytes(body))


def is_promised_type(answered: str, promised: str | None) -> bool:
    """Whether a content type fits what the message promised.

    Sound and film count as one kind (a voice message is `audio/ogg` here and `application/ogg` there), a server that
    does not know is believed, and a page is never an attachment unless one was sent.
    """
    given, wanted = _bare(answered), _bare(promised or "")
    if given in VAGUE_TYPES:
        return True
    if wanted in VAGUE_TYPES:
        return given != "text/html"
    return _main_type(given) == _main_type(wanted)


def _bare(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _main_type(content_type: str) -> str:
    kind = _bare(content_type)
    if kind in ("application/ogg", "application/mp4") or kind.startswith(("audio/", "video/")):
        return "sound"
    return kind.partition("/")[0]
