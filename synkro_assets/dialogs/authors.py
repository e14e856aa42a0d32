"""Who speaks: client, manager, bot or broadcast, found by what was sent how often (docs/metrics.md, «Messages»)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from synkro_resources.model.tenant_settings import TenantSettings
from synkro_resources.rules.repeated_text import normalized_text

HISTORY_DAYS = 30
"""How far back sendings of a text count."""
BOT_SENDINGS = 20
BOT_SHARE = 0.9
BOT_REACTION = timedelta(seconds=5)
"""A text is a bot's if it was sent at least 20 times and 90 % of them came within 5 s after a client's message."""
BROADCAST_DIALOGS = 10
BROADCAST_SPAN = timedelta(minutes=10)
"""A text is a broadcast where it went to at least ten dialogs within ten minutes."""


def assign_author_kinds(
    messages: pa.Table, history: pa.Table, settings: TenantSettings, *, ahead: pa.Table | None = None
) -> pa.Table:
    """`messages` with `author_kind` decided; each day looks at the 30 days up to its own end.

    A broadcast may go on past midnight: it is also looked for among the first minutes of the following day, which are
    in `messages` or, after their last day, in `ahead`. The tenant's word about a text wins over detection.
    """
    if messages.num_rows == 0:
        return messages
    around = [history] if ahead is None else [history, ahead]
    frame = _sendings(messages, around)
    kinds = np.asarray(messages.column("author_kind").to_pylist(), dtype=object)
    decided = {normalized_text(text): kind for text, kind in settings.autotext.items()}
    for day in frame.loc[frame["position"] >= 0, "end"].unique():
        known_from = day - pd.Timedelta(days=HISTORY_DAYS)
        known = frame[(frame["sent_at"] < day) & (frame["sent_at"] >= known_from)]
        bots = _bot_texts(known)
        today = known[(known["end"] == day) & (known["position"] >= 0) & known["outbound"]]
        kinds[today["position"][today["norm"].isin(bots)]] = "bot"
        kinds[today["position"][today["broadcast"] & ~today["norm"].isin(bots)]] = "broadcast"
        for text, kind in decided.items():
            kinds[today["position"][today["norm"] == text]] = kind
    place = messages.schema.get_field_index("author_kind")
    return messages.set_column(place, messages.schema.field(place), pa.array(kinds.tolist(), pa.string()))


def _sendings(messages: pa.Table, around: list[pa.Table]) -> pd.DataFrame:
    """All messages in order; `position` is the row in `messages`, −1 for those around them.

    `norm`: the text as it is counted; `quick`: sent within seconds after the client; `broadcast`: see `_is_broadcast`.
    """
    names = ["dialog_id", "message_id", "sent_at", "direction", "text", "source_updated_at"]
    now = messages.select(names).to_pandas()
    others = pa.concat_tables([table.select(names) for table in around]).to_pandas()
    now["position"], others["position"] = np.arange(len(now)), -1
    both = pd.concat([others, now], ignore_index=True)
    both["sent_at"] = pd.to_datetime(both["sent_at"], utc=True)
    both["end"] = pd.to_datetime(both["source_updated_at"], utc=True)
    texts = both["text"].fillna("").astype(str)
    both["norm"] = texts.map({text: normalized_text(text) for text in texts.unique()})
    both["outbound"] = both["direction"] == "outbound"
    both = both.sort_values(["dialog_id", "sent_at", "message_id"], kind="stable").reset_index(drop=True)
    inbound_at = both["sent_at"].where(~both["outbound"])
    last_inbound = inbound_at.groupby(both["dialog_id"]).ffill()
    both["quick"] = ((both["sent_at"] - last_inbound) <= BOT_REACTION).fillna(False)
    # A stretch is shorter than the days around any message, so it is the same whichever day looks at it.
    both["broadcast"] = _is_broadcast(both)
    return both


def _bot_texts(known: pd.DataFrame) -> set[str]:
    sent = known[known["outbound"] & (known["norm"] != "")]
    counted = sent.groupby("norm")["quick"].agg(["size", "mean"])
    return set(counted.index[(counted["size"] >= BOT_SENDINGS) & (counted["mean"] >= BOT_SHARE)])


def _is_broadcast(known: pd.DataFrame) -> pd.Series:
    """Which outbound rows lie in a stretch of ten minutes in which their text went to ten dialogs."""
    found = pd.Series(False, index=known.index)
    sent = known[known["outbound"] & (known["norm"] != "")]
    sizes = sent.groupby("norm")["dialog_id"].nunique()
    for _, group in sent[sent["norm"].isin(sizes.index[sizes >= BROADCAST_DIALOGS])].groupby("norm"):
        ordered = group.sort_values("sent_at", kind="stable")
        times = ordered["sent_at"].astype("int64").to_numpy(dtype=np.int64)
        dialogs = ordered["dialog_id"].to_numpy(dtype=np.int64)
        found.loc[ordered.index[_in_a_burst(times, dialogs, ordered["sent_at"].dt.unit)]] = True
    return found


def _in_a_burst(times: npt.NDArray[Any], dialogs: npt.NDArray[Any], unit: str) -> npt.NDArray[np.bool_]:
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    span = int(BROADCAST_SPAN.total_seconds()) * per_second
    inside = np.zeros(len(times), dtype=bool)
    ends = np.searchsorted(times, times + span, side="right")
    for start, end in enumerate(ends):
        if end - start >= BROADCAST_DIALOGS and len(set(dialogs[start:end])) >= BROADCAST_DIALOGS:
            inside[start:end] = True
    return inside
