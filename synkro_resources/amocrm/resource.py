"""The amoCRM resource: one read-only client per tenant and run; pace, block and token are the account's own."""

# No postponed annotations here: Dagster reads a resource's dependencies from its annotations.
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from synkro_resources.amocrm import AmocrmClient
from synkro_resources.amocrm.exchange import TokenExchange
from synkro_resources.amocrm.oauth import OauthAuth, OauthStore
from synkro_resources.amocrm.rules import VENDOR
from synkro_resources.amocrm.tokens import OAUTH
from synkro_resources.control.accounts import key_of
from synkro_resources.control.blocks import SharedBreaker
from synkro_resources.control.rates import shared_limiter
from synkro_resources.http import RateLimit
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Connection, Platform


def open_amocrm(platform: Platform, tenant: str, connection: Connection) -> AmocrmClient:
    """A client whose pace and block hold over all processes, and whose token is renewed if it is OAuth's.

    Raises:
        IntegrationError: `amocrm.bad_address`, `.bad_token`.
    """
    base_url = connection.text("base_url")
    allow_sandbox = platform.settings.allow_sandbox
    key = key_of(IntegrationKind.AMOCRM, connection.integration.public)
    limiter = shared_limiter(platform.control, tenant, key, [RateLimit("all", platform.settings.amocrm_rate)])
    breaker = SharedBreaker(platform.control, tenant, VENDOR, key)
    if connection.text("auth") == OAUTH:
        exchange = TokenExchange(base_url, tenant=tenant, clock=platform.clock, allow_sandbox=allow_sandbox)
        store = OauthStore(platform.control, platform.keyring, tenant)
        token = OauthAuth(store, exchange, platform.clock, limiter=limiter, breaker=breaker)
    else:
        token = connection.secret("token")
    return AmocrmClient(
        base_url,
        token,
        tenant=tenant,
        clock=platform.clock,
        allow_sandbox=allow_sandbox,
        limiter=limiter,
        breaker=breaker,
    )


class AmocrmClients:
    """Opens a tenant's client at first use and keeps it until the run ends."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._clients: dict[str, AmocrmClient] = {}

    def of(self, tenant: str) -> AmocrmClient:
        """The tenant's client.

        Raises:
            IntegrationError: `amocrm.not_connected`; see `open_amocrm`.
        """
        if tenant not in self._clients:
            connection = self._platform.connection(tenant, IntegrationKind.AMOCRM)
            self._clients[tenant] = open_amocrm(self._platform, tenant, connection)
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
