"""The routes beside the cabinet: forms of people, call-backs of vendors, health, and the pages' own frame."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import httpx
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from synkro_app.cabinet.paths import addresses
from synkro_app.web.account import Account
from synkro_app.web.amocrm_callback import CALLBACK_PATH, AmocrmCallback
from synkro_app.web.files import Files
from synkro_app.web.link_pages import LinkPages
from synkro_app.web.metrics import Metrics
from synkro_app.web.ops import Ops
from synkro_app.web.radist_webhook import RadistWebhooks
from synkro_app.web.sockets import OpenSockets
from synkro_app.web.static import asset, index_page
from synkro_app.web.telegram_webhook import TelegramWebhooks
from synkro_resources.control.database import Database
from synkro_resources.control.sessions import find_session
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import SynkroError
from synkro_resources.settings import Settings

DAEMON_TIMEOUT_S = 2.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Web:
    """What the routes need of the installation."""

    settings: Settings
    control: Database
    clock: Clock
    sockets: OpenSockets
    ops: Ops

    def routes(self) -> list[BaseRoute]:
        pages = [Route(address, self.page, methods=["GET"]) for address in addresses()]
        account = Account(self.settings, self.control, self.clock, self.sockets)
        return [
            *pages,
            *account.routes(),
            *LinkPages(account).routes(),
            *Files(account).routes(),
            *self.ops.routes(),
            Route("/healthz", self.healthz, methods=["GET"]),
            Route("/readyz", self.readyz, methods=["GET"]),
            Route(CALLBACK_PATH, AmocrmCallback(self.settings, self.control).answer, methods=["GET"]),
            *Metrics(self.settings, self.control, self.clock).routes(),
            *RadistWebhooks(self.control, self.clock).routes(),
            *TelegramWebhooks(self.settings, self.control, self.clock).routes(),
            *(Route(f"/{name}", _file(name), methods=["GET"]) for name in ("cab.js", "login.css", "favicon.svg")),
        ]

    async def page(self, request: Request) -> Response:
        del request
        return HTMLResponse(index_page("Synkro"), headers={"cache-control": "no-store"})

    async def healthz(self, request: Request) -> Response:
        del request
        return PlainTextResponse("ok")

    async def readyz(self, request: Request) -> Response:
        """Whether the parts that a client needs answer: database, lake, Dagster's daemons."""
        del request
        checks = {
            "database": await run_in_threadpool(self._database_answers),
            "lake": await run_in_threadpool(self._lake_is_reachable),
            "dagster": await self._daemons_are_healthy(),
        }
        return JSONResponse(checks, 200 if all(checks.values()) else 503)

    def _database_answers(self) -> bool:
        try:
            find_session(self.control, "", self.clock)
        except SynkroError:
            _log.warning("the control database does not answer")
            return False
        return True

    def _lake_is_reachable(self) -> bool:
        root = self.settings.lake_root
        return "://" in root or Path(root).is_dir() or Path(root).parent.is_dir()

    async def _daemons_are_healthy(self) -> bool:
        query = "{instance{daemonHealth{allDaemonStatuses{required healthy}}}}"
        try:
            async with httpx.AsyncClient(timeout=DAEMON_TIMEOUT_S, trust_env=False) as client:
                answer = await client.post(f"{self.settings.dagster_url}/graphql", json={"query": query})
            statuses = answer.json()["data"]["instance"]["daemonHealth"]["allDaemonStatuses"]
            return all(status["healthy"] for status in statuses if status["required"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            _log.warning("Dagster's health is not known: %s", type(error).__name__)
            return False


def _file(name: str):  # a Starlette endpoint
    kinds = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}

    async def endpoint(request: Request) -> Response:
        del request
        return Response(
            asset(name), media_type=kinds[name.rpartition(".")[2]], headers={"cache-control": "max-age=300"}
        )

    return endpoint
