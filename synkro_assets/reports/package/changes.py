"""How the figures of a report compare with the period before: previous values, tests and verdicts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pandas as pd

from synkro_resources.model.package import Change, PackageMetric
from synkro_resources.rules.metrics.turns import TurnState
from synkro_resources.rules.statistics import (
    NOT_COMPARABLE,
    Share,
    Tested,
    compare_counts,
    compare_shares,
    wilson,
)
from synkro_resources.rules.statistics.bootstrap import (
    DialogSample,
    MedianSample,
    RatioSample,
    compare_samples,
    seed_of,
)

Key = tuple[int, str]
TESTED: Mapping[Key, int] = {
    (0, "new_episodes_per_day"): 0,
    (1, "frt_median"): -1,
    (3, "in_sla"): 1,
    (7, "no_deal"): -1,
    (8, "new_silent"): -1,
    (9, "lost_per_day"): 0,
    (10, "conversion"): 1,
    (12, "sentiment_negative"): -1,
    (13, "objection"): 0,
    (14, "checklist_mean"): 1,
}
"""The only figures that are tested, one part of each, with their polarity; more tests would find changes by chance."""
COUNTS = frozenset({(0, "new_episodes_per_day"), (9, "lost_per_day")})
BY_DIALOG = frozenset({(1, "frt_median"), (3, "in_sla"), (14, "checklist_mean")})
"""Compared by resampling dialogs, for the rows of one dialog are not independent."""
LABELLED = frozenset({6, 7, 12, 13, 14, 15, 16, 17, 18})
"""Metrics that rest on a language model's labels: comparable only under the same rubric and masker."""
LABELLED_CODES = frozenset({(9, "mismatch"), (9, "mismatch_unmapped")})


@dataclass(frozen=True)
class DialogSamples:
    """The rows behind the figures that are compared by dialog, by figure code; a missing code is not compared."""

    tenant: str
    start: datetime
    end: datetime
    now: Mapping[str, DialogSample] = field(default_factory=dict[str, DialogSample])
    before: Mapping[str, DialogSample] = field(default_factory=dict[str, DialogSample])

    def test(self, code: str) -> Tested:
        if code not in self.now or code not in self.before:
            return NOT_COMPARABLE
        seed = seed_of(self.tenant, code, self.start, self.end)
        return compare_samples(self.now[code], self.before[code], seed=seed)


def dialog_samples(
    first_responses: pd.DataFrame, judged: pd.DataFrame, scores: Iterable[tuple[int, float]] | None = None
) -> dict[str, DialogSample]:
    """One period's samples: rows of #1 (`dialog_id`, `wt`), of #3 (`dialog_id`, `state`), episode scores of #14.

    `scores`: dialog id and checklist score of each scored episode; None where there are no labels.
    """
    in_time = judged["state"] == TurnState.IN_SLA
    found: dict[str, DialogSample] = {
        "frt_median": MedianSample.of(
            (int(dialog), float(wt))
            for dialog, wt in zip(first_responses["dialog_id"], first_responses["wt"], strict=True)
        ),
        "in_sla": RatioSample.of(
            (int(dialog), float(kept), 1.0) for dialog, kept in zip(judged["dialog_id"], in_time, strict=True)
        ),
    }
    if scores is not None:
        found["checklist_mean"] = RatioSample.of((dialog, score, 1.0) for dialog, score in scores)
    return found


def with_changes(
    now: Sequence[PackageMetric],
    before: Sequence[PackageMetric] | None,
    samples: DialogSamples | None = None,
    *,
    not_compared: Collection[Key] = (),
    labels_comparable: bool = True,
) -> list[PackageMetric]:
    """The metrics of `now` with the values of the period before, the tested ones with a verdict.

    `before`: None if there is no comparable period; the tested figures then say so. `samples`: None if nothing is
    tested, as in daily and preliminary reports: values in brackets only. `not_compared`: figures whose earlier value
    cannot be known. `labels_comparable`: False if rubric or masker have changed since.
    """
    earlier = {_key(metric): metric for metric in before or ()}
    chosen = frozenset[int]() if samples is None else _chosen(now)
    changed: list[PackageMetric] = []
    for position, metric in enumerate(now):
        figure = (metric.metric_no, metric.code)
        forbidden = figure in not_compared or (not labels_comparable and _is_labelled(figure))
        found = None if forbidden else earlier.get(_key(metric))
        if position in chosen:
            changed.append(_tested(metric, found, samples))
        elif found is not None:
            changed.append(replace(metric, prev_value=found.value, prev_n=found.n))
        else:
            changed.append(metric)
    return changed


def with_intervals(metrics: Iterable[PackageMetric]) -> Iterator[PackageMetric]:
    """The metrics with the Wilson interval of each manager's share of answers in time (#3)."""
    for metric in metrics:
        is_person = (metric.metric_no, metric.code, metric.scope) == (3, "in_sla", "manager")
        share = _share(metric) if is_person else None
        interval = None if share is None else wilson(share)
        if interval is None:
            yield metric
        else:
            yield replace(metric, test="wilson", ci_low=interval[0], ci_high=interval[1])


def _chosen(now: Sequence[PackageMetric]) -> frozenset[int]:
    """Positions of the tested figures: the tenant's, the first step of the first funnel, the commonest objection."""
    found: dict[Key, int] = {}
    for position, metric in enumerate(now):
        figure = (metric.metric_no, metric.code)
        scope = {10: "step", 13: "objection"}.get(metric.metric_no, "tenant")
        if figure not in TESTED or metric.scope != scope:
            continue
        if figure not in found or (metric.metric_no == 13 and _is_commoner(metric, now[found[figure]])):
            found[figure] = position
    return frozenset(found.values())


def _is_commoner(objection: PackageMetric, other: PackageMetric) -> bool:
    return (-(objection.num or 0), objection.scope_id) < (-(other.num or 0), other.scope_id)


def _tested(metric: PackageMetric, before: PackageMetric | None, samples: DialogSamples | None) -> PackageMetric:
    """The metric with its verdict; a figure that is itself missing has none."""
    if metric.value is None and metric.n is None:
        return metric
    polarity = TESTED[metric.metric_no, metric.code]
    if before is None or samples is None or "hidden" in (metric.display, before.display):
        return replace(metric, verdict=Change.NONE, polarity=polarity)
    found = _test(metric, before, samples)
    if found.verdict is Change.NONE:
        return replace(metric, verdict=Change.NONE, polarity=polarity)
    return replace(
        metric,
        prev_value=before.value,
        prev_n=before.n,
        test=found.test,
        p_value=found.p_value,
        ci_low=found.low,
        ci_high=found.high,
        verdict=found.verdict,
        polarity=polarity,
    )


def _test(metric: PackageMetric, before: PackageMetric, samples: DialogSamples) -> Tested:
    figure = (metric.metric_no, metric.code)
    if figure in BY_DIALOG:
        return samples.test(metric.code)
    now, then = _share(metric), _share(before)
    if now is None or then is None:
        return NOT_COMPARABLE
    if figure in COUNTS:  # rows in `num`, working days in `den`
        return compare_counts(now.num, then.num, now.den, then.den)
    return compare_shares(now, then)


def _share(metric: PackageMetric) -> Share | None:
    return None if metric.num is None or metric.den is None else Share(metric.num, metric.den)


def _is_labelled(figure: Key) -> bool:
    return figure[0] in LABELLED or figure in LABELLED_CODES


def _key(metric: PackageMetric) -> tuple[int, str, str, str]:
    return metric.metric_no, metric.code, metric.scope, metric.scope_id
