"""What may be said about a request: no query values, no secrets, neither in our log lines nor in httpx's own."""

from __future__ import annotations

import logging
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


class UrlMask(logging.Filter):
    """httpx logs every URL with its query at INFO: keep the line, mask the values."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(masked_url(item) if isinstance(item, httpx.URL) else item for item in record.args)
        return True


_URL_MASK = UrlMask()


def mask_httpx_log() -> None:
    """Install the mask on httpx's logger; a second call changes nothing."""
    logging.getLogger("httpx").addFilter(_URL_MASK)
