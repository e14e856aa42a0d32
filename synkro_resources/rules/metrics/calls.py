"""Calls on the card of an episode: who spoke by phone has not been forgotten."""

from __future__ import annotations

from datetime import datetime

import pandas as pd


def first_connected_call(
    calls: pd.DataFrame, deal_id: int | None, contact_id: int | None, *, since: datetime, until: datetime
) -> datetime | None:
    """The first connected call on this deal or contact after `since` and before `until`; None without one."""
    ours = pd.Series(data=False, index=calls.index)
    if deal_id is not None:
        ours |= (calls["deal_id"] == deal_id).fillna(False).astype(bool)
    if contact_id is not None:
        ours |= (calls["contact_id"] == contact_id).fillna(False).astype(bool)
    connected = calls["is_connected"].fillna(False).astype(bool)
    times = calls.loc[ours & connected & (calls["at"] > since) & (calls["at"] < until), "at"]
    return None if times.empty else times.min().to_pydatetime()
