"""Other shells find the running installation, and only its owner can read the database password."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from synkro_app.cli import main
from synkro_app.operations.dagster_home import PROJECT_DIR, prepare_dagster_home, write_workspace
from synkro_app.operations.keys import keys_at_start
from synkro_app.operations.runtime import StateFolderLock, remove_runtime, write_runtime
from synkro_app.operations.stack import Stack
from synkro_resources.model.errors import ConfigurationError
from synkro_resources.settings import RUNTIME_FILE, Settings


def test_settings_of_another_shell_find_the_running_installation_until_it_stops(tmp_path: Path) -> None:
    write_runtime(tmp_path, {"database_url": "postgresql+psycopg2://u:p@127.0.0.1:1/synkro", "cabinet_port": 8555}, {})
    found = Settings.load(state_dir=tmp_path)
    assert found.control_url.endswith("/synkro")
    assert found.cabinet_port == 8555
    assert stat.S_IMODE((tmp_path / RUNTIME_FILE).stat().st_mode) == 0o600
    remove_runtime(tmp_path)
    with pytest.raises(ConfigurationError, match="synkro up"):
        _ = Settings.load(state_dir=tmp_path).control_url


def test_two_stacks_never_share_a_state_folder(tmp_path: Path) -> None:
    first = StateFolderLock(tmp_path)
    first.take()
    with pytest.raises(ConfigurationError, match="already runs with this state folder"):
        StateFolderLock(tmp_path).take()
    first.release()
    second = StateFolderLock(tmp_path)
    second.take()
    second.release()


def test_a_refused_second_start_leaves_the_running_installation_findable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNKRO_STATE_DIR", str(tmp_path))
    running = StateFolderLock(tmp_path)
    running.take()
    write_runtime(tmp_path, {"cabinet_port": 8555}, {})
    second = Stack()
    with pytest.raises(ConfigurationError, match="already runs with this state folder"):
        second.start()
    second.stop()
    assert (tmp_path / RUNTIME_FILE).is_file()
    running.release()


def test_the_number_of_runs_follows_the_machine_and_the_rest_of_dagster_yaml_stays(tmp_path: Path) -> None:
    prepare_dagster_home(tmp_path, Settings(max_concurrent_runs=7))
    committed = yaml.safe_load((PROJECT_DIR / "dagster.yaml").read_text())
    written = yaml.safe_load((tmp_path / "dagster.yaml").read_text())
    assert written["concurrency"]["runs"]["max_concurrent_runs"] == 7
    committed["concurrency"]["runs"]["max_concurrent_runs"] = 7
    assert written == committed


def test_dagster_accepts_the_committed_instance_file() -> None:
    from dagster._config import validate_config
    from dagster._core.instance.config import dagster_instance_config_schema

    committed = yaml.safe_load((PROJECT_DIR / "dagster.yaml").read_text())
    checked = validate_config(dagster_instance_config_schema(), committed)
    assert checked.success, checked.errors
    limits = committed["concurrency"]["runs"]["tag_concurrency_limits"]
    assert limits == [{"key": "synkro/tenant", "value": {"applyLimitPerUniqueValue": True}, "limit": 1}]
    assert committed["run_retries"] == {"enabled": False}


def test_the_workspace_names_the_running_code_server(tmp_path: Path) -> None:
    path = write_workspace(tmp_path / "workspace.yaml", code_server_port=4299)
    assert yaml.safe_load(path.read_text()) == {
        "load_from": [{"grpc_server": {"host": "127.0.0.1", "port": 4299, "location_name": "synkro"}}]
    }


def test_lost_keys_are_never_replaced_in_silence(
    tmp_path: Path, control_url: str, fresh_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tmp_path / "first"
    made = keys_at_start(Settings.load(state_dir=first), fresh_database)
    assert keys_at_start(Settings.load(state_dir=first), control_url).ids == made.ids
    lost = tmp_path / "lost"
    with pytest.raises(ConfigurationError, match="There are no encryption keys"):
        keys_at_start(Settings.load(state_dir=lost), control_url)
    assert not lost.exists()
    monkeypatch.setenv("SYNKRO_STATE_DIR", str(lost))
    assert CliRunner().invoke(main, ["secrets", "new"]).exit_code == 0
    kept = keys_at_start(Settings.load(state_dir=lost), control_url).ids
    assert CliRunner().invoke(main, ["secrets", "new"]).exit_code == 2
    assert keys_at_start(Settings.load(state_dir=lost), control_url).ids == kept
