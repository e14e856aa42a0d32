"""What Dagster adds to one tenant's daily run: `python -m bench.overhead [--repeats 3] [--tenants 5]`.

CPU seconds of the processes and of the database for a tiny company's load and report, three ways on the same machine
in turn: runs as the launcher starts them, the same graph with empty bodies, and the asset functions called directly in
one process. Then a night: the first day of `--tenants` companies (some days of history with it, so more than a usual
one) through the real daemon, code server and run queue, and what 1,000 would take. Aim: what the runs cost above the
direct calls is at most 1.5 times the empty graph.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from bench.fleet_costs import launch_json
from bench.fleet_place import BEGIN, MOSCOW, Company, Place, place_of
from bench.processes import Spent, run_child, tree_cpu_s
from bench.table import Row, tell
from synkro_app.operations.dagster_home import PROJECT_DIR, code_server, daemon, write_workspace
from synkro_app.operations.ports import answers, free_port
from synkro_assets.automation.saga import Launch, next_step
from synkro_assets.automation.sensors import reconcile_tenants, state_of
from synkro_resources.child_process import dies_with_parent
from synkro_resources.control.run_requests import RunRequest, create_request, get_request, update_request
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period

AIM = 1.5
NIGHT = 1_000
WORLD_DAYS = 12
NO_LIMIT = {"SYNKRO_AMOCRM_RATE": "100000", "SYNKRO_RADIST_RATE": "100000"}
LONGEST_WAIT_S = 3_600
WAYS = ("runs", "empty graph", "direct")


def ask(place: Place, slug: str, day: date) -> RunRequest:
    return create_request(
        place.platform.control,
        tenant=slug,
        kind=RequestKind.REPORT,
        period=Period.day(day),
        requested_by="bench",
        reason="bench",
        clock=place.clock,
    )


def in_turn(place: Place, request: RunRequest, *, empty: bool) -> tuple[float, float, list[Launch]]:
    """Carry a request out, a fresh process per run: CPU seconds, peak MiB, and what was launched.

    With `empty` bodies nothing marks the days, but the saga decides by the runs alone, so both launch the same.
    """
    platform, cpu_s, peak, launched = place.platform, 0.0, 0.0, list[Launch]()
    while request.is_open:
        launch = next_step(platform, request, state_of(place.instance, platform, request))
        if launch is not None:
            spent, database_s = child(place, ["bench.one_run", json.dumps(launch_json(launch) | {"empty": empty})])
            cpu_s, peak = cpu_s + spent.cpu_s + database_s, max(peak, spent.peak_mib)
            launched.append(launch)
        request = get_request(platform.control, request.tenant, request.id)
    if request.status != "done":
        raise RuntimeError(f"the request ended as {request.status}: {request.what_en}")
    return cpu_s, peak, launched


def directly(place: Place, request: RunRequest, like: Sequence[Launch]) -> tuple[float, float, float]:
    """CPU seconds of the whole process and database, of the calls alone and the database, and peak MiB."""
    load = like[0].stage
    arguments = [request.tenant, request.id, *map(str, (load.first_day, load.last_day, request.period.first_day))]
    spent, database_s = child(place, ["bench.direct_run", *arguments])
    update_request(place.platform.control, request.tenant, request.id, clock=place.clock, status="done")
    return spent.cpu_s + database_s, spent.told["calls_cpu_s"] + database_s, spent.peak_mib


def child(place: Place, arguments: Sequence[str]) -> tuple[Spent, float]:
    """A process of ours, and the CPU seconds of the database meanwhile."""
    before = tree_cpu_s(place.database_pid)
    spent = run_child(arguments, environment_of(place), place.installation.settings.state_dir / "run.log")
    return spent, tree_cpu_s(place.database_pid) - before


def environment_of(place: Place) -> dict[str, str]:
    return {**place.installation.environment, **NO_LIMIT, "SYNKRO_CLOCK": place.clock.now().isoformat()}


def three_ways(repeats: int) -> dict[str, list[float]]:
    """CPU seconds of a day by each way; the first day of every company is the warm-up, because it loads its history."""
    companies = [Company(name, MOSCOW, True) for name in ("runs", "empty", "direct")]
    found: dict[str, list[float]] = {}
    with place_of(companies, end=BEGIN + timedelta(days=1), slots=1, world_days=WORLD_DAYS) as place:
        place.clock.instant = BEGIN - timedelta(days=repeats, hours=9)
        reconcile_tenants(place.instance, place.platform)
        for number in range(repeats + 1):
            day = place.clock.now().date() - timedelta(days=1)
            runs_s, runs_peak, launched = in_turn(place, ask(place, "runs", day), empty=False)
            empty_s, _, _ = in_turn(place, ask(place, "empty", day), empty=True)
            whole_s, calls_s, direct_peak = directly(place, ask(place, "direct", day), launched)
            if number:
                for name, value in (
                    ("runs", runs_s),
                    ("empty graph", empty_s),
                    ("direct", calls_s),
                    ("direct, whole process", whole_s),
                    ("peak, runs", runs_peak),
                    ("peak, direct", direct_peak),
                    ("processes", float(len(launched))),
                ):
                    found.setdefault(name, []).append(value)
            place.clock.move(timedelta(days=1))
    return found


def night(tenants: int, slots: int) -> dict[str, float]:
    """So many companies' day through daemon, code server and queue; CPU seconds per company, and of a minute's rest."""
    companies = [Company(f"n{number:03d}", MOSCOW, True) for number in range(tenants)]
    with place_of(companies, end=BEGIN + timedelta(days=1), slots=slots, world_days=WORLD_DAYS) as place:
        place.clock.instant = BEGIN - timedelta(hours=9)
        yesterday = place.clock.now().date() - timedelta(days=1)
        port = free_port(4700)
        workspace = write_workspace(place.installation.settings.state_dir / "workspace.yaml", code_server_port=port)
        server = start(place, code_server(port))
        try:
            wait(lambda: answers(port), "the code server")
            keeper = start(place, daemon(workspace))
            try:
                return _night(place, yesterday, {"code server, runs": server.pid, "daemon": keeper.pid})
            finally:
                keeper.terminate()
                keeper.wait()
        finally:
            server.terminate()
            server.wait()


def _night(place: Place, day: date, processes: Mapping[str, int]) -> dict[str, float]:
    roots = {**processes, "database": place.database_pid}

    def spent() -> dict[str, float]:
        return {name: tree_cpu_s(pid) for name, pid in roots.items()}

    time.sleep(20)  # both have started and looked around
    before = spent()
    time.sleep(30)
    rest = {f"{name}, a minute's rest": 2 * (value - before[name]) for name, value in spent().items()}
    before, began = spent(), time.monotonic()
    asked = [ask(place, item.slug, day) for item in place.companies]

    def is_through() -> bool:
        return not any(get_request(place.platform.control, one.tenant, one.id).is_open for one in asked)

    wait(is_through, "the night")
    wall_s = time.monotonic() - began
    after = spent()
    states = {get_request(place.platform.control, one.tenant, one.id).status for one in asked}
    if states != {"done"}:
        raise RuntimeError(f"requests of the night ended as {states}")
    each = {name: (after[name] - before[name]) / len(asked) for name in roots}
    return {**each, **rest, "wall": wall_s, "tenants": len(asked)}


def start(place: Place, command: Sequence[str]) -> subprocess.Popen[bytes]:
    log = (place.installation.settings.state_dir / "stack.log").open("ab")
    return subprocess.Popen(
        command,
        env=environment_of(place),
        stdout=log,
        stderr=log,
        cwd=PROJECT_DIR,
        preexec_fn=dies_with_parent(signal.SIGKILL),
    )


def wait(done: Any, what: str) -> None:
    deadline = time.monotonic() + LONGEST_WAIT_S
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not come to its end")
        time.sleep(1)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.overhead", description="What a daily run costs above work.")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--tenants", type=int, default=5, help="companies of the night; 0: leave it out")
    parser.add_argument("--slots", type=int, default=2)
    options = parser.parse_args()
    found = three_ways(options.repeats)
    median = {name: statistics.median(values) for name, values in found.items()}
    for name, values in found.items():
        unit = "MiB" if name.startswith("peak") else "" if name == "processes" else "CPU s"
        print(f"{name:<24}{median[name]:>8.1f} {unit:<6}({min(values):.1f} to {max(values):.1f})")
    daemon_s = 0.0
    if options.tenants:
        told = night(options.tenants, options.slots)
        for name, value in told.items():
            print(f"  a night of {options.tenants}: {name:<34}{value:>8.1f}")
        daemon_s = told["daemon"]
        each = sum(told[name] for name in ("code server, runs", "daemon", "database"))
        print(
            f"{NIGHT:,} companies by extrapolation: {each * NIGHT / 3600:.1f} hours of one core, {each:.1f} CPU s each"
        )
    overhead, empty = median["runs"] + daemon_s - median["direct"], median["empty graph"] + daemon_s
    held = overhead / empty <= AIM
    print(f"above the direct calls: {overhead:.1f} CPU s, {overhead / empty:.2f}x the empty graph")
    print("met" if held else f"not met: the aim is {AIM}x")
    values = found["runs"]
    tell(
        Row(
            bench="overhead",
            measures="CPU seconds that a tiny company's daily runs cost above calling the same functions directly",
            value=overhead,
            low=overhead + min(values) - median["runs"],
            high=overhead + max(values) - median["runs"],
            unit="CPU s",
            warm_up=1,
            repeats=options.repeats,
            ratio=overhead / empty,
            next_to="the same graph with empty bodies",
            aim=f"≤ {AIM}",
            met=held,
        )
    )
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
