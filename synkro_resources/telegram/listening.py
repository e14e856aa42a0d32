"""Listening to one bot, by long polling or by a webhook, and answering what needs an answer.

Both ways read on where the last one stopped: an update that both bring is carried out once (docs/operations.md).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Mapping, Sequence
from types import TracebackType

from pydantic import SecretStr
from telegram import Bot, Update
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from synkro_resources.control.database import Database
from synkro_resources.http.guarded import guarded_async_transport
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
WEBHOOK_PATH = "/hooks/telegram/"
_SECRET_PURPOSE = b"synkro telegram webhook"

_log = logging.getLogger(__name__)


def bot_id_of(token: SecretStr) -> str:
    """The public number before the colon."""
    return token.get_secret_value().partition(":")[0]


def webhook_secret(token: SecretStr) -> str:
    """What proves that a webhook's caller is Telegram: derived, so that every process knows it and none stores it."""
    return hmac.new(token.get_secret_value().encode(), _SECRET_PURPOSE, hashlib.sha256).hexdigest()


def webhook_address(public_url: str, token: SecretStr) -> str:
    """The address that Telegram is given. The secret is in the path too: whether its header comes is not proven."""
    return f"{public_url.rstrip('/')}{WEBHOOK_PATH}{bot_id_of(token)}.{webhook_secret(token)}"


class ListeningBot:
    """One bot's ear, as an asynchronous context. Database work runs in threads, so that bots do not wait for it."""

    def __init__(
        self,
        db: Database,
        token: SecretStr,
        tenants: Sequence[str],
        clock: Clock,
        *,
        base_url: str = OFFICIAL_API,
        proxy: str | None = None,
        inside: str = "",
    ) -> None:
        silence_libraries()
        root = base_url.rstrip("/")
        requests = [
            HTTPXRequest(
                connect_timeout=CONNECT_TIMEOUT_S,
                read_timeout=READ_TIMEOUT_S,
                write_timeout=WRITE_TIMEOUT_S,
                proxy=proxy,
                httpx_kwargs={"trust_env": False, "transport": guarded_async_transport(inside=inside)},
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
        self._token = token
        self.bot_id = bot_id_of(token)
        self._db = db
        self._tenants = tuple(tenants)
        self._clock = clock
        self._updates: BotUpdates | None = None

    async def __aenter__(self) -> ListeningBot:
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
        updates = await self._opened()
        offset = await asyncio.to_thread(updates.next_update_id)
        found = await self._bot.get_updates(offset=offset, timeout=wait_s, allowed_updates=ALLOWED_UPDATES)
        for update in found:
            reply = await asyncio.to_thread(updates.handle, update)
            if reply is not None:
                await self.answer(reply)
        return len(found)

    async def take(self, pushed: Mapping[str, object]) -> Reply | None:
        """Carry out one update that a webhook brought; the reply is the caller's to send, after it has acknowledged.

        Raises:
            ValueError: this is no update. TelegramError: the bot's name is not known. TransientError:
            `control.unavailable`; Telegram brings the update again.
        """
        try:
            update = Update.de_json(dict(pushed), self._bot)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not an update") from error
        updates = await self._opened()
        return await asyncio.to_thread(updates.handle, update)

    async def ensure_webhook(self, public_url: str) -> None:
        """Have updates pushed to this installation; nothing happens where they are already.

        One connection at a time: updates come in their order, and one that failed is repeated before the next.

        Raises:
            TelegramError: what Telegram or the network answered.
        """
        wanted = webhook_address(public_url, self._token)
        if (await self._bot.get_webhook_info()).url == wanted:
            return
        await self._bot.set_webhook(
            wanted,
            max_connections=1,
            allowed_updates=ALLOWED_UPDATES,
            secret_token=webhook_secret(self._token),
        )
        _log.info("telegram bot %s: updates are pushed to this installation now", self.bot_id)

    async def end_own_webhook(self, public_url: str) -> bool:
        """Remove a webhook of this installation, so that polling works again; somebody else's is left alone.

        Raises:
            TelegramError: what Telegram or the network answered.
        """
        prefix = f"{public_url.rstrip('/')}{WEBHOOK_PATH}"
        if not (await self._bot.get_webhook_info()).url.startswith(prefix):
            return False
        await self._bot.delete_webhook()
        _log.info("telegram bot %s: the webhook of this installation is removed", self.bot_id)
        return True

    async def _opened(self) -> BotUpdates:
        if self._updates is None:
            username = (await self._bot.get_me()).username or ""
            self._updates = BotUpdates(self._db, self.bot_id, username, self._tenants, self._clock)
        return self._updates

    async def answer(self, reply: Reply) -> None:
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
