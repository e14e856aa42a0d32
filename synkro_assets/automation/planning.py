"""From a run request to the runs that fulfil it: which days must be loaded, in which chunks and order.

Pure rules (docs/architecture.md, «Runs»): a report first loads the days that are missing or stale and refreshes today,
because the clients who wait now have written, or been answered, today, and because a deal that changed today is listed
with today's time only. History is read in chunks of at most 31 days, newest first, together with the tables of the
CRM, and dialogs are derived oldest first, so that each day's look-back and each dialog's deal are there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period, days_between
from synkro_resources.model.window import TenantWindow

CHUNK_DAYS = 31
"""One pass over the vendors per chunk: long enough to be cheap, short enough to start again after a failure."""

FRESH_FOR = timedelta(minutes=60)
"""A day inside the re-read window counts as fresh for an hour after its load."""


WAITING_LOOK_BACK_DAYS = 14
"""A client who wrote up to two weeks ago may still be waiting: days between the period and today must be known, too."""

TODAY_FRESH_FOR = timedelta(minutes=5)
"""Today moves on all the time: a report that is sent must not show clients as waiting who have just been answered."""


LONGEST_HEAD_START = timedelta(minutes=20)
"""Where hundreds of reports leave at one minute, today is read earlier for some, but never earlier than this."""
REFRESH_TAKES = timedelta(seconds=10)


class StageKind(StrEnum):
    DATA = "data"
    RAW = "raw"
    DERIVED = "derived"
    REFRESH = "refresh"
    REPORT = "report"
    LABELS = "labels"
    TRIAL = "trial"


@dataclass(frozen=True, slots=True)
class Stage:
    """One run to launch. `name` is unique inside its request and part of the run key."""

    kind: StageKind
    first_day: date
    last_day: date
    chunk: int = 0

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.chunk}"

    def to_json(self) -> dict[str, object]:
        return {
            "kind": str(self.kind),
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "chunk": self.chunk,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> Stage:
        return cls(
            StageKind(str(stored["kind"])),
            date.fromisoformat(str(stored["first_day"])),
            date.fromisoformat(str(stored["last_day"])),
            int(str(stored["chunk"])),
        )


def is_stale(day: date, loaded_at: datetime | None, *, window: TenantWindow, now: datetime, reread_days: int) -> bool:
    """Whether a day must be loaded before a report may use it.

    `loaded_at` is the UTC instant of the day's last complete load, None if there was none.
    """
    if loaded_at is None:
        return True
    _, day_end = window.bounds(day)
    if loaded_at < day_end:
        return True
    first_reread_day = window.day_of(now) - timedelta(days=reread_days)
    return day >= first_reread_day and now - loaded_at > FRESH_FOR


def head_start(leaving_together: int, slots: int) -> timedelta:
    """How long before its time a scheduled report reads today once more, if so many leave at the same minute.

    `slots`: runs at the same time. A queue of readings that began five minutes before would hold up the reports.
    """
    return min(max(TODAY_FRESH_FOR, leaving_together * REFRESH_TAKES / slots), LONGEST_HEAD_START)


def plan(
    kind: RequestKind,
    period: Period,
    *,
    window: TenantWindow,
    loaded_at: Mapping[date, datetime],
    now: datetime,
    reread_days: int,
    known_from: date,
) -> list[Stage]:
    """The stages of a request, in order. `window` is the period's window in the tenant's zone.

    `known_from`: from this day on a report of the period needs messages, because whether somebody's first message
    opens an episode depends on the silence before it (docs/metrics.md, «Episodes»).
    """
    match kind:
        case RequestKind.DATA:
            return _load(period.first_day, period.last_day)
        case RequestKind.REFRESH:
            return [Stage(StageKind.REFRESH, period.first_day, period.last_day)]
        case RequestKind.LABELS:
            chunks = enumerate(reversed(_chunks(period.first_day, period.last_day)))
            return [Stage(StageKind.LABELS, *chunk, chunk=number) for number, chunk in chunks]
        case RequestKind.TRIAL:
            return [Stage(StageKind.TRIAL, period.first_day, period.last_day)]
        case RequestKind.REPORT:
            today = window.day_of(now)
            since = max(period.last_day + timedelta(days=1), today - timedelta(days=WAITING_LOOK_BACK_DAYS))
            stale = [
                day
                for day in [
                    *days_between(period.first_day, min(period.last_day, today)),
                    *days_between(since, today - timedelta(days=1)),
                ]
                if is_stale(day, loaded_at.get(day), window=window, now=now, reread_days=reread_days)
            ]
            unknown = [
                day for day in days_between(known_from, period.first_day - timedelta(days=1)) if day not in loaded_at
            ]
            if unknown:  # what follows was derived without them
                stale = [
                    *days_between(unknown[0], min(period.last_day, today)),
                    *(day for day in stale if day > period.last_day),
                ]
            return [
                *_load_and_refresh(stale, today, loaded_at, now),
                Stage(StageKind.REPORT, period.first_day, period.last_day),
            ]


def derive_again(stale: Collection[date], *, after: Sequence[Stage]) -> list[Stage]:
    """Derived-only runs over loaded days whose sources changed, oldest first; numbered on from the stages so far."""
    number = 1 + max((stage.chunk for stage in after if stage.kind is StageKind.DERIVED), default=-1)
    spans: list[list[date]] = []
    for day in sorted(stale):
        if not spans or day - spans[-1][-1] != timedelta(days=1) or len(spans[-1]) == CHUNK_DAYS:
            spans.append([])
        spans[-1].append(day)
    return [Stage(StageKind.DERIVED, span[0], span[-1], chunk=number + place) for place, span in enumerate(spans)]


def _load_and_refresh(
    stale: Sequence[date], today: date, loaded_at: Mapping[date, datetime], now: datetime
) -> list[Stage]:
    refreshed_at = loaded_at.get(today)
    is_fresh = refreshed_at is not None and now - refreshed_at <= TODAY_FRESH_FOR
    if stale and stale[-1] >= today - timedelta(days=1) and (today - stale[0]).days < CHUNK_DAYS:
        return _load(stale[0], today)  # one pass over the vendors for the days and today
    load = _load(stale[0], stale[-1]) if stale else []
    return load if is_fresh else [*load, Stage(StageKind.REFRESH, today, today)]


def _load(first_day: date, last_day: date) -> list[Stage]:
    chunks = _chunks(first_day, last_day)
    if len(chunks) == 1:
        return [Stage(StageKind.DATA, first_day, last_day)]
    newest_first = [Stage(StageKind.RAW, *chunk, chunk=number) for number, chunk in enumerate(reversed(chunks))]
    oldest_first = [Stage(StageKind.DERIVED, *chunk, chunk=number) for number, chunk in enumerate(chunks)]
    return [*newest_first, *oldest_first]


def _chunks(first_day: date, last_day: date) -> Sequence[tuple[date, date]]:
    chunks: list[tuple[date, date]] = []
    start = first_day
    while start <= last_day:
        end = min(start + timedelta(days=CHUNK_DAYS - 1), last_day)
        chunks.append((start, end))
        start = end + timedelta(days=1)
    return chunks
