"""The Radist resource: one client per tenant and run; both rate buckets hold over all processes."""

# No postponed annotations here: Dagster reads a resource's dependencies from its annotations.
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from synkro_resources.control.accounts import key_of
from synkro_resources.control.blocks import SharedBreaker
from synkro_resources.control.rates import shared_limiter
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Connection, Platform
from synkro_resources.radist import RadistClient
from synkro_resources.radist.client import company_limits
from synkro_resources.radist.rules import VENDOR


def open_radist(platform: Platform, tenant: str, connection: Connection) -> RadistClient:
    """A client whose two paces, for all paths and for listings, hold over all processes.

    Raises:
        IntegrationError: `radist.bad_address`, `.bad_token`.
    """
    base_url, company = connection.text("base_url"), connection.text("company_id", "0")
    key = key_of(IntegrationKind.RADIST, connection.integration.public)
    return RadistClient(
        base_url,
        connection.secret("api_key"),
        int(company),
        tenant=tenant,
        allow_sandbox=platform.settings.allow_sandbox,
        limiter=shared_limiter(platform.control, tenant, key, company_limits(platform.settings.radist_rate)),
        breaker=SharedBreaker(platform.control, tenant, VENDOR, key),
    )


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
            self._clients[tenant] = open_radist(self._platform, tenant, connection)
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
