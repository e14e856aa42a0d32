"""Hours in which nobody is woken by what can wait, in the tenant's own time."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo


def is_quiet(now: datetime, zone: str, quiet_from: time, quiet_to: time) -> bool:
    """Whether `now` (UTC) lies in the quiet hours, which may span midnight; equal ends mean that there are none.

    The first minute is quiet, the last one is not.
    """
    here = now.astimezone(ZoneInfo(zone)).time()
    if quiet_from <= quiet_to:
        return quiet_from <= here < quiet_to
    return here >= quiet_from or here < quiet_to
