"""What is known of each loaded day: its state per layer, the counts of its sources, and its checks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from sqlalchemy import Row, case, func, null, select, update
from sqlalchemy.dialects import postgresql

from synkro_resources.control.database import Database
from synkro_resources.control.recordset import given_rows
from synkro_resources.control.tables.runs import check_result, day_state, source_run
from synkro_resources.model.errors import Sentence

Layer = Literal["raw", "derived"]
SourceStatus = Literal["ok", "partial", "failed"]
_NOTHING = Sentence("", "")
CHECK_KEY = ("tenant", "asset", "check_name", "day")


@dataclass(frozen=True, slots=True)
class DayState:
    """One layer of one local day; `changed_at` is the last load that found other rows than before."""

    day: date
    layer: Layer
    loaded_at: datetime
    changed_at: datetime
    complete: bool
    versions: dict[str, str]
    stale_since: datetime | None = None
    stale_reason: str | None = None


@dataclass(frozen=True, slots=True)
class SourceRun:
    """How the load of one source (and step) ended for one local day; rows as the source counted and as stored."""

    source: str
    step: str
    day: date
    status: SourceStatus
    finished_at: datetime
    rows_source: int
    rows_stored: int
    rows_quarantined: int
    rows_duplicate: int


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check of one asset for one local day; the newest verdict replaces the older one."""

    asset: str
    check: str
    day: date
    run_id: str
    passed: bool
    blocking: bool
    checked_at: datetime
    what: Sentence = _NOTHING
    details: dict[str, object] = field(default_factory=dict[str, object])


def mark_day(
    db: Database,
    tenant: str,
    day: date,
    layer: Layer,
    loaded_at: datetime,
    complete: bool,
    versions: Mapping[str, str] | None = None,
    *,
    changed: bool = True,
    derived_at: datetime | None = None,
) -> None:
    """Write that a layer of a day was loaded. `changed=False`: the rows are the same as before this load.

    `derived_at`: when the derivation began; what made the day stale until then is settled by it.
    """
    values: dict[str, object] = {"loaded_at": loaded_at, "complete": complete, "versions": dict(versions or {})}
    if derived_at is not None:
        values["derived_at"] = derived_at
    changes = values | ({"changed_at": loaded_at} if changed else {})
    if derived_at is not None:
        settled = day_state.c.stale_since <= derived_at
        changes |= {name: case((settled, null()), else_=day_state.c[name]) for name in ("stale_since", "stale_reason")}
    with db.tenant(tenant) as connection:
        connection.execute(
            postgresql.insert(day_state)
            .values(tenant=tenant, day=day, layer=layer, changed_at=loaded_at, **values)
            .on_conflict_do_update(index_elements=["tenant", "day", "layer"], set_=changes)
        )


def mark_stale(db: Database, tenant: str, stale: Collection[date], reason: str, at: datetime) -> int:
    """Say that what was derived for these days no longer follows from its sources; returns how many days it hit.

    Written before the new rows: a crash between the two leaves a day that is derived once more for nothing.
    """
    with db.tenant(tenant) as connection:
        hit = connection.execute(
            update(day_state)
            .where(day_state.c.layer == "derived", day_state.c.day.in_(sorted(stale)))
            .values(stale_since=at, stale_reason=reason)
        )
        return hit.rowcount


def day_states(db: Database, tenant: str, first: date, last: date) -> list[DayState]:
    """The states of `first … last` (both included), by day and layer; days never loaded are absent."""
    query = select(day_state).where(day_state.c.day.between(first, last)).order_by(day_state.c.day, day_state.c.layer)
    with db.tenant(tenant) as connection:
        return [_day_state(row) for row in connection.execute(query)]


def stale_days(
    db: Database, tenant: str, first: date, last: date, versions: Mapping[str, str] | None = None
) -> dict[date, str]:
    """Loaded days of `first … last` that must be derived again, with the reason.

    The name of the table that changed, or «versions» where other rules or another calendar were in force.
    """
    found: dict[date, str] = {}
    for state in day_states(db, tenant, first, last):
        if state.layer != "derived":
            continue
        if state.stale_since is not None:
            found[state.day] = state.stale_reason or ""
        elif any(state.versions.get(name) != value for name, value in (versions or {}).items()):
            found[state.day] = "versions"
    return found


def save_source_run(
    db: Database,
    tenant: str,
    source: str,
    day: date,
    status: SourceStatus,
    finished_at: datetime,
    rows_source: int,
    rows_stored: int,
    *,
    step: str = "",
    rows_quarantined: int = 0,
    rows_duplicate: int = 0,
) -> None:
    """Write how a source's load of one day ended; a later load of the day replaces it."""
    values = {
        "status": status,
        "finished_at": finished_at,
        "rows_source": rows_source,
        "rows_stored": rows_stored,
        "rows_quarantined": rows_quarantined,
        "rows_duplicate": rows_duplicate,
    }
    with db.tenant(tenant) as connection:
        connection.execute(
            postgresql.insert(source_run)
            .values(tenant=tenant, source=source, step=step, day=day, **values)
            .on_conflict_do_update(index_elements=["tenant", "source", "step", "day"], set_=values)
        )


def source_runs(db: Database, tenant: str, first: date, last: date) -> list[SourceRun]:
    """The loads of `first … last` (both included), by day, source and step."""
    columns = source_run.c
    query = (
        select(source_run).where(columns.day.between(first, last)).order_by(columns.day, columns.source, columns.step)
    )
    with db.tenant(tenant) as connection:
        return [
            SourceRun(
                source=row.source,
                step=row.step,
                day=row.day,
                status=row.status,
                finished_at=row.finished_at,
                rows_source=row.rows_source,
                rows_stored=row.rows_stored,
                rows_quarantined=row.rows_quarantined,
                rows_duplicate=row.rows_duplicate,
            )
            for row in connection.execute(query)
        ]


def source_ends(db: Database, tenant: str, first: date, last: date) -> dict[str, datetime]:
    """By source the oldest of its steps' newest loads of `first … last` that did not fail; a source without is absent.

    In the database: a month of loads has hundreds of rows, and the first screen asks this.
    """
    columns = source_run.c
    newest = (
        select(columns.source, func.max(columns.finished_at).label("finished_at"))
        .where(columns.day.between(first, last), columns.status != "failed")
        .group_by(columns.source, columns.step)
        .subquery()
    )
    query = select(newest.c.source, func.min(newest.c.finished_at).label("end")).group_by(newest.c.source)
    with db.tenant(tenant) as connection:
        return {row.source: row.end for row in connection.execute(query)}


def save_check_results(db: Database, tenant: str, results: Sequence[CheckResult]) -> None:
    """Store the verdicts of one asset's checks, one row per check and day."""
    if not results:
        return
    rows = [
        {
            "tenant": tenant,
            "asset": result.asset,
            "check_name": result.check,
            "day": result.day,
            "run_id": result.run_id,
            "passed": result.passed,
            "blocking": result.blocking,
            "what_ru": result.what.ru,
            "what_en": result.what.en,
            "details": result.details,
            "checked_at": result.checked_at,
        }
        for result in results
    ]
    statement = postgresql.insert(check_result).from_select(*given_rows(check_result, rows))
    changes = {name: statement.excluded[name] for name in rows[0] if name not in CHECK_KEY}
    with db.tenant(tenant) as connection:
        connection.execute(statement.on_conflict_do_update(index_elements=list(CHECK_KEY), set_=changes))


def check_results(db: Database, tenant: str, first: date, last: date) -> list[CheckResult]:
    """The verdicts of `first … last` (both included), by day, asset and check."""
    columns = check_result.c
    query = (
        select(check_result)
        .where(columns.day.between(first, last))
        .order_by(columns.day, columns.asset, columns.check_name)
    )
    with db.tenant(tenant) as connection:
        return [_check_result(row) for row in connection.execute(query)]


def blocked_days(db: Database, tenant: str, first: date, last: date) -> set[date]:
    """Days of which the newest verdict of a check failed that a correct report depends on."""
    columns = check_result.c
    failed = select(columns.day).where(columns.day.between(first, last), columns.blocking, ~columns.passed).distinct()
    with db.tenant(tenant) as connection:
        return set(connection.execute(failed).scalars())


def _day_state(row: Row[tuple[object, ...]]) -> DayState:
    return DayState(
        row.day, row.layer, row.loaded_at, row.changed_at, row.complete, row.versions, row.stale_since, row.stale_reason
    )


def _check_result(row: Row[tuple[object, ...]]) -> CheckResult:
    return CheckResult(
        asset=row.asset,
        check=row.check_name,
        day=row.day,
        run_id=row.run_id,
        passed=row.passed,
        blocking=row.blocking,
        checked_at=row.checked_at,
        what=Sentence(row.what_ru, row.what_en),
        details=row.details,
    )
