"""Period packages in the database: built once, revised only when their inputs changed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    func,
    insert,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects import postgresql

from synkro_resources.control.database import Database
from synkro_resources.control.recordset import given_rows
from synkro_resources.control.tables import reports as tables
from synkro_resources.model.package import (
    Change,
    Package,
    PackageFact,
    PackageHealth,
    PackageMetric,
    PackageRow,
    Verdict,
)
from synkro_resources.model.period import Period, PeriodKind
from synkro_resources.model.window import TenantWindow

ROWS_AT_ONCE = 20_000
METRIC_FIELDS = (
    "metric_no",
    "code",
    "scope",
    "scope_id",
    "value",
    "num",
    "den",
    "n",
    "unit",
    "prev_value",
    "prev_n",
    "test",
    "p_value",
    "ci_low",
    "ci_high",
    "verdict",
    "polarity",
    "display",
    "note",
)
ROW_FIELDS = (
    "list_code",
    "row_no",
    "episode_key",
    "dialog_id",
    "deal_id",
    "manager_id",
    "attribution",
    "amount",
    "age_min",
    "at",
    "finding_ids",
    "band",
    "extra",
)
FACT_FIELDS = (
    "fact_id",
    "code",
    "rank",
    "severity",
    "amount",
    "template_text",
    "values",
    "finding_ids",
    "wording",
    "final_text",
)
HEALTH_FIELDS = ("code", "value", "limit", "status", "text")


@dataclass(frozen=True, slots=True)
class StoredPackage:
    """Where a package is kept; `created` is False when the same inputs had been stored before."""

    package_id: str
    revision: int
    created: bool


def save_package(db: Database, package: Package) -> StoredPackage:
    """Store a package in one transaction.

    The same `input_hash` as the newest revision creates nothing; another one creates the next revision, and the older
    ones stay readable as superseded.
    """
    report_id = package.period.report_id
    table = tables.report_package
    with db.tenant(package.tenant) as connection:
        connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"),
            {"key": f"package:{package.tenant}:{report_id}"},
        )
        newest = connection.execute(_newest(report_id)).one_or_none()
        if newest is not None and newest.input_hash == package.input_hash:
            return StoredPackage(newest.package_id, newest.revision, created=False)
        revision = 1 if newest is None else newest.revision + 1
        package_id = uuid.uuid4().hex
        connection.execute(update(table).where(table.c.report_id == report_id).values(state="superseded"))
        connection.execute(insert(table).values(_header(package, package_id, revision)))
        _insert_parts(connection, package, package_id)
        return StoredPackage(package_id, revision, created=True)


def save_wordings(
    db: Database,
    tenant: str,
    package_id: str,
    accepted: Mapping[str, str],
    *,
    values: Mapping[str, object],
    rejected: int,
    asked: int,
) -> None:
    """Keep a model's wording of facts (`accepted`: by fact) beside their templates; `values` are added to theirs.

    How many were rejected of those asked stands in the package's health as `narrative_rejected`.
    """
    table, health = tables.report_package_fact, tables.report_package_health
    with db.tenant(tenant) as connection:
        for fact_id, final in accepted.items():
            connection.execute(
                update(table)
                .where(table.c.package_id == package_id, table.c.fact_id == fact_id)
                .values(wording="model", final_text=final, values=table.c["values"].concat(dict(values)))
            )
        following = select(func.coalesce(func.max(health.c.position), -1) + 1).where(health.c.package_id == package_id)
        figures = {"value": float(rejected), "limit": float(asked)}
        connection.execute(
            postgresql.insert(health)
            .values(
                tenant=tenant,
                package_id=package_id,
                code="narrative_rejected",
                position=following.scalar_subquery(),
                status="ok",
                text="",
                **figures,
            )
            .on_conflict_do_update(index_elements=["tenant", "package_id", "code"], set_=figures)
        )


def latest_package(db: Database, tenant: str, report_id: str) -> tuple[str, int, Package] | None:
    """Id, revision and content of the newest revision, or None."""
    with db.tenant(tenant) as connection:
        row = connection.execute(_newest(report_id)).one_or_none()
        return None if row is None else (row.package_id, row.revision, _package(connection, row))


def newest_verdict(db: Database, tenant: str, report_id: str) -> tuple[Verdict, datetime] | None:
    """Verdict and instant of the newest package of a report, without its rows."""
    with db.tenant(tenant) as connection:
        row = connection.execute(_newest(report_id)).one_or_none()
    return None if row is None else (Verdict(row.verdict), row.built_at)


def get_package(db: Database, tenant: str, package_id: str, *, with_rows: bool = True) -> Package | None:
    """One package by its id, also a superseded one; `with_rows=False` leaves its thousands of rows where they are."""
    table = tables.report_package
    with db.tenant(tenant) as connection:
        row = connection.execute(select(table).where(table.c.package_id == package_id)).one_or_none()
        return None if row is None else _package(connection, row, with_rows=with_rows)


def package_figures(db: Database, tenant: str, package_id: str) -> Package | None:
    """The same with neither rows nor facts nor health, by one query: what charts are drawn from."""
    table, metric = tables.report_package, tables.report_package_metric
    query = (
        select(table, *(metric.c[name].label(f"figure_{name}") for name in METRIC_FIELDS))
        .outerjoin(metric, metric.c.package_id == table.c.package_id)
        .where(table.c.package_id == package_id)
        .order_by(metric.c.position)
    )
    with db.tenant(tenant) as connection:
        found = connection.execute(query).all()
    if not found:
        return None
    figures = tuple(
        PackageMetric(**{name: _read(name, getattr(row, f"figure_{name}")) for name in METRIC_FIELDS})
        for row in found
        if row.figure_code is not None
    )
    return _header_of(found[0], figures)


def package_lists(db: Database, tenant: str, package_id: str, *, manager_id: int | None = None) -> dict[str, int]:
    """How many rows each list of a package has, in the order of the package; of one manager if one is named."""
    table = tables.report_package_row
    query = (
        select(table.c.list_code, func.count())
        .where(table.c.package_id == package_id, *_of_manager(manager_id))
        .group_by(table.c.list_code)
        .order_by(func.min(table.c.position))
    )
    with db.tenant(tenant) as connection:
        return {str(code): int(count) for code, count in connection.execute(query)}


def package_rows(
    db: Database, tenant: str, package_id: str, list_code: str, limit: int, *, manager_id: int | None = None
) -> tuple[list[PackageRow], int, dict[str, dict[str, str]]]:
    """The first rows of one list, how many it has (of one manager if one is named), and the package's names."""
    table = tables.report_package_row
    mine = (table.c.package_id == package_id, table.c.list_code == list_code, *_of_manager(manager_id))
    chosen = (
        select(*(table.c[name] for name in ROW_FIELDS), func.count().over().label("total"))
        .where(*mine)
        .order_by(table.c.row_no)
        .limit(limit)
        .subquery()
    )
    header = tables.report_package
    query = (
        select(header.c.names, *chosen.c)
        .select_from(header.outerjoin(chosen, true()))
        .where(header.c.package_id == package_id)
        .order_by(chosen.c.row_no)
    )
    with db.tenant(tenant) as connection:
        found = connection.execute(query).mappings().all()
    rows = [as_row({**row}) for row in found if row["list_code"] is not None]
    return rows, found[0]["total"] if rows else 0, found[0]["names"] if found else {}


def as_row(values: Mapping[str, Any]) -> PackageRow:
    """A stored row as the dataclass; columns that are none of its fields are left out."""
    return PackageRow(**{name: _read(name, values[name]) for name in ROW_FIELDS})


def as_metric(values: Mapping[str, Any]) -> PackageMetric:
    """A stored figure as the dataclass; columns that are none of its fields are left out."""
    return PackageMetric(**{name: _read(name, values[name]) for name in METRIC_FIELDS})


def _of_manager(manager_id: int | None) -> tuple[ColumnElement[bool], ...]:
    return () if manager_id is None else (tables.report_package_row.c.manager_id == manager_id,)


def _newest(report_id: str) -> Select[tuple[object, ...]]:
    table = tables.report_package
    return select(table).where(table.c.report_id == report_id).order_by(table.c.revision.desc()).limit(1)


def _header(package: Package, package_id: str, revision: int) -> dict[str, object]:
    window = TenantWindow.of_period(package.tenant, package.zone, package.period)
    previous = package.prev_period
    return {
        "tenant": package.tenant,
        "package_id": package_id,
        "report_id": package.period.report_id,
        "revision": revision,
        "kind": package.period.kind.value,
        "first_day": package.period.first_day,
        "last_day": package.period.last_day,
        "period_start": window.start,
        "period_end": window.end,
        "zone": package.zone,
        "as_of": package.as_of,
        "data_until": package.data_until,
        "built_at": package.built_at,
        "working_days": package.working_days,
        "holidays": list(package.holidays),
        "prev_kind": None if previous is None else previous.kind.value,
        "prev_first_day": None if previous is None else previous.first_day,
        "prev_last_day": None if previous is None else previous.last_day,
        "prev_note": package.prev_note,
        "prev_working_days": package.prev_working_days,
        "verdict": package.verdict.value,
        "verdict_reasons": list(package.verdict_reasons),
        "versions": package.versions,
        "names": package.names,
        "input_hash": package.input_hash,
        "state": "ready",
    }


def _insert_parts(connection: Connection, package: Package, package_id: str) -> None:
    key = {"tenant": package.tenant, "package_id": package_id}
    parts = (
        (tables.report_package_metric, METRIC_FIELDS, package.metrics),
        (tables.report_package_row, ROW_FIELDS, package.rows),
        (tables.report_package_fact, FACT_FIELDS, package.facts),
        (tables.report_package_health, HEALTH_FIELDS, package.health),
    )
    for table, fields, items in parts:
        names, cells = (*key, "position", *fields), attrgetter(*fields)
        rows = [
            dict(zip(names, (*key.values(), position, *cells(item)), strict=True))
            for position, item in enumerate(items)
        ]
        for first in range(0, len(rows), ROWS_AT_ONCE):
            connection.execute(insert(table).from_select(*given_rows(table, rows[first : first + ROWS_AT_ONCE])))


def _package(connection: Connection, row: Row[tuple[object, ...]], *, with_rows: bool = True) -> Package:
    def parts(table: Table, fields: Sequence[str]) -> list[dict[str, Any]]:
        return _parts(connection, table, fields, row.package_id)

    return replace(
        _header_of(row, tuple(PackageMetric(**one) for one in parts(tables.report_package_metric, METRIC_FIELDS))),
        rows=tuple(PackageRow(**one) for one in parts(tables.report_package_row, ROW_FIELDS)) if with_rows else (),
        facts=tuple(PackageFact(**one) for one in parts(tables.report_package_fact, FACT_FIELDS)),
        health=tuple(PackageHealth(**one) for one in parts(tables.report_package_health, HEALTH_FIELDS)),
    )


def _header_of(row: Row[tuple[object, ...]], figures: tuple[PackageMetric, ...]) -> Package:
    previous = (
        None if row.prev_kind is None else Period(PeriodKind(row.prev_kind), row.prev_first_day, row.prev_last_day)
    )
    return Package(
        tenant=row.tenant,
        period=Period(PeriodKind(row.kind), row.first_day, row.last_day),
        zone=row.zone,
        as_of=row.as_of,
        data_until=row.data_until,
        built_at=row.built_at,
        working_days=row.working_days,
        prev_period=previous,
        prev_note=row.prev_note,
        verdict=Verdict(row.verdict),
        verdict_reasons=tuple(row.verdict_reasons),
        versions=row.versions,
        input_hash=row.input_hash,
        metrics=figures,
        rows=(),
        health=(),
        holidays=tuple(row.holidays),
        prev_working_days=row.prev_working_days,
        names=row.names,
    )


def _parts(connection: Connection, table: Table, fields: Sequence[str], package_id: str) -> list[dict[str, Any]]:
    query = (
        select(*(table.c[name] for name in fields)).where(table.c.package_id == package_id).order_by(table.c.position)
    )
    return [{name: _read(name, value) for name, value in row.items()} for row in connection.execute(query).mappings()]


def _read(name: str, value: object) -> Any:
    """A column as the field of its name takes it."""
    if name == "finding_ids":
        return tuple(value) if isinstance(value, list) else ()
    return Change(value) if name == "verdict" and value is not None else value
