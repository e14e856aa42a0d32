"""Stage conversion (#10): of the deals that passed a stage in a period, how many passed the next one in time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from synkro_resources.model.period import Period
from synkro_resources.model.window import local_midnight
from synkro_resources.rules.comparison import one_back
from synkro_resources.rules.deal_history import WON, DealHistory, Stage
from synkro_resources.rules.metrics.frames import records, text, whole
from synkro_resources.rules.statistics import Share

MATURITY_FLOOR = 0.8  # below, the fast deals of a young cohort would stand for all of it
FURTHEST_BACK = 60  # periods to look back for a mature cohort: more than a year of weeks


@dataclass(frozen=True, slots=True)
class Step:
    """A stage of a pipeline and the next one; `stage` is what the step is known by."""

    stage: tuple[int, int]
    pipeline: str
    name: str
    next_name: str

    @property
    def code(self) -> str:
        """`<pipeline id>:<status id>` of the stage, as packages know the step."""
        return f"{self.stage[0]}:{self.stage[1]}"


@dataclass(frozen=True, slots=True)
class Funnel:
    """The stages of one pipeline in their order, without unsorted and lost, the won stage last."""

    pipeline_id: int
    name: str
    stages: tuple[tuple[int, str], ...]
    """Status id and name."""

    @property
    def last(self) -> int:
        """Index of the last stage."""
        return len(self.stages) - 1

    def steps(self) -> Iterator[Step]:
        for (status, name), (_, next_name) in zip(self.stages, self.stages[1:], strict=False):
            yield Step((self.pipeline_id, status), self.name, name, next_name)


@dataclass(frozen=True, slots=True)
class StepConversion:
    """One step for the cohort of one period.

    `entered`: deals that passed the stage in the period. `rate`: those of the mature ones that passed the next stage
    within the horizon. `already`: all that did, young ones included; it is no rate, for the slow ones are still out.
    `left`: deals that went to another pipeline instead; they are in none of the others.
    """

    step: Step
    entered: int
    rate: Share
    already: int
    left: int

    @property
    def maturity(self) -> Share:
        """Mature deals of those that entered."""
        return Share(self.rate.den, self.entered)

    @property
    def is_mature(self) -> bool:
        return (self.maturity.value or 0.0) >= MATURITY_FLOOR


@dataclass(slots=True)
class _Way:
    """How far one deal has come in one pipeline: when it first passed each stage."""

    highest: int
    passed: dict[int, datetime]


@dataclass(frozen=True, slots=True)
class _Passage:
    """One deal at one step; `next_at` None if the next stage was not passed within the horizon."""

    at: datetime
    next_at: datetime | None
    left: bool


@dataclass(frozen=True)
class Passages:
    """Every first passing of every stage up to `as_of`, in order, from which the cohort of any period is counted."""

    as_of: datetime
    horizon: timedelta
    of_step: Mapping[Step, Sequence[_Passage]] = field(repr=False)

    def cohort(self, start: datetime, end: datetime) -> tuple[StepConversion, ...]:
        """All steps for the deals that passed their stage within `[start, end)`, in the order of the funnels."""
        return tuple(
            self._step(step, rows[bisect_left(rows, start, key=_instant) : bisect_left(rows, end, key=_instant)])
            for step, rows in self.of_step.items()
        )

    def maturity(self, start: datetime, end: datetime) -> Share:
        """Mature deals of those that entered any step within `[start, end)`."""
        found = self.cohort(start, end)
        return Share(sum(step.rate.den for step in found), sum(step.entered for step in found))

    def _step(self, step: Step, cohort: Sequence[_Passage]) -> StepConversion:
        stayed = [passage for passage in cohort if not passage.left]
        mature = [passage for passage in stayed if passage.at + self.horizon <= self.as_of]
        return StepConversion(
            step=step,
            entered=len(stayed),
            rate=Share(sum(passage.next_at is not None for passage in mature), len(mature)),
            already=sum(passage.next_at is not None for passage in stayed),
            left=len(cohort) - len(stayed),
        )


def funnels(statuses: pd.DataFrame, excluded_pipelines: Iterable[int] = ()) -> tuple[Funnel, ...]:
    """The pipelines with their stages, oldest pipeline first; those with fewer than two stages have no step."""
    excluded = set(excluded_pipelines)
    found: dict[int, list[tuple[bool, int, int, str]]] = {}
    names: dict[int, str] = {}
    for row in records(statuses):
        pipeline_id, status_id = whole(row["pipeline_id"]), whole(row["status_id"])
        if pipeline_id is None or status_id is None or pipeline_id in excluded:
            continue
        names[pipeline_id] = text(row["pipeline_name"]) or str(pipeline_id)
        if not row["is_unsorted"] and not row["is_lost"]:
            name = text(row["status_name"]) or str(status_id)
            found.setdefault(pipeline_id, []).append((bool(row["is_won"]), whole(row["sort"]) or 0, status_id, name))
    return tuple(
        Funnel(pipeline_id, names[pipeline_id], tuple((status, name) for _, _, status, name in sorted(stages)))
        for pipeline_id, stages in sorted(found.items())
        if len(stages) > 1
    )


def passages(
    history: DealHistory,
    pipelines: Iterable[Funnel],
    *,
    as_of: datetime,
    horizon_days: int,
    handover_pairs: Collection[tuple[int, int]] = (),
) -> Passages:
    """One pass over the moves of all deals that exist at `as_of`.

    A deal passes stage k when the highest stage that it has reached first becomes k or higher: a jump passes the
    skipped stages at the same instant, moves back and losses undo nothing, stages below its first one are not passed.
    Won in any pipeline, and a move along one of `handover_pairs` (pipeline → pipeline), passes the last stage.
    """
    known, horizon = history.known_until(as_of), timedelta(days=horizon_days)
    of_pipeline = {funnel.pipeline_id: funnel for funnel in pipelines}
    index: dict[Stage, int] = {
        (funnel.pipeline_id, status): position
        for funnel in of_pipeline.values()
        for position, (status, _) in enumerate(funnel.stages)
    }
    found = {
        funnel.pipeline_id: [(step, list[_Passage]()) for step in funnel.steps()] for funnel in of_pipeline.values()
    }
    pairs = frozenset(handover_pairs)
    for deal in known.visible(as_of, ()):
        if deal.created_at is None:
            continue
        stays = [(deal.created_at, known.stage_at(deal.deal_id, deal.created_at))]
        stays.extend((move.at, move.after) for move in known.moves(deal.deal_id))
        stayed_in_one = len({stage[0] for _, stage in stays}) == 1  # most deals: nothing to look up for them
        for pipeline_id, way in _ways(stays, of_pipeline, index, pairs).items():
            for position, at in way.passed.items():
                if position == of_pipeline[pipeline_id].last:
                    continue
                next_at = way.passed.get(position + 1)
                if next_at is not None and next_at > at + horizon:
                    next_at = None
                left = not stayed_in_one and next_at is None and _pipeline_at(stays, at + horizon) != pipeline_id
                found[pipeline_id][position][1].append(_Passage(at, next_at, left))
    return Passages(
        as_of, horizon, {step: sorted(rows, key=_instant) for steps in found.values() for step, rows in steps}
    )


def newest_mature(
    found: Passages, period: Period, zone: ZoneInfo, *, events_from: datetime | None = None
) -> Period | None:
    """The newest full period of the same kind, the report's own or an earlier one, whose cohort is mature enough.

    `events_from`: no cohort may begin earlier, for its moves are not all known. None if there is none.
    """
    for _ in range(FURTHEST_BACK):
        start, end = bounds(period, zone)
        if events_from is not None and start < events_from:
            return None
        if end <= found.as_of and (found.maturity(start, end).value or 0.0) >= MATURITY_FLOOR:
            return period
        period = one_back(period)
    return None


def bounds(period: Period, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """`[start, end)` of a period's local days in UTC."""
    return local_midnight(period.first_day, zone), local_midnight(period.last_day + timedelta(days=1), zone)


def _ways(
    stays: Iterable[tuple[datetime, Stage]],
    of_pipeline: Mapping[int, Funnel],
    index: Mapping[Stage, int],
    handover_pairs: Collection[tuple[int | None, int | None]],
) -> dict[int, _Way]:
    """What one deal passed in each pipeline where it stood in a stage, from its stays in order."""
    ways: dict[int, _Way] = {}
    before = None
    for at, stage in stays:
        pipeline_id = stage[0]
        if (
            before is not None
            and pipeline_id is not None
            and (before, pipeline_id) in handover_pairs
            and before in ways
        ):
            _reach(ways[before], of_pipeline[before].last, at)
        position = index.get(stage)
        if pipeline_id is not None and position is not None:
            if pipeline_id in ways:
                _reach(ways[pipeline_id], position, at)
            else:
                ways[pipeline_id] = _Way(position, {position: at})
        if stage[1] == WON:
            for other, way in ways.items():
                _reach(way, of_pipeline[other].last, at)
        before = pipeline_id
    return ways


def _reach(way: _Way, position: int, at: datetime) -> None:
    for passed in range(way.highest + 1, position + 1):
        way.passed[passed] = at
    way.highest = max(way.highest, position)


def _pipeline_at(stays: list[tuple[datetime, Stage]], instant: datetime) -> int | None:
    """Where the deal stood at `instant`, as far as is known; the first stay is its creation."""
    return next((stage[0] for at, stage in reversed(stays) if at <= instant), stays[0][1][0])


def _instant(passage: _Passage) -> datetime:
    return passage.at
