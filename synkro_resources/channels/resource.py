"""The channels of a tenant as a Dagster resource: each destination is served by the one that it names."""

# No postponed annotations here: Dagster reads a resource's dependencies from its annotations.
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import dagster as dg

from synkro_resources.channels.channel import Channel
from synkro_resources.mail.resource import open_mail
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Platform, not_connected
from synkro_resources.telegram.resource import open_bot

Opener = Callable[[Platform, str], Channel | None]
OPENERS: Mapping[str, Opener] = {IntegrationKind.TELEGRAM: open_bot, IntegrationKind.EMAIL: open_mail}
"""By the destination's `channel`, which is named like the integration that serves it."""


class Channels:
    """Opens a tenant's channels at first use and keeps them until the run ends."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._open: dict[str, dict[str, Channel]] = {}

    def of(self, tenant: str) -> Mapping[str, Channel]:
        """The connected channels by name; empty where reports stay in the cabinet."""
        if tenant not in self._open:
            opened = {name: opener(self._platform, tenant) for name, opener in OPENERS.items()}
            self._open[tenant] = {name: channel for name, channel in opened.items() if channel is not None}
        return self._open[tenant]

    def close(self) -> None:
        for channels in self._open.values():
            for channel in channels.values():
                channel.close()
        self._open.clear()


def open_channel(platform: Platform, tenant: str, name: str) -> Channel:
    """One channel of a tenant, for its caller to close.

    Raises:
        IntegrationError: `<name>.not_connected`.
    """
    channel = OPENERS[name](platform, tenant)
    if channel is None:
        raise not_connected(tenant, name)
    return channel


class ChannelsResource(dg.ConfigurableResource[Channels]):
    """Channels for assets; tokens and passwords are looked up by tenant inside the run."""

    platform: dg.ResourceDependency[Platform]

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Channels]:
        del context
        channels = Channels(self.platform)
        try:
            yield channels
        finally:
            channels.close()
