"""How far a company's onboarding is, item by item; seen in what is stored, not remembered."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from sqlalchemy import func, select

from synkro_resources.control.database import Database
from synkro_resources.control.tables.integrations import integration
from synkro_resources.control.tables.people import membership
from synkro_resources.control.tables.runs import report_schedule, run_request
from synkro_resources.model.ids import RequestKind

Item = Literal["amocrm", "radist", "supabase", "ai", "telegram", "loaded", "report", "schedule", "team"]
ITEMS: tuple[Item, ...] = ("amocrm", "radist", "supabase", "ai", "telegram", "loaded", "report", "schedule", "team")
SERVICES: tuple[Item, ...] = ("amocrm", "radist", "supabase", "ai", "telegram")
WORKS = ("ok", "warning")


def checklist(
    *, working: Collection[str], done: Collection[str], has_schedule: bool, members: int
) -> Mapping[Item, bool]:
    """`working`: kinds of connections that work; `done`: kinds of requests that have once succeeded."""
    found: dict[Item, bool] = {item: item in working for item in SERVICES}
    found["loaded"] = bool({RequestKind.DATA, RequestKind.REPORT} & set(done))
    found["report"] = RequestKind.REPORT in done
    found["schedule"] = has_schedule
    found["team"] = members > 1
    return found


def checklist_of(db: Database, tenant: str) -> Mapping[Item, bool]:
    """A tenant's checklist as it is now."""
    with db.tenant(tenant) as connection:
        return checklist(
            working=set(connection.scalars(select(integration.c.kind).where(integration.c.status.in_(WORKS)))),
            done=set(connection.scalars(select(run_request.c.kind).where(run_request.c.status == "done").distinct())),
            has_schedule=bool(connection.scalar(select(func.count()).where(report_schedule.c.enabled))),
            members=connection.scalar(select(func.count()).select_from(membership)) or 0,
        )
