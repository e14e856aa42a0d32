"""From raw Parquet to all normalised tables: `python -m bench.normalize [--size SIZE] [--days DAYS]`.

Next to the floor, measured in the same run on the same files: the time in which pyarrow reads the bytes and orjson
parses the JSON, without building anything. Messages per second and peak memory of the run's process, Dagster's own
work included, which is mostly one event per table and day.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import timedelta
from zoneinfo import ZoneInfo

import orjson

from bench.installation import installation
from bench.large import NO_LIMIT, run_load
from bench.table import Row, tell
from bench.vendors import END, SLUG, vendors
from synkro_resources.lake import Lake
from synkro_resources.model.tables import DAY_COLUMN
from synkro_resources.model.tables.raw import RADIST_MESSAGES, RAW_TABLES
from synkro_resources.sandbox.world.calendar import ZONE
from synkro_resources.sandbox.world.sizes import SIZES

AIM = 3.0
REPEATS = 3


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.normalize", description="From raw to normalised tables.")
    parser.add_argument("--size", choices=SIZES, default="large")
    parser.add_argument("--days", type=int, default=31)
    options = parser.parse_args()
    last = END.astimezone(ZoneInfo(ZONE)).date()
    first = last - timedelta(days=options.days - 1)
    rates = {"SYNKRO_AMOCRM_RATE": NO_LIMIT, "SYNKRO_RADIST_RATE": NO_LIMIT}
    with (
        vendors(options.size, rate_limits=False) as served,
        installation(served.url, served.first_day, **rates) as home,
    ):
        if not run_load(home, first, last)["success"]:
            return 1
        lake = Lake(home.settings.lake_root)
        messages = sum(
            lake.read_days(RADIST_MESSAGES, SLUG, [day], columns=["message_id"]).num_rows
            for day in lake.days(RADIST_MESSAGES, SLUG)
        )
        floor_s = min(floor(lake) for _ in range(REPEATS))
        told = run_load(home, first, last, "normalized")
        again = run_load(home, first, last, "normalized")
    for step in told["steps"]:
        print(f"  {step['name']:<28} {step['seconds']:>7.1f} s  {step['peak']:>5.0f} MiB")
    print(f"{messages} messages of {options.days} days of a {options.size} company")
    print(f"floor (pyarrow reads, orjson parses)  {floor_s:>8.2f} s")
    for name, run in (("first derivation", told), ("second derivation", again)):
        ratio, pace = run["seconds"] / floor_s, messages / run["seconds"]
        print(f"{name:<36}  {run['seconds']:>8.2f} s  {ratio:.1f}x floor  {pace:.0f} messages/s  {run['peak']:.0f} MiB")
    held = told["success"] and told["seconds"] / floor_s <= AIM
    print("met" if held else f"not met: the aim is {AIM:.0f}x")
    paces = [messages / run["seconds"] for run in (told, again)]
    tell(
        Row(
            bench="normalize",
            measures="messages a second from raw files to all normalised tables",
            value=paces[0],
            low=min(paces),
            high=max(paces),
            unit="messages/s",
            repeats=len(paces),
            ratio=told["seconds"] / floor_s,
            next_to="reading the bytes and parsing the JSON",
            aim=f"≤ {AIM:.0f}",
            met=held,
            amount=messages,
            amount_of="messages",
            seconds=told["seconds"],
        )
    )
    return 0 if held else 1


def floor(lake: Lake) -> float:
    """Seconds to read every raw file of the tenant and to parse its JSON, a file at a time."""
    began = time.monotonic()
    for table in RAW_TABLES:
        for day in lake.days(table, SLUG):
            _parse(lake.read_days(table, SLUG, [day]).drop_columns([DAY_COLUMN]))
        _parse(lake.read_baseline(table, SLUG))
    return time.monotonic() - began


def _parse(rows: object) -> None:
    names = getattr(rows, "column_names", [])
    if "raw" in names:
        for text in rows.column("raw").to_pylist():  # pyright: ignore[reportAttributeAccessIssue]
            orjson.loads(text or "null")


if __name__ == "__main__":
    sys.exit(main())
