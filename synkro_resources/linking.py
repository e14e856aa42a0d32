"""Linking a dialog to a contact by hand, so that its days are derived anew (docs/metrics.md, «Links»)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from synkro_resources.control import dialog_links
from synkro_resources.control.database import Database
from synkro_resources.control.days import mark_stale
from synkro_resources.control.tenants import get_tenant
from synkro_resources.lake import Lake
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.tables import DAY_COLUMN
from synkro_resources.model.tables.crm import CALL, CONTACT, DEAL_CONTACT
from synkro_resources.model.tables.dialogs import DIALOG, EPISODE

REASON = "dialog_link"


def link_by_hand(
    db: Database, lake: Lake, tenant: str, dialog_id: int, contact_id: int, *, actor: str, clock: Clock
) -> int:
    """Link a dialog to a contact; returns how many loaded days have to be derived again.

    Raises:
        UserInputError: `dialog.unknown` or `contact.unknown`.
    """
    _must_exist(lake, tenant, dialog_id, contact_id)
    before = _linked_contact(db, tenant, dialog_id)
    contacts = {contact_id} if before is None else {contact_id, before}
    mark_stale(db, tenant, days_touched(db, lake, tenant, dialog_id, contacts), REASON, clock.now())
    dialog_links.link_dialog(db, tenant, dialog_id, contact_id, actor=actor, clock=clock)
    return _mark_again(db, lake, tenant, dialog_id, contacts, clock)


def unlink_by_hand(db: Database, lake: Lake, tenant: str, dialog_id: int, *, actor: str, clock: Clock) -> int:
    """Take a link back; returns how many loaded days have to be derived again.

    Raises:
        UserInputError: `dialog.not_linked`.
    """
    contact_id = _linked_contact(db, tenant, dialog_id)
    if contact_id is None:
        raise UserInputError(
            "dialog.not_linked",
            Sentence(f"Диалог {dialog_id} не связан вручную.", f"Dialog {dialog_id} is not linked by hand."),
            Sentence("Посмотрите список связей.", "Look at the list of links."),
            tenant=tenant,
        )
    mark_stale(db, tenant, days_touched(db, lake, tenant, dialog_id, {contact_id}), REASON, clock.now())
    dialog_links.unlink_dialog(db, tenant, dialog_id, actor=actor, clock=clock)
    return _mark_again(db, lake, tenant, dialog_id, {contact_id}, clock)


def _mark_again(db: Database, lake: Lake, tenant: str, dialog_id: int, contacts: Collection[int], clock: Clock) -> int:
    """Marked before the change, a crash loses nothing; marked after it, a day that was being derived meanwhile either
    stands here already or finds the change when it is done (`mark_late_links`).
    """
    return mark_stale(db, tenant, days_touched(db, lake, tenant, dialog_id, contacts), REASON, clock.now())


def mark_late_links(db: Database, lake: Lake, tenant: str, days: Collection[date], began: datetime) -> int:
    """Mark those of the just derived `days` whose derivation, begun at `began`, may have missed a link.

    Returns how many. While a day is derived for the first time nothing is known of it that a link could mark.
    """
    hit = 0
    for change in dialog_links.links_changed_after(db, tenant, began):
        touched = days_touched(db, lake, tenant, change.dialog_id, {change.contact_id}) & set(days)
        hit += mark_stale(db, tenant, touched, REASON, change.at)
    return hit


def days_touched(db: Database, lake: Lake, tenant: str, dialog_id: int, contacts: Collection[int]) -> set[date]:
    """The loaded days that hold an episode of the dialog, and those on which one of the contacts was called.

    A connected call makes the dialog of its contact active on its day, even if nobody wrote then.
    """
    rows = lake.read_days(EPISODE, tenant, lake.days(EPISODE, tenant), columns=["dialog_id"])
    mine = rows.filter(pc.equal(rows.column("dialog_id"), pa.scalar(dialog_id, pa.int64())))
    found = {day for day in mine.column(DAY_COLUMN).to_pylist() if day is not None}
    members = lake.read_current(DEAL_CONTACT, tenant, columns=["deal_id", "contact_id"]).to_pylist()
    deals = {row["deal_id"] for row in members if row["contact_id"] in contacts}
    calls = lake.read_current(CALL, tenant, columns=["contact_id", "deal_id", "at", "is_connected"]).to_pylist()
    zone = ZoneInfo(get_tenant(db, tenant).zone)
    theirs = (row for row in calls if row["contact_id"] in contacts or row["deal_id"] in deals)
    return found | {row["at"].astimezone(zone).date() for row in theirs if row["is_connected"]}


def _linked_contact(db: Database, tenant: str, dialog_id: int) -> int | None:
    return next(
        (link.contact_id for link in dialog_links.dialog_links(db, tenant) if link.dialog_id == dialog_id), None
    )


def _must_exist(lake: Lake, tenant: str, dialog_id: int, contact_id: int) -> None:
    for table, column, number, code, ru in (
        (DIALOG, "dialog_id", dialog_id, "dialog.unknown", "Диалога"),
        (CONTACT, "contact_id", contact_id, "contact.unknown", "Контакта"),
    ):
        rows = lake.read_current(table, tenant)
        if "is_deleted" in rows.column_names:
            rows = rows.filter(pc.invert(rows.column("is_deleted")))
        known = rows.column(column)
        if not pc.is_in(pa.array([number], pa.int64()), known.combine_chunks())[0].as_py():
            raise UserInputError(
                code,
                Sentence(f"{ru} {number} нет среди загруженных.", f"{table.en}: {number} is not among the loaded."),
                Sentence("Проверьте номер или загрузите данные.", "Check the number, or load the data."),
                tenant=tenant,
            )
