"""The sheets of the workbook in their order, each with its rows or the reason why it has none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from synkro_assets.reports.document.period_parts import NO_LABELS
from synkro_assets.reports.files.workbook import lists
from synkro_assets.reports.files.workbook.cells import Cell, Resolve, ShareCell
from synkro_assets.reports.files.workbook.codes import health_name, in_words
from synkro_assets.reports.files.workbook.lists import RowCells, RowReader
from synkro_assets.reports.files.workbook.words import CHANGES, DISPLAYS, HEADINGS, METRICS, SHEETS, UNITS, pick
from synkro_resources.model.package import Package, PackageHealth, PackageMetric, PackageRow
from synkro_resources.model.report import ReportDocument
from synkro_resources.rules.formats import period_name, zone_name

OWN_SHEETS = ("manager", "step", "weekday_hour")
"""Scopes that are not lines of the summary: people and the funnel have their sheets, the hours their chart."""

HEALTH_SHARES = frozenset(
    ("load_coverage", "dialog_coverage", "unmatched_share", "attribution_share", "reconciliation", "analysis_coverage")
)

BEHIND: dict[str, tuple[int, str]] = {
    "no_deal": (7, "no_deal"),
    "objection": (13, "objection"),
    "checklist": (14, "checklist_mean"),
    "lost": (9, "lost"),
    "unanswered": (4, "unanswered"),
    "silent_deals": (8, "new_silent"),
    "episodes": (0, "active_episodes"),
}
"""The figure whose rows a sheet shows; what it lacks says why the sheet is empty."""


@dataclass(frozen=True, slots=True)
class Sheet:
    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    why_empty: str


def all_sheets(package: Package, document: ReportDocument, resolve: Resolve, language: str) -> Iterator[Sheet]:
    """The twelve sheets of a workbook, whether the package holds their rows or not."""
    read = RowReader(package, resolve, language)
    mismatches = {row.deal_id: row for row in package.list_rows("lost_mismatch") if row.deal_id is not None}
    yield _sheet(read, "figures", [_figure(read, metric) for metric in package.metrics if _is_summary(metric)])
    yield _sheet(read, "managers", _managers(read))
    yield _listed(read, "episodes", ("episodes",), lists.episode_cells)
    yield _listed(read, "unanswered", ("unanswered",), lists.unanswered_cells)
    yield _listed(read, "no_deal", ("no_deal", "unmatched"), lists.no_deal_cells)
    yield _listed(read, "silent_deals", ("silent_deals", "silent_open"), lists.silent_cells)
    yield _listed(read, "lost", ("lost",), lists.lost_cells(mismatches))
    yield _listed(read, "objection", ("objection",), lists.objection_cells)
    yield _sheet(read, "checklist", [lists.checklist_cells(read, row) for row in _checklist_rows(package)])
    yield _sheet(read, "funnel", _funnel(read))
    yield _sheet(read, "health", [_health(read, item) for item in package.health])
    yield _sheet(read, "method", list(_method(read, document)))


def _sheet(read: RowReader, code: str, rows: Sequence[Sequence[Cell]]) -> Sheet:
    zone = zone_name(read.package.as_of, read.package.zone, read.language)
    headings = HEADINGS[code][1 if read.language == "en" else 0]
    return Sheet(
        title=pick(SHEETS[code], read.language),
        headings=[heading.format(zone=zone) for heading in headings],
        rows=rows,
        why_empty=_why_empty(read, code),
    )


def _listed(read: RowReader, code: str, list_codes: Sequence[str], cells: RowCells) -> Sheet:
    return _sheet(read, code, [cells(read, row) for one in list_codes for row in read.package.list_rows(one)])


def _why_empty(read: RowReader, code: str) -> str:
    if code not in BEHIND:
        return read.say("empty")
    figure = read.package.metric(*BEHIND[code])
    if figure is None or (code == "episodes" and figure.value):
        return read.say("not_held")
    return read.say(figure.note if figure.note in NO_LABELS else "empty")


def _checklist_rows(package: Package) -> Iterator[PackageRow]:
    """Every item of every scored episode; of a package from before these were kept, the failed ones alone.

    A failed critical item stands once and is marked as such.
    """
    if answers := package.list_rows("checklist_answer"):
        yield from answers
        return
    critical = {(row.episode_key, row.extra.get("item")): row for row in package.list_rows("critical_fail")}
    for row in package.list_rows("checklist_fail"):
        yield critical.pop((row.episode_key, row.extra.get("item")), row)
    yield from critical.values()


def _is_summary(metric: PackageMetric) -> bool:
    return metric.scope not in OWN_SHEETS


def _health(read: RowReader, item: PackageHealth) -> Sequence[Cell]:
    def cell(value: float | None) -> Cell:
        return ShareCell(value) if value is not None and item.code in HEALTH_SHARES else value

    status = in_words("health_status", item.status, read.language)
    return (health_name(item.code, read.language), cell(item.value), cell(item.limit), status)


def _amount(metric: PackageMetric | None) -> Cell:
    if metric is None or metric.value is None:
        return None
    if metric.unit == "share":
        return ShareCell(metric.value)
    return int(metric.value) if metric.value.is_integer() else metric.value


def _figure(read: RowReader, metric: PackageMetric) -> Sequence[Cell]:
    name = pick(METRICS[metric.code], read.language) if metric.code in METRICS else metric.code
    if metric.scope != "tenant":
        part = read.name(metric.scope, metric.scope_id) or read.say("not_given")
        name = f"{name}: {part}"
    previous: Cell = metric.prev_value
    if metric.unit == "share" and metric.prev_value is not None:
        previous = ShareCell(metric.prev_value)
    interval = (
        None if metric.ci_low is None or metric.ci_high is None else f"{metric.ci_low:.4g} … {metric.ci_high:.4g}"
    )
    return (
        metric.metric_no,
        name,
        _amount(metric),
        metric.num,
        metric.den,
        metric.n,
        pick(UNITS[metric.unit], read.language) if metric.unit in UNITS else metric.unit,
        previous,
        _conclusion(read, metric),
        metric.p_value,
        interval,
    )


def _conclusion(read: RowReader, metric: PackageMetric) -> Cell:
    if metric.display in DISPLAYS:
        return pick(DISPLAYS[metric.display], read.language)
    return None if metric.verdict is None else pick(CHANGES[metric.verdict], read.language)


def _managers(read: RowReader) -> Sequence[Sequence[Cell]]:
    """One row per person that any figure is about, by name."""
    package = read.package
    found = {metric.scope_id for metric in package.metrics if metric.scope == "manager" and metric.scope_id}
    kinds: Counter[tuple[str, str]] = Counter(
        (str(row.manager_id), row.attribution) for row in package.list_rows("new_episodes") if row.manager_id
    )

    def of(person: str, number: int, code: str) -> PackageMetric | None:
        return package.metric(number, code, "manager", person)

    rows: list[Sequence[Cell]] = []
    for person in sorted(found, key=lambda one: (read.name("manager", one), one)):
        judged, checklist = of(person, 3, "in_sla"), of(person, 14, "checklist_mean")
        shown = {metric.display for metric in package.metrics if (metric.scope, metric.scope_id) == ("manager", person)}
        rows.append(
            (
                read.name("manager", person),
                _amount(of(person, 0, "active_episodes")),
                _amount(of(person, 1, "frt_median")),
                _amount(of(person, 1, "frt_p90")),
                _amount(judged),
                judged.den if judged else None,
                _amount(checklist),
                checklist.n if checklist else None,
                _amount(of(person, 4, "unanswered")),
                _amount(of(person, 9, "lost")),
                " / ".join(str(kinds[person, kind]) for kind in ("author", "event", "current")),
                pick(DISPLAYS["few"], read.language) if "few" in shown else None,
            )
        )
    return rows


def _funnel(read: RowReader) -> Sequence[Sequence[Cell]]:
    package = read.package
    rows: list[Sequence[Cell]] = []
    for step in package.scoped(10, "conversion", "step"):
        entered, left, maturity = (
            package.metric(10, code, "step", step.scope_id)
            for code in ("conversion_entered", "conversion_left", "conversion_maturity")
        )
        rows.append(
            (
                read.name("pipeline", step.scope_id.partition(":")[0]),
                read.name("step", step.scope_id),
                _amount(entered),
                step.den,
                step.num,
                _amount(step),
                _amount(maturity),
                _amount(left),
            )
        )
    return rows


def _method(read: RowReader, document: ReportDocument) -> Iterator[Sequence[Cell]]:
    package, say = read.package, read.say
    period, earlier = package.period, package.prev_period
    yield (say("period"), period_name(period.first_day, period.last_day, read.language))
    yield (say("zone"), f"{package.zone} ({zone_name(package.as_of, package.zone, read.language)})")
    yield (say("as_of"), read.moment(package.as_of))
    yield (say("data_until"), read.moment(package.data_until))
    yield (say("working_days"), package.working_days)
    yield (say("holidays"), ", ".join(day.isoformat() for day in package.holidays) or say("no"))
    yield (say("previous"), period_name(earlier.first_day, earlier.last_day, read.language) if earlier else say("no"))
    yield (say("verdict"), in_words("verdict", package.verdict.value, read.language))
    yield (say("revision"), document.revision)
    for name, version in sorted(package.versions.items()):
        yield (say("version").format(name=name), version)
    for rule in ("rule_time", "rule_people", "rule_arrow", "rule_band"):
        yield (say(rule), say(f"{rule}_text"))
