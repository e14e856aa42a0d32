"""How numbers read: money, minutes, shares, dates and plurals, in Russian first (docs/report.md, «Formatting»)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_date, get_timezone_name
from babel.lists import format_list

NBSP = "\u00a0"
"""Thousands and units never break from their number."""

MILLION = 1_000_000
THOUSANDS_FROM = 10_000
MIN_DENOMINATOR = 10
"""Below this a share is shown as «3 из 8»."""

_WORDS: dict[str, dict[str, str]] = {
    "ru": {
        "no_price": "сумма не указана",
        "thousand": "тыс.",
        "million": "млн",
        "minute": "мин",
        "hour": "ч",
        "of": "из",
        "none": "–",
    },
    "en": {
        "no_price": "amount not given",
        "thousand": "k",
        "million": "m",
        "minute": "min",
        "hour": "h",
        "of": "of",
        "none": "–",
    },
}

_PLURALS: dict[str, dict[str, tuple[str, ...]]] = {
    "ru": {
        "episode": ("обращение", "обращения", "обращений"),
        "dialog": ("диалог", "диалога", "диалогов"),
        "deal": ("сделка", "сделки", "сделок"),
        "new_deal": ("новая сделка", "новые сделки", "новых сделок"),
        "off_day": ("нерабочий день", "нерабочих дня", "нерабочих дней"),
        "work_day": ("рабочий день", "рабочих дня", "рабочих дней"),
        "case": ("случай", "случая", "случаев"),
        "dialog_in": ("диалоге", "диалогах", "диалогах"),
        "deal_of": ("сделки", "сделок", "сделок"),
        "day": ("день", "дня", "дней"),
    },
    "en": {
        "episode": ("episode", "episodes"),
        "dialog": ("dialog", "dialogs"),
        "deal": ("deal", "deals"),
        "new_deal": ("new deal", "new deals"),
        "off_day": ("day off", "days off"),
        "work_day": ("working day", "working days"),
        "case": ("case", "cases"),
        "dialog_in": ("dialog", "dialogs"),
        "deal_of": ("deal", "deals"),
        "day": ("day", "days"),
    },
}
_FORMS = {"ru": ("one", "few", "many"), "en": ("one", "other")}


def half_up(value: float) -> int:
    """Round to the nearest whole number, halves upwards; only ever for display."""
    return math.floor(value + 0.5)


def whole(value: int) -> str:
    """A whole number with unbreakable thousands: 1 391."""
    return f"{value:,}".replace(",", NBSP)


def decimal(value: float, digits: int, language: str = "ru") -> str:
    """A number with exactly `digits` decimals and the language's decimal sign."""
    scaled = half_up(abs(value) * 10**digits) / 10**digits
    text = f"{scaled:,.{digits}f}".replace(",", NBSP)
    sign = "-" if value < 0 and scaled else ""
    return sign + (text.replace(".", ",") if language == "ru" else text)


def money(amount: int | None, language: str = "ru") -> str:
    """Whole roubles; null or 0 is «сумма не указана», never zero roubles."""
    words = _WORDS[language]
    if not amount:
        return words["no_price"]
    if amount < THOUSANDS_FROM:
        return f"{whole(amount)}{NBSP}₽"
    thousands = half_up(amount / 1000)
    if amount < MILLION and thousands < 1000:
        return f"{whole(thousands)}{NBSP}{words['thousand']}{NBSP}₽"
    millions = half_up(amount / 10_000) / 100
    text = f"{millions:.2f}".rstrip("0").rstrip(".")
    text = text.replace(".", ",") if language == "ru" else text
    return f"{text}{NBSP}{words['million']}{NBSP}₽"


def minutes(value: float | None, language: str = "ru") -> str:
    """Working minutes: «<1 мин», «7 мин», «1 ч 05 мин», «2 ч»; null is a dash."""
    words = _WORDS[language]
    if value is None:
        return words["none"]
    if 0 < value < 0.5:
        return f"<1{NBSP}{words['minute']}"
    total = half_up(value)
    if total < 60:
        return f"{total}{NBSP}{words['minute']}"
    hours, rest = divmod(total, 60)
    if rest == 0:
        return f"{whole(hours)}{NBSP}{words['hour']}"
    return f"{whole(hours)}{NBSP}{words['hour']}{NBSP}{rest:02d}{NBSP}{words['minute']}"


def share(numerator: int, denominator: int, language: str = "ru", *, small: bool = True) -> str:
    """Whole per cent with «<1 %» and «>99 %» at the ends; a small denominator reads «3 из 8», none reads «–»."""
    words = _WORDS[language]
    if denominator == 0:
        return words["none"]
    if small and denominator < MIN_DENOMINATOR:
        return f"{numerator} {words['of']} {denominator}"
    value = 100 * numerator / denominator
    if 0 < value < 1:
        return f"<1{NBSP}%"
    if 99 < value < 100:
        return f">99{NBSP}%"
    return f"{half_up(value)}{NBSP}%"


def counted(count: int, noun: str, language: str = "ru") -> str:
    """A count with its noun in the right form: 1 обращение, 2 обращения, 5 обращений."""
    form = Locale(language).plural_form(count)
    forms = dict(zip(_FORMS[language], _PLURALS[language][noun], strict=True))
    return f"{whole(count)} {forms.get(form, _PLURALS[language][noun][-1])}"


def short_day(day: date, language: str = "ru") -> str:
    """«вт 8 сентября», «Tue 8 September»."""
    weekday = format_date(day, "EEE", locale=language).rstrip(".")
    return f"{weekday} {format_date(day, 'd MMMM', locale=language)}"


def moment(instant: datetime, zone: str, language: str = "ru") -> str:
    """«пн 14.09 07:40», «Mon 14 Sep 07:40» in the zone."""
    local = instant.astimezone(ZoneInfo(zone))
    weekday = format_date(local.date(), "EEE", locale=language).rstrip(".")
    day = f"{local:%d.%m}" if language == "ru" else format_date(local.date(), "d MMM", locale=language)
    return f"{weekday} {day} {local:%H:%M}"


def month_name(day: date, language: str = "ru") -> str:
    """«сентябрь 2026»."""
    return format_date(day, "LLLL y", locale=language)


def bare_month(day: date, language: str = "ru") -> str:
    """«август», the month alone."""
    return format_date(day, "LLLL", locale=language)


def of_month(day: date, language: str = "ru") -> str:
    """«августа», as in «когорта августа»."""
    return format_date(day, "MMMM", locale=language)


def days_listed(days: Sequence[date], language: str = "ru") -> str:
    """«3 и 4 ноября», «31 декабря и 1 января»."""
    same = len({(day.year, day.month) for day in days}) == 1
    words = [str(day.day) if same else day_and_month(day, language) for day in days[:-1]]
    return format_list([*words, day_and_month(days[-1], language)], locale=language)


def day_and_month(day: date, language: str = "ru") -> str:
    """«8 сентября»."""
    return format_date(day, "d MMMM", locale=language)


def period_name(first: date, last: date, language: str = "ru") -> str:
    """«7–13 сентября», «31 августа – 6 сентября», «28 декабря 2026 – 3 января 2027»."""
    if first == last:
        return day_and_month(first, language)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{day_and_month(last, language)}"
    pattern = "d MMMM" if first.year == last.year else "d MMMM y"
    return f"{format_date(first, pattern, locale=language)} – {format_date(last, pattern, locale=language)}"


def clock_time(instant: datetime, zone: str) -> str:
    """«08:22» in the zone."""
    return f"{instant.astimezone(ZoneInfo(zone)):%H:%M}"


def zone_name(instant: datetime, zone: str, language: str = "ru") -> str:
    """«МСК» for Moscow time in Russian, else «UTC+5»."""
    local = instant.astimezone(ZoneInfo(zone))
    if zone == "Europe/Moscow":
        return "МСК" if language == "ru" else get_timezone_name(local, width="short", locale="en")
    offset = local.utcoffset()
    total = 0 if offset is None else int(offset.total_seconds() // 60)
    hours, rest = divmod(abs(total), 60)
    return f"UTC{'+' if total >= 0 else '-'}{hours}" + (f":{rest:02d}" if rest else "")


def listed(items: Sequence[str]) -> str:
    """The items joined by the separator that reports use between figures."""
    return " · ".join(items)
