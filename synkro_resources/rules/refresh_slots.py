"""When the clock reads a tenant's today anew: slots spread over the interval, in working time (docs/plans.md).

Pure rules. Each tenant has its own place in the interval, by a hash of its slug, so that a hundred tenants of one plan
do not begin at once. A slot that was missed by more than a quarter is left out: after a night without power everybody
would else be due in the same minute, and the next slot is never further away than the interval.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, time, timedelta

from synkro_resources.rules.quiet_hours import is_quiet
from synkro_resources.rules.working_time import Calendar

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
USEFUL_PART = 4
"""A slot is served within this part of its interval."""


def slot_begin(tenant: str, interval: timedelta, now: datetime) -> datetime:
    """The instant at which the tenant's present slot began."""
    spread = int.from_bytes(hashlib.sha256(tenant.encode()).digest()[:8], "big") / 2**64
    offset = interval * spread
    return now - (now - EPOCH - offset) % interval


def is_slot_open(tenant: str, interval: timedelta, now: datetime) -> bool:
    """Whether the present slot may still be served."""
    return now - slot_begin(tenant, interval, now) < interval / USEFUL_PART


def is_refresh_time(calendar: Calendar, now: datetime, *, margin: timedelta, quiet_from: time, quiet_to: time) -> bool:
    """Whether somebody may look at fresh data: working time and `margin` around it, and no quiet hours."""
    return calendar.is_open_around(now, margin) and not is_quiet(now, calendar.zone.key, quiet_from, quiet_to)
