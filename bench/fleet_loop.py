"""The simulated fleet's time: which of the product's own functions is called when, and when runs begin and end.

Real are the schedule's and the sensor's functions, the run queue's choice (Dagster's own, with our priorities and
limits on its real storage), locks, journal, outbox and sending. Invented are only the instants: a run lasts as long as
a real one of its kind took, a tick as long as it takes here, and starting a run as long as Dagster's daemon needs.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import dagster as dg
from dagster import DagsterEvent, DagsterEventType
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.utils import make_new_run_id
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon

from bench.fleet_costs import Costs
from bench.fleet_place import BEGIN, Place
from bench.fleet_runs import Run, Runs
from synkro_app.operations.dagster_home import LOCATION
from synkro_assets.automation.planning import LONGEST_HEAD_START
from synkro_assets.automation.refinements import ask_for_refinements
from synkro_assets.automation.schedules import REFINE_EVERY_MIN, ask_for_due_reports
from synkro_assets.automation.sensors import TICK_S
from synkro_assets.definitions import build_defs
from synkro_resources.control.run_requests import open_requests

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
SUBMIT_S = 0.25
"""Dagster's daemon makes two to six runs a second out of a sensor's answers; eight threads share the work."""
RUN_KEY = "dagster/run_key"
REPOSITORY = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(LOCATION), "__repository__")


@dataclass(slots=True)
class Counters:
    """How much work the simulation was."""

    sensor_ticks: int = 0
    sensor_s: float = 0.0
    slowest_tick_s: float = 0.0
    schedule_ticks: int = 0
    launched: int = 0
    repeated_keys: int = 0
    busiest_queue: int = 0
    by_kind: dict[str, int] = field(default_factory=dict[str, int])


class Loop:
    """Events in the order of their simulated instants, until `end`."""

    def __init__(self, place: Place, costs: Costs, *, cores: int, stack: ExitStack, end: datetime) -> None:
        self.place, self.end, self.counters = place, end, Counters()
        self.runs = Runs(place, costs, cores=cores, stack=stack)
        self._events: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._order = count()
        self._queue = QueuedRunCoordinatorDaemon(interval_seconds=1)
        self._limits = place.instance.get_concurrency_config()
        self._selections: dict[str, list[dg.AssetKey] | None] = {}
        self._running: dict[str, Run] = {}
        self._queued = 0
        self._next_tick = self._sensor_free_at = BEGIN
        defs = build_defs(place.installation.settings)
        self._sensor = next(item for item in defs.sensors or () if item.name == "run_requests")
        self.at(BEGIN, self._minute)

    def at(self, instant: datetime, what: Callable[[datetime], None]) -> None:
        heapq.heappush(self._events, (instant, next(self._order), what))

    def run(self, say: Callable[[datetime], None]) -> None:
        told = BEGIN
        while self._events and self._events[0][0] < self.end:
            instant, _, what = heapq.heappop(self._events)
            self.place.clock.instant = instant
            what(instant)
            if instant - told >= timedelta(hours=1):
                told = instant
                say(instant)

    def _minute(self, now: datetime) -> None:
        """The schedule, and a look of the sensor where a request is open; looks that would find none are left out."""
        self.counters.schedule_ticks += 1
        platform = self.place.platform
        ask_for_due_reports(platform)
        if now.minute % REFINE_EVERY_MIN == 0:
            ask_for_refinements(platform)
        if open_requests(platform.control, platform.settings.cell, 1, awake_at=now + LONGEST_HEAD_START):
            self._wake(now)
        self.at(now + MINUTE, self._minute)

    def _wake(self, now: datetime) -> None:
        """Let the sensor look at its next turn."""
        turn = BEGIN + TICK_S * SECOND * -(-(now - BEGIN) // (TICK_S * SECOND))
        turn = max(turn, self._sensor_free_at)
        if self._next_tick <= now or turn < self._next_tick:
            self._next_tick = turn
            self.at(turn, self._tick)

    def _tick(self, now: datetime) -> None:
        if now != self._next_tick or now < self._sensor_free_at:
            return
        began = time.process_time()
        context = dg.build_sensor_context(instance=self.place.instance, resources={"platform": self.place.platform})
        found: Any = self._sensor._raw_fn(context)  # pyright: ignore[reportPrivateUsage]  # a call by name wants other resources
        asked = [item for item in found if isinstance(item, dg.RunRequest)]
        took_s = time.process_time() - began
        counters = self.counters
        counters.sensor_ticks += 1
        counters.sensor_s += took_s
        counters.slowest_tick_s = max(counters.slowest_tick_s, took_s)
        known = self._known_keys([str(item.run_key) for item in asked])
        ready = now + timedelta(seconds=took_s)
        for item in asked:
            if str(item.run_key) in known:
                counters.repeated_keys += 1
                continue
            ready += timedelta(seconds=SUBMIT_S)
            self.at(ready, lambda at, item=item: self._enqueue(at, item))
        self._sensor_free_at = max(ready, now + TICK_S * SECOND)

    def _known_keys(self, keys: list[str]) -> set[str]:
        """As the sensor daemon does: a key that has had its run gets no other."""
        if not keys:
            return set()
        runs = self.place.instance.get_runs(filters=dg.RunsFilter(tags={RUN_KEY: keys}))
        return {run.tags[RUN_KEY] for run in runs}

    def _enqueue(self, now: datetime, item: dg.RunRequest) -> None:
        run = dg.DagsterRun(
            job_name=str(item.job_name),
            run_id=make_new_run_id(),
            run_config=item.run_config,
            tags={**item.tags, RUN_KEY: str(item.run_key)},
            status=dg.DagsterRunStatus.QUEUED,
            remote_job_origin=RemoteJobOrigin(REPOSITORY, str(item.job_name)),
        )
        self._selections[run.run_id] = None if item.asset_selection is None else list(item.asset_selection)
        self.place.instance.add_run(run)
        self._queued += 1
        self.counters.busiest_queue = max(self.counters.busiest_queue, self._queued)
        self.at(now + SECOND, self._dequeue)

    def _dequeue(self, now: datetime) -> None:
        if not self._queued:
            return
        chosen = self._queue._get_runs_to_dequeue(  # pyright: ignore[reportPrivateUsage]  # its choice is what is measured
            self.place.instance, self._limits, fixed_iteration_time=now.timestamp()
        )
        for queued in chosen:
            self._queued -= 1
            self._report(queued.run_id, queued.job_name, DagsterEventType.RUN_STARTING, DagsterEventType.RUN_START)
            run = self.runs.start(queued, self._selections.pop(queued.run_id), now, len(self._running))
            self._running[run.run_id] = run
            self.counters.launched += 1
            self.counters.by_kind[run.kind.value] = self.counters.by_kind.get(run.kind.value, 0) + 1
            self.at(run.ends, lambda at, run=run, job=queued.job_name: self._finish(at, run, job))

    def _finish(self, now: datetime, run: Run, job: str) -> None:
        self.runs.end(run)
        self.place.clock.instant = now
        self._report(run.run_id, job, DagsterEventType.RUN_FAILURE if run.failed else DagsterEventType.RUN_SUCCESS)
        del self._running[run.run_id]
        self.at(now + SECOND, self._dequeue)
        self._wake(now)

    def _report(self, run_id: str, job: str, *kinds: DagsterEventType) -> None:
        for kind in kinds:
            event = DagsterEvent(event_type_value=kind.value, job_name=job)
            self.place.instance.report_dagster_event(event, run_id=run_id)
