"""PostgREST as a child process: started from the main thread, ready when it says so, gone when we are gone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx

from synkro_resources.child_process import dies_with_parent
from synkro_resources.sandbox.supabase.project import SCHEMA

MAX_ROWS = 1000
"""Rows per read, as hosted projects have it: longer reads are cut silently."""

POOL_SIZE = 5
READY_WITHIN_S = 20.0
"""PostgREST is ready in 0.2 s; a loaded machine may need longer."""


class PostgrestProcess:
    """One PostgREST in front of one database.

    `start` must run in the main thread: the kernel ends the child when the *thread* that made it ends.
    """

    def __init__(self, binary: Path, database_url: str, jwt_secret: str, *, log_file: Path, port: int = 0) -> None:
        self._binary = binary
        self._database_url = database_url
        self._jwt_secret = jwt_secret
        self._log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port or free_port()
        self.admin_port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until the schema cache is loaded.

        Raises:
            RuntimeError: it ended at once or was not ready in time; its last log lines are in the text.
        """
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "PGRST_DB_URI": self._database_url,
            "PGRST_DB_SCHEMAS": SCHEMA,
            "PGRST_DB_ANON_ROLE": "anon",
            "PGRST_JWT_SECRET": self._jwt_secret,
            "PGRST_DB_POOL": str(POOL_SIZE),
            "PGRST_DB_MAX_ROWS": str(MAX_ROWS),
            "PGRST_SERVER_HOST": "127.0.0.1",
            "PGRST_SERVER_PORT": str(self.port),
            "PGRST_ADMIN_SERVER_PORT": str(self.admin_port),
        }
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._binary)],
                env=environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=dies_with_parent(signal.SIGTERM),
            )
        deadline = time.monotonic() + READY_WITHIN_S
        while not self.ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"PostgREST did not become ready: {self._last_lines()}")
            time.sleep(0.03)

    def ready(self) -> bool:
        """Whether it answers and its database does."""
        if self._process is None or self._process.poll() is not None:
            return False
        try:
            return httpx.get(f"http://127.0.0.1:{self.admin_port}/ready", timeout=1).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        """End it and wait for the end."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    def _last_lines(self) -> str:
        return " / ".join(self._log_file.read_text(errors="replace").splitlines()[-3:]) or "no output"


def free_port() -> int:
    """A loopback port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
