"""The Telegram resource: the tenant's bot, or nothing where reports stay in the cabinet."""

# No postponed annotations here: Dagster reads a resource's dependencies from its annotations.
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Platform
from synkro_resources.telegram.client import OFFICIAL_API, TelegramChannel


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
