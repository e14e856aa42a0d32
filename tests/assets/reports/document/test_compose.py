"""The daily report as its reader sees it: what waits first, then yesterday in short, then how far it can be trusted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from synkro_assets.reports.delivery.telegram_text import render
from synkro_assets.reports.document.compose import compose_day, shortened
from synkro_assets.reports.package.build import build_package, build_waiting_now
from synkro_assets.reports.words.day_texts import TEXTS
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.package import Package, PackageHealth, PackageMetric, Verdict
from synkro_resources.model.period import Period
from synkro_resources.model.report import ReportDocument
from synkro_resources.rules.metrics.unanswered import UnansweredRow, WaitingNow
from tests.assets.reports.days import MONDAY, SETTINGS, monday
from tests.resources.rules.calendars import MOSCOW, at

SENT = at("2026-09-08T08:30")
UNTIL = at("2026-09-08T08:22")
ANNA, IGOR, MARIA = 1, 2, 3


def waits(deal: int | None, price: int | None, minutes: float, manager: int | None = None) -> UnansweredRow:
    asked = at("2026-09-07T10:00")
    return UnansweredRow(
        episode_key=f"e{deal}",
        dialog_id=1,
        turn_id="t",
        clock_at=asked,
        due_at=asked,
        age_min=minutes,
        age_calendar=timedelta(hours=1),
        age_is_lower_bound=False,
        deal_id=deal,
        price=price,
        manager_id=manager,
        attribution="event",
    )


WAITING = WaitingNow(
    UNTIL,
    (
        waits(201, 310_000, 190, ANNA),
        waits(202, 95_000, 65, IGOR),
        waits(205, None, 40, MARIA),
        waits(206, None, 30),
        waits(None, None, 20),
    ),
    not_due=4,
    sources={"amocrm": UNTIL, "radist": at("2026-09-08T08:24")},
)
NOBODY = WaitingNow(UNTIL, (), 4, WAITING.sources)


def count(number: int, code: str, value: int, before: int | None = None) -> PackageMetric:
    previous = None if before is None else float(before)
    return PackageMetric(number, code, value=float(value), n=value, prev_value=previous, prev_n=before)


PACKAGE = Package(
    tenant="demo",
    period=Period.day(MONDAY),
    zone=MOSCOW,
    as_of=at("2026-09-08T00:00"),
    data_until=UNTIL,
    built_at=UNTIL,
    working_days=1,
    prev_period=Period.day(date(2026, 8, 31)),
    prev_note="",
    verdict=Verdict.OK,
    verdict_reasons=(),
    versions={"metrics": "m1"},
    input_hash="x",
    metrics=(
        count(0, "new_episodes", 54, 49),
        count(0, "new_without_answer", 2),
        PackageMetric(1, "frt_median", value=6.2, n=40, prev_value=7.0, prev_n=38),
        PackageMetric(3, "in_sla", value=0.83, num=83, den=100, n=100, prev_value=0.8, prev_n=90),
        count(4, "unanswered", 3, 5),
        PackageMetric(8, "new_silent", num=0, den=0, n=0, display="na"),
        count(9, "lost", 8, 6),
        count(9, "lost_without_reason", 3),
        count(9, "won", 4, 5),
    ),
    rows=(),
    health=(
        PackageHealth("dialog_coverage", 1.0, 0.9, "ok"),
        PackageHealth("unmatched_share", 0.12, None, "shown"),
        PackageHealth("attribution_share", 0.96, 0.9, "ok"),
    ),
    names={"manager": {"1": "Анна", "2": "Игорь", "3": "Мария"}},
)


def compose(
    package: Package = PACKAGE,
    waiting: WaitingNow = WAITING,
    *,
    language: str = "ru",
    sentence: str | None = None,
    composed_at: datetime = SENT,
    off_days: tuple[Package, ...] = (),
) -> ReportDocument:
    return compose_day(
        package,
        waiting,
        package_id="p1",
        revision=1,
        language=language,
        company_name="ООО «Пример»",
        summary_sentence=sentence,
        composed_at=composed_at,
        off_days=off_days,
    )


def text(document: ReportDocument) -> str:
    return document.plain_text().replace("\u00a0", " ")


def test_the_daily_report_reads_as_agreed_with_its_readers() -> None:
    assert text(compose()) == (
        "Утро · вт 8 сентября\n"
        "ООО «Пример» · данные на 08:22 (МСК)\n"
        "\n"
        "Ждут ответа сейчас: 5, дольше всех 3 ч 10 мин раб.\n"
        "• №201 · 310 тыс. ₽ · Анна · 3 ч 10 мин\n"
        "• №202 · 95 тыс. ₽ · Игорь · 1 ч 05 мин\n"
        "• №205 · сумма не указана · Мария · 40 мин\n"
        "Ещё 2 – в кабинете. Написали, срок не вышел: 4\n"
        "\n"
        "Вчера, пн 7 сентября (в скобках пн 31 августа)\n"
        "Обращений 54 (49) · первый ответ 6 мин (7) · в срок 83 % (80 %)\n"
        "Без ответа на конец дня 3 (5) · отказов 8 (6), без причины 3 · закрыто успешно 4 (5)\n"
        "\n"
        "По ответственному в сделке, привязано 96 % · не сопоставлено с CRM 12 %\n"
        "Сбои: нет · Radist 08:24, amoCRM 08:22\n"
        "\n"
        "Открыть в кабинете"
    )


def test_a_day_on_which_everybody_was_answered_says_so_in_one_line() -> None:
    assert "Никто не ждёт ответа. Написали, срок не вышел: 4" in text(compose(waiting=NOBODY))


def test_deals_and_the_cabinet_are_references_never_addresses() -> None:
    runs = [run for section in compose().sections for block in section.blocks for line in block.lines for run in line]
    assert [run.link for run in runs if run.link] == ["deal:201", "deal:202", "deal:205", "report", "report"]


def test_the_english_report_has_no_russian_words() -> None:
    package = replace(PACKAGE, names={"manager": {"1": "Anna", "2": "Igor", "3": "Maria"}})
    document = compose_day(
        package,
        WAITING,
        package_id="p1",
        revision=1,
        language="en",
        company_name="Example",
        summary_sentence=None,
        composed_at=SENT,
    )
    assert not any("а" <= letter <= "я" for letter in document.plain_text().lower())


def test_both_languages_have_the_same_sentences() -> None:
    assert TEXTS["ru"].keys() == TEXTS["en"].keys()


def test_AC13_a_day_loaded_in_part_is_marked_with_its_share() -> None:
    health = (PackageHealth("dialog_coverage", 0.84, 0.9, "warning"),)
    found = text(
        compose(replace(PACKAGE, verdict=Verdict.PRELIMINARY, verdict_reasons=("dialog_coverage",), health=health))
    )
    assert found.startswith("Предварительный отчёт · пн 7 сентября\n")
    assert "\nЗагружено 84 % диалогов. Уточним, когда данные догрузятся\n" in found
    assert "Сбои: загружено 84 % диалогов · " in found


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("period_not_over", "День загружен не до конца, на 00:00."),
        ("days_missing", "Загружены не все источники."),
        ("reconciliation", "Сохранены не все строки источника."),
    ],
)
def test_every_reason_of_a_preliminary_report_is_named(reason: str, sentence: str) -> None:
    assert sentence in text(compose(replace(PACKAGE, verdict=Verdict.PRELIMINARY, verdict_reasons=(reason,))))


def test_AC15_an_empty_day_has_no_figures_and_says_that_the_sources_work() -> None:
    found = text(compose(replace(PACKAGE, verdict=Verdict.EMPTY)))
    assert "Сообщений за день не было. Источники работают: Radist 08:24, amoCRM 08:22" in found
    assert "Обращений" not in found


def test_AC15_without_an_earlier_day_there_are_no_brackets_and_a_reason() -> None:
    metrics = tuple(replace(metric, prev_value=None, prev_n=None) for metric in PACKAGE.metrics)
    found = text(compose(replace(PACKAGE, prev_period=None, prev_note="not_loaded", metrics=metrics)))
    assert "Вчера, пн 7 сентября\nОбращений 54 · первый ответ 6 мин · в срок 83 %\n" in found
    assert "Сравнения нет: день неделей раньше не загружен" in found


def test_AC17_old_data_are_dated_by_what_the_list_was_computed_from() -> None:
    found = text(compose(waiting=replace(WAITING, as_of=at("2026-09-08T07:10"))))
    assert "данные на 07:10 (МСК)" in found
    assert "данные на пн 7 сентября 22:00 (МСК)" in text(
        compose(waiting=replace(WAITING, as_of=at("2026-09-07T22:00")))
    )


def test_a_median_of_few_answers_is_not_shown_neither_now_nor_before() -> None:
    few = PackageMetric(1, "frt_median", value=6.0, n=3, prev_value=7.0, prev_n=40, display="few")
    before_few = PackageMetric(1, "frt_median", value=6.0, n=40, prev_value=7.0, prev_n=3)
    none = PackageMetric(1, "frt_median", value=None, n=0, display="na")
    found = [
        text(
            compose(
                replace(
                    PACKAGE, metrics=tuple(metric if other.code == "frt_median" else other for other in PACKAGE.metrics)
                )
            )
        )
        for metric in (few, before_few, none)
    ]
    assert "первый ответ мало данных ·" in found[0]
    assert "первый ответ 6 мин ·" in found[1]
    assert "первый ответ – ·" in found[2]


def test_a_share_of_few_turns_is_a_count_also_in_brackets() -> None:
    few = PackageMetric(3, "in_sla", value=0.5, num=4, den=8, n=8, prev_value=0.75, prev_n=4, display="few")
    metrics = tuple(few if other.code == "in_sla" else other for other in PACKAGE.metrics)
    assert "в срок 4 из 8 (3 из 4)" in text(compose(replace(PACKAGE, metrics=metrics)))


def test_monday_morning_covers_friday_and_names_the_weekend_in_one_line() -> None:
    friday = replace(PACKAGE, period=Period.day(date(2026, 9, 4)))
    weekend = tuple(
        replace(
            PACKAGE,
            period=Period.day(date(2026, 9, day)),
            metrics=(count(0, "new_episodes", 6), count(0, "new_without_answer", new)),
        )
        for day, new in ((5, 1), (6, 2))
    )
    found = text(compose(friday, composed_at=at("2026-09-07T08:30"), off_days=weekend))
    assert found.startswith("Утро · пн 7 сентября\n")
    assert "За пт 4 сентября" in found
    assert "За 2 нерабочих дня: обращений 12, без ответа 3" in found


def test_a_report_asked_for_later_is_titled_by_its_day() -> None:
    assert compose(composed_at=at("2026-09-10T12:00")).title == "Отчёт за день · пн 7 сентября"


def test_undelivered_messages_are_named() -> None:
    health = (*PACKAGE.health, PackageHealth("undelivered", 2.0, None, "shown"))
    assert "не доставлено сообщений: 2" in text(compose(replace(PACKAGE, health=health)))


def test_the_model_s_sentence_stands_apart_and_is_dropped_before_the_figures() -> None:
    sections = {section.code: section.priority for section in compose(sentence="День прошёл спокойно.").sections}
    assert sections["summary"] > sections["figures"] > sections["waiting"] > sections["cabinet"]


def test_a_real_package_becomes_one_telegram_message_of_the_promised_length() -> None:
    inputs = monday()
    package = build_package(
        inputs, tenant="demo", settings=SETTINGS, period=Period.day(MONDAY), data_until=UNTIL, clock=FixedClock(UNTIL)
    )
    waiting = build_waiting_now(inputs, tenant="demo", settings=SETTINGS, data_until=UNTIL)
    (part,) = render(compose(package, waiting), lambda reference: f"https://x.example/{reference}")
    assert 300 <= part.units <= 900
    assert '<a href="https://x.example/deal:201">№201</a>' in part.html


def with_metric(metric: PackageMetric) -> Package:
    return replace(PACKAGE, metrics=(*PACKAGE.metrics, metric))


def test_interest_without_a_deal_is_in_the_daily_report_only_where_dialogs_were_labelled() -> None:
    assert "\nИнтерес к покупке без сделки: 3 (2)\n" in text(compose(with_metric(count(7, "no_deal", 3, 2))))
    assert "без сделки: " not in text(compose())


@pytest.mark.parametrize(
    ("note", "reason"),
    [("no_llm", "не подключены"), ("budget", "лимит исчерпан"), ("plan", "диалоги тарифа на месяц исчерпаны")],
)
def test_a_day_without_labels_says_why(note: str, reason: str) -> None:
    missing = PackageMetric(7, "no_deal", value=None, display="na", note=note)
    assert f"\nОценки ИИ не рассчитаны: {reason}\n" in text(compose(with_metric(missing)))


def test_text_that_looks_like_commands_is_named_in_the_daily_report() -> None:
    health = (*PACKAGE.health, PackageHealth("injection", 2.0, None, "shown"))
    assert "В 2 диалогах есть текст, похожий на команды для ИИ" in text(compose(replace(PACKAGE, health=health)))


def test_beside_a_longer_report_the_day_shrinks_to_who_waits_now() -> None:
    assert text(shortened(compose())) == (
        "Утро · вт 8 сентября\n"
        "ООО «Пример» · данные на 08:22 (МСК)\n"
        "\n"
        "Ждут ответа сейчас: 5, дольше всех 3 ч 10 мин раб.\n"
        "• №201 · 310 тыс. ₽ · Анна · 3 ч 10 мин\n"
        "• №202 · 95 тыс. ₽ · Игорь · 1 ч 05 мин\n"
        "• №205 · сумма не указана · Мария · 40 мин\n"
        "Ещё 2 – в кабинете. Написали, срок не вышел: 4\n"
        "\n"
        "Открыть в кабинете"
    )


def test_a_shrunk_report_still_says_that_it_is_preliminary() -> None:
    document = compose(replace(PACKAGE, verdict=Verdict.PRELIMINARY, verdict_reasons=("days_missing",)))
    assert "Загружены не все источники." in text(shortened(document))
