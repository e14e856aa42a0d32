"""Two runs of one tenant never work at once, and a dead one leaves nothing locked."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest
from sqlalchemy import text

from synkro_resources.control.database import Database
from synkro_resources.control.locks import is_tenant_locked, tenant_lock
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.errors import TransientError

HOLDER = """
import sys, time
from synkro_resources.control.database import Database
from synkro_resources.control.locks import tenant_lock
with tenant_lock(Database(sys.argv[1]), sys.argv[2], 0):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_run_of_the_tenant_is_told_to_wait(control_db: Database, tenant_a: Tenant) -> None:
    with tenant_lock(control_db, tenant_a.slug, 0) as lock:
        assert lock.is_held()
        assert is_tenant_locked(control_db, tenant_a.slug)
        for wait_s in (0, 0.2):
            started = time.monotonic()
            with pytest.raises(TransientError) as refusal, tenant_lock(control_db, tenant_a.slug, wait_s):
                pass
            assert time.monotonic() - started < wait_s + 2
            assert (refusal.value.code, refusal.value.tenant) == ("run.tenant_busy", tenant_a.slug)
    assert not is_tenant_locked(control_db, tenant_a.slug)


def test_a_patient_run_gets_the_lock_when_it_becomes_free(control_db: Database, tenant_a: Tenant) -> None:
    got = threading.Event()

    def wait() -> None:
        with tenant_lock(control_db, tenant_a.slug, 20):
            got.set()

    waiting = threading.Thread(target=wait)
    with tenant_lock(control_db, tenant_a.slug, 0):
        waiting.start()
        assert not got.wait(0.3)
    waiting.join(10)
    assert got.is_set()


def test_other_tenants_are_not_held_up(control_db: Database, tenant_a: Tenant, tenant_b: Tenant) -> None:
    with tenant_lock(control_db, tenant_a.slug, 0), tenant_lock(control_db, tenant_b.slug, 0):
        assert is_tenant_locked(control_db, tenant_b.slug)


def test_a_killed_run_leaves_no_lock(control_db: Database, control_url: str, tenant_a: Tenant) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, control_url, tenant_a.slug], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert is_tenant_locked(control_db, tenant_a.slug)
    finally:
        holder.kill()
        holder.wait()
    with tenant_lock(control_db, tenant_a.slug, 10):
        pass


def test_a_run_whose_connection_was_cut_learns_that_it_lost_the_lock(control_db: Database, tenant_a: Tenant) -> None:
    with tenant_lock(control_db, tenant_a.slug, 0) as lock:
        pid = lock.connection.execute(text("SELECT pg_backend_pid()")).scalar()
        with control_db.owner() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        time.sleep(0.2)
        assert not lock.is_held()
