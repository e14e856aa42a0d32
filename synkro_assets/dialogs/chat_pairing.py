"""Which contact a dialog without a phone belongs to, by amoCRM's chat events (docs/metrics.md, «Links»).

amoCRM notes that a message came or went in a contact's chat, without its words. A message of Radist and such an event
of the same direction at most five seconds apart tell of the same; three such pairs name the contact.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from synkro_resources.model.tables import DAY_COLUMN, INSTANT
from synkro_resources.model.tables.dialogs import CHAT_PAIR
from synkro_resources.model.window import TenantWindow
from synkro_resources.rules.metrics.frames import as_frame

WITHIN = timedelta(seconds=5)
PAIRS_NEEDED = 3
MESSAGE_COLUMNS = ("message_id", "dialog_id", "direction", "sent_at")
EVENT_COLUMNS = ("event_id", "contact_id", "at", "created_by", "direction")
PAIRED_DAYS = 30
"""Pairs of so many local days up to a day's end count for that day."""


def pair_days(messages: pa.Table, events: pa.Table, window: TenantWindow) -> pa.Table:
    """The pairs of each day of the window, with the day column; a pair does not cross midnight.

    `messages`: counted or not, of these days; `events`: chat events of these days. Each message and each event is used
    once, the closest pair first.
    """
    days = pa.array(window.days, pa.date32())
    pairs = _pair(as_frame(_of(messages, days, MESSAGE_COLUMNS)), as_frame(_of(events, days, EVENT_COLUMNS)))
    ends = {day: window.bounds(day)[1] for day in window.days}
    day_of_pair = pairs.pop(DAY_COLUMN).tolist()
    built = {name: pa.array(pairs[name], CHAT_PAIR.schema.field(name).type) for name in pairs.columns}
    end = pa.array([ends[day] for day in day_of_pair], INSTANT)
    found = CHAT_PAIR.cast(pa.table({**built, "source_updated_at": end}))
    return found.append_column(DAY_COLUMN, pa.array(day_of_pair, pa.date32()))


def contacts_by_pairs(pairs: pa.Table, window: TenantWindow) -> dict[date, dict[int, int]]:
    """Per day of the window dialog → contact: at least three pairs with it and with no other contact.

    `pairs`: those of the window and of the `PAIRED_DAYS` before it, with the day column.
    """
    frame = pairs.select([DAY_COLUMN, "dialog_id", "contact_id"]).to_pandas()
    found: dict[date, dict[int, int]] = {}
    for day in window.days:
        first = day - timedelta(days=PAIRED_DAYS - 1)
        known = frame[(frame[DAY_COLUMN] >= first) & (frame[DAY_COLUMN] <= day)]
        counted = known.groupby(["dialog_id", "contact_id"]).size()
        enough = counted[counted >= PAIRS_NEEDED].reset_index()
        single = enough[~enough["dialog_id"].duplicated(keep=False)]
        found[day] = dict(zip(single["dialog_id"].astype(int), single["contact_id"].astype(int), strict=True))
    return found


def _of(rows: pa.Table, days: pa.Array, columns: Sequence[str]) -> pa.Table:
    return rows.select([*columns, DAY_COLUMN]).filter(pc.is_in(rows.column(DAY_COLUMN), days))


def _pair(messages: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    known = events[events["contact_id"].notna()]
    parts = [
        _pair_direction(messages[messages["direction"] == side], known[known["direction"] == side])
        for side in ("inbound", "outbound")
    ]
    return pd.concat(parts, ignore_index=True).sort_values([DAY_COLUMN, "message_id"], kind="stable")


def _pair_direction(messages: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """One-to-one, the closest first; ties by time and ids, so that the order of rows decides nothing."""
    messages = messages.sort_values(["sent_at", "message_id"], kind="stable").reset_index(drop=True)
    events = events.sort_values(["at", "event_id"], kind="stable").reset_index(drop=True)
    sent, noted = _microseconds(messages["sent_at"]), _microseconds(events["at"])
    within = int(WITHIN.total_seconds() * 1_000_000)
    low, high = np.searchsorted(noted, sent - within, "left"), np.searchsorted(noted, sent + within, "right")
    counts = high - low
    of_message = np.repeat(np.arange(len(sent)), counts)
    offsets = np.arange(len(of_message)) - np.repeat(np.cumsum(counts) - counts, counts)
    of_event = np.repeat(low, counts) + offsets
    of_one_day = messages[DAY_COLUMN].to_numpy()[of_message] == events[DAY_COLUMN].to_numpy()[of_event]
    of_message, of_event = of_message[of_one_day], of_event[of_one_day]
    nearest = np.lexsort((of_event, of_message, np.abs(sent[of_message] - noted[of_event])))
    chosen = _once_each(of_message[nearest], of_event[nearest])
    left = messages.loc[[message for message, _ in chosen], [*MESSAGE_COLUMNS, DAY_COLUMN]]
    right = events.loc[[event for _, event in chosen], ["event_id", "contact_id", "at", "created_by"]]
    return pd.concat([left.reset_index(drop=True), right.reset_index(drop=True)], axis=1).rename(
        columns={"at": "event_at"}
    )


def _once_each(messages: npt.NDArray[np.int64], events: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    used_messages, used_events = set[int](), set[int]()
    chosen: list[tuple[int, int]] = []
    for message, event in zip(messages.tolist(), events.tolist(), strict=True):
        if message not in used_messages and event not in used_events:
            used_messages.add(message)
            used_events.add(event)
            chosen.append((message, event))
    return chosen


def _microseconds(times: pd.Series) -> npt.NDArray[np.int64]:
    return np.asarray(pd.to_datetime(times, utc=True).dt.as_unit("us").astype("int64"), dtype=np.int64)


def users_by_pairs(pairs: pa.Table) -> dict[str, int]:
    """Outgoing message → the amoCRM user who wrote it, where the event names one."""
    rows = zip(*(pairs.column(name).to_pylist() for name in ("message_id", "direction", "created_by")), strict=True)
    return {message: user for message, side, user in rows if side == "outbound" and user}
