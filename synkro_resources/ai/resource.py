"""The AI resource: the tenant's model, or nothing where the tenant works without one."""

# No postponed annotations here: Dagster reads a resource's dependencies from its annotations.
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import dagster as dg

from synkro_resources.ai.async_client import AsyncAiClient
from synkro_resources.ai.client import AiClient
from synkro_resources.ai.endpoint import Endpoint
from synkro_resources.ai.prices import ModelPrice, price_of
from synkro_resources.ai.probe_finding import STRUCTURED_OUTPUT, told
from synkro_resources.ai.probing import opened, probed
from synkro_resources.ai.rungs import first_rung, is_probe_due
from synkro_resources.control.integrations import last_check, save_finding
from synkro_resources.late_module import LateModule
from synkro_resources.model.errors import SynkroError
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Platform

if TYPE_CHECKING:
    import openai
else:
    openai = LateModule("openai")

_LOG = logging.getLogger(__name__)

PROBE_CALL_S, PROBE_S = 15.0, 60.0
"""Longest wait for one answer of a probe, and for all of them."""


class AiClients:
    """Opens a tenant's client at first use and keeps it until the run ends."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._clients: dict[str, AiClient | None] = {}

    def of(self, tenant: str) -> AiClient | None:
        """The tenant's client, or None where no provider is connected: figures never need one."""
        if tenant not in self._clients:
            endpoint = self._endpoint(tenant)
            self._clients[tenant] = None if endpoint is None else AiClient(endpoint, tenant=tenant)
        return self._clients[tenant]

    def analyst_of(self, tenant: str, *, probes: bool = True) -> AsyncAiClient | None:
        """A client for many calls side by side, opened anew for each step; whoever gets it closes it.

        Which way of asking the model obeys is found out again if that was never done, or not for a week; without
        `probes` nothing is asked yet.
        """
        endpoint = self._endpoint(tenant)
        if endpoint is None:
            return None
        return AsyncAiClient(self._probed_this_week(tenant, endpoint) if probes else endpoint, tenant=tenant)

    def _endpoint(self, tenant: str) -> Endpoint | None:
        connection = self._platform.find_connection(tenant, IntegrationKind.AI)
        if connection is None:
            return None
        public = connection.integration.public
        rung = first_rung(self._kept(tenant), connection.text("model"))
        return Endpoint.of(public, connection.secret("api_key"), rung)

    def _probed_this_week(self, tenant: str, endpoint: Endpoint) -> Endpoint:
        """With the rung that holds now; where the provider does not answer, the load itself will tell why."""
        today = self._platform.clock.now().date()
        if not is_probe_due(self._kept(tenant), endpoint.model, today):
            return endpoint
        until = time.monotonic() + PROBE_S
        client = opened(endpoint)
        try:
            climb = probed(
                client,
                endpoint,
                tenant=tenant,
                timeout=lambda: openai.Timeout(PROBE_CALL_S, connect=PROBE_CALL_S),
                may_go_on=lambda: time.monotonic() < until,
            )
        except (openai.OpenAIError, SynkroError) as failure:
            _LOG.warning("which answers the model obeys was not found out: %s", type(failure).__name__)
            return endpoint
        finally:
            client.close()
        if climb.held is None:
            return endpoint
        save_finding(
            self._platform.control,
            tenant,
            IntegrationKind.AI,
            told(climb, endpoint, today),
            at=self._platform.clock.now(),
        )
        return replace(endpoint, rung=climb.held)

    def _kept(self, tenant: str) -> str:
        check = last_check(self._platform.control, tenant, IntegrationKind.AI)
        found = check.findings if check else ()
        return next((one.value for one in found if one.name == STRUCTURED_OUTPUT), "")

    def price_of(self, tenant: str) -> ModelPrice | None:
        """What the tenant's model costs, None where nobody knows."""
        connection = self._platform.find_connection(tenant, IntegrationKind.AI)
        if connection is None:
            return None
        return price_of(connection.text("model"), connection.text("base_url"), connection.integration.public)

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
