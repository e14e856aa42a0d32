"""The calendars C1…C8 of the worked examples."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from synkro_resources.model.period import days_between
from synkro_resources.model.tenant_settings import Interval, WorkCalendar
from synkro_resources.rules.working_time import Calendar


def shift(text: str) -> Interval:
    """`09:00-18:00`; 24:00 is midnight at the day's end."""
    start, end = text.replace("24:00", "00:00").split("-")
    return Interval(start=time.fromisoformat(start), end=time.fromisoformat(end))


def calendar(
    zone: str, shifts: list[str], weekdays: range = range(1, 6), overrides: dict[date, list[str]] | None = None
) -> Calendar:
    return Calendar(
        WorkCalendar(
            weekly={day: tuple(map(shift, shifts)) for day in weekdays},
            overrides={day: tuple(map(shift, parts)) for day, parts in (overrides or {}).items()},
            public_holidays=None,
        ),
        zone,
    )


MOSCOW = "Europe/Moscow"
BERLIN = "Europe/Berlin"
C1 = calendar(MOSCOW, ["09:00-18:00"])
C2 = calendar(
    MOSCOW,
    ["09:00-18:00"],
    overrides={date(2025, 11, 1): ["09:00-17:00"], date(2025, 11, 3): [], date(2025, 11, 4): []},
)
C3 = calendar(MOSCOW, ["09:00-13:00", "14:00-18:00"])
C4 = calendar(BERLIN, ["00:00-24:00"], range(1, 8))
C5 = calendar(BERLIN, ["09:00-18:00"])
C6 = calendar(MOSCOW, ["20:00-24:00", "00:00-02:00"], range(1, 8))
C7 = calendar("Asia/Vladivostok", ["09:00-18:00"])
C8 = calendar(
    MOSCOW,
    ["09:00-18:00"],
    overrides={day: [] for day in days_between(date(2025, 12, 31), date(2026, 1, 11))},
)
CALENDARS = {"C1": C1, "C2": C2, "C3": C3, "C4": C4, "C5": C5, "C6": C6, "C7": C7, "C8": C8}


def at(local: str, zone: str = MOSCOW) -> datetime:
    """A local time of 2026 in the zone as a UTC instant: `2026-09-07T10:00`, or `09-07 10:00`."""
    text = local.replace(" ", "T")
    return (
        datetime.fromisoformat(text if len(text) > 15 else f"2026-{text}")
        .replace(tzinfo=ZoneInfo(zone))
        .astimezone(UTC)
    )
