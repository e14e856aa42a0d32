"""Which column points to which table's key: what `resolved_…` checks look up."""

from __future__ import annotations

from synkro_resources.model.tables import Table
from synkro_resources.model.tables.crm import (
    CALL,
    CHAT_EVENT,
    CONTACT,
    CONTACT_PHONE,
    DEAL,
    DEAL_CONTACT,
    DEAL_EVENT,
    MANAGER,
)
from synkro_resources.model.tables.dialogs import CHAT_PAIR, DIALOG, EPISODE, MESSAGE, TURN

REFERENCES: dict[str, dict[str, tuple[Table, str]]] = {
    DEAL.name: {"responsible_id": (MANAGER, "manager_id")},
    DEAL_CONTACT.name: {"deal_id": (DEAL, "deal_id"), "contact_id": (CONTACT, "contact_id")},
    CONTACT_PHONE.name: {"contact_id": (CONTACT, "contact_id")},
    DEAL_EVENT.name: {"deal_id": (DEAL, "deal_id")},
    CALL.name: {"deal_id": (DEAL, "deal_id"), "contact_id": (CONTACT, "contact_id")},
    CHAT_EVENT.name: {"contact_id": (CONTACT, "contact_id")},
    MESSAGE.name: {"dialog_id": (DIALOG, "dialog_id")},
    CHAT_PAIR.name: {"contact_id": (CONTACT, "contact_id")},
    EPISODE.name: {"contact_id": (CONTACT, "contact_id"), "deal_id": (DEAL, "deal_id")},
    TURN.name: {"episode_key": (EPISODE, "episode_key"), "manager_id": (MANAGER, "manager_id")},
}
"""Table → column → the table that it points to and that one's key."""
