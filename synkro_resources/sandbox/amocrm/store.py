"""One account at one instant: its collections as shelves, its lock, and the little that the world does not hold."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from random import Random

from synkro_resources.model.clock import Clock
from synkro_resources.sandbox.amocrm.filters import Json
from synkro_resources.sandbox.amocrm.shelf import Shelf, Span
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches
from synkro_resources.sandbox.world.model import AmocrmAccount

CARDS = ("leads", "contacts", "companies")
"""The kinds of entity that are lists of their own, in the plural, as in paths."""
KINDS = (*CARDS, "customers")
"""All kinds that have notes, tags, fields and links."""

MOST_TOUCHED = 1000
"""Rows edited after one page at most, whatever the switch says."""


@dataclass(slots=True)
class AccountExtras:
    """What an account may have beside its sales; empty in the invented worlds. Vendor's shape without `_links`."""

    catalogs: list[Json] = field(default_factory=list[Json])
    elements: dict[int, list[Json]] = field(default_factory=dict[int, list[Json]])
    """By catalog id."""
    webhooks: list[Json] = field(default_factory=list[Json])
    accepted_s: list[int] = field(default_factory=list[int])
    """How long each accepted incoming lead had waited, in seconds."""
    declined: int = 0


class Store:
    """Shared by the endpoints and the editor; whoever reads or writes holds `lock`."""

    def __init__(
        self, account: AmocrmAccount, clock: Clock, switches: AmocrmSwitches, extras: AccountExtras | None = None
    ) -> None:
        self.account = account
        self.switches = switches
        self.extras = extras or AccountExtras()
        self.lock = threading.RLock()
        self._clock = clock
        self._passers_by = Random(20_261_120)
        sources: dict[str, Callable[[], Collection[Json]]] = {
            "leads": lambda: account.leads.values(),
            "contacts": lambda: account.contacts.values(),
            "companies": lambda: account.companies.values(),
            "tasks": lambda: account.tasks,
            "events": lambda: account.events,
        }
        self._shelves = {name: Shelf(source) for name, source in sources.items()}
        self._shelves["unsorted"] = Shelf(lambda: account.unsorted, key="uid")
        trash: dict[str, Callable[[], Collection[Json]]] = {
            "leads": lambda: account.deleted_leads.values(),
            "contacts": lambda: account.deleted_contacts.values(),
            "companies": lambda: account.deleted_companies.values(),
        }
        self._trash = {name: Shelf(source, born="updated_at") for name, source in trash.items()}
        self._notes = {kind: Shelf(_notes_of(account, kind)) for kind in KINDS}

    def now(self) -> int:
        """Unix seconds."""
        return int(self._clock.now().timestamp())

    def shelf(self, collection: str) -> Shelf:
        return self._shelves[collection]

    def trash(self, kind: str) -> Shelf:
        return self._trash[kind]

    def notes(self, kind: str) -> Shelf:
        return self._notes[kind]

    def touch_some(self, shelf: Shelf, chosen: Span) -> None:
        """Somebody edits a few rows of a list of which a page was just served; the same ones in every process."""
        for _ in range(min(self.switches.edits_while_paging, MOST_TOUCHED) if len(chosen) else 0):
            place = self._passers_by.randrange(len(chosen))
            row = chosen.part(place, place + 1)[0]
            row["updated_at"] = self.now()
            shelf.put(row)


def _notes_of(account: AmocrmAccount, kind: str) -> Callable[[], Collection[Json]]:
    return lambda: account.notes.get(kind, ())
