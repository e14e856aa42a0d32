"""Linking a dialog to a contact by hand, so that its days are derived anew (docs/metrics.md, «Links»)."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from synkro_resources.control import dialog_links
from synkro_resources.control.database import Database
from synkro_resources.control.days import mark_stale
from synkro_resources.lake import Lake
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.tables import DAY_COLUMN
from synkro_resources.model.tables.crm import CONTACT
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
    hit = mark_stale(db, tenant, days_of_dialog(lake, tenant, dialog_id), REASON, clock.now())
    dialog_links.link_dialog(db, tenant, dialog_id, contact_id, actor=actor, clock=clock)
    return hit


def unlink_by_hand(db: Database, lake: Lake, tenant: str, dialog_id: int, *, actor: str, clock: Clock) -> int:
    """Take a link back; returns how many loaded days have to be derived again.

    Raises:
        UserInputError: `dialog.not_linked`.
    """
    hit = mark_stale(db, tenant, days_of_dialog(lake, tenant, dialog_id), REASON, clock.now())
    if not dialog_links.unlink_dialog(db, tenant, dialog_id, actor=actor, clock=clock):
        raise UserInputError(
            "dialog.not_linked",
            Sentence(f"Диалог {dialog_id} не связан вручную.", f"Dialog {dialog_id} is not linked by hand."),
            Sentence("Посмотрите список связей.", "Look at the list of links."),
            tenant=tenant,
        )
    return hit


def days_of_dialog(lake: Lake, tenant: str, dialog_id: int) -> list[date]:
    """The loaded days that hold an episode of the dialog."""
    rows = lake.read_days(EPISODE, tenant, lake.days(EPISODE, tenant), columns=["dialog_id"])
    mine = rows.filter(pc.equal(rows.column("dialog_id"), pa.scalar(dialog_id, pa.int64())))
    return sorted({day for day in mine.column(DAY_COLUMN).to_pylist() if day is not None})


def _must_exist(lake: Lake, tenant: str, dialog_id: int, contact_id: int) -> None:
    for table, column, number, code, ru in (
        (DIALOG, "dialog_id", dialog_id, "dialog.unknown", "Диалога"),
        (CONTACT, "contact_id", contact_id, "contact.unknown", "Контакта"),
    ):
        known = lake.read_current(table, tenant, columns=[column]).column(column)
        if not pc.is_in(pa.array([number], pa.int64()), known.combine_chunks())[0].as_py():
            raise UserInputError(
                code,
                Sentence(f"{ru} {number} нет среди загруженных.", f"{table.en}: {number} is not among the loaded."),
                Sentence("Проверьте номер или загрузите данные.", "Check the number, or load the data."),
                tenant=tenant,
            )
