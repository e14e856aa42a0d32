"""What every edit needs: the lock, new ids, finding rows, stamping them, writing events, and the account of it all."""

from __future__ import annotations

from bisect import insort
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import itemgetter

from synkro_resources.sandbox.amocrm import editing_rows as rows
from synkro_resources.sandbox.amocrm.filters import Json
from synkro_resources.sandbox.amocrm.store import CARDS, Store

_FIRST_IDS = {"leads": 59_000_000, "contacts": 69_000_000, "companies": 69_500_000, "notes": 89_000_000}
_FIRST_TASK = 49_000_000
"""New ids are above these and above all that exist; a deleted row's id is never used again."""


class EditError(ValueError):
    """The edit is not possible; nothing was changed."""


@dataclass(slots=True)
class Change:
    """What one edit changed: ids by collection, the row it was mainly about first, and the events it caused."""

    do: str
    changed: dict[str, list[int | str]] = field(default_factory=dict[str, list[int | str]])
    events: list[Json] = field(default_factory=list[Json])

    @property
    def id(self) -> int:
        """The id of the row the edit was about."""
        return next(row_id for ids in self.changed.values() for row_id in ids if isinstance(row_id, int))

    def note(self, collection: str, row_id: int | str) -> None:
        ids = self.changed.setdefault(collection, [])
        if row_id not in ids:
            ids.append(row_id)

    def as_json(self) -> Json:
        events = [{name: event[name] for name in ("id", "type", "entity_type", "entity_id")} for event in self.events]
        return {"do": self.do, "changed": self.changed, "events": events}


class Desk:
    """Shared by all edits of one account."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.account = store.account
        self._cards = {
            "leads": self.account.leads,
            "contacts": self.account.contacts,
            "companies": self.account.companies,
        }
        self._trash = {
            "leads": self.account.deleted_leads,
            "contacts": self.account.deleted_contacts,
            "companies": self.account.deleted_companies,
        }
        self.removed: dict[tuple[str, int], Json] = {}
        """Full rows behind the trash, so that they can come back."""
        self._last_ids: dict[str, int] = {}
        self._event_number = 0

    @contextmanager
    def edit(self, do: str) -> Generator[Change]:
        """Alone with the account while the block runs."""
        with self.store.lock:
            yield Change(do)

    # ---- finding ----

    def card(self, kind: str, row_id: int) -> Json:
        """Raises: EditError."""
        if kind not in CARDS:
            raise EditError(f"there is no kind of entity {kind!r}, there are {list(CARDS)}")
        row = self._cards[kind].get(row_id)
        if row is None:
            raise EditError(f"there is no {rows.SINGULAR[kind]} {row_id}")
        return row

    def cards(self, kind: str, ids: Iterable[int]) -> list[Json]:
        """Those of the ids that exist."""
        return [self._cards[kind][row_id] for row_id in ids if row_id in self._cards[kind]]

    def is_deleted(self, kind: str, row_id: int) -> bool:
        return row_id in self._trash[kind]

    def new_id(self, collection: str) -> int:
        if collection not in self._last_ids:
            self._last_ids[collection] = max(self._ids(collection), default=0)
        self._last_ids[collection] += 1
        return self._last_ids[collection]

    def _ids(self, collection: str) -> Iterable[int]:
        if collection == "tasks":
            return [_FIRST_TASK, *(row["id"] for row in self.account.tasks)]
        if collection == "notes":
            return [_FIRST_IDS["notes"], *(row["id"] for found in self.account.notes.values() for row in found)]
        return [_FIRST_IDS[collection], *self._cards[collection], *self._trash[collection]]

    # ---- writing ----

    def put(self, change: Change, kind: str, row: Json) -> None:
        """Store a new or changed lead, contact or company."""
        self._cards[kind][row["id"]] = row
        self.store.shelf(kind).put(row)
        change.note(kind, row["id"])

    def stamp(self, change: Change, kind: str, row: Json, by: int) -> None:
        """`row` was changed just now."""
        row["updated_at"], row["updated_by"] = self.store.now(), by
        self.put(change, kind, row)

    def take_out(self, change: Change, kind: str, row: Json) -> None:
        """The row is gone from lists; where it was linked it no longer is."""
        for other in CARDS:
            for linked in self.cards(other, ids_in(row, other)):
                drop_link(linked, kind, row["id"])
        del self._cards[kind][row["id"]]
        self.store.shelf(kind).drop(row["id"])
        change.note(kind, row["id"])

    def throw_away(self, change: Change, kind: str, row: Json, by: int) -> None:
        """Into the trash, with the deletion's event."""
        before = dict(row)
        row["updated_at"], row["updated_by"] = self.store.now(), by
        self.removed[kind, row["id"]] = before
        self._trash[kind][row["id"]] = rows.trash(row)
        self.store.trash(kind).put(self._trash[kind][row["id"]])
        self.event(change, f"{rows.SINGULAR[kind]}_deleted", kind, row["id"], by)

    def bring_back(self, change: Change, kind: str, row_id: int) -> Json:
        """Out of the trash, linked with whatever of its old links still exists. Raises: EditError."""
        if row_id not in self._trash.get(kind, {}):
            raise EditError(f"there is no deleted {rows.SINGULAR.get(kind, kind)} {row_id}")
        row = self.removed.pop((kind, row_id), None)
        if row is None:
            raise EditError(f"{rows.SINGULAR[kind]} {row_id} was deleted before the emulator knew what was in it")
        del self._trash[kind][row_id]
        self.store.trash(kind).drop(row_id)
        embedded: Json = row["_embedded"]
        for other in CARDS:
            if other not in embedded:
                continue
            there = self.cards(other, ids_in(row, other))
            for gone in set(ids_in(row, other)) - {item["id"] for item in there}:
                drop_link(row, other, gone)
            mains = {item["id"]: item["is_main"] for item in embedded[other] if "is_main" in item}
            for linked in there:
                add_link(linked, kind, row_id, is_main=mains.get(linked["id"], False))
        self.put(change, kind, row)
        return row

    def note(self, change: Change, kind: str, entity_id: int, by: int, note_type: str, params: Json) -> int:
        """A note in the entity's feed, and its id."""
        found = rows.note(
            self.new_id("notes"), entity_id, self.account.account["id"], self.store.now(), by, note_type, params
        )
        self.account.notes.setdefault(kind, []).append(found)
        self.store.notes(kind).put(found)
        change.note(f"{kind}/notes", found["id"])
        return int(found["id"])

    def event(
        self,
        change: Change,
        event_type: str,
        kind: str,
        entity_id: int,
        by: int,
        *,
        before: list[Json] | None = None,
        after: list[Json] | None = None,
    ) -> None:
        """Write an event of now; `kind` is plural."""
        self._event_number += 1
        found = rows.event(
            self._event_number,
            event_type,
            rows.SINGULAR.get(kind, kind.removesuffix("s")),
            entity_id,
            self.account.account["id"],
            self.store.now(),
            by,
            before or [],
            after or [],
        )
        insort(self.account.events, found, key=itemgetter("created_at"))
        self.store.shelf("events").put(found)
        change.events.append(found)


def ids_in(row: Json, kind: str) -> list[int]:
    """The ids of the entities of `kind` that `row` is linked with."""
    return [item["id"] for item in row.get("_embedded", {}).get(kind) or []]


def add_link(row: Json, kind: str, other_id: int, *, is_main: bool = False) -> None:
    """`row` is linked with the entity; a deal's first contact is its main one."""
    part: list[Json] = row["_embedded"].setdefault(kind, [])
    if any(item["id"] == other_id for item in part):
        return
    item: Json = {"id": other_id}
    if kind == "contacts" and "status_id" in row:
        item["is_main"] = is_main or not part
        for other in part if item["is_main"] else []:
            other["is_main"] = False
    part.append(item)


def drop_link(row: Json, kind: str, other_id: int) -> None:
    """The link is gone; when it was a deal's main contact, the next one is."""
    part: list[Json] = row["_embedded"].get(kind) or []
    kept = [item for item in part if item["id"] != other_id]
    if kept and "is_main" in kept[0] and not any(item["is_main"] for item in kept):
        kept[0]["is_main"] = True
    row["_embedded"][kind] = kept
