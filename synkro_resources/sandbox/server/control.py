"""The sandbox's own addresses under `/control`: readiness, request counts, switches. Loopback callers only."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from synkro_resources.sandbox.switches import SwitchError, set_switches

SHARED = ""
"""The slug of vendors that serve all tenants in one: Telegram and the model provider."""


class RequestLog(Protocol):
    """What every emulator keeps in `app.state.log`."""

    def counts(self) -> Mapping[str, int]: ...


@dataclass(frozen=True, slots=True)
class VendorApp:
    """One emulator and where it is mounted."""

    vendor: str
    slug: str
    path: str
    app: Starlette

    @property
    def log(self) -> RequestLog:
        return cast("RequestLog", self.app.state.log)

    @property
    def switches(self) -> object:
        return self.app.state.switches


class Control:
    """Answers about a set of emulators."""

    def __init__(self, vendors: list[VendorApp], readiness: Callable[[], dict[str, object]]) -> None:
        self._vendors = vendors
        self._readiness = readiness

    def routes(self) -> list[Route]:
        return [
            Route("/control/ready", _loopback(self.ready)),
            Route("/control/requests", _loopback(self.requests)),
            Route("/control/switches/{vendor}", _loopback(self.switches), methods=["GET", "POST"]),
            Route("/control/switches/{vendor}/{slug}", _loopback(self.switches), methods=["GET", "POST"]),
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
            return JSONResponse({"error": f"there is no vendor {vendor!r} for {slug!r}"}, 404)
        counts: dict[str, dict[str, dict[str, int]]] = {}
        for item in found:
            counts.setdefault(item.vendor, {})[item.slug or "*"] = dict(item.log.counts())
        return JSONResponse(counts)

    async def switches(self, request: Request) -> Response:
        """GET shows the switches, POST with a JSON object sets the named ones."""
        vendor, slug = str(request.path_params["vendor"]), str(request.path_params.get("slug", SHARED))
        item = next((it for it in self._vendors if it.vendor == vendor and it.slug in (slug, SHARED)), None)
        if item is None:
            return JSONResponse({"error": f"there is no vendor {vendor!r} for {slug!r}"}, 404)
        switches = item.switches
        if request.method == "GET":
            return JSONResponse(_shown(switches))
        try:
            values: object = await request.json()
            if not isinstance(values, dict):
                raise SwitchError("a JSON object is expected")
            set_switches(switches, cast("dict[str, object]", values))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(_shown(switches))


def _shown(switches: object) -> dict[str, object]:
    if not dataclasses.is_dataclass(switches) or isinstance(switches, type):
        return {}
    return {item.name: getattr(switches, item.name) for item in dataclasses.fields(switches)}


def _loopback(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def guarded(request: Request) -> Response:
        host = request.client.host if request.client else ""
        if not _is_loopback(host):
            return JSONResponse({"error": "loopback only"}, 403)
        return await endpoint(request)

    return guarded


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
