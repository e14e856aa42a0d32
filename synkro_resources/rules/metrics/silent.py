"""Deals that nobody talks about: new ones (#8a) and open ones (#8b) without messages and calls."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import pandas as pd

from synkro_resources.rules.deal_history import Deal, DealHistory, visible
from synkro_resources.rules.metrics.frames import moment, records, text, whole
from synkro_resources.rules.statistics import Share
from synkro_resources.rules.working_time import Calendar

Silence = Literal["silent", "ok", "via_company", "pending", "cannot_verify"]
BEFORE_CREATION = timedelta(hours=24)  # a deal is often created the morning after the first message


@dataclass(frozen=True, slots=True)
class DealSilence:
    """One deal and what was found in its window; `deadline`: until when somebody had to talk."""

    deal_id: int
    state: Silence
    created_at: datetime
    deadline: datetime
    price: int | None
    manager_id: int | None
    attribution: str


@dataclass(frozen=True, slots=True)
class SilentDeals:
    """Deals by state, by creation time."""

    rows: tuple[DealSilence, ...]

    def of(self, *states: Silence) -> tuple[DealSilence, ...]:
        return tuple(row for row in self.rows if row.state in states)

    @property
    def share(self) -> Share:
        """Silent deals of those judged."""
        return Share(len(self.of("silent")), len(self.of("silent", "ok", "via_company")))

    @property
    def silent_amount(self) -> int:
        return sum(row.price or 0 for row in self.of("silent"))


class Activity:
    """When somebody wrote or called, by deal, contact and company."""

    def __init__(
        self,
        *,
        messages: pd.DataFrame,
        calls: pd.DataFrame,
        episodes: pd.DataFrame,
        contacts: pd.DataFrame,
        contact_phones: pd.DataFrame,
        deal_contacts: pd.DataFrame,
        history: DealHistory,
    ) -> None:
        """`messages`: of the widest window asked about; bots, broadcasts and uncounted ones are skipped here."""
        self._by_contact: dict[int, list[datetime]] = defaultdict(list)
        self._by_deal: dict[int, list[datetime]] = defaultdict(list)
        self._contacts_of_deal: dict[int, list[int]] = defaultdict(list)
        self._company_of: dict[int, int] = {}
        self._contacts_of_company: dict[int, list[int]] = defaultdict(list)
        self._reachable = {contact for row in records(contact_phones) if (contact := _phone_owner(row)) is not None}
        self._read_contacts(contacts)
        # A link holds while its version equals the deal's: unlinked contacts leave an older row behind.
        for row in records(deal_contacts):
            deal_id, contact_id = whole(row["deal_id"]), whole(row["contact_id"])
            deal = None if deal_id is None else history.deals.get(deal_id)
            if deal and contact_id is not None and moment(row["source_updated_at"]) == deal.version:
                self._contacts_of_deal[deal.deal_id].append(contact_id)
        self._read_messages(messages, episodes)
        for row in records(calls):
            at, deal_id, contact_id = moment(row["at"]), whole(row["deal_id"]), whole(row["contact_id"])
            if at is None:
                continue
            if deal_id is not None:
                self._by_deal[deal_id].append(at)
            if contact_id is not None:
                self._by_contact[contact_id].append(at)
        for instants in (*self._by_contact.values(), *self._by_deal.values()):
            instants.sort()

    def look(self, deal: Deal, first: datetime, last: datetime) -> Silence:
        """What happened on the deal within `[first, last]`, both included."""
        contacts = self._contacts_of_deal.get(deal.deal_id, [])
        if _any_within(self._by_deal.get(deal.deal_id, []), first, last) or self._heard(contacts, first, last):
            return "ok"
        companies = {self._company_of[contact] for contact in contacts if contact in self._company_of}
        if deal.company_id is not None:
            companies.add(deal.company_id)
        if any(self._heard(self._contacts_of_company.get(company, []), first, last) for company in companies):
            return "via_company"
        return "silent" if any(contact in self._reachable for contact in contacts) else "cannot_verify"

    def _heard(self, contacts: Iterable[int], first: datetime, last: datetime) -> bool:
        return any(_any_within(self._by_contact.get(contact, []), first, last) for contact in contacts)

    def _read_contacts(self, contacts: pd.DataFrame) -> None:
        for row in records(contacts):
            contact_id, company_id = whole(row["contact_id"]), whole(row["company_id"])
            if contact_id is None or row["is_deleted"]:
                continue
            if text(row["telegram_username"]):
                self._reachable.add(contact_id)
            if company_id is not None:
                self._company_of[contact_id] = company_id
                self._contacts_of_company[company_id].append(contact_id)

    def _read_messages(self, messages: pd.DataFrame, episodes: pd.DataFrame) -> None:
        linked = episodes[episodes["contact_id"].notna()].sort_values("last_at", kind="stable")
        contact_of = {whole(row["dialog_id"]): whole(row["contact_id"]) for row in records(linked)}
        people = messages["is_counted"].astype(bool) & messages["author_kind"].isin(["client", "manager"])
        for dialog_id, at in zip(messages["dialog_id"][people], messages["sent_at"][people], strict=True):
            contact_id = contact_of.get(int(dialog_id))
            if contact_id is not None:
                self._by_contact[contact_id].append(at.to_pydatetime())


def new_deals_without_dialog(
    history: DealHistory,
    activity: Activity,
    calendar: Calendar,
    *,
    start: datetime,
    end: datetime,
    as_of: datetime,
    working_days: int,
    excluded_pipelines: Iterable[int] = (),
    offline_pipelines: Iterable[int] = (),
) -> SilentDeals:
    """#8a: deals created in `[start, end)`, judged at the end of the n-th working day after their creation."""
    rows: list[DealSilence] = []
    for deal in _watched(history, as_of, excluded_pipelines, offline_pipelines):
        created = deal.created_at
        if created is None or not start <= created < end:
            continue
        deadline = calendar.end_of_working_day(created, working_days)
        found = activity.look(deal, created - BEFORE_CREATION, deadline) if deadline <= as_of else "pending"
        rows.append(_silence(history, deal, created, found, deadline, as_of))
    return _sorted(rows)


def open_deals_without_dialog(
    history: DealHistory,
    activity: Activity,
    calendar: Calendar,
    *,
    as_of: datetime,
    working_days: int,
    excluded_pipelines: Iterable[int] = (),
    offline_pipelines: Iterable[int] = (),
) -> SilentDeals:
    """#8b: deals open at `as_of`, by what happened in the last n working days."""
    since = calendar.start_of_working_day_back(as_of, working_days)
    rows = [
        _silence(history, deal, deal.created_at, activity.look(deal, since, as_of), as_of, as_of)
        for deal in _watched(history, as_of, excluded_pipelines, offline_pipelines)
        if deal.created_at is not None and history.is_open_at(deal.deal_id, as_of)
    ]
    return _sorted(rows)


def _watched(history: DealHistory, as_of: datetime, excluded: Iterable[int], offline: Iterable[int]) -> list[Deal]:
    return visible(history, as_of, {*excluded, *offline})


def _silence(
    history: DealHistory, deal: Deal, created: datetime, state: Silence, deadline: datetime, as_of: datetime
) -> DealSilence:
    responsible = history.responsible_at(deal.deal_id, as_of)
    return DealSilence(
        deal.deal_id, state, created, deadline, deal.price, responsible.manager_id, responsible.attribution
    )


def _sorted(rows: list[DealSilence]) -> SilentDeals:
    return SilentDeals(tuple(sorted(rows, key=lambda row: (row.created_at, row.deal_id))))


def _any_within(instants: list[datetime], first: datetime, last: datetime) -> bool:
    position = bisect_left(instants, first)
    return position < len(instants) and instants[position] <= last


def _phone_owner(row: Mapping[str, object]) -> int | None:
    return whole(row["contact_id"]) if text(row["phone_norm"]) else None
