"""A simulated fleet: `python -m bench.fleet [--tenants 250] [--moscow 200] [--hours 48] [--slots N] [--backfill]`.

Hundreds of tenants wait for their report at 08:30 local time, most of them in one zone. Measured is our own planning,
fairness, locking and sending: the product's schedule, sensor, run queue, locks, outbox and clients work on a real
control database and Dagster storage, and Telegram counts what arrives. The clock is the product's own and is moved by
the bench. Runs last as long as real ones of a tiny company (measured first, each in a fresh process, or read from
`--costs`), on `--cores` cores; `--whole N` tenants have all their assets executed, the others' runs are played (see
`bench/fleet_runs.py`). Ends with 1 if a report is doubled or lost, or too late.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bench.fleet_costs import Costs, measure
from bench.fleet_loop import Loop
from bench.fleet_place import AT, BEGIN, MOSCOW, WORLD_DAYS, YEAR_DAYS, Company, Place, companies_of, place_of
from bench.table import Row, tell
from synkro_assets.automation.planning import StageKind
from synkro_resources.control.outbox import deliveries
from synkro_resources.control.run_requests import RunRequest, create_request, get_request
from synkro_resources.control.schedules import list_schedules
from synkro_resources.control.tenants import tenant_settings
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period
from synkro_resources.rules.due import occurrences
from synkro_resources.rules.working_time import Calendar

WITHIN, ALL_WITHIN = timedelta(minutes=10), timedelta(minutes=30)
SHARE_WITHIN = 0.95
MORNING = datetime.combine(BEGIN.date() + timedelta(days=1), AT, ZoneInfo(MOSCOW)).astimezone(UTC)
HISTORY_AHEAD = timedelta(minutes=20)
COSTS_FILE = Path(".synkro/bench/fleet_costs.json")


@dataclass(frozen=True, slots=True)
class Due:
    """One report that somebody waits for, and when all its parts lay in the chat (None: never)."""

    tenant: str
    zone: str
    report_id: str
    at: datetime
    sent_at: datetime | None
    copies: int

    @property
    def delay(self) -> timedelta | None:
        return None if self.sent_at is None else self.sent_at - self.at


def due_reports(place: Place, company: Company, until: datetime) -> list[Due]:
    """What the schedule promises in the simulated time, told by the rules alone, and what came of it."""
    control, slug = place.platform.control, company.slug
    schedule = list_schedules(control, slug)[0]
    calendar = Calendar.of(tenant_settings(control, slug))
    zone = ZoneInfo(company.zone)
    first, last = (instant.astimezone(zone).date() for instant in (BEGIN, until))
    parts = deliveries(control, slug, limit=10_000)
    lying = Counter(place.messages(slug))
    found: list[Due] = []
    for wanted in occurrences(schedule.rule, calendar, first, last):
        if not BEGIN < wanted.at <= until - ALL_WITHIN:
            continue
        mine = [part for part in parts if part.report_id == wanted.period.report_id]
        instants = [part.sent_at for part in mine if part.sent_at is not None]
        whole = bool(mine) and len(instants) == len(mine)
        copies = len(mine) // max(1, mine[0].parts) if mine else 0
        if not company.is_whole and mine:  # the texts of played parts are known: Telegram itself counts them
            copies = max(lying[f"{wanted.period.report_id} {part.part_no}/{part.parts}"] for part in mine)
        found.append(
            Due(slug, company.zone, wanted.period.report_id, wanted.at, max(instants) if whole else None, copies)
        )
    return found


def ask_for_a_year(place: Place, requested_by: str) -> RunRequest:
    """The last tenant's year, asked for so that its chunks are under way when the others' reports are due."""
    company = place.companies[-1]
    yesterday = BEGIN.astimezone(ZoneInfo(company.zone)).date() - timedelta(days=1)
    return create_request(
        place.platform.control,
        tenant=company.slug,
        kind=RequestKind.DATA,
        period=Period.custom(yesterday - timedelta(days=YEAR_DAYS - 1), yesterday),
        requested_by=requested_by,
        reason="bench",
        clock=place.clock,
    )


def simulate(options: argparse.Namespace, costs: Costs, *, backfill: bool) -> dict[str, Any]:
    """One simulation; what it found as numbers, delays in seconds."""
    companies = companies_of(options.tenants, min(options.moscow, options.tenants), options.whole)
    end = BEGIN + timedelta(hours=options.hours)
    began = time.process_time()
    with (
        ExitStack() as stack,
        place_of(companies, end=end, slots=options.slots, world_days=WORLD_DAYS) as place,
    ):
        loop = Loop(place, costs, cores=options.cores, stack=stack, end=end)
        asked: list[RunRequest] = []
        if backfill:
            loop.at(MORNING - HISTORY_AHEAD, lambda _at: asked.append(ask_for_a_year(place, options.backfill_by)))
        loop.run(lambda at: print(f"  {at:%d %H:%M} UTC, {loop.counters.launched} runs", file=sys.stderr, flush=True))
        reports = [due for item in companies for due in due_reports(place, item, end)]
        told = _numbers(reports, loop)
        for history in asked:
            done = get_request(place.platform.control, history.tenant, history.id)
            took = (done.finished_at or end) - history.created_at
            told["backfill"] = {"status": done.status, "hours": took / timedelta(hours=1)}
        told["bench_cpu_s"] = time.process_time() - began
    return told


def _numbers(reports: Sequence[Due], loop: Loop) -> dict[str, Any]:
    late = sorted(due.delay.total_seconds() for due in reports if due.delay is not None)
    zones: dict[str, list[float]] = {}
    for due in reports:
        if due.delay is not None:
            zones.setdefault(due.zone, []).append(due.delay.total_seconds())
    counters = loop.counters
    return {
        "due": len(reports),
        "sent": len(late),
        "doubled": sum(due.copies > 1 for due in reports),
        "lost": sum(due.sent_at is None for due in reports),
        "early": sum(seconds < 0 for seconds in late),
        "p50": _percentile(late, 0.5),
        "p95": _percentile(late, 0.95),
        "max": max(late, default=0.0),
        "zones": {zone: [len(found), _percentile(sorted(found), 0.95), max(found)] for zone, found in zones.items()},
        "runs": counters.launched,
        "whole_runs": loop.runs.whole_runs,
        "by_kind": counters.by_kind,
        "repeated_keys": counters.repeated_keys,
        "sensor_ticks": counters.sensor_ticks,
        "sensor_mean_s": counters.sensor_s / max(1, counters.sensor_ticks),
        "sensor_slowest_s": counters.slowest_tick_s,
        "longest_queue": counters.busiest_queue,
        "problems": loop.runs.problems[:20],
    }


def _percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def show(name: str, told: dict[str, Any]) -> None:
    """The table of one simulation."""
    print(f"\n### {name}\n")
    print("| due | sent | doubled | lost | early | p50 | p95 | max | runs | longest queue | sensor tick, slowest |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    delays = " | ".join(_minutes(told[key]) for key in ("p50", "p95", "max"))
    print(
        f"| {told['due']} | {told['sent']} | {told['doubled']} | {told['lost']} | {told['early']} | {delays} "
        f"| {told['runs']} | {told['longest_queue']} "
        f"| {told['sensor_mean_s'] * 1000:.0f} ms, {told['sensor_slowest_s'] * 1000:.0f} ms |"
    )
    print("\n| zone | reports | p95 | max |\n|---|---|---|---|")
    for zone, (number, p95, most) in sorted(told["zones"].items(), key=lambda item: (item[0] != MOSCOW, item[0])):
        print(f"| {zone} | {number} | {_minutes(p95)} | {_minutes(most)} |")
    if "backfill" in told:
        print(f"\nA year of one tenant beside it: {told['backfill']['status']} in {told['backfill']['hours']:.1f} h.")
    for problem in told["problems"]:
        print(f"  problem: {problem}")


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min"


def costs_of(options: argparse.Namespace) -> Costs:
    """From the file if it is there, else measured and kept there."""
    if options.costs.is_file():
        return Costs.load(options.costs, options.seed)
    print("lengths of real runs (a tiny company, a fresh process each):", flush=True)
    costs = measure(options.seed, lambda line: print(line, flush=True))
    options.costs.parent.mkdir(parents=True, exist_ok=True)
    options.costs.write_text(json.dumps(costs.to_json()))
    return costs


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.fleet", description="A simulated fleet's mornings.")
    parser.add_argument("--tenants", type=int, default=250)
    parser.add_argument("--moscow", type=int, default=200, help="how many of them are in Europe/Moscow")
    parser.add_argument("--hours", type=float, default=48)
    parser.add_argument("--cores", type=int, default=2, help="cores that the runs share")
    parser.add_argument("--slots", type=int, default=2, help="runs at the same time, SYNKRO_MAX_CONCURRENT_RUNS")
    parser.add_argument("--whole", type=int, default=1, help="tenants whose runs execute every asset")
    parser.add_argument("--backfill", action="store_true", help="once more with a year of one tenant beside it")
    parser.add_argument("--backfill-by", default="cli", help="who asks for the year: cli or user:<id>")
    parser.add_argument("--costs", type=Path, default=COSTS_FILE, help="lengths of real runs; measured if missing")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    costs = costs_of(options)
    for kind, found in costs.found.items():
        cpu, waiting = (statistics.median(getattr(cost, name) for cost in found) for name in ("cpu_s", "waiting_s"))
        print(f"  {kind:<8} {cpu:5.1f} s CPU, {waiting:5.1f} s waiting (median of {len(found)})")
    alone = simulate(options, costs, backfill=False)
    name = f"{options.tenants} tenants, {options.hours:g} h, {options.slots} slots on {options.cores} cores"
    show(name, alone)
    held = _held(alone)
    if options.backfill:
        beside = simulate(options, Costs(costs.found, options.seed), backfill=True)
        show(f"{name}, a year of one tenant beside them", beside)
        longest = max(costs.mean_s(kind) for kind in (StageKind.RAW, StageKind.DERIVED))
        grown = max(beside[key] - alone[key] for key in ("p50", "p95", "max"))
        print(f"delays grow by at most {grown:.0f} s; a run of the year lasts {longest:.0f} s")
        held = _held(beside) and grown <= longest and held
        tell(
            Row(
                bench="fleet, beside a year",
                measures="seconds by which the others' reports come later while one tenant's year is loaded",
                value=grown,
                unit="s",
                repeats=1,
                ratio=grown / longest,
                next_to="one run of the year",
                aim="≤ 1",
                met=grown <= longest,
            )
        )
        print(json.dumps({"bench": "fleet_backfill", **beside, "grown_s": grown, "run_s": longest}))
    print(json.dumps({"bench": "fleet", "tenants": options.tenants, "slots": options.slots, **alone}))
    once = "" if alone["doubled"] or alone["lost"] or alone["early"] else ", each exactly once"
    tell(
        Row(
            bench="fleet",
            measures=f"minutes until 95 % of {alone['due']} reports are sent{once}: {name}",
            value=alone["p95"] / 60,
            low=alone["p50"] / 60,
            high=alone["max"] / 60,
            unit="min (p50 to longest)",
            repeats=1,
            aim=f"≤ {WITHIN.seconds // 60}, all ≤ {ALL_WITHIN.seconds // 60}, none doubled or lost",
            met=_held(alone),
        )
    )
    print("met" if held else "not met")
    return 0 if held else 1


def _held(told: dict[str, Any]) -> bool:
    once = told["due"] and not told["doubled"] and not told["lost"] and not told["early"]
    in_time = told["p95"] <= WITHIN.total_seconds() and told["max"] <= ALL_WITHIN.total_seconds()
    return bool(once and in_time)


if __name__ == "__main__":
    sys.exit(main())
