"""The life of a tenant: created, on trial, active, suspended; and what time alone changes of it (docs/plans.md).

A trial begins with the first load and not with the row: whoever connects slowly loses none of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, exists, select, update

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.tables import tenancy
from synkro_resources.control.tables.runs import run_request
from synkro_resources.control.tenants import TRIAL_OVER, unknown_tenant
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.ids import RequestKind

Stage = Literal["created", "trial", "active", "suspended", "trial_over"]
WARNED_BEFORE = timedelta(days=3)
LONGEST_TRIAL_DAYS = 366
ACTOR = "clock"


@dataclass(frozen=True, slots=True)
class Life:
    """`trial_ends_at` (UTC) is None before a trial has begun and where there is none."""

    stage: Stage
    trial_days: int | None = None
    trial_ends_at: datetime | None = None


def life_of(status: str, trial_days: int | None, ends_at: datetime | None) -> Life:
    """The stage that a tenant's row and its subscription's make."""
    if status == TRIAL_OVER:
        return Life(TRIAL_OVER, trial_days, ends_at)
    if status != "active":
        return Life("suspended", trial_days, ends_at)
    if trial_days is None:
        return Life("active")
    return Life("created" if ends_at is None else "trial", trial_days, ends_at)


def lives(db: Database, *, actor: str) -> Mapping[str, Life]:
    """All tenants' by slug, for the operator; recorded."""
    query = select(tenancy.tenant.c.slug, tenancy.tenant.c.status).add_columns(
        tenancy.subscription.c.trial_days, tenancy.subscription.c.ends_at
    )
    joined = query.join(tenancy.subscription, tenancy.subscription.c.tenant == tenancy.tenant.c.slug)
    with db.operator(actor, "list tenants") as connection:
        return {row.slug: life_of(row.status, row.trial_days, row.ends_at) for row in connection.execute(joined)}


def pass_time(db: Database, cell: str, clock: Clock) -> list[tuple[str, Stage]]:
    """Begin the trials of the cell's tenants that have loaded something, and end those whose time is over.

    Returns slug and new stage of each tenant that changed. Safe to repeat and to run twice at once.
    """
    now = clock.now()
    row, sub = tenancy.tenant.c, tenancy.subscription.c
    on_trial = (
        select(row.slug, sub.trial_days, sub.ends_at)
        .join(tenancy.subscription, sub.tenant == row.slug)
        .where(row.status == "active", sub.trial_days.is_not(None))
        .order_by(row.slug)
    )
    has_loaded = exists().where(
        run_request.c.tenant == row.slug,
        run_request.c.kind.in_((RequestKind.DATA.value, RequestKind.REPORT.value)),
        run_request.c.status == "done",
    )
    with db.scheduler(cell) as connection:
        beginning = connection.execute(on_trial.where(sub.ends_at.is_(None), has_loaded)).all()
        ending = connection.execute(on_trial.where(sub.ends_at <= now)).all()
    changed: list[tuple[str, Stage]] = []
    for one in beginning:
        with db.operator(ACTOR, "the trial begins", tenant=one.slug) as connection:
            if _set_end(connection, one.slug, now + timedelta(days=one.trial_days), since=None):
                record(connection, at=now, actor=ACTOR, action="tenant.trial_began", tenant=one.slug)
                changed.append((one.slug, "trial"))
    for one in ending:
        with db.operator(ACTOR, "the trial is over", tenant=one.slug) as connection:
            stopped = connection.execute(
                update(tenancy.tenant).where(row.slug == one.slug, row.status == "active").values(status=TRIAL_OVER)
            )
            if stopped.rowcount:
                record(connection, at=now, actor=ACTOR, action="tenant.trial_over", tenant=one.slug)
                changed.append((one.slug, TRIAL_OVER))
    return changed


def extend_trial(db: Database, slug: str, days: int, *, actor: str, reason: str, clock: Clock) -> datetime:
    """Let a tenant try for `days` more from now; one whose trial was over goes on. Returns its new end (UTC).

    Raises:
        UserInputError: `trial.bad_days` or `tenant.unknown`.
    """
    if not 1 <= days <= LONGEST_TRIAL_DAYS:
        raise UserInputError(
            "trial.bad_days",
            Sentence(f"Пробный период – от 1 до {LONGEST_TRIAL_DAYS} дней.", f"From 1 to {LONGEST_TRIAL_DAYS} days."),
            Sentence("Введите другое число.", "Enter another number."),
        )
    now = clock.now()
    ends_at = now + timedelta(days=days)
    with db.operator(actor, reason, tenant=slug) as connection:
        _change(connection, slug, trial_days=days, ends_at=ends_at)
        record(
            connection,
            at=now,
            actor=actor,
            action="tenant.trial_extended",
            tenant=slug,
            reason=reason,
            details={"days": days},
        )
    return ends_at


def activate(db: Database, slug: str, *, actor: str, reason: str, clock: Clock) -> None:
    """End the trial because the tenant pays from now on; one whose trial was over goes on.

    Raises:
        UserInputError: `tenant.unknown`.
    """
    with db.operator(actor, reason, tenant=slug) as connection:
        _change(connection, slug, trial_days=None, ends_at=None)
        record(connection, at=clock.now(), actor=actor, action="tenant.activated", tenant=slug, reason=reason)


def trial_end_of(connection: Connection) -> datetime | None:
    """When the trial of a `db.tenant(slug)` transaction's tenant ends; None: there is none, or it has not begun."""
    query = select(tenancy.subscription.c.ends_at).where(tenancy.subscription.c.trial_days.is_not(None))
    return connection.execute(query).scalar_one_or_none()


def _set_end(connection: Connection, slug: str, ends_at: datetime, *, since: datetime | None) -> bool:
    sub = tenancy.subscription.c
    changed = connection.execute(
        update(tenancy.subscription)
        .where(sub.tenant == slug, sub.trial_days.is_not(None), sub.ends_at.is_not_distinct_from(since))
        .values(ends_at=ends_at)
    )
    return changed.rowcount == 1


def _change(connection: Connection, slug: str, *, trial_days: int | None, ends_at: datetime | None) -> None:
    changed = connection.execute(
        update(tenancy.subscription)
        .where(tenancy.subscription.c.tenant == slug)
        .values(trial_days=trial_days, ends_at=ends_at)
    )
    if changed.rowcount == 0:
        raise unknown_tenant(slug)
    connection.execute(
        update(tenancy.tenant)
        .where(tenancy.tenant.c.slug == slug, tenancy.tenant.c.status == TRIAL_OVER)
        .values(status="active")
    )
