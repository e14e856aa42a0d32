"""Stage conversion (#10) as package metrics: the shown cohort, the one before it, and the names of the steps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd

from synkro_resources.model.package import PackageMetric
from synkro_resources.model.period import Period
from synkro_resources.rules.comparison import one_back
from synkro_resources.rules.deal_history import DealHistory
from synkro_resources.rules.metrics.conversion import (
    Funnel,
    StepConversion,
    bounds,
    funnels,
    newest_mature,
    passages,
)

MATURE_FROM_DEALS = 30  # below, the rate is shown as «3 из 8»


@dataclass(frozen=True)
class ConversionFigures:
    """`now`: the metrics of the report. `before`: the same of the cohort before the shown one, empty if not known.

    `names`: display names for the package, kinds `pipeline` and `step`.
    """

    now: list[PackageMetric]
    before: list[PackageMetric]
    names: dict[str, dict[str, str]]


def conversion_figures(
    history: DealHistory,
    statuses: pd.DataFrame,
    period: Period,
    zone: ZoneInfo,
    *,
    as_of: datetime,
    events_from: datetime,
    horizon_days: int,
    handover_pairs: Collection[tuple[int, int]] = (),
    excluded_pipelines: Iterable[int] = (),
) -> ConversionFigures:
    """#10 for the newest full period of the report's kind that is mature, or for the report's own if none is.

    A young own cohort stands beside it as `young_mature`. Pipelines that nobody entered are left out.
    """
    pipelines = funnels(statuses, excluded_pipelines)
    found = passages(history, pipelines, as_of=as_of, horizon_days=horizon_days, handover_pairs=handover_pairs)
    shown = newest_mature(found, period, zone, events_from=events_from) or period
    cohort = _used(found.cohort(*bounds(shown, zone)))
    now = list(_metrics(cohort, shown))
    if shown != period:
        now.extend(_young(_used(found.cohort(*bounds(period, zone))), period))
    earlier = one_back(shown)
    start, end = bounds(earlier, zone)
    before = list(_metrics(_used(found.cohort(start, end)), earlier)) if start >= events_from else []
    return ConversionFigures(now, before, _names(pipelines))


def _used(steps: Iterable[StepConversion]) -> list[StepConversion]:
    """The steps of pipelines that anybody entered."""
    known = list(steps)
    used = {step.step.stage[0] for step in known if step.entered or step.left}
    return [step for step in known if step.step.stage[0] in used]


def _metrics(steps: Iterable[StepConversion], cohort: Period) -> Iterator[PackageMetric]:
    note = _cohort_note(cohort)
    for found in steps:
        rate = found.rate
        few = "na" if not rate.den else "few" if rate.den < MATURE_FROM_DEALS else "ok"
        yield PackageMetric(
            10,
            "conversion",
            "step",
            found.step.code,
            value=rate.value,
            num=rate.num,
            den=rate.den,
            n=rate.den,
            unit="share",
            display=few if found.is_mature else "hidden",
            note=note,
        )
        for code, count in (("entered", found.entered), ("already", found.already), ("left", found.left)):
            yield PackageMetric(
                10,
                f"conversion_{code}",
                "step",
                found.step.code,
                value=float(count),
                n=count,
                unit="deals",
                note=note,
            )
        yield _maturity("conversion_maturity", found, note)


def _young(steps: Iterable[StepConversion], cohort: Period) -> Iterator[PackageMetric]:
    for found in steps:
        yield _maturity("young_mature", found, _cohort_note(cohort))


def _maturity(code: str, found: StepConversion, note: str) -> PackageMetric:
    part = found.maturity
    return PackageMetric(
        10,
        code,
        "step",
        found.step.code,
        value=part.value,
        num=part.num,
        den=part.den,
        n=part.den,
        unit="share",
        display=part.display,
        note=note,
    )


def _cohort_note(cohort: Period) -> str:
    return f"cohort:{cohort.first_day.isoformat()}..{cohort.last_day.isoformat()}"


def _names(pipelines: Iterable[Funnel]) -> dict[str, dict[str, str]]:
    known = list(pipelines)
    return {
        "pipeline": {str(funnel.pipeline_id): funnel.name for funnel in known},
        "step": {step.code: f"{step.name} → {step.next_name}" for funnel in known for step in funnel.steps()},
    }
