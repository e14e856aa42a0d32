"""Phones as digits: free text typed into the CRM, international digits from Radist (docs/metrics.md, «Links»)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

MIN_DIGITS = 10  # shorter numbers are internal or city ones and belong to no one in particular
MAX_DIGITS = 15  # ITU-T E.164
LONG_DISTANCE_DIGITS = 13  # 8-10 is the Russian way abroad only in front of a whole foreign number

_EXTENSION = re.compile(r"доб|вн|ext|#", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,;/]")
_NOT_DIGIT = re.compile(r"[^0-9]")
WHATSAPP_PERSON = "@c.us"


def split_phones(raw: str | None) -> list[str]:
    """The phones of one CRM field, which people separate by a comma, a semicolon or a slash."""
    return [part for part in (piece.strip() for piece in _SEPARATOR.split(raw or "")) if part]


def normalize_crm_phone(raw: str | None) -> str | None:
    """One phone typed by hand as digits with the country code, or None if it cannot be one.

    A foreign number typed without «+» that looks like a Russian one becomes Russian; nothing tells them apart.
    """
    if not raw:
        return None
    text = _EXTENSION.split(unicodedata.normalize("NFKC", raw), maxsplit=1)[0]
    digits = _NOT_DIGIT.sub("", text)
    international = text.lstrip(" \t(").startswith("+")
    if not international and digits.startswith("00"):
        digits, international = digits[2:], True
    elif not international and digits.startswith("810") and len(digits) >= LONG_DISTANCE_DIGITS:
        digits, international = digits[3:], True
    if len(digits) == 10 and not international:
        digits = f"7{digits}"
    elif len(digits) == 11 and digits[0] == "8" and not (international and digits[1] != "9"):
        digits = f"7{digits[1:]}"
    return digits if MIN_DIGITS <= len(digits) <= MAX_DIGITS else None


def normalize_radist_phone(raw: str | None) -> str | None:
    """A phone from Radist, which is international already: its digits, whole, or None."""
    if not raw:
        return None
    digits = _NOT_DIGIT.sub("", unicodedata.normalize("NFKC", raw))
    return digits if MIN_DIGITS <= len(digits) <= MAX_DIGITS else None


def phone_of_chat_id(source_chat_id: str | None) -> str | None:
    """The phone inside a WhatsApp chat id; other messengers' ids are not phones, however alike they look."""
    if not source_chat_id or not source_chat_id.endswith(WHATSAPP_PERSON):
        return None
    return normalize_radist_phone(source_chat_id.removesuffix(WHATSAPP_PERSON))


def normalize_crm_phones(values: Iterable[str | None]) -> list[str | None]:
    """`normalize_crm_phone` for a column."""
    return [normalize_crm_phone(value) for value in values]


def normalize_radist_phones(values: Iterable[str | None]) -> list[str | None]:
    """`normalize_radist_phone` for a column."""
    return [normalize_radist_phone(value) for value in values]
