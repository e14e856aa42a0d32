"""A workbook says what its package says, in typed cells, and no client text becomes a formula or a link."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from synkro_assets.reports.files.workbook import write_workbook
from synkro_assets.reports.files.workbook.cells import TEXT_LIMIT, safe_text
from synkro_assets.reports.files.workbook.words import HEADINGS, SHEETS
from synkro_resources.model.package import Package, PackageHealth, PackageMetric, PackageRow
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
    assert all(str(one).startswith(("https://crm.test/leads/", "https://cabinet.test/message/")) for one in addresses)
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


def column(package: Package, sheet: str, heading: str, language: str = "ru") -> list[object]:
    page = book_of(package, language)[sheet]
    place = [cell.value for cell in page[1]].index(heading)
    return [row[place] for row in page.iter_rows(min_row=2, values_only=True)]


def an_episode(**extra: object) -> Package:
    row = PackageRow("episodes", 1, "e1", "d1", 101, 9001, "crm_chat", at=week().as_of, extra=extra)
    return replace(week(), rows=(row,))


@pytest.mark.parametrize(
    ("extra", "heading", "shown"),
    [
        ({"channel": "avito"}, "канал", "Авито"),
        ({"opened_by": "manager"}, "открыл", "менеджер"),
        ({"intents": ["invoice", "payment"]}, "интерес", "просит счёт или договор, готов оплатить"),
        ({"topics": ["delivery"]}, "темы", "доставка"),
        ({"sentiment_end": "negative"}, "тон конец", "негативный"),
        ({"skip_reason": "bot_only"}, "пропуск", "только бот"),
        ({"channel": "carrier_pigeon"}, "канал", "carrier_pigeon"),
    ],
)
def test_codes_of_an_episode_are_words_and_an_unknown_one_is_not_hidden(
    extra: dict[str, object], heading: str, shown: str
) -> None:
    assert column(an_episode(**extra), "Обращения", heading) == [shown]


def test_who_an_episode_is_attributed_by_is_said_in_words() -> None:
    assert column(an_episode(), "Обращения", "привязка") == ["чат в CRM"]
    assert column(an_episode(), "Episodes", "attribution", "en") == ["chat in the CRM"]


def test_data_health_reads_as_words_with_shares_as_per_cent() -> None:
    health = (
        PackageHealth("dialog_coverage", 0.98, 0.9, "ok"),
        PackageHealth("attribution:event", 12.0, None, "shown"),
        PackageHealth("lag:amocrm", 75.0, 60.0, "shown"),
        PackageHealth("skipped:no_text", 8.0, None, "shown"),
        PackageHealth("manager_comparison", None, None, "off"),
        PackageHealth("no_zone", 0.0, None, "shown"),
    )
    page = book_of(replace(week(), health=health))["Качество данных"]
    assert [tuple(cell.value for cell in row) for row in page.iter_rows(min_row=2)] == [
        ("Загружено диалогов", 0.98, 0.9, "в норме"),
        ("Привязано: событие CRM", 12, None, "для сведения"),
        ("Минут с загрузки: amoCRM", 75, 60, "для сведения"),
        ("Не разобрано: только стикеры и файлы", 8, None, "для сведения"),
        ("Сравнение менеджеров", None, None, "отключено"),
        ("Сообщений без часового пояса", 0, None, "для сведения"),
    ]
    assert "%" in page["B2"].number_format


def test_the_english_workbook_has_no_russian_word_of_our_own() -> None:
    package = replace(
        an_episode(channel="vk", opened_by="client", sentiment_start="positive", skip_reason="budget"),
        names={},
        health=(PackageHealth("skipped:bot_only", 1.0, None, "shown"),),
    )
    book = book_of(package, "en")
    words = [str(cell.value) for page in book for row in page.iter_rows() for cell in row if cell.value is not None]
    ours = [word for word in words if word not in ("Отчёт по диалогам · 7–13 сентября",)]
    assert not [word for word in ours if any("а" <= letter <= "я" for letter in word.lower())]


def test_the_checklist_sheet_has_every_item_of_every_episode_not_only_the_failed() -> None:
    answers = [
        ("greeting", "yes", 10, False),
        ("next_step", "no", 30, True),
        ("price", "not_applicable", 10, False),
        ("offer", "undetermined", 20, False),
    ]
    rows = tuple(
        PackageRow(
            *("checklist_answer", number, "e6", "d6", 106),
            band="вероятно",
            extra={"item": item, "answer": answer, "weight": weight, "critical": critical, "version": "r1"},
        )
        for number, (item, answer, weight, critical) in enumerate(answers, start=1)
    )
    found = rows_of(book_of(replace(week(), rows=(*week().rows, *rows))), "Чек-лист")
    assert [row[:7] for row in found] == [
        ("e6", "Поздоровался", "r1", "да", "да", 10, "нет"),
        ("e6", "Назвал следующий шаг", "r1", "да", "нет", 30, "да"),
        ("e6", "price", "r1", "нет", "не применимо", 10, "нет"),
        ("e6", "offer", "r1", "да", "не определено", 20, "нет"),
    ]
