"""The first load of a large company in one process: is everything there, and how much memory did it need?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bench.installation import Installation, installation
from bench.vendors import END, SLUG, Vendors, digest, vendors
from synkro_resources.lake import Lake
from synkro_resources.model.tables import TABLES
from synkro_resources.sandbox.world.calendar import ZONE

MOST_MIB = 400
MOST_GENERATION_S = 60
WINDOW_DAYS = 31
NO_LIMIT = "100000"
"""Requests per second: the vendors' limits are off here, only the program itself is measured."""


def large() -> bool:
    """Load the last 31 days and then, into an empty lake, the whole year; True if all that was asked for holds."""
    last = END.astimezone(ZoneInfo(ZONE)).date()
    with vendors("large", rate_limits=False) as served:
        held = [_held("generation", f"{served.built_s:.0f} s", served.built_s < MOST_GENERATION_S)]
        for first in (last - timedelta(days=WINDOW_DAYS - 1), served.first_day):
            held.append(_first_load(served, first, last))
    return all(held)


def _first_load(served: Vendors, first: date, last: date) -> bool:
    print(f"\nfirst load of {first} … {last}, {(last - first).days + 1} days")
    rates = {"SYNKRO_AMOCRM_RATE": NO_LIMIT, "SYNKRO_RADIST_RATE": NO_LIMIT}
    with installation(served.url, served.first_day, **rates) as home:
        before = served.answers()
        told = run_load(home, first, last)
        after = served.answers()
        asked = {vendor: after[vendor]["requests"] - before[vendor]["requests"] for vendor in ("amocrm", "radist")}
        for step in told["steps"]:
            requests = f"{step['requests']:.0f} requests, {step['waits_s']:.1f} s waited" if "requests" in step else ""
            print(f"  {step['name']:<24} {step['seconds']:>7.1f} s  {step['peak']:>5.0f} MiB  {requests}")
        highest = max(told["steps"], key=lambda step: step["peak"])["name"]
        print(f"  requests: {asked}; load of the machine {os.getloadavg()[0]:.1f}; {told['seconds']:.0f} s")
        compared = compare(home, served.expected(first, last))
        retried = sum(step.get("retries", 0) + step.get("slowdowns", 0) for step in told["steps"])
        held = [
            *compared,
            _held("the run succeeded", told["success"], told["success"]),
            _held("repeated requests", f"{retried:.0f}", not retried),
            _held(
                "peak memory",
                f"{told['peak']:.0f} MiB at {highest} ({told['before']:.0f} before the run)",
                told["peak"] <= MOST_MIB,
            ),
        ]
    return all(held)


def run_load(home: Installation, first: date, last: date, part: str = "sources") -> dict[str, Any]:
    """What `bench.load` tells of a run in its own process."""
    command = [sys.executable, "-m", "bench.load", str(first), str(last), part]
    log = home.settings.state_dir / "load.log"
    with log.open("w") as errors:
        done = subprocess.run(command, env=home.environment, stdout=subprocess.PIPE, stderr=errors, text=True)
    if done.returncode:
        sys.stderr.write(log.read_text()[-10_000:])
        raise RuntimeError("the process of the load failed")
    told = json.loads(done.stdout.splitlines()[-1])
    if not told["success"]:
        sys.stderr.write(log.read_text()[-10_000:])
    return told


def compare(home: Installation, expected: dict[str, Any]) -> list[bool]:
    """Stored against planted: ids of what has a present state, rows per day of what happens."""
    lake = Lake(home.settings.lake_root)
    held: list[bool] = []
    for name, wanted in expected.items():
        table = TABLES[name]
        if isinstance(wanted, dict):
            found: Any = {day.isoformat(): _rows(lake, name, day) for day in lake.days(table, SLUG)}
            shown = f"{sum(found.values())} rows on {len(found)} days, planted {sum(wanted.values())}"
            found = {day: rows for day, rows in found.items() if rows}
        else:
            ids = lake.read_current(table, SLUG, columns=["id"]).column("id").to_pylist()
            found = [len(ids), digest(map(str, ids))]
            shown = f"{found[0]} ids, planted {wanted[0]}"
        held.append(_held(name, shown, found == wanted))
    return held


def _rows(lake: Lake, name: str, day: date) -> int:
    table = TABLES[name]
    return lake.read_days(table, SLUG, [day], columns=table.key[:1]).num_rows


def _held(what: str, shown: object, holds: bool) -> bool:
    print(f"  {'ok  ' if holds else 'FAIL'} {what}: {shown}", flush=True)
    return holds
