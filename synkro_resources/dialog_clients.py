"""Who wrote in the dialogs of a list, as the messenger and the CRM call them, and where their deals stand now."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from synkro_resources.lake import Lake
from synkro_resources.model.tables import Table
from synkro_resources.model.tables.crm import CONTACT, CONTACT_PHONE, DEAL, PIPELINE_STATUS
from synkro_resources.model.tables.dialogs import DIALOG

PHONE = re.compile(r"[\d\s()+.-]+")
SHORTEST_PHONE = 4
"""Digits; fewer are in everybody's phone."""


@dataclass(frozen=True, slots=True)
class Client:
    """A person with everything that the messenger and the CRM know to call them by; phones are digits only."""

    messenger_name: str | None
    username: str | None
    contact_name: str | None
    phones: tuple[str, ...]

    @property
    def name(self) -> str:
        """What to call them in a list: as the CRM does, else as the messenger does, else by what there is."""
        return next((one for one in (self.contact_name, *self._in_the_messenger) if one), "")

    @property
    def whole_name(self) -> str:
        """How the messenger calls them: name, «@username», phone, whatever there is."""
        return " · ".join(part for part in self._in_the_messenger if part)

    @property
    def _in_the_messenger(self) -> tuple[str, str, str]:
        username = f"@{self.username}" if self.username else ""
        phone = f"+{self.phones[0]}" if self.phones else ""
        return self.messenger_name or "", username, phone

    def answers_to(self, asked: str) -> bool:
        """Whether all words occur in the names, in any order and case, or the digits in a phone."""
        if PHONE.fullmatch(asked) and self._has_phone(re.sub(r"\D", "", asked)):
            return True
        known = _plain(" ".join(one for one in (self.contact_name, self.messenger_name, self.username) if one))
        return all(word in known for word in _plain(asked).replace("@", " ").split())

    def _has_phone(self, digits: str) -> bool:
        if len(digits) < SHORTEST_PHONE:
            return False
        inland = f"7{digits[1:]}" if digits[0] == "8" else None  # how +7 is written at home, also a beginning of it
        return any(digits in phone or (inland is not None and phone.startswith(inland)) for phone in self.phones)


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a funnel as of now. `order`: of the funnel, then of the stage in it."""

    name: str
    order: tuple[int, int]


def clients_of(lake: Lake, tenant: str, contacts: Mapping[int, int | None]) -> dict[int, Client]:
    """By dialog its client. `contacts`: the dialogs, and the CRM's contact of each."""
    dialogs = _chosen(lake, DIALOG, tenant, "dialog_id", contacts, "name", "username", "phone_norm")
    numbers = {number for number in contacts.values() if number is not None}
    names = {
        int(row["contact_id"]): row["name"] for row in _chosen(lake, CONTACT, tenant, "contact_id", numbers, "name")
    }
    phones: dict[int, list[str]] = {}
    for row in _chosen(lake, CONTACT_PHONE, tenant, "contact_id", numbers, "phone_norm"):
        phones.setdefault(int(row["contact_id"]), []).append(row["phone_norm"])
    found: dict[int, Client] = {}
    for row in dialogs:
        contact = contacts[int(row["dialog_id"])]
        known = [row["phone_norm"], *phones.get(contact or 0, ())]
        found[int(row["dialog_id"])] = Client(
            row["name"],
            row["username"],
            names.get(contact or 0),
            tuple(dict.fromkeys(phone for phone in known if phone)),
        )
    return found


def stages_of(lake: Lake, tenant: str, deals: Collection[int]) -> dict[int, Stage]:
    """By deal its stage. With several funnels a stage is called with its funnel: all have «Успешно реализовано»."""
    statuses = lake.read_current(
        PIPELINE_STATUS, tenant, columns=["pipeline_id", "status_id", "pipeline_name", "status_name", "sort"]
    ).to_pylist()
    has_several = len({row["pipeline_id"] for row in statuses}) > 1
    stages = {
        (row["pipeline_id"], row["status_id"]): Stage(
            f"{row['status_name']} · {row['pipeline_name']}" if has_several else str(row["status_name"]),
            (row["pipeline_id"], row["sort"] or 0),
        )
        for row in statuses
        if row["status_name"]
    }
    found: dict[int, Stage] = {}
    for row in _chosen(lake, DEAL, tenant, "deal_id", deals, "pipeline_id", "status_id", "is_deleted"):
        stage = stages.get((row["pipeline_id"], row["status_id"]))
        if stage is not None and not row["is_deleted"]:
            found[int(row["deal_id"])] = stage
    return found


def _chosen(
    lake: Lake, table: Table, tenant: str, key: str, numbers: Collection[int], *columns: str
) -> Sequence[dict[str, Any]]:
    """The rows of a current table with these numbers."""
    if not numbers:
        return []
    rows = lake.read_current(table, tenant, columns=[key, *columns])
    return rows.filter(pc.is_in(rows.column(key), pa.array([*numbers], pa.int64()))).to_pylist()


def _plain(text: str) -> str:
    return text.casefold().replace("ё", "е")
