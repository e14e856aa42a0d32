"""What a control database needs after it came from a backup: nothing that was under way then goes on by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select, update

from synkro_resources.control.database import Database
from synkro_resources.control.days import day_states, mark_stale
from synkro_resources.control.journal import finish_run
from synkro_resources.control.request_decisions import cancel_request
from synkro_resources.control.tables.delivery import delivery
from synkro_resources.control.tables.runs import OPEN_STATUSES, run, run_request
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import Sentence, TransientError

REASON = "restore"


@dataclass(slots=True)
class Settled:
    """What was under way when the backup was made."""

    cancelled: int = 0
    uncertain: int = 0
    stale_days: int = 0


def settle_restored(db: Database, tenant: str, *, lake_is_newer: bool, clock: Clock, settled: Settled) -> None:
    """End one tenant's open requests and runs, and leave unsent messages to people; safe to repeat.

    A message that waited then may have been sent since: it is `uncertain` and never leaves by itself. Where the lake is
    newer than the database, the marks of stale days may be missing, so that every derived day is derived again.
    """
    now = clock.now()
    with db.tenant(tenant) as connection:
        requests = connection.scalars(
            select(run_request.c.request_id).where(run_request.c.status.in_(OPEN_STATUSES))
        ).all()
        runs = connection.scalars(select(run.c.run_id).where(run.c.status == "running")).all()
        settled.uncertain += connection.execute(
            update(delivery)
            .where(delivery.c.state.in_(("pending", "sending", "retry_wait")))
            .values(state="uncertain", last_error_code="restored", last_error_text="")
        ).rowcount
    for request_id in requests:
        cancel_request(db, tenant, request_id, actor=REASON, clock=clock)
    for run_id in runs:
        finish_run(db, tenant, run_id, status="failed", clock=clock, error=_was_under_way(tenant))
    settled.cancelled += len(requests)
    if lake_is_newer:
        days = [state.day for state in day_states(db, tenant, date.min, date.max) if state.layer == "derived"]
        settled.stale_days += mark_stale(db, tenant, days, REASON, now)


def _was_under_way(tenant: str) -> TransientError:
    return TransientError(
        "run.restored",
        Sentence("Запуск шёл, когда снималась резервная копия.", "The run was under way when the backup was made."),
        Sentence("Запустите его ещё раз.", "Start it again."),
        tenant=tenant,
    )
