"""What the analysis has done and cost, and what more days would cost, for the client's eyes before money is spent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select

from synkro_resources.control.database import Database
from synkro_resources.control.tables.analysis import ai_call, episode_analysis, episode_analysis_day
from synkro_resources.control.tables.tenancy import usage_month


@dataclass(frozen=True, slots=True)
class AiUsage:
    """`spent`: money of the month in `currency` (empty while no price is known); `statuses`: of all analyses kept."""

    month: date
    calls: int
    tokens: int
    spent: Decimal
    currency: str
    statuses: dict[str, int]
    labelled_days: int


@dataclass(frozen=True, slots=True)
class LabelEstimate:
    """What labelling `days` more days would take; None where nothing has been labelled yet."""

    days: int
    episodes: int | None
    calls: int | None
    cost: Decimal | None
    currency: str


def ai_usage(db: Database, tenant: str, day: date) -> AiUsage:
    """Of the month that holds `day`."""
    month = day.replace(day=1)
    with db.tenant(tenant) as connection:
        used = connection.execute(select(usage_month).where(usage_month.c.month == month)).one_or_none()
        currency = connection.scalar(
            select(ai_call.c.currency).where(ai_call.c.currency != "").order_by(ai_call.c.called_at.desc()).limit(1)
        )
        statuses = connection.execute(
            select(episode_analysis.c.status, func.count()).group_by(episode_analysis.c.status)
        ).all()
        days = connection.scalar(select(func.count(episode_analysis_day.c.day.distinct())))
    return AiUsage(
        month=month,
        calls=used.ai_calls if used else 0,
        tokens=used.ai_tokens if used else 0,
        spent=used.ai_cost if used else Decimal(0),
        currency=currency or "",
        statuses={row[0]: row[1] for row in sorted(statuses)},
        labelled_days=days or 0,
    )


def estimate_labels(db: Database, tenant: str, days: int) -> LabelEstimate:
    """From what the tenant's labelled days have taken: episodes and their calls per day, at what these calls cost.

    An answer that several days stand on was asked for once. Whether it was there when a day was labelled last says
    nothing: a day that is labelled again finds all of its answers.
    """
    with db.tenant(tenant) as connection:
        of_days = connection.execute(
            select(
                func.count(episode_analysis_day.c.analysis_key.distinct()),
                func.count(episode_analysis_day.c.day.distinct()),
            )
        ).one()
        of_calls = connection.execute(
            select(func.count(), func.sum(ai_call.c.cost), func.max(ai_call.c.currency)).where(
                ai_call.c.analysis_key.is_not(None)
            )
        ).one()
        analyses = connection.scalar(select(func.count()).select_from(episode_analysis)) or 0
    episodes, labelled_days = of_days
    calls, cost, currency = of_calls
    if not labelled_days or not analyses or not calls:
        return LabelEstimate(days, None, None, None, "")
    expected = Decimal(episodes) / labelled_days * days
    price = Decimal(cost) / analyses * expected if currency else None
    return LabelEstimate(days, round(expected), round(expected * calls / analyses), price, currency or "")
