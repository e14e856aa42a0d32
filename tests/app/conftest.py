"""A cabinet that really runs: the server as its own process on a free port, with a real control database."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

READY_WITHIN_S = 180  # a machine that is busy with other tests; a server that dies is noticed at once


@dataclass(frozen=True, slots=True)
class RunningCabinet:
    url: str
    log: Path

    @property
    def host(self) -> str:
        return self.url.partition("://")[2]


@pytest.fixture(scope="session")
def cabinet(control_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCabinet]:
    with started_cabinet(control_url, tmp_path_factory.mktemp("cabinet")) as running:
        yield running


@contextmanager
def started_cabinet(control_url: str, folder: Path) -> Generator[RunningCabinet]:
    """A server of its own, whose state is in `folder`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "SYNKRO_STATE_DIR": str(folder),
        "SYNKRO_DATABASE_URL": control_url,
        "SYNKRO_CABINET_PORT": str(port),
        "SYNKRO_DAGSTER_URL": "http://127.0.0.1:1/ops",
        "SYNKRO_ALLOW_SANDBOX": "1",
    }
    log = folder / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "synkro_app.server"], env=environment, stdout=out, stderr=subprocess.STDOUT
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process, log)
        yield RunningCabinet(url, log)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/healthz", timeout=2, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        if process.poll() is not None:
            break
        time.sleep(0.2)
    raise AssertionError(f"the cabinet did not start:\n{log.read_text()[-3000:]}")
