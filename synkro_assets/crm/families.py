"""Which tables come out of the same raw JSON: one pass over it gives them all."""

from __future__ import annotations

from synkro_assets.crm import cards, normalize
from synkro_assets.normalization import Reading
from synkro_resources.model.tables.cards import COMPANY_FIELD, CONTACT_FIELD, CONTACT_TAG, DEAL_FIELD, DEAL_TAG

DEAL_FAMILY: tuple[Reading, ...] = (
    normalize.DEALS,
    normalize.DEAL_CONTACTS,
    cards.fields(DEAL_FIELD),
    cards.tags(DEAL_TAG),
)
CONTACT_FAMILY: tuple[Reading, ...] = (
    normalize.CONTACTS,
    normalize.CONTACT_PHONES,
    cards.fields(CONTACT_FIELD),
    cards.tags(CONTACT_TAG),
)
COMPANY_FAMILY: tuple[Reading, ...] = (normalize.COMPANIES, cards.fields(COMPANY_FIELD))
TASK_FAMILY: tuple[Reading, ...] = (cards.TASKS,)
