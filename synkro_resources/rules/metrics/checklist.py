"""How well managers lead dialogs, by the yes and no of the checklist (#14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from synkro_resources.model.rubric import RUBRICS, Rubric, RubricItem, unknown_rubric
from synkro_resources.rules.metrics.frames import among
from synkro_resources.rules.metrics.labels import DOUBTFUL, Labels
from synkro_resources.rules.statistics import Share

SMALLEST_WEIGHT = 30  # fewer points asked say little about a dialog
MOST_UNDETERMINED = 0.30


@dataclass(frozen=True)
class Checklist:
    """#14. `episodes`: `score` (missing if it would say too little) and `undetermined` (part of the weight).

    `answers`: one row per episode and item with `answer` yes, no, not_applicable, undetermined or disputed, its
    `rubric`, `weight`, `is_critical`, `finding_id`, `quote_message_id` and `band`. A disputed item is in no number
    until somebody decides.
    """

    episodes: pd.DataFrame
    answers: pd.DataFrame

    @property
    def scored(self) -> pd.DataFrame:
        return self.episodes[self.episodes["score"].notna()]

    @property
    def mean(self) -> float | None:
        """Mean of the episode scores, 0…100."""
        return mean_score(self.scored)

    @property
    def failed(self) -> pd.DataFrame:
        return self.answers[self.answers["answer"] == "no"]

    @property
    def critical_fails(self) -> pd.DataFrame:
        """Failed critical items, those to be checked by a person too."""
        failed = self.failed
        return failed[failed["is_critical"].astype(bool)]

    @property
    def sure_critical_fails(self) -> pd.DataFrame:
        """Those that may be counted."""
        failed = self.critical_fails
        return failed[failed["band"] != DOUBTFUL]

    def pass_rates(self) -> dict[str, Share]:
        """Per item yes of yes and no."""
        found: dict[str, Share] = {}
        for code, answers in self.answers.groupby("code")["answer"]:
            yes, no = int((answers == "yes").sum()), int((answers == "no").sum())
            found[str(code)] = Share(yes, yes + no)
        return found


def mean_score(scored: pd.DataFrame) -> float | None:
    """Group score: the mean of its episodes' scores; None without any."""
    return float(scored["score"].mean()) if len(scored) else None


def checklist(labels: Labels, active: pd.DataFrame, rubrics: Mapping[str, Rubric] = RUBRICS) -> Checklist:
    """#14 over the episodes of `active` that were scored by a checklist, each by the version it was scored by.

    Raises:
        DataError: `rubric.unknown`.
    """
    labels = labels.trusted
    analyses = labels.answers
    analyses = analyses[(analyses["variant"] == "full") & among(analyses["episode_key"], active["episode_key"])]
    answers = _answers(labels, analyses, rubrics)
    weight = answers["weight"].to_numpy()
    parts = pd.DataFrame(
        {
            "episode_key": answers["episode_key"],
            "yes": weight * (answers["answer"] == "yes"),
            "asked": weight * answers["answer"].isin(["yes", "no"]),
            "open": weight * (answers["answer"] == "undetermined"),
        }
    )
    sums = parts.groupby("episode_key", sort=True)[["yes", "asked", "open"]].sum().astype("float64").reset_index()
    known = sums["asked"] + sums["open"]
    sums["undetermined"] = (sums["open"] / known.where(known > 0)).fillna(0.0)
    enough = (sums["asked"] >= SMALLEST_WEIGHT) & (sums["undetermined"] <= MOST_UNDETERMINED)
    sums["score"] = (100 * sums["yes"] / sums["asked"].where(sums["asked"] > 0)).where(enough)
    about = active[["episode_key", "dialog_id", "deal_id", "last_at"]]
    episodes = sums[["episode_key", "score", "undetermined"]].merge(about, on="episode_key", how="left")
    return Checklist(episodes, answers.merge(about, on="episode_key", how="left"))


def _answers(labels: Labels, analyses: pd.DataFrame, rubrics: Mapping[str, Rubric]) -> pd.DataFrame:
    """Every item of every episode; an item without a finding is undetermined."""
    items = [
        {
            "episode_key": key,
            "rubric": version,
            "code": item.code,
            "weight": item.weight,
            "is_critical": item.is_critical,
        }
        for key, version in zip(analyses["episode_key"], analyses["rubric"], strict=True)
        for item in _items(rubrics, str(version))
    ]
    asked = pd.DataFrame(items, columns=["episode_key", "rubric", "code", "weight", "is_critical"])
    found = labels.found("checklist", analyses["episode_key"]).drop_duplicates(["episode_key", "code"])
    found = found[["episode_key", "code", "finding_id", "band", "quote_message_id", "applicability", "value"]]
    rows = asked.merge(found, on=["episode_key", "code"], how="left")
    applicable = (rows["applicability"] == "applicable") & rows["value"].isin(["yes", "no"])
    rows["answer"] = rows["value"].where(applicable, "undetermined")
    rows.loc[rows["applicability"] == "not_applicable", "answer"] = "not_applicable"
    rows.loc[rows["finding_id"].isin(labels.overlay.disputed), "answer"] = "disputed"
    return rows.drop(columns=["applicability", "value"]).sort_values(["episode_key", "code"]).reset_index(drop=True)


def _items(rubrics: Mapping[str, Rubric], version: str) -> tuple[RubricItem, ...]:
    if version not in rubrics:
        raise unknown_rubric(version)
    return rubrics[version].items
