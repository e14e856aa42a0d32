"""Episodes: where one begins, what it is made of, and whom it is linked to (docs/metrics.md, «Episodes»)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa

from synkro_assets.dialogs.context import DayContext
from synkro_assets.dialogs.timeline import DialogDay, EpisodeSlice, Spoken, Timelines
from synkro_resources.model.tables import DAY_COLUMN
from synkro_resources.model.tables.dialogs import EPISODE

WORDS_TO_ANALYSE = 10
"""Fewer words of client and manager together say nothing that could be scored."""


def mark_episodes(messages: pa.Table, history: pa.Table, *, gap_hours: int, history_from: datetime) -> pa.Table:
    """`messages` with `starts_episode` and `episode_key`.

    A message starts an episode if it is the dialog's first, or more than `gap_hours` after the message before it,
    whoever sent that. The first loaded message of a dialog does not count as its start while it lies within the gap
    after `history_from`: what was before is not known. Keys are copied forward from message to message.
    """
    if messages.num_rows == 0:
        return messages
    both = _in_order(messages, history)
    counted = both[both["is_counted"]]
    previous = counted.groupby("dialog_id")["sent_at"].shift()
    gap = timedelta(hours=gap_hours)
    unknown_before = previous.isna() & (counted["sent_at"] - pd.Timestamp(history_from) <= gap)
    starts = (previous.isna() & ~unknown_before) | (counted["sent_at"] - previous > gap)
    group = (starts | previous.isna()).cumsum()
    own_key = counted["dialog_id"].astype("string") + ":" + counted["message_id"].astype("string")
    first_of_group = ~group.duplicated()
    # A stored key wins: it names a start that may lie before everything that is visible here.
    first_key = counted["stored_key"].where(counted["stored_key"].notna(), own_key)
    key_of_group = pd.Series(first_key[first_of_group].to_numpy(), index=group[first_of_group].to_numpy())
    keys = group.map(key_of_group)
    position = counted["position"].to_numpy()
    mine = position >= 0
    all_keys: list[str | None] = [None] * messages.num_rows
    all_starts = np.zeros(messages.num_rows, dtype=bool)
    for place, key, start in zip(position[mine], keys.to_numpy()[mine], starts.to_numpy()[mine], strict=True):
        all_keys[int(place)] = str(key)
        all_starts[int(place)] = bool(start)
    return _with_columns(
        messages, {"episode_key": pa.array(all_keys, pa.string()), "starts_episode": pa.array(all_starts)}
    )


def build_episodes(timelines: Timelines) -> pa.Table:
    """One row per episode and day of the window, as known at that day's end, with the day column."""
    rows: list[dict[str, object]] = []
    days: list[date] = []
    for day in timelines.context.window.days:
        for known, dialog in timelines.day(day):
            for episode in dialog.episodes:
                rows.append(_row(episode, dialog, known))
                days.append(day)
    return EPISODE.from_rows(rows).append_column(DAY_COLUMN, pa.array(days, pa.date32()))


def _in_order(messages: pa.Table, history: pa.Table) -> pd.DataFrame:
    names = ["dialog_id", "message_id", "sent_at", "is_counted"]
    now, before = messages.select(names).to_pandas(), history.select([*names, "episode_key"]).to_pandas()
    now["position"], now["stored_key"] = np.arange(len(now)), None
    before["position"], before["stored_key"] = -1, before.pop("episode_key")
    both = pd.concat([frame for frame in (before, now) if len(frame)], ignore_index=True)
    both["sent_at"] = pd.to_datetime(both["sent_at"], utc=True)
    both["is_counted"] = both["is_counted"].astype(bool)
    return both.sort_values(["dialog_id", "sent_at", "message_id"], kind="stable").reset_index(drop=True)


def _with_columns(table: pa.Table, columns: dict[str, pa.Array]) -> pa.Table:
    for name, values in columns.items():
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.schema.field(place), values)
    return table


def _row(episode: EpisodeSlice, dialog: DialogDay, known: DayContext) -> dict[str, object]:
    client = [message for message in episode.messages if message.author_kind == "client"]
    manager = [message for message in episode.messages if message.author_kind == "manager"]
    labelable, analysable, skip_reason = gates(episode.messages)
    contact, deal = dialog.contact, episode.deal
    return {
        "episode_key": episode.key,
        "dialog_id": dialog.dialog_id,
        "start_at": episode.start_at,
        "first_visible_at": episode.first_at,
        "last_at": episode.last_at,
        "started_before_window": not episode.starts_here,
        "opened_by": next((m.author_kind for m in episode.messages if m.author_kind in ("client", "manager")), None),
        "client_messages": len(client),
        "manager_messages": len(manager),
        "labelable": labelable,
        "analysable": analysable,
        "skip_reason": skip_reason,
        "channel": dialog.channel,
        "contact_id": contact.contact_id,
        "link_method": contact.method,
        "link_confidence": contact.confidence,
        "is_duplicate_phone": contact.is_duplicate_phone,
        "deal_id": deal.deal_id,
        "deal_link_method": deal.method,
        "deal_link_confidence": deal.confidence,
        "source_updated_at": known.end,
    }


def gates(messages: tuple[Spoken, ...]) -> tuple[bool, bool, str | None]:
    """Labelable, analysable, and the reason why not (docs/metrics.md, «Gates»)."""
    client = [message for message in messages if message.author_kind == "client"]
    manager = [message for message in messages if message.author_kind == "manager"]
    speaking = [message for message in client if not message.is_closing and _has_letter(message.text)]
    if not speaking:
        if client:
            closing_only = all(message.is_closing for message in client if message.text)
            has_text = any(message.text for message in client)
            return False, False, "closing_only" if has_text and closing_only else "no_text"
        return False, False, "outbound_only" if manager else "bot_only"
    if not any(message.text for message in manager):
        return True, False, "no_manager_text"
    words = sum(len((message.text or "").split()) for message in (*client, *manager))
    if words < WORDS_TO_ANALYSE:
        return True, False, "too_short"
    return True, True, None


def _has_letter(text: str | None) -> bool:
    return any(character.isalpha() for character in text or "")
