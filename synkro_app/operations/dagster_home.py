"""Dagster's side of an installation: DAGSTER_HOME, the workspace, and the command lines of its three processes."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from synkro_app.operations.ports import LOOPBACK
from synkro_resources.settings import Settings

PROJECT_DIR = Path(__file__).resolve().parents[2]
LOCATION = "synkro"
DEFINITIONS = "synkro_assets.code_location"
PATH_PREFIX = "/ops"  # operators reach the UI through the cabinet's gate under this path
FRUGAL = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "1",
    "OMP_NUM_THREADS": "1",
    "ARROW_IO_THREADS": "2",
    "DAGSTER_EVENT_BATCH_SIZE": "100",
}
"""Environment of Dagster's processes, which runs inherit. Must be set before a process starts.

By default Arrow has an allocator, and the C library an arena, for every thread, and each keeps what its largest piece
of work needed: a large first load held 500 MiB of which it used 120. Runs beside each other use the other cores. The
events that a step gives its days are stored together: one by one, each took five statements.
"""
_MAX_RUNS = re.compile(r"(?m)^(\s*max_concurrent_runs:\s*)\d+")


WORKERS = """
run_launcher:
  module: synkro_resources.run_launcher
  class: WorkerRunLauncher
  config:
    redis_url:
      env: SYNKRO_REDIS_URL
    cell:
      env: SYNKRO_CELL
"""


def prepare_dagster_home(home: Path, settings: Settings) -> None:
    """Write `dagster.yaml`: the committed file is the template, number of runs and launcher are the installation's."""
    home.mkdir(parents=True, exist_ok=True)
    template = (PROJECT_DIR / "dagster.yaml").read_text()
    text, replaced = _MAX_RUNS.subn(rf"\g<1>{settings.max_concurrent_runs}", template)
    if replaced != 1:
        raise RuntimeError("dagster.yaml must name max_concurrent_runs exactly once")
    (home / "dagster.yaml").write_text(text + WORKERS if settings.run_launcher == "celery" else text)


def write_workspace(path: Path, *, code_server_port: int) -> Path:
    """A workspace with the running code server; webserver and daemon share it."""
    path.write_text(
        "load_from:\n"
        "  - grpc_server:\n"
        f"      host: {LOOPBACK}\n"
        f"      port: {code_server_port}\n"
        f"      location_name: {LOCATION}\n"
    )
    return path


def code_server(port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "dagster", "api", "grpc", "-m", DEFINITIONS, "-d", str(PROJECT_DIR)),
        *("-h", LOOPBACK, "-p", str(port), "--location-name", LOCATION),
    ]


def daemon(workspace: Path) -> list[str]:
    return [sys.executable, "-m", "dagster._daemon", "run", "-w", str(workspace)]


def webserver(workspace: Path, port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "dagster_webserver", "-w", str(workspace)),
        *("-h", LOOPBACK, "-p", str(port), "--path-prefix", PATH_PREFIX),
    ]
