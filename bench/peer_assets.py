"""What of Synkro `bench.peer` runs: the least that leaves the peer's vendor rows in the lake and in PostgreSQL."""

from __future__ import annotations

from synkro_assets.definitions import DATA
from synkro_assets.tenant_asset import TenantAsset
from synkro_resources.model.tables import Table
from synkro_resources.model.tables.crm import (
    CALL,
    CHAT_EVENT,
    COMPANY,
    CONTACT,
    CONTACT_PHONE,
    DEAL,
    DEAL_CONTACT,
    DEAL_EVENT,
)
from synkro_resources.model.tables.dialogs import DIALOG, MESSAGE
from synkro_resources.model.tables.raw import (
    AMOCRM_COMPANIES,
    AMOCRM_CONTACTS,
    AMOCRM_DELETED,
    AMOCRM_EVENTS,
    AMOCRM_LEADS,
    AMOCRM_NOTES,
    AMOCRM_SWEEP,
    RADIST_CHATS,
    RADIST_CONNECTIONS,
    RADIST_MESSAGES,
    RADIST_SOURCES,
)

RAW: tuple[Table, ...] = (
    AMOCRM_LEADS,
    AMOCRM_CONTACTS,
    AMOCRM_COMPANIES,
    AMOCRM_EVENTS,
    AMOCRM_NOTES,
    RADIST_CHATS,
    RADIST_MESSAGES,
)
"""The vendor rows that both sides read and that are counted."""

NEEDED: tuple[Table, ...] = (AMOCRM_SWEEP, AMOCRM_DELETED, RADIST_SOURCES, RADIST_CONNECTIONS)
"""What the steps below cannot do without. It costs Synkro requests and time, and its rows are not counted."""

SENT: tuple[Table, ...] = (
    DEAL,
    DEAL_CONTACT,
    CONTACT,
    CONTACT_PHONE,
    COMPANY,
    DEAL_EVENT,
    CHAT_EVENT,
    CALL,
    DIALOG,
    MESSAGE,
)
"""The normalised tables of those rows: derived, and sent to PostgreSQL with the comparison that follows."""

_KEYS = {
    *(tuple(table.asset_key) for table in (*RAW, *NEEDED, *SENT)),
    *(("supabase", table.asset_key[-1]) for table in SENT),
}
PEER_ASSETS: tuple[TenantAsset, ...] = tuple(asset for asset in DATA if asset.key in _KEYS)
