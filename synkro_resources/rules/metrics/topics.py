"""What clients write about more than before (#18)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from synkro_resources.model.package import Change
from synkro_resources.rules.metrics.labels import Labels
from synkro_resources.rules.statistics import Share, Tested, compare_shares

FLAGGED_FROM = 10  # fewer cases are no trend, however rare the topic was


@dataclass(frozen=True, slots=True)
class TopicTrend:
    """One topic in a week against the weeks before it, pooled."""

    topic: str
    now: Share
    before: Share
    tested: Tested

    @property
    def is_flagged(self) -> bool:
        return self.now.num >= FLAGGED_FROM and self.tested.verdict in (Change.UP, Change.DOWN)


def topic_trends(now: Mapping[str, Share], before: Sequence[Mapping[str, Share]]) -> tuple[TopicTrend, ...]:
    """#18: the topics of `now` and of the weeks `before`, most frequent now first.

    A week in which a topic was absent still counts with the episodes of that week.
    """
    topics = sorted({topic for week in (now, *before) for topic in week})
    trends = [_trend(topic, now, before) for topic in topics]
    return tuple(sorted(trends, key=lambda trend: (-trend.now.num, trend.topic)))


def topic_shares(labels: Labels, active: pd.DataFrame, renamed: Mapping[str, str] | None = None) -> dict[str, Share]:
    """Per topic the analysed active episodes with it, of all of them. `renamed`: earlier code → present code."""
    analysed = active.loc[labels.are_for(active["episode_key"]), "episode_key"]
    found = labels.found("topic", analysed)
    pairs = found[["episode_key", "code"]].replace({"code": dict(renamed or {})}).drop_duplicates()
    return {str(topic): Share(int(count), len(analysed)) for topic, count in pairs["code"].value_counts().items()}


def _trend(topic: str, now: Mapping[str, Share], before: Sequence[Mapping[str, Share]]) -> TopicTrend:
    weeks = [_of(topic, week) for week in before]
    pooled = Share(sum(week.num for week in weeks), sum(week.den for week in weeks))
    return TopicTrend(topic, _of(topic, now), pooled, compare_shares(_of(topic, now), pooled))


def _of(topic: str, week: Mapping[str, Share]) -> Share:
    """All topics of a week have the same denominator."""
    return week.get(topic) or Share(0, max((share.den for share in week.values()), default=0))
