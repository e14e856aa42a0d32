"""One run of assets in this process, as a run's own process would do it: `python -m bench.load FIRST LAST [PART]`.

PART: `sources` (the default), `normalized`, which reads what the sources have stored, or `peer` (see `bench.peer`).

Prints one JSON line: whether it succeeded, seconds, the peak of this process's memory and what each step took.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from bench.peer_assets import PEER_ASSETS
from bench.vendors import SLUG
from synkro_assets.automation.jobs import DATA_JOB, asset_keys
from synkro_assets.automation.sensors import reconcile_tenants
from synkro_assets.definitions import NORMALIZED, SOURCES, build_defs
from synkro_assets.partitions import range_tags
from synkro_resources.platform import Platform
from synkro_resources.settings import Settings

SAMPLE_EVERY_S = 0.05
MIB = 1024 * 1024
NUMBERS = ("requests", "waits_s", "retries", "slowdowns")


class MemorySampler:
    """Resident bytes of this process by wall clock."""

    def __init__(self) -> None:
        self.samples: list[tuple[float, int]] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)

    def __enter__(self) -> MemorySampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def peak_between(self, start: float, end: float) -> int:
        return max((size for at, size in self.samples if start <= at <= end), default=0)

    def _watch(self) -> None:
        while not self._done.wait(SAMPLE_EVERY_S):
            self.samples.append((time.time(), resident("VmRSS")))


def resident(field: str) -> int:
    """Bytes. `VmHWM` is the peak that `getrusage` tells, without what the parent had before this process began."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))


PARTS = {"sources": SOURCES, "normalized": NORMALIZED, "peer": PEER_ASSETS}


def load(first: date, last: date, part: str = "sources") -> dict[str, Any]:
    settings = Settings.load()
    defs = build_defs(settings)
    platform = Platform.open(settings)
    with dg.DagsterInstance.get() as instance:
        reconcile_tenants(instance, platform)
        platform.control.close()
        job = defs.resolve_job_def(DATA_JOB)
        before = resident("VmRSS")
        began = time.monotonic()
        with MemorySampler() as sampler:
            result = job.execute_in_process(
                instance=instance,
                tags=range_tags(SLUG, first, last),
                asset_selection=asset_keys(PARTS[part]),
                raise_on_error=False,
            )
        seconds, peak = time.monotonic() - began, resident("VmHWM")
        return {
            "success": result.success,
            "seconds": seconds,
            "before": before / MIB,
            "peak": peak / MIB,
            "steps": steps_of(instance, result, sampler),
        }


def steps_of(instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult, sampler: MemorySampler) -> list[Any]:
    """Name, seconds, peak in MiB and the numbers of requests of each step, in the order of execution."""
    kinds = {dg.DagsterEventType.STEP_START, dg.DagsterEventType.STEP_SUCCESS, dg.DagsterEventType.STEP_FAILURE}
    began: dict[str, float] = {}
    steps: list[Any] = []
    for entry in instance.all_logs(result.run_id, of_type=kinds):
        name = entry.step_key or ""
        if entry.dagster_event_type is dg.DagsterEventType.STEP_START:
            began[name] = entry.timestamp
            continue
        step: dict[str, Any] = {
            "name": name.replace("__", "/"),
            "seconds": entry.timestamp - began[name],
            "peak": sampler.peak_between(began[name], entry.timestamp) / MIB,
        }
        for event in result.asset_materializations_for_node(name) if result.success else []:
            with suppress(KeyError):
                step["checks_ms"] = event.metadata["checks_ms"].value
                step |= {number: event.metadata[number].value for number in NUMBERS}
        steps.append(step)
    return steps


if __name__ == "__main__":
    days = [date.fromisoformat(text) for text in sys.argv[1:3]]
    print(json.dumps(load(days[0], days[1], *sys.argv[3:])), flush=True)
