"""Links of dialogs to contacts that people made by hand: they win over every rule (docs/metrics.md, «Links»)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.tables.analysis import dialog_link
from synkro_resources.model.clock import Clock


@dataclass(frozen=True, slots=True)
class DialogLink:
    """A link in force."""

    dialog_id: int
    contact_id: int
    linked_by: str
    linked_at: datetime


def link_dialog(db: Database, tenant: str, dialog_id: int, contact_id: int, *, actor: str, clock: Clock) -> None:
    """Say whom a dialog belongs to; an older link of the dialog is replaced. Audited."""
    values = {"contact_id": contact_id, "linked_by": actor, "linked_at": clock.now(), "removed_at": None}
    with db.tenant(tenant) as connection:
        connection.execute(
            postgresql.insert(dialog_link)
            .values(tenant=tenant, dialog_id=dialog_id, **values)
            .on_conflict_do_update(index_elements=["tenant", "dialog_id"], set_=values)
        )
        record(
            connection,
            at=clock.now(),
            actor=actor,
            action="dialog.link",
            tenant=tenant,
            target=str(dialog_id),
            details={"contact_id": contact_id},
        )


def unlink_dialog(db: Database, tenant: str, dialog_id: int, *, actor: str, clock: Clock) -> bool:
    """Take a link back; False if there is none. Audited."""
    with db.tenant(tenant) as connection:
        removed = connection.execute(
            update(dialog_link)
            .where(dialog_link.c.dialog_id == dialog_id, dialog_link.c.removed_at.is_(None))
            .values(removed_at=clock.now())
        )
        if removed.rowcount:
            record(
                connection, at=clock.now(), actor=actor, action="dialog.unlink", tenant=tenant, target=str(dialog_id)
            )
        return bool(removed.rowcount)


@dataclass(frozen=True, slots=True)
class LinkChange:
    """A link that was made or taken back, and when."""

    dialog_id: int
    contact_id: int
    at: datetime


def links_changed_after(db: Database, tenant: str, instant: datetime) -> list[LinkChange]:
    """Links that were made or taken back later than `instant`, by dialog."""
    changed_at = func.greatest(dialog_link.c.linked_at, dialog_link.c.removed_at)  # nulls are left out
    query = (
        select(dialog_link.c.dialog_id, dialog_link.c.contact_id, changed_at.label("at"))
        .where(changed_at > instant)
        .order_by(dialog_link.c.dialog_id)
    )
    with db.tenant(tenant) as connection:
        return [LinkChange(row.dialog_id, row.contact_id, row.at) for row in connection.execute(query)]


def dialog_links(db: Database, tenant: str) -> list[DialogLink]:
    """The links in force, by dialog."""
    query = select(dialog_link).where(dialog_link.c.removed_at.is_(None)).order_by(dialog_link.c.dialog_id)
    with db.tenant(tenant) as connection:
        return [
            DialogLink(row.dialog_id, row.contact_id, row.linked_by, row.linked_at) for row in connection.execute(query)
        ]
