"""What a company's first load will take, counted at its own services before anything is asked for.

No load has been measured yet, so a part of the lists is read for it: of a large account the answer is a lower bound.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.rights import WHO_CONNECTS, require
from synkro_resources.ai.prices import price_of
from synkro_resources.amocrm.resource import open_amocrm
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.plans import tenant_plan
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import tenant_settings
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Platform
from synkro_resources.radist.resource import open_radist

MOST_CHATS, MOST_DEALS = 1500, 5000
"""Read for an estimate: a person waits for it, and Radist gives a page of chats per second."""
CHATS_PER_PAGE, DEALS_PER_PAGE = 100, 250
LISTING_S = 1.1  # Radist's pace for lists of chats
PAGES_PER_CHAT = 1.3  # most chats of a month are one page of messages, some are several
PASSES = 3  # deals, contacts and events are about as many pages each
PER_CHAT_S = 0.05  # deriving, masking, storing
INSTRUCTIONS, ANSWER = 3000, 1500
"""Tokens of a call beside the conversation itself: upper bounds, as its price is one."""


@dataclass(frozen=True, slots=True)
class FirstLoad:
    """`chats`: active in the period; `deals`: of all time, the first load reads them all. `is_least`: there are more.

    `price`: of labelling all of them once, at most; None without a provider or where its price is not known.
    """

    chats: int
    deals: int
    is_least: bool
    minutes: int
    price: Decimal | None
    currency: str


def estimate_first_load(place: Installation, user: SessionUser, tenant: str) -> FirstLoad:
    """Count chats and deals at the services and tell time and price; reads only, and keeps nothing.

    Raises:
        RefusedError: `rights.not_found`. IntegrationError: `<kind>.not_connected`, or as the service answers.
        TransientError: the service does not answer.
    """
    require(user, tenant, WHO_CONNECTS)
    platform = Platform(place.settings, place.control, Keyring.from_settings(place.settings), place.clock)
    settings = tenant_settings(place.control, tenant)
    since = place.clock.now() - timedelta(days=settings.history_days)
    listed, chats = _chats(platform, tenant, since)
    with closing(open_amocrm(platform, tenant, platform.connection(tenant, IntegrationKind.AMOCRM))) as amocrm:
        deals = sum(1 for _ in islice(amocrm.window("leads", None, place.clock.now()), MOST_DEALS))
    radist_s = listed / CHATS_PER_PAGE * LISTING_S + chats * PAGES_PER_CHAT / place.settings.radist_rate
    amocrm_s = deals / DEALS_PER_PAGE * PASSES / place.settings.amocrm_rate
    seconds = radist_s + amocrm_s + chats * PER_CHAT_S
    price, currency = None, ""
    model = platform.find_connection(tenant, IntegrationKind.AI)
    known = None
    if model is not None:
        known = price_of(model.text("model"), model.text("base_url"), model.integration.public)
    if known is not None:
        calls = min(chats, tenant_plan(place.control, tenant).dialogs_per_month)
        price = known.cost(INSTRUCTIONS + settings.episode_token_budget, ANSWER) * calls
        currency = known.currency
        if settings.ai_monthly_cap is not None:
            price = min(price, settings.ai_monthly_cap)
    is_least = listed >= MOST_CHATS or deals >= MOST_DEALS
    return FirstLoad(chats, deals, is_least, max(1, round(seconds / 60)), price, currency)


def _chats(platform: Platform, tenant: str, since: datetime) -> tuple[int, int]:
    """How many chats were listed, and how many of them were active since."""
    listed = active = 0
    with closing(open_radist(platform, tenant, platform.connection(tenant, IntegrationKind.RADIST))) as radist:
        for pair in islice(radist.chats(), MOST_CHATS):
            listed += 1
            at = pair.last_activity
            active += at is None or at >= since
    return listed, active
