"""The AI resource: the tenant's model, or nothing where the tenant works without one."""

# No postponed annotations here: Dagster reads a resource's dependencies from its annotations.
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from synkro_resources.ai.async_client import AsyncAiClient
from synkro_resources.ai.client import AiClient
from synkro_resources.ai.prices import ModelPrice, price_of
from synkro_resources.ai.profiles import profile_of
from synkro_resources.ai.rungs import Rung, first_rung
from synkro_resources.control.integrations import last_check
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
                    connection.text("base_url"),
                    connection.secret("api_key"),
                    connection.text("model"),
                    tenant=tenant,
                    inside=connection.text("inside"),
                )
            )
        return self._clients[tenant]

    def analyst_of(self, tenant: str) -> AsyncAiClient | None:
        """A client for many calls side by side, opened anew for each step; whoever gets it closes it."""
        connection = self._platform.find_connection(tenant, IntegrationKind.AI)
        if connection is None:
            return None
        base_url, model = connection.text("base_url"), connection.text("model")
        return AsyncAiClient(
            base_url,
            connection.secret("api_key"),
            model,
            tenant=tenant,
            profile=profile_of(base_url, model, connection.integration.public),
            rung=self._first_rung(tenant, model),
            project=connection.text("project") or None,
            inside=connection.text("inside"),
        )

    def price_of(self, tenant: str) -> ModelPrice | None:
        """What the tenant's model costs, None where nobody knows."""
        connection = self._platform.find_connection(tenant, IntegrationKind.AI)
        if connection is None:
            return None
        return price_of(connection.text("model"), connection.text("base_url"), connection.integration.public)

    def _first_rung(self, tenant: str, model: str) -> Rung:
        check = last_check(self._platform.control, tenant, IntegrationKind.AI)
        found = check.findings if check else ()
        return first_rung(next((one.value for one in found if one.name == "structured_output"), ""), model)

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
