"""What holds clients back, whether managers answered it, and how it ended (#13)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from synkro_resources.rules.deal_history import DealHistory
from synkro_resources.rules.metrics.labels import Labels
from synkro_resources.rules.statistics import Share

OUTCOMES = ("accepted", "declined", "open")


@dataclass(frozen=True)
class Objections:
    """`rows`: one per episode and code, with `deal_id`, `handled`, `outcome`, `finding_id`, `band`.

    `deals`: deals with an analysed active episode.
    """

    rows: pd.DataFrame
    deals: frozenset[int]

    @property
    def codes(self) -> tuple[str, ...]:
        """Most deals first, then most episodes."""
        shares = [(self.share(code).num, len(self.of(code)), str(code)) for code in self.rows["code"].unique()]
        return tuple(code for _, _, code in sorted(shares, key=lambda item: (-item[0], -item[1], item[2])))

    def of(self, code: str | None = None) -> pd.DataFrame:
        """The rows of one code, or all."""
        return self.rows if code is None else self.rows[self.rows["code"] == code]

    def share(self, code: str | None = None) -> Share:
        """Deals with the objection (with any, without `code`) of the deals with an analysed active episode."""
        with_it = set(self.of(code)["deal_id"].dropna().astype("int64"))
        return Share(len(with_it & self.deals), len(self.deals))

    def handled(self, code: str | None = None) -> Share:
        """Episodes where a manager answered the objection, of those with it; without `code` each code counts once."""
        rows = self.of(code)
        return Share(int((rows["handled"] == "handled").sum()), len(rows))

    def outcome(self, outcome: str, code: str | None = None) -> int:
        return int((self.of(code)["outcome"] == outcome).sum())

    def without_deal(self, code: str | None = None) -> int:
        """Episodes with the objection that belong to no deal."""
        rows = self.of(code)
        return int(rows.loc[rows["deal_id"].isna(), "episode_key"].nunique())


def objections(
    labels: Labels,
    active: pd.DataFrame,
    history: DealHistory,
    *,
    as_of: datetime,
    excluded_pipelines: Iterable[int] = (),
) -> Objections:
    """#13 over the analysed episodes of `active`; a code counts once per episode and once per deal.

    Deals that are deleted, merged or excluded at `as_of` count nowhere.
    """
    labels = labels.trusted
    seen = [deal.deal_id for deal in history.visible(as_of, excluded_pipelines)]
    analysed = active[labels.are_for(active["episode_key"])]
    analysed = analysed[analysed["deal_id"].isna() | analysed["deal_id"].isin(seen)]
    raised = labels.found("objection", analysed["episode_key"])
    raised = raised[raised["value"] == "raised"].drop_duplicates(["episode_key", "code"])
    rows = raised[["episode_key", "code", "finding_id", "band"]].merge(
        analysed[["episode_key", "dialog_id", "deal_id", "last_at"]], on="episode_key"
    )
    for kind, name in (("objection_reply", "handled"), ("objection_outcome", "outcome")):
        found = labels.found(kind, analysed["episode_key"]).drop_duplicates(["episode_key", "code"])
        answer = found[["episode_key", "code", "value"]].rename(columns={"value": name})
        rows = rows.merge(answer, on=["episode_key", "code"], how="left")
    return Objections(
        rows.sort_values(["last_at", "episode_key", "code"], kind="stable").reset_index(drop=True),
        frozenset(int(deal) for deal in analysed["deal_id"].dropna().unique()),
    )
