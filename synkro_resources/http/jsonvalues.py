"""Untyped JSON from outside, made safe to read: checked casts and one canonical text form."""

from __future__ import annotations

from typing import cast

import orjson

JsonObject = dict[str, object]

INT64_MAX = 2**63 - 1


def as_object(value: object) -> JsonObject:
    """`value` if it is a JSON object, else an empty one: vendors send `[]` and null where objects belong."""
    return cast("JsonObject", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """`value` if it is a JSON array, else an empty one."""
    return cast("list[object]", value) if isinstance(value, list) else []


def as_rows(value: object) -> list[JsonObject]:
    """The rows of a JSON array; what is not an object is wrapped, so that it is quarantined and does not vanish."""
    return [cast("JsonObject", item) if isinstance(item, dict) else {"value": item} for item in as_list(value)]


def as_whole(value: object) -> int | None:
    """A whole number that fits 64 bits, or None. True and False are not numbers here."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and abs(value) <= INT64_MAX:
        return value
    return None


def as_text(value: object) -> str | None:
    """A non-empty string, or None."""
    return value if isinstance(value, str) and value else None


def canonical_json(value: object) -> str:
    """The same value always gives the same text: sorted keys, no spaces, UTF-8 characters as they are."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
