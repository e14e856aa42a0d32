"""A month's statement as an XLSX file: typed cells, frozen headings, and nothing that a spreadsheet would run."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from synkro_app.cabinet.components.formats import period
from synkro_app.cabinet.texts import translate
from synkro_resources.control.data_quality import QualityNote
from synkro_resources.control.statement import SendTime, Statement
from synkro_resources.erasure.export import safe_cell

Cell = str | int | float | datetime | None
WIDTHS = (44, 22, 22, 16)


def statement_file(statement: Statement, language: str) -> bytes:
    """The workbook: what was used, by day, and for plans that promise them the send times."""
    buffer = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(buffer, options)
    # The stamp is the month's, not the clock's: the same figures give the same bytes.
    month = statement.usage.month
    book.set_properties({"title": _say(language, "title"), "created": datetime.combine(month, time())})
    heading = book.add_format({"bold": True, "bg_color": "#E8EEF4", "text_wrap": True, "valign": "top"})
    moment = book.add_format({"num_format": "dd.mm.yyyy hh:mm", "align": "left"})
    for name, headings, rows in _sheets(statement, language):
        page = book.add_worksheet(_say(language, f"sheet_{name}"))
        page.freeze_panes(1, 0)
        for column, code in enumerate(headings):
            page.write_string(0, column, _say(language, f"head_{code}"), heading)
            page.set_column(column, column, WIDTHS[column])
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                _write(page, number, column, cell, moment)
    book.close()
    return buffer.getvalue()


def _sheets(statement: Statement, language: str) -> Iterator[tuple[str, Sequence[str], Iterator[Sequence[Cell]]]]:
    yield "summary", ("what", "used", "allowed"), _summary(statement, language)
    days = ((day.isoformat(), count) for day, count in statement.counted.new.items())
    yield "days", ("day", "new_dialogs"), days
    if statement.send_times is not None:
        zone = ZoneInfo(statement.tenant.zone)
        promised = (_promise(one, zone, language) for one in statement.send_times)
        yield "send_times", ("report", "due_at", "sent_at", "kept"), promised
    if statement.services:
        sold = (
            (one.title or _say(language, f"service_{one.kind}"), float(one.amount), one.currency)
            for one in statement.services
        )
        yield "services", ("service", "amount", "currency"), sold
    if statement.checklist is not None:
        items = (
            (_say(language, f"item_{item}"), _say(language, "done" if is_done else "open"))
            for item, is_done in statement.checklist.items()
        )
        yield "onboarding", ("item", "state"), items
    if statement.quality is not None:
        yield "quality", ("what", "value", "remedy"), _quality(statement.quality, language)


def _summary(statement: Statement, language: str) -> Iterator[Sequence[Cell]]:
    usage, plan = statement.usage, statement.plan
    yield _say(language, "row_company"), statement.tenant.name, None
    yield _say(language, "row_month"), f"{usage.month:%m.%Y}", None
    yield _say(language, "row_zone"), statement.tenant.zone, None
    yield _say(language, "row_plan"), plan.name, None
    yield _say(language, "row_dialogs"), usage.dialogs, plan.dialogs_per_month
    yield _say(language, "row_users"), statement.members, plan.users
    yield _say(language, "row_reports"), usage.reports, None
    yield _say(language, "row_ai_calls"), usage.ai_calls, None
    yield _say(language, "row_ai_tokens"), usage.ai_tokens, None
    cost = translate(language, "statement.row_ai_cost", currency=statement.currency or "–")
    yield cost, float(usage.ai_cost.quantize(Decimal("0.01"))), None
    if statement.send_times is not None:
        kept = sum(one.is_kept for one in statement.send_times)
        yield _say(language, "row_kept"), kept, len(statement.send_times)


def _quality(note: QualityNote, language: str) -> Iterator[Sequence[Cell]]:
    yield _say(language, "row_days"), note.days, None
    yield _say(language, "row_whole_days"), note.whole_days, None
    yield _say(language, "row_rows"), note.rows, None
    yield _say(language, "row_put_aside"), note.rows_put_aside, None
    for one in note.failed:
        name = translate(language, "statement.row_failed", asset=one.asset, check=one.check)
        yield name, one.days, one.remedy.in_language(language)


def _promise(one: SendTime, zone: ZoneInfo, language: str) -> Sequence[Cell]:
    sent = None if one.sent_at is None else _local(one.sent_at, zone)
    kept = _say(language, "kept" if one.is_kept else "missed")
    return period(one.period, language), _local(one.due_at, zone), sent, kept


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _write(page: Worksheet, row: int, column: int, cell: Cell, moment: Format) -> None:
    if isinstance(cell, datetime):
        page.write_datetime(row, column, cell, moment)
    elif isinstance(cell, str):
        page.write_string(row, column, str(safe_cell(cell)))
    elif cell is not None:
        page.write_number(row, column, cell)


def _say(language: str, key: str) -> str:
    return translate(language, f"statement.{key}")
