"""Answers that do not come from a vendor's API itself: gateway pages, cut bodies, bytes that are no UTF-8."""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send


def nginx_page(status: int) -> Response:
    """The page a vendor's front server answers with instead of the API."""
    title = f"{status} {HTTPStatus(status).phrase}"
    return HTMLResponse(
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
        status,
    )


def sign_in_page() -> Response:
    """HTML with status 200, as a captive network or a logged-out web page would answer."""
    return HTMLResponse("<!DOCTYPE html><html><head><title>Авторизация</title></head><body>Войдите</body></html>")


def not_utf8(response: Response) -> Response:
    """The same answer with two bytes inside that no UTF-8 decoder accepts."""
    body = bytes(response.body)
    middle = len(body) // 2
    return Response(
        body[:middle] + b"\xff\xfe" + body[middle:],
        response.status_code,
        media_type=response.headers.get("content-type"),
    )


class CutResponse(Response):
    """Announces the whole body, sends half of it and closes the connection."""

    def __init__(self, whole: Response) -> None:
        super().__init__(bytes(whole.body), whole.status_code, dict(whole.headers))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
