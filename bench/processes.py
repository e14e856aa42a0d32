"""What processes cost: CPU seconds of a tree of processes, of a child, and of a child's waiting for a core."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synkro_resources.child_process import dies_with_parent

TICKS = os.sysconf("SC_CLK_TCK")
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Spent:
    """A finished child: seconds by the wall, CPU seconds, peak memory in MiB, and its last line of JSON."""

    wall_s: float
    cpu_s: float
    peak_mib: float
    told: dict[str, Any]


def tree_cpu_s(root: int) -> float:
    """CPU seconds so far of a process, of its living descendants, and of all that these have waited for."""
    stats = _stats()
    wanted, total = {root}, 0.0
    for pid in sorted(stats, key=lambda one: stats[one][1]):  # parents began before their children
        parent, _, ticks = stats[pid]
        if pid in wanted or parent in wanted:
            wanted.add(pid)
            total += ticks / TICKS
    return total


def run_child(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Spent:
    """Run a module of ours to its end and measure it; its errors go to `log`.

    Raises:
        RuntimeError: it failed.
    """
    began = time.monotonic()
    with log.open("w") as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            preexec_fn=dies_with_parent(signal.SIGKILL),
        )
        assert child.stdout is not None
        told = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{arguments[0]} failed:\n{log.read_text()[-5000:]}")
    cpu_s = usage.ru_utime + usage.ru_stime
    return Spent(time.monotonic() - began, cpu_s, usage.ru_maxrss * 1024 / MIB, json.loads(told.splitlines()[-1]))


def _stats() -> dict[int, tuple[int, int, int]]:
    """Parent, start and CPU ticks (own and of children waited for) of every process."""
    found: dict[int, tuple[int, int, int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        ticks = sum(int(number) for number in fields[11:15])
        found[int(entry.name)] = (int(fields[1]), int(fields[19]), ticks)
    return found
