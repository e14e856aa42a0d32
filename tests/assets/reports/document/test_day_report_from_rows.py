"""From stored rows to the words that a manager reads, in both languages; a client's name or phone never among them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pyarrow as pa
import pytest

from synkro_assets.reports.delivery.telegram_text import render
from synkro_assets.reports.document.compose import compose_day
from synkro_assets.reports.package.build import build_package, build_waiting_now
from synkro_assets.reports.package.inputs import PackageInputs
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.period import Period
from synkro_resources.model.report import ReportDocument
from synkro_resources.model.tables.dialogs import DIALOG
from tests.assets.reports.days import MONDAY, SETTINGS, known_at, monday, with_rows
from tests.resources.rules.calendars import at
from tests.resources.rules.metrics.rows import contact, deal, episode, phone, table, turn

UNTIL = at("2026-09-08T08:22")
SENT = at("2026-09-08T08:30")
LANGUAGES = ("ru", "en")


def document(inputs: PackageInputs, language: str, *, until: datetime = UNTIL) -> ReportDocument:
    package = build_package(
        inputs, tenant="demo", settings=SETTINGS, period=Period.day(MONDAY), data_until=until, clock=FixedClock(until)
    )
    return compose_day(
        package,
        build_waiting_now(inputs, tenant="demo", settings=SETTINGS, data_until=until),
        package_id="p1",
        revision=1,
        language=language,
        company_name="Пример" if language == "ru" else "Example",
        summary_sentence=None,
        composed_at=SENT,
    )


def words(inputs: PackageInputs, language: str = "ru", *, until: datetime = UNTIL) -> str:
    return document(inputs, language, until=until).plain_text().replace("\u00a0", " ")


def nothing_said() -> PackageInputs:
    kinds = {"messages": "message", "episodes": "episode", "turns": "turn"}
    emptied = {name: table(kind, []) for name, kind in kinds.items()}
    return replace(monday(), dialogs=DIALOG.from_rows([]), **emptied)


def everybody_answered() -> PackageInputs:
    """Monday's waiting clients got their answers on Tuesday before the report."""
    tuesday = MONDAY + timedelta(days=1)
    answers = known_at(
        tuesday,
        turn("a", "07 17:00", "08 08:05", dialog=101, no=3, manager=1),
        turn("c", "07 17:55", "08 08:06", dialog=103, no=3),
    )
    return with_rows(monday(), turns=answers)


EXPECTED = {
    "ru": (
        "Утро · вт 8 сентября\n"
        "Пример · данные на 08:22 (МСК)\n"
        "\n"
        "Ждут ответа сейчас: 1, дольше всех 1 ч раб.\n"
        "• №201 · 310 тыс. ₽ · Анна · 1 ч\n"
        "Написали, срок не вышел: 1\n"
        "\n"
        "Вчера, пн 7 сентября (в скобках пн 31 августа)\n"
        "Обращений 3 (1) · первый ответ мало данных · в срок 2 из 4 (1 из 1)\n"
    ),
    "en": (
        "Morning · Tue 8 September\n"
        "Example · data until 08:22 (+0300)\n"
        "\n"
        "Waiting for an answer now: 1, the longest for 1 h of working time\n"
        "• No. 201 · 310 k ₽ · Анна · 1 h\n"
        "Have written, still in time: 1\n"
        "\n"
        "Yesterday, Mon 7 September (in brackets Mon 31 August)\n"
        "Episodes 3 (1) · first response too few data · in time 2 of 4 (1 of 1)\n"
    ),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_working_day_reads_the_same_in_both_languages(language: str) -> None:
    assert words(monday(), language).startswith(EXPECTED[language])


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("ru", "Никто не ждёт ответа. Написали, срок не вышел: 0\n"),
        ("en", "Nobody is waiting for an answer. Have written, still in time: 0\n"),
    ],
)
def test_with_nothing_to_do_the_report_says_so_first(language: str, sentence: str) -> None:
    assert sentence in words(everybody_answered(), language)
    assert "№201" not in words(everybody_answered(), language)


@pytest.mark.parametrize(
    ("language", "title", "reason"),
    [
        ("ru", "Предварительный отчёт · пн 7 сентября\n", "День загружен не до конца, на 17:00. Уточним"),
        ("en", "Preliminary report · Mon 7 September\n", "The day is loaded only until 17:00. We will complete"),
    ],
)
def test_a_day_read_before_its_end_says_until_when_it_is_known(language: str, title: str, reason: str) -> None:
    found = words(monday(), language, until=at("2026-09-07T17:00"))
    assert found.startswith(title)
    assert reason in found


@pytest.mark.parametrize(
    ("language", "sentence", "figure"),
    [
        ("ru", "Сообщений за день не было. Источники работают: Radist 08:22, amoCRM 08:22", "Обращений"),
        ("en", "There were no messages on this day. The sources work: Radist 08:22, amoCRM 08:22", "Episodes"),
    ],
)
def test_a_day_without_messages_has_no_figures(language: str, sentence: str, figure: str) -> None:
    found = words(nothing_said(), language)
    assert sentence in found
    assert figure not in found


@pytest.mark.parametrize(
    ("language", "figures", "sentence"),
    [
        (
            "ru",
            "Вчера, пн 7 сентября\nОбращений 3 · первый ответ мало данных · в срок 2 из 4\n",
            "Сравнения нет: день неделей раньше не загружен",
        ),
        (
            "en",
            "Yesterday, Mon 7 September\nEpisodes 3 · first response too few data · in time 2 of 4\n",
            "No comparison: the day a week before is not loaded",
        ),
    ],
)
def test_without_an_earlier_day_nothing_stands_in_brackets(language: str, figures: str, sentence: str) -> None:
    found = words(replace(monday(), loaded_days=frozenset({MONDAY})), language)
    assert figures in found
    assert sentence in found


@pytest.mark.parametrize(
    ("price", "ru", "en"),
    [
        (0, "сумма не указана", "amount not given"),
        (9_999, "9 999 ₽", "9 999 ₽"),
        (12_500, "13 тыс. ₽", "13 k ₽"),
        (1_860_000, "1,86 млн ₽", "1.86 m ₽"),
    ],
)
def test_money_reads_short_and_a_missing_price_is_never_zero(price: int, ru: str, en: str) -> None:
    inputs = replace(monday(), deals=table("deal", [deal(201, price, responsible=1, created="07 10:30")]))
    assert f"• №201 · {ru} · Анна · 1 ч\n" in words(inputs, "ru")
    assert f"• No. 201 · {en} · Анна · 1 h\n" in words(inputs, "en")


@pytest.mark.parametrize(
    ("asked", "ru", "en"),
    [("07 17:44:30", "16 мин", "16 min"), ("07 16:55", "1 ч 05 мин", "1 h 05 min"), ("07 10:00", "8 ч", "8 h")],
)
def test_waiting_time_reads_in_minutes_and_hours(asked: str, ru: str, en: str) -> None:
    waiting = known_at(MONDAY, turn("d", asked, dialog=105, manager=1))
    begun = known_at(MONDAY, episode("d", asked, dialog=105))
    inputs = with_rows(replace(monday(), turns=table("turn", waiting)), episodes=begun)
    assert f" · {ru}\n" in words(inputs, "ru")
    assert f" · {en}\n" in words(inputs, "en")


SECRETS = ("Ольга", "Сидорова", "olga_flowers", "79001234567", "Тайный букет", "Пришлите на Лесную")


def told(rows: pa.Table, **facts: object) -> list[dict[str, object]]:
    """The same rows with these facts in each."""
    return [{**row, **facts} for row in rows.to_pylist()]


def with_personal_data() -> PackageInputs:
    """Monday with everything that the sources know of a client, in every table that holds it."""
    person: dict[str, object] = {"name": "Ольга Сидорова", "first_name": "Ольга", "telegram_username": "olga_flowers"}
    return replace(
        monday(),
        dialogs=DIALOG.from_rows(told(monday().dialogs, name="Ольга", phone_norm="79001234567")),
        messages=table("message", told(monday().messages, text="Пришлите на Лесную")),
        deals=table("deal", told(monday().deals, name="Тайный букет")),
        contacts=table("contact", [contact(identity) | person for identity in (1, 2)]),
        contact_phones=table("phone", [phone(identity) | {"phone_norm": "79001234567"} for identity in (1, 2)]),
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("until", ["2026-09-08T08:22", "2026-09-07T17:30"])
def test_nothing_that_is_known_of_a_client_reaches_the_messenger(language: str, until: str) -> None:
    composed = document(with_personal_data(), language, until=at(until))
    sent = "".join(part.html for part in render(composed, lambda reference: f"https://x.example/{reference}"))
    for form in (sent, composed.plain_text(), composed.model_dump_json()):
        assert not [secret for secret in SECRETS if secret in form]
