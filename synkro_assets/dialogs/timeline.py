"""The dialogs of one day as people would read them: each with its visible episodes, in order, and the calls between."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from synkro_assets.dialogs.context import Call, DayContext, DialogContext
from synkro_assets.dialogs.linking import ContactLink, DealLink


@dataclass(frozen=True, slots=True)
class Spoken:
    """One counted message."""

    message_id: str
    sent_at: datetime
    author_kind: str
    author_ref: str | None
    type: str
    text: str | None
    is_closing: bool
    is_undelivered: bool
    episode_key: str
    starts_episode: bool


@dataclass(frozen=True, slots=True)
class EpisodeSlice:
    """The visible part of an episode as known at the day's end; `next_start` bounds the calls that belong to it."""

    key: str
    start_at: datetime
    messages: tuple[Spoken, ...]
    deal: DealLink
    calls: tuple[Call, ...]

    @property
    def starts_here(self) -> bool:
        """Whether the first visible message really begins the episode."""
        return self.messages[0].starts_episode

    @property
    def first_at(self) -> datetime:
        return self.messages[0].sent_at

    @property
    def last_at(self) -> datetime:
        return self.messages[-1].sent_at


@dataclass(frozen=True, slots=True)
class DialogDay:
    """One dialog on one day, with everything that the day's partition may see of it."""

    dialog_id: int
    channel: str
    contact: ContactLink
    episodes: tuple[EpisodeSlice, ...]


@dataclass(frozen=True, slots=True)
class _Dialog:
    channel: str
    phone: str | None
    username: str | None


class Timelines:
    """Cuts a window's messages into dialogs and days; each day is cut once, for episodes and turns alike."""

    def __init__(self, context: DialogContext) -> None:
        self.context = context
        self._days: dict[date, list[tuple[DayContext, DialogDay]]] = {}
        self._dialogs = _dialogs(context)
        self._messages: dict[int, list[Spoken]] = _spoken(context.frame)
        self._times = {dialog: [message.sent_at for message in rows] for dialog, rows in self._messages.items()}

    def day(self, day: date) -> Sequence[tuple[DayContext, DialogDay]]:
        """The dialogs that had a counted message or a connected call on `day`, by dialog id."""
        if day not in self._days:
            self._days[day] = list(self._cut(day))
        return self._days[day]

    def _cut(self, day: date) -> Iterator[tuple[DayContext, DialogDay]]:
        known = self.context.day(day)
        contacts = {
            dialog: known.contact_of(dialog, row.phone, row.username)
            for dialog, row in self._dialogs.items()
            if dialog in self._messages
        }
        active = {dialog for dialog in self._messages if self._has_message(dialog, known.start, known.end)}
        active |= _called_dialogs(known, contacts)
        for dialog in sorted(active):
            visible = self._between(dialog, known.visible_from, known.end)
            if visible:
                row = self._dialogs.get(dialog, _Dialog("other", None, None))
                contact = contacts.get(dialog, ContactLink())
                yield known, DialogDay(dialog, row.channel, contact, tuple(_episodes(visible, contact, known)))

    def _has_message(self, dialog: int, start: datetime, end: datetime) -> bool:
        times = self._times[dialog]
        position = bisect_left(times, start)
        return position < len(times) and times[position] < end

    def _between(self, dialog: int, start: datetime, end: datetime) -> list[Spoken]:
        times = self._times[dialog]
        return self._messages[dialog][bisect_left(times, start) : bisect_left(times, end)]


def _dialogs(context: DialogContext) -> dict[int, _Dialog]:
    rows = context.dialogs.select(["dialog_id", "channel", "phone_norm", "username"]).to_pydict()
    columns = zip(rows["dialog_id"], rows["channel"], rows["phone_norm"], rows["username"], strict=True)
    return {dialog: _Dialog(channel, phone, username) for dialog, channel, phone, username in columns}


def _spoken(frame: pd.DataFrame) -> dict[int, list[Spoken]]:
    found: dict[int, list[Spoken]] = defaultdict(list)
    undelivered = (frame["error_at"].notna() & (frame["direction"] == "outbound")).tolist()
    sent = [at.to_pydatetime() for at in frame["sent_at"]]
    columns = [
        frame[name].tolist()
        for name in (
            "dialog_id",
            "message_id",
            "author_kind",
            "author_ref",
            "type",
            "text",
            "is_closing",
            "episode_key",
            "starts_episode",
        )
    ]
    for at, failed, dialog, message, kind, author, type_, text, closing, key, starts in zip(
        sent, undelivered, *columns, strict=True
    ):
        found[int(dialog)].append(
            Spoken(
                message_id=message,
                sent_at=at,
                author_kind=kind,
                author_ref=_text(author),
                type=type_,
                text=_text(text),
                is_closing=bool(closing),
                is_undelivered=failed,
                episode_key=key,
                starts_episode=bool(starts),
            )
        )
    return found


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _called_dialogs(known: DayContext, contacts: dict[int, ContactLink]) -> set[int]:
    """Dialogs of the contacts, or of the contacts of the deals, that were called on this day."""
    called_contacts = {call.contact_id for call in known.todays_calls if call.contact_id is not None}
    called_deals = {call.deal_id for call in known.todays_calls if call.deal_id is not None}
    found: set[int] = set()
    for dialog, link in contacts.items():
        if link.contact_id is None:
            continue
        if link.contact_id in called_contacts or called_deals.intersection(known.deals_of(link.contact_id)):
            found.add(dialog)
    return found


def _episodes(visible: Sequence[Spoken], contact: ContactLink, known: DayContext) -> Iterator[EpisodeSlice]:
    groups: list[list[Spoken]] = []
    for message in visible:
        if not groups or groups[-1][0].episode_key != message.episode_key:
            groups.append([])
        groups[-1].append(message)
    starts = [group[0].sent_at for group in groups]
    for number, group in enumerate(groups):
        next_start = starts[number + 1] if number + 1 < len(starts) else known.end
        start_at = known.start_of(group[0].episode_key, group[0].sent_at)
        deal = known.deal_of(contact.contact_id, start_at, group[-1].sent_at)
        calls = tuple(
            call
            for call in known.calls_for(contact.contact_id, deal.deal_id)
            if group[0].sent_at <= call.at < next_start
        )
        yield EpisodeSlice(group[0].episode_key, start_at, tuple(group), deal, calls)
