"""Several runs share a machine: a run's process keeps no more memory than it uses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from synkro_app.operations.dagster_home import FRUGAL
from synkro_app.operations.stack import Stack

ASKED = "import pyarrow as pa; print(pa.default_memory_pool().backend_name, pa.cpu_count(), pa.io_thread_count())"

MEMORY = """
from pathlib import Path
import pyarrow as pa
def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS:"))
pa.default_memory_pool().release_unused()
before = resident()
texts = [str(number) * 200 for number in range(100_000, 300_000)]
kept = texts[::1_000]
full = resident()
del texts
pa.default_memory_pool().release_unused()
print(before, full, resident())
"""


def said(program: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **FRUGAL}, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_arrow_understands_what_runs_are_started_with() -> None:
    assert said(ASKED) == ["system", "1", "2"]


def test_every_process_of_an_installation_is_started_so_unless_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SYNKRO_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    started_with = Stack().environment
    assert {name: started_with[name] for name in FRUGAL} == {**FRUGAL, "OMP_NUM_THREADS": "4"}


def test_what_a_step_freed_goes_back_to_the_system_although_a_little_of_it_is_kept() -> None:
    before, full, after = map(int, said(MEMORY))
    assert full - before > 100
    assert after - before < 0.1 * (full - before)
