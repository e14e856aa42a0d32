"""What the page «Данные» asks of its calendar: how each day stands per layer and table, and what happened to a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from synkro_app.cabinet.context import Installation, frame_of
from synkro_app.cabinet.services.rights import EVERYBODY, require_state
from synkro_resources.control import data_days
from synkro_resources.control.check_remedies import remedy_of
from synkro_resources.control.data_days import Cell, Checks, DataDays, DayStep, FailedCheck, Loads, OpenRequest, Steps
from synkro_resources.control.freshness import OLD_AFTER
from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.errors import Sentence
from synkro_resources.model.period import Period, days_between
from synkro_resources.model.tables import TABLES, WAREHOUSE_TABLES
from synkro_resources.model.tables.dialogs import DIALOG_TABLES
from synkro_resources.model.tables.raw import RAW_TABLES
from synkro_resources.model.window import TenantWindow

RAW_LAYERS = ("amocrm", "radist")
LAYERS = (*RAW_LAYERS, "normalized", "analysis", "supabase")
"""The way of the data, in its order."""
MANDATORY = {layer: sum(table.name.startswith(f"{layer}/") for table in RAW_TABLES) for layer in RAW_LAYERS}
"""So many tables of a source make a day whole."""
DERIVED = frozenset(table.name for table in DIALOG_TABLES)
"""Tables that go stale when what they follow from changes."""


class DayState(StrEnum):
    """How a cell of the calendar stands, the worst first."""

    FAILED = "failed"
    BLOCKED = "blocked"
    RUNNING = "running"
    STALE = "stale"
    WARNED = "warned"
    LOADED = "loaded"
    CHECKED = "checked"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Calendar:
    """States by (row, local day) up to `today`; `rows` are layers, tables of a layer, or «» for all together."""

    rows: tuple[str, ...]
    days: tuple[date, ...]
    states: Mapping[Cell, DayState]
    stale: Mapping[date, str]
    """Days whose derived rows follow no longer from their sources: the table that changed, empty where unknown."""
    open_requests: tuple[OpenRequest, ...]
    today: date

    @property
    def is_empty(self) -> bool:
        return all(state is DayState.NONE for state in self.states.values())


@dataclass(frozen=True, slots=True)
class ShownCheck:
    """A failed check with what to do about it."""

    check: FailedCheck
    remedy: Sentence


@dataclass(frozen=True, slots=True)
class DayJournal:
    """What happened to a day, newest step first. `problems`: steps whose newest attempt failed or goes on failing."""

    steps: tuple[DayStep, ...]
    checks: tuple[ShownCheck, ...]

    @property
    def problems(self) -> list[DayStep]:
        newest: dict[str, DayStep] = {}
        for step in self.steps:
            if step.status != "skipped":
                newest.setdefault(step.asset, step)
        return [step for step in newest.values() if step.error is not None]


def month(place: Installation, user: SessionUser, tenant: str, day: date, layer: str = "") -> Calendar:
    """The month that holds `day`, per layer, or per table of one layer; days to come are left out.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_state(user, tenant, EVERYBODY)
    chosen = layer if layer in LAYERS else None
    rows = LAYERS if chosen is None else tables_of(chosen)
    period = Period.month_of(day)
    zone = frame_of(place, tenant).company.zone
    found = data_days.data_days(place.control, tenant, period.first_day, period.last_day, chosen)
    return _calendar(place, tenant, zone, rows, period, found)


def year(place: Installation, user: SessionUser, tenant: str, of: date) -> Calendar:
    """The calendar year that holds `of`, one state per day over everything.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_state(user, tenant, EVERYBODY)
    period = Period.custom(date(of.year, 1, 1), date(of.year, 12, 31))
    zone = frame_of(place, tenant).company.zone
    found = data_days.whole_days(place.control, tenant, period.first_day, period.last_day)
    return _calendar(place, tenant, zone, ("",), period, found)


def journal(place: Installation, user: SessionUser, tenant: str, day: date, name: str = "") -> DayJournal:
    """What happened to a local day at which step, why, and what to do. `name`: a layer, a table, or «».

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_state(user, tenant, EVERYBODY)
    steps, checks = data_days.day_journal(place.control, tenant, day, name)
    shown = tuple(ShownCheck(check, remedy_of(check.check)) for check in checks)
    return DayJournal(tuple(steps), shown)


def tables_of(layer: str) -> tuple[str, ...]:
    """The steps of a layer that leave rows, in the registry's order; Supabase's are named as its tables' sources."""
    if layer == "supabase":
        return tuple(f"supabase/{table.name.partition('/')[2]}" for table in WAREHOUSE_TABLES)
    own = tuple(name for name in TABLES if name.startswith(f"{layer}/"))
    return ("analysis/labels", *own) if layer == "analysis" else own


def state_of(name: str, loads: Loads | None, checks: Checks | None, steps: Steps | None, *, is_stale: bool) -> DayState:
    """How one cell stands. `name`: a layer, a table, or «» for all.

    A step that runs or has failed says more than the older rows that are still there; rows that a check blocks say
    more than stale ones.
    """
    if steps is not None and steps.running:
        return DayState.RUNNING
    if (steps is not None and steps.failed) or (loads is not None and loads.failed):
        return DayState.FAILED
    # A run over everything may have loaded nothing, such as one that judges dialogs again.
    if loads is None and (name == "" or steps is None or not steps.done):
        return DayState.NONE
    if checks is not None and checks.blocked:
        return DayState.BLOCKED
    if is_stale:
        return DayState.STALE
    expected = sum(MANDATORY.values()) if name == "" else MANDATORY.get(name, 0)
    lacks = loads is not None and loads.tables < expected
    if lacks or (loads is not None and loads.partial) or (checks is not None and checks.warned):
        return DayState.WARNED
    return DayState.CHECKED if checks is not None and checks.passed else DayState.LOADED


def _calendar(
    place: Installation, tenant: str, zone: str, rows: tuple[str, ...], period: Period, found: DataDays
) -> Calendar:
    now, today = place.clock.now(), _today(place, zone)
    days = tuple(days_between(period.first_day, min(period.last_day, today)))
    window = TenantWindow.of_period(tenant, zone, period)
    states: dict[Cell, DayState] = {}
    for day in days:
        _, end = window.bounds(day)
        for name in rows:
            loads = found.loads.get((name, day))
            is_stale = (day in found.stale and _follows(name)) or (loads is not None and _is_early(loads, end, now))
            checks, steps = found.checks.get((name, day)), found.steps.get((name, day))
            states[name, day] = state_of(name, loads, checks, steps, is_stale=is_stale)
    return Calendar(rows, days, states, found.stale, tuple(found.open_requests), today)


def _follows(name: str) -> bool:
    return name in ("", "normalized") or name in DERIVED


def _is_early(loads: Loads, end: datetime, now: datetime) -> bool:
    """Whether a day that is over was last read before its end; of a day that goes on, whether that was long ago."""
    return loads.oldest < end if end <= now else now - loads.oldest > OLD_AFTER


def _today(place: Installation, zone: str) -> date:
    return place.clock.now().astimezone(ZoneInfo(zone)).date()
