"""Dialogs of people who want to buy and for whom nobody made a deal (#7)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast

import pandas as pd

from synkro_resources.model.taxonomy import MAY_BUY, PURCHASE_INTENTS
from synkro_resources.rules.deal_history import Deal, DealHistory
from synkro_resources.rules.metrics.frames import records, values, whole
from synkro_resources.rules.metrics.labels import Labels, first_by_episode
from synkro_resources.rules.metrics.turns import within
from synkro_resources.rules.statistics import Share

DealState = Literal["with_deal", "without_deal", "pending", "unmatched"]


@dataclass(frozen=True, slots=True)
class PurchaseDialog:
    """One episode with a wish to buy. `finding_id`: where the client said it."""

    episode_key: str
    dialog_id: int
    channel: str
    start_at: datetime
    state: DealState
    finding_id: str
    band: str
    intent: str
    only_unsorted: bool = False
    deal_created_late: bool = False


@dataclass(frozen=True, slots=True)
class WithoutDeal:
    """#7. `excluded`: analysed episodes that need no deal, by reason: the kind of client, or `no_purchase_intent`."""

    rows: tuple[PurchaseDialog, ...]
    excluded: dict[str, int]

    def of(self, *states: DealState) -> tuple[PurchaseDialog, ...]:
        return tuple(row for row in self.rows if row.state in states)

    @property
    def share(self) -> Share:
        """Without deal, of those judged."""
        return _share(self.rows)

    @property
    def created_late(self) -> int:
        return sum(row.deal_created_late for row in self.rows)

    @property
    def only_unsorted(self) -> int:
        return sum(row.only_unsorted for row in self.rows)

    def by_channel(self) -> dict[str, Share]:
        channels = sorted({row.channel for row in self.rows})
        return {channel: _share(row for row in self.rows if row.channel == channel) for channel in channels}


def dialogs_without_deal(
    labels: Labels,
    episodes: pd.DataFrame,
    deal_contacts: pd.DataFrame,
    history: DealHistory,
    *,
    start: datetime,
    end: datetime,
    as_of: datetime,
    grace: timedelta,
    unsorted: Collection[tuple[int, int]] = (),
    excluded_pipelines: Iterable[int] = (),
) -> WithoutDeal:
    """#7: client-opened episodes that start in `[start, end)` with a validated purchase intent, judged after `grace`.

    `unsorted`: pipeline and status of the stages «Неразобранное». Deals won or lost before the episode do not count.
    """
    opened = episodes[
        (episodes["opened_by"] == "client").fillna(False).astype(bool)
        & ~episodes["started_before_window"].astype(bool)
        & within(episodes["start_at"], start, end)
        & labels.are_for(episodes["episode_key"])
    ]
    intents = labels.found("intent", opened["episode_key"])
    wishes = first_by_episode(intents[intents["code"].isin(PURCHASE_INTENTS)])
    kinds = first_by_episode(labels.found("client_type", opened["episode_key"]))
    # Who analyses nothing has no wishes; a hundred thousand links are then not read for nothing.
    deals = _deals_by_contact(deal_contacts, history, as_of, excluded_pipelines) if wishes else {}
    rows: list[PurchaseDialog] = []
    excluded: Counter[str] = Counter()
    for row in records(opened.sort_values(["start_at", "episode_key"], kind="stable")):
        key = str(row["episode_key"])
        kind = str(kinds[key]["code"]) if key in kinds else "unclear"
        if kind not in MAY_BUY:
            excluded[kind] += 1
        elif key not in wishes:
            excluded["no_purchase_intent"] += 1
        else:
            contact = whole(row["contact_id"])
            of_contact = None if contact is None else deals.get(contact, [])
            rows.append(_judged(row, wishes[key], of_contact, history, as_of, grace, set(unsorted)))
    return WithoutDeal(tuple(rows), dict(sorted(excluded.items())))


def _judged(
    row: Mapping[str, object],
    wish: Mapping[str, object],
    deals: list[Deal] | None,
    history: DealHistory,
    as_of: datetime,
    grace: timedelta,
    unsorted: Collection[tuple[int | None, int | None]],
) -> PurchaseDialog:
    begun = cast(datetime, row["start_at"])
    deadline = begun + grace
    stages = [
        history.stage_at(deal.deal_id, at)
        for deal in deals or ()
        for at in _changes(history, deal, begun, deadline)
        if history.is_open_at(deal.deal_id, at)
    ]
    if deadline > as_of:
        state: DealState = "pending"
    elif deals is None:
        state = "unmatched"
    else:
        state = "with_deal" if stages else "without_deal"
    created = [deal.created_at for deal in deals or () if deal.created_at is not None]
    return PurchaseDialog(
        episode_key=str(row["episode_key"]),
        dialog_id=int(str(row["dialog_id"])),
        channel=str(row["channel"]),
        start_at=begun,
        state=state,
        finding_id=str(wish["finding_id"]),
        band=str(wish["band"]),
        intent=str(wish["code"]),
        only_unsorted=state == "with_deal" and all(stage in unsorted for stage in stages),
        deal_created_late=state == "without_deal" and any(deadline < at <= as_of for at in created),
    )


def _changes(history: DealHistory, deal: Deal, first: datetime, last: datetime) -> Iterator[datetime]:
    """The instants within `[first, last]` at which the deal can have become open."""
    yield first
    if deal.created_at is not None and first < deal.created_at <= last:
        yield deal.created_at
    yield from (move.at for move in history.moves(deal.deal_id) if first < move.at <= last)


def _deals_by_contact(
    deal_contacts: pd.DataFrame, history: DealHistory, as_of: datetime, excluded: Iterable[int]
) -> dict[int, list[Deal]]:
    """A link holds while its version equals the deal's: unlinked contacts leave an older row behind."""
    seen = {deal.deal_id: deal for deal in history.visible(as_of, excluded)}
    found: dict[int, list[Deal]] = defaultdict(list)
    columns = (values(deal_contacts[name]) for name in ("deal_id", "contact_id", "source_updated_at"))
    for deal_id, contact_id, version in zip(*columns, strict=True):
        deal = None if deal_id is None else seen.get(cast(int, deal_id))
        if deal and contact_id is not None and version == deal.version:
            found[cast(int, contact_id)].append(deal)
    return found


def _share(rows: Iterable[PurchaseDialog]) -> Share:
    states = Counter(row.state for row in rows)
    return Share(states["without_deal"], states["without_deal"] + states["with_deal"])
