"""Where Radist's webhooks arrive: noted in one small write and answered at once, whatever they hold.

The secret part of the path is all the proof there is (Radist signs nothing), so it is looked up by its hash. Of the
body only the number of the chat is taken; nothing of it is stored or logged, because it holds people's messages.
"""

from __future__ import annotations

import logging
import re
import time
from collections import Counter
from collections.abc import Callable

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from synkro_app.web.inbound import Allowance, small_body
from synkro_resources.control.database import Database
from synkro_resources.control.webhooks import hash_of, note_event
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import SynkroError
from synkro_resources.model.ids import TENANT_SLUG
from synkro_resources.radist.events import chat_of_event

PATH = "/hooks/radist/{address}"
_OPEN_PATH = re.compile(r"/hooks/radist/[^/]+")
_SECRET = re.compile(r"[A-Za-z0-9_-]{32,128}")

EVENTS_PER_SECOND = 50
"""Of one address. More is a flood or a replay; polling brings what is not noted."""

STRANGERS_PER_SECOND = 20
"""Of all unknown addresses together: whoever guesses must not keep the database busy."""

TELL_EVERY_S = 60.0

_log = logging.getLogger(__name__)


def is_webhook_path(method: str, path: str) -> bool:
    """What the gate lets through without a session: one shape of path, POST alone."""
    return method == "POST" and _OPEN_PATH.fullmatch(path) is not None


class RadistWebhooks:
    """The endpoint. `counts` tells how often each outcome occurred: accepted, malformed, flooded, unknown, failed."""

    def __init__(self, control: Database, clock: Clock, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.counts: Counter[str] = Counter()
        self._control = control
        self._clock = clock
        self._monotonic = monotonic
        self._known: dict[tuple[str, str], Allowance] = {}
        self._strangers = Allowance(STRANGERS_PER_SECOND)
        self._told: dict[str, float] = {}

    def routes(self) -> list[Route]:
        return [Route(PATH, self.receive, methods=["POST"])]

    async def receive(self, request: Request) -> Response:
        """200 for every event of a known address, even one that nobody can read; 404 without a word otherwise."""
        tenant, _, secret = str(request.path_params["address"]).partition(".")
        if TENANT_SLUG.fullmatch(tenant) is None or _SECRET.fullmatch(secret) is None:
            return self._answer(404, "unknown")
        address = (tenant, hash_of(secret))
        allowance = self._known.get(address)
        if allowance is not None and not allowance.takes(self._monotonic()):
            return self._answer(200, "flooded")
        if allowance is None and not self._strangers.takes(self._monotonic()):
            return self._answer(503, "flooded")
        chat_id = _chat_of(await small_body(request))
        try:
            is_ours = await run_in_threadpool(note_event, self._control, tenant, secret, chat_id, self._clock)
        except SynkroError:
            return self._answer(503, "failed")
        if not is_ours:
            self._known.pop(address, None)
            return self._answer(404, "unknown")
        self._known.setdefault(address, Allowance(EVENTS_PER_SECOND))
        return self._answer(200, "malformed" if chat_id is None else "accepted")

    def _answer(self, status: int, outcome: str) -> Response:
        self.counts[outcome] += 1
        now = self._monotonic()
        if outcome != "accepted" and now - self._told.get(outcome, float("-inf")) >= TELL_EVERY_S:
            self._told[outcome] = now
            _log.warning("radist webhooks: %s, %d since the start", outcome, self.counts[outcome])
        return Response(status_code=status)


def _chat_of(body: bytes | None) -> int | None:
    try:
        return None if body is None else chat_of_event(orjson.loads(body))
    except orjson.JSONDecodeError:
        return None
