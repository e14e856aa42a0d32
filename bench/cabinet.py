"""How quick the cabinet is with many companies behind it: `python -m bench.cabinet [--size small|large]`.

The real server is a process of its own, with the gate and a database of companies some of which have a year behind
them. Tabs without a browser ask for pages over the websocket. Prints the time of a rerun as a tab waits for it, alone
and with fifty people who think for five seconds, the memory of a session, and what each page asks of the database.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from bench.cabinet_tab import Tab
from bench.cabinet_world import LONG, Company, build
from bench.processes import MIB
from bench.table import Row, tell
from synkro_app.cabinet.paths import PAGES, START
from synkro_resources.child_process import dies_with_parent
from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.migrate import migrate
from synkro_resources.embedded_postgres import EmbeddedPostgres
from synkro_resources.settings import Settings

SIZES = {"small": (8, 2), "large": (250, 10)}
"""Companies, and how many of them have a year behind them."""
TIMED = {START: "Обзор", "data": "Данные"}
ALONE_S, CROWD_S, MOST_QUERIES = 0.150, 0.250, 10
MOST_ROWS = 1_000
"""Rows of one statement that no page may pass: what has no such bound grows with the company."""
PEOPLE, THINK_S, CROWD_LASTS_S = 50, 5.0, 60.0
RERUNS = 15
START_WITHIN_S = 180.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What one rerun of a page asks of the database: statements, and the most rows of one of them."""

    queries: int
    most_rows: int
    widest: str
    repeated: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Crowd:
    """`seconds`: of each rerun; `session_mib`: what one more open tab costs; `core`: the share of one that was used."""

    seconds: list[float]
    session_mib: float
    core: float


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.cabinet", description="The cabinet's pace.")
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the companies there, and use those there")
    parser.add_argument("--show", nargs="+", default=[], metavar="PAGE", help="only print every statement of pages")
    options = parser.parse_args()
    count, long = SIZES[options.size]
    with tempfile.TemporaryDirectory(prefix="synkro-bench-") as name:
        folder = options.keep or Path(name)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o711)  # the database's account must pass through
        with EmbeddedPostgres(folder) as server:
            url = server.create_database("synkro")
            companies = _world(folder, url, count, long)
            environment = {
                **{key: value for key, value in os.environ.items() if not key.startswith("SYNKRO_")},
                "SYNKRO_STATE_DIR": str(folder),
                "SYNKRO_DATABASE_URL": url,
                "SYNKRO_ALLOW_SANDBOX": "1",
            }
            alone, cpu, crowd = dict[str, list[float]](), dict[str, float](), None
            if not options.show:
                with _serving(environment, folder, "synkro_app.server") as (cabinet, pid):
                    for page in TIMED:
                        alone[page], cpu[page] = asyncio.run(_alone(cabinet, pid, page, companies))
                    crowd = asyncio.run(_crowd(cabinet, pid, companies))
            statements = folder / "statements.jsonl"
            with _serving(environment, folder, "bench.cabinet_server", str(statements)) as (cabinet, _):
                asked = asyncio.run(_asked(cabinet, statements, companies, options.show))
    return 0 if all([*_told(count, long, alone, cpu, crowd, asked)]) else 1


def _world(folder: Path, url: str, count: int, long: int) -> list[Company]:
    """The companies of a folder, made at the first time."""
    kept = folder / "companies.json"
    if kept.exists():
        return [Company(**one) for one in json.loads(kept.read_text())]
    began = time.monotonic()
    migrate(url)
    settings = Settings.load(state_dir=folder, database_url=url, allow_sandbox=True)
    db = Database(url, statement_timeout_s=600)
    slugs = [f"company-{number}" for number in range(count)]
    companies = build(settings, db, Keyring.from_settings(settings), slugs, long)
    db.close()
    kept.write_text(json.dumps([asdict(one) for one in companies]))
    print(f"{count} companies, {long} with a year, made in {time.monotonic() - began:.0f} s", flush=True)
    return companies


async def _alone(url: str, pid: int, page: str, companies: Sequence[Company]) -> tuple[list[float], float]:
    """Reruns of a page by one person at a time, those with a year behind them first; the first drawing is left out.

    Also the CPU seconds of the server per rerun: what remains the same on a machine that does other work.
    """
    spent = 0.0
    found: list[float] = []
    for company in sorted(companies, key=lambda one: -one.days)[:10]:
        async with Tab(url, company.cookie) as tab:
            await tab.run(_address(page))
            before = _cpu_s(pid)
            found += [await tab.run(_address(page)) for _ in range(RERUNS)]
            spent += _cpu_s(pid) - before
    return found, spent / len(found)


async def _crowd(url: str, pid: int, companies: Sequence[Company]) -> Crowd:
    """People of many companies at once, who look at Обзор and Данные in turn, once all of them have signed in."""
    before = _memory(pid)
    found: list[float] = []
    held: list[float] = []
    all_are_in = asyncio.Barrier(PEOPLE)

    async def person(number: int) -> None:
        chance = random.Random(number)
        await asyncio.sleep(chance.uniform(0, THINK_S))
        async with Tab(url, companies[number % len(companies)].cookie) as tab:
            pages = [_address(page) for page in TIMED]
            await tab.run(pages[0])  # the first drawing, as after a sign-in
            await all_are_in.wait()
            began = time.monotonic()
            if not ticks:
                ticks.append(_cpu_s(pid))
            while time.monotonic() - began < CROWD_LASTS_S:
                await asyncio.sleep(chance.expovariate(1 / THINK_S))
                found.append(await tab.run(chance.choice(pages)))
            held.append(_memory(pid))

    ticks: list[float] = []
    await asyncio.gather(*(person(number) for number in range(PEOPLE)))
    core = (_cpu_s(pid) - ticks[0]) / CROWD_LASTS_S
    return Crowd(found, (held[0] - before) / PEOPLE, core)


async def _asked(url: str, statements: Path, companies: Sequence[Company], show: Sequence[str]) -> dict[str, Asked]:
    """Each page of the company with the longest history, drawn for the second time."""
    found: dict[str, Asked] = {}
    for page in PAGES:
        cookie = companies[0].operators if page == "operator" else companies[0].cookie
        async with Tab(url, cookie) as tab:
            await tab.run(_address(page))
            known = statements.stat().st_size
            await tab.run(_address(page))
        with statements.open(encoding="utf-8") as lines:
            lines.seek(known)
            told = [json.loads(line) for line in lines]
        if page in show:
            print(f"{page}:\n" + "\n".join(f"{one['rows']:>6} {one['sql']}" for one in told))
        widest = max(told, key=lambda one: one["rows"])
        texts = [one["sql"] for one in told]
        repeated = tuple(sorted({text for text in texts if texts.count(text) > 1}))
        found[page] = Asked(len(told), widest["rows"], widest["sql"], repeated)
    return found


def _told(
    count: int,
    long: int,
    alone: dict[str, list[float]],
    cpu: dict[str, float],
    crowd: Crowd | None,
    asked: dict[str, Asked],
) -> Generator[bool]:
    behind = f"{count} companies, {long} of them with {LONG} days"
    rows = [
        _timed(f"a rerun of {TIMED[page]} alone, p95, {behind}", seconds, ALONE_S) for page, seconds in alone.items()
    ]
    for page, seconds in cpu.items():
        rows.append(
            Row(f"cabinet-cpu-{page}", f"CPU of a rerun of {TIMED[page]}", seconds * 1000, "ms", len(alone[page]))
        )
    if crowd is not None:
        people = f"{PEOPLE} people with {THINK_S:.0f} s to think, p95, one process ({crowd.core:.0%} of a core)"
        rows.append(_timed(f"a rerun among {people}", crowd.seconds, CROWD_S))
        rows.append(Row("cabinet-memory", "memory of one more session", crowd.session_mib, "MiB", PEOPLE))
    most = max(asked, key=lambda page: asked[page].queries)
    rows.append(
        Row(
            "cabinet-queries",
            f"queries of the page that asks most («{most}»)",
            asked[most].queries,
            "queries",
            len(asked),
            low=min(one.queries for one in asked.values()),
            high=asked[most].queries,
            aim=f"≤ {MOST_QUERIES}",
            met=asked[most].queries <= MOST_QUERIES,
        )
    )
    wide = max(asked, key=lambda page: asked[page].most_rows)
    rows.append(
        Row(
            "cabinet-rows",
            f"rows of the widest statement («{wide}»)",
            asked[wide].most_rows,
            "rows",
            len(asked),
            aim=f"≤ {MOST_ROWS:,}",
            met=asked[wide].most_rows <= MOST_ROWS,
        )
    )
    for page, one in asked.items():
        is_over = one.queries > MOST_QUERIES or one.most_rows > MOST_ROWS
        print(f"{page:<10}{one.queries:>4} queries, at most {one.most_rows:>5} rows{'  OVER' if is_over else ''}")
        if one.most_rows > MOST_ROWS:
            print(f"    {one.widest[:400]}")
        for text in one.repeated:
            print(f"    more than once: {text[:160]}")
    for row in rows:
        verdict = {True: "met", False: "not met", None: ""}[row.met]
        spread = "" if row.low is None else f" ({row.low:.3g} to {row.high:.3g})"
        print(f"{row.measures}: {row.value:.3g} {row.unit}{spread} {row.aim} {verdict}")
        yield row.met is not False
    tell(*rows)


def _timed(measures: str, seconds: Sequence[float], aim_s: float) -> Row:
    """Milliseconds: the figure is the 95th percentile, its spread from the median to the slowest."""
    p95 = statistics.quantiles(seconds, n=20)[-1] * 1000
    return Row(
        "cabinet-crowd" if aim_s == CROWD_S else f"cabinet-{measures.split()[3]}",
        measures,
        p95,
        "ms",
        len(seconds),
        low=statistics.median(seconds) * 1000,
        high=max(seconds) * 1000,
        aim=f"≤ {aim_s * 1000:.0f} ms",
        met=p95 <= aim_s * 1000,
    )


@contextmanager
def _serving(environment: dict[str, str], folder: Path, *command: str) -> Generator[tuple[str, int]]:
    """The address and the process of a server, ready to draw."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            env=environment | {"SYNKRO_CABINET_PORT": str(port)},
            stdout=out,
            stderr=subprocess.STDOUT,
            preexec_fn=dies_with_parent(signal.SIGKILL),
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process, log)
        yield url, process.pid
    except RuntimeError:
        print(log.read_text()[-5000:], file=sys.stderr)
        raise
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/healthz", timeout=2, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise RuntimeError(f"the cabinet did not start:\n{log.read_text()[-3000:]}")


def _address(page: str) -> str:
    return "" if page == START else page


def _memory(pid: int) -> float:
    """MiB that the process holds now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / MIB for line in lines if line.startswith("VmRSS:"))


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
