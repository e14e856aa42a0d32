"""Radist's times: ISO 8601 with whole seconds or fractions, with a zone or, rarely, without one."""

from __future__ import annotations

from datetime import UTC, datetime


def parse_time(value: object) -> tuple[datetime, bool] | None:
    """The instant in UTC, and whether the text had no zone (it counts as UTC then); None if it is not a time."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value.strip())
        if parsed.tzinfo is None:
            return parsed.replace(tzinfo=UTC), True
        return parsed.astimezone(UTC), False
    except (ValueError, OverflowError):
        return None


def instant_of(value: object) -> datetime | None:
    parsed = parse_time(value)
    return None if parsed is None else parsed[0]


def format_time(instant: datetime) -> str:
    """The form that Radist itself writes."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
