"""Which columns point to which table's key: what `resolved_…` checks look up."""

from __future__ import annotations

from dataclasses import dataclass

from synkro_resources.model.tables import Table
from synkro_resources.model.tables.analysis import EPISODE_ANALYSIS, FINDING
from synkro_resources.model.tables.crm import (
    CALL,
    CHAT_EVENT,
    CONTACT,
    CONTACT_PHONE,
    DEAL,
    DEAL_CONTACT,
    DEAL_EVENT,
    MANAGER,
    PIPELINE_STATUS,
)
from synkro_resources.model.tables.dialogs import CHAT_PAIR, DIALOG, EPISODE, MESSAGE, TURN


@dataclass(frozen=True, slots=True)
class Reference:
    """`columns` of a table hold the `keys` of `target`, in the same order; the check is named after the last column."""

    columns: tuple[str, ...]
    target: Table
    keys: tuple[str, ...]

    @property
    def check(self) -> str:
        return f"resolved_{self.columns[-1]}"


def _one(column: str, target: Table, key: str) -> Reference:
    return Reference((column,), target, (key,))


_STATUS = Reference(("pipeline_id", "status_id"), PIPELINE_STATUS, ("pipeline_id", "status_id"))
"""Both columns: 142 and 143 stand in every pipeline."""
_TO_CONTACT = _one("contact_id", CONTACT, "contact_id")
_TO_DEAL = _one("deal_id", DEAL, "deal_id")
_TO_EPISODE = _one("episode_key", EPISODE, "episode_key")

REFERENCES: dict[str, tuple[Reference, ...]] = {
    DEAL.name: (_one("responsible_id", MANAGER, "manager_id"), _STATUS),
    DEAL_CONTACT.name: (_TO_DEAL, _TO_CONTACT),
    CONTACT_PHONE.name: (_TO_CONTACT,),
    DEAL_EVENT.name: (_TO_DEAL,),
    CALL.name: (_TO_DEAL, _TO_CONTACT),
    CHAT_EVENT.name: (_TO_CONTACT,),
    MESSAGE.name: (_one("dialog_id", DIALOG, "dialog_id"),),
    CHAT_PAIR.name: (_TO_CONTACT,),
    EPISODE.name: (_TO_CONTACT, _TO_DEAL),
    TURN.name: (_TO_EPISODE, _one("manager_id", MANAGER, "manager_id")),
    EPISODE_ANALYSIS.name: (_TO_EPISODE,),
    FINDING.name: (_TO_EPISODE, _one("analysis_key", EPISODE_ANALYSIS, "analysis_key")),
}
"""Table → what its columns point to."""
