"""The AI resource: the tenant's model, or nothing where the tenant works without one."""

# No postponed annotations here: Dagster reads a resource's dependencies from its annotations.
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from synkro_resources.ai.client import AiClient
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Platform


class AiClients:
    """Opens a tenant's client at first use and keeps it until the run ends."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._clients: dict[str, AiClient | None] = {}

    def of(self, tenant: str) -> AiClient | None:
        """The tenant's client, or None where no provider is connected: figures never need one."""
        if tenant not in self._clients:
            connection = self._platform.find_connection(tenant, IntegrationKind.AI)
            self._clients[tenant] = (
                None
                if connection is None
                else AiClient(
                    connection.text("base_url"), connection.secret("api_key"), connection.text("model"), tenant=tenant
                )
            )
        return self._clients[tenant]

    def close(self) -> None:
        for client in self._clients.values():
            if client is not None:
                client.close()
        self._clients.clear()


class AiResource(dg.ConfigurableResource[AiClients]):
    """AI providers for assets; keys are looked up by tenant inside the run."""

    platform: dg.ResourceDependency[Platform]

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[AiClients]:
        del context
        clients = AiClients(self.platform)
        try:
            yield clients
        finally:
            clients.close()
