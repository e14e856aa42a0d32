"""Sheets into the bytes of an XLSX file: typed cells, frozen headers, no formulas, the same bytes for one package."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from synkro_assets.reports.files.workbook.cells import Cell, LinkCell, Resolve, ShareCell, safe_text
from synkro_assets.reports.files.workbook.sheets import Sheet, all_sheets
from synkro_resources.model.package import Package
from synkro_resources.model.report import ReportDocument

ROWS_PER_SHEET = 100_000
NARROW, WIDE = 10, 60
"""Column widths in characters."""
ADDRESS_LIMIT = 2_079
"""What a spreadsheet program accepts as one address."""


@dataclass(frozen=True, slots=True)
class _Styles:
    header: Format
    text: Format
    moment: Format
    share: Format
    link: Format
    note: Format


def write_workbook(
    package: Package,
    document: ReportDocument,
    resolve: Resolve,
    language: str,
    *,
    rows_per_sheet: int = ROWS_PER_SHEET,
) -> bytes:
    """The workbook of a package; it computes nothing."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "max_url_length": ADDRESS_LIMIT,
        },
    )
    # The stamp is the package's, not the clock's: the same package gives the same bytes.
    book.set_properties({"title": document.title, "created": package.built_at.replace(tzinfo=None)})
    styles = _Styles(
        header=book.add_format({"bold": True, "bg_color": "#E8EEF4", "text_wrap": True, "valign": "top"}),
        text=book.add_format({"text_wrap": True, "valign": "top"}),
        moment=book.add_format({"num_format": "dd.mm.yyyy hh:mm", "valign": "top", "align": "left"}),
        share=book.add_format({"num_format": "0.0%", "valign": "top"}),
        link=book.add_format({"font_color": "#0B5CAD", "underline": 1, "valign": "top"}),
        note=book.add_format({"italic": True}),
    )
    for sheet in all_sheets(package, document, resolve, language):
        for title, rows in _pages(sheet, rows_per_sheet):
            _write_sheet(book.add_worksheet(title), sheet, rows, styles)
    book.close()
    return buffer.getvalue()


def _pages(sheet: Sheet, size: int) -> Iterator[tuple[str, Sequence[Sequence[Cell]]]]:
    """The sheet, and «… 2», «… 3» where it has more rows than one may hold."""
    for number, start in enumerate(range(0, max(len(sheet.rows), 1), size), start=1):
        yield sheet.title if number == 1 else f"{sheet.title} {number}", sheet.rows[start : start + size]


def _write_sheet(page: Worksheet, sheet: Sheet, rows: Sequence[Sequence[Cell]], styles: _Styles) -> None:
    for column, heading in enumerate(sheet.headings):
        page.write_string(0, column, safe_text(heading), styles.header)
        page.set_column(column, column, _width(heading, [row[column] for row in rows[:200]]))
    page.freeze_panes(1, 0)
    if not rows:
        page.write_string(1, 0, safe_text(sheet.why_empty), styles.note)
        return
    page.autofilter(0, 0, len(rows), len(sheet.headings) - 1)
    for number, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            _write_cell(page, number, column, cell, styles)


def _write_cell(page: Worksheet, row: int, column: int, cell: Cell, styles: _Styles) -> None:
    match cell:
        case None:
            return
        case bool():
            page.write_boolean(row, column, cell)
        case int() | float():
            page.write_number(row, column, cell)
        case datetime():
            page.write_datetime(row, column, cell, styles.moment)
        case ShareCell(value):
            page.write_number(row, column, value, styles.share)
        case LinkCell(address, text) if len(address) <= ADDRESS_LIMIT:
            if page.write_url(row, column, address, styles.link, string=safe_text(text)) < 0:
                page.write_string(row, column, safe_text(text), styles.text)  # a sheet holds 65,530 links
        case LinkCell(_, text):
            page.write_string(row, column, safe_text(text), styles.text)
        case str():
            page.write_string(row, column, safe_text(cell), styles.text)


def _width(heading: str, cells: Sequence[Cell]) -> int:
    longest = max((len(_shown(cell)) for cell in cells), default=0)
    return min(WIDE, max(NARROW, longest + 2, len(heading) // 2 + 2))


def _shown(cell: Cell) -> str:
    match cell:
        case LinkCell(_, text):
            return text
        case datetime():
            return "00.00.0000 00:00"
        case ShareCell() | float():
            return "000.00 %"
        case _:
            return "" if cell is None else str(cell)
