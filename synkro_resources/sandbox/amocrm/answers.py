"""The answers' outer forms: envelopes, 204, problem documents, block pages; headers as the real service sends them."""

from __future__ import annotations

import secrets
from typing import Any

import orjson
from starlette.responses import Response

from synkro_resources.sandbox.amocrm.switches import Fault
from synkro_resources.sandbox.switches import DroppedResponse

HAL = "application/hal+json"
PROBLEM = "application/problem+json"
HTML = "text/html; charset=UTF-8"
BLOCK_PAGE = (
    "<html><head><title>403 Forbidden</title></head>"
    "<body><center><h1>403 Forbidden</h1></center><hr><center>nginx</center></body></html>"
)


def _headers() -> dict[str, str]:
    return {"x-request-id": secrets.token_hex(16), "x-runtime-generated": "0.012", "cache-control": "no-store"}


def data(body: Any, *, kind: str = HAL) -> Response:
    return Response(orjson.dumps(body), 200, headers=_headers(), media_type=kind)


def nothing() -> Response:
    """204 with an HTML content type: an empty list, a page past the end, an unknown or deleted id."""
    answer = Response(status_code=204, headers=_headers())
    answer.headers["content-type"] = HTML
    return answer


def problem(status: int, title: str, detail: str, **extra: Any) -> Response:
    body = {"title": title, "type": f"https://httpstatus.es/{status}", "status": status, "detail": detail, **extra}
    return Response(orjson.dumps(body), status, headers=_headers(), media_type=PROBLEM)


def unauthorized() -> Response:
    return problem(401, "Unauthorized", "Неверный логин или пароль")


def bad_filter() -> Response:
    return problem(400, "Bad Request", "Invalid params passed to filter")


def html(status: int, page: str = BLOCK_PAGE) -> Response:
    return Response(page, status, headers=_headers(), media_type=HTML)


def too_many(variant: Fault, retry_after_s: int) -> Response:
    match variant:
        case "429_html":
            return html(429, "<html><body>Too Many Requests</body></html>")
        case "429_json":
            return problem(429, "Too Many Requests", "Too many requests", retry_after=retry_after_s)
        case _:
            return Response(status_code=429, headers=_headers())


def fault(kind: Fault, retry_after_s: int) -> Response:
    """The answer of an injected fault."""
    match kind:
        case "402":
            return problem(402, "Payment Required", "Аккаунт не оплачен")
        case "403_json":
            return problem(403, "Forbidden", "Нет прав")
        case "403_html":
            return html(403)
        case "429_empty" | "429_html" | "429_json":
            return too_many(kind, retry_after_s)
        case "200_html":
            return html(200, "<html><body>Технические работы</body></html>")
        case "502_html":
            return html(502, "<html><body>502 Bad Gateway</body></html>")
        case "504_html":
            return html(504, "<html><body>504 Gateway Time-out</body></html>")
        case "cut":
            return Response(b'{"_page":1,"_embedded":{"leads":[{"id":', 200, headers=_headers(), media_type=HAL)
        case "reset":
            return DroppedResponse()
