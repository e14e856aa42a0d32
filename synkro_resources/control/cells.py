"""Which cell serves a tenant. A cell is one Dagster with its runs; all share the control database and the lake."""

from __future__ import annotations

import re

from sqlalchemy import update

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.locks import tenant_lock
from synkro_resources.control.tables import tenancy
from synkro_resources.control.tenants import Tenant, get_tenant, tenant_of, unknown_tenant
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import Sentence, UserInputError

CELL = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")  # it becomes part of names in Redis and PostgreSQL


def check_cell(cell: str) -> None:
    """Raises `UserInputError` `cell.bad_name`."""
    if not CELL.fullmatch(cell):
        raise UserInputError(
            "cell.bad_name",
            Sentence(f"Не имя ячейки: {cell}.", f"Not the name of a cell: {cell}."),
            Sentence("Строчные латинские буквы, цифры и дефис.", "Use small Latin letters, digits and hyphens."),
        )


def move_tenant(db: Database, slug: str, cell: str, *, actor: str, reason: str, clock: Clock) -> Tenant:
    """Let another cell serve the tenant from now on; what was asked for and is not done goes on there.

    Between two runs only, because the new cell cannot see a run of the old one: it would begin the same stage again.

    Raises:
        TransientError: `run.tenant_busy`, while a run of the tenant works.
        UserInputError: `cell.bad_name`, `tenant.unknown`.
    """
    check_cell(cell)
    before = get_tenant(db, slug).cell
    with tenant_lock(db, slug, wait_s=0), db.operator(actor, reason, tenant=slug) as connection:
        moved = connection.execute(
            update(tenancy.tenant).where(tenancy.tenant.c.slug == slug).values(cell=cell).returning(tenancy.tenant)
        ).one_or_none()
        if moved is None:
            raise unknown_tenant(slug)
        details = {"from": before, "to": cell}
        record(
            connection, at=clock.now(), actor=actor, action="tenant.moved", tenant=slug, reason=reason, details=details
        )
        return tenant_of(moved)
