"""Deals lost, won and reopened in a period, with the CRM's reason (#9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from synkro_resources.rules.deal_history import LOST, WON, Deal, DealHistory


@dataclass(frozen=True, slots=True)
class ClosedDeal:
    """One deal with its last loss or win; `price`: roubles, None if not given."""

    deal_id: int
    at: datetime
    price: int | None
    reason_id: int | None
    reason: str | None
    manager_id: int | None
    attribution: str
    reopened: bool


@dataclass(frozen=True, slots=True)
class ReasonTotal:
    """Lost deals of one CRM reason; `reason` None: not given."""

    reason_id: int | None
    reason: str | None
    count: int
    amount: int


@dataclass(frozen=True, slots=True)
class LostDeals:
    """Deals lost and won in the period, one row per deal, and how many came back from lost."""

    lost: tuple[ClosedDeal, ...]
    won: tuple[ClosedDeal, ...]
    reopened: int
    reopened_open: int

    @property
    def amount(self) -> int:
        return sum(row.price or 0 for row in self.lost)

    @property
    def won_amount(self) -> int:
        return sum(row.price or 0 for row in self.won)

    @property
    def without_price(self) -> int:
        return sum(row.price is None for row in self.lost)

    @property
    def without_reason(self) -> int:
        return sum(row.reason_id is None for row in self.lost)

    def by_reason(self) -> list[ReasonTotal]:
        """Most frequent first, deals without a reason as their own row."""
        groups: dict[int | None, list[ClosedDeal]] = {}
        for row in self.lost:
            groups.setdefault(row.reason_id, []).append(row)
        totals = [
            ReasonTotal(reason_id, rows[0].reason, len(rows), sum(row.price or 0 for row in rows))
            for reason_id, rows in groups.items()
        ]
        return sorted(totals, key=lambda total: (-total.count, -total.amount, total.reason or ""))


def lost_deals(
    history: DealHistory,
    *,
    start: datetime,
    end: datetime,
    as_of: datetime,
    reasons: Mapping[int, str],
    excluded_pipelines: Iterable[int] = (),
) -> LostDeals:
    """#9: deals that are lost at `as_of` and whose last move into lost lies in `[start, end)`; won by the same rule.

    Reopened: deals that moved from lost to an open stage in the period. Deleted and merged deals are left out.
    """
    moved = history.moved_within(start, end)
    deals = [deal for deal in history.visible(as_of, excluded_pipelines) if deal.deal_id in moved]
    back = {
        deal.deal_id
        for deal in deals
        if any(move.is_reopening and start <= move.at < end for move in history.moves(deal.deal_id))
    }

    def closed(status: int) -> tuple[ClosedDeal, ...]:
        rows = [
            _closed(history, deal, at, reasons, reopened=deal.deal_id in back)
            for deal in deals
            if history.stage_at(deal.deal_id, as_of)[1] == status
            and (at := _last_closing(history, deal.deal_id, status)) is not None
            and start <= at < end
        ]
        return tuple(sorted(rows, key=lambda row: (row.at, row.deal_id)))

    return LostDeals(closed(LOST), closed(WON), len(back), sum(history.is_open_at(deal_id, as_of) for deal_id in back))


def _last_closing(history: DealHistory, deal_id: int, status: int) -> datetime | None:
    found = [move.at for move in history.moves(deal_id) if (move.is_loss if status == LOST else move.is_win)]
    return found[-1] if found else None


def _closed(
    history: DealHistory, deal: Deal, at: datetime, reasons: Mapping[int, str], *, reopened: bool
) -> ClosedDeal:
    responsible = history.responsible_at(deal.deal_id, at)
    reason_id = deal.loss_reason_id
    return ClosedDeal(
        deal_id=deal.deal_id,
        at=at,
        price=deal.price,
        reason_id=reason_id,
        reason=None if reason_id is None else reasons.get(reason_id, str(reason_id)),
        manager_id=responsible.manager_id,
        attribution=responsible.attribution,
        reopened=reopened,
    )
