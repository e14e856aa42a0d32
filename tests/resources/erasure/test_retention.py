"""Old days go where a tenant said so, and only there; a limit that would change reports is refused."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.tables import runs
from synkro_resources.control.tenants import Tenant, tenant_settings
from synkro_resources.erasure.retention import retain, set_retention
from synkro_resources.lake import Lake
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import UserInputError
from synkro_resources.model.tables import Table
from synkro_resources.model.tables.crm import CONTACT
from synkro_resources.model.tables.dialogs import MESSAGE
from synkro_resources.model.tables.raw import RADIST_MEDIA, RADIST_MESSAGES

TODAY = date(2026, 11, 20)  # at noon UTC in Yekaterinburg, too
DAYS = [TODAY - timedelta(days=age) for age in (100, 41, 40, 39, 1)]


def fill(lake: Lake, db: Database, clock: FixedClock, tenant: str, *tables: Table) -> None:
    for table in tables:
        lake.write_days(table, tenant, DAYS, table.empty_days())
    now = clock.now()
    with db.tenant(tenant) as connection:
        for day in DAYS:
            for layer in ("raw", "derived"):
                connection.execute(
                    insert(runs.day_state).values(
                        tenant=tenant, day=day, layer=layer, loaded_at=now, changed_at=now, complete=True, versions={}
                    )
                )


def loaded(db: Database, tenant: str, layer: str) -> list[date]:
    with db.tenant(tenant) as connection:
        days = connection.scalars(select(runs.day_state.c.day).where(runs.day_state.c.layer == layer))
        return sorted(days)


def test_only_old_days_of_the_named_tables_go_and_a_second_time_nothing(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant, tenant_b: Tenant, tmp_path: Path
) -> None:
    lake, kept = Lake(str(tmp_path)), sorted(DAYS)[2:]
    for tenant in (tenant_a.slug, tenant_b.slug):
        fill(lake, control_db, control_clock, tenant, RADIST_MESSAGES, RADIST_MEDIA, MESSAGE, CONTACT)
        for day in DAYS:
            folder = lake.folder(RADIST_MEDIA, tenant) / day.isoformat()
            folder.mkdir()
            (folder / "file").write_bytes(b"12345")
    slug = tenant_a.slug
    set_retention(
        control_db, slug, {RADIST_MESSAGES.name: 40, RADIST_MEDIA.name: 40}, actor="test", clock=control_clock
    )
    media, messages = retain(control_db, lake, slug, actor="test", clock=control_clock)

    assert (media.table, media.days, media.files) == (RADIST_MEDIA.name, 2, 4)
    assert (messages.table, messages.days, messages.files) == (RADIST_MESSAGES.name, 2, 2)
    assert media.nbytes > 10
    assert lake.days(RADIST_MESSAGES, slug) == lake.days(RADIST_MEDIA, slug) == kept
    assert sorted(path.name for path in lake.folder(RADIST_MEDIA, slug).iterdir() if path.is_dir()) == [
        day.isoformat() for day in kept
    ]
    assert lake.days(MESSAGE, slug) == lake.days(CONTACT, slug) == sorted(DAYS)
    assert loaded(control_db, slug, "raw") == kept  # a day without messages is not called loaded
    assert loaded(control_db, slug, "derived") == sorted(DAYS)
    assert lake.days(RADIST_MESSAGES, tenant_b.slug) == loaded(control_db, tenant_b.slug, "raw") == sorted(DAYS)
    with pytest.raises(Exception, match="has no file"):
        lake.read_days(RADIST_MESSAGES, slug, DAYS)  # nobody reads what is gone without being told
    assert [item.files for item in retain(control_db, lake, slug, actor="test", clock=control_clock)] == [0, 0]
    assert [event.action for event in tenant_events(control_db, slug)].count("lake.retained") == 1


@pytest.mark.parametrize(
    ("table", "days", "code"),
    [
        (RADIST_MESSAGES.name, 29, "retention.too_short"),
        (RADIST_MESSAGES.name, -1, "retention.too_short"),
        (CONTACT.name, 90, "retention.entity"),
        ("normalized/nothing", 90, "retention.unknown_table"),
    ],
)
def test_a_limit_that_would_change_reports_is_refused_and_not_stored(
    table: str, days: int, code: str, control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    with pytest.raises(UserInputError) as failure:
        set_retention(control_db, tenant_a.slug, {table: days}, actor="test", clock=control_clock)
    assert failure.value.code == code
    assert tenant_settings(control_db, tenant_a.slug).retention_days == {}


def test_a_tenant_without_limits_keeps_everything(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant, tmp_path: Path
) -> None:
    lake = Lake(str(tmp_path))
    fill(lake, control_db, control_clock, tenant_a.slug, RADIST_MESSAGES)
    assert retain(control_db, lake, tenant_a.slug, actor="test", clock=control_clock) == []
    assert lake.days(RADIST_MESSAGES, tenant_a.slug) == sorted(DAYS)
