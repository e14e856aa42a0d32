"""The one source of the present instant, so that tests and simulated fleets can set it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Everything that needs the present instant takes a `Clock`."""

    def now(self) -> datetime:
        """The present instant, timezone-aware, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(slots=True)
class FixedClock:
    """A clock that stands still until it is moved; for tests and simulated fleets."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant

    def move(self, by: timedelta) -> None:
        self.instant += by


def clock_from_setting(value: str | None) -> Clock:
    """`SYNKRO_CLOCK`: empty for the machine's clock, an ISO instant with zone for a fixed one."""
    if not value:
        return SystemClock()
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError("SYNKRO_CLOCK needs a zone, for example 2026-11-20T12:00:00Z")
    return FixedClock(instant.astimezone(UTC))
