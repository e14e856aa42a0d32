"""A workbook says what its package says, in typed cells, and no client text becomes a formula or a link."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from synkro_assets.reports.workbook import write_workbook
from synkro_assets.reports.workbook.cells import TEXT_LIMIT, safe_text
from synkro_assets.reports.workbook.words import HEADINGS, SHEETS
from synkro_resources.model.package import Package, PackageMetric, PackageRow
from tests.assets.reports.packages import HOSTILE, report_of, resolve, week


def book_of(package: Package, language: str = "ru") -> Workbook:
    return load_workbook(io.BytesIO(write_workbook(package, report_of(package), resolve, language)))


def rows_of(book: Workbook, sheet: str) -> list[tuple[object, ...]]:
    return list(book[sheet].iter_rows(min_row=2, values_only=True))


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_sheets_and_headings_are_those_of_the_specification(language: str) -> None:
    book = book_of(week(), language)
    place = 1 if language == "en" else 0
    assert book.sheetnames == [names[place] for names in SHEETS.values()]
    for code, names in SHEETS.items():
        page = book[names[place]]
        assert page.max_column == len(HEADINGS[code][place])
        assert page.freeze_panes == "A2"
        assert page.auto_filter.ref


def test_every_figure_of_the_package_stands_in_the_summary() -> None:
    package = week()
    found = [(row[0], row[2], row[3], row[4]) for row in rows_of(book_of(package), "Итоги")]
    for metric in package.metrics:
        if metric.scope == "tenant":
            assert (metric.metric_no, pytest.approx(metric.value), metric.num, metric.den) in found


def test_each_list_has_as_many_rows_as_the_package() -> None:
    package, book = week(), book_of(week())
    for sheet, codes in {
        "Обращения": ("episodes",),
        "Без ответа": ("unanswered",),
        "Отказы": ("lost",),
        "Возражения": ("objection",),
        "Чек-лист": ("checklist_fail", "critical_fail"),
    }.items():
        assert len(rows_of(book, sheet)) == sum(len(package.list_rows(code)) for code in codes)


def test_dates_are_local_and_the_heading_names_the_zone() -> None:
    page = book_of(week())["Без ответа"]
    assert page["D1"].value == "с (МСК)"
    assert page["D2"].value == datetime.fromisoformat("2026-09-07T00:00")
    assert page["B2"].value == 420_000


def test_links_are_built_from_ids_alone() -> None:
    book = book_of(week())
    addresses = {cell.hyperlink.target for page in book for row in page.iter_rows() for cell in row if cell.hyperlink}
    assert all(one.startswith(("https://crm.test/leads/", "https://cabinet.test/message/")) for one in addresses)
    assert "https://crm.test/leads/101" in addresses


def test_no_cell_is_a_formula() -> None:
    types = {cell.data_type for page in book_of(week()) for row in page.iter_rows() for cell in row}
    assert "f" not in types


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
        ("+7 900 000-00-11", "'+7 900 000-00-11"),
        ("-5 %", "'-5 %"),
        (" =1+1", "' =1+1"),
        ("a = b", "a = b"),
    ],
)
def test_AC05_text_that_looks_like_a_formula_is_quoted(value: str, expected: str) -> None:
    package = week()
    row = replace(package.list_rows("no_deal")[0], extra={"quote": value})
    cell = book_of(replace(package, rows=(row,)))["Без сделки"]["D2"]
    assert (cell.value, cell.data_type) == (expected, "s")


@given(st.text(max_size=50))
def test_safe_text_never_starts_a_formula(value: str) -> None:
    assert not safe_text(value).lstrip(" \u00a0\u200b\u2060\ufeff").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_a_hostile_quote_arrives_whole_and_a_long_one_is_cut() -> None:
    assert rows_of(book_of(week()), "Возражения")[0][3] == f"'{HOSTILE}"
    assert len(safe_text("=" + "x" * 40_000)) == TEXT_LIMIT


def test_an_absent_list_says_why() -> None:
    package = replace(week(), rows=(), metrics=(PackageMetric(13, "objection", display="na", note="no_llm"),))
    book = book_of(package)
    assert rows_of(book, "Возражения")[0][0] == "Нет данных: оценки ИИ не рассчитаны, провайдер не подключён"
    assert rows_of(book, "Отказы")[0][0] == "Этот отчёт такого списка не содержит"


def test_rows_above_the_limit_go_to_a_second_sheet() -> None:
    package = week()
    data = write_workbook(package, report_of(package), resolve, "ru", rows_per_sheet=20)
    book = load_workbook(io.BytesIO(data))
    assert len(rows_of(book, "Обращения")) == 20
    assert len(rows_of(book, "Обращения 2")) == 8


def test_the_same_package_gives_the_same_bytes() -> None:
    package = week()
    assert write_workbook(package, report_of(package), resolve, "ru") == write_workbook(
        package, report_of(package), resolve, "ru"
    )


@pytest.mark.filterwarnings("ignore:Ignoring URL")
def test_more_links_than_a_sheet_may_hold_lose_their_address_and_never_their_text() -> None:
    rows = tuple(PackageRow("lost", number, deal_id=number) for number in range(1, 66_001))
    package = replace(week(), rows=rows)
    content = write_workbook(package, report_of(package), lambda reference: f"https://x/{reference}", "ru")
    sheet = load_workbook(io.BytesIO(content), read_only=True)["Отказы"]
    deals = [row[0] for row in sheet.iter_rows(min_row=2, max_col=1, values_only=True)]
    assert deals == [f"№{number}" for number in range(1, 66_001)]


def test_a_text_of_emoji_fits_a_cell() -> None:
    assert len(safe_text("🔥" * 40_000).encode("utf-16-le")) == 64_000
