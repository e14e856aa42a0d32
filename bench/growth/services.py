"""The engines of others that installations grow on: started on loopback for a test, ended with it."""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from synkro_app.operations.ports import LOOPBACK, free_port

READY_WITHIN_S = 30.0


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis with a password that keeps nothing on disk; its address."""
    port, password = free_port(26_379), secrets.token_hex(16)
    words = [required("redis-server"), "--port", str(port), "--bind", LOOPBACK, "--requirepass", password]
    with started([*words, "--save", "", "--appendonly", "no", "--dir", str(folder)], folder / "redis.log", port):
        yield f"redis://:{password}@{LOOPBACK}:{port}/0"


def required(program: str) -> str:
    """Path of a program; a test that needs it is skipped without."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin")
    if found is None:
        pytest.skip(f"{program} is not installed (apt-get install {program})")
    return found


@contextmanager
def started(words: list[str], log: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A process that listens on the port, ended in the end."""
    with log.open("ab") as output:
        process = subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        deadline = time.monotonic() + READY_WITHIN_S
        while not _listens(port):
            is_waiting = process.poll() is None and time.monotonic() < deadline
            assert is_waiting, log.read_text()[-2000:]
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=READY_WITHIN_S)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((LOOPBACK, port)) == 0
