"""Reading the labelable episodes of a run's days, and all that their conversations are made of."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol, cast

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from synkro_assets.analysis.conversations import LOST_STATUS, MESSAGE_COLUMNS, Conversations, Episode
from synkro_assets.analysis.vocabulary import Variant
from synkro_resources.lake import Lake
from synkro_resources.model.tables.crm import CALL, CONTACT, DEAL, DEAL_CONTACT, MANAGER
from synkro_resources.model.tables.dialogs import DIALOG, EPISODE, MESSAGE, TURN
from synkro_resources.model.tenant_settings import TenantSettings
from synkro_resources.model.window import TenantWindow
from synkro_resources.rules.masking.names import Named
from synkro_resources.rules.masking.tokens import Tokens

EPISODE_COLUMNS = (
    "episode_key",
    "dialog_id",
    "first_visible_at",
    "last_at",
    "started_before_window",
    "labelable",
    "analysable",
    "channel",
    "contact_id",
    "deal_id",
    "superseded_at",
)
CALL_COLUMNS = ("contact_id", "deal_id", "direction", "at", "duration_s", "is_connected")


class StoredDays(Protocol):
    """Some days of one tenant in the lake: a run's, or those of an evaluation beside any run."""

    @property
    def lake(self) -> Lake: ...
    @property
    def tenant(self) -> str: ...
    @property
    def window(self) -> TenantWindow: ...
    @property
    def settings(self) -> TenantSettings: ...


def episodes_of(run: StoredDays) -> list[Episode]:
    """Labelable episodes with a message on a day of the run, as known at that day's end; newest day first, then by
    urgency.
    """
    deals = run.lake.read_current(DEAL, run.tenant, columns=["deal_id", "status_id", "closed_at", "price"]).to_pandas()
    by_deal = {int(row["deal_id"]): row for row in deals.to_dict("records")}
    found: list[Episode] = []
    for day in sorted(run.window.days, reverse=True):
        of_day = TenantWindow(run.tenant, run.window.zone, day, day)
        rows = run.lake.read_days(EPISODE, run.tenant, [day], columns=EPISODE_COLUMNS, missing_ok=True)
        rows = rows.filter(pc.field("labelable") & pc.field("superseded_at").is_null())
        rows = rows.filter(pc.field("last_at") >= pa.scalar(of_day.start))
        waiting = _waiting(run, day)
        episodes = [_episode(day, of_day, row, waiting, by_deal) for row in rows.to_pylist()]
        found += sorted(episodes, key=lambda episode: episode.urgency)
    return found


def conversations_of(run: StoredDays, episodes: Sequence[Episode], tokens: Tokens, characters: int) -> Conversations:
    """What the conversations of these episodes are made of."""
    dialogs = pa.array(sorted({episode.dialog_id for episode in episodes}), pa.int64())
    settings = run.settings
    return Conversations(
        messages=_messages(run, dialogs),
        calls=_calls(run),
        names=_names(run.lake.read_current(CONTACT, run.tenant, columns=["contact_id", "name"]), "contact_id"),
        deal_contacts=_deal_contacts(run),
        profiles=_names(run.lake.read_current(DIALOG, run.tenant, columns=["dialog_id", "name"]), "dialog_id"),
        managers=[
            Named(manager, name)
            for manager, name in _names(
                run.lake.read_current(MANAGER, run.tenant, columns=["manager_id", "name"]), "manager_id"
            ).items()
        ],
        author_map=settings.author_map,
        tokens=tokens,
        zone=settings.zone,
        characters=characters,
    )


def _messages(run: StoredDays, dialogs: pa.Array) -> pd.DataFrame:
    """Counted messages of these dialogs in the window and as far back as an episode can begin."""
    days = run.window.widened(days_back=run.settings.lookback_days).days
    pieces: list[pa.Table] = []
    for day in days:
        rows = run.lake.read_days(MESSAGE, run.tenant, [day], columns=[*MESSAGE_COLUMNS, "is_counted"], missing_ok=True)
        pieces.append(rows.filter(pc.field("is_counted") & pc.field("dialog_id").isin(dialogs)))
    return pa.concat_tables(pieces).select(list(MESSAGE_COLUMNS)).to_pandas()


def _calls(run: StoredDays) -> pd.DataFrame:
    rows = run.lake.read_current(CALL, run.tenant, columns=CALL_COLUMNS)
    return rows.filter(pc.field("is_connected")).to_pandas()


def _deal_contacts(run: StoredDays) -> dict[int, list[int]]:
    rows = run.lake.read_current(DEAL_CONTACT, run.tenant, columns=["deal_id", "contact_id"])
    found: dict[int, list[int]] = {}
    for deal, contact in zip(*(rows.column(name).to_pylist() for name in ("deal_id", "contact_id")), strict=True):
        found.setdefault(deal, []).append(contact)
    return found


def _names(rows: pa.Table, key: str) -> dict[int, str]:
    pairs = zip(rows.column(key).to_pylist(), rows.column("name").to_pylist(), strict=True)
    return {int(number): str(name) for number, name in pairs if number is not None and name}


def _waiting(run: StoredDays, day: date) -> set[str]:
    """Episodes whose last client turn still waits for an answer at the day's end."""
    columns = ["episode_key", "is_last_client_turn", "needs_reply", "answered_at", "superseded_at"]
    rows = run.lake.read_days(TURN, run.tenant, [day], columns=columns, missing_ok=True)
    rows = rows.filter(pc.field("answered_at").is_null() & pc.field("superseded_at").is_null())
    rows = rows.filter(pc.field("is_last_client_turn") & pc.field("needs_reply"))
    return {str(key) for key in rows.column("episode_key").to_pylist()}


def _episode(
    day: date,
    of_day: TenantWindow,
    row: dict[str, object],
    waiting: set[str],
    deals: Mapping[int, Mapping[Hashable, object]],
) -> Episode:
    deal_id = cast("int | None", row["deal_id"])
    deal = deals.get(deal_id, {}) if deal_id is not None else {}
    closed, price = deal.get("closed_at"), deal.get("price")
    lost = deal.get("status_id") == LOST_STATUS and isinstance(closed, datetime)
    return Episode(
        day=day,
        episode_key=str(row["episode_key"]),
        dialog_id=cast("int", row["dialog_id"]),
        first_at=cast("datetime", row["first_visible_at"]),
        last_at=cast("datetime", row["last_at"]),
        channel=str(row["channel"]),
        started_before_window=bool(row["started_before_window"]),
        variant=Variant.FULL if row["analysable"] else Variant.LABELS,
        contact_id=cast("int | None", row["contact_id"]),
        deal_id=deal_id,
        waits=row["episode_key"] in waiting,
        lost_on_day=lost and of_day.start <= cast("datetime", closed) < of_day.end,
        price=0.0 if price is None or pd.isna(cast("float", price)) else float(cast("float", price)),
    )
