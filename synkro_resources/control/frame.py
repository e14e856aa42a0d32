"""What every page of a company needs before it draws anything, as one query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, exists, func, select

from synkro_resources.control.database import Database
from synkro_resources.control.support import Access, Visit, visit_lasts
from synkro_resources.control.tables.integrations import integration
from synkro_resources.control.tables.reports import report
from synkro_resources.control.tables.support import support_access, support_visit
from synkro_resources.control.tables.tenancy import tenant as tenant_table
from synkro_resources.control.tables.tenancy import tenant_settings
from synkro_resources.control.tenants import Tenant, tenant_of, unknown_tenant


@dataclass(frozen=True, slots=True)
class Frame:
    """`statuses` of stored connections by kind; `later`: kinds that are put off.

    `visits`: operators at work now, oldest first; `access`: the leave to read texts that holds now.
    """

    company: Tenant
    statuses: Mapping[str, str]
    later: tuple[str, ...]
    has_report: bool
    visits: tuple[Visit, ...]
    access: Access | None


def page_frame(db: Database, tenant: str, now: datetime) -> Frame:
    """The company, its beginning, and who of Synkro is there.

    Raises:
        UserInputError: `tenant.unknown` or `tenant.bad_slug`.
    """
    visit, access, slug = support_visit.c, support_access.c, tenant_table.c.slug
    settings = tenant_settings.c
    newest = select(settings.settings["connect_later"]).order_by(settings.version.desc()).limit(1)
    query = (
        select(
            tenant_table,
            *(visit[name] for name in ("visit_id", "user_id", "reason", "started_at", "expires_at")),
            visit.name.label("visitor"),
            *(access[name] for name in ("until", "granted_by", "granted_at")),
            newest.scalar_subquery().label("later"),
            select(func.jsonb_object_agg(integration.c.kind, integration.c.status)).scalar_subquery().label("statuses"),
            exists(select(report.c.doc_id)).label("has_report"),
        )
        .select_from(
            tenant_table.outerjoin(support_access, and_(access.tenant == slug, access.until > now)).outerjoin(
                support_visit, and_(visit.tenant == slug, *visit_lasts(now))
            )
        )
        .order_by(visit.started_at)
    )
    with db.tenant(tenant) as connection:
        rows = connection.execute(query).all()
    if not rows:
        raise unknown_tenant(tenant)
    first = rows[0]
    return Frame(
        company=tenant_of(first),
        statuses=first.statuses or {},
        later=tuple(first.later or ()),
        has_report=first.has_report,
        visits=tuple(
            Visit(row.visit_id, row.user_id, row.visitor, row.reason, row.started_at, row.expires_at)
            for row in rows
            if row.visit_id is not None
        ),
        access=None if first.until is None else Access(first.until, first.granted_by, first.granted_at),
    )
