"""Attachments come from Radist's own CDN, without the key, small, of the promised type, and leave no trace in logs."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from synkro_resources.http import TokenBucket
from synkro_resources.radist.media import MediaClient, MediaStatus, is_promised_type
from synkro_resources.sandbox.serve import serve

PHONE = "79000000001"
LIMIT = 4096


class Cdn:
    """A CDN over a real socket: the last part of the path says how it behaves."""

    def __init__(self) -> None:
        self.seen: list[dict[str, str]] = []
        self.url = ""

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/whatsapp/{phone}/{how}/media", self._file)])

    async def _file(self, request: Request) -> Response:
        self.seen.append(dict(request.headers))
        how = request.path_params["how"]
        if how.isdigit():
            return Response("<html>no</html>", int(how), media_type="text/html")

        async def drip() -> AsyncIterator[bytes]:
            for _ in range(100):
                yield b"x" * 1024

        answers: dict[str, Callable[[], Response]] = {
            "jpeg": lambda: Response(b"\xff\xd8\xff" + b"x" * 100, media_type="image/jpeg"),
            "ogg": lambda: Response(b"OggS" + b"x" * 100, media_type="application/ogg"),
            "page": lambda: Response("<html>log in</html>", media_type="text/html"),
            "hidden_page": lambda: Response(b"\n<!DOCTYPE html><html>", media_type="application/octet-stream"),
            "large": lambda: Response(b"x" * (LIMIT + 1), media_type="image/jpeg"),
            "endless": lambda: StreamingResponse(drip(), media_type="image/jpeg"),
            "empty": lambda: Response(b"", media_type="image/jpeg"),
            "moved": lambda: RedirectResponse("https://elsewhere.example/x"),
        }
        return answers[how]()

    def address(self, how: str) -> str:
        return f"{self.url}/whatsapp/{PHONE}/{how}/media"


@pytest.fixture
def cdn() -> Iterator[Cdn]:
    found = Cdn()
    with serve(found.app()) as url:
        found.url = url
        yield found


@pytest.fixture
def client() -> Iterator[MediaClient]:
    with MediaClient(allow_sandbox=True, limit_bytes=LIMIT, limiter=TokenBucket(10_000)) as found:
        yield found


@pytest.mark.parametrize(
    ("how", "mime", "status"),
    [
        ("jpeg", "image/jpeg", MediaStatus.STORED),
        ("ogg", "audio/ogg; codecs=opus", MediaStatus.STORED),
        ("403", "image/jpeg", MediaStatus.GONE),
        ("404", "image/jpeg", MediaStatus.GONE),
        ("401", "image/jpeg", MediaStatus.REFUSED),
        ("500", "image/jpeg", MediaStatus.FAILED),
        ("429", "image/jpeg", MediaStatus.FAILED),
        ("page", "image/jpeg", MediaStatus.WRONG_TYPE),
        ("page", None, MediaStatus.WRONG_TYPE),
        ("hidden_page", "image/jpeg", MediaStatus.WRONG_TYPE),
        ("jpeg", "application/pdf", MediaStatus.WRONG_TYPE),
        ("large", "image/jpeg", MediaStatus.TOO_LARGE),
        ("endless", "image/jpeg", MediaStatus.TOO_LARGE),
        ("empty", "image/jpeg", MediaStatus.FAILED),
        ("moved", "image/jpeg", MediaStatus.REFUSED),
    ],
)
def test_what_the_cdn_does_is_told_and_never_ends_the_load(
    cdn: Cdn, client: MediaClient, how: str, mime: str | None, status: MediaStatus
) -> None:
    """Rule 13: size and type are checked, a missing file is «gone», a redirect is not followed."""
    download = client.fetch(cdn.address(how), mime)
    assert download.status == status
    assert bool(download.body) == (status is MediaStatus.STORED)


def test_the_cdn_never_sees_the_key_or_a_cookie(cdn: Cdn, client: MediaClient) -> None:
    """Rule 13: the key opens all dialogs of the company; a foreign host has no business with it."""
    client.fetch(cdn.address("jpeg"), "image/jpeg")
    assert set(cdn.seen[0]) <= {"host", "user-agent", "accept-encoding"}


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x",
        "https://radist.online.evil.example/x",
        "https://evilradist.online/x",
        "https://radist.online/x",
        "http://radist2.cdn.radist.online/x",
        "https://radist2.cdn.radist.online:8443/x",
        "https://user:pass@radist2.cdn.radist.online/x",
        "http://127.0.0.1:9/x",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "not an address",
        "",
    ],
)
def test_an_address_in_a_message_leads_nowhere_but_to_radist(url: str) -> None:
    """Rule 13: whoever writes a message must not make this machine call other machines."""

    def never(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"a request went out to {request.url.host}")

    with MediaClient(transport=httpx.MockTransport(never)) as client:
        assert client.fetch(url, "image/jpeg").status is MediaStatus.FOREIGN_HOST
        assert client.requests == 0


def test_the_vendors_own_host_is_asked_over_https(caplog: pytest.LogCaptureFixture) -> None:
    """Rule 13: the client's phone is a part of the address, so no log line may hold it, at any level."""
    hosts: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        raise httpx.ConnectError(f"no route to {request.url}")

    with caplog.at_level(logging.DEBUG), MediaClient(transport=httpx.MockTransport(answer)) as client:
        url = f"https://radist2.cdn.radist.online/whatsapp/{PHONE}/media"
        assert client.fetch(url, "image/jpeg").status is MediaStatus.FAILED
    assert hosts == ["radist2.cdn.radist.online"]
    assert PHONE not in caplog.text


def test_a_download_over_a_real_socket_leaves_no_phone_in_the_logs(
    cdn: Cdn, client: MediaClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        client.fetch(cdn.address("jpeg"), "image/jpeg")
        client.fetch(cdn.address("404"), "image/jpeg")
    assert PHONE not in caplog.text


def test_a_cdn_that_does_not_answer_is_tried_again_later() -> None:
    with MediaClient(allow_sandbox=True) as client:
        assert client.fetch("http://127.0.0.1:1/x", "image/jpeg").status is MediaStatus.FAILED


@pytest.mark.parametrize(
    ("answered", "promised", "fits"),
    [
        ("image/png", "image/jpeg", True),
        ("video/mp4", "audio/mp4", True),
        ("application/octet-stream", "image/jpeg", True),
        ("", None, True),
        ("image/jpeg", None, True),
        ("text/html; charset=utf-8", None, False),
        ("text/html", "application/pdf", False),
        ("application/json", "image/jpeg", False),
    ],
)
def test_types_are_compared_by_kind_because_servers_name_them_differently(
    answered: str, promised: str | None, fits: bool
) -> None:
    assert is_promised_type(answered, promised) is fits
