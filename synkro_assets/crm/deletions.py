"""What disappeared from amoCRM, and what must be read again because of it.

A row that a list does not show is no deletion. Deletions are told by events, by the trash, by sweeps, and after a merge
by asking for each of the entities that may have lost: the event does not say which one won (docs/vendors.md, «amoCRM»).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from synkro_assets.crm.extract import ENTITY_TYPES
from synkro_assets.extraction import Collector, Extraction, instant_of_seconds
from synkro_resources.amocrm import AmocrmClient, EntityType
from synkro_resources.http.jsonvalues import as_list, as_object, as_text, as_whole
from synkro_resources.lake import Lake
from synkro_resources.model.tables.crm import CONTACT_PHONE, DEAL_CONTACT
from synkro_resources.model.tables.raw import AMOCRM_DELETED
from synkro_resources.model.window import TenantWindow

Entity = tuple[EntityType, int]
Key = TypeVar("Key")

PLURAL: Mapping[str, EntityType] = {"lead": "leads", "contact": "contacts", "company": "companies"}
NEVER = datetime.min.replace(tzinfo=UTC)

MOST_RELATIVES = 200
"""Entities that are asked for after one merge: a phone shared by thousands of contacts is no kinship."""


class Kinship:
    """Which known entities may be the same: leads that share a contact, contacts that share a phone."""

    def __init__(
        self, lead_contacts: Iterable[tuple[int, int]], contact_phones: Iterable[tuple[int, str | None]]
    ) -> None:
        self._leads: defaultdict[int, set[int]] = defaultdict(set)
        self._contacts: defaultdict[int, set[int]] = defaultdict(set)
        self._owners: defaultdict[str, set[int]] = defaultdict(set)
        self._phones: defaultdict[int, set[str]] = defaultdict(set)
        for lead, contact in lead_contacts:
            self._leads[contact].add(lead)
            self._contacts[lead].add(contact)
        for contact, phone in contact_phones:
            if phone:
                self._owners[phone].add(contact)
                self._phones[contact].add(phone)

    def leads_of(self, contact: int) -> set[int]:
        return self._leads.get(contact, set())

    def relatives(self, entity_type: EntityType, identity: int) -> list[int]:
        """The entity itself and those that may have been merged with it, at most `MOST_RELATIVES`."""
        match entity_type:
            case "leads":
                found = {lead for contact in self._contacts.get(identity, set()) for lead in self._leads[contact]}
            case "contacts":
                found = {owner for phone in self._phones.get(identity, set()) for owner in self._owners[phone]}
            case "companies":
                found = set[int]()
        return [identity, *sorted(found - {identity})][:MOST_RELATIVES]


NO_KINSHIP = Kinship((), ())


@dataclass(slots=True)
class Happened:
    """What events say about existence and links of entities: the instant of the newest word of each kind."""

    deleted: dict[Entity, datetime] = field(default_factory=dict[Entity, datetime])
    restored: dict[Entity, datetime] = field(default_factory=dict[Entity, datetime])
    merged: dict[Entity, datetime] = field(default_factory=dict[Entity, datetime])
    linked: dict[Entity, datetime] = field(default_factory=dict[Entity, datetime])

    @classmethod
    def of(cls, days: Iterable[pa.Table]) -> Happened:
        """From rows of `amocrm/events`, some days at a time; chat messages and moves say nothing here."""
        found = cls()
        for events in days:
            says = pc.match_substring_regex(events.column("type"), "_merged$|_deleted$|_restored$|linked$")
            for row in events.filter(says).to_pylist():
                found._take(row["type"], row["entity_type"], row["entity_id"], row["created_at"], row["raw"])
        return found

    def _take(self, kind: str, entity: str | None, identity: int | None, at: datetime, raw: str) -> None:
        said = self._said(kind)
        entity_type = PLURAL.get(entity or "")
        if said is None or entity_type is None or identity is None:
            return
        _newest(said, (entity_type, identity), at)
        if said is self.linked:
            for other in _linked_with(raw):
                _newest(said, other, at)

    def _said(self, kind: str) -> dict[Entity, datetime] | None:
        if kind == "entity_merged":
            return self.merged
        if kind.endswith("_deleted"):
            return self.deleted
        if kind.endswith("_restored"):
            return self.restored
        return self.linked if kind.endswith(("_linked", "_unlinked")) else None

    def to_read_again(self, entity_type: EntityType, kinship: Kinship) -> dict[int, datetime]:
        """Ids whose present state must be asked for although their change time may not have moved.

        Restored and merged ones, those whose links changed, and the leads of merged contacts: another contact is
        their main one now.
        """
        wanted: dict[int, datetime] = {}
        for said in (self.restored, self.merged, self.linked):
            for (kind, identity), at in said.items():
                if kind == entity_type:
                    _newest(wanted, identity, at)
        if entity_type == "leads":
            for (kind, identity), at in self.merged.items():
                related = kinship.relatives("contacts", identity) if kind == "contacts" else []
                for lead in (lead for contact in related for lead in kinship.leads_of(contact)):
                    _newest(wanted, lead, at)
        return wanted


def _newest(places: dict[Key, datetime], key: Key, at: datetime) -> None:
    if key not in places or places[key] < at:
        places[key] = at


def _linked_with(raw: str) -> Iterator[Entity]:
    """The other ends of a link event, from both of its sides."""
    body = as_object(orjson.loads(raw))
    for element in [*as_list(body.get("value_after")), *as_list(body.get("value_before"))]:
        other = as_object(as_object(as_object(element).get("link")).get("entity"))
        kind, identity = PLURAL.get(as_text(other.get("type")) or ""), as_whole(other.get("id"))
        if kind is not None and identity is not None:
            yield kind, identity


def read_deleted(
    client: AmocrmClient,
    happened: Happened,
    gone: Iterable[tuple[Entity, datetime]],
    kinship: Kinship,
    window: TenantWindow,
    *,
    first_load: bool,
    with_trash: bool = True,
) -> Extraction:
    """Deletions and restorations of the window; `gone` are those that a sweep found, `first_load` adds the old trash.

    Without `with_trash` the trash waits for the next load: it can be long, and has no filter.
    The time of an event wins over the trash's, whose `updated_at` is only likely to be the moment of deletion.
    """
    collector = Collector(AMOCRM_DELETED, window)

    def tell(
        entity: Entity, at: datetime, how: str, *, is_deleted: bool = True, day_from: datetime | None = None
    ) -> None:
        kind, identity = entity
        values = {
            "entity_type": kind,
            "id": identity,
            "source_updated_at": at,
            "is_deleted": is_deleted,
            "how": how,
        }
        if day_from is None:
            collector.add(entity, at, values, with_baseline=first_load)
        else:
            collector.add_on(collector.day_inside(day_from), entity, at, values)

    told_by_events: set[Entity] = set()
    for entity in happened.deleted.keys() | happened.restored.keys():
        deleted_at, restored_at = happened.deleted.get(entity, NEVER), happened.restored.get(entity, NEVER)
        # Events have whole seconds: of two in one second only the vendor knows the last.
        is_deleted = deleted_at > restored_at or (deleted_at == restored_at and client.one(*entity) is None)
        tell(entity, max(deleted_at, restored_at), "event", is_deleted=is_deleted)
        if is_deleted:
            told_by_events.add(entity)
    for (kind, identity), at in happened.merged.items():
        for candidate in kinship.relatives(kind, identity):
            if (kind, candidate) not in told_by_events and client.one(kind, candidate) is None:
                tell((kind, candidate), at, "merge")
    for kind in ENTITY_TYPES if with_trash else ():
        for row in client.deleted(kind):
            identity, at = as_whole(row.get("id")), instant_of_seconds(row.get("updated_at"))
            if identity is None or at is None:
                collector.put_aside(row, "no_id" if identity is None else "no_time")
            elif (kind, identity) not in told_by_events:
                tell((kind, identity), at, "trash")
    for entity, at in gone:
        if entity not in told_by_events:
            tell(entity, at, "sweep", day_from=at)
    return collector.result()


def known_kinship(lake: Lake, tenant: str, happened: Happened) -> Kinship:
    """The kinship of what is stored; not read where nothing was merged."""
    if not happened.merged:
        return NO_KINSHIP
    links = lake.read_current(DEAL_CONTACT, tenant, columns=["deal_id", "contact_id"]).to_pylist()
    phones = lake.read_current(CONTACT_PHONE, tenant, columns=["contact_id", "phone_norm"]).to_pylist()
    return Kinship(
        ((int(row["deal_id"]), int(row["contact_id"])) for row in links),
        ((int(row["contact_id"]), row["phone_norm"]) for row in phones),
    )
