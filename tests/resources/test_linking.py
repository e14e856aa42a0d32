"""A link that somebody made by hand must reach the reports, and a mistyped number must not be taken."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from synkro_resources.control.database import Database
from synkro_resources.control.days import mark_day, stale_days
from synkro_resources.control.dialog_links import dialog_links
from synkro_resources.control.tenants import Tenant
from synkro_resources.lake import Lake
from synkro_resources.linking import link_by_hand, unlink_by_hand
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import UserInputError
from synkro_resources.model.tables import DAY_COLUMN, Table
from synkro_resources.model.tables.crm import CALL, CONTACT
from synkro_resources.model.tables.dialogs import DIALOG, EPISODE

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CLOCK = FixedClock(NOON)
DAYS = [date(2026, 11, 17), date(2026, 11, 18)]


@pytest.fixture
def lake(tmp_path: Path, tenant_a: Tenant) -> Lake:
    """Dialog 5 spoke on the 17th, dialog 6 on both days; contact 7 is known, 8 is deleted."""
    found = Lake(str(tmp_path))

    def store(table: Table, rows: list[dict[str, object]], days: list[date]) -> None:
        dated = table.from_rows([row | {"source_updated_at": NOON} for row in rows])
        column = pa.array(days, pa.date32())
        found.write_days(table, tenant_a.slug, DAYS, dated.append_column(DAY_COLUMN, column))

    store(DIALOG, [{"dialog_id": 5, "channel": "telegram", "is_group": False}], DAYS[:1])
    contacts = [{"contact_id": 7, "is_deleted": False}, {"contact_id": 8, "is_deleted": True}]
    store(CONTACT, contacts, [DAYS[0]] * 2)
    flags = ("started_before_window", "labelable", "analysable", "is_duplicate_phone")
    moments = dict.fromkeys(("start_at", "first_visible_at", "last_at"), NOON)
    episode = {
        "channel": "telegram",
        "client_messages": 1,
        "manager_messages": 0,
        **dict.fromkeys(flags, False),
        **moments,
    }
    spoken = [(5, DAYS[0]), (6, DAYS[0]), (6, DAYS[1])]
    store(
        EPISODE,
        [episode | {"episode_key": f"{who}:a", "dialog_id": who} for who, _ in spoken],
        [day for _, day in spoken],
    )
    return found


def test_the_days_of_a_linked_dialog_are_derived_again(control_db: Database, tenant_a: Tenant, lake: Lake) -> None:
    for day in DAYS:
        mark_day(control_db, tenant_a.slug, day, "derived", NOON, True, derived_at=NOON)
    assert link_by_hand(control_db, lake, tenant_a.slug, 5, 7, actor="user:1", clock=CLOCK) == 1
    assert stale_days(control_db, tenant_a.slug, *DAYS) == {DAYS[0]: "dialog_link"}
    (link,) = dialog_links(control_db, tenant_a.slug)
    assert (link.dialog_id, link.contact_id, link.linked_by) == (5, 7, "user:1")
    assert unlink_by_hand(control_db, lake, tenant_a.slug, 5, actor="user:1", clock=CLOCK) == 1
    assert dialog_links(control_db, tenant_a.slug) == []


def test_a_day_with_nothing_but_a_call_to_the_contact_is_derived_again_too(
    control_db: Database, tenant_a: Tenant, lake: Lake
) -> None:
    call = {"call_id": 1, "contact_id": 7, "direction": "out", "is_connected": True, "source_updated_at": NOON}
    later = datetime(2026, 11, 18, 9, tzinfo=UTC)
    rows = CALL.from_rows([call | {"at": later}]).append_column(DAY_COLUMN, pa.array(DAYS[1:], pa.date32()))
    lake.write_days(CALL, tenant_a.slug, DAYS, rows)
    for day in DAYS:
        mark_day(control_db, tenant_a.slug, day, "derived", NOON, True, derived_at=NOON)
    assert link_by_hand(control_db, lake, tenant_a.slug, 5, 7, actor="user:1", clock=CLOCK) == 2


@pytest.mark.parametrize(
    ("dialog", "contact", "code"),
    [(99, 7, "dialog.unknown"), (5, 99, "contact.unknown"), (5, 8, "contact.unknown")],
)
def test_a_number_that_nobody_loaded_is_refused(
    control_db: Database, tenant_a: Tenant, lake: Lake, dialog: int, contact: int, code: str
) -> None:
    with pytest.raises(UserInputError) as caught:
        link_by_hand(control_db, lake, tenant_a.slug, dialog, contact, actor="user:1", clock=CLOCK)
    assert caught.value.code == code


def test_a_link_that_is_not_there_cannot_be_taken_back(control_db: Database, tenant_a: Tenant, lake: Lake) -> None:
    with pytest.raises(UserInputError) as caught:
        unlink_by_hand(control_db, lake, tenant_a.slug, 5, actor="user:1", clock=CLOCK)
    assert caught.value.code == "dialog.not_linked"
