"""What the checks of the data cost a load: `python -m bench.checks [--size SIZE] [--days DAYS]`, some minutes.

Milliseconds of each step's checks, and their share of the time of all steps.
"""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from zoneinfo import ZoneInfo

from bench.installation import installation
from bench.large import NO_LIMIT, run_load
from bench.vendors import END, vendors
from synkro_resources.sandbox.world.calendar import ZONE
from synkro_resources.sandbox.world.sizes import SIZES

MOST_SHARE = 0.1
"""Checks may take a tenth of the load that they guard."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.checks", description="What the checks of the data cost.")
    parser.add_argument("--size", choices=SIZES, default="medium")
    parser.add_argument("--days", type=int, default=1)
    options = parser.parse_args()
    last = END.astimezone(ZoneInfo(ZONE)).date() - timedelta(days=1)
    first = last - timedelta(days=options.days - 1)
    rates = {"SYNKRO_AMOCRM_RATE": NO_LIMIT, "SYNKRO_RADIST_RATE": NO_LIMIT}
    serving = vendors(options.size, rate_limits=False)
    with serving as served, installation(served.url, served.first_day, **rates) as home:
        runs = [run_load(home, first, last, part) for part in ("sources", "normalized")]
    if not all(run["success"] for run in runs):
        return 1
    steps = [step for run in runs for step in run["steps"] if "checks_ms" in step]
    for step in sorted(steps, key=lambda step: -step["checks_ms"]):
        print(f"  {step['name']:<28} {step['checks_ms']:>8.1f} ms of {step['seconds'] * 1000:>8.0f}")
    checks_s = sum(step["checks_ms"] for step in steps) / 1000
    share = checks_s / sum(run["seconds"] for run in runs)
    print(f"all checks of {options.days} days of a {options.size} company: {checks_s:.2f} s, {share:.1%} of the load")
    held = share <= MOST_SHARE
    print("met" if held else f"not met: the aim is {MOST_SHARE:.0%}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
