"""Long polling of one bot: reads updates where the last process stopped, and answers what needs an answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from types import TracebackType

from pydantic import SecretStr
from telegram import Bot
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from synkro_resources.control.database import Database
from synkro_resources.model.clock import Clock
from synkro_resources.telegram.client import (
    CONNECT_TIMEOUT_S,
    OFFICIAL_API,
    READ_TIMEOUT_S,
    WRITE_TIMEOUT_S,
    scrub,
    silence_libraries,
)
from synkro_resources.telegram.updates import ALLOWED_UPDATES, BotUpdates, Reply

LONG_POLL_S = 25
CONFLICT_PAUSE_S = 30.0
"""Somebody else polls the same bot: who insisted would only end the other's calls."""
REFUSED_PAUSE_S = 300.0
NETWORK_PAUSE_S = 5.0

_log = logging.getLogger(__name__)


class BotPoller:
    """Polls one bot, as an asynchronous context. Database work runs in threads, so that bots do not wait for it."""

    def __init__(
        self,
        db: Database,
        token: SecretStr,
        tenants: Sequence[str],
        clock: Clock,
        *,
        base_url: str = OFFICIAL_API,
        proxy: str | None = None,
    ) -> None:
        silence_libraries()
        root = base_url.rstrip("/")
        requests = [
            HTTPXRequest(
                connect_timeout=CONNECT_TIMEOUT_S,
                read_timeout=READ_TIMEOUT_S,
                write_timeout=WRITE_TIMEOUT_S,
                proxy=proxy,
                httpx_kwargs={"trust_env": False},
            )
            for _ in range(2)
        ]
        self._bot = Bot(
            token.get_secret_value(),
            base_url=f"{root}/bot",
            base_file_url=f"{root}/file/bot",
            request=requests[0],
            get_updates_request=requests[1],
        )
        self._requests = requests
        self.bot_id = token.get_secret_value().partition(":")[0]
        self._db = db
        self._tenants = tuple(tenants)
        self._clock = clock
        self._updates: BotUpdates | None = None

    async def __aenter__(self) -> BotPoller:
        for request in self._requests:
            await request.initialize()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for request in self._requests:
            await request.shutdown()

    async def poll_once(self, wait_s: int = LONG_POLL_S) -> int:
        """Ask once, for at most `wait_s` seconds; returns how many updates came.

        Raises:
            TelegramError: what Telegram or the network answered. TransientError: `control.unavailable`.
        """
        if self._updates is None:
            username = (await self._bot.get_me()).username or ""
            self._updates = BotUpdates(self._db, self.bot_id, username, self._tenants, self._clock)
        updates = self._updates
        offset = await asyncio.to_thread(updates.next_update_id)
        found = await self._bot.get_updates(offset=offset, timeout=wait_s, allowed_updates=ALLOWED_UPDATES)
        for update in found:
            reply = await asyncio.to_thread(updates.handle, update)
            if reply is not None:
                await self._answer(reply)
        return len(found)

    async def _answer(self, reply: Reply) -> None:
        """An answer that does not arrive changes nothing: the cabinet shows whether the chat is linked."""
        try:
            await self._bot.send_message(reply.chat_id, reply.text, message_thread_id=reply.thread_id)
        except TelegramError as error:
            _log.warning("telegram bot %s cannot answer: %s", self.bot_id, scrub(str(error)))


def pause_after(error: TelegramError) -> float:
    """How many seconds to leave a bot alone after a refusal."""
    match error:
        case Conflict():
            return CONFLICT_PAUSE_S
        case InvalidToken():
            return REFUSED_PAUSE_S
        case RetryAfter():
            wait = error.retry_after
            return wait if isinstance(wait, int | float) else wait.total_seconds()
        case _:
            return NETWORK_PAUSE_S
