"""Runs of the simulated fleet: executed whole for some tenants, and for the others played with everything that counts.

A played run takes the tenant's real lock, writes the real journal, marks its days as loaded and sends through the real
outbox to the emulated Telegram; only the assets between are left out. Its length is that of a real run of its kind.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import dagster as dg

from bench.fleet_costs import Cost, Costs
from bench.fleet_place import Place, mark_loaded
from synkro_assets.automation.planning import StageKind
from synkro_assets.automation.sensors import reconcile_tenants
from synkro_assets.day_marks import present_versions
from synkro_assets.definitions import build_defs
from synkro_assets.partitions import ATTEMPT_TAG, RANGE_END_TAG, RANGE_START_TAG, REQUEST_TAG, STAGE_TAG, TENANT_TAG
from synkro_assets.reports.delivery.channel_delivery import deliver
from synkro_resources.channels import Channel
from synkro_resources.channels.resource import open_channel
from synkro_resources.control import journal
from synkro_resources.control.destinations import list_destinations
from synkro_resources.control.locks import tenant_lock
from synkro_resources.control.outbox import NewPart, enqueue
from synkro_resources.control.run_requests import get_request
from synkro_resources.control.tenants import tenant_settings
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import SynkroError
from synkro_resources.model.period import Period, days_between

PARTS = 3
"""Most daily reports are one text; three, so that their order and what is doubled can be seen."""
LOCK_WAIT_S = 0.0
"""Nobody else may hold the lock: the queue lets one run of a tenant go."""


@dataclass(slots=True)
class Run:
    """A run between its start and its end. `held`: the tenant's lock, and for a whole run nothing else."""

    run_id: str
    tenant: str
    kind: StageKind
    days: tuple[date, date]
    request_id: str
    began: datetime
    ends: datetime
    failed: bool = False
    held: ExitStack = field(default_factory=ExitStack)


class Runs:
    """Starts and ends runs at instants of the simulation."""

    def __init__(self, place: Place, costs: Costs, *, cores: int, stack: ExitStack) -> None:
        self._place, self._costs, self._cores = place, costs, cores
        self._whole = {item.slug for item in place.companies if item.is_whole}
        self._versions = {
            item.slug: present_versions(tenant_settings(place.platform.control, item.slug)) for item in place.companies
        }
        self._channels: dict[str, Channel] = {}
        self._defs = build_defs(place.installation.settings)
        self._aside = stack.enter_context(dg.DagsterInstance.ephemeral())
        """Where whole runs are executed: the fleet's own storage shows them as they are at the simulated instant."""
        stack.callback(self._close)
        reconcile_tenants(self._aside, place.platform)
        self.problems: list[str] = []
        self.whole_runs = 0

    def start(self, run: dg.DagsterRun, selection: list[dg.AssetKey] | None, at: datetime, running: int) -> Run:
        """Begin a run at `at`, when `running` others are at work; its cores are shared evenly."""
        tags = run.tags
        stage = tags[STAGE_TAG]
        kind = StageKind(stage.partition("-")[0])
        first, last = (date.fromisoformat(tags[name].partition("|")[2]) for name in (RANGE_START_TAG, RANGE_END_TAG))
        cost: Cost = self._costs.any_of(kind)
        length = timedelta(seconds=cost.seconds(min(1.0, self._cores / (running + 1))))
        started = Run(run.run_id, tags[TENANT_TAG], kind, (first, last), tags[REQUEST_TAG], at, at + length)
        self._place.clock.instant = at
        if started.tenant in self._whole:
            self._execute(run, selection, started)
        control = self._place.platform.control
        try:
            started.held.enter_context(tenant_lock(control, started.tenant, LOCK_WAIT_S))
        except SynkroError as error:
            self.problems.append(f"{started.tenant} {stage}: {error.code}")
            started.failed = True
            return started
        if started.tenant not in self._whole:
            journal.start_run(
                control,
                tenant=started.tenant,
                run_id=run.run_id,
                request_id=started.request_id,
                job=run.job_name,
                stage=stage,
                attempt=int(tags[ATTEMPT_TAG]),
                first_day=first,
                last_day=last,
                clock=self._place.clock,
            )
        return started

    def end(self, run: Run) -> None:
        """What stands in the control database once a run is over, at its end."""
        if run.failed:
            return
        place, control = self._place, self._place.platform.control
        if run.tenant not in self._whole:
            if run.kind is StageKind.REPORT:
                self._send(run)
            elif run.kind is not StageKind.RAW:
                for day in days_between(*run.days):
                    mark_loaded(place.platform, run.tenant, day, run.began, self._versions[run.tenant])
        place.clock.instant = run.ends
        journal.finish_run(control, run.tenant, run.run_id, status="done", clock=place.clock)
        run.held.close()

    def _execute(self, run: dg.DagsterRun, selection: list[dg.AssetKey] | None, started: Run) -> None:
        os.environ["SYNKRO_CLOCK"] = started.began.isoformat()
        job = self._defs.resolve_job_def(run.job_name)
        result = job.execute_in_process(
            instance=self._aside,
            run_id=run.run_id,
            run_config=run.run_config,
            tags=run.tags,
            asset_selection=selection,
            raise_on_error=False,
        )
        self.whole_runs += 1
        if not result.success:
            started.failed = True
            self.problems.append(f"{started.tenant} {run.tags[STAGE_TAG]}: the run failed")

    def _send(self, run: Run) -> None:
        """The parts of a report, sent so that the last pause ends with the run."""
        place, control = self._place, self._place.platform.control
        request = get_request(control, run.tenant, run.request_id)
        if not request.is_open:
            return
        period = Period.day(run.days[0])
        target = list_destinations(control, run.tenant, enabled_only=True)[0]
        texts = [f"{period.report_id} {part}/{PARTS}" for part in range(1, PARTS + 1)]
        clock = FixedClock(run.ends)
        parts = [
            NewPart(target.destination_id, target.channel, number, PARTS, {"html": text, "plain": text, "buttons": []})
            for number, text in enumerate(texts, start=1)
        ]
        enqueue(
            control,
            run.tenant,
            report_id=period.report_id,
            package_id=run.request_id,
            revision=1,
            parts=parts,
            clock=clock,
        )
        if run.tenant not in self._channels:
            self._channels[run.tenant] = open_channel(place.platform, run.tenant, target.channel)
        deliver(
            control,
            run.tenant,
            target.destination_id,
            self._channels[run.tenant],
            clock=clock,
            pause=lambda _seconds: None,  # the length of a real run holds its pauses
        )

    def _close(self) -> None:
        for channel in self._channels.values():
            channel.close()
