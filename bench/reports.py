"""Packages next to a hand-written pandas script: `python -m bench.reports [--size SIZE] [--kind month|custom]`.

Both read the same lake files and compute the same figures of the period and of the one before it; the package also
keeps the rows behind every figure, its health and its hash, and stores all of that in PostgreSQL. `month`: a calendar
month; `custom`: 90 days. Prints seconds, the ratio, peak memory, and whether the figures agree.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bench.installation import Installation, installation
from bench.large import NO_LIMIT, run_load
from bench.table import Row, tell
from bench.vendors import END, SLUG, vendors
from synkro_resources.lake import Lake
from synkro_resources.model.period import Period
from synkro_resources.model.tables.dialogs import MESSAGE
from synkro_resources.model.tenant_settings import TenantSettings
from synkro_resources.rules.comparison import previous_period
from synkro_resources.rules.working_time import Calendar
from synkro_resources.sandbox.world.calendar import ZONE
from synkro_resources.sandbox.world.sizes import SIZES

AIM = 1.5
CUSTOM_DAYS = 90
CHUNK_DAYS = 31
ROUNDS = 3


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.reports", description="Packages next to plain pandas.")
    parser.add_argument("--size", choices=SIZES, default="large")
    parser.add_argument("--kind", choices=["month", "custom"], default="month")
    options = parser.parse_args()
    today = END.astimezone(ZoneInfo(ZONE)).date()
    period = Period.month_of(today.replace(day=1) - timedelta(days=1))
    if options.kind == "custom":
        period = Period.custom(today - timedelta(days=CUSTOM_DAYS), today - timedelta(days=1))
    settings = TenantSettings.model_validate({"zone": ZONE})
    before = previous_period(period, Calendar.of(settings))
    assert before is not None
    first = before.first_day - timedelta(days=settings.lookback_days)
    rates = {"SYNKRO_AMOCRM_RATE": NO_LIMIT, "SYNKRO_RADIST_RATE": NO_LIMIT}
    with (
        vendors(options.size, rate_limits=False, first_day=first if options.size != "large" else None) as served,
        installation(served.url, first, **rates) as home,
    ):
        load(home, Period.custom(first, today))
        lake = Lake(home.settings.lake_root)
        messages = sum(lake.read_days(MESSAGE, SLUG, [day], columns=["message_id"]).num_rows for day in period.days)
        ours = [told(home, "bench.package", period.kind, period.first_day, period.last_day) for _ in range(ROUNDS)]
        days = (period.first_day, period.last_day, before.first_day, before.last_day)
        plain = [told(home, "bench.pandas_report", home.settings.lake_root, SLUG, ZONE, *days) for _ in range(ROUNDS)]
    return judge(period, messages, ours, plain)


def load(home: Installation, period: Period) -> None:
    """The history in chunks, sources newest first and tables oldest first, as the product reads it."""
    chunks = [
        (day, min(day + timedelta(days=CHUNK_DAYS - 1), period.last_day)) for day in period.days[::CHUNK_DAYS]
    ]  # fmt: skip
    for part, order in (("sources", reversed(chunks)), ("normalized", chunks)):
        for first, last in order:
            run = run_load(home, first, last, part)
            if not run["success"]:
                raise RuntimeError(f"{part} of {first} to {last} failed")
            print(f"  loaded {part} {first} to {last}: {run['seconds']:.0f} s", flush=True)


def told(home: Installation, module: str, *arguments: object) -> dict[str, Any]:
    """The JSON line of a module that runs in a process of its own."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, env=home.environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{module} failed: {done.stderr[-5000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def judge(period: Period, messages: int, ours: list[dict[str, Any]], plain: list[dict[str, Any]]) -> int:
    """Print both sides; whether the aim was met and the figures agree."""
    fastest, script = min(run["step_seconds"] for run in ours), min(run["seconds"] for run in plain)
    first = ours[0]["step_seconds"]
    print(f"{period.report_id}: {messages} messages, {ours[0]['rows']} rows behind the figures")
    print(f"first build  {first:>7.2f} s  {first / script:.2f}x pandas  peak {ours[0]['peak']:.0f} MiB (rows stored)")
    print(f"rebuild      {fastest:>7.2f} s  {fastest / script:.2f}x pandas  (nothing new to store)")
    print(f"plain pandas {script:>7.2f} s              peak {plain[0]['peak']:.0f} MiB")
    agrees = True
    for name, wanted in plain[0]["figures"].items():
        found = ours[0]["figures"].get(name)
        same = found is not None and wanted is not None and math.isclose(found, wanted, rel_tol=1e-6, abs_tol=1e-6)
        agrees = agrees and same
        print(f"  {'ok  ' if same else 'FAIL'} {name}: {found} {wanted}")
    held = agrees and first / script <= AIM
    print("met" if held else f"not met: the aim is {AIM}x with equal figures")
    taken = [run["step_seconds"] for run in ours]
    tell(
        Row(
            bench="reports",
            measures=f"seconds of building the package of a {period.kind}, its rows stored",
            value=first,
            low=min(taken),
            high=max(taken),
            unit="s",
            repeats=len(ours),
            ratio=first / script,
            next_to="a hand-written pandas script with the same figures",
            aim=f"≤ {AIM}",
            met=held,
            amount=messages,
            amount_of="messages",
            seconds=first,
        )
    )
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
