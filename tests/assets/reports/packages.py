"""A rich week of an invented company: every list, hostile quotes, emoji, figures that are easy to recognise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from synkro_resources.model.package import (
    Change,
    Package,
    PackageFact,
    PackageHealth,
    PackageMetric,
    PackageRow,
    Verdict,
)
from synkro_resources.model.period import Period, PeriodKind
from synkro_resources.model.report import Block, BlockKind, ReportDocument, Section, text_line

MONDAY = date(2026, 9, 7)
START = datetime(2026, 9, 6, 21, tzinfo=UTC)
AS_OF = datetime(2026, 9, 13, 21, tzinfo=UTC)
HOSTILE = '=HYPERLINK("http://x") <b>срочно</b> & 🔥 👨‍👩‍👧'
PEOPLE = {"9001": "Игорь", "9002": "Мария", "9003": "Анна", "9004": "Олег"}


def resolve(reference: str) -> str | None:
    """Addresses of an invented cabinet and CRM."""
    kind, _, key = reference.partition(":")
    return {"deal": f"https://crm.test/leads/{key}", "message": f"https://cabinet.test/message/{key}"}.get(kind)


def week() -> Package:
    return Package(
        tenant="acme",
        period=Period(PeriodKind.WEEK, MONDAY, MONDAY + timedelta(days=6)),
        zone="Europe/Moscow",
        as_of=AS_OF,
        data_until=AS_OF + timedelta(hours=7, minutes=40),
        built_at=AS_OF + timedelta(hours=8),
        working_days=5,
        prev_period=Period(PeriodKind.WEEK, MONDAY - timedelta(days=7), MONDAY - timedelta(days=1)),
        prev_note="",
        verdict=Verdict.OK,
        verdict_reasons=(),
        versions={"metrics": "m3", "rubric": "r2", "calendar": "ru-2026"},
        input_hash="h",
        metrics=(*_totals(), *_people(), *_parts()),
        rows=_numbered(_rows()),
        health=(
            PackageHealth("dialog_coverage", 0.98, 0.9, "ok"),
            PackageHealth("attribution_share", 0.96, 0.9, "ok"),
            PackageHealth("manager_comparison", None, None, "on"),
        ),
        facts=(PackageFact("f1", "F_UNANSWERED", 1, template_text="Без ответа", final_text="Без ответа: 14"),),
        names={
            "manager": PEOPLE,
            "reason": {"11": "Дорого", "12": "Купили у других"},
            "pipeline": {"1": "Основная"},
            "step": {"1:10": "Новая → Счёт", "1:20": "Счёт → Оплата"},
            "objection": {"price": "дорого", "think": "подумаю"},
            "item": {"greeting": "Поздоровался", "next_step": "Назвал следующий шаг"},
        },
    )


def report_of(package: Package, language: str = "ru") -> ReportDocument:
    lines = (
        text_line("Новых обращений 263 (255)"),
        text_line("Ответы в срок 81 % ▲ лучше, было 74 %"),
        text_line("Отказы: 47 на 3,2 млн ₽"),
        text_line(HOSTILE),
    )
    return ReportDocument(
        doc_id="week:2026-W37#1/ru",
        package_id="p1",
        tenant=package.tenant,
        report_id="week:2026-W37",
        revision=1,
        kind="week",
        language=language,
        title="Отчёт по диалогам · 7–13 сентября",
        subtitle="ООО «Пример» · 5 рабочих дней · данные на пн 14.09 07:40 (МСК)",
        sections=(
            Section(
                code="figures",
                title="Цифры недели",
                priority=3,
                blocks=(Block(kind=BlockKind.FIGURES, lines=lines),),
            ),
        ),
    )


def _totals() -> tuple[PackageMetric, ...]:
    return (
        PackageMetric(0, "new_episodes", value=263.0, n=263, unit="episodes", prev_value=255.0),
        PackageMetric(0, "active_episodes", value=366.0, n=366, unit="episodes"),
        PackageMetric(1, "frt_median", value=6.5, n=240, unit="minutes", prev_value=9.0, verdict=Change.DOWN),
        PackageMetric(1, "frt_p90", value=48.0, n=240, unit="minutes", prev_value=71.0),
        PackageMetric(
            *(3, "in_sla"),
            value=518 / 640,
            num=518,
            den=640,
            n=640,
            unit="share",
            prev_value=0.74,
            test="bootstrap",
            p_value=0.01,
            ci_low=0.02,
            ci_high=0.12,
            verdict=Change.UP,
        ),
        PackageMetric(4, "unanswered", value=14.0, n=14, unit="episodes", prev_value=22.0),
        PackageMetric(4, "unanswered_amount", value=1_860_000.0, unit="roubles"),
        PackageMetric(7, "no_deal", value=7 / 358, num=7, den=358, n=358, unit="share"),
        PackageMetric(8, "new_silent", value=6 / 80, num=6, den=80, n=80, unit="share"),
        PackageMetric(9, "lost", value=47.0, n=47, unit="deals", prev_value=39.0),
        PackageMetric(9, "lost_amount", value=3_200_000.0, unit="roubles"),
        PackageMetric(9, "won", value=31.0, n=31, unit="deals", prev_value=28.0),
        PackageMetric(13, "objection", value=41 / 212, num=41, den=212, n=212, unit="share", verdict=Change.UP),
        PackageMetric(14, "checklist_mean", value=78.0, n=300, unit="points", prev_value=77.0, verdict=Change.NOISE),
        PackageMetric(23, "analysed", value=358 / 366, num=358, den=366, n=366, unit="share"),
    )


def _people() -> tuple[PackageMetric, ...]:
    shares = {"9001": (184, 200), "9002": (166, 200), "9003": (122, 200), "9004": (3, 6)}
    medians = {"9001": 4.0, "9002": 6.0, "9003": 19.0, "9004": None}
    found: list[PackageMetric] = []
    for person, (num, den) in shares.items():
        few = "few" if den < 10 else "ok"
        found += [
            PackageMetric(0, "new_episodes", "manager", person, value=float(den // 3), unit="episodes"),
            PackageMetric(1, "frt_median", "manager", person, value=medians[person], unit="minutes", display=few),
            PackageMetric(
                *(3, "in_sla", "manager", person),
                value=num / den,
                num=num,
                den=den,
                n=den,
                unit="share",
                test="wilson",
                ci_low=max(0.0, num / den - 0.06),
                ci_high=min(1.0, num / den + 0.05),
                display=few,
            ),
            PackageMetric(14, "checklist_mean", "manager", person, value=80.0, n=den // 4, unit="points"),
            PackageMetric(4, "unanswered", "manager", person, value=float(len(PEOPLE[person])), unit="episodes"),
        ]
    return tuple(found)


def _parts() -> tuple[PackageMetric, ...]:
    hours = (
        PackageMetric(
            *(3, "in_sla", "weekday_hour", f"{day}:{hour:02d}"),
            value=(hour + day) % 10 / 10,
            num=(hour + day) % 10,
            den=10,
            n=10,
            unit="share",
        )
        for day in range(1, 6)
        for hour in range(9, 19)
    )
    times = (
        PackageMetric(
            *(2, "rt_median", "weekday_hour", f"{day}:{hour:02d}"),
            value=float((hour * day) % 47),
            n=hour,
            unit="minutes",
            display="few" if hour == 18 else "ok",
        )
        for day in range(1, 6)
        for hour in range(9, 19)
    )
    steps = (("1:10", 303, 489, 500), ("1:20", 124, 302, 310))
    funnel = (
        metric
        for step, num, den, entered in steps
        for metric in (
            PackageMetric(10, "conversion", "step", step, value=num / den, num=num, den=den, n=den, unit="share"),
            PackageMetric(10, "conversion_entered", "step", step, value=float(entered), unit="deals"),
            PackageMetric(10, "conversion_left", "step", step, value=4.0, unit="deals"),
            PackageMetric(10, "conversion_maturity", "step", step, value=den / entered, unit="share"),
        )
    )
    reasons = (
        PackageMetric(9, "lost", "reason", key, value=value, unit="deals")
        for key, value in (("11", 18.0), ("12", 9.0), ("", 11.0))
    )
    objections = (
        PackageMetric(13, "objection", "objection", key, value=num / 212, num=num, den=212, n=212, unit="share")
        for key, num in (("price", 41), ("think", 28))
    )
    return (*hours, *times, *funnel, *reasons, *objections)


def _rows() -> list[PackageRow]:
    rows: list[PackageRow] = []
    for number in range(28):
        at = START + timedelta(hours=6 * number + 3)
        person = 9001 + number % 4
        rows.append(PackageRow("new_episodes", 0, f"e{number}", f"d{number}", 100 + number, person, "author", at=at))
        state: dict[str, object] = {"state": "in_sla" if number % 3 else "late"}
        rows.append(PackageRow("judged", 0, f"e{number}", f"d{number}", manager_id=person, at=at, extra=state))
        extra: dict[str, object] = {
            "channel": "telegram",
            "start": at.isoformat(),
            "last": (at + timedelta(hours=1)).isoformat(),
            "opened_by": "client",
            "frt": 6.5,
            "off_hours": False,
            "turns": 3,
            "in_sla": 2,
            "unanswered": number == 0,
            "intents": ["buy"],
            "topics": ["price", "delivery"],
            "objections": ["price"],
            "checklist": 78.0,
        }
        rows.append(
            PackageRow(
                "episodes",
                0,
                f"e{number}",
                f"d{number}",
                100 + number,
                person,
                "author",
                at=at,
                band="exact",
                extra=extra,
            )
        )
    quote: dict[str, object] = {"quote": HOSTILE, "message_id": "m77"}
    mismatch: dict[str, object] = {**quote, "crm_reason": "price", "dialog_reason": "delivery"}
    calendar: dict[str, object] = {"age_calendar_h": 51.5}
    rows += [
        PackageRow("unanswered", 0, "e0", "d0", 101, 9003, "author", 420_000, 648.0, START, extra=calendar),
        PackageRow("no_deal", 0, "e1", "d1", at=START, extra={**quote, "status": "without_deal", "intent": "buy"}),
        PackageRow("silent_deals", 0, deal_id=301, manager_id=9001, amount=5000, at=START),
        PackageRow("lost", 0, deal_id=401, amount=95_000, at=START, extra={"reason_id": 11, "reason": "Дорого"}),
        PackageRow("lost", 0, deal_id=402, at=START, extra={"reason_id": None, "reason": None}),
        PackageRow("lost_mismatch", 0, "e4", deal_id=401, at=START, extra=mismatch),
        PackageRow(
            *("objection", 0, "e5", "d5", 105),
            band="exact",
            extra={**quote, "code": "price", "handled": True, "outcome": "open"},
        ),
        PackageRow("checklist_fail", 0, "e6", "d6", 106, band="likely", extra={**quote, "item": "greeting"}),
        PackageRow("critical_fail", 0, "e7", "d7", 107, band="exact", extra={**quote, "item": "next_step"}),
        PackageRow("checklist", 0, "e8", "d8", 108, 9001, band="exact", extra={**quote, "score": 97.0}),
        PackageRow("checklist", 0, "e9", "d9", 109, 9003, band="exact", extra={**quote, "score": 12.0}),
    ]
    return rows


def _numbered(rows: list[PackageRow]) -> tuple[PackageRow, ...]:
    seen: dict[str, int] = {}
    found: list[PackageRow] = []
    for row in rows:
        seen[row.list_code] = seen.get(row.list_code, 0) + 1
        found.append(replace(row, row_no=seen[row.list_code]))
    return tuple(found)
