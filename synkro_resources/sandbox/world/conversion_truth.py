"""How many deals that passed a stage passed the next one in time, told from each deal's planted moves."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from synkro_resources.sandbox.world.directory import ARCHIVED_STAGES, MAIN_STAGES, REPEAT_STAGES
from synkro_resources.sandbox.world.facts import WON, PlantedDeal, Stage

HORIZON = timedelta(days=30)
"""So long a deal has to pass the next stage; younger ones are not judged."""
FUNNELS = tuple(
    (*stages, Stage(stages[0].pipeline_id, WON)) for stages in (MAIN_STAGES, REPEAT_STAGES, ARCHIVED_STAGES)
)
"""The pipelines that deals go through, without the incoming ones and without lost; won stands last."""


@dataclass(slots=True)
class StepTruth:
    """The deals that passed a stage, by what became of them; ids rise."""

    entered: list[int] = field(default_factory=list[int])
    mature: list[int] = field(default_factory=list[int])
    converted: list[int] = field(default_factory=list[int])
    """Mature ones that passed the next stage within the horizon."""
    already: list[int] = field(default_factory=list[int])
    """All that did, young ones as well."""
    left: list[int] = field(default_factory=list[int])
    """Gone to another pipeline within the horizon instead: in none of the other lists."""


def step_truths(
    deals: Collection[PlantedDeal], start: datetime, end: datetime, as_of: datetime
) -> dict[tuple[int, int], StepTruth]:
    """By the stage of each step: the deals that passed it first within `[start, end)`, as known at `as_of`."""
    found: dict[tuple[int, int], StepTruth] = {}
    for stages in FUNNELS:
        for position, stage in enumerate(stages[:-1]):
            step = found[stage.pipeline_id, stage.status_id] = StepTruth()
            for deal in sorted(deals, key=lambda deal: deal.lead_id):
                passed = _passed(deal, stages, as_of)
                at = passed[position]
                if at is None or not start <= at < min(end, as_of):
                    continue
                next_at = passed[position + 1]
                in_time = next_at is not None and next_at <= at + HORIZON
                if not in_time and _pipeline(deal, min(at + HORIZON, as_of)) != stage.pipeline_id:
                    step.left.append(deal.lead_id)
                    continue
                step.entered.append(deal.lead_id)
                if in_time:
                    step.already.append(deal.lead_id)
                if at + HORIZON <= as_of:
                    step.mature.append(deal.lead_id)
                    if in_time:
                        step.converted.append(deal.lead_id)
    return found


def _passed(deal: PlantedDeal, stages: tuple[Stage, ...], as_of: datetime) -> list[datetime | None]:
    """When the deal first stood in each stage or beyond it; stages below the one it began in are never passed."""
    pipeline_id = stages[0].pipeline_id
    passed: list[datetime | None] = [None] * len(stages)
    highest: int | None = None
    visits = [(deal.created_at, deal.first_stage), *((move.at, move.after) for move in deal.moves)]
    for at, stage in visits:
        if at >= as_of:
            break
        wins = stage.status_id == WON and highest is not None
        if not wins and (stage.pipeline_id != pipeline_id or stage not in stages):
            continue
        reached = len(stages) - 1 if wins else stages.index(stage)
        first = reached if highest is None else highest + 1
        for position in range(first, reached + 1):
            passed[position] = at
        highest = reached if highest is None else max(highest, reached)
    return passed


def _pipeline(deal: PlantedDeal, at: datetime) -> int:
    """Where it was at `at`."""
    return next((move.after for move in reversed(deal.moves) if move.at <= at), deal.first_stage).pipeline_id
