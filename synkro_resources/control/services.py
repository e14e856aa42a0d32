"""What is sold beside the plan: the onboarding package once, the managed service by the month, and single works."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from sqlalchemy import Row, insert, select
from sqlalchemy.exc import IntegrityError

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.tables.tenancy import service_line
from synkro_resources.control.tables.tenancy import tenant as tenant_table
from synkro_resources.control.tenants import unknown_tenant
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import RefusedError, Sentence, UserInputError

ServiceKind = Literal["onboarding", "managed", "other"]
KINDS: tuple[ServiceKind, ...] = ("onboarding", "managed", "other")
LONGEST_TITLE = 200
HIGHEST = Decimal(10) ** 10


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """One line of a month's statement (`month`: its first day). `title` is empty where the kind says it all."""

    tenant: str
    month: date
    kind: ServiceKind
    title: str
    amount: Decimal
    currency: str
    added_at: datetime


def add_service(
    db: Database,
    tenant: str,
    kind: ServiceKind,
    *,
    month: date,
    amount: Decimal,
    currency: str,
    actor: str,
    clock: Clock,
    title: str = "",
) -> ServiceLine:
    """Put a service into the statement of the month that holds `month`; the operator's deed.

    Raises:
        RefusedError: `service.twice`. UserInputError: `service.bad` or `tenant.unknown`.
    """
    called, money = " ".join(title.split()), currency.strip().upper()
    if len(called) > LONGEST_TITLE or not 0 <= amount < HIGHEST or not money or (kind == "other" and not called):
        raise UserInputError(
            "service.bad",
            Sentence("Неверны название, сумма или валюта услуги.", "The service's title, amount or currency is wrong."),
            Sentence(
                "Разовой работе нужно название, сумма – не меньше нуля.",
                "A single work needs a title, and no sum is below 0.",
            ),
        )
    now = clock.now()
    values: dict[str, object] = {
        "tenant": tenant,
        "line_id": uuid.uuid4().hex,
        "month": month.replace(day=1),
        "kind": kind,
        "title": called,
        "amount": amount,
        "currency": money,
        "added_at": now,
        "added_by": actor,
    }
    try:
        with db.operator(actor, f"service {kind}", tenant=tenant) as connection:
            if connection.scalar(select(tenant_table.c.slug).where(tenant_table.c.slug == tenant)) is None:
                raise unknown_tenant(tenant)
            row = connection.execute(insert(service_line).values(**values).returning(service_line)).one()
            details = {"kind": kind, "month": f"{month:%Y-%m}", "amount": str(amount), "currency": money}
            record(connection, at=now, actor=actor, action="service.added", tenant=tenant, details=details)
    except IntegrityError as error:
        raise RefusedError(
            "service.twice",
            Sentence("Эта услуга уже есть в ведомости.", "This service is in the statement already."),
            Sentence(
                "Пакет подключения продаётся один раз, сопровождение – раз в месяц.",
                "The onboarding package is sold once, the managed service once a month.",
            ),
            tenant=tenant,
        ) from error
    return _line(row)


def services_of(db: Database, tenant: str, month: date | None = None) -> tuple[ServiceLine, ...]:
    """A tenant's services, of all months or of the one that holds `month`, in the order in which they were added."""
    row = service_line.c
    query = select(service_line).order_by(row.month, row.added_at, row.line_id)
    if month is not None:
        query = query.where(row.month == month.replace(day=1))
    with db.tenant(tenant) as connection:
        return tuple(_line(one) for one in connection.execute(query))


def managed_tenants(db: Database, month: date, *, actor: str) -> frozenset[str]:
    """Who has the managed service in the month that holds `month`; recorded."""
    row = service_line.c
    query = select(row.tenant).where(row.kind == "managed", row.month == month.replace(day=1))
    with db.operator(actor, "the queue of the managed service") as connection:
        return frozenset(connection.scalars(query))


def _line(row: Row[tuple[object, ...]]) -> ServiceLine:
    return ServiceLine(row.tenant, row.month, row.kind, row.title, row.amount, row.currency, row.added_at)
