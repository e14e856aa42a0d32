"""What a schedule may say; every refusal tells what fits instead."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import time

from sqlalchemy import Connection, select

from synkro_resources.control.plans import plan_of
from synkro_resources.control.tables.delivery import destination
from synkro_resources.model.errors import RefusedError, Sentence, UserInputError
from synkro_resources.model.period import PeriodKind
from synkro_resources.rules.due import EVERY_DAY, MONDAY

KINDS = (PeriodKind.DAY, PeriodKind.WEEK, PeriodKind.MONTH)
LANGUAGES = ("ru", "en")
NO_PLAN = "plan.schedules"
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def checked_days(kind: PeriodKind, weekdays: Collection[int]) -> tuple[int, ...]:
    """The weekdays of a schedule, sorted; none given: all, or Monday for a week. Raises `schedule.bad_days`."""
    days = tuple(sorted(set(weekdays))) or (MONDAY if kind is PeriodKind.WEEK else EVERY_DAY)
    is_wrong = not set(days) <= set(EVERY_DAY)
    if is_wrong or (kind is PeriodKind.WEEK and len(days) != 1) or (kind is PeriodKind.MONTH and days != EVERY_DAY):
        raise UserInputError(
            "schedule.bad_days",
            Sentence("Такие дни недели этому отчёту не подходят.", "These weekdays do not fit this report."),
            Sentence(
                "День: дни от 1 (пн) до 7 (вс). Неделя: один день. Месяц: дни не указываются, это первый рабочий день.",
                "Day: weekdays from 1 (Mon) to 7 (Sun). Week: one of them. Month: none, it is the first working day.",
            ),
        )
    return days


def check_fields(schedule_id: str, kind: PeriodKind, at: time, language: str) -> None:
    """Raises UserInputError `schedule.bad_id`, `schedule.bad_kind`, `schedule.bad_time` or `schedule.bad_language`."""
    if not _ID.fullmatch(schedule_id):
        raise UserInputError(
            "schedule.bad_id",
            Sentence(f"Имя расписания «{schedule_id}» не подходит.", f"“{schedule_id}” cannot name a schedule."),
            Sentence(
                "До 40 знаков: латинские буквы, цифры и дефис.",
                "At most 40 characters: small Latin letters, digits and the hyphen.",
            ),
        )
    if kind not in KINDS:
        raise UserInputError(
            "schedule.bad_kind",
            Sentence("Отчёт за свои даты не ставится в расписание.", "A report of own dates has no schedule."),
            Sentence("Выберите день, неделю или месяц.", "Choose a day, a week or a month."),
        )
    if at.tzinfo is not None or at.second or at.microsecond:
        raise UserInputError(
            "schedule.bad_time",
            Sentence("Время расписания указывается до минуты.", "The time of a schedule is exact to the minute."),
            Sentence("Укажите местное время, например 08:30.", "Give a local time, for example 08:30."),
        )
    if language not in ("", *LANGUAGES):
        raise UserInputError(
            "schedule.bad_language",
            Sentence(f"Языка «{language}» у отчётов нет.", f"Reports have no language “{language}”."),
            Sentence("Выберите ru или en.", "Choose ru or en."),
        )


def check_plan(connection: Connection, tenant: str) -> None:
    """Raises RefusedError `plan.schedules` inside a `db.tenant(slug)` transaction."""
    plan = plan_of(connection, tenant)
    if not plan.schedules_allowed:
        raise RefusedError(
            NO_PLAN,
            Sentence(f"Тариф «{plan.name}» не включает расписание.", f"The plan “{plan.name}” has no schedules."),
            Sentence("Смените тариф или запрашивайте отчёт кнопкой.", "Change the plan or use the button."),
            tenant=tenant,
        )


def check_destinations(connection: Connection, wanted: Sequence[str]) -> None:
    """Raises UserInputError `schedule.unknown_destination` inside a `db.tenant(slug)` transaction."""
    columns = destination.c
    known = set(connection.scalars(select(columns.destination_id).where(columns.enabled)))
    unknown = [item for item in wanted if item not in known]
    if unknown:
        raise UserInputError(
            "schedule.unknown_destination",
            Sentence(f"Получателя {unknown[0]} нет, или он отключён.", f"Destination {unknown[0]} is off or unknown."),
            Sentence("Выберите из подключённых чатов.", "Choose from the linked chats."),
        )
