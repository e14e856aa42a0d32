"""How old the newest load of each source is: what nobody loads raises no error, so it has to be looked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from synkro_resources.control.database import Database
from synkro_resources.control.days import CheckResult, save_check_results
from synkro_resources.control.tables.runs import run_step
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.errors import Sentence
from synkro_resources.model.tables.raw import RAW_TABLES

OLD_AFTER = timedelta(hours=24)
CHECK = "freshness"


@dataclass(frozen=True, slots=True)
class Freshness:
    """`loaded_at` is the UTC instant up to which all of the source's steps have succeeded; None: never."""

    source: str
    loaded_at: datetime | None
    age: timedelta | None
    is_old: bool

    @property
    def what(self) -> Sentence:
        if self.age is None:
            return Sentence(f"{self.source}: ещё не загружался.", f"{self.source}: never loaded.")
        hours = self.age // timedelta(hours=1)
        return Sentence(f"{self.source}: загружен {hours} ч назад.", f"{self.source}: loaded {hours} h ago.")


def freshness(finished: Mapping[str, datetime], now: datetime) -> list[Freshness]:
    """The age of each source's newest whole load.

    `finished`: asset → end of its newest successful step. A source is as old as the oldest of its mandatory steps: one
    step that keeps failing must not hide behind the others.
    """
    found: list[Freshness] = []
    by_source: dict[str, list[datetime | None]] = {}
    for table in RAW_TABLES:
        by_source.setdefault(table.name.partition("/")[0], []).append(finished.get(table.name))
    for source, ends in sorted(by_source.items()):
        known = [end for end in ends if end is not None]
        loaded_at = min(known) if len(known) == len(ends) else None
        age = now - loaded_at if loaded_at is not None else None
        found.append(Freshness(source, loaded_at, age, age is None or age > OLD_AFTER))
    return found


def freshness_of(db: Database, tenant: str, now: datetime) -> list[Freshness]:
    """The same from the tenant's journal."""
    query = (
        select(run_step.c.asset, func.max(run_step.c.finished_at).label("finished_at"))
        .where(run_step.c.status == "done")
        .group_by(run_step.c.asset)
    )
    with db.tenant(tenant) as connection:
        finished = {row.asset: row.finished_at for row in connection.execute(query)}
    return freshness(finished, now)


def judge_freshness(db: Database, tenant: Tenant, now: datetime) -> list[Freshness]:
    """Look, and keep the verdicts among the checks of the tenant's present local day."""
    found = freshness_of(db, tenant.slug, now)
    today = now.astimezone(ZoneInfo(tenant.zone)).date()
    verdicts = [
        CheckResult(
            asset=item.source,
            check=CHECK,
            day=today,
            run_id="",
            passed=not item.is_old,
            blocking=False,
            checked_at=now,
            what=item.what,
            details={"age_s": None if item.age is None else round(item.age.total_seconds())},
        )
        for item in found
    ]
    save_check_results(db, tenant.slug, verdicts)
    return found
