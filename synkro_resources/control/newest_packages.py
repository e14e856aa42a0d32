"""What the first screen reads of stored packages: a few figures of the last periods, and the newest rows to act on.

Both are one bounded query; whole packages have thousands of figures and rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from sqlalchemy import Integer, Select, and_, bindparam, func, select, tuple_

from synkro_resources.control.database import Database
from synkro_resources.control.packages import METRIC_FIELDS, ROW_FIELDS, as_metric, as_row
from synkro_resources.control.tables.reports import report_package, report_package_metric, report_package_row
from synkro_resources.model.package import PackageMetric, PackageRow, Verdict
from synkro_resources.model.period import Period, PeriodKind

Key = tuple[int, str]
"""`metric_no` and `code` of a figure."""


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    """Chosen figures of the whole company in the newest revision of one period's package."""

    package_id: str
    period: Period
    verdict: Verdict
    data_until: datetime
    figures: Mapping[Key, PackageMetric]


def figure_history(
    db: Database, tenant: str, kind: PeriodKind, keys: Collection[Key], limit: int
) -> list[PeriodFigures]:
    """The last `limit` periods of a kind that have a package worth reading, oldest first."""
    return _figures(db, tenant, _last_of_a_kind(), keys, {"kind": kind.value, "limit": limit})


def figures_of(
    db: Database, tenant: str, package_ids: Collection[str], keys: Collection[Key]
) -> dict[str, PeriodFigures]:
    """Chosen figures of these packages by their ids, superseded revisions too; unknown ids are left out."""
    found = _figures(db, tenant, _by_ids(), keys, {"package_ids": list(package_ids)})
    return {item.package_id: item for item in found}


def _with_figures(packages: Select[tuple[object, ...]]) -> Select[tuple[object, ...]]:
    """The query for the figures `keys` of the packages that another query names, by their first day."""
    package, metric = packages.subquery(), report_package_metric
    wanted = and_(
        metric.c.package_id == package.c.package_id,
        metric.c.scope == "tenant",
        tuple_(metric.c.metric_no, metric.c.code).in_(bindparam("keys", expanding=True)),
    )
    return (
        select(
            *(package.c[name] for name in ("package_id", "kind", "first_day", "last_day", "data_until")),
            package.c.verdict.label("package_verdict"),
            *(metric.c[name] for name in METRIC_FIELDS),
        )
        .select_from(package.outerjoin(metric, wanted))
        .order_by(package.c.first_day)
    )


# Putting a query of this width together takes longer than the server's answer, so each is put together once.
@cache
def _last_of_a_kind() -> Select[tuple[object, ...]]:
    package = report_package.c
    last = (
        select(report_package)
        .where(package.kind == bindparam("kind"), package.state == "ready", package.verdict != Verdict.FAILED.value)
        .order_by(package.first_day.desc())
        .limit(bindparam("limit", type_=Integer))
    )
    return _with_figures(last)


@cache
def _by_ids() -> Select[tuple[object, ...]]:
    wanted = report_package.c.package_id.in_(bindparam("package_ids", expanding=True))
    return _with_figures(select(report_package).where(wanted))


def _figures(
    db: Database,
    tenant: str,
    query: Select[tuple[object, ...]],
    keys: Collection[Key],
    parameters: Mapping[str, object],
) -> list[PeriodFigures]:
    headers: dict[str, PeriodFigures] = {}
    figures: dict[str, dict[Key, PackageMetric]] = {}
    with db.tenant(tenant) as connection:
        for row in connection.execute(query, {"keys": list(keys), **parameters}).mappings():
            package_id = str(row["package_id"])
            mine = figures.setdefault(package_id, {})
            period = Period(PeriodKind(row["kind"]), row["first_day"], row["last_day"])
            verdict = Verdict(row["package_verdict"])
            headers.setdefault(package_id, PeriodFigures(package_id, period, verdict, row["data_until"], mine))
            if row["code"] is not None:
                found = as_metric({**row})
                mine[found.metric_no, found.code] = found
    return list(headers.values())


@dataclass(frozen=True, slots=True)
class NewestRow:
    """A row of a list; `intents`: what the analysis heard the client wish in this dialog."""

    row: PackageRow
    intents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewestRows:
    """Lists of the newest package. `totals` counts rows that were not read as well; `managers`: names by id."""

    package_id: str
    first_day: date
    last_day: date
    data_until: datetime
    rows: Sequence[NewestRow]
    totals: Mapping[str, int]
    managers: Mapping[str, str]


@cache
def _newest_query(*, of_manager: bool) -> Select[tuple[object, ...]]:
    package, row, episode = report_package, report_package_row, report_package_row.alias("episode")
    newest = (
        select(package)
        .where(package.c.state == "ready", package.c.verdict != Verdict.FAILED.value)
        .order_by(package.c.data_until.desc(), package.c.last_day.desc(), package.c.first_day.desc())
        .limit(1)
        .subquery()
    )
    chosen = (
        select(
            row,
            func.count().over(partition_by=row.c.list_code).label("total"),
            func.row_number().over(partition_by=row.c.list_code, order_by=row.c.row_no).label("place"),
        )
        .where(
            row.c.package_id == select(newest.c.package_id).scalar_subquery(),
            row.c.list_code.in_(bindparam("lists", expanding=True)),
            *((row.c.manager_id == bindparam("manager_id"),) if of_manager else ()),
        )
        .subquery()
    )
    its_episode = and_(
        episode.c.package_id == chosen.c.package_id,
        episode.c.list_code == "episodes",
        episode.c.episode_key == chosen.c.episode_key,
    )
    return (
        select(
            newest.c.package_id,
            newest.c.first_day,
            newest.c.last_day,
            newest.c.data_until,
            newest.c.names["manager"].label("managers"),
            chosen.c.total,
            episode.c.extra["intents"].label("intents"),
            *(chosen.c[name] for name in ROW_FIELDS),
        )
        .select_from(
            newest.outerjoin(chosen, chosen.c.place <= bindparam("limit", type_=Integer)).outerjoin(
                episode, its_episode
            )
        )
        .order_by(chosen.c.list_code, chosen.c.row_no)
    )


def newest_rows(
    db: Database, tenant: str, lists: Collection[str], limit: int, *, manager_id: int | None = None
) -> NewestRows | None:
    """The first `limit` rows of each of the lists in the package with the freshest data; None before the first.

    `manager_id`: only this manager's rows.
    """
    query = _newest_query(of_manager=manager_id is not None)
    asked = {"lists": list(lists), "limit": limit} | ({} if manager_id is None else {"manager_id": manager_id})
    with db.tenant(tenant) as connection:
        found = connection.execute(query, asked).mappings().all()
    if not found:
        return None
    listed = [item for item in found if item["list_code"] is not None]
    first = found[0]
    return NewestRows(
        package_id=first["package_id"],
        first_day=first["first_day"],
        last_day=first["last_day"],
        data_until=first["data_until"],
        rows=[NewestRow(as_row({**item}), tuple(item["intents"] or ())) for item in listed],
        totals={item["list_code"]: item["total"] for item in listed},
        managers=first["managers"] or {},
    )
