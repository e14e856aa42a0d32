"""The answers' outer forms: envelopes, 204, problem documents, block pages; headers as the real service sends them."""

from __future__ import annotations

import secrets
from typing import Any

import orjson
from starlette.responses import Response

from synkro_resources.sandbox.amocrm.switches import TooMany

HAL = "application/hal+json"
JSON = "application/json"
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


def account_not_found() -> Response:
    """The 401 of a host that is not the token's account."""
    return problem(401, "Unauthorized", "Account not found")


def payment_required() -> Response:
    return problem(402, "Payment Required", "Аккаунт не оплачен")


def forbidden() -> Response:
    return problem(403, "Forbidden", "Нет прав")


def not_found() -> Response:
    return problem(404, "Not Found", "Страница не найдена")


def wrong_method() -> Response:
    return problem(405, "Method Not Allowed", "Метод не поддерживается")


def bad_filter() -> Response:
    return problem(400, "Bad Request", "Invalid params passed to filter")


def html(status: int, page: str = BLOCK_PAGE) -> Response:
    return Response(page, status, headers=_headers(), media_type=HTML)


def moved(address: str) -> Response:
    return Response(status_code=302, headers={**_headers(), "location": address}, media_type=HTML)


def too_many(variant: TooMany, retry_after_s: int, *, header: bool = False) -> Response:
    """ "Too fast" in one of its forms, with `Retry-After` if `header`."""
    answer = _too_many(variant, retry_after_s)
    if header:
        answer.headers["retry-after"] = str(retry_after_s)
    return answer


def _too_many(variant: TooMany, retry_after_s: int) -> Response:
    match variant:
        case "429_html":
            return html(429, "<html><body>Too Many Requests</body></html>")
        case "429_text":
            return Response("Too Many Requests", 429, headers=_headers(), media_type="text/plain")
        case "429_json":
            return problem(429, "Too Many Requests", "Too many requests", retry_after=retry_after_s)
        case "429_empty":
            return Response(status_code=429, headers=_headers())
