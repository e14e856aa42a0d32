"""How a check of a stored connection approaches its account: at the pace and with the token of all."""

from __future__ import annotations

from synkro_resources.amocrm.client import REQUESTS_PER_SECOND as AMOCRM_RATE
from synkro_resources.amocrm.exchange import TokenExchange
from synkro_resources.amocrm.oauth import OauthAuth, OauthStore
from synkro_resources.amocrm.tokens import OAUTH
from synkro_resources.checks.subject import Access
from synkro_resources.control.accounts import key_of
from synkro_resources.control.blocks import SharedBreaker
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import PublicSettings
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.rates import shared_limiter
from synkro_resources.http import RateLimit
from synkro_resources.model.clock import Clock
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.radist.client import LISTING_PARTS, SECONDS_PER_LISTING
from synkro_resources.radist.client import REQUESTS_PER_SECOND as RADIST_RATE


def shared_access(
    db: Database,
    keyring: Keyring,
    tenant: str,
    kind: IntegrationKind,
    public: PublicSettings,
    *,
    clock: Clock,
    allow_sandbox: bool,
    amocrm_rate: float = AMOCRM_RATE,
    radist_rate: float = RADIST_RATE,
) -> Access:
    """For the services that count our requests over all processes; the others are approached freely."""
    if kind is IntegrationKind.RADIST:
        listings = radist_rate / RADIST_RATE / SECONDS_PER_LISTING
        limits = [RateLimit("all", radist_rate), RateLimit("listings", listings, LISTING_PARTS)]
        return Access(shared_limiter(db, tenant, key_of(kind, public), limits))
    if kind is not IntegrationKind.AMOCRM:
        return Access()
    key = key_of(kind, public)
    limiter = shared_limiter(db, tenant, key, [RateLimit("all", amocrm_rate)])
    breaker = SharedBreaker(db, tenant, kind, key)

    def oauth() -> OauthAuth:
        base_url = str(public.get("base_url", ""))
        exchange = TokenExchange(base_url, tenant=tenant, clock=clock, allow_sandbox=allow_sandbox)
        return OauthAuth(OauthStore(db, keyring, tenant), exchange, clock, limiter=limiter, breaker=breaker)

    return Access(limiter, breaker, oauth if public.get("auth") == OAUTH else None)
