"""How the loads, steps and checks of many days stand, counted in the database: what a calendar of the data shows.

Bounded by days times tables, however many runs a month has seen: of the runs that cover a day only the newest of each
job and outcome are looked at, because an older one says nothing that a newer one does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, TextClause, text

from synkro_resources.control.database import Database
from synkro_resources.control.sentences import StoredError
from synkro_resources.control.tables.runs import OPEN_STATUSES
from synkro_resources.model.errors import Sentence

NEWEST_RUNS = 2
"""Per day, job and outcome: the second still tells how a step ended that the first did not reach."""
MOST_STEPS = 200
MOST_REQUESTS = 10

_COVERING = """
covering AS (
    SELECT run.run_id, run.status, run.stage, run.started_at, span.day::date AS day,
        row_number() OVER (PARTITION BY span.day, run.job, run.status ORDER BY run.started_at DESC) AS place
    FROM run, generate_series(
        greatest(run.first_day, :first)::timestamp, least(run.last_day, :last)::timestamp, interval '1 day'
    ) AS span(day)
    WHERE run.first_day <= :last AND run.last_day >= :first
)"""

_STEPS_OF_RUN = "SELECT * FROM run_step WHERE run_step.run_id = covering.run_id AND run_step.asset LIKE :like OFFSET 0"
"""Run by run along the index. Without OFFSET 0 PostgreSQL expects thousands of covering runs and reads all steps."""

_LOADS = """
SELECT {name} AS name, day, count(*) AS tables, count(*) FILTER (WHERE status = 'partial') AS partial,
    count(*) FILTER (WHERE status = 'failed') AS failed, min(finished_at) AS oldest
FROM source_run WHERE day BETWEEN :first AND :last AND (source || '/' || step) LIKE :like GROUP BY 1, 2"""

_CHECKS = """
SELECT {name} AS name, day, count(*) FILTER (WHERE passed) AS passed,
    count(*) FILTER (WHERE NOT passed AND NOT blocking) AS warned,
    count(*) FILTER (WHERE NOT passed AND blocking) AS blocked
FROM check_result WHERE day BETWEEN :first AND :last AND asset || '/' LIKE :like GROUP BY 1, 2"""

_STEPS = """
WITH {covering}, newest AS (
    SELECT DISTINCT ON (step.asset, covering.day) step.asset, covering.day, step.status
    FROM covering CROSS JOIN LATERAL ({steps}) AS step
    WHERE covering.place <= :runs AND step.status <> 'skipped'
    ORDER BY step.asset, covering.day, step.step_id DESC
)
SELECT {name} AS name, day, count(*) FILTER (WHERE status = 'done') AS done,
    count(*) FILTER (WHERE status = 'running') AS running, count(*) FILTER (WHERE status = 'failed') AS failed
FROM newest GROUP BY 1, 2"""

_RUNS = """
WITH {covering}
SELECT DISTINCT ON (day) day, status FROM covering
WHERE place = 1 AND split_part(stage, '-', 1) NOT IN ('report', 'trial') ORDER BY day, started_at DESC"""

_STALE = """
SELECT day, stale_reason FROM day_state
WHERE layer = 'derived' AND stale_since IS NOT NULL AND day BETWEEN :first AND :last"""

_OPEN = """
SELECT request_id, kind, first_day, last_day, status FROM run_request
WHERE status = ANY(:open) AND first_day <= :last AND last_day >= :first ORDER BY created_at DESC LIMIT :most"""

_JOURNAL = """
WITH {covering}
SELECT step.* FROM covering CROSS JOIN LATERAL ({steps}) AS step
WHERE covering.place <= :runs ORDER BY step.step_id DESC LIMIT :most"""

_FAILED_CHECKS = """
SELECT asset, check_name, blocking, what_ru, what_en, checked_at FROM check_result
WHERE day = :first AND NOT passed AND asset || '/' LIKE :like ORDER BY blocking DESC, asset, check_name LIMIT :most"""

_COUNTS = """
SELECT source || '/' || step AS name, count(*) AS days, sum(rows_source) AS given, sum(rows_stored) AS stored,
    sum(rows_duplicate) AS repeated, count(*) FILTER (WHERE rows_quarantined > 0) AS days_aside
FROM source_run WHERE day BETWEEN :first AND :last GROUP BY 1"""


@dataclass(frozen=True, slots=True)
class Loads:
    """Sources' loads of a day: how many tables are stored, with rows put aside, failed; `oldest` load in UTC."""

    tables: int
    partial: int
    failed: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Checks:
    passed: int
    warned: int
    blocked: int


@dataclass(frozen=True, slots=True)
class Steps:
    """How the newest step of each asset stands."""

    done: int
    running: int
    failed: int


Cell = tuple[str, date]
"""A layer (`amocrm`) or a table (`amocrm/leads`), and a local day."""


@dataclass(frozen=True, slots=True)
class OpenRequest:
    request_id: str
    kind: str
    first_day: date
    last_day: date
    status: str


@dataclass(frozen=True, slots=True)
class DataDays:
    """The facts of some days; `stale`: day → the table whose change made what was derived of it stale."""

    loads: Mapping[Cell, Loads]
    checks: Mapping[Cell, Checks]
    steps: Mapping[Cell, Steps]
    stale: Mapping[date, str]
    open_requests: Sequence[OpenRequest]


@dataclass(frozen=True, slots=True)
class DayStep:
    """A step that covered the day. Instants are UTC; rows None: it counts none."""

    asset: str
    status: str
    started_at: datetime
    finished_at: datetime | None
    rows_in: int | None
    rows_out: int | None
    requests: int | None
    error: StoredError | None


@dataclass(frozen=True, slots=True)
class FailedCheck:
    asset: str
    check: str
    blocking: bool
    what: Sentence
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """Rows of a raw table over some days: given by the source, stored in its daily files, repeated.

    `days`: days with a load. `days_aside`: those whose load put rows aside; a load tells their number once for all of
    its days, so that there is no sum.
    """

    table: str
    days: int
    given: int
    stored: int
    repeated: int
    days_aside: int


def data_days(db: Database, tenant: str, first: date, last: date, layer: str | None = None) -> DataDays:
    """The facts of `first … last` (both included) per layer, or per table of one layer."""
    given = {"first": first, "last": last, "like": _like(layer), "runs": NEWEST_RUNS}

    def named(query: str, column: str) -> TextClause:
        return _sql(query, f"split_part({column}, '/', 1)" if layer is None else column)

    with db.tenant(tenant) as connection:
        loads = connection.execute(named(_LOADS, "source || '/' || step"), given)
        found = {(row.name, row.day): Loads(row.tables, row.partial, row.failed, row.oldest) for row in loads}
        verdicts = connection.execute(named(_CHECKS, "asset"), given)
        checks = {(row.name, row.day): Checks(row.passed, row.warned, row.blocked) for row in verdicts}
        rows = connection.execute(named(_STEPS, "asset"), given)
        steps = {(row.name, row.day): Steps(row.done, row.running, row.failed) for row in rows}
        return DataDays(found, checks, steps, _stale(connection, first, last), _open(connection, first, last))


def whole_days(db: Database, tenant: str, first: date, last: date) -> DataDays:
    """The same for a long period, all tables together under the name «»; steps stand for the day's newest run."""
    given = {"first": first, "last": last, "like": "%"}
    with db.tenant(tenant) as connection:
        loads = connection.execute(_sql(_LOADS, "''"), given)
        found = {("", row.day): Loads(row.tables, row.partial, row.failed, row.oldest) for row in loads}
        verdicts = connection.execute(_sql(_CHECKS, "''"), given)
        checks = {("", row.day): Checks(row.passed, row.warned, row.blocked) for row in verdicts}
        steps = {
            ("", row.day): Steps(int(row.status == "done"), int(row.status == "running"), int(row.status == "failed"))
            for row in connection.execute(_sql(_RUNS), given)
        }
        return DataDays(found, checks, steps, _stale(connection, first, last), _open(connection, first, last))


def day_journal(db: Database, tenant: str, day: date, name: str = "") -> tuple[list[DayStep], list[FailedCheck]]:
    """The newest steps that covered a day and its failed checks.

    `name`: a layer, a table, or everything.
    """
    given = {"first": day, "last": day, "runs": NEWEST_RUNS, "most": MOST_STEPS}
    with db.tenant(tenant) as connection:
        steps = connection.execute(_sql(_JOURNAL), given | {"like": name if "/" in name else _like(name)})
        found = [
            DayStep(
                row.asset,
                row.status,
                row.started_at,
                row.finished_at,
                row.rows_in,
                row.rows_out,
                row.requests,
                StoredError(row.error_code, Sentence(row.what_ru, row.what_en), Sentence(row.remedy_ru, row.remedy_en))
                if row.error_code
                else None,
            )
            for row in steps
        ]
        checks = connection.execute(text(_FAILED_CHECKS), given | {"like": f"{name}/" if "/" in name else _like(name)})
        failed = [
            FailedCheck(row.asset, row.check_name, row.blocking, Sentence(row.what_ru, row.what_en), row.checked_at)
            for row in checks
        ]
        return found, failed


def source_counts(db: Database, tenant: str, first: date, last: date) -> list[SourceCounts]:
    """The rows of each raw table over `first … last` (both included)."""
    with db.tenant(tenant) as connection:
        rows = connection.execute(text(_COUNTS), {"first": first, "last": last})
        return [
            SourceCounts(row.name, row.days, int(row.given), int(row.stored), int(row.repeated), row.days_aside)
            for row in rows
        ]


def _sql(query: str, name: str = "") -> TextClause:
    """`name`: the expression that rows are grouped by, one of this module's own."""
    return text(query.format(covering=_COVERING, steps=_STEPS_OF_RUN, name=name))


def _like(layer: str | None) -> str:
    return f"{layer}/%" if layer else "%"


def _stale(connection: Connection, first: date, last: date) -> dict[date, str]:
    rows = connection.execute(text(_STALE), {"first": first, "last": last})
    return {row.day: row.stale_reason or "" for row in rows}


def _open(connection: Connection, first: date, last: date) -> list[OpenRequest]:
    given = {"first": first, "last": last, "open": list(OPEN_STATUSES), "most": MOST_REQUESTS}
    rows = connection.execute(text(_OPEN), given)
    return [OpenRequest(row.request_id, row.kind, row.first_day, row.last_day, row.status) for row in rows]
