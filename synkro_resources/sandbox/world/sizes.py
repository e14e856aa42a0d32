"""Invented companies of three sizes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, get_args

from synkro_resources.sandbox.world.build import WORLD_DAYS, Pace, build_world
from synkro_resources.sandbox.world.large import build_large_world
from synkro_resources.sandbox.world.model import World

Size = Literal["small", "medium", "large"]
SIZES: tuple[Size, ...] = get_args(Size)

MEDIUM_DAYS = 120
MEDIUM_PACE = Pace(
    ordinary_per_working_day=(17, 25),
    ordinary_per_day_off=(5, 9),
    orphans_per_working_day=(20, 29),
    orphans_per_day_off=(5, 9),
    stride=1000,
)


def build_sized_world(
    size: Size, seed: int, end: datetime, slug: str = "demo", *, first_day: date | None = None
) -> World:
    """The company of a size, up to `end` (an aware instant).

    `small`: what a demo shows, 60 days, about 4,500 messages and 350 deals; under a second.
    `medium`: 120 days, over 20,000 messages and 3,000 deals; some seconds. Its truth is as whole as that of `small`.
    `large`: a year, a million messages and 100,000 deals; under a minute. Its truth is what an `Inventory` counts.

    Raises:
        ValueError: `end` has no zone.
    """
    match size:
        case "small":
            return build_world(seed, end, first_day=first_day, days=WORLD_DAYS, slug=slug)
        case "medium":
            return build_world(seed, end, first_day=first_day, days=MEDIUM_DAYS, slug=slug, pace=MEDIUM_PACE)
        case "large":
            return build_large_world(seed, end, first_day=first_day, slug=slug)
