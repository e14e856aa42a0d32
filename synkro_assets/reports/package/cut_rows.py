"""Rows that a newer day's file holds only in part: their beginning, taken from the last file that holds it whole.

A day reads a dialog back no further than the look-back. An episode that was answered at once and whose dialog speaks
again a fortnight later is cut there: by that newest file alone, the manager would have written first.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from synkro_resources.model.tables.dialogs import EPISODE, TURN
from synkro_resources.rules.metrics.frames import as_frame

EPISODE_BEGINNING = ("start_at", "first_visible_at", "opened_by", "started_before_window")
EPISODE_CONTENT = ("client_messages", "manager_messages", "labelable", "analysable", "skip_reason")
"""What is counted over the whole episode: taken with the beginning unless something was written since."""
TURN_BEGINNING = ("clock_at", "due_at", "needs_reply", "needs_reply_source")
_VERSIONS = ("source_updated_at", "superseded_at")
EPISODE_STORED = (*EPISODE.key, *EPISODE_BEGINNING, *EPISODE_CONTENT, "last_at", *_VERSIONS)
TURN_STORED = (*TURN.key, *TURN_BEGINNING, *_VERSIONS)
"""What is read of the stored rows: there are as many of one episode as days in the look-back."""


def whole_episodes(newest: pa.Table, stored: pa.Table) -> pd.DataFrame:
    """`newest` (one row per episode) with the beginnings that rows of `stored` still hold."""
    frame = as_frame(newest)
    is_cut = frame["started_before_window"].astype(bool)
    known = _newest_of(stored.filter(pc.invert(stored.column("started_before_window"))), EPISODE.key, frame, is_cut)
    unchanged = known.index[known["last_at"] == frame.loc[known.index, "last_at"]]
    _take(frame, known, EPISODE_BEGINNING)
    _take(frame, known.loc[unchanged], EPISODE_CONTENT)
    return frame


def whole_turns(newest: pa.Table, stored: pa.Table) -> pd.DataFrame:
    """`newest` (one row per turn) with the clocks that rows of `stored` still know."""
    frame = as_frame(newest)
    is_cut = (frame["side"] == "client") & frame["clock_at"].isna()
    known = _newest_of(stored.filter(pc.is_valid(stored.column("clock_at"))), TURN.key, frame, is_cut)
    _take(frame, known, TURN_BEGINNING)
    return frame


def _newest_of(stored: pa.Table, key: Sequence[str], frame: pd.DataFrame, is_cut: pd.Series) -> pd.DataFrame:
    """The newest stored row of each cut row that has one, under the cut row's index."""
    name = key[0]
    wanted = frame.loc[is_cut, name]
    rows = as_frame(stored.filter(pc.is_in(stored.column(name), pa.array(wanted, pa.string()))))
    rows = rows.sort_values("source_updated_at", kind="stable").drop_duplicates(name, keep="last").set_index(name)
    found = wanted[wanted.isin(rows.index)]
    known = rows.loc[found]
    known.index = found.index
    return known


def _take(frame: pd.DataFrame, known: pd.DataFrame, columns: Sequence[str]) -> None:
    for column in columns:
        frame.loc[known.index, column] = known[column]
