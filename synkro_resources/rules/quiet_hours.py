"""When people may be disturbed: quiet hours of a tenant's local clock (docs/operations.md, «Notices»)."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


def is_quiet(at: datetime, zone: str, begin: time, end: time) -> bool:
    """Whether the instant lies in [begin, end) of the local clock; it may span midnight, and equal ends are none."""
    local = at.astimezone(ZoneInfo(zone)).time()
    if begin == end:
        return False
    if begin < end:
        return begin <= local < end
    return local >= begin or local < end


def local_day_began(at: datetime, zone: str) -> datetime:
    """The instant of the last local midnight; where the clock skips it, the first instant of the day."""
    tz = ZoneInfo(zone)
    day = at.astimezone(tz).date()
    midnight = datetime.combine(day, time(0), tz).astimezone(ZoneInfo("UTC"))
    return midnight if midnight.astimezone(tz).date() == day else midnight + timedelta(hours=1)
