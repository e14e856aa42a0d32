"""One tenant's daily run without Dagster: `python -m bench.direct_run TENANT REQUEST FIRST LAST REPORTED`.

Calls the asset functions one after another in this process, with the lock, the journal, the lake's files, the checks
and the marks of days that a run has, and prints as JSON the CPU seconds of the calls alone.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace
from typing import Any

import dagster as dg

from synkro_assets.data_checks.run import check_days
from synkro_assets.day_marks import note_source
from synkro_assets.definitions import DATA, build_resources
from synkro_assets.partitions import REQUEST_TAG
from synkro_assets.reports.assets import REPORT_ASSETS
from synkro_assets.run_scope import window_of
from synkro_assets.staleness import PLACES
from synkro_assets.tenant_asset import TenantAsset
from synkro_assets.tenant_run import TenantRun
from synkro_resources.control import journal
from synkro_resources.control.locks import tenant_lock
from synkro_resources.lake import RowSpool
from synkro_resources.model.period import Period, PeriodKind, days_between
from synkro_resources.model.tables import Layout
from synkro_resources.model.tables.dialogs import EPISODE
from synkro_resources.platform import Platform
from synkro_resources.settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    """What bodies use of Dagster's context."""

    run: Any
    resources: Any
    log: logging.Logger


def ordered(assets: Sequence[TenantAsset]) -> Iterator[TenantAsset]:
    """Every asset after those that it needs."""
    waiting, done = list(assets), {asset.key for asset in DATA if asset not in assets}
    while waiting:
        ready = next(asset for asset in waiting if _needs(asset, assets) <= done)
        waiting.remove(ready)
        done.add(ready.key)
        yield ready


def _needs(asset: TenantAsset, among: Sequence[TenantAsset]) -> set[tuple[str, ...]]:
    inputs = {tuple(table.name.split("/")) for table in asset.inputs.values()}
    return (inputs | set(asset.after)) & {other.key for other in among}


def call(asset: TenantAsset, context: Context, platform: Platform, tenant: str, periods: Sequence[Period]) -> None:
    """One asset as a step carries it out."""
    window = window_of(tenant, periods, platform)
    run = TenantRun(context, platform, context.resources.lake, window, tuple(periods))  # pyright: ignore[reportArgumentType]  # what bodies use of it
    control, clock = platform.control, platform.clock
    step = journal.start_step(control, tenant, context.run.run_id, asset.name, window.first_day, window.last_day, clock)
    inputs = {name: run.lake.read_days(table, tenant, window.days) for name, table in asset.inputs.items()}
    rows = asset.body(run, **inputs)
    if rows is not None and asset.table is not None:
        if asset.beforehand is not None and not isinstance(rows, RowSpool):
            asset.beforehand(run, rows)
        if asset.table.name == EPISODE.name:
            run.scope.forget(PLACES)
        written = run.lake.write_days(asset.table, tenant, window.days, rows)
        if isinstance(rows, RowSpool):
            rows.close()
        if asset.table.layout is Layout.ENTITY:
            run.lake.write_empty_baseline(asset.table, tenant)
        note_source(run, asset.table, written)
        check_days(run, asset.table, sum(file.given for file in written))
        if asset.afterwards is not None:
            asset.afterwards(run)
    journal.finish_step(control, tenant, step, status="done", clock=clock)


def main() -> int:
    tenant, request = sys.argv[1:3]
    first, last, reported = (date.fromisoformat(text) for text in sys.argv[3:6])
    settings = Settings.load()
    platform = Platform.open(settings)
    reports = [asset for asset in REPORT_ASSETS if asset.period is PeriodKind.DAY]
    with dg.build_resources(build_resources(settings)) as resources, tenant_lock(platform.control, tenant, 5):
        began = time.process_time()
        for part, days in ((DATA, (first, last)), (reports, (reported, reported))):
            run_id = f"direct-{request}-{days[0]}-{len(part)}"
            run = SimpleNamespace(run_id=run_id, tags={REQUEST_TAG: request}, asset_selection=None, job_name="direct")
            journal.start_run(platform.control, tenant=tenant, run_id=run_id, clock=platform.clock)
            context = Context(run, resources, logging.getLogger("direct"))
            for asset in ordered(part):
                call(asset, context, platform, tenant, [Period.day(day) for day in days_between(*days)])
            journal.finish_run(platform.control, tenant, run_id, status="done", clock=platform.clock)
        spent = time.process_time() - began
    platform.control.close()
    print(json.dumps({"calls_cpu_s": spent}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
