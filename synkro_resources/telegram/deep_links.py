"""The link that a person opens to connect a chat: the bot's name, proved by its token, and a one-time code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from telegram.error import TelegramError

from synkro_resources.control.chat_links import create_code
from synkro_resources.model.errors import IntegrationError, Sentence
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Connection, Platform
from synkro_resources.telegram.client import OFFICIAL_API, TelegramChannel


@dataclass(frozen=True, slots=True)
class ChatLink:
    """`address` opens the chat with the bot, or lets choose a group; `command` is what to write in a group's topic."""

    address: str
    command: str
    expires_at: datetime


def open_channel(connection: Connection) -> TelegramChannel:
    """The bot of a stored connection; the caller closes it."""
    return TelegramChannel(
        connection.secret("token"),
        base_url=connection.text("base_url", OFFICIAL_API) or OFFICIAL_API,
        proxy=connection.text("proxy") or None,
        inside=connection.text("inside"),
    )


def create_link(platform: Platform, tenant: str, *, group: bool, actor: str) -> ChatLink:
    """A new code for the tenant's bot.

    Raises:
        IntegrationError: `telegram.not_connected`, or `telegram.bot_unknown` when the bot does not answer.
    """
    connection = platform.connection(tenant, IntegrationKind.TELEGRAM)
    channel = open_channel(connection)
    try:
        username = channel.identity()
    except TelegramError as error:
        raise IntegrationError(
            "telegram.bot_unknown",
            Sentence("Бот Telegram не отвечает.", "The Telegram bot does not answer."),
            Sentence("Проверьте токен бота в настройках.", "Check the bot's token in the settings."),
            tenant=tenant,
            integration=IntegrationKind.TELEGRAM,
        ) from error
    finally:
        channel.close()
    bot_id = connection.secret("token").get_secret_value().strip().partition(":")[0]
    made = create_code(platform.control, tenant, bot_id=bot_id, actor=actor, clock=platform.clock)
    parameter = "startgroup" if group else "start"
    return ChatLink(
        f"https://t.me/{username}?{parameter}={made.code}", f"/start@{username} {made.code}", made.expires_at
    )
