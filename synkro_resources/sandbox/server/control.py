"""The sandbox's own addresses under `/control`: readiness, counts, switches, logs, edits. Loopback callers only."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from synkro_resources.sandbox.journal import RequestJournal
from synkro_resources.sandbox.switches import SwitchError, describe, set_switches, values_of

SHARED = ""
"""The slug of vendors that serve all tenants in one: Telegram and the model provider."""

LOG_AT_MOST = 500
"""Entries of one answer about the log; the newest ones win."""

Endpoint = Callable[[Request], Awaitable[Response]]


class Editor(Protocol):
    """What an emulator may keep in `app.state.editor`: changes of its world by JSON."""

    def apply(self, action: Mapping[str, object]) -> object:
        """Carry out `{"do": …}` and return what changed; a ValueError or LookupError says what is wrong."""
        ...


@dataclass(frozen=True, slots=True)
class VendorApp:
    """One emulator and where it is mounted."""

    vendor: str
    slug: str
    path: str
    app: Starlette

    @property
    def log(self) -> RequestJournal:
        return cast("RequestJournal", self.app.state.log)

    @property
    def switches(self) -> object:
        return self.app.state.switches

    @property
    def oddities(self) -> list[str]:
        return cast("list[str]", getattr(self.app.state, "oddities", []))

    @property
    def editor(self) -> Editor | None:
        return cast("Editor | None", getattr(self.app.state, "editor", None))

    @property
    def key(self) -> str:
        """`vendor/slug`, or the vendor alone if it serves everybody: the end of its control addresses."""
        return f"{self.vendor}/{self.slug}" if self.slug else self.vendor


class Control:
    """Answers about a set of emulators; remembers the switches they were started with."""

    def __init__(self, vendors: list[VendorApp], readiness: Callable[[], dict[str, object]]) -> None:
        self._vendors = vendors
        self._readiness = readiness
        self._initial = {item.key: values_of(item.switches) for item in vendors}

    def routes(self) -> list[Route]:
        """Everything below `/control`."""
        by_vendor: list[tuple[str, Endpoint, list[str]]] = [
            ("switches", self.switches, ["GET", "POST"]),
            ("reset", self.reset, ["POST"]),
            ("log", self.log, ["GET"]),
            ("oddities", self.oddities, ["GET", "DELETE"]),
            ("edit", self.edit, ["POST"]),
        ]
        return [
            Route("/control/ready", loopback(self.ready)),
            Route("/control/requests", loopback(self.requests)),
            Route("/control/switches", loopback(self.all_switches)),
            *(
                Route(f"/control/{name}/{{vendor}}{end}", loopback(endpoint), methods=methods)
                for name, endpoint, methods in by_vendor
                for end in ("", "/{slug}")
            ),
        ]

    async def ready(self, _request: Request) -> Response:
        return JSONResponse(self._readiness())

    async def requests(self, request: Request) -> Response:
        """Counts by vendor and slug; both can be narrowed. Unknown names answer 404 instead of an empty count."""
        vendor, slug = request.query_params.get("vendor"), request.query_params.get("slug")
        found = [
            item
            for item in self._vendors
            if (vendor is None or item.vendor == vendor) and (slug is None or item.slug in (slug, SHARED))
        ]
        if not found:
            return _no_vendor(vendor, slug)
        counts: dict[str, dict[str, dict[str, int]]] = {}
        for item in found:
            counts.setdefault(item.vendor, {})[item.slug or "*"] = item.log.counts()
        return JSONResponse(counts)

    async def all_switches(self, request: Request) -> Response:
        """Every switch of every emulator (`?slug=` narrows) with type, value, default and words."""
        slug = request.query_params.get("slug")
        found: dict[str, dict[str, list[dict[str, object]]]] = {}
        for item in self._vendors:
            if slug is None or item.slug in (slug, SHARED):
                found.setdefault(item.vendor, {})[item.slug or "*"] = self.described(item)
        return JSONResponse(found)

    def described(self, item: VendorApp) -> list[dict[str, object]]:
        """An emulator's switches as JSON, with the values they were started with."""
        initial = self._initial[item.key]
        return [
            {**dataclasses.asdict(description), "default": initial[description.name]}
            for description in describe(item.switches)
        ]

    async def switches(self, request: Request) -> Response:
        """GET shows the switches, POST with a JSON object sets the named ones."""
        item = self._asked(request)
        if item is None:
            return _no_vendor(*_names(request))
        if request.method == "POST":
            try:
                set_switches(item.switches, await _json_object(request))
            except ValueError as error:
                return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(values_of(item.switches))

    async def reset(self, request: Request) -> Response:
        """All switches back to what the emulator was started with."""
        item = self._asked(request)
        if item is None:
            return _no_vendor(*_names(request))
        for name, value in self._initial[item.key].items():
            setattr(item.switches, name, value)
        self._initial[item.key] = values_of(item.switches)  # a copy: queues are consumed
        return JSONResponse(values_of(item.switches))

    async def log(self, request: Request) -> Response:
        """The requests after number `since` whose path contains `path`; the newest ones if there are many."""
        item = self._asked(request)
        if item is None:
            return _no_vendor(*_names(request))
        since = request.query_params.get("since", "0")
        if not since.isdigit():
            return JSONResponse({"error": "since: the number of a request is expected"}, 400)
        entries = list(item.log.after(int(since), request.query_params.get("path", "")))[-LOG_AT_MOST:]
        return JSONResponse([entry.shown() for entry in entries])

    async def oddities(self, request: Request) -> Response:
        """What clients sent that no document speaks of; DELETE forgets it."""
        item = self._asked(request)
        if item is None:
            return _no_vendor(*_names(request))
        if request.method == "DELETE":
            item.oddities.clear()
        return JSONResponse(list(item.oddities))

    async def edit(self, request: Request) -> Response:
        """Change the vendor's world: the body is an action of its editor."""
        item = self._asked(request)
        if item is None:
            return _no_vendor(*_names(request))
        editor = item.editor
        if editor is None:
            return JSONResponse({"error": f"the world of {item.vendor} cannot be edited"}, 404)
        try:
            return JSONResponse(editor.apply(await _json_object(request)))
        except (ValueError, LookupError) as error:
            return JSONResponse({"error": str(error)}, 400)

    def _asked(self, request: Request) -> VendorApp | None:
        vendor, slug = _names(request)
        return next((it for it in self._vendors if it.vendor == vendor and it.slug in (slug, SHARED)), None)


def _names(request: Request) -> tuple[str, str]:
    return str(request.path_params["vendor"]), str(request.path_params.get("slug", SHARED))


def _no_vendor(vendor: str | None, slug: str | None) -> Response:
    return JSONResponse({"error": f"there is no vendor {vendor!r} for {slug!r}"}, 404)


async def _json_object(request: Request) -> dict[str, Any]:
    """The body.

    Raises:
        ValueError: no JSON, or no object.
    """
    value: object = await request.json()
    if not isinstance(value, dict):
        raise SwitchError("a JSON object is expected")
    return cast("dict[str, Any]", value)


def loopback(endpoint: Endpoint) -> Endpoint:
    """The endpoint for callers on this machine; pages of other origins in a browser here are strangers too."""

    async def guarded(request: Request) -> Response:
        host = request.client.host if request.client else ""
        named = request.url.hostname or ""
        if not _is_loopback(host) or not (named == "localhost" or _is_loopback(named)):
            return JSONResponse({"error": "loopback only"}, 403)
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
            return JSONResponse({"error": "foreign origin"}, 403)
        return await endpoint(request)

    return guarded


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
