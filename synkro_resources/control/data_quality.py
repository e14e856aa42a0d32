"""A month's note on the quality of the data: days that are whole, rows put aside, checks that fail, with remedies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from synkro_resources.control.check_remedies import remedy_of
from synkro_resources.control.database import Database
from synkro_resources.control.tables.runs import check_result, day_state, source_run
from synkro_resources.model.errors import Sentence
from synkro_resources.model.window import TenantWindow


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """A check of one table that failed on `days` days of the month."""

    asset: str
    check: str
    days: int
    remedy: Sentence


@dataclass(frozen=True, slots=True)
class QualityNote:
    """`whole_days` of `days` are loaded and derived completely; rows by what the newest loads said."""

    days: int
    whole_days: int
    rows: int
    rows_put_aside: int
    failed: tuple[FailedCheck, ...]


def quality_note(db: Database, window: TenantWindow, until: date) -> QualityNote:
    """The note of the window's month up to the local day `until`, included."""
    first, last = window.first_day, min(window.last_day, until)
    state, load, check = day_state.c, source_run.c, check_result.c
    whole = select(func.count()).where(state.layer == "derived", state.complete, state.day.between(first, last))
    rows = select(
        func.coalesce(func.sum(load.rows_stored), 0), func.coalesce(func.sum(load.rows_quarantined), 0)
    ).where(load.day.between(first, last))
    failed = (
        select(check.asset, check.check_name, func.count().label("days"))
        .where(check.passed.is_(False), check.day.between(first, last))
        .group_by(check.asset, check.check_name)
        .order_by(func.count().desc(), check.asset, check.check_name)
    )
    with db.tenant(window.tenant) as connection:
        stored, aside = connection.execute(rows).one()
        return QualityNote(
            days=max(0, (last - first).days + 1),
            whole_days=connection.scalar(whole) or 0,
            rows=int(stored),
            rows_put_aside=int(aside),
            failed=tuple(
                FailedCheck(row.asset, row.check_name, row.days, remedy_of(row.check_name))
                for row in connection.execute(failed)
            ),
        )
