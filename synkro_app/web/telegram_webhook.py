"""Where Telegram pushes the updates of bots, if the installation has chosen webhooks (docs/operations.md).

The secret in the path is the proof, and the secret header where it comes. Nothing of an update is stored or logged
beyond what a poller would keep of it.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
import time
from collections import Counter
from collections.abc import Callable

import orjson
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram.error import TelegramError

from synkro_app.telegram_updates import SharedBot, bots_of
from synkro_app.web.inbound import BODY_LIMIT_BYTES, Allowance, small_body
from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import SynkroError
from synkro_resources.platform import Platform
from synkro_resources.settings import Settings
from synkro_resources.telegram.client import scrub
from synkro_resources.telegram.listening import WEBHOOK_PATH, ListeningBot, bot_id_of, webhook_secret

PATH = WEBHOOK_PATH + "{address}"
HEADER = "x-telegram-bot-api-secret-token"
BOTS_KNOWN_S = 30.0
"""How soon a new, changed or removed bot is noticed."""
STRANGERS_PER_SECOND = 5
"""Of all unknown addresses together: each costs a look at the bots of all tenants."""

_OPEN_PATH = re.compile(re.escape(WEBHOOK_PATH) + r"\d{3,20}\.[0-9a-f]{64}")
_log = logging.getLogger(__name__)


def is_webhook_path(method: str, path: str) -> bool:
    """What the gate lets through without a session: one shape of path, POST alone."""
    return method == "POST" and _OPEN_PATH.fullmatch(path) is not None


class TooManyStrangersError(Exception):
    """Somebody guesses addresses; who is not known yet has to come again."""


class TelegramWebhooks:
    """The endpoint. `counts` tells how often each outcome occurred: accepted, malformed, unknown, flooded, failed."""

    def __init__(
        self, settings: Settings, control: Database, clock: Clock, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._settings = settings
        self._control = control
        self._clock = clock
        self._monotonic = monotonic
        self._bots: dict[str, SharedBot] = {}
        self._ears: dict[SharedBot, ListeningBot] = {}
        self._looked_at = float("-inf")
        self._strangers = Allowance(STRANGERS_PER_SECOND)
        self._looking = asyncio.Lock()

    def routes(self) -> list[Route]:
        return [Route(PATH, self.receive, methods=["POST"])]

    async def receive(self, request: Request) -> Response:
        """200 once an update is carried out or is none; 404 for a wrong address; 503 has Telegram bring it again."""
        bot_id, _, secret = str(request.path_params["address"]).partition(".")
        header = request.headers.get(HEADER, secret)
        try:
            async with self._looking:  # two that come at once must not open one bot twice
                ear = await self._ear(bot_id, secret)
        except SynkroError as error:
            return self._failed(bot_id, error.code)
        except TooManyStrangersError:
            return self._answer(503, "flooded")
        if ear is None or not hmac.compare_digest(header.encode(), secret.encode()):
            return self._answer(404, "unknown")
        body = await small_body(request)
        if body is None and not _is_too_large(request):
            return self._failed(bot_id, "the update did not come whole")
        try:
            pushed = None if body is None else orjson.loads(body)
            if not isinstance(pushed, dict):
                return self._answer(200, "malformed")
            reply = await ear.take(pushed)
        except ValueError:  # orjson's own error is one
            return self._answer(200, "malformed")
        except SynkroError as error:
            return self._failed(bot_id, error.code)
        except TelegramError as error:
            return self._failed(bot_id, scrub(str(error)))
        self.counts["accepted"] += 1
        return Response(status_code=200, background=None if reply is None else BackgroundTask(ear.answer, reply))

    async def _ear(self, bot_id: str, secret: str) -> ListeningBot | None:
        """The ear of this address's bot, looked for anew if it is not known or was not looked at lately."""
        known = self._with_secret(bot_id, secret)
        now = self._monotonic()
        if known is not None and now - self._looked_at < BOTS_KNOWN_S:
            return self._ears[known]
        if known is None and not self._strangers.takes(now):
            raise TooManyStrangersError
        platform = Platform(self._settings, self._control, Keyring.from_settings(self._settings), self._clock)
        found = await run_in_threadpool(bots_of, platform)
        self._looked_at = now
        self._bots = {bot_id_of(bot.token): bot for bot in found}
        for gone in set(self._ears) - found:
            await self._ears.pop(gone).__aexit__(None, None, None)
        for bot in found - set(self._ears):
            self._ears[bot] = await ListeningBot(
                self._control,
                bot.token,
                bot.tenants,
                self._clock,
                base_url=bot.base_url,
                proxy=bot.proxy or None,
                inside=bot.inside,
            ).__aenter__()
        bot = self._with_secret(bot_id, secret)
        return None if bot is None else self._ears[bot]

    def _with_secret(self, bot_id: str, secret: str) -> SharedBot | None:
        bot = self._bots.get(bot_id)
        matches = bot is not None and hmac.compare_digest(webhook_secret(bot.token).encode(), secret.encode())
        return bot if matches else None

    def _failed(self, bot_id: str, cause: str) -> Response:
        _log.warning("telegram webhook of bot %s: %s", bot_id, cause)
        return self._answer(503, "failed")

    def _answer(self, status: int, outcome: str) -> Response:
        self.counts[outcome] += 1
        return Response(status_code=status)


def _is_too_large(request: Request) -> bool:
    """What would be too large every time is acknowledged: brought again, it would hold up all that follow."""
    length = request.headers.get("content-length", "")
    return length.isdecimal() and int(length) > BODY_LIMIT_BYTES
