"""Query parameters: read as FastAPI reads them, and noted when no document speaks of them."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

from starlette.requests import Request

from synkro_resources.sandbox.journal import Oddities
from synkro_resources.sandbox.radist.store import Moment, moment_of

DEFAULT_LIMIT = 50
MAX_LIMIT = 100

DOCUMENTED: tuple[tuple[re.Pattern[str], frozenset[str]], ...] = tuple(
    (re.compile(pattern), frozenset(names))
    for pattern, names in (
        (r"/v2/companies/", ("limit", "offset")),
        (r"/v2/companies/\d+/messaging/chats/with_contacts/", ("limit", "cursor")),
        (r"/v2/companies/\d+/messaging/messages/", ("chat_id", "limit", "until")),
        (r"/v2/companies/\d+/contacts/", ("order_by",)),
    )
)
"""Parameters that somebody has seen at work, by path; other paths take none."""

_PAGED = re.compile(r"/v2/companies/\d+/messaging/(chats/with_contacts|messages)/")


class Invalid(ValueError):
    """A parameter that does not parse: 422 with FastAPI's body."""

    def __init__(self, name: str, message: str, kind: str, where: str = "query") -> None:
        super().__init__(message)
        self.detail = {"loc": [where, name], "msg": message, "type": kind}


def note_odd_parameters(path: str, query: Mapping[str, str], oddities: Oddities) -> None:
    """Note what a careful client would not send to `path` (below the mount) by GET."""
    known = next((names for pattern, names in DOCUMENTED if pattern.fullmatch(path)), frozenset[str]())
    for name in sorted(set(query) - known):
        oddities.note(f"undocumented parameter {name}: {_general(path)}")
    if _PAGED.fullmatch(path) and "limit" not in query:
        oddities.note(f"page without limit: {_general(path)}")
    if "limit" in known and query.get("limit", "").isdigit() and int(query["limit"]) > MAX_LIMIT:
        oddities.note(f"limit above {MAX_LIMIT}: {_general(path)}")
    if "until" in known and "until" in query and not re.search(r"(Z|[+-]\d\d:?\d\d)$", query["until"]):
        oddities.note(f"until without a zone: {_general(path)}")


def _general(path: str) -> str:
    return re.sub(r"/\d+(?=/|$)", "/{id}", path)


def limit_of(request: Request) -> int:
    return max(1, min(number(request, "limit", DEFAULT_LIMIT), MAX_LIMIT))


def number(request: Request, name: str, otherwise: int) -> int:
    try:
        return int(request.query_params.get(name, otherwise))
    except ValueError as error:
        raise Invalid(name, "value is not a valid integer", "type_error.integer") from error


def until_of(request: Request) -> Moment | None:
    value = request.query_params.get("until")
    if value is None:
        return None
    try:
        return moment_of(value)
    except (ValueError, OverflowError) as error:
        raise Invalid("until", "invalid datetime format", "value_error.datetime") from error


def cursor_of(position: int) -> str:
    return base64.urlsafe_b64encode(f"offset={position}".encode()).decode().rstrip("=")


def position_of(cursor: str | None) -> int:
    """The place in the list that an opaque cursor stands for.

    Raises:
        Invalid: not a cursor that was given here.
    """
    if not cursor:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        return max(int(text.removeprefix("offset=")), 0)
    except ValueError as error:
        raise Invalid("cursor", "Invalid cursor", "value_error") from error
