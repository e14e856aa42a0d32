"""All benches, one after another: `python -m bench [--size default|large] [--only NAME …]`, or `make bench`.

Every bench runs in a process of its own; its whole text goes to `.synkro/bench/<name>.log`, its rows to
`.synkro/bench/rows.jsonl` with the CPU seconds of all its processes and the peak of the largest, and the table of all
rows to `.synkro/bench/table.md`. A bench that cannot run here (a peer without its environment) is named and left out.
Ends with 1 if an aim is missed or a bench breaks.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.peer import PEER_PYTHON
from bench.processes import MIB
from bench.table import ROWS_FILE, markdown

FOLDER = Path(".synkro/bench")


@dataclass(frozen=True, slots=True)
class Bench:
    """A module and its arguments by size; several turns of a size give the growth."""

    name: str
    module: str
    default: Sequence[str]
    large: Sequence[str] = ()

    def turns(self, size: str) -> Sequence[str]:
        return self.large if size == "large" and self.large else self.default

    @property
    def missing(self) -> str:
        """Why it cannot run here; empty if it can."""
        if importlib.util.find_spec(self.module) is None:
            return "there is no such bench in this version"
        if self.name == "peer" and not PEER_PYTHON.exists():
            return "the peer has no environment yet: make bench-peer"
        return ""


BENCHES = (
    Bench("start", "bench.start", [""]),
    Bench("sources", "bench.sources", ["pace 20"], ["pace 60", "large"]),
    Bench(
        "normalize",
        "bench.normalize",
        [f"--size medium --days {days}" for days in (6, 24, 96)],
        ["--size large --days 31"],
    ),
    Bench(
        "warehouse",
        "bench.warehouse",
        [f"--rows {rows}" for rows in (5_000, 20_000, 80_000)],
        [f"--rows {rows}" for rows in (50_000, 200_000, 800_000)],
    ),
    Bench("peer", "bench.peer", ["--size medium --rounds 1"], ["--size medium --rounds 3"]),
    Bench("reports", "bench.reports", ["--size medium"], ["--size large"]),
    Bench("masking", "bench.masking", [f"--dialogs {count}" for count in (500, 2_000, 8_000)]),
    Bench(
        "analysis",
        "bench.analysis",
        [f"--episodes {count}" for count in (50, 200, 800)],
        [f"--episodes {count}" for count in (250, 1_000, 4_000)],
    ),
    Bench("cabinet", "bench.cabinet", ["--size small"], ["--size large"]),
    Bench("overhead", "bench.overhead", ["--repeats 3 --tenants 3"], ["--repeats 5 --tenants 100"]),
    Bench(
        "fleet",
        "bench.fleet",
        ["--tenants 21 --moscow 20 --hours 17 --backfill"],
        ["--slots 8 --cores 4 --backfill"],
    ),
)
"""In the order in which data go through the product."""


def run(bench: Bench, size: str) -> tuple[list[dict[str, Any]], bool]:
    """All turns of a bench: their rows, and whether everything held."""
    rows: list[dict[str, Any]] = []
    held = True
    with (FOLDER / f"{bench.name}.log").open("w") as log:
        for arguments in bench.turns(size):
            collected = FOLDER / "turn.jsonl"
            collected.unlink(missing_ok=True)
            command = [sys.executable, "-m", bench.module, *arguments.split()]
            began = time.monotonic()
            child = subprocess.Popen(
                command, env={**os.environ, ROWS_FILE: str(collected.resolve())}, stdout=log, stderr=log
            )
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            cost = {
                "cpu_s": usage.ru_utime + usage.ru_stime,
                "peak_mib": usage.ru_maxrss * 1024 / MIB,
                "wall_s": time.monotonic() - began,
                "load": os.getloadavg()[0],
            }
            found = [json.loads(line) for line in collected.read_text().splitlines()] if collected.exists() else []
            collected.unlink(missing_ok=True)
            rows += [row | cost for row in found]
            held = held and child.returncode == 0
            words = "ok" if child.returncode == 0 else f"ended with {child.returncode}"
            print(f"{bench.name} {arguments}: {words}, {cost['wall_s']:.0f} s", flush=True)
            if not found:
                print(f"  no figure; see {log.name}", flush=True)
    return rows, held


def main() -> int:
    names = [bench.name for bench in BENCHES]
    parser = argparse.ArgumentParser(prog="python -m bench", description="All benches, one table.")
    parser.add_argument("--size", choices=["default", "large"], default="default")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    held, left_out = True, dict[str, str]()
    for bench in BENCHES:
        if bench.name not in options.only:
            continue
        if bench.missing:
            left_out[bench.name] = bench.missing
            continue
        found, holds = run(bench, options.size)
        rows, held = rows + found, held and holds
    written_at = datetime.now(UTC).isoformat(timespec="seconds")
    head = f"Size {options.size}, {written_at}, {os.cpu_count()} cores, load of the machine {os.getloadavg()[0]:.1f}."
    missing = "".join(f"\n\nLeft out: {name} ({why})." for name, why in left_out.items())
    text = f"{head}\n\n{markdown(rows)}{missing}\n"
    (FOLDER / "rows.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    (FOLDER / "table.md").write_text(text)
    print(f"\n{text}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
