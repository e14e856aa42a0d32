"""The period of a custom report, named in the run's config because its assets are partitioned by tenant alone."""

# No postponed annotations here: Dagster reads a resource's fields from its annotations.
from datetime import date

import dagster as dg
from pydantic import Field

from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.period import Period

RESOURCE = "custom_period"


class CustomPeriodResource(dg.ConfigurableResource[None]):
    """First and last local day, both included, as YYYY-MM-DD; empty in runs of days, weeks and months."""

    first_day: str = Field(default="", description="First local day of the period, YYYY-MM-DD.")
    last_day: str = Field(default="", description="Last local day of the period, included, YYYY-MM-DD.")

    def period(self) -> Period:
        """The period of this run.

        Raises:
            UserInputError: `run.no_period`.
        """
        try:
            return Period.custom(date.fromisoformat(self.first_day), date.fromisoformat(self.last_day))
        except ValueError as error:
            raise UserInputError(
                "run.no_period",
                Sentence(
                    "Период отчёта не задан или задан неверно.", "The period of the report is not given, or wrong."
                ),
                Sentence(
                    "Укажите custom_period: first_day и last_day в виде ГГГГ-ММ-ДД.",
                    "Give custom_period: first_day and last_day as YYYY-MM-DD.",
                ),
            ) from error


def run_config(period: Period) -> dict[str, object]:
    """The run config that names the period."""
    days = {"first_day": period.first_day.isoformat(), "last_day": period.last_day.isoformat()}
    return {"resources": {RESOURCE: {"config": days}}}
