"""Everything that episodes and turns of a window are built from, prepared once: messages, links, calls, deals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property

import pandas as pd
import pyarrow as pa

from synkro_assets.dialogs.linking import (
    ContactLink,
    ContactLinker,
    DealContact,
    DealLink,
    DealLinker,
    valid_deal_contacts,
)
from synkro_resources.model.tenant_settings import TenantSettings
from synkro_resources.model.window import TenantWindow
from synkro_resources.rules.deal_history import HISTORY_COLUMNS, DealHistory
from synkro_resources.rules.metrics.frames import as_frame
from synkro_resources.rules.working_time import Calendar

MESSAGE_COLUMNS = (
    "message_id",
    "dialog_id",
    "sent_at",
    "direction",
    "author_ref",
    "author_kind",
    "type",
    "text",
    "is_counted",
    "is_closing",
    "episode_key",
    "starts_episode",
    "error_at",
)
DIALOG_COLUMNS = ("dialog_id", "channel", "phone_norm", "username")
CONTACT_COLUMNS = ("contact_id", "telegram_username", "updated_at", "is_deleted", "source_updated_at")
DEAL_COLUMNS = HISTORY_COLUMNS
"""What of each table is read for episodes and turns: names and stamps would only take room."""


@dataclass(frozen=True, slots=True)
class Call:
    """A connected call; an element of a manager's side."""

    at: datetime
    deal_id: int | None
    contact_id: int | None
    manager_id: int | None


@dataclass(frozen=True)
class DialogContext:
    """`messages`: the window's and the look-back's before it; entity tables are `current`; `deal_events`: all stored.

    `manual_links`: dialog → contact, as people decided; `chat_contacts`: the same by amoCRM's chat events, per day;
    `chat_users`: outgoing message → the user who wrote it, where attribution by chat events is on.
    `earlier_starts`: when the episodes began that earlier partitions hold, by key.
    `history_from`: from this instant on messages are loaded without a gap; `events_from`: likewise deal events.
    """

    window: TenantWindow
    settings: TenantSettings
    history_from: datetime
    events_from: datetime
    messages: pa.Table
    dialogs: pa.Table
    calls: pa.Table
    contacts: pa.Table
    contact_phones: pa.Table
    deals: pa.Table
    deal_contacts: pa.Table
    deal_events: pa.Table
    manual_links: Mapping[int, int] = field(default_factory=dict[int, int])
    chat_contacts: Mapping[date, Mapping[int, int]] = field(default_factory=dict[date, "dict[int, int]"])
    chat_users: Mapping[str, int] = field(default_factory=dict[str, int])
    earlier_starts: Mapping[str, datetime] = field(default_factory=dict[str, datetime])

    @cached_property
    def calendar(self) -> Calendar:
        return Calendar.of(self.settings)

    @cached_property
    def history(self) -> DealHistory:
        """Every deal and event that is stored; each day sees it up to its own end."""
        return DealHistory(as_frame(self.deals), as_frame(self.deal_events), events_from=self.events_from)

    @cached_property
    def held_deal_contacts(self) -> list[DealContact]:
        return valid_deal_contacts(self.deals, self.deal_contacts)

    @cached_property
    def contact_linker(self) -> ContactLinker:
        return ContactLinker(self.contacts, self.contact_phones, self.held_deal_contacts, self.history, self.window.end)

    @cached_property
    def deal_linker(self) -> DealLinker:
        excluded = self.settings.excluded_pipelines
        return DealLinker(self.held_deal_contacts, self.history, self.window.end, excluded)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Counted messages in order, with their position by dialog."""
        rows = as_frame(self.messages)
        counted = rows[rows["is_counted"].astype(bool) & rows["episode_key"].notna()]
        return counted.sort_values(["dialog_id", "sent_at", "message_id"], kind="stable").reset_index(drop=True)

    @cached_property
    def starts(self) -> dict[str, datetime]:
        """When each episode began, as far as its start is known: a day's window may show only its later part."""
        starting = self.frame[self.frame["starts_episode"].astype(bool)]
        seen = zip(starting["episode_key"], starting["sent_at"], strict=True)
        return {**self.earlier_starts, **{key: at.to_pydatetime() for key, at in seen}}

    @cached_property
    def connected_calls(self) -> list[Call]:
        rows = as_frame(self.calls)
        spoken = rows[rows["is_connected"].astype(bool)].sort_values(["at", "call_id"], kind="stable")
        return [
            Call(at.to_pydatetime(), _whole(deal), _whole(contact), _whole(manager))
            for at, deal, contact, manager in zip(
                spoken["at"], spoken["deal_id"], spoken["contact_id"], spoken["manager_id"], strict=True
            )
        ]

    def visible_from(self, day: date) -> datetime:
        """The first instant that the partition of `day` reads."""
        return self.window.bounds(day - timedelta(days=self.settings.lookback_days))[0]

    def day(self, day: date) -> DayContext:
        return DayContext(self, day)


class DayContext:
    """What is known at one day's end: later messages, calls, moves and deals do not exist yet."""

    def __init__(self, context: DialogContext, day: date) -> None:
        self.context = context
        self.day = day
        self.start, self.end = context.window.bounds(day)
        self.visible_from = context.visible_from(day)
        self.history = context.history.known_until(self.end)
        self._contacts = context.contact_linker.known_at(self.history, self.end)
        self._deals = context.deal_linker.known_at(self.history, self.end)
        self.calls = [call for call in context.connected_calls if self.visible_from <= call.at < self.end]
        self._calls_of_contact: dict[int, list[Call]] = defaultdict(list)
        self._calls_of_deal: dict[int, list[Call]] = defaultdict(list)
        for call in self.calls:
            if call.contact_id is not None:
                self._calls_of_contact[call.contact_id].append(call)
            if call.deal_id is not None:
                self._calls_of_deal[call.deal_id].append(call)

    def start_of(self, episode_key: str, first_visible_at: datetime) -> datetime:
        """When the episode began; its first visible message where nothing earlier is known."""
        return min(first_visible_at, self.context.starts.get(episode_key, first_visible_at))

    def contact_of(self, dialog_id: int, phone: str | None, username: str | None) -> ContactLink:
        """By hand, else by phone or username, else by amoCRM's chat events."""
        manual = self.context.manual_links.get(dialog_id)
        if manual is not None:
            return ContactLink(manual, "manual", 1.0)
        found = self._contacts.link(phone, username)
        paired = self.context.chat_contacts.get(self.day, {}).get(dialog_id)
        if found.contact_id is None and paired is not None and self._contacts.is_present(paired):
            return ContactLink(paired, "crm_chat", 0.9)
        return found

    def deal_of(self, contact_id: int | None, start_at: datetime, last_at: datetime) -> DealLink:
        return self._deals.link(contact_id, start_at, last_at)

    def deals_of(self, contact_id: int) -> tuple[int, ...]:
        return self._deals.deals_of(contact_id)

    def calls_for(self, contact_id: int | None, deal_id: int | None) -> list[Call]:
        """Connected calls of the contact or the deal, each once, in order."""
        found = self._calls_of_contact.get(contact_id, []) if contact_id is not None else []
        if deal_id is not None:
            found = [*found, *(call for call in self._calls_of_deal.get(deal_id, []) if call not in found)]
        return sorted(found, key=lambda call: call.at)

    @property
    def todays_calls(self) -> list[Call]:
        return [call for call in self.calls if call.at >= self.start]


def _whole(value: object) -> int | None:
    return None if value is None or value is pd.NA or value != value else int(str(value).partition(".")[0])
