"""When a promise is due by its own words: «завтра до 12», «в пятницу», «через 2 часа»."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from synkro_resources.rules.working_time import Calendar

DAYS_AHEAD = {"послезавтра": 2, "завтра": 1, "сегодня": 0}
WEEKDAYS = ("понедельник", "вторник", "сред", "четверг", "пятниц", "суббот", "воскресень")
FIRST_PLAIN_HOUR = 8  # «до 5» is five in the afternoon

_CLOCK = re.compile(r"\b(?:до|в|к)\s+(\d{1,2})(?:[:.](\d{2}))?(?=\s*(?:час|ч\b|[,.!;)]|$))|\b(\d{1,2}):(\d{2})\b")
_SPAN = re.compile(r"\bчерез\s+(?:(\d{1,3})\s+)?(мин|час|полчаса|день|дня|дней|недел)")
_MINUTES = {"мин": 1, "час": 60, "полчаса": 30}
_DAYS = {"день": 1, "дня": 1, "дней": 1, "недел": 7}


def due_by_words(words: str, said_at: datetime, calendar: Calendar) -> datetime | None:
    """The instant that the words name, None if they name none.

    A day without a time means the end of that working day, or of the next one where nobody works on that day.
    """
    said = said_at.astimezone(calendar.zone)
    lowered = words.lower().replace("ё", "е")
    span = _SPAN.search(lowered)
    if span and span[2] in _MINUTES:
        return said_at + timedelta(minutes=int(span[1] or 1) * _MINUTES[span[2]])
    day = said.date() + timedelta(days=int(span[1] or 1) * _DAYS[span[2]]) if span else _named_day(lowered, said.date())
    clock = _clock(lowered)
    if clock is None:
        return None if day is None else _end_of(day, calendar)
    if day is None:
        day = said.date() if clock > said.time() else said.date() + timedelta(days=1)
    return datetime.combine(day, clock, calendar.zone).astimezone(UTC)


def _named_day(words: str, today: date) -> date | None:
    for word, ahead in DAYS_AHEAD.items():
        if word in words:
            return today + timedelta(days=ahead)
    for weekday, stem in enumerate(WEEKDAYS):
        if re.search(rf"\b(?:в|во|до|к)\s+{stem}", words):
            return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    return None


def _clock(words: str) -> time | None:
    found = _CLOCK.search(words)
    if found is None:
        return None
    hour, minute, exact = int(found[1] or found[3]), int(found[2] or found[4] or 0), found[2] or found[4]
    if hour < FIRST_PLAIN_HOUR and not exact:
        hour += 12
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _end_of(day: date, calendar: Calendar) -> datetime:
    noon_before = datetime.combine(day - timedelta(days=1), time(12), calendar.zone)
    return calendar.end_of_working_day(noon_before.astimezone(UTC), 1)
