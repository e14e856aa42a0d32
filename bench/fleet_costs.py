"""What one run of each kind really takes: a small company's runs, each in a fresh process as the launcher starts it.

The simulated fleet takes the lengths of its runs from here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from bench.fleet_place import BEGIN, LATENCY_S, MOSCOW, Company, Place, place_of
from bench.processes import run_child, tree_cpu_s
from synkro_assets.automation.jobs import job_of, narrowed_selection
from synkro_assets.automation.planning import StageKind
from synkro_assets.automation.saga import Launch, next_step
from synkro_assets.automation.sensors import launch_config, launch_tags, reconcile_tenants, state_of
from synkro_assets.definitions import DERIVED, READ_FIRST
from synkro_resources.control.run_requests import create_request, get_request
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period

CHUNK_DAYS = 31
MORNINGS = 2
HISTORY_DAYS = CHUNK_DAYS + 1


@dataclass(frozen=True, slots=True)
class Cost:
    """One real run: CPU seconds of its process and of the database, and seconds of waiting for vendors and pauses."""

    cpu_s: float
    waiting_s: float

    def seconds(self, share_of_core: float) -> float:
        return self.cpu_s / share_of_core + self.waiting_s


class Costs:
    """Real runs by kind of stage; `any_of` gives one of them."""

    def __init__(self, found: dict[str, list[Cost]], seed: int) -> None:
        self.found = found
        self._random = Random(seed)

    def any_of(self, kind: StageKind) -> Cost:
        return self._random.choice(self.found[kind.value])

    def mean_s(self, kind: StageKind) -> float:
        costs = self.found[kind.value]
        return sum(cost.cpu_s + cost.waiting_s for cost in costs) / len(costs)

    def to_json(self) -> dict[str, Any]:
        return {kind: [[cost.cpu_s, cost.waiting_s] for cost in costs] for kind, costs in self.found.items()}

    @classmethod
    def load(cls, file: Path, seed: int) -> Costs:
        stored: dict[str, list[list[float]]] = json.loads(file.read_text())
        return cls({kind: [Cost(*pair) for pair in pairs] for kind, pairs in stored.items()}, seed)


def measure(seed: int, say: Callable[[str], None]) -> Costs:
    """A chunk of history and the day before it, then some mornings of one tiny company."""
    company = Company("costs", MOSCOW, True)
    found: dict[str, list[Cost]] = {}
    with place_of([company], end=BEGIN + timedelta(days=1), slots=1, world_days=HISTORY_DAYS + 10) as place:
        place.slow_vendors(LATENCY_S)
        reconcile_tenants(place.instance, place.platform)
        first_morning = BEGIN - timedelta(days=MORNINGS, hours=9)
        place.clock.instant = first_morning
        today = first_morning.date()
        history = (today - timedelta(days=HISTORY_DAYS), today - timedelta(days=1))
        _carry_out(place, RequestKind.DATA, *history, found, say)
        for _ in range(MORNINGS):
            day = place.clock.now().date()
            _carry_out(place, RequestKind.REPORT, day - timedelta(days=1), day - timedelta(days=1), found, say)
            place.clock.move(timedelta(minutes=40))
            _carry_out(place, RequestKind.REFRESH, day, day, found, say)
            place.clock.move(timedelta(days=1, minutes=-40))
    return Costs(found, seed)


def _carry_out(
    place: Place,
    kind: RequestKind,
    first: date,
    last: date,
    found: dict[str, list[Cost]],
    say: Callable[[str], None],
) -> None:
    slug, platform = place.companies[0].slug, place.platform
    request = create_request(
        platform.control,
        tenant=slug,
        kind=kind,
        period=Period.day(first) if first == last else Period.custom(first, last),
        requested_by="bench",
        reason="bench",
        clock=place.clock,
    )
    while request.is_open:
        launch = next_step(platform, request, state_of(place.instance, platform, request))
        if launch is not None:
            cost = _launch(place, launch)
            days = (launch.stage.last_day - launch.stage.first_day).days + 1
            is_part = launch.stage.kind in (StageKind.RAW, StageKind.DERIVED) and days < CHUNK_DAYS
            if not is_part:
                found.setdefault(launch.stage.kind.value, []).append(cost)
            say(f"  {launch.stage.kind:<8} {days:>3} days  {cost.cpu_s:5.1f} s CPU  {cost.waiting_s:5.1f} s waiting")
        request = get_request(platform.control, slug, request.id)
    if request.status != "done":
        raise RuntimeError(f"the request ended as {request.status}: {request.what_en}")


def launch_json(launch: Launch) -> dict[str, Any]:
    """A launch as `bench.one_run` reads it."""
    selection = narrowed_selection(launch.stage, READ_FIRST, DERIVED)
    return {
        "job": job_of(launch.stage, launch.period),
        "tags": launch_tags(launch),
        "config": launch_config(launch),
        "selection": None if selection is None else [list(key.path) for key in selection],
    }


def _launch(place: Place, launch: Launch) -> Cost:
    before = tree_cpu_s(place.database_pid)
    environment = {**place.installation.environment, "SYNKRO_CLOCK": place.clock.now().isoformat()}
    log = place.installation.settings.state_dir / "run.log"
    spent = run_child(["bench.one_run", json.dumps(launch_json(launch))], environment, log)
    cpu_s = spent.cpu_s + tree_cpu_s(place.database_pid) - before
    return Cost(cpu_s, max(0.0, spent.wall_s - spent.told["waited_s"] - cpu_s))
