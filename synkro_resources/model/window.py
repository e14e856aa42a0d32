"""A tenant's local days as UTC instants, daylight saving included (docs/metrics.md, «Periods»)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from synkro_resources.model.ids import check_tenant_slug
from synkro_resources.model.period import Period, days_between


def local_midnight(day: date, zone: ZoneInfo) -> datetime:
    """The UTC instant at which `day` begins in `zone` (its first occurrence if midnight repeats)."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class TenantWindow:
    """The local days `first_day … last_day` (both included) of one tenant in its IANA `zone`."""

    tenant: str
    zone: str
    first_day: date
    last_day: date

    def __post_init__(self) -> None:
        check_tenant_slug(self.tenant)
        if self.last_day < self.first_day:
            raise ValueError(f"the window ends on {self.last_day}, before it starts on {self.first_day}")

    @classmethod
    def of_period(cls, tenant: str, zone: str, period: Period) -> TenantWindow:
        return cls(tenant, zone, period.first_day, period.last_day)

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def start(self) -> datetime:
        """The first instant of the window, UTC, included."""
        return local_midnight(self.first_day, self.tz)

    @property
    def end(self) -> datetime:
        """The instant after the window, UTC, excluded."""
        return local_midnight(self.last_day + timedelta(days=1), self.tz)

    @property
    def days(self) -> list[date]:
        return list(days_between(self.first_day, self.last_day))

    def bounds(self, day: date) -> tuple[datetime, datetime]:
        """`[start, end)` of one local day in UTC; 23, 24 or 25 hours long."""
        return local_midnight(day, self.tz), local_midnight(day + timedelta(days=1), self.tz)

    def day_of(self, instant: datetime) -> date:
        """The local date on which `instant` falls (it may lie outside the window)."""
        return instant.astimezone(self.tz).date()

    def widened(self, *, days_back: int) -> TenantWindow:
        """The same window with `days_back` more days before it."""
        return TenantWindow(self.tenant, self.zone, self.first_day - timedelta(days=days_back), self.last_day)
