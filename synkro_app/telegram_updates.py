"""The process that listens to the bots of this cell's tenants: one poller per token, however many tenants share it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import SecretStr
from telegram.error import Conflict, TelegramError

from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.tenants import list_tenants
from synkro_resources.http.redaction import scrub_handlers
from synkro_resources.model.errors import SynkroError
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Platform
from synkro_resources.settings import Settings
from synkro_resources.telegram.client import OFFICIAL_API, scrub
from synkro_resources.telegram.listening import ListeningBot, pause_after

LOOK_EVERY_S = 30.0
"""How soon a new, changed or removed bot is noticed."""
WEBHOOK_LOOK_EVERY_S = 600.0
"""A webhook that somebody else has replaced is put back."""
DATABASE_PAUSE_S = 5.0
DATABASE_CONNECTIONS = 3

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SharedBot:
    """One bot and all tenants that have connected it."""

    token: SecretStr
    base_url: str
    proxy: str
    tenants: tuple[str, ...]
    inside: str = ""


def bots_of(platform: Platform) -> set[SharedBot]:
    """The bots of the active tenants; one that cannot be read does not silence the others."""
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for tenant in list_tenants(platform.control, platform.settings.cell):
        if tenant.status != "active":
            continue
        try:
            connection = platform.find_connection(tenant.slug, IntegrationKind.TELEGRAM)
        except SynkroError as error:
            log.warning("telegram: the bot of %s cannot be read: %s", tenant.slug, error.code)
            continue
        if connection is None or not connection.secret("token").get_secret_value():
            continue
        token = connection.secret("token").get_secret_value().strip()
        base_url = connection.text("base_url", OFFICIAL_API) or OFFICIAL_API
        key = (token, base_url, connection.text("proxy"), connection.text("inside"))
        found.setdefault(key, []).append(tenant.slug)
    return {
        SharedBot(SecretStr(token), base_url, proxy, tuple(sorted(tenants)), inside)
        for (token, base_url, proxy, inside), tenants in found.items()
    }


def is_pushed(settings: Settings) -> bool:
    """Whether Telegram calls this installation; without a public https address only polling is possible."""
    return settings.telegram_updates == "webhook" and settings.public_url.startswith("https://")


async def listen(platform: Platform, bot: SharedBot) -> None:
    """Poll one bot, or keep its webhook in place, until cancelled."""
    settings = platform.settings
    async with ListeningBot(
        platform.control,
        bot.token,
        bot.tenants,
        platform.clock,
        base_url=bot.base_url,
        proxy=bot.proxy or None,
        inside=bot.inside,
    ) as ear:
        while True:
            try:
                if is_pushed(settings):
                    await ear.ensure_webhook(settings.public_url)
                    await asyncio.sleep(WEBHOOK_LOOK_EVERY_S)
                else:
                    await ear.poll_once()
            except Conflict as error:
                log.warning("telegram bot %s: %s", ear.bot_id, scrub(str(error)))
                if not await _has_ended_own_webhook(ear, settings):
                    await asyncio.sleep(pause_after(error))
            except TelegramError as error:
                log.warning("telegram bot %s: %s", ear.bot_id, scrub(str(error)))
                await asyncio.sleep(pause_after(error))
            except SynkroError as error:
                log.warning("telegram bot %s: %s", ear.bot_id, error.code)
                await asyncio.sleep(DATABASE_PAUSE_S)


async def _has_ended_own_webhook(ear: ListeningBot, settings: Settings) -> bool:
    """After a change from `webhook` to `polling` Telegram refuses polls until our webhook is gone."""
    if not settings.public_url:
        return False
    try:
        return await ear.end_own_webhook(settings.public_url)
    except TelegramError as error:
        log.warning("telegram bot %s: %s", ear.bot_id, scrub(str(error)))
        return False


async def listen_to_all(platform: Platform, look: Callable[[Platform], set[SharedBot]] = bots_of) -> None:
    """Keep one listener per bot; bots that are connected, changed or removed meanwhile are followed."""
    listeners: dict[SharedBot, asyncio.Task[None]] = {}
    while True:
        try:
            wanted = await asyncio.to_thread(look, platform)
        except SynkroError as error:
            log.warning("telegram: %s", error.code)
            wanted = set(listeners)
        for bot in set(listeners) - wanted:
            listeners.pop(bot).cancel()
        for bot, task in list(listeners.items()):
            if task.done():
                log.error("telegram: a listener has ended: %s", type(task.exception()).__name__)
                del listeners[bot]
        for bot in wanted - set(listeners):
            listeners[bot] = asyncio.create_task(listen(platform, bot))
        await asyncio.sleep(LOOK_EVERY_S)


def main() -> None:
    settings = Settings.load()
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    scrub_handlers()
    if settings.telegram_updates == "webhook" and not is_pushed(settings):
        log.warning("SYNKRO_TELEGRAM_UPDATES is webhook, but SYNKRO_PUBLIC_URL is not https://…: bots are polled")
    control = Database.from_settings(settings, pool_size=DATABASE_CONNECTIONS)
    try:
        asyncio.run(listen_to_all(Platform(settings, control, Keyring.from_settings(settings), settings.present)))
    finally:
        control.close()


if __name__ == "__main__":
    main()
