"""Short ways to write a dialog down and to get its episodes and turns through the real chain, from the vendor's JSON.

Times are local to Moscow, September 2026 unless dated. C client, M manager, B bot, R broadcast, S service message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import cast

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from synkro_assets import normalization
from synkro_assets.dialogs.authors import assign_author_kinds
from synkro_assets.dialogs.context import DialogContext
from synkro_assets.dialogs.episodes import build_episodes, mark_episodes
from synkro_assets.dialogs.extract import extract_messages
from synkro_assets.dialogs.normalize import groups_of, messages
from synkro_assets.dialogs.timeline import Timelines
from synkro_assets.dialogs.turns import build_turns
from synkro_resources.http.jsonvalues import JsonObject
from synkro_resources.model.tables.dialogs import DIALOG, MESSAGE
from synkro_resources.model.tables.schema import DAY_COLUMN
from synkro_resources.model.tenant_settings import TenantSettings, WorkCalendar
from synkro_resources.model.window import TenantWindow
from synkro_resources.rules.metrics.frames import as_frame, records
from synkro_resources.rules.metrics.response import (
    InSla,
    ResponseTimes,
    first_response_time,
    in_sla,
    response_time,
)
from synkro_resources.rules.metrics.turns import turn_states
from synkro_resources.rules.working_time import Calendar
from tests.resources.rules.calendars import MOSCOW, at
from tests.resources.rules.metrics.rows import EVENTS_FROM, VERSION, table

Rows = Sequence[dict[str, object]]
BOT_TEXT, BROADCAST_TEXT = "мы получили ваше сообщение", "скидки до пятницы"
TEXTS = {
    "C": "Здравствуйте, нужен букет",
    "M": "Добрый день, 1500 ₽",
    "B": BOT_TEXT,
    "R": BROADCAST_TEXT,
    "S": "чат передан",
}
SETTINGS = TenantSettings.model_validate(
    {
        "zone": MOSCOW,
        "work_calendar": WorkCalendar(public_holidays=None),
        "autotext": {BOT_TEXT: "bot", BROADCAST_TEXT: "broadcast"},
    }
)
LONG_BEFORE = at("2026-05-01T00:00")


def local(text: str) -> datetime:
    """`07 10:00` is 7 September, `07-15 10:00` is 15 July; with a final Z it is UTC."""
    if text.endswith("Z"):
        return datetime.fromisoformat(text)
    return at(text if text[2] == "-" or len(text) > 11 else f"09-{text}")


def say(
    who: str,
    when: str,
    text: str | None = None,
    *,
    kind: str | None = None,
    chat: int = 1,
    message_id: str | None = None,
    author: object = None,
    failed: str | None = None,
) -> tuple[int, JsonObject]:
    """One message as Radist lists it, with the chat that it was read from."""
    said = TEXTS[who] if text is None else text
    kind = kind or ("system" if who == "S" else "text")
    body: JsonObject = {
        "message_id": message_id or f"{chat}-{local(when).isoformat()}-{who}",
        "chat_id": f"{chat}@c.us",
        "created_at": local(when).isoformat(),
        "direction": "inbound" if who == "C" else "outbound",
        "message_type": kind,
        "author": author,
        "error_at": None if failed is None else local(failed).isoformat(),
    }
    body[kind if kind in ("image", "sticker") else "text"] = {"text": said} if kind in ("text", "system") else {}
    return chat, body


def talk(*lines: str) -> list[tuple[int, JsonObject]]:
    """`talk("C 07 10:00", "M 07 10:05 1500 ₽")`: who, day, time, and what was said."""
    messages: list[tuple[int, JsonObject]] = []
    for line in lines:
        who, day, time, *said = line.split(" ", 3)
        messages.append(say(who, f"{day} {time}", said[0] if said else None))
    return messages


def window(first: str, last: str | None = None) -> TenantWindow:
    start, end = (local(f"{day} 12:00").date() for day in (first, last or first))
    return TenantWindow("demo", MOSCOW, start, end)


def dialog(dialog_id: int, *, phone: str | None = None, username: str | None = None, group: bool = False) -> Rows:
    row: dict[str, object] = {
        "dialog_id": dialog_id,
        "channel": "whatsapp",
        "is_group": group,
        "phone_norm": phone,
        "username": username,
        "source_updated_at": VERSION,
    }
    return [row]


@dataclass(frozen=True)
class Crm:
    """Rows of the CRM's tables that a dialog may be linked to."""

    contacts: Rows = ()
    phones: Rows = ()
    deals: Rows = ()
    deal_contacts: Rows = ()
    deal_events: Rows = ()
    calls: Rows = ()


@dataclass(frozen=True)
class Built:
    """What the lake would hold of these days."""

    messages: pa.Table
    episode_days: pa.Table
    turn_days: pa.Table
    calendar: Calendar
    settings: TenantSettings = field(default=SETTINGS)

    def episodes(self, until: datetime | None = None) -> pd.DataFrame:
        return _newest(self.episode_days, "episode_key", until)

    def turns(self, until: datetime | None = None) -> pd.DataFrame:
        return _newest(self.turn_days, "turn_id", until)

    def episode_rows(self, until: datetime | None = None) -> list[dict[str, object]]:
        rows = self.episodes(until).sort_values(["dialog_id", "first_visible_at"])
        return [dict(row) for row in records(rows)]

    def client_turns(self) -> list[dict[str, object]]:
        turns = self.turns().sort_values(["dialog_id", "first_at"])
        return [dict(row) for row in records(turns[turns["side"] == "client"])]

    def states(self, as_of: str) -> list[tuple[str, float | None]]:
        """State and working minutes of every client turn known at `as_of`, in order."""
        return [(str(row["state"]), cast("float | None", row["wt"])) for row in records(self._states(as_of))]

    def judged(self, as_of: str) -> list[object]:
        return [row["judged_at"] for row in records(self._states(as_of))]

    def first_responses(self, as_of: str) -> ResponseTimes:
        until = local(as_of)
        return first_response_time(self._states(as_of), self.episodes(until), LONG_BEFORE, until, self.calendar)

    def responses(self, as_of: str) -> list[float]:
        times = response_time(self._states(as_of), LONG_BEFORE, local(as_of), self.calendar)
        return minutes(times)

    def in_sla(self, as_of: str) -> InSla:
        return in_sla(self._states(as_of), LONG_BEFORE, local(as_of))

    def _states(self, as_of: str) -> pd.DataFrame:
        until = local(as_of)
        return turn_states(self.turns(until), until, self.settings.sla_minutes, self.calendar)


def minutes(times: ResponseTimes) -> list[float]:
    return [float(value) for value in times.rows["wt"]]


def normalized(
    said: Iterable[tuple[int, JsonObject]],
    days: TenantWindow,
    *,
    dialogs: Rows = (),
    history: pa.Table | None = None,
    history_from: datetime = LONG_BEFORE,
    settings: TenantSettings = SETTINGS,
) -> pa.Table:
    """Messages of the window with author kinds and episodes, as the lake stores them."""
    raw = extract_messages(said, days).table
    before = MESSAGE.empty_days() if history is None else history
    found = normalization.normalized(raw, messages(groups_of(DIALOG.from_rows(list(dialogs))), days))
    assert not found.unread
    authored = assign_author_kinds(found.table, before, settings)
    return mark_episodes(authored, before, gap_hours=settings.episode_gap_hours, history_from=history_from)


def build(
    said: Iterable[tuple[int, JsonObject]],
    days: TenantWindow,
    crm: Crm | None = None,
    *,
    dialogs: Rows | None = None,
    history: pa.Table | None = None,
    history_from: datetime = LONG_BEFORE,
    events_from: datetime = EVENTS_FROM,
    settings: TenantSettings = SETTINGS,
    starts: Mapping[str, datetime] | None = None,
    chat_contacts: Mapping[date, Mapping[int, int]] | None = None,
    chat_users: Mapping[str, int] | None = None,
    manual_links: Mapping[int, int] | None = None,
) -> Built:
    """Episodes and turns of the window, day by day.

    `history`: stored messages of the days before it; `starts`: when the episodes of earlier partitions began.
    """
    crm = crm or Crm()
    known = dialog(1, phone="79001") if dialogs is None else dialogs
    messages = normalized(said, days, dialogs=known, history=history, history_from=history_from, settings=settings)
    context = DialogContext(
        window=days,
        settings=settings,
        history_from=history_from,
        events_from=events_from,
        messages=messages if history is None else pa.concat_tables([_look_back(history, days, settings), messages]),
        dialogs=DIALOG.from_rows(list(known)),
        calls=table("call", list(crm.calls)),
        contacts=table("contact", list(crm.contacts)),
        contact_phones=table("phone", list(crm.phones)),
        deals=table("deal", list(crm.deals)),
        deal_contacts=table("deal_contact", list(crm.deal_contacts)),
        deal_events=table("event", list(crm.deal_events)),
        earlier_starts=starts or {},
        chat_contacts=chat_contacts or {},
        chat_users=chat_users or {},
        manual_links=manual_links or {},
    )
    timelines = Timelines(context)
    return Built(messages, build_episodes(timelines), build_turns(timelines), context.calendar, settings)


def _look_back(history: pa.Table, days: TenantWindow, settings: TenantSettings) -> pa.Table:
    first: date = days.widened(days_back=settings.lookback_days).first_day
    return history.filter(pc.greater_equal(history.column(DAY_COLUMN), pa.scalar(first)))


def _newest(days: pa.Table, key: str, until: datetime | None) -> pd.DataFrame:
    """Per id the newest partition that had ended by `until`."""
    rows = as_frame(days)
    if until is not None:
        rows = rows[rows["source_updated_at"] <= pd.Timestamp(until)]
    newest = rows.sort_values(["source_updated_at", "dialog_id"], kind="stable").drop_duplicates(key, keep="last")
    return newest.drop(columns=[DAY_COLUMN]).reset_index(drop=True)
