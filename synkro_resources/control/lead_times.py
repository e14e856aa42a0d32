"""How long before its time a tenant's report must be asked for, from how long its last ones took."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from math import ceil

from sqlalchemy import func, select

from synkro_resources.control.database import Database
from synkro_resources.control.tables.runs import run, run_request
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import PeriodKind

FIRST_GUESS = timedelta(minutes=45)
ENOUGH = 5
"""Fewer reports than this say nothing of a slow morning."""
LAST_REPORTS = 20
LAST_STAGE = "refresh-1"
LAST_REFRESH = timedelta(minutes=5)
"""Today is read once more just before a report leaves."""
SHORTEST, LONGEST = timedelta(minutes=10), timedelta(hours=6)


def lead_time(db: Database, tenant: str, kind: PeriodKind) -> timedelta:
    """The 95th percentile of how long the tenant's last reports of this kind took to be loaded, and the last refresh.

    From the request to the end of the last load, so that waiting in the queue counts: on a morning on which hundreds
    of reports are due, most of the time is that. Waiting for the report's own time does not count.
    """
    seconds = func.extract("epoch", func.max(run.c.finished_at) - run_request.c.created_at)
    query = (
        select(seconds)
        .select_from(run_request.join(run, run.c.request_id == run_request.c.request_id))
        .where(
            run_request.c.kind == RequestKind.REPORT.value,
            run_request.c.period_kind == kind.value,
            run_request.c.status == "done",
            run.c.finished_at.is_not(None),
            ~run.c.stage.startswith(f"{RequestKind.REPORT.value}-"),
            run.c.stage != LAST_STAGE,
        )
        .group_by(run_request.c.request_id, run_request.c.created_at)
        .order_by(run_request.c.created_at.desc())
        .limit(LAST_REPORTS)
    )
    with db.tenant(tenant) as connection:
        return lead_of([timedelta(seconds=float(took)) for took in connection.scalars(query)])


def lead_of(took: Sequence[timedelta]) -> timedelta:
    """The lead time after reports that took so long, in whole minutes."""
    if len(took) < ENOUGH:
        return FIRST_GUESS
    slow = sorted(took)[ceil(0.95 * len(took)) - 1] + LAST_REFRESH
    minutes = timedelta(minutes=ceil(slow / timedelta(minutes=1)))
    return min(max(minutes, SHORTEST), LONGEST)
