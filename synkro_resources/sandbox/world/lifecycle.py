"""How a deal goes: stages, owners, win or loss, reopening. Depends on the story's random numbers only."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Literal

from synkro_resources.sandbox.world.calendar import WorkingTime
from synkro_resources.sandbox.world.deals import DealScript
from synkro_resources.sandbox.world.directory import (
    LOSS_REASONS,
    MAIN_PIPELINE,
    MAIN_STAGES,
    REPEAT_PIPELINE,
    REPEAT_STAGES,
    UNSORTED,
)
from synkro_resources.sandbox.world.facts import LOST, WON, Stage
from synkro_resources.sandbox.world.people import MANAGERS

Outcome = Literal["any", "steady", "untouched", "lost_again", "lost_without_reason"]
"""`steady` deals stay open for ever, `untouched` ones do not even move."""

DEAL_NAMES = ("Тёплый пол", "Котёл под ключ", "Радиаторы", "Монтаж отопления", "Дымоход", "Сервис котла", "Сделка #{n}")
_STAGES = {MAIN_PIPELINE: MAIN_STAGES, REPEAT_PIPELINE: REPEAT_STAGES}


def first_stage(rng: Random) -> Stage:
    roll = rng.random()
    return REPEAT_STAGES[0] if roll < 0.12 else UNSORTED if roll < 0.5 else MAIN_STAGES[0]


def price(rng: Random) -> int:
    """Whole roubles; every fifth deal has none yet, which the vendor shows as 0."""
    return 0 if rng.random() < 0.2 else rng.randrange(8, 620) * 1000


def deal_name(rng: Random, lead_number: int) -> str:
    """Every twelfth deal has no name at all."""
    return "" if rng.random() < 0.08 else rng.choice(DEAL_NAMES).format(n=lead_number)


def run(deal: DealScript, rng: Random, working_time: WorkingTime, outcome: Outcome = "any") -> None:
    """Plant all moves and handovers of a deal that was just created."""
    if outcome == "untouched":
        return
    stages = _STAGES[deal.fact.first_stage.pipeline_id]
    owner = deal.fact.first_responsible
    at = deal.fact.created_at
    at = _later(rng, working_time, at, 0.1, 4)
    step = 0
    if deal.fact.first_stage == UNSORTED:
        deal.move(at, stages[0])
    for _ in range(rng.randrange(0, 4)):
        if step + 1 == len(stages):
            break
        step += 1
        at = _later(rng, working_time, at, 2, 90)
        deal.move(at, stages[step])
        if rng.random() < 0.1:
            at = _later(rng, working_time, at, 0.2, 30)
            owner = rng.choice([user for user in MANAGERS if user != owner])
            deal.hand_over(at, owner)
    end = _later(rng, working_time, at, 5, 150)
    roll = rng.random()
    reason = rng.choice([None, *[reason for reason in LOSS_REASONS for _ in range(2)]])
    if outcome == "steady":
        return
    if outcome == "lost_without_reason":
        deal.move(end, Stage(stages[step].pipeline_id, LOST))
    elif outcome == "lost_again" or 0.3 <= roll < 0.34:
        _lose_twice(deal, rng, working_time, end, stages[step], reason)
    elif roll < 0.3:
        deal.move(end, Stage(stages[step].pipeline_id, WON))
    elif roll < 0.82:
        deal.move(end, Stage(stages[step].pipeline_id, LOST), reason=reason)
    elif roll < 0.85 and stages is MAIN_STAGES:
        deal.move(end, REPEAT_STAGES[0])


def _lose_twice(
    deal: DealScript, rng: Random, working_time: WorkingTime, at: datetime, stage: Stage, reason: int | None
) -> None:
    lost = Stage(stage.pipeline_id, LOST)
    deal.move(at, lost, reason=reason)
    at = _later(rng, working_time, at, 20, 100)
    deal.move(at, stage)
    deal.move(_later(rng, working_time, at, 10, 120), lost, reason=reason)


def _later(rng: Random, working_time: WorkingTime, at: datetime, shortest_h: float, longest_h: float) -> datetime:
    """A whole second in working time, so many hours later or as soon as somebody works again."""
    wanted = at + timedelta(seconds=rng.randrange(int(shortest_h * 3600), int(longest_h * 3600)))
    opened = working_time.next_open(wanted)
    late = timedelta(seconds=rng.randrange(60, 7200))
    return wanted if opened == wanted else opened + late
