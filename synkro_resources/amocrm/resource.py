"""The amoCRM resource: one read-only client per tenant and run, so that its rate limit holds across assets."""

# No postponed annotations here: Dagster reads a resource's dependencies from its annotations.
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from synkro_resources.amocrm import AmocrmClient
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Platform


class AmocrmClients:
    """Opens a tenant's client at first use and keeps it until the run ends."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._clients: dict[str, AmocrmClient] = {}

    def of(self, tenant: str) -> AmocrmClient:
        """The tenant's client.

        Raises:
            IntegrationError: `amocrm.not_connected`.
        """
        if tenant not in self._clients:
            connection = self._platform.connection(tenant, IntegrationKind.AMOCRM)
            self._clients[tenant] = AmocrmClient(
                connection.text("base_url"),
                connection.secret("token"),
                tenant=tenant,
                clock=self._platform.clock,
                allow_sandbox=self._platform.settings.allow_sandbox,
                rate=self._platform.settings.amocrm_rate,
            )
        return self._clients[tenant]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
        self._clients.clear()


class AmocrmResource(dg.ConfigurableResource[AmocrmClients]):
    """amoCRM for assets; credentials are looked up by tenant inside the run."""

    platform: dg.ResourceDependency[Platform]

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[AmocrmClients]:
        del context
        clients = AmocrmClients(self.platform)
        try:
            yield clients
        finally:
            clients.close()
