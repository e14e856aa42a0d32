"""Which tables come out of the same raw JSON: one pass over it gives them all."""

from __future__ import annotations

from synkro_assets.crm import cards, normalize
from synkro_assets.normalization import Reading
from synkro_resources.model.tables.cards import COMPANY_FIELD, CONTACT_FIELD, CONTACT_TAG, DEAL_FIELD, DEAL_TAG
from synkro_resources.model.tenant_settings import TenantSettings

CONTACT_FAMILY: tuple[Reading, ...] = (
    normalize.CONTACTS,
    normalize.CONTACT_PHONES,
    cards.fields(CONTACT_FIELD),
    cards.tags(CONTACT_TAG),
)
COMPANY_FAMILY: tuple[Reading, ...] = (normalize.COMPANIES, cards.fields(COMPANY_FIELD))
TASK_FAMILY: tuple[Reading, ...] = (cards.TASKS,)


def deal_family(settings: TenantSettings) -> tuple[Reading, ...]:
    """The tables of a lead's JSON; the tenant chooses which fields some columns of the deal are filled from."""
    return (
        normalize.deals(settings.deal_columns),
        normalize.DEAL_CONTACTS,
        cards.fields(DEAL_FIELD),
        cards.tags(DEAL_TAG),
    )
