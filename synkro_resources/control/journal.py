"""The journal of runs and their steps: what the cabinet shows instead of Dagster's tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, Row, insert, select, update
from sqlalchemy.dialects import postgresql

from synkro_resources.control.database import Database
from synkro_resources.control.sentences import StoredError, error_columns
from synkro_resources.control.tables.runs import run, run_step
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import Sentence, SynkroError

RunStatus = Literal["running", "done", "failed"]
StepStatus = Literal["running", "done", "failed", "skipped"]
HEARTBEAT_LIMIT = timedelta(seconds=60)  # a run beats every few seconds; a dead process never again


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run of one tenant; `run_id` is Dagster's."""

    run_id: str
    tenant: str
    request_id: str | None
    job: str
    stage: str
    chunk: int
    attempt: int
    first_day: date | None
    last_day: date | None
    status: RunStatus
    started_at: datetime
    heartbeat_at: datetime
    finished_at: datetime | None
    error: StoredError | None


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of a run; rows None means the step does not count them."""

    step_id: int
    run_id: str
    asset: str
    first_day: date | None
    last_day: date | None
    status: StepStatus
    started_at: datetime
    finished_at: datetime | None
    rows_in: int | None
    rows_out: int | None
    requests: int | None
    error: StoredError | None
    retryable: bool


def start_run(
    db: Database,
    *,
    tenant: str,
    run_id: str,
    clock: Clock,
    request_id: str | None = None,
    job: str = "",
    stage: str = "",
    chunk: int = 0,
    attempt: int = 1,
    first_day: date | None = None,
    last_day: date | None = None,
) -> None:
    """Write that a run began; a run that starts again (same id) begins anew."""
    now = clock.now()
    beginning = {
        "request_id": request_id,
        "job": job,
        "stage": stage,
        "chunk": chunk,
        "attempt": attempt,
        "first_day": first_day,
        "last_day": last_day,
        "status": "running",
        "started_at": now,
        "heartbeat_at": now,
        "finished_at": None,
        **error_columns(None),
    }
    with db.tenant(tenant) as connection:
        connection.execute(
            postgresql.insert(run)
            .values(tenant=tenant, run_id=run_id, **beginning)
            .on_conflict_do_update(index_elements=["tenant", "run_id"], set_=beginning)
        )


def heartbeat(db: Database, tenant: str, run_id: str, clock: Clock) -> bool:
    """Say that the run is alive. False: somebody has already declared it finished, so it should stop."""
    with db.tenant(tenant) as connection:
        beaten = connection.execute(
            update(run).where(run.c.run_id == run_id, run.c.status == "running").values(heartbeat_at=clock.now())
        )
    return beaten.rowcount == 1


def finish_run(
    db: Database, tenant: str, run_id: str, *, status: RunStatus, clock: Clock, error: SynkroError | None = None
) -> None:
    """Write how a run ended; steps that still look busy end with it."""
    now = clock.now()
    with db.tenant(tenant) as connection:
        connection.execute(
            update(run)
            .where(run.c.run_id == run_id)
            .values(status=status, finished_at=now, heartbeat_at=now, **error_columns(error))
        )
        connection.execute(
            update(run_step)
            .where(run_step.c.run_id == run_id, run_step.c.status == "running")
            .values(status="failed" if status == "failed" else "done", finished_at=now)
        )


def start_step(
    db: Database,
    tenant: str,
    run_id: str,
    asset: str,
    first_day: date | None,
    last_day: date | None,
    clock: Clock,
) -> int:
    """Write that a step began and return its id. The run must have been started."""
    with db.tenant(tenant) as connection:
        return connection.execute(
            insert(run_step)
            .values(
                tenant=tenant,
                run_id=run_id,
                asset=asset,
                first_day=first_day,
                last_day=last_day,
                status="running",
                started_at=clock.now(),
                retryable=False,
                **error_columns(None),
            )
            .returning(run_step.c.step_id)
        ).scalar_one()


def finish_step(
    db: Database,
    tenant: str,
    step_id: int,
    *,
    status: StepStatus,
    rows_in: int | None = None,
    rows_out: int | None = None,
    requests: int | None = None,
    error: SynkroError | None = None,
    clock: Clock,
) -> None:
    """Write how a step ended; `requests` counts calls to vendors."""
    with db.tenant(tenant) as connection:
        connection.execute(
            update(run_step)
            .where(run_step.c.step_id == step_id)
            .values(
                status=status,
                finished_at=clock.now(),
                rows_in=rows_in,
                rows_out=rows_out,
                requests=requests,
                retryable=error is not None and error.retryable,
                **error_columns(error),
            )
        )


def get_run(db: Database, tenant: str, run_id: str) -> RunRecord | None:
    """One run, or None."""
    with db.tenant(tenant) as connection:
        row = connection.execute(select(run).where(run.c.run_id == run_id)).one_or_none()
    return None if row is None else _run(row)


def runs_of_request(db: Database, tenant: str, request_id: str) -> list[RunRecord]:
    """The runs of a request, oldest first."""
    query = select(run).where(run.c.request_id == request_id).order_by(run.c.started_at)
    with db.tenant(tenant) as connection:
        return [_run(row) for row in connection.execute(query)]


def steps_of_run(db: Database, tenant: str, run_id: str) -> list[StepRecord]:
    """The steps of a run in the order in which they began."""
    return _steps(db, tenant, run_step.c.run_id == run_id)


def steps_of_request(db: Database, tenant: str, request_id: str) -> list[StepRecord]:
    """The steps of all runs of a request in the order in which they began."""
    return _steps(db, tenant, run_step.c.run_id.in_(select(run.c.run_id).where(run.c.request_id == request_id)))


def steps_since(db: Database, tenant: str, since: datetime, limit: int) -> list[StepRecord]:
    """The newest steps that began at `since` or later, newest first."""
    query = select(run_step).where(run_step.c.started_at >= since).order_by(run_step.c.step_id.desc()).limit(limit)
    with db.tenant(tenant) as connection:
        return [_step(row) for row in connection.execute(query)]


def last_done_step(db: Database, tenant: str, asset: str) -> StepRecord | None:
    """The asset's newest step that was done, of whatever run; None if there is none."""
    query = (
        select(run_step)
        .where(run_step.c.asset == asset, run_step.c.status == "done")
        .order_by(run_step.c.step_id.desc())
        .limit(1)
    )
    with db.tenant(tenant) as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else _step(row)


def silent_runs(db: Database, cell: str, clock: Clock, limit: timedelta = HEARTBEAT_LIMIT) -> list[RunRecord]:
    """Runs of the cell that should be alive and have not said so for `limit`; for the reconciler."""
    query = select(run).where(run.c.status == "running", run.c.heartbeat_at < clock.now() - limit)
    with db.scheduler(cell) as connection:
        return [_run(row) for row in connection.execute(query)]


def _steps(db: Database, tenant: str, which: ColumnElement[bool]) -> list[StepRecord]:
    with db.tenant(tenant) as connection:
        return [_step(row) for row in connection.execute(select(run_step).where(which).order_by(run_step.c.step_id))]


def _stored_error(row: Row[tuple[object, ...]]) -> StoredError | None:
    if not row.error_code:
        return None
    return StoredError(row.error_code, Sentence(row.what_ru, row.what_en), Sentence(row.remedy_ru, row.remedy_en))


def _run(row: Row[tuple[object, ...]]) -> RunRecord:
    return RunRecord(
        run_id=row.run_id,
        tenant=row.tenant,
        request_id=row.request_id,
        job=row.job,
        stage=row.stage,
        chunk=row.chunk,
        attempt=row.attempt,
        first_day=row.first_day,
        last_day=row.last_day,
        status=row.status,
        started_at=row.started_at,
        heartbeat_at=row.heartbeat_at,
        finished_at=row.finished_at,
        error=_stored_error(row),
    )


def _step(row: Row[tuple[object, ...]]) -> StepRecord:
    return StepRecord(
        step_id=row.step_id,
        run_id=row.run_id,
        asset=row.asset,
        first_day=row.first_day,
        last_day=row.last_day,
        status=row.status,
        started_at=row.started_at,
        finished_at=row.finished_at,
        rows_in=row.rows_in,
        rows_out=row.rows_out,
        requests=row.requests,
        error=_stored_error(row),
        retryable=row.retryable,
    )
