"""A tenant's bot, ready to send, at the pace that all processes share."""

from __future__ import annotations

from synkro_resources.control.rates import shared_limiter
from synkro_resources.http.account import RateLimit, account_key
from synkro_resources.http.limits import Limiter
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Connection, Platform
from synkro_resources.telegram.client import OFFICIAL_API, TelegramChannel

BOT_RATE = 20.0
"""Messages per second of one bot over all processes; Telegram takes about thirty."""


def bot_limiter(platform: Platform, tenant: str, connection: Connection) -> Limiter:
    """The pace of a bot, shared by everybody who sends through it, whichever tenant connected it."""
    bot_id = connection.secret("token").get_secret_value().strip().partition(":")[0]
    key = account_key("telegram", connection.text("base_url", OFFICIAL_API), bot_id)
    return shared_limiter(platform.control, tenant, key, [RateLimit("sending", BOT_RATE)])


def open_bot(platform: Platform, tenant: str) -> TelegramChannel | None:
    """The tenant's bot, or None where none is connected."""
    connection = platform.find_connection(tenant, IntegrationKind.TELEGRAM)
    if connection is None:
        return None
    return TelegramChannel(
        connection.secret("token"),
        base_url=connection.text("base_url", OFFICIAL_API),
        proxy=connection.text("proxy") or None,
        inside=connection.text("inside"),
        limiter=bot_limiter(platform, tenant, connection),
    )
