"""Offers that clients left without an answer, and whether anybody came back to them (#17)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import pandas as pd

from synkro_resources.rules.deal_history import DealHistory, Responsible
from synkro_resources.rules.metrics.calls import first_connected_call
from synkro_resources.rules.metrics.frames import moment, records, values, whole
from synkro_resources.rules.metrics.labels import Labels
from synkro_resources.rules.statistics import Share
from synkro_resources.rules.working_time import Calendar

OfferState = Literal["followed_up", "abandoned", "open"]


@dataclass(frozen=True, slots=True)
class Offer:
    """One offer that the client has not answered. `limit`: when it is judged, the end of the n-th working day.

    `by_bot`: a bot wrote after it; that is told apart and is no manager's follow-up. `owner`: who answered for the deal
    at the limit.
    """

    finding_id: str
    episode_key: str
    deal_id: int | None
    made_at: datetime
    limit: datetime
    state: OfferState
    by_bot: bool
    owner: Responsible
    band: str


@dataclass(frozen=True, slots=True)
class FollowUps:
    """Offers with a silent client, by the time they are judged."""

    rows: tuple[Offer, ...]

    def of(self, *states: OfferState) -> tuple[Offer, ...]:
        return tuple(row for row in self.rows if row.state in states)

    @property
    def abandoned(self) -> Share:
        return Share(len(self.of("abandoned")), len(self.of("followed_up", "abandoned")))

    @property
    def by_bot_alone(self) -> int:
        """Abandoned offers to which a bot came back."""
        return sum(row.by_bot for row in self.of("abandoned"))


def follow_ups(
    labels: Labels,
    episodes: pd.DataFrame,
    messages: pd.DataFrame,
    calls: pd.DataFrame,
    history: DealHistory,
    calendar: Calendar,
    *,
    start: datetime,
    end: datetime,
    as_of: datetime,
    working_days: int,
) -> FollowUps:
    """#17: offers whose limit lies in `[start, end)`, and those still open, as known at `as_of`.

    A message of the client in the same dialog up to the limit, or a refusal, takes the offer out. Any later delivered
    message of a manager there, or a connected call on the deal or contact, is a follow-up.
    """
    written = messages[messages["is_counted"].astype(bool) & (messages["sent_at"] < as_of)]
    sent = dict(zip(written["message_id"], values(written["sent_at"]), strict=True))
    dialog_of = dict(zip(written["message_id"], map(whole, values(written["dialog_id"])), strict=True))
    about = {str(row["episode_key"]): row for row in records(episodes[["episode_key", "deal_id", "contact_id"]])}
    labels = labels.trusted
    refused = set(_applicable(labels, "refusal", episodes)["episode_key"])
    rows: list[Offer] = []
    for row in records(_applicable(labels, "offer", episodes)):
        key, message_id = str(row["episode_key"]), str(row["quote_message_id"])
        made_at = moment(sent.get(message_id))
        if made_at is None or key in refused:
            continue
        limit = calendar.end_of_working_day(made_at, working_days)
        until = min(limit, as_of)
        later = written[
            (written["dialog_id"] == dialog_of[message_id]).fillna(False).astype(bool)
            & (written["sent_at"] > made_at)
            & (written["sent_at"] <= until)
        ]
        if (later["author_kind"] == "client").any():
            continue
        deal_id, contact_id = whole(about[key]["deal_id"]), whole(about[key]["contact_id"])
        delivered = later[later["error_at"].isna()]
        came_back = (delivered["author_kind"] == "manager").any()
        called = first_connected_call(calls, deal_id, contact_id, since=made_at, until=until)
        is_followed = bool(came_back) or called is not None
        # An answer may still come until the limit and take even a followed offer out, so nothing is judged before it.
        state: OfferState = "open" if as_of <= limit else "followed_up" if is_followed else "abandoned"
        if state != "open" and not start <= limit < end:
            continue
        rows.append(
            Offer(
                finding_id=str(row["finding_id"]),
                episode_key=key,
                deal_id=deal_id,
                made_at=made_at,
                limit=limit,
                state=state,
                by_bot=bool((delivered["author_kind"] == "bot").any()),
                owner=history.responsible_at(deal_id, limit),
                band=str(row["band"]),
            )
        )
    return FollowUps(tuple(sorted(rows, key=lambda row: (row.limit, row.finding_id))))


def _applicable(labels: Labels, kind: str, episodes: pd.DataFrame) -> pd.DataFrame:
    found = labels.found(kind, episodes["episode_key"])
    return found[found["applicability"] == "applicable"]
