"""What may be said about a request: no query values, no secrets, neither in our log lines nor in httpx's own."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterable
from typing import cast

import httpx

from synkro_resources.http.jsonvalues import JsonObject, as_list

SECRET_KEYS = frozenset({"radist_token", "access_token", "refresh_token", "client_secret", "api_key", "password"})
"""Keys whose values are secrets wherever a vendor puts them; they are never stored."""


def masked_url(url: httpx.URL | str) -> str:
    """Host, path and the names of the query parameters; values may hold phones, ids and times of people."""
    parsed = httpx.URL(url) if isinstance(url, str) else url
    names = "&".join(f"{name}=…" for name in dict.fromkeys(name for name, _ in parsed.params.multi_items()))
    port = f":{parsed.port}" if parsed.port else ""
    return f"{parsed.scheme}://{parsed.host}{port}{parsed.path}" + (f"?{names}" if names else "")


def without_secrets(value: object) -> object:
    """A copy of a JSON value without the entries named in `SECRET_KEYS`, at any depth."""
    if isinstance(value, dict):
        entries = cast("JsonObject", value)
        return {key: without_secrets(item) for key, item in entries.items() if key.lower() not in SECRET_KEYS}
    if isinstance(value, list):
        return [without_secrets(item) for item in as_list(value)]
    return value


MASK = "…"

SECRET_HEADERS = ("Authorization", "X-Refresh-Token", "X-Api-Key", "apikey", "Cookie", "Set-Cookie")

_HEADER = re.compile(
    rf"(?P<name>['\"]?\b(?:{'|'.join(SECRET_HEADERS)})\b['\"]?\s*[:=,]\s*b?)"
    r"(?P<value>'[^']*'|\"[^\"]*\"|[^\r\n,;)}\]]+)",
    re.IGNORECASE,
)
_FIELD = re.compile(
    rf"(?P<name>['\"]?\b(?:{'|'.join(sorted(SECRET_KEYS))})\b['\"]?\s*[:=]\s*b?)"
    r"(?P<value>'[^']*'|\"[^\"]*\"|[^\s,;&)}\]]+)",
    re.IGNORECASE,
)
_BEARER = re.compile(r"(?P<name>\bBearer\s+)(?P<value>[^\s'\",;)}\]]+)", re.IGNORECASE)
_JWT = re.compile(r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?", re.ASCII)
_EMAIL = re.compile(r"[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
# With a plus, or a Russian number of eleven digits: unix times and ids are shorter or start otherwise.
_PHONE = re.compile(
    r"(?:\+|%2B)\d(?:[\s().-]{0,2}\d){7,14}(?!\d)"
    r"|(?<![\w.+-])[78][\s(-]{0,2}\d{3}[\s)-]{0,2}\d{3}[\s-]?\d{2}[\s-]?\d{2}(?!\d)"
)


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without `secrets`, values of secret headers and fields, bearer tokens, JWTs, e-mails and phones.

    A net below the rule that none of these is ever put into a text; what looks like one is masked as well.
    """
    for secret in sorted({item for item in secrets if item}, key=len, reverse=True):
        text = text.replace(secret, MASK)
    for pattern in (_HEADER, _FIELD, _BEARER):
        text = pattern.sub(rf"\g<name>{MASK}", text)
    for pattern in (_JWT, _EMAIL, _PHONE):
        text = pattern.sub(MASK, text)
    return text


class Scrubber(logging.Filter):
    """Scrubs a record before any handler sees it, its exception with the whole chain included.

    On a handler it covers every logger; on a logger only the records made there.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = scrub(record.getMessage()), None
        if record.exc_info and record.exc_info[0] is not None:  # formatters take exc_text as it is, if there is one
            told = record.exc_text or "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
            record.exc_text = scrub(told)
        if record.stack_info:
            record.stack_info = scrub(record.stack_info)
        return True


class UrlMask(logging.Filter):
    """httpx logs every URL with its query at INFO: keep the line, mask the values."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(masked_url(item) if isinstance(item, httpx.URL) else item for item in record.args)
        return True


_URL_MASK = UrlMask()
_SCRUBBER = Scrubber()
_WIRE_LOGGERS = ("httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy")
"""httpcore tells all headers at DEBUG. A filter does not reach the loggers below its own: each is named."""


def mask_httpx_log() -> None:
    """Install the masks on the loggers of the HTTP libraries and on ours; a second call changes nothing."""
    logging.getLogger("httpx").addFilter(_URL_MASK)
    for name in ("httpx", *_WIRE_LOGGERS, "synkro_resources.http.client"):
        logging.getLogger(name).addFilter(_SCRUBBER)


def scrub_handlers() -> None:
    """Put the scrubber on every handler of the process's root logger, so that no library's line passes it."""
    for handler in logging.getLogger().handlers:
        if _SCRUBBER not in handler.filters:
            handler.addFilter(_SCRUBBER)
