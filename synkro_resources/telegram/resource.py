"""The Telegram resource: the tenant's bot, or nothing where reports stay in the cabinet."""

# No postponed annotations here: Dagster reads a resource's dependencies from its annotations.
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

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


class TelegramChannels:
    """Opens a tenant's bot at first use and keeps it until the run ends."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._channels: dict[str, TelegramChannel | None] = {}

    def of(self, tenant: str) -> TelegramChannel | None:
        """The tenant's channel, or None where no bot is connected."""
        if tenant not in self._channels:
            connection = self._platform.find_connection(tenant, IntegrationKind.TELEGRAM)
            self._channels[tenant] = (
                None
                if connection is None
                else TelegramChannel(
                    connection.secret("token"),
                    base_url=connection.text("base_url", OFFICIAL_API),
                    proxy=connection.text("proxy") or None,
                    limiter=bot_limiter(self._platform, tenant, connection),
                )
            )
        return self._channels[tenant]

    def close(self) -> None:
        for channel in self._channels.values():
            if channel is not None:
                channel.close()
        self._channels.clear()


class TelegramResource(dg.ConfigurableResource[TelegramChannels]):
    """Bots for assets; tokens are looked up by tenant inside the run."""

    platform: dg.ResourceDependency[Platform]

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[TelegramChannels]:
        del context
        channels = TelegramChannels(self.platform)
        try:
            yield channels
        finally:
            channels.close()
