"""Deals that nobody talks about: new ones (#8a) and open ones (#8b) without messages and calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from synkro_resources.rules.deal_history import Deal, DealHistory
from synkro_resources.rules.metrics.frames import values
from synkro_resources.rules.statistics import Share
from synkro_resources.rules.working_time import Calendar, micros

Silence = Literal["silent", "ok", "via_company", "pending", "cannot_verify"]
Instants = npt.NDArray[np.int64]
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
        self._contacts_of_deal: dict[int, list[int]] = defaultdict(list)
        self._company_of: dict[int, int] = {}
        self._contacts_of_company: dict[int, list[int]] = defaultdict(list)
        self._reachable = set(contact_phones["contact_id"][_filled(contact_phones["phone_norm"])].dropna().tolist())
        self._read_contacts(contacts)
        self._read_links(deal_contacts, history)
        contact, at = _who_wrote(messages, episodes)
        contact = pd.concat([contact, calls["contact_id"]], ignore_index=True)
        self._by_contact = _instants_by(contact, pd.concat([at, calls["at"]], ignore_index=True))
        self._by_deal = _instants_by(calls["deal_id"], calls["at"])

    def look(self, deal: Deal, first: datetime, last: datetime) -> Silence:
        """What happened on the deal within `[first, last]`, both included."""
        contacts = self._contacts_of_deal.get(deal.deal_id, [])
        if _any_within(self._by_deal.get(deal.deal_id), first, last) or self._heard(contacts, first, last):
            return "ok"
        companies = {self._company_of[contact] for contact in contacts if contact in self._company_of}
        if deal.company_id is not None:
            companies.add(deal.company_id)
        if any(self._heard(self._contacts_of_company.get(company, []), first, last) for company in companies):
            return "via_company"
        return "silent" if any(contact in self._reachable for contact in contacts) else "cannot_verify"

    def _heard(self, contacts: Iterable[int], first: datetime, last: datetime) -> bool:
        return any(_any_within(self._by_contact.get(contact), first, last) for contact in contacts)

    def _read_contacts(self, contacts: pd.DataFrame) -> None:
        present = contacts[~contacts["is_deleted"].fillna(False).astype(bool)]
        self._reachable |= set(present["contact_id"][_filled(present["telegram_username"])].dropna().tolist())
        employed = present[present["contact_id"].notna() & present["company_id"].notna()]
        for contact_id, company_id in zip(
            employed["contact_id"].tolist(), employed["company_id"].tolist(), strict=True
        ):
            self._company_of[contact_id] = company_id
            self._contacts_of_company[company_id].append(contact_id)

    def _read_links(self, deal_contacts: pd.DataFrame, history: DealHistory) -> None:
        """A link holds while its version equals the deal's: unlinked contacts leave an older row behind."""
        columns = (values(deal_contacts[name]) for name in ("deal_id", "contact_id", "source_updated_at"))
        for deal_id, contact_id, version in zip(*columns, strict=True):
            deal = history.deals.get(cast(int, deal_id))
            if deal is not None and contact_id is not None and version == deal.version:
                self._contacts_of_deal[deal.deal_id].append(cast(int, contact_id))


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
    for deal in history.visible(as_of, {*excluded_pipelines, *offline_pipelines}):
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
        for deal in history.visible_open(as_of, {*excluded_pipelines, *offline_pipelines})
        if deal.created_at is not None
    ]
    return _sorted(rows)


def _silence(
    history: DealHistory, deal: Deal, created: datetime, state: Silence, deadline: datetime, as_of: datetime
) -> DealSilence:
    responsible = history.responsible_at(deal.deal_id, as_of)
    return DealSilence(
        deal.deal_id, state, created, deadline, deal.price, responsible.manager_id, responsible.attribution
    )


def _sorted(rows: list[DealSilence]) -> SilentDeals:
    return SilentDeals(tuple(sorted(rows, key=lambda row: (row.created_at, row.deal_id))))


def _who_wrote(messages: pd.DataFrame, episodes: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The contact of each message that a person wrote, by the dialog's last episode that knows one, and its instant."""
    linked = episodes[episodes["contact_id"].notna()].sort_values("last_at", kind="stable")
    contact_of = linked.drop_duplicates("dialog_id", keep="last").set_index("dialog_id")["contact_id"]
    people = messages["is_counted"].astype(bool) & messages["author_kind"].isin(["client", "manager"])
    return messages["dialog_id"][people].map(contact_of), messages["sent_at"][people]


def _instants_by(keys: pd.Series, instants: pd.Series) -> dict[int, Instants]:
    """Ascending microseconds since the epoch by key; rows without one of both are left out."""
    known = (keys.notna() & instants.notna()).to_numpy()
    if not known.any():
        return {}
    ids = keys[known].to_numpy(dtype="int64")
    at = pd.to_datetime(instants[known], utc=True).dt.as_unit("us").to_numpy(dtype="datetime64[us]").astype(np.int64)
    order = np.lexsort((at, ids))
    found, starts = np.unique(ids[order], return_index=True)
    ends = [*starts[1:].tolist(), len(order)]
    ordered: Instants = at[order]
    return {int(key): ordered[first:end] for key, first, end in zip(found, starts.tolist(), ends, strict=True)}


def _any_within(instants: Instants | None, first: datetime, last: datetime) -> bool:
    if instants is None:
        return False
    position = int(np.searchsorted(instants, micros(first)))
    return position < len(instants) and int(instants[position]) <= micros(last)


def _filled(column: pd.Series) -> pd.Series:
    """Which texts are there and not empty."""
    return column.fillna("").astype(bool)
