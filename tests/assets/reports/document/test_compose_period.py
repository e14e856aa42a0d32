"""Weekly, monthly and custom reports as their reader sees them, next to the texts that were promised."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synkro_assets.reports.delivery.telegram_text import render
from synkro_assets.reports.document.compose_period import compose_period
from synkro_assets.reports.words.facts import facts_of
from synkro_assets.reports.words.period_texts import TEXTS
from synkro_resources.model.package import Change, Package, PackageHealth, PackageMetric, Verdict
from synkro_resources.model.period import Period
from synkro_resources.model.report import ReportDocument
from synkro_resources.rules.metrics.unanswered import UnansweredRow, WaitingNow
from tests.resources.rules.calendars import MOSCOW, at

UP, DOWN, NOISE = Change.UP, Change.DOWN, Change.NOISE
ANNA, IGOR, MARIA, OLEG = "1", "2", "3", "4"
NAMES = {
    "manager": {ANNA: "Анна", IGOR: "Игорь", MARIA: "Мария", OLEG: "Олег"},
    "reason": {"1": "Дорого", "2": "Купили у других", "3": "Передумал", "4": "Дубль"},
    "objection": {"price": "дорого", "thinking": "подумаю", "timing": "сроки"},
    "pipeline": {"10": "Основная"},
    "step": {"10:1": "Новая → Счёт", "10:2": "Счёт → Оплата"},
    "item": {"CK02": "Менеджер ответил по существу?"},
}


def count(number: int, code: str, value: int, before: int | None = None, **more: object) -> PackageMetric:
    return PackageMetric(number, code, value=float(value), n=value, prev_value=before, **more)  # pyright: ignore[reportArgumentType]


def share(
    number: int, code: str, num: int, den: int, before: tuple[int, int] | None = None, **more: object
) -> PackageMetric:
    earlier = {} if before is None else {"prev_value": before[0] / before[1], "prev_n": before[1]}
    value = num / den if den else None
    return PackageMetric(number, code, value=value, num=num, den=den, n=den, unit="share", **earlier, **more)  # pyright: ignore[reportArgumentType]


def minutes(code: str, value: float, before: float | None = None, n: int = 200, **more: object) -> PackageMetric:
    return PackageMetric(1, code, value=value, n=n, prev_value=before, prev_n=n, unit="minutes", **more)  # pyright: ignore[reportArgumentType]


def person(
    manager: str, first: float, in_time: tuple[int, int], points: int, waiting: int, n: int
) -> list[PackageMetric]:
    scope = {"scope": "manager", "scope_id": manager}
    return [
        minutes("frt_median", first, **scope),
        share(3, "in_sla", *in_time, **scope),
        PackageMetric(14, "checklist_mean", "manager", manager, value=float(points), n=n),
        count(4, "unanswered", waiting, **scope),
        count(0, "active_episodes", n, **scope),
    ]


def lost(reason: str, number: int) -> PackageMetric:
    return count(9, "lost", number, scope="reason", scope_id=reason)


def objection(code: str, num: int, den: int, before: tuple[int, int] | None = None, **more: object) -> PackageMetric:
    return share(13, "objection", num, den, before, scope="objection", scope_id=code, **more)


WEEK_METRICS = (
    count(0, "new_episodes", 263, 255),
    PackageMetric(0, "new_episodes_per_day", value=52.6, num=263, den=5, prev_value=51.0, verdict=NOISE),
    minutes("frt_median", 6, 9, verdict=DOWN, polarity=-1),
    minutes("frt_p90", 48, 71),
    share(3, "in_sla", 810, 1000, (740, 1000), verdict=UP, polarity=1),
    count(4, "unanswered", 14, 22),
    count(4, "unanswered_amount", 1_860_000),
    share(7, "no_deal", 7, 90),
    share(8, "new_silent", 6, 40),
    count(9, "lost", 47, 39),
    PackageMetric(9, "lost_per_day", value=9.4, num=47, den=5, prev_value=7.8),
    count(9, "lost_amount", 3_200_000),
    count(9, "lost_without_reason", 11),
    count(9, "won", 31, 28),
    share(9, "mismatch", 9, 26),
    PackageMetric(14, "checklist_mean", value=78, n=200, prev_value=77, prev_n=190, verdict=NOISE, polarity=1),
    objection("price", 41, 212, (22, 205), verdict=UP, polarity=0),
    objection("thinking", 28, 212),
    objection("timing", 12, 212),
    share(13, "objection_handled", 27, 44, scope="objection", scope_id="price"),
    share(23, "analysed", 358, 366),
    lost("1", 18),
    lost("", 11),
    lost("2", 9),
    lost("3", 5),
    lost("4", 4),
    *person(IGOR, 4, (92, 100), 84, 1, 90),
    *person(MARIA, 6, (83, 100), 79, 4, 80),
    *person(ANNA, 19, (61, 100), 70, 6, 70),
    *person(OLEG, 5, (5, 6), 70, 0, 6),
)
WEEK_HEALTH = (
    PackageHealth("unmatched_share", 0.06, None, "shown"),
    PackageHealth("attribution_share", 0.96, 0.9, "ok"),
    PackageHealth("skipped:no_text", 8, None, "shown"),
    PackageHealth("manager_comparison", None, None, "on", ""),
)
PERIOD = Period.week_of(date(2026, 9, 7))
WEEK = Package(
    tenant="demo",
    period=PERIOD,
    zone=MOSCOW,
    as_of=at("2026-09-14T00:00"),
    data_until=at("2026-09-14T07:40"),
    built_at=at("2026-09-14T07:41"),
    working_days=5,
    prev_period=Period.week_of(date(2026, 8, 31)),
    prev_note="",
    prev_working_days=5,
    verdict=Verdict.OK,
    verdict_reasons=(),
    versions={"metrics": "m1", "sla_minutes": "15", "silent_working_days": "3"},
    input_hash="h",
    metrics=WEEK_METRICS,
    rows=(),
    health=WEEK_HEALTH,
    names=NAMES,
)


def waits(deal: int, price: int) -> UnansweredRow:
    asked = at("2026-09-11T10:00")
    return UnansweredRow(f"e{deal}", 1, "t", asked, asked, 30, timedelta(hours=1), False, deal, price, 1, "event")


WAITING = WaitingNow(
    WEEK.data_until,
    (waits(101, 420_000), waits(102, 310_000), waits(103, 280_000), *(waits(200 + n, 1000) for n in range(11))),
    not_due=2,
)


def compose(package: Package = WEEK, waiting: WaitingNow | None = WAITING, language: str = "ru") -> ReportDocument:
    package = replace(package, facts=facts_of(package, language))
    return compose_period(
        package,
        waiting,
        package_id="p1",
        revision=1,
        language=language,
        company_name="ООО «Пример»" if language == "ru" else "Example",
        composed_at=at("2026-09-14T08:30"),
    )


def text(document: ReportDocument) -> str:
    return document.plain_text().replace("\u00a0", " ")


def changed(package: Package, *metrics: PackageMetric, without: Iterable[tuple[int, str]] = ()) -> Package:
    """The package with these figures in place of those with the same keys."""
    keys = {(item.metric_no, item.code, item.scope, item.scope_id) for item in metrics}
    gone = set(without)
    kept = [
        item
        for item in package.metrics
        if (item.metric_no, item.code, item.scope, item.scope_id) not in keys
        and (item.metric_no, item.code) not in gone
    ]
    return replace(package, metrics=(*kept, *metrics))


WEEKLY = """
Отчёт по диалогам · 7–13 сентября
ООО «Пример» · 5 рабочих дней · данные на пн 14.09 07:40 (МСК)

Разобрано 358 из 366 обращений (98 %), сопоставлено с CRM 94 %. Не разобрано 8: только стикеры и файлы

Что сделать сегодня
• Ответить: №101 (420 тыс. ₽), №102 (310 тыс. ₽), №103 (280 тыс. ₽), ещё 11 – в кабинете
• Завести сделку: 7 обращений с интересом к покупке
• Проверить: 6 новых сделок без сообщений и звонков

Главное
1. Без ответа на конец недели: 14 обращений, сделки на 1,86 млн ₽. Больше всего: Анна, 6
2. Ответы в срок (15 мин): 81 % ▲ лучше, было 74 %
3. Возражение «дорого» в 41 из 212 сделок (19 %) ▲, было 11 %. Без ответа менеджера 17 из 44
4. Отказы: 47 на 3,2 млн ₽, причина не указана в 11; в 9 из 26 причина в CRM расходится с диалогом

Цифры недели (в скобках прошлая)
Новых обращений 263 (255)
Первый ответ: медиана 6 мин (9) ▼ лучше, 90-й процентиль 48 мин (71)
Без ответа на конец недели 14 (22)
Чек-лист 78 из 100 (77), в пределах шума
Закрыто успешно 31 (28), отказов 47 (39)

Менеджеры по ответственному в сделке, привязано 96 %
(первый ответ · в срок · чек-лист · без ответа)
Игорь: 4 мин · 92 % · 84 · 1
Мария: 6 мин · 83 % · 79 · 4
Анна: 19 мин · 61 % · 70 · 6
Олег: 6 обращений, мало данных

Отказы и возражения
Отказы по CRM: дорого 18, не указана 11, купили у других 9, прочее 9
Возражения: дорого 41, подумаю 28, сроки 12

Файлы: PDF и XLSX в кабинете

Открыть в кабинете
""".strip()


def test_the_weekly_report_reads_as_it_was_promised() -> None:
    assert text(compose()) == WEEKLY


def test_the_weekly_report_fits_two_messages_of_the_promised_length() -> None:
    parts = render(compose(), lambda reference: f"https://x.example/{reference}")
    assert len(parts) == 1
    assert 1200 <= parts[0].units <= 2500


SEPTEMBER = Period.month_of(date(2026, 9, 1))
MONTH = changed(
    replace(
        WEEK,
        period=SEPTEMBER,
        as_of=at("2026-10-01T00:00"),
        data_until=at("2026-10-01T07:40"),
        working_days=22,
        prev_period=Period.month_of(date(2026, 8, 1)),
        prev_working_days=21,
        health=(
            *WEEK_HEALTH[:2],
            PackageHealth("skipped:no_text", 21, None, "shown"),
            PackageHealth("skipped:outbound_only", 8, None, "shown"),
            WEEK_HEALTH[3],
        ),
    ),
    count(0, "new_episodes", 1096, 1012),
    PackageMetric(0, "new_episodes_per_day", value=49.8, prev_value=48.2, verdict=NOISE),
    minutes("frt_median", 7, 8),
    minutes("frt_p90", 52, 55),
    share(3, "in_sla", 800, 1000, (780, 1000), verdict=NOISE, polarity=1),
    count(4, "unanswered", 9, 11),
    count(4, "unanswered_amount", 1_120_000),
    share(7, "no_deal", 26, 300),
    share(8, "new_silent", 0, 90),
    count(9, "lost", 189, 171),
    PackageMetric(9, "lost_per_day", value=8.6, prev_value=8.1),
    count(9, "lost_amount", 12_400_000),
    count(9, "lost_without_reason", 41),
    count(9, "won", 124, 117),
    share(9, "mismatch", 33, 97),
    PackageMetric(14, "checklist_mean", value=77, n=900, prev_value=76, prev_n=800, verdict=NOISE, polarity=1),
    objection("price", 148, 806, (113, 806), verdict=UP, polarity=0),
    share(13, "objection_handled", 96, 157, scope="objection", scope_id="price"),
    share(23, "analysed", 1391, 1420),
    count(4, "unanswered", 4, scope="manager", scope_id=ANNA),
    count(4, "unanswered", 2, scope="manager", scope_id=MARIA),
    share(
        10, "conversion", 303, 489, (290, 500), scope="step", scope_id="10:1", verdict=NOISE, polarity=1,
        note="cohort:2026-08-01..2026-08-31",
    ),
    share(
        10, "conversion", 124, 302, (130, 302), scope="step", scope_id="10:2", note="cohort:2026-08-01..2026-08-31"
    ),
    share(10, "young_mature", 0, 512, scope="step", scope_id="10:1", note="cohort:2026-09-01..2026-09-30"),
)  # fmt: skip
MONTHLY = """
Отчёт по диалогам · сентябрь 2026
ООО «Пример» · 22 рабочих дня, в августе 21 · данные на чт 01.10 07:40 (МСК)

Разобрано 1 391 из 1 420 обращений (98 %), сопоставлено с CRM 94 %. \
Не разобрано 29: только стикеры и файлы 21, без сообщений клиента 8

Главное
1. Без ответа на конец месяца: 9 обращений, сделки на 1,12 млн ₽. Больше всего: Анна, 4
2. Возражение «дорого» в 148 из 806 сделок (18 %) ▲, было 14 %. Без ответа менеджера 61 из 157
3. Отказы: 189 на 12,4 млн ₽, причина не указана в 41; в 33 из 97 причина в CRM расходится с диалогом
4. 26 обращений с интересом к покупке без сделки

Цифры месяца (в скобках август)
Новых обращений 1 096 (1 012), в рабочий день 49,8 (48,2), в пределах шума
Первый ответ: медиана 7 мин (8), 90-й процентиль 52 мин (55)
Ответы в срок 80 % (78 %), в пределах шума
Чек-лист 77 из 100 (76), в пределах шума
Закрыто успешно 124 (117), отказов 189 (171), в рабочий день 8,6 (8,1)
""".strip()
FUNNEL = """
Воронка «Основная», когорта августа, срок 30 дней
Новая → Счёт: 62 % из 489 (58 %), в пределах шума
Счёт → Оплата: 41 % из 302 (43 %)
Когорта сентября ещё молода: созрело 0 из 512
""".strip()


def test_the_monthly_report_reads_as_it_was_promised() -> None:
    found = text(compose(MONTH, None))
    assert found.startswith(MONTHLY)
    assert FUNNEL in found
    assert "Что сделать" not in found
    assert "Пример\n" not in found


def test_a_custom_period_names_what_it_is_compared_with() -> None:
    package = replace(
        WEEK,
        period=Period.custom(date(2026, 9, 1), date(2026, 9, 10)),
        prev_period=Period.custom(date(2026, 8, 18), date(2026, 8, 27)),
        working_days=8,
        prev_working_days=8,
    )
    found = text(compose(package, None))
    assert found.startswith("Отчёт по диалогам · 1–10 сентября\nООО «Пример» · 8 рабочих дней · данные на")
    assert "Сравнение с 18–27 августа: те же дни недели, 8 рабочих дней" in found
    assert "Цифры периода (в скобках 18–27 августа)" in found


PRELIMINARY = replace(
    changed(WEEK, share(3, "in_sla", 81, 100, (74, 100))),
    verdict=Verdict.PRELIMINARY,
    verdict_reasons=("dialog_coverage",),
    data_until=at("2026-09-13T19:10"),
    health=(
        *WEEK_HEALTH[:3],
        PackageHealth("dialog_coverage", 0.84, 0.9, "warning"),
        PackageHealth("manager_comparison", None, None, "off", "preliminary"),
    ),
)


def test_AC13_a_preliminary_report_says_what_is_missing_and_compares_nobody() -> None:
    found = text(compose(PRELIMINARY))
    assert found.startswith("Предварительный отчёт по диалогам · 7–13 сентября")
    assert (
        "Загружено 84 % диалогов. Сравнение менеджеров и стрелки отключены. Уточним, когда данные догрузятся" in found
    )
    assert "Больше всего" not in found
    assert found.index("Анна:") < found.index("Игорь:") < found.index("Мария:")


def test_AC14_below_ninety_per_cent_attribution_people_are_listed_and_not_ranked() -> None:
    health = (
        WEEK_HEALTH[0],
        PackageHealth("attribution_share", 0.88, 0.9, "warning"),
        PackageHealth("manager_comparison", None, None, "off", "attribution"),
    )
    found = text(compose(replace(WEEK, health=health)))
    assert "Привязано 88 % обращений: сравнение отключено" in found
    assert found.index("Анна:") < found.index("Игорь:") < found.index("Мария:")
    assert "Больше всего" not in found


def test_AC15_the_first_report_and_an_empty_week_say_so_and_nothing_else() -> None:
    bare = [replace(item, prev_value=None, prev_n=None, verdict=None) for item in WEEK.metrics]
    first = replace(WEEK, metrics=tuple(bare), prev_period=None, prev_note="first", prev_working_days=None)
    found = text(compose(first))
    assert found.startswith("Первый отчёт по диалогам · 7–13 сентября")
    assert "Сравнивать пока не с чем: следующий отчёт покажет изменения" in found
    assert not re.search("[▲▼]", found)
    assert "Новых обращений 263\n" in found
    lag = PackageHealth("lag:radist", 0, 60, "ok", "2026-01-12T04:40:00+00:00")
    empty = replace(
        WEEK,
        period=Period.week_of(date(2026, 1, 5)),
        verdict=Verdict.EMPTY,
        working_days=0,
        holidays=(),
        data_until=at("2026-01-12T07:40"),
        health=(lag,),
        metrics=(),
    )
    found = text(compose(empty))
    assert "0 рабочих дней" in found
    assert "Сообщений за период не было. Источники работают: Radist 07:40" in found
    assert "Главное" not in found
    assert "Файлы" not in found


@pytest.mark.parametrize(
    ("note", "words"),
    [
        ("holidays", "Сравнения нет: праздники"),
        ("not_loaded", "Сравнения нет: прошлый период неполный"),
        ("rules", "Сравнения нет: изменились правила оценки"),
    ],
)
def test_a_missing_comparison_is_explained(note: str, words: str) -> None:
    assert words in text(compose(replace(WEEK, prev_period=None, prev_note=note)))


def test_one_manager_is_not_a_table() -> None:
    others = {IGOR, MARIA, OLEG}
    one = replace(WEEK, metrics=tuple(item for item in WEEK.metrics if item.scope_id not in others))
    assert "Один менеджер: Анна, показатели общие" in text(compose(one))


def test_without_a_provider_the_report_says_that_nothing_was_labelled() -> None:
    gone = [(7, "no_deal"), (9, "mismatch"), (13, "objection"), (14, "checklist_mean"), (23, "analysed")]
    found = text(compose(changed(WEEK, count(0, "active_episodes", 366), without=gone)))
    assert "Обращений с сообщениями 366, сопоставлено с CRM 94 %" in found
    assert "Оценки ИИ не рассчитаны: не подключены" in found
    assert "Чек-лист" not in found
    assert "(первый ответ · в срок · без ответа)" in found


def test_a_week_with_days_off_names_them_and_compares_by_working_day() -> None:
    holiday = replace(
        WEEK,
        period=Period.week_of(date(2026, 11, 2)),
        working_days=3,
        holidays=(date(2026, 11, 3), date(2026, 11, 4)),
    )
    found = text(compose(holiday))
    assert "3 рабочих дня (3 и 4 ноября нерабочие)" in found
    assert "в рабочий день 52,6 (51,0)" in found


def test_nothing_urgent_is_said_in_one_line() -> None:
    calm = changed(
        WEEK,
        count(4, "unanswered", 0, 0),
        share(3, "in_sla", 99, 100),
        count(9, "lost", 3),
        count(9, "lost_without_reason", 0),
        without=[(7, "no_deal"), (8, "new_silent"), (9, "mismatch"), (13, "objection")],
    )
    assert "1. Срочного нет: все ответили, сделки заведены" in text(compose(calm, WaitingNow(WEEK.data_until, (), 0)))


def test_every_sentence_exists_in_both_languages_with_the_same_gaps() -> None:
    def gaps(sentence: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", sentence))

    assert TEXTS["ru"].keys() == TEXTS["en"].keys()
    assert [key for key in TEXTS["ru"] if gaps(TEXTS["ru"][key]) != gaps(TEXTS["en"][key])] == []


def test_an_english_report_holds_no_russian_but_names() -> None:
    names = {kind: {key: f"{kind}-{key}" for key in known} for kind, known in NAMES.items()}
    for package in (WEEK, MONTH, PRELIMINARY):
        found = text(compose(replace(package, names=names), language="en"))
        assert not re.search("[А-Яа-яЁё]", found), found


amounts = st.one_of(st.none(), st.integers(0, 3_000_000))


@given(data=st.data())
def test_no_package_can_make_a_report_that_breaks_or_shows_the_inside(data: st.DataObject) -> None:
    def shaken(item: PackageMetric) -> PackageMetric:
        num = data.draw(st.integers(0, 50))
        den = data.draw(st.integers(num, 120))
        value = data.draw(st.one_of(st.none(), st.floats(0, 100_000, allow_nan=False)))
        if item.num is not None:
            value = num / den if den else None
        return replace(
            item,
            value=value,
            num=None if item.num is None else num,
            den=None if item.den is None else den,
            n=den,
            prev_value=data.draw(st.one_of(st.none(), st.floats(0, 1))),
            prev_n=data.draw(st.one_of(st.none(), st.integers(0, 100))),
            verdict=data.draw(st.one_of(st.none(), st.sampled_from(list(Change)))),
            display=data.draw(st.sampled_from(["ok", "few", "na", "hidden"])),
        )

    base = data.draw(st.sampled_from([WEEK, MONTH, PRELIMINARY]))
    kept = [shaken(item) for item in base.metrics if data.draw(st.booleans())]
    found = text(compose(replace(base, metrics=tuple(kept)), data.draw(st.sampled_from([WAITING, None]))))
    assert not re.search(r"None|nan|\{|\}|F_[A-Z]+", found)
    assert not re.search(r"\b1 (диалогов|обращений|сделок|случаев)\b", found)
