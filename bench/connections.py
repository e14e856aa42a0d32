"""What runs cost the server in connections: `python -m bench.connections [--runs 8] [--at-once 4]`.

The same runs of ten trivial assets, by as many processes at once, over four ways to Dagster's storage: the library's
own (a connection per query), ours (connections are kept), and both behind pgBouncer (session and transaction mode).
Told per way: connections opened on the server, the most at one instant, CPU of the server and wall time. Needs
pgbouncer on the PATH for its two lines. Ends with 1 if ours opens a tenth of what the library opens, or more.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import dagster as dg
import psycopg2
from rich.console import Console
from rich.table import Table

from bench.growth.services import started
from synkro_app.operations.ports import LOOPBACK, free_port
from synkro_resources.embedded_postgres import EmbeddedPostgres

ASSETS = 10
SAMPLE_S = 0.05
LIBRARY = "dagster_postgres, DagsterPostgresStorage"
OURS = "synkro_resources.dagster_storage, PooledPostgresStorage"
QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
BOUNCER = """\
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
auth_type = any
pool_mode = {mode}
default_pool_size = 60
max_client_conn = 2000
ignore_startup_parameters = extra_float_digits,options
server_reset_query = DISCARD ALL
unix_socket_dir =
logfile = {folder}/pgbouncer.log
pidfile = {folder}/pgbouncer.pid
"""


@dataclass(frozen=True, slots=True)
class Way:
    name: str
    storage: str
    pool_mode: str = ""


WAYS = (
    Way("library, direct", LIBRARY),
    Way("ours, direct", OURS),
    Way("library, pgBouncer session", LIBRARY, "session"),
    Way("ours, pgBouncer session", OURS, "session"),
    Way("ours, pgBouncer transaction", OURS, "transaction"),
)


@dataclass(slots=True)
class Cost:
    opened: int
    most: int
    server_cpu_s: float
    wall_s: float


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.connections", description=__doc__)
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--at-once", type=int, default=4)
    options = parser.parse_args()
    table = Table("way to the storage", "opened", "most at once", "server CPU s", "wall s")
    costs: dict[str, Cost] = {}
    with tempfile.TemporaryDirectory(prefix="synkro-connections-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with EmbeddedPostgres(folder / "postgres") as server:
            for number, way in enumerate(WAYS):
                if way.pool_mode and _bouncer_program() is None:
                    continue
                database = f"dagster_{number}"
                url = server.create_database(database)
                place = folder / str(number)
                place.mkdir()
                with _reached(url, way.pool_mode, place) as address:
                    costs[way.name] = _measure(way, address, url, place, options.runs, options.at_once)
                print(f"{way.name}: {costs[way.name]}", flush=True)
                cost = costs[way.name]
                table.add_row(
                    way.name, str(cost.opened), str(cost.most), f"{cost.server_cpu_s:.1f}", f"{cost.wall_s:.1f}"
                )
    Console().print(f"{options.runs} runs of {ASSETS} assets, {options.at_once} processes at once", table, sep="\n")
    return int(costs["ours, direct"].opened * 10 >= costs["library, direct"].opened)


def _measure(way: Way, address: str, server_url: str, home: Path, runs: int, at_once: int) -> Cost:
    module, name = way.storage.split(", ")
    (home / "dagster.yaml").write_text(
        f"storage:\n  custom:\n    module: {module}\n    class: {name}\n"
        "    config: {postgres_url: {env: BENCH_URL}}\ntelemetry: {enabled: false}\n"
    )
    environment = {**os.environ, "DAGSTER_HOME": str(home), "BENCH_URL": server_url}
    words = [sys.executable, "-m", "bench.connections_run"]
    subprocess.run([*words, "0"], env=environment, check=True)  # makes the tables, past the pooler
    environment["BENCH_URL"] = address
    watch = _Watch(server_url)
    began = time.monotonic()
    shares = [runs // at_once + (number < runs % at_once) for number in range(at_once)]
    children = [subprocess.Popen([*words, str(share)], env=environment) for share in shares]
    codes = [child.wait() for child in children]
    wall_s = time.monotonic() - began
    if any(codes):
        raise RuntimeError(f"{way.name}: a process of runs ended with {codes}")
    return watch.cost(wall_s)


class _Watch:
    """Counts connections of other processes to one database while runs work."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg2.connect(url.replace("+psycopg2", "", 1), dbname="postgres")
        self._connection.autocommit = True
        self._database = urlsplit(url).path.lstrip("/")
        self._most = 0
        self._opened_before, self._cpu_before = self._opened(), _server_cpu_s(self._server_pid())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def cost(self, wall_s: float) -> Cost:
        self._stop.set()
        self._thread.join()
        time.sleep(1.5)  # the server's counters are written about once a second
        cpu_s = _server_cpu_s(self._server_pid()) - self._cpu_before
        found = Cost(self._opened() - self._opened_before, self._most, cpu_s, wall_s)
        self._connection.close()
        return found

    def _sample(self) -> None:
        while not self._stop.wait(SAMPLE_S):
            self._most = max(self._most, self._ask("select count(*) from pg_stat_activity where datname = %s"))

    def _opened(self) -> int:
        return self._ask("select sessions from pg_stat_database where datname = %s")

    def _server_pid(self) -> int:
        own = self._connection.info.backend_pid
        return int(Path(f"/proc/{own}/stat").read_text().rpartition(")")[2].split()[1])

    def _ask(self, statement: str) -> int:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, (self._database,))
            row = cursor.fetchone()
        return int(row[0]) if row else 0


def _server_cpu_s(pid: int) -> float:
    """CPU of the server with all its processes, ended ones included (it waits for each)."""
    ticks = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(entry.name) == pid:
            ticks += sum(map(int, fields[11:15]))
        elif int(fields[1]) == pid:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def _reached(url: str, pool_mode: str, folder: Path) -> Iterator[str]:
    """The address that runs use: the server's own, or that of a pgBouncer in front of it."""
    if not pool_mode:
        yield url
        return
    parts, port, program = urlsplit(url), free_port(26_432), _bouncer_program()
    assert program is not None  # ways with a pooler are skipped without it
    config = folder / "pgbouncer.ini"
    config.write_text(
        BOUNCER.format(host=parts.hostname, port=parts.port, own_port=port, mode=pool_mode, folder=folder).replace(
            "* = host", f"* = user={parts.username} password={parts.password} host"
        )
    )
    account = ["-u", "nobody"] if os.geteuid() == 0 else []
    if account:
        shutil.chown(folder, "nobody")
    with started([program, *account, str(config)], folder / "start.log", port):
        yield urlunsplit(parts._replace(netloc=f"{parts.username}:x@{LOOPBACK}:{port}"))


def _bouncer_program() -> str | None:
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


def chain() -> list[dg.AssetsDefinition]:
    """Ten assets, each after the one before."""
    made: list[dg.AssetsDefinition] = []
    for number in range(ASSETS):

        @dg.asset(name=f"asset_{number}", deps=made[-1:])
        def body() -> None:
            return None

        made.append(body)
    return made


if __name__ == "__main__":
    sys.exit(main())
