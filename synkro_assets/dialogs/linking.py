"""Dialog → contact → deal: by phone or username, then the deal that was open while people spoke (docs/metrics.md)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from synkro_resources.rules.deal_history import LOST, WON, DealHistory

AFTER_LAST_MESSAGE = timedelta(hours=24)
"""A deal that is opened within a day after the last message belongs to the episode."""
RECENTLY_CLOSED = timedelta(hours=72)
CLOSED = (WON, LOST)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ContactLink:
    """How the contact was found; `none` carries no confidence."""

    contact_id: int | None = None
    method: str = "none"
    confidence: float | None = None
    is_duplicate_phone: bool = False


@dataclass(frozen=True, slots=True)
class DealLink:
    """How the deal was found."""

    deal_id: int | None = None
    method: str = "none"
    confidence: float | None = None


DealContact = tuple[int, int, bool]
"""Deal, contact, whether it is the deal's main one."""


def valid_deal_contacts(deals: pa.Table, deal_contacts: pa.Table) -> list[DealContact]:
    """The links that hold, by deal and contact: their version is the deal's own."""
    versions = deals.select(["deal_id", "source_updated_at"])
    held = deal_contacts.join(versions, keys=["deal_id", "source_updated_at"], join_type="inner")
    ordered = held.sort_by([("deal_id", "ascending"), ("contact_id", "ascending")])
    columns = (ordered.column(name).to_pylist() for name in ("deal_id", "contact_id", "is_main"))
    return list(zip(*columns, strict=True))


class ContactLinker:
    """Finds the contact of a dialog as of one instant (the end of a day)."""

    def __init__(
        self,
        contacts: pa.Table,
        phones: pa.Table,
        deal_contacts: Sequence[DealContact],
        history: DealHistory,
        at: datetime,
    ) -> None:
        """`deal_contacts`: the links that hold (`valid_deal_contacts`)."""
        present = contacts.filter(pc.invert(contacts.column("is_deleted")))
        changed = present.column("updated_at").cast(pa.int64())
        self._changed_us: dict[int | None, int | None] = dict(
            zip(present.column("contact_id").to_pylist(), changed.to_pylist(), strict=True)
        )
        self._history, self._at = history, at
        self._by_phone: dict[str, set[int]] = defaultdict(set)
        # A phone that was removed keeps its older version.
        held = phones.filter(pc.is_valid(phones.column("phone_norm"))).join(
            present.select(["contact_id", "source_updated_at"]),
            keys=["contact_id", "source_updated_at"],
            join_type="inner",
        )
        for contact, phone in zip(
            held.column("contact_id").to_pylist(), held.column("phone_norm").to_pylist(), strict=True
        ):
            if phone and contact is not None:
                self._by_phone[phone].add(contact)
        self._by_username: dict[str, set[int]] = defaultdict(set)
        named = present.filter(pc.is_valid(present.column("telegram_username")))
        for contact, name in zip(
            named.column("contact_id").to_pylist(), named.column("telegram_username").to_pylist(), strict=True
        ):
            if name and contact is not None:
                self._by_username[name.lower()].add(contact)
        self._deals: dict[int, list[int]] = defaultdict(list)
        for deal, contact, _ in deal_contacts:
            self._deals[contact].append(deal)

    def known_at(self, history: DealHistory, at: datetime) -> ContactLinker:
        """The same contacts as of another instant; shares what was indexed, so it costs nothing."""
        view = copy(self)
        view._history, view._at = history, at
        return view

    def link(self, phone: str | None, username: str | None) -> ContactLink:
        """By phone, else by username; several contacts with one phone: the one with an open deal, then the newest."""
        found = self._by_phone.get(phone, set()) & self._changed_us.keys() if phone else set()
        if len(found) == 1:
            return ContactLink(next(iter(found)), "phone", 1.0)
        if found:
            return ContactLink(max(found, key=self._preference), "phone_multi", 0.8, is_duplicate_phone=True)
        named = self._by_username.get(username.lower(), set()) if username else set()
        if named:
            return ContactLink(max(named, key=self._preference), "username", 0.9)
        return ContactLink()

    def is_present(self, contact: int) -> bool:
        """Whether amoCRM still has the contact."""
        return contact in self._changed_us

    def _preference(self, contact: int) -> tuple[bool, int, int]:
        has_open = any(self._history.is_open_at(deal, self._at) for deal in self._deals.get(contact, []))
        return has_open, self._changed_us.get(contact) or 0, contact


class DealLinker:
    """Finds the deal of an episode as known at one instant (the end of a day)."""

    def __init__(
        self,
        deal_contacts: Sequence[DealContact],
        history: DealHistory,
        known_until: datetime,
        excluded_pipelines: tuple[int, ...],
    ) -> None:
        """`deal_contacts`: the links that hold (`valid_deal_contacts`)."""
        self._history, self._known_until = history, known_until
        self._excluded = set(excluded_pipelines)
        self._links: dict[int, list[tuple[int, bool]]] = defaultdict(list)
        for deal, contact, is_main in deal_contacts:
            self._links[contact].append((deal, is_main))

    def known_at(self, history: DealHistory, known_until: datetime) -> DealLinker:
        """The same deals as known at another instant; shares what was indexed, so it costs nothing."""
        view = copy(self)
        view._history, view._known_until = history, known_until
        return view

    def deals_of(self, contact_id: int) -> tuple[int, ...]:
        return tuple(deal for deal, _ in self._links.get(contact_id, []))

    def link(self, contact_id: int | None, start_at: datetime, last_at: datetime) -> DealLink:
        """One open deal: `single`; several: the main contact's, the newest, the highest id; else one just closed."""
        if contact_id is None:
            return DealLink()
        until = min(last_at + AFTER_LAST_MESSAGE, self._known_until)
        linked = self._links.get(contact_id, [])
        open_deals = [(deal, is_main) for deal, is_main in linked if self._was_open(deal, start_at, until)]
        if len(open_deals) == 1:
            return DealLink(open_deals[0][0], "single", 1.0)
        if open_deals:
            return DealLink(max(open_deals, key=self._preference)[0], "several", 0.7)
        recent = [(closed, deal) for deal, _ in linked if (closed := self._closed_before(deal, start_at)) is not None]
        if recent:
            return DealLink(max(recent)[1], "recent_closed", 0.5)
        return DealLink()

    def _was_open(self, deal_id: int, start: datetime, until: datetime) -> bool:
        """Open at some moment of `[start, until]`, outside the excluded pipelines."""
        created = self._history.deals[deal_id].created_at
        moments = [start, *(move.at for move in self._history.moves(deal_id) if start <= move.at <= until)]
        if created is not None and start <= created <= until:
            moments.append(created)
        return any(
            self._history.is_open_at(deal_id, moment)
            and self._history.stage_at(deal_id, moment)[0] not in self._excluded
            for moment in moments
        )

    def _closed_before(self, deal_id: int, start: datetime) -> datetime | None:
        """When the deal was closed, if that was at most 72 hours before `start` and it still was closed then.

        A move from one closed stage to another closes nothing anew. Excluded pipelines hold no deals here either.
        """
        if not self._history.exists_at(deal_id, start) or self._history.is_open_at(deal_id, start):
            return None
        if self._history.stage_at(deal_id, start)[0] in self._excluded:
            return None
        closings = [
            move.at
            for move in self._history.moves(deal_id)
            if move.at <= start and move.after[1] in CLOSED and move.before[1] not in CLOSED
        ]
        return closings[-1] if closings and start - closings[-1] <= RECENTLY_CLOSED else None

    def _preference(self, item: tuple[int, bool]) -> tuple[bool, datetime, int]:
        deal_id, is_main = item
        return is_main, self._history.deals[deal_id].created_at or _LONG_AGO, deal_id
