"""Erasing a tenant everywhere: its certificate is begun before anything is removed and finished after the last row.

Order: refuse while a run is at work, suspend, count, Supabase (its secrets lie in the control database), Dagster, lake,
control database, Dagster once more (a sensor may have put the key back), finish. Every step may be repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import dagster as dg
from sqlalchemy import delete, func, select, update

from synkro_resources.control.database import Database
from synkro_resources.control.erasures import (
    Certificate,
    Erasure,
    begin_erasure,
    erasures_of,
    finish_erasure,
    save_certificate,
)
from synkro_resources.control.locks import tenant_lock
from synkro_resources.control.tables import metadata, people, tenancy
from synkro_resources.control.tables.audit import audit_event
from synkro_resources.control.tables.base import is_tenant_scoped
from synkro_resources.control.tenants import get_tenant, suspend_tenant
from synkro_resources.erasure.places import (
    Counts,
    dagster_counts,
    erase_from_dagster,
    erase_from_lake,
    lake_counts,
)
from synkro_resources.erasure.warehouse import WarehouseEraser
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import UserInputError
from synkro_resources.model.tables import WAREHOUSE_TABLES

Step = Callable[[str], None]


def _quiet(step: str) -> None:
    del step


@dataclass(frozen=True, slots=True)
class Installation:
    """The places that hold tenants' data. `instance` is None where this machine has no Dagster."""

    control: Database
    lake_root: str
    instance: dg.DagsterInstance | None
    clock: Clock
    backup_days: int


def erase_tenant(
    places: Installation,
    tenant: str,
    *,
    actor: str,
    warehouse: WarehouseEraser | None = None,
    on_step: Step = _quiet,
) -> Certificate:
    """Remove everything of a tenant and return the certificate; of a tenant that is erased already, its certificate.

    Raises:
        TransientError: `run.tenant_busy`, or a place cannot be reached: run it again.
        UserInputError: `tenant.unknown`.
    """
    db = places.control
    with tenant_lock(db, tenant, 0):
        try:
            if get_tenant(db, tenant).status == "active":
                suspend_tenant(db, tenant, actor=actor, reason="erasure", clock=places.clock)
        except UserInputError:
            earlier = next((item for item in erasures_of(db, tenant, actor=actor) if item.kind == "tenant"), None)
            if earlier is None:
                raise
            if earlier.finished_at is not None:
                return earlier.certificate
        on_step("begin")
        erasure = begin_erasure(db, tenant, "tenant", subject="", actor=actor, clock=places.clock)
        on_step("count")
        found = _begun(places, erasure)
        save_certificate(db, erasure, found)
        if warehouse is not None:
            on_step("supabase")
            _erase_warehouse(db, erasure, warehouse, found)
        on_step("dagster")
        if places.instance is not None:
            erase_from_dagster(places.instance, tenant)
        on_step("lake")
        erase_from_lake(places.lake_root, tenant)
        on_step("sessions")
        with db.auth() as connection:
            connection.execute(update(people.session).where(people.session.c.tenant == tenant).values(tenant=None))
        on_step("control")
        with db.operator(actor, "erase the tenant's rows", tenant=tenant) as connection:
            connection.execute(delete(tenancy.tenant).where(tenancy.tenant.c.slug == tenant))
        on_step("dagster again")
        if places.instance is not None:
            erase_from_dagster(places.instance, tenant)
        on_step("finish")
        return _finish(places, erasure, found)


def control_counts(db: Database, tenant: str) -> Counts:
    """Rows per table of the control database, the personal-data tokens included; empty tables are left out."""
    counts: Counts = {}
    for table in metadata.sorted_tables:
        if is_tenant_scoped(table):
            with db.pii(tenant) if table.schema else db.tenant(tenant) as connection:
                rows = connection.scalar(select(func.count()).select_from(table)) or 0
            if rows:
                counts[table.fullname] = {"rows": rows}
    return counts


def larger(before: Counts, now: Counts) -> Counts:
    """What was counted first, completed by what a later try found: an interrupted try has removed some of it."""
    names = sorted(before.keys() | now.keys())
    return {
        name: {
            unit: max(before.get(name, {}).get(unit, 0), now.get(name, {}).get(unit, 0))
            for unit in sorted(before.get(name, {}).keys() | now.get(name, {}).keys())
        }
        for name in names
    }


def backups_until(now: datetime, days: int) -> str:
    """The day until which backups that were made before `now` may exist."""
    return (now + timedelta(days=days)).date().isoformat()


def _begun(places: Installation, erasure: Erasure) -> Certificate:
    """The certificate with what is to be removed; of an interrupted erasure, what its first try counted."""
    before: dict[str, Counts] = erasure.certificate.get("removed", {})
    now: dict[str, Counts] = {
        "lake": lake_counts(places.lake_root, erasure.tenant),
        "control": control_counts(places.control, erasure.tenant),
    }
    if places.instance is not None:
        now["dagster"] = dagster_counts(places.instance, erasure.tenant)
    removed = {place: larger(before.get(place, {}), now.get(place, {})) for place in before.keys() | now.keys()}
    return {
        "subject": "",
        "erasure_id": erasure.erasure_id,
        "kind": "tenant",
        "tenant": erasure.tenant,
        "requested_by": erasure.requested_by,
        "requested_at": erasure.requested_at.isoformat(),
        "removed": removed,
    }


def _erase_warehouse(db: Database, erasure: Erasure, warehouse: WarehouseEraser, found: Certificate) -> None:
    """Table by table, each count kept at once: what was deleted there cannot be counted again."""
    deleted: Counts = found["removed"].setdefault("supabase", {})
    for table in WAREHOUSE_TABLES:
        rows = warehouse.delete_all(table)
        if rows and table.warehouse:
            deleted[table.warehouse] = {"rows": deleted.get(table.warehouse, {}).get("rows", 0) + rows}
            save_certificate(db, erasure, found)


def _finish(places: Installation, erasure: Erasure, found: Certificate) -> Certificate:
    now = places.clock.now()
    with places.control.operator(erasure.requested_by, "finish an erasure", tenant=erasure.tenant) as connection:
        kept = connection.scalar(
            select(func.count()).select_from(audit_event).where(audit_event.c.tenant == erasure.tenant)
        )
        certificate: Certificate = {
            **found,
            "finished_at": now.isoformat(),
            "kept": {
                "audit_event": {
                    "rows": kept,
                    "why": "The record of who did what is append-only. It holds no texts of dialogs and no secrets.",
                    "why_ru": "Журнал действий только пополняется. Текстов переписки и секретов в нём нет.",
                },
                "app_user, account": {
                    "why": "People sign in to several tenants and accounts pay for several; memberships are removed.",
                    "why_ru": "Вход и счёт могут быть общими для нескольких кабинетов; права доступа удалены.",
                },
                **_not_touched(places, found),
            },
            "backups": {
                "until": backups_until(now, places.backup_days),
                "why": "Backups made before the erasure may hold these data until that day.",
                "why_ru": "До этого дня данные могут оставаться в резервных копиях, снятых раньше.",
            },
        }
        finish_erasure(connection, erasure, certificate, now=now)
    return certificate


def _not_touched(places: Installation, found: Certificate) -> Certificate:
    left: Certificate = {}
    if "supabase" not in found["removed"]:
        left["supabase"] = {
            "why": "The client's own database was not touched; ask for it with --supabase.",
            "why_ru": "Собственная база клиента не затронута; для неё есть --supabase.",
        }
    if places.instance is None:
        left["dagster"] = {
            "why": "No Dagster instance was found on this machine (DAGSTER_HOME).",
            "why_ru": "На этой машине не найден экземпляр Dagster (DAGSTER_HOME).",
        }
    return left
