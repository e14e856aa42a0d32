"""Notes down what a client asks that no documentation allows; the vendor would mostly ignore it in silence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from synkro_resources.sandbox.amocrm.documented import Reads
from synkro_resources.sandbox.amocrm.filters import Filter, after_or_within, status_pairs, within
from synkro_resources.sandbox.amocrm.query import Node, Query
from synkro_resources.sandbox.amocrm.shapes import below_mount

KEPT = 1000
"""Different oddities kept; a client that has more is not being read any more."""

API = "/api/v4"
OAUTH = "/oauth"

_PAGING = ("page", "limit")
_LIBRARIES = re.compile(r"(python-|python/|curl/|go-http|java/|okhttp|node|axios|wget|libwww)", re.IGNORECASE)


def is_telling(agent: str) -> bool:
    """Whether a `User-Agent` says who calls, not only with which library."""
    return bool(agent.strip()) and not _LIBRARIES.match(agent)


class Oddities:
    """Knows the documented paths; `found` is what `app.state.oddities` shows, each oddity once."""

    def __init__(self, reads: Sequence[tuple[str, Reads]]) -> None:
        self.found: list[str] = []
        self._reads = [(compile_path(path)[0], reads) for path, reads in reads]

    def note(self, request: Request) -> None:
        """Note whatever is odd about a request below the mount."""
        path = below_mount(request)
        for oddity in self._of(request, path):
            self.add(f"{request.method} {path}: {oddity}")

    def add(self, oddity: str) -> None:
        if oddity not in self.found and len(self.found) < KEPT:
            self.found.append(oddity)

    def _of(self, request: Request, path: str) -> list[str]:
        found: list[str] = []
        if not is_telling(agent := request.headers.get("user-agent", "")):
            found.append(f"User-Agent {agent!r} says nothing about the caller")
        if path.startswith(OAUTH):
            return found
        if request.method != "GET":
            found.append("an attempt to write")
        if request.headers.get("content-length", "0") != "0":
            found.append("a body in a request that only reads")
        reads = next((item for pattern, item in self._reads if pattern.match(path)), None)
        if reads is None:
            return [*found, *_of_path(path)]
        query = Query.read(request.url.query)
        return [*found, *_of_query(query, reads), *_of_filters(query, reads)]


def _of_path(path: str) -> list[str]:
    found: list[str] = []
    if not path.startswith(API):
        found.append(f"not below {API}")
    if path.endswith("/"):
        found.append("a slash at the end")
    if "//" in path:
        found.append("an empty part of the path")
    return found or ["undocumented path"]


def _of_query(query: Query, reads: Reads) -> list[str]:
    """Parameters, `with`, order and pages."""
    known = {*reads.parameters}
    known |= {"with"} if reads.parts else set()
    known |= {"filter"} if reads.filters else set()
    known |= {"order"} if reads.orders else set()
    known |= {*_PAGING} if reads.paged else set()
    found = [f"undocumented parameter {name!r}" for name in query.tree if name not in known]
    found += [f"unreadable parameter {key!r}" for key, _ in query.pairs if "[" in key and not _is_read(key, query)]
    repeated = Counter(key for key, _ in query.pairs if not key.endswith("[]"))
    found += [f"{key!r} given {times} times" for key, times in repeated.items() if times > 1]
    if "with" in known and "with" in query.tree:
        if query.text("with") is None:
            found.append("'with' is one list with commas, not an array")
        elif not query.wanted_parts():
            found.append("an empty 'with'")
        found += [f"undocumented with value {part!r}" for part in sorted(query.wanted_parts() - reads.parts)]
    if "order" in known and "order" in query.tree:
        found += _of_order(query.level("order"), reads)
    return [*found, *(_of_pages(query, reads) if reads.paged else [])]


def _is_read(key: str, query: Query) -> bool:
    return key.partition("[")[0] in query.tree


def _of_order(given: Mapping[str, Node], reads: Reads) -> list[str]:
    found = [f"undocumented order {name!r}" for name in given if name not in reads.orders]
    found += [f"direction of order {way!r}" for way in given.values() if way not in ("asc", "desc")]
    if len(given) != 1:
        found.append(f"order by {len(given)} fields")
    return found


def _of_pages(query: Query, reads: Reads) -> list[str]:
    found: list[str] = []
    limit, page = query.text("limit"), query.text("page")
    if page is not None and limit is None:
        found.append("page without limit")
    for name, value in (("limit", limit), ("page", page)):
        if value is not None and not (value.isdecimal() and int(value) > 0):
            found.append(f"{name} {value!r} is no number from 1")
    if limit is not None and limit.isdecimal() and int(limit) > reads.max_limit:
        found.append(f"limit {limit} > {reads.max_limit}")
    return found


def _of_filters(query: Query, reads: Reads) -> list[str]:
    if not reads.filters:
        return []
    if query.text("filter") is not None:
        return ["'filter' without brackets"]
    found: list[str] = []
    for name, node in query.level("filter").items():
        if name not in reads.filters:
            found.append(f"undocumented filter {name!r}")
        else:
            found += _of_form(name, node, reads.filters[name])
    return found


def _of_form(name: str, node: Node, form: Filter | None) -> list[str]:
    """Whether a filter's value has the form that its maker reads."""
    if form in (within, after_or_within):
        if isinstance(node, str):
            return [] if form is after_or_within and node.isdecimal() else [f"scalar filter {name!r}"]
        found = [f"bound {side!r} of filter {name!r}" for side in node if side not in ("from", "to")]
        return found + [
            f"bound {value!r} of filter {name!r} is no time" for value in node.values() if not _is_int(value)
        ]
    if form is status_pairs:
        items = list(node.values()) if isinstance(node, dict) else [node]
        whole = [item for item in items if isinstance(item, dict) and {*item} == {"pipeline_id", "status_id"}]
        return [] if whole == items else [f"filter {name!r} without its pairs of pipeline_id and status_id"]
    return []


def _is_int(value: Node) -> bool:
    return isinstance(value, str) and value.removeprefix("-").isdecimal()


class OdditiesMiddleware:
    """Looks at every request before anything refuses it, and at every 400."""

    def __init__(self, app: ASGIApp, *, oddities: Oddities) -> None:
        self.app = app
        self.oddities = oddities

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        self.oddities.note(request)

        async def watching_send(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 400:
                self.oddities.add(f"{request.method} {below_mount(request)}: answered 400")
            await send(message)

        await self.app(scope, receive, watching_send)
