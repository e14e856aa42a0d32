"""How instants, periods and step names read in a person's language and the tenant's zone."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from synkro_app.cabinet.texts import catalogue, translate
from synkro_resources.model.period import Period
from synkro_resources.rules.formats import decimal


def instant(value: datetime, zone: str, language: str) -> str:
    """«20 ноября, 17:04» in the tenant's zone."""
    return format_datetime(value.astimezone(ZoneInfo(zone)), "d MMMM, HH:mm", locale=language)


def day(value: date, language: str) -> str:
    return format_date(value, "d MMMM y", locale=language)


def month(value: date, language: str) -> str:
    """«ноябрь 2026» of the month that holds the day."""
    return format_date(value, "LLLL y", locale=language)


def period(value: Period, language: str) -> str:
    """One day, or the first and the last."""
    if value.first_day == value.last_day:
        return day(value.first_day, language)
    return f"{day(value.first_day, language)} – {day(value.last_day, language)}"


def price(amount: Decimal, currency: str, language: str) -> str:
    """«0,34 USD»; a company without prices of its AI has no currency."""
    return f"{decimal(float(amount), 2, language)} {currency}".rstrip()


def step_name(asset: str, language: str) -> str:
    """«Читаем amoCRM: сделки» for `amocrm/leads`; an unknown asset keeps its own name."""
    layer, _, table = asset.partition("/")
    texts = catalogue(language)
    if f"step_name.{layer}" not in texts:
        return asset
    return translate(language, f"step_name.{layer}", name=texts.get(f"table.{table}", table))


def plain(text: str) -> str:
    """Text that Markdown must show as it is: nothing from outside may become a link, an image or a colour."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]()#+-.!|~$:<>" else sign for sign in text)
