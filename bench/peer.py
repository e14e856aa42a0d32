"""Next to a peer: `python -m bench.peer [--size SIZE] [--days DAYS] [--rounds N]`, after `make bench-peer` has made its
environment.

The same vendors over real sockets without rate limits, the same rows, the same PostgreSQL server: once by Synkro
(`bench.peer_assets`: its readers, its lake, its normalised tables, its direct writer and the comparison afterwards),
once by a dlt pipeline (`bench/peer_dlt.py`), each in a process of its own. Counted are the distinct vendor rows that
both stored, whose ids have to be the same, by the seconds of each run without starting its process. A second dlt run
keeps nested lists as JSON instead of its default child tables; it is shown and not judged.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg2
from psycopg2.extensions import connection as PgConnection

from bench.installation import Installation, installation
from bench.large import NO_LIMIT, run_load
from bench.peer_assets import RAW, SENT
from bench.table import Row, tell
from bench.vendors import CALLS, END, PRESENT, SLUG, Vendors, digest, vendors
from synkro_assets.crm.extract import CHAT_EVENTS, HISTORY_EVENTS
from synkro_resources.amocrm.client import PARTS, SETTLE
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.lake import Lake
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.window import TenantWindow
from synkro_resources.radist.times import format_time
from synkro_resources.sandbox.credentials import RADIST_COMPANY_ID, amocrm_token, radist_key
from synkro_resources.sandbox.supabase.project import plain_dsn, prepare_project
from synkro_resources.sandbox.world.calendar import ZONE
from synkro_resources.sandbox.world.sizes import SIZES
from synkro_resources.supabase.ddl import apply_ddl
from synkro_resources.supabase.writer import warehouse_name

AIM = 5.0
"""Times the rows per second of the peer, with less memory."""
ROUNDS = 3
PEER_PYTHON = Path(".venv-peer/bin/python")
DATASET = "vendors"
WRITER = "bench-writer"
KEYS = {"radist/chats": "chat_id", "radist/messages": "message_id"}
SYNKRO, DLT, DLT_FLAT = "Synkro", "dlt", "dlt, lists kept as JSON"
NESTING = {DLT: None, DLT_FLAT: 0}


@dataclass(frozen=True, slots=True)
class Run:
    """One side's run. `process_s`: with starting and ending its process; `cpu_s`: CPU seconds of all that.

    `vendors_s`: CPU seconds of the vendors' process. `parts`: seconds by what they were spent on.
    """

    ids: dict[str, list[str]]
    seconds: float
    peak: float
    parts: dict[str, float]
    process_s: float
    cpu_s: float
    requests: int
    vendors_s: float

    @property
    def rows(self) -> int:
        return sum(map(len, self.ids.values()))


Told = tuple[float, float, dict[str, float]]
"""Seconds, peak in MiB and seconds by part of a run, as its own process told them."""


def measured(served: Vendors, work: Callable[[], Told]) -> Callable[[dict[str, list[str]]], Run]:
    """Do `work`, which starts one process, and look at it from outside; what it stored is added afterwards."""
    asked, busy, used, began = _requests(served), _cpu_s(served.pid), _children_cpu_s(), time.monotonic()
    told = work()
    process_s, cpu_s = time.monotonic() - began, _children_cpu_s() - used
    requests, vendors_s = _requests(served) - asked, _cpu_s(served.pid) - busy
    return lambda ids: Run(ids, *told, process_s, cpu_s, requests, vendors_s)


def _requests(served: Vendors) -> int:
    return sum(vendor["requests"] for vendor in served.answers().values())


def _children_cpu_s() -> float:
    """CPU seconds of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def database(home: Installation, name: str) -> str:
    """The address of a new database on the installation's PostgreSQL."""
    address = plain_dsn(home.environment["SYNKRO_DATABASE_URL"])
    owner = psycopg2.connect(address)
    owner.autocommit = True
    try:
        with owner.cursor() as cursor:
            cursor.execute(f"create database {name}")
    finally:
        owner.close()
    return f"{address.rpartition('/')[0]}/{name}"


def run_synkro(served: Vendors, home: Installation, window: TenantWindow) -> tuple[Run, dict[str, int]]:
    """The run, and rows per table of its database."""
    url = database(home, "project")
    prepare_project(url, "authenticator")
    apply_ddl(url.replace("postgresql://", "postgresql+psycopg2://", 1), writer_password=WRITER, zone=ZONE)
    scheme, _, rest = url.partition("://")
    direct = f"{scheme}://synkro_writer:{WRITER}@{rest.rpartition('@')[2]}"
    db, keyring = Database.from_settings(home.settings), Keyring.from_settings(home.settings)
    try:
        set_integration(db, keyring, SLUG, IntegrationKind.SUPABASE, {}, {"connection_string": direct}, "bench")
    finally:
        db.close()

    def load() -> Told:
        told = run_load(home, window.first_day, window.last_day, "peer")
        if not told["success"]:
            raise RuntimeError("Synkro's run failed")
        return told["seconds"], told["peak"], parts_of(told)

    run = measured(served, load)
    lake = Lake(home.settings.lake_root)
    ids: dict[str, list[str]] = {}
    for table in RAW:
        columns = [table.key[0]]
        stored = (
            lake.read_current(table, SLUG, columns=columns)
            if table.has_current
            else lake.read_days(table, SLUG, window.days, columns=columns)
        )
        ids[table.name] = sorted(map(str, stored.column(columns[0]).to_pylist()))
    project = psycopg2.connect(url)
    try:
        sent = {table.name: int(column(project, f"select count(*) from {warehouse_name(table)}")[0]) for table in SENT}
    finally:
        project.close()
    return run(ids), sent


def parts_of(told: dict[str, Any]) -> dict[str, float]:
    """Seconds of the steps by what they do, the reading of each source first."""
    names = {"amocrm": "reading", "radist": "reading", "normalized": "normalising", "supabase": "sending, comparing"}
    parts = dict.fromkeys(names.values(), 0.0)
    for step in told["steps"]:
        parts[names[step["name"].partition("/")[0]]] += step["seconds"]
    return {**parts, "between steps": told["seconds"] - sum(parts.values())}


def run_dlt(served: Vendors, home: Installation, window: TenantWindow, name: str) -> Run:
    url = database(home, "peer" if NESTING[name] is None else "peer_flat")
    job = {
        "amocrm_url": f"{served.url}/amocrm/{SLUG}",
        "amocrm_token": amocrm_token(SLUG),
        "radist_url": f"{served.url}/radist/{SLUG}/v2",
        "radist_key": radist_key(SLUG),
        "company_id": RADIST_COMPANY_ID,
        "parts": PARTS,
        "note_types": CALLS,
        "event_types": [*HISTORY_EVENTS, *CHAT_EVENTS],
        "since": format_time(window.start),
        "until": format_time(window.end),
        "since_s": int(window.start.timestamp()),
        "until_s": int(min(window.end, PRESENT - SETTLE).timestamp()),
        "database_url": url,
        "dataset": DATASET,
        "max_table_nesting": NESTING[name],
    }
    environment = {
        **{key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "DLT_DATA_DIR": str(home.settings.state_dir / "dlt"),
    }

    log = home.settings.state_dir / "dlt.log"

    def load() -> Told:
        command = [str(PEER_PYTHON), "bench/peer_dlt.py"]
        with log.open("w") as errors:
            done = subprocess.run(
                command, env=environment, input=json.dumps(job), stdout=subprocess.PIPE, stderr=errors, text=True
            )
        if done.returncode:
            sys.stderr.write(log.read_text()[-10_000:])
            raise RuntimeError("the peer's process failed")
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told["seconds"], told["peak"], told["parts"]

    run = measured(served, load)
    stored = psycopg2.connect(url)
    ids: dict[str, list[str]] = {}
    try:
        for table in RAW:
            key, place = KEYS.get(table.name, "id"), table.asset_key[-1]
            ids[table.name] = sorted(map(str, column(stored, f"select {key} from {DATASET}.{place}")))
    finally:
        stored.close()
    return run(ids)


def column(connection: PgConnection, statement: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return [row[0] for row in cursor.fetchall()]


def one_round(served: Vendors, window: TenantWindow) -> tuple[dict[str, Run], dict[str, int]]:
    """Every side on an installation that holds nothing yet."""
    rates = {"SYNKRO_AMOCRM_RATE": NO_LIMIT, "SYNKRO_RADIST_RATE": NO_LIMIT}
    with installation(served.url, served.first_day, **rates) as home:
        synkro, sent = run_synkro(served, home, window)
        return {SYNKRO: synkro, **{name: run_dlt(served, home, window, name) for name in NESTING}}, sent


def same_rows(runs: dict[str, Run]) -> bool:
    """Print per table what each side stored; True if the ids are the same, each once."""
    held = True
    for table in RAW:
        found = {name: run.ids[table.name] for name, run in runs.items()}
        wanted = found[SYNKRO]
        same = all(ids == wanted for ids in found.values()) and len(set(wanted)) == len(wanted) > 0
        held &= same
        counts = ", ".join(f"{name} {len(ids)}" for name, ids in found.items())
        print(f"  {'ok  ' if same else 'FAIL'} {table.name:<18} {counts}; ids {digest(wanted)}")
    return held


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.peer", description="Loading vendors, next to dlt.")
    parser.add_argument("--size", choices=SIZES, default="medium")
    parser.add_argument("--days", type=int, default=31)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    if not PEER_PYTHON.exists():
        print("the peer has no environment yet: make bench-peer", file=sys.stderr)
        return 2
    window = _window(options.days)
    rounds: list[dict[str, Run]] = []
    sent: dict[str, int] = {}
    with vendors(options.size, rate_limits=False) as served:
        for _ in range(options.rounds):
            runs, sent = one_round(served, window)
            rounds.append(runs)
    print(
        f"{options.days} days of a {options.size} company, median of {options.rounds} rounds; "
        f"load of the machine {os.getloadavg()[0]:.1f}"
    )
    same = same_rows(rounds[0]) and all(_equal(runs, rounds[0]) for runs in rounds)
    print("  Synkro's rows in PostgreSQL: " + ", ".join(f"{name.split('/')[-1]} {rows}" for name, rows in sent.items()))
    pace = {name: statistics.median(run.rows / run.seconds for run in _of(rounds, name)) for name in rounds[0]}
    peak = {name: statistics.median(run.peak for run in _of(rounds, name)) for name in rounds[0]}
    for name in rounds[0]:
        _print_side(name, _of(rounds, name), pace, peak)
    held = same and pace[SYNKRO] >= AIM * pace[DLT] and peak[SYNKRO] < peak[DLT]
    print("met" if held else f"not met: {AIM:.0f}x the rows per second of dlt and less memory, the same rows")
    paces = [run.rows / run.seconds for run in _of(rounds, SYNKRO)]
    tell(
        Row(
            bench="peer",
            measures="rows a second from the vendors to the client's database, Dagster and all our work included",
            value=pace[SYNKRO],
            low=min(paces),
            high=max(paces),
            unit="rows/s",
            repeats=options.rounds,
            ratio=pace[SYNKRO] / pace[DLT],
            next_to=f"a dlt pipeline; memory {peak[SYNKRO]:.0f} against {peak[DLT]:.0f} MiB",
            aim=f"≥ {AIM:.0f}, less memory",
            met=held,
        )
    )
    return 0 if held else 1


def _window(days: int) -> TenantWindow:
    last: date = END.astimezone(ZoneInfo(ZONE)).date()
    return TenantWindow(SLUG, ZONE, last - timedelta(days=days - 1), last)


def _of(rounds: list[dict[str, Run]], name: str) -> list[Run]:
    return [runs[name] for runs in rounds]


def _equal(runs: dict[str, Run], first: dict[str, Run]) -> bool:
    return all(run.ids == first[SYNKRO].ids for run in runs.values())


def _print_side(name: str, runs: list[Run], pace: dict[str, float], peak: dict[str, float]) -> None:
    def median(field: str) -> float:
        return statistics.median(getattr(run, field) for run in runs)

    print(
        f"{name:<24}{pace[name]:>8.0f} rows/s {pace[name] / pace[DLT]:>6.2f}x dlt {peak[name]:>6.0f} MiB "
        f"{peak[name] / peak[DLT]:>5.2f}x dlt {runs[0].requests:>6} requests"
    )
    parts = ", ".join(f"{part} {statistics.median(run.parts[part] for run in runs):.1f}" for part in runs[0].parts)
    print(f"    {runs[0].rows} rows in {median('seconds'):.1f} s: {parts}")
    print(
        f"    with its process {median('process_s'):.1f} s, of it CPU {median('cpu_s'):.1f} s; "
        f"the vendors' CPU {median('vendors_s'):.1f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
