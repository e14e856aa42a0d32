"""An erased tenant is nowhere, its neighbour is untouched, and a crash anywhere is repaired by a second try."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest
from sqlalchemy import select

from synkro_assets.partitions import TENANT_SET as ASSETS_TENANT_SET
from synkro_assets.partitions import TENANT_TAG
from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.erasures import erasures_of
from synkro_resources.control.locks import is_tenant_locked, tenant_lock
from synkro_resources.control.tables import metadata, runs
from synkro_resources.control.tables.audit import audit_event
from synkro_resources.control.tables.base import is_tenant_scoped
from synkro_resources.control.tenants import Tenant, get_tenant
from synkro_resources.erasure import places
from synkro_resources.erasure.tenant import Installation, control_counts, erase_tenant
from synkro_resources.erasure.warehouse import WarehouseEraser
from synkro_resources.lake import Lake
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import SynkroError
from synkro_resources.model.tables import DAY_COLUMN, WAREHOUSE_TABLES, Table
from synkro_resources.model.tables.raw import AMOCRM_CONTACTS, RADIST_MEDIA, RADIST_MESSAGES, quarantine_of

DAY = date(2026, 11, 19)
STEPS = ("begin", "count", "supabase", "dagster", "lake", "sessions", "control", "dagster again", "finish")


class Killed(BaseException):
    """Stands for a process that ends: nothing catches it."""


class CountingWarehouse:
    """A client's database that holds two rows in every table until they are deleted."""

    def __init__(self) -> None:
        self.rows = {table.name: 2 for table in WAREHOUSE_TABLES}

    def delete_all(self, table: Table) -> int:
        rows, self.rows[table.name] = self.rows[table.name], 0
        return rows

    def delete_where(self, table: Table, column: str, values: object) -> int:
        raise AssertionError("a whole tenant is deleted")

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


@pytest.fixture
def installation(
    control_db: Database, tmp_path: Path, instance: dg.DagsterInstance, control_clock: FixedClock
) -> Installation:
    return Installation(control_db, str(tmp_path / "lake"), instance, control_clock, backup_days=30)


def fill(installation: Installation, tenant: str) -> None:
    """A little of everything: raw rows, quarantine, a media file, a half-written file, runs, a day's state."""
    lake = Lake(installation.lake_root)
    now = installation.clock.now()
    rows = AMOCRM_CONTACTS.from_rows([{"id": 1, "source_updated_at": now, "is_deleted": False, "raw": "{}"}])
    for table, content in ((AMOCRM_CONTACTS, rows), (RADIST_MESSAGES, RADIST_MESSAGES.empty())):
        lake.write_days(table, tenant, [DAY], _dated(content))
    aside = quarantine_of(AMOCRM_CONTACTS)
    lake.write_days(
        aside, tenant, [DAY], _dated(aside.from_rows([{"reason": "no_id", "put_aside_at": now, "raw": "{}"}]))
    )
    media = Path(installation.lake_root, *RADIST_MEDIA.asset_key, tenant, DAY.isoformat())
    media.mkdir(parents=True)
    (media / "file").write_bytes(b"jpeg")
    (media / ".file.half").write_bytes(b"jp")
    with installation.control.tenant(tenant) as connection:
        connection.execute(
            runs.day_state.insert().values(
                tenant=tenant, day=DAY, layer="raw", loaded_at=now, changed_at=now, complete=True, versions={}
            )
        )
        record(connection, at=now, actor="someone", action="run.asked", tenant=tenant)
    assert installation.instance is not None
    installation.instance.add_dynamic_partitions(places.TENANT_SET, [tenant])

    @dg.job
    def nothing() -> None:
        """A run without steps."""

    assert nothing.execute_in_process(instance=installation.instance, tags={TENANT_TAG: tenant}).success


def _dated(rows: pa.Table) -> pa.Table:
    return rows.append_column(DAY_COLUMN, pa.array([DAY] * rows.num_rows, pa.date32()))


def digests(root: str) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in Path(root).rglob("*")
        if path.is_file()
    }


def rows_of(db: Database, tenant: str) -> dict[str, int]:
    """Rows per table as the owner of the database sees them, past all policies."""
    found: dict[str, int] = {}
    with db.owner() as connection:
        for table in metadata.sorted_tables:
            if is_tenant_scoped(table):
                connection.exec_driver_sql(f"ALTER TABLE {table.fullname} NO FORCE ROW LEVEL SECURITY")
                rows = len(connection.execute(select(table).where(table.c.tenant == tenant)).all())
                connection.exec_driver_sql(f"ALTER TABLE {table.fullname} FORCE ROW LEVEL SECURITY")
                if rows:
                    found[table.fullname] = rows
    return found


def test_names_of_dagsters_parts_are_those_that_the_assets_use() -> None:
    assert (places.TENANT_SET, places.TENANT_TAGS[0]) == (ASSETS_TENANT_SET, TENANT_TAG)


def test_an_erased_tenant_is_nowhere_and_its_neighbour_keeps_every_byte(
    installation: Installation, control_db: Database, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    fill(installation, tenant_b.slug)
    files, rows = digests(installation.lake_root), control_counts(control_db, tenant_b.slug)
    fill(installation, tenant_a.slug)
    certificate = erase_tenant(installation, tenant_a.slug, actor="test")

    assert digests(installation.lake_root) == files
    assert control_counts(control_db, tenant_b.slug) == rows
    assert rows_of(control_db, tenant_a.slug) == {}
    assert installation.instance is not None
    assert list(installation.instance.get_dynamic_partitions(places.TENANT_SET)) == [tenant_b.slug]
    assert {run.tags[TENANT_TAG] for run in installation.instance.get_runs()} == {tenant_b.slug}
    assert not places.tenant_folders(installation.lake_root, tenant_a.slug)

    removed = certificate["removed"]
    assert removed["lake"]["amocrm/contacts"]["rows"] == 2  # the day and `current`
    assert removed["lake"]["radist/media"] == {"files": 2, "bytes": 6, "rows": 0}
    assert removed["lake"]["quarantine/amocrm/contacts"]["rows"] == 1
    assert removed["control"]["day_state"] == {"rows": 1}
    assert removed["dagster"] == {"runs": {"rows": 1}, "partitions": {"rows": 1}}
    assert certificate["backups"]["until"] == "2026-12-20"
    assert "supabase" in certificate["kept"]  # it was not asked for, and the certificate says so
    with control_db.operator("test", "count") as connection:
        kept = connection.execute(select(audit_event).where(audit_event.c.tenant == tenant_a.slug)).all()
    assert certificate["kept"]["audit_event"]["rows"] <= len(kept)
    assert any(event.action == "run.asked" for event in kept)


@pytest.mark.parametrize("step", STEPS)
def test_an_erasure_that_was_killed_anywhere_ends_the_same_when_it_runs_again(
    step: str, installation: Installation, control_db: Database, tenant_a: Tenant
) -> None:
    fill(installation, tenant_a.slug)
    warehouse: WarehouseEraser = CountingWarehouse()

    def kill(at: str) -> None:
        if at == step:
            raise Killed

    with pytest.raises(Killed):
        erase_tenant(installation, tenant_a.slug, actor="test", warehouse=warehouse, on_step=kill)
    certificate = erase_tenant(installation, tenant_a.slug, actor="test", warehouse=warehouse)
    removed = certificate["removed"]
    assert removed["lake"]["amocrm/contacts"]["rows"] == 2
    assert removed["control"]["day_state"] == {"rows": 1}
    assert removed["dagster"] == {"runs": {"rows": 1}, "partitions": {"rows": 1}}
    assert {name: found["rows"] for name, found in removed["supabase"].items()} == {
        str(table.warehouse): 2 for table in WAREHOUSE_TABLES
    }
    assert rows_of(control_db, tenant_a.slug) == {}
    assert digests(installation.lake_root) == {}
    stored = erasures_of(control_db, tenant_a.slug, actor="test")
    assert [(item.kind, item.certificate) for item in stored] == [("tenant", certificate)]
    assert stored[0].finished_at is not None
    assert erase_tenant(installation, tenant_a.slug, actor="test") == certificate  # asked once more: the same paper


KILLED_PROCESS = """
import os, signal, sys
from synkro_resources.control.database import Database
from synkro_resources.erasure.tenant import Installation, erase_tenant
from synkro_resources.model.clock import SystemClock

def kill(step):
    if step == "control":
        os.kill(os.getpid(), signal.SIGKILL)

url, root, tenant = sys.argv[1:]
erase_tenant(Installation(Database(url), root, None, SystemClock(), 30), tenant, actor="test", on_step=kill)
"""


def test_a_process_that_was_killed_holds_no_lock_and_its_counts_are_in_the_certificate(
    installation: Installation, control_db: Database, tenant_a: Tenant
) -> None:
    fill(installation, tenant_a.slug)
    words = [sys.executable, "-c", KILLED_PROCESS, control_db.url, installation.lake_root, tenant_a.slug]
    assert subprocess.run(words, timeout=60, check=False).returncode == -signal.SIGKILL
    assert digests(installation.lake_root) == {}  # the files went, the rows did not
    assert get_tenant(control_db, tenant_a.slug).status == "suspended"
    deadline = time.monotonic() + 10
    while is_tenant_locked(control_db, tenant_a.slug) and time.monotonic() < deadline:
        time.sleep(0.05)  # the server needs a moment to notice
    certificate = erase_tenant(installation, tenant_a.slug, actor="test")
    assert certificate["removed"]["lake"]["amocrm/contacts"]["rows"] == 2
    assert rows_of(control_db, tenant_a.slug) == {}


def test_a_tenant_with_a_run_at_work_is_not_erased(
    installation: Installation, control_db: Database, tenant_a: Tenant
) -> None:
    fill(installation, tenant_a.slug)
    files = digests(installation.lake_root)
    with tenant_lock(control_db, tenant_a.slug, 0), pytest.raises(SynkroError) as failure:
        erase_tenant(installation, tenant_a.slug, actor="test")
    assert failure.value.code == "run.tenant_busy"
    assert digests(installation.lake_root) == files
    assert get_tenant(control_db, tenant_a.slug).status == "active"


def test_a_slug_like_a_day_or_a_table_takes_no_other_tenants_folders_with_it(tmp_path: Path) -> None:
    root = tmp_path / "lake"
    for folder in ("radist/media/other/2026-11-19", "quarantine/amocrm/leads/other", "amocrm/leads/2026-11-19"):
        (root / folder).mkdir(parents=True)
        (root / folder / "file").write_bytes(b"x")
    assert set(places.tenant_folders(str(root), "2026-11-19")) == {"amocrm/leads"}
    assert places.tenant_folders(str(root), "leads") == {}
    places.erase_from_lake(str(root), "2026-11-19")
    assert set(digests(str(root))) == {"radist/media/other/2026-11-19/file", "quarantine/amocrm/leads/other/file"}


def test_an_unknown_tenant_is_told_and_leaves_no_erasure(installation: Installation, control_db: Database) -> None:
    with pytest.raises(SynkroError) as failure:
        erase_tenant(installation, "nobody-here", actor="test")
    assert failure.value.code == "tenant.unknown"
    assert erasures_of(control_db, "nobody-here", actor="test") == []
