"""One cell of a workbook: text that can never become a formula, local time, a link built from an id."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

Resolve = Callable[[str], str | None]
"""Turns a reference (deal:<id>, message:<id>, list:<code>, report) into an address, or None."""

TEXT_LIMIT = 32_000
"""UTF-16 units; the file format holds 32,767, and an emoji is two."""

_STARTS_A_FORMULA = re.compile(r"^[ \u00a0\u200b\u2060\ufeff]*[=+\-@\t\r\n]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class LinkCell:
    """Text that opens the cabinet or the CRM."""

    address: str
    text: str


@dataclass(frozen=True, slots=True)
class ShareCell:
    """A share from 0 to 1, shown as a percentage."""

    value: float


Cell = str | int | float | bool | datetime | LinkCell | ShareCell | None


def safe_text(value: str) -> str:
    """The text as a spreadsheet may hold it (docs/report.md, «XLSX»)."""
    clean = _CONTROLS.sub("", value)
    if _STARTS_A_FORMULA.match(clean):
        clean = f"'{clean}"
    units = clean.encode("utf-16-le", "surrogatepass")
    return clean if len(units) <= 2 * TEXT_LIMIT else units[: 2 * TEXT_LIMIT].decode("utf-16-le", "ignore")


def local(instant: datetime | None, zone: str) -> datetime | None:
    """The wall clock of the tenant: spreadsheets know no zones."""
    return None if instant is None else instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0)


def linked(reference: str, text: str, resolve: Resolve) -> Cell:
    """A link if the reference resolves, else the bare text."""
    address = resolve(reference)
    return LinkCell(address, text) if address else text
