"""The Radist resource: one client per tenant and run, so that both rate buckets hold across assets."""

# No postponed annotations here: Dagster reads a resource's dependencies from its annotations.
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Platform
from synkro_resources.radist import RadistClient


class RadistClients:
    """Opens a tenant's client at first use and keeps it until the run ends."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._clients: dict[str, RadistClient] = {}

    def of(self, tenant: str) -> RadistClient:
        """The tenant's client.

        Raises:
            IntegrationError: `radist.not_connected`.
        """
        if tenant not in self._clients:
            connection = self._platform.connection(tenant, IntegrationKind.RADIST)
            self._clients[tenant] = RadistClient(
                connection.text("base_url"),
                connection.secret("api_key"),
                int(connection.text("company_id", "0")),
                tenant=tenant,
                allow_sandbox=self._platform.settings.allow_sandbox,
                rate=self._platform.settings.radist_rate,
            )
        return self._clients[tenant]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
        self._clients.clear()


class RadistResource(dg.ConfigurableResource[RadistClients]):
    """Radist for assets; credentials are looked up by tenant inside the run."""

    platform: dg.ResourceDependency[Platform]

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[RadistClients]:
        del context
        clients = RadistClients(self.platform)
        try:
            yield clients
        finally:
            clients.close()
