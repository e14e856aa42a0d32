"""What clients said about lost deals, against the reason in the CRM (#9, mismatch)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from synkro_resources.rules.metrics.frames import text
from synkro_resources.rules.metrics.labels import Labels, first_by_episode
from synkro_resources.rules.metrics.lost import ClosedDeal, LostDeals
from synkro_resources.rules.statistics import Share

TALKED_BEFORE = timedelta(days=14)
TALKED_AFTER = timedelta(days=1)  # managers close a deal and say goodbye afterwards


@dataclass(frozen=True, slots=True)
class ReasonPair:
    """One lost deal whose reason is known from both sides; both are codes of the taxonomy."""

    deal: ClosedDeal
    crm_reason: str
    dialog_reason: str
    episode_key: str
    finding_id: str
    band: str

    @property
    def differs(self) -> bool:
        return self.crm_reason != self.dialog_reason


@dataclass(frozen=True, slots=True)
class LostReasons:
    """Lost deals with both reasons. `unmapped`: the CRM reason has no code; `unknown`: the dialog gave no reason."""

    pairs: tuple[ReasonPair, ...]
    unmapped: int
    unknown: int

    @property
    def differing(self) -> tuple[ReasonPair, ...]:
        return tuple(pair for pair in self.pairs if pair.differs)

    @property
    def share(self) -> Share:
        return Share(len(self.differing), len(self.pairs))


def lost_reasons(
    labels: Labels, lost: LostDeals, episodes: pd.DataFrame, reason_codes: Mapping[int, str]
) -> LostReasons:
    """#9: per lost deal the reason in its newest analysed episode from 14 days before the loss to a day after it.

    `reason_codes`: CRM loss reason → code. Deals without a CRM reason are out; `LostDeals` counts them.
    """
    given = [row for row in lost.lost if row.reason_id is not None]
    mapped = [row for row in given if row.reason_id in reason_codes]
    talked = _newest_episodes(labels, mapped, episodes)
    said = first_by_episode(labels.found("lost_reason"))
    pairs: list[ReasonPair] = []
    for deal in mapped:
        key = talked.get(deal.deal_id)
        if key is None or key not in said or deal.reason_id is None:
            continue
        found = said[key]
        pairs.append(
            ReasonPair(
                deal,
                reason_codes[deal.reason_id],
                str(found["code"]),
                key,
                str(found["finding_id"]),
                text(found["band"]) or "",
            )
        )
    return LostReasons(tuple(pairs), len(given) - len(mapped), len(mapped) - len(pairs))


def _newest_episodes(labels: Labels, deals: list[ClosedDeal], episodes: pd.DataFrame) -> dict[int, str]:
    """Per deal its last analysed episode around the loss."""
    losses = pd.DataFrame({"deal_id": [deal.deal_id for deal in deals], "lost_at": [deal.at for deal in deals]})
    if losses.empty:
        return {}
    talks = episodes[episodes["deal_id"].notna() & labels.are_for(episodes["episode_key"])]
    near = talks[["episode_key", "deal_id", "last_at"]].astype({"deal_id": "int64"}).merge(losses, on="deal_id")
    near = near[
        (near["last_at"] >= near["lost_at"] - TALKED_BEFORE) & (near["last_at"] <= near["lost_at"] + TALKED_AFTER)
    ]
    newest = near.sort_values(["last_at", "episode_key"]).drop_duplicates("deal_id", keep="last")
    return {int(deal): str(key) for deal, key in zip(newest["deal_id"], newest["episode_key"], strict=True)}
