"""The pages of a report after its summary: people, losses, funnel, method."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

from reportlab.lib import colors
from reportlab.platypus import Flowable, Image, KeepTogether, PageBreak, Spacer, Table, TableStyle

from synkro_assets.reports.files.charts import reasons, render_png, trend
from synkro_assets.reports.files.pdf.styles import (
    CELL,
    HEADING,
    LINE,
    NOTE,
    SMALL_SIZE,
    paragraph,
    table,
)
from synkro_assets.reports.words.file_texts import FILE_TEXTS
from synkro_resources import charts
from synkro_resources.model.package import Package, PackageMetric, PackageRow
from synkro_resources.rules import formats

PAGE_WIDTH = 515.0  # points between the margins of A4
ROWS_OF_A_LIST = 25
HEALTH_SHARES = ("load_coverage", "dialog_coverage", "unmatched_share", "attribution_share", "reconciliation")


def people_page(package: Package, language: str) -> Iterator[Flowable]:
    """Managers with the interval of their share, the grid of hours, and the days."""
    words = FILE_TEXTS[language]
    managers = _managers(package, language)
    yield PageBreak()
    if managers:
        yield paragraph(words["people"], HEADING)
        header = [words[key] for key in PEOPLE_COLUMNS]
        yield table(header, managers, (100, 70, 62, 46, 66, 44, 60, 60))
        yield paragraph(words["people_note"], NOTE)
        yield from _drawn(charts.managers(package, language))
    grid = _hours(package, language)
    if grid is not None:
        yield paragraph(words["hours"], HEADING)
        yield grid
        yield paragraph(words["hours_note"], NOTE)
    times = charts.hours(package, language)
    if times is not None:
        yield KeepTogether([paragraph(words["hours_median"], HEADING), *_drawn(times)])
    if len(package.period.days) > 1:
        yield KeepTogether([paragraph(words["trend"], HEADING), _picture(render_png(trend(package, language)))])


PEOPLE_COLUMNS = (
    "manager",
    "episodes",
    "first_response",
    "in_time",
    "interval",
    "turns",
    "checklist",
    "unanswered",
)


def _managers(package: Package, language: str) -> list[list[str]]:
    names = package.names.get("manager", {})
    found = {item.scope_id: item for item in package.scoped(3, "in_sla", "manager")}

    def shown(number: int, code: str, manager: str) -> str:
        metric = package.metric(number, code, "manager", manager)
        return "–" if metric is None or metric.value is None else formats.whole(formats.half_up(metric.value))

    return [
        [
            names.get(manager, manager),
            shown(0, "active_episodes", manager),
            shown(1, "frt_median", manager),
            formats.share(share.num or 0, share.den or 0, language),
            _interval(share),
            formats.whole(share.den or 0),
            shown(14, "checklist_mean", manager),
            shown(4, "unanswered", manager),
        ]
        for manager, share in sorted(found.items(), key=lambda one: names.get(one[0], one[0]).casefold())
    ]


def _interval(share: PackageMetric) -> str:
    if share.ci_low is None or share.ci_high is None:
        return "–"
    return f"{formats.half_up(share.ci_low * 100)}–{formats.half_up(share.ci_high * 100)}{formats.NBSP}%"


def _hours(package: Package, language: str) -> Table | None:
    """Weekdays down, hours across; a cell is the darker the more answers were late."""
    cells = {item.scope_id: item for item in package.scoped(3, "in_sla", "weekday_hour") if item.den}
    if not cells:
        return None
    hours = sorted({int(key.partition(":")[2]) for key in cells})
    span = list(range(hours[0], hours[-1] + 1))
    weekdays = FILE_TEXTS[language]["weekdays"].split()
    rows: list[list[object]] = [["", *(f"{hour:02d}" for hour in span)]]
    style: list[Any] = [
        ("GRID", (1, 1), (-1, -1), 0.3, LINE),
        ("FONTNAME", (0, 0), (-1, -1), CELL.fontName),
        ("FONTSIZE", (0, 0), (-1, -1), SMALL_SIZE - 1),
        ("ALIGN", (0, 0), (-1, -1), "CENTER"),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ]
    seen = [int(key.partition(":")[0]) for key in cells]
    for place, weekday in enumerate(range(min(seen), max(seen) + 1), start=1):
        row: list[object] = [weekdays[weekday - 1]]
        for column, hour in enumerate(span, start=1):
            cell = cells.get(f"{weekday}:{hour:02d}")
            row.append("" if cell is None else f"{formats.half_up((cell.value or 0) * 100)}\n({cell.den})")
            if cell is not None:
                style.append(("BACKGROUND", (column, place), (column, place), _shade(cell.value or 0.0)))
        rows.append(row)
    width = min(30.0, (PAGE_WIDTH - 24) / len(span))
    drawn = Table(rows, colWidths=[24, *([width] * len(span))], hAlign="LEFT")
    drawn.setStyle(TableStyle(style))
    return drawn


def _shade(share: float) -> colors.Color:
    """White for all in time, amber for none."""
    late = 1 - share
    return colors.Color(1 - 0.02 * late, 1 - 0.35 * late, 1 - 0.75 * late)


def losses_page(package: Package, language: str) -> Iterator[Flowable]:
    """Lost deals by reason and one by one, objections, funnels; no page if there is nothing to tell."""
    parts = [*_losses(package, language), *_objections(package, language), *_funnels(package, language)]
    if parts:
        yield PageBreak()
        yield from parts


def _losses(package: Package, language: str) -> Iterator[Flowable]:
    words = FILE_TEXTS[language]
    rows = package.list_rows("lost")
    if not rows:
        return
    yield paragraph(words["losses"], HEADING)
    yield _picture(render_png(reasons(package, language)))
    yield paragraph(words["lost_deals"], HEADING)
    reasons_said = package.names.get("lost_reason", {})
    contradicted = {
        row.deal_id: reasons_said.get(str(row.extra.get("dialog_reason")), "")
        for row in package.list_rows("lost_mismatch")
    }
    header = [words[key] for key in ("deal", "reason", "dialog_reason", "manager", "when", "amount")]
    body = [_lost_row(package, row, contradicted, language) for row in rows[:ROWS_OF_A_LIST]]
    yield table(header, body, (60, 110, 110, 95, 75, 65), words=5)
    yield from _more(len(rows), words)


def _lost_row(package: Package, row: PackageRow, contradicted: dict[int | None, str], language: str) -> list[str]:
    return [
        f"№{row.deal_id}",
        str(row.extra.get("reason") or FILE_TEXTS[language]["no_reason"]),
        contradicted.get(row.deal_id, ""),
        package.names.get("manager", {}).get(str(row.manager_id), ""),
        "" if row.at is None else formats.moment(row.at, package.zone, language),
        "–" if not row.amount else formats.whole(row.amount),
    ]


def _more(total: int, words: dict[str, str]) -> Iterator[Flowable]:
    if total > ROWS_OF_A_LIST:
        yield paragraph(words["more_in_xlsx"].format(count=formats.whole(total - ROWS_OF_A_LIST)), NOTE)


def _objections(package: Package, language: str) -> Iterator[Flowable]:
    words = FILE_TEXTS[language]
    found = [item for item in package.scoped(13, "objection", "objection") if item.num]
    if not found:
        return
    names = package.names.get("objection", {})
    rows: list[list[str]] = []
    for item in sorted(found, key=lambda one: (-(one.num or 0), one.scope_id)):
        handled = package.metric(13, "objection_handled", "objection", item.scope_id)
        answered = "–" if handled is None else formats.share(handled.num or 0, handled.den or 0, language)
        share = formats.share(item.num or 0, item.den or 0, language)
        rows.append([names.get(item.scope_id, item.scope_id), formats.whole(item.num or 0), share, answered])
    yield paragraph(words["objections"], HEADING)
    yield table([words[key] for key in ("objection", "deals", "share", "handled")], rows, (200, 70, 90, 90))


def _funnels(package: Package, language: str) -> Iterator[Flowable]:
    words = FILE_TEXTS[language]
    by_pipeline: dict[str, list[PackageMetric]] = {}
    for step in package.scoped(10, "conversion", "step"):
        by_pipeline.setdefault(step.scope_id.partition(":")[0], []).append(step)
    for pipeline, steps in by_pipeline.items():
        name = package.names.get("pipeline", {}).get(pipeline, pipeline)
        yield paragraph(words["funnel"].format(pipeline=name), HEADING)
        yield from _drawn(charts.funnel(package, pipeline, language))
        header = [words[key] for key in ("step", "entered", "mature", "passed", "rate", "left")]
        yield table(header, [_step_row(package, step, language) for step in steps], (210, 55, 55, 55, 60, 75))


def _step_row(package: Package, step: PackageMetric, language: str) -> list[str]:
    def count(code: str) -> str:
        metric = package.metric(10, code, "step", step.scope_id)
        return "–" if metric is None or metric.n is None else formats.whole(metric.n)

    return [
        package.names.get("step", {}).get(step.scope_id, step.scope_id),
        count("conversion_entered"),
        formats.whole(step.den or 0),
        formats.whole(step.num or 0),
        formats.share(step.num or 0, step.den or 0, language),
        count("conversion_left"),
    ]


def method_page(package: Package, language: str) -> Iterator[Flowable]:
    """What the figures mean, how far the data can be trusted, and which versions made them."""
    words = FILE_TEXTS[language]
    yield PageBreak()
    yield paragraph(words["method"], HEADING)
    name = formats.period_name(package.period.first_day, package.period.last_day, language)
    yield paragraph(words["period"].format(period=name, zone=package.zone, days=package.working_days))
    yield paragraph(words["as_of"].format(until=formats.moment(package.as_of, package.zone, language)))
    yield paragraph(words["norm"].format(sla=package.versions.get("sla_minutes", "–")))
    for key in ("people_rule", "medians", "small", "tests"):
        yield paragraph(words[key])
    agreed = list(_agreement_rows(package, words))
    if agreed:
        yield paragraph(words["agreement"], HEADING)
        yield table([words[key] for key in ("checked", "right", "mark_interval")], agreed, (240, 80, 80))
    rows = list(_health_rows(package, words, language))
    if rows:
        yield paragraph(words["health"], HEADING)
        yield table([words[key] for key in ("figure", "value", "limit")], rows, (240, 80, 80))
    yield Spacer(1, 6)
    versions = ", ".join(f"{key} {value}" for key, value in sorted(package.versions.items()) if value)
    yield paragraph(words["versions"].format(versions=versions), NOTE)


def _agreement_rows(package: Package, words: dict[str, str]) -> Iterator[Sequence[str]]:
    """How far people agree with what they were shown at random: of all labels, and of items with enough marks."""
    items = package.names.get("item", {})
    for metric in package.metrics:
        if metric.code != "agreement" or metric.ci_low is None or metric.ci_high is None:
            continue
        name = items.get(metric.scope_id, metric.scope_id) if metric.scope == "item" else words["all_labels"]
        low, high = formats.half_up(metric.ci_low * 100), formats.half_up(metric.ci_high * 100)
        right = f"{metric.num}/{metric.den} ({formats.half_up((metric.value or 0) * 100)}{formats.NBSP}%)"
        yield [name, right, f"{low}–{high}{formats.NBSP}%"]


def _health_rows(package: Package, words: dict[str, str], language: str) -> Iterator[Sequence[str]]:
    for item in package.health:
        if item.value is None or item.code not in words:
            continue
        if item.code in HEALTH_SHARES or item.code == "analysis_coverage":
            limit = "–" if item.limit is None else f"{item.limit * 100:.0f}{formats.NBSP}%"
            shown = formats.decimal(item.value * 100, 1, language)
            yield [words[item.code], f"{shown}{formats.NBSP}%", limit]
        else:
            yield [words[item.code], formats.whole(int(item.value)), "–"]


def _drawn(chart: Any) -> Iterator[Flowable]:
    if chart is not None:
        yield _picture(render_png(chart))


def _picture(png: bytes) -> Image:
    """A chart as wide as its pixels allow, at most as wide as the page."""
    picture = Image(io.BytesIO(png), hAlign="LEFT")
    scale = min(PAGE_WIDTH / picture.imageWidth, 0.5)
    picture.drawWidth, picture.drawHeight = picture.imageWidth * scale, picture.imageHeight * scale
    return picture
