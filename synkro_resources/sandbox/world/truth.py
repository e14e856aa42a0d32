"""The planted truth of an invented world: its facts, and the figures that follow from them for any local days.

The figures hold for a load whose history begins at least three days before the world's first day; a load that begins
inside the world does not know the clocks of the episodes that were running then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from synkro_resources.sandbox.world.conversion_truth import StepTruth, step_truths
from synkro_resources.sandbox.world.facts import PlantedFacts
from synkro_resources.sandbox.world.period_rows import PeriodTruth
from synkro_resources.sandbox.world.period_truth import period_truth


@dataclass(slots=True)
class Truth(PlantedFacts):
    """What a world holds, and what its reports must say."""

    def day(self, day: date) -> PeriodTruth:
        """The figures of a local day; of a running one as known at the world's end."""
        return self.period(day, day)

    def period(self, first_day: date, last_day: date) -> PeriodTruth:
        """The figures of the local days `first_day … last_day`, both included."""
        return period_truth(self, first_day, last_day)

    def conversion(self, first_day: date, last_day: date, as_of: datetime) -> dict[tuple[int, int], StepTruth]:
        """By the stage of each step (pipeline and status): the deals that passed it on these days, as of `as_of`."""
        start, end = self.working_time.bounds(first_day)[0], self.working_time.bounds(last_day)[1]
        deals = [deal for deal in self.deals if deal.exists(as_of)]
        return step_truths(deals, start, end, min(as_of, self.end))
