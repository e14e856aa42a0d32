"""What loading a period will take, from what earlier loads of the same tenant took."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select

from synkro_resources.control.database import Database
from synkro_resources.control.tables.runs import run, run_step

SOURCES = ("amocrm/", "radist/")
NEWEST_RUNS = 200
"""They tell the present pace, and a page can wait for them: a year of refreshes has half a million steps."""


@dataclass(frozen=True, slots=True)
class LoadEstimate:
    """Requests to the vendors and time for a period; None where no load of the tenant has been measured yet."""

    days: int
    chunks: int
    requests: int | None
    duration: timedelta | None


def estimate_load(db: Database, tenant: str, first: date, last: date, *, chunk_days: int) -> LoadEstimate:
    """Requests and time per day of the steps of the tenant's newest runs, times the days of the period.

    A step's cost is spread over the days of its run, so a first load with its baseline makes the estimate too high
    rather than too low.
    """
    days = (last - first).days + 1
    chunks = -(-days // chunk_days)
    span = run_step.c.last_day - run_step.c.first_day + 1
    seconds = func.extract("epoch", run_step.c.finished_at - run_step.c.started_at)
    newest = select(run.c.run_id).order_by(run.c.started_at.desc()).limit(NEWEST_RUNS)
    query = (
        select(
            run_step.c.asset,
            func.sum(func.coalesce(run_step.c.requests, 0)).label("requests"),
            func.sum(seconds).label("seconds"),
            func.sum(span).label("days"),
        )
        .where(run_step.c.status == "done", run_step.c.first_day.is_not(None), run_step.c.run_id.in_(newest))
        .group_by(run_step.c.asset)
    )
    with db.tenant(tenant) as connection:
        rows = list(connection.execute(query))
    sources = [row for row in rows if row.asset.startswith(SOURCES)]
    if not sources:
        return LoadEstimate(days, chunks, None, None)
    requests = sum(float(row.requests) / float(row.days) for row in sources) * days
    took = sum(float(row.seconds) / float(row.days) for row in rows) * days
    return LoadEstimate(days, chunks, round(requests), timedelta(seconds=round(took)))
