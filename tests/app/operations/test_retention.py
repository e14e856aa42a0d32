"""What grows for ever is kept short, without losing what the product or Dagster still needs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from synkro_app.operations.dagster_home import prepare_dagster_home
from synkro_app.operations.old_runs import prune_runs
from synkro_app.operations.supervisor import LOG_LIMIT_BYTES, LOG_LOOK_S, Program, Supervisor
from synkro_resources.free_space import RESERVE_BYTES, free_bytes, require_free_space
from synkro_resources.lake import Lake
from synkro_resources.model.errors import TransientError
from synkro_resources.settings import Settings

DAYS = dg.StaticPartitionsDefinition(["2026-11-18", "2026-11-19"])


@dg.asset(partitions_def=DAYS)
def loaded() -> int:
    return 1


@pytest.fixture
def instance(tmp_path: Path, fresh_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("SYNKRO_DAGSTER_DATABASE_URL", fresh_database)
    prepare_dagster_home(tmp_path, Settings(max_concurrent_runs=1))
    with dg.DagsterInstance.from_config(str(tmp_path)) as found:
        yield found


def _load(instance: dg.DagsterInstance, day: str) -> str:
    quiet = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
    return dg.materialize([loaded], instance=instance, partition_key=day, run_config=quiet).run_id


def test_old_runs_go_with_their_events_and_loaded_days_stay_loaded(instance: dg.DagsterInstance) -> None:
    first, other, again = (_load(instance, day) for day in ("2026-11-18", "2026-11-19", "2026-11-18"))
    assert prune_runs(instance, datetime.now(UTC) - timedelta(days=1)).removed == 0  # too new
    done = prune_runs(instance, datetime.now(UTC) + timedelta(minutes=1))
    assert (done.removed, done.kept) == (1, 2)
    assert {record.dagster_run.run_id for record in instance.get_run_records()} == {other, again}
    assert instance.all_logs(first) == []
    assert instance.get_materialized_partitions(loaded.key) == set(DAYS.get_partition_keys())
    assert prune_runs(instance, datetime.now(UTC) + timedelta(minutes=1)).removed == 0


def test_the_log_of_a_process_that_runs_for_months_stays_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor = Supervisor(tmp_path)
    supervisor.start(Program("talker", ["/bin/sh", "-c", "echo before; read x; echo after"], {}))
    log = supervisor.log_file("talker")
    supervisor.stop()
    writer = log.open("ab")  # as a child holds it
    writer.truncate(LOG_LIMIT_BYTES + 1)
    monkeypatch.setattr(supervisor, "_logs_looked_at", -LOG_LOOK_S)
    supervisor.start(Program("talker", ["/bin/sleep", "60"], {}))
    assert log.stat().st_size == 0
    assert log.with_suffix(".log.1").stat().st_size == LOG_LIMIT_BYTES + 1
    writer.truncate(LOG_LIMIT_BYTES + 1)
    supervisor.tick()
    writer.write(b"goes on\n")
    writer.close()
    assert log.read_bytes() == b"goes on\n"
    supervisor.stop()


def test_nothing_is_loaded_onto_a_disk_that_is_nearly_full(tmp_path: Path) -> None:
    Lake(str(tmp_path / "not" / "yet")).require_free_space()
    free = shutil.disk_usage(tmp_path).free
    with pytest.raises(TransientError, match="The disk is nearly full"):
        require_free_space(tmp_path, free)
    require_free_space(tmp_path, free_bytes(tmp_path) - 2 * RESERVE_BYTES)
    Lake("memory://lake").require_free_space()
