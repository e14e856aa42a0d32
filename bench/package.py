"""One package of a period in this process: `python -m bench.package KIND FIRST LAST`, as the report's run makes it.

Prints one JSON line: whether it succeeded, seconds, seconds of the step alone, the peak of this process's memory and
the figures that `bench.pandas_report` computes, too.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import date
from typing import Any

import dagster as dg

from bench.load import MIB, MemorySampler, resident, steps_of
from bench.vendors import SLUG
from synkro_assets.automation.jobs import REPORT_JOBS
from synkro_assets.automation.sensors import reconcile_tenants
from synkro_assets.custom_period import run_config
from synkro_assets.definitions import build_defs
from synkro_assets.partitions import period_tags
from synkro_resources.control.packages import latest_package
from synkro_resources.model.package import Package
from synkro_resources.model.period import Period, PeriodKind
from synkro_resources.platform import Platform
from synkro_resources.settings import Settings

FIGURES = {
    "new_episodes": (0, "new_episodes"),
    "first_response_median": (1, "frt_median"),
    "first_response_p90": (1, "frt_p90"),
    "response_median": (2, "rt_median"),
    "in_time": (3, "in_sla"),
    "unanswered": (4, "unanswered"),
    "unanswered_amount": (4, "unanswered_amount"),
    "new_silent": (8, "new_silent"),
    "open_silent": (8, "open_silent"),
    "lost": (9, "lost"),
    "lost_amount": (9, "lost_amount"),
    "won": (9, "won"),
}
"""What the hand-written script computes as well: names of both, and where the package keeps it."""


def build(period: Period) -> dict[str, Any]:
    settings = Settings.load()
    defs = build_defs(settings)
    platform = Platform.open(settings)
    with dg.DagsterInstance.get() as instance:
        reconcile_tenants(instance, platform)
        job = defs.resolve_job_def(REPORT_JOBS[period.kind])
        began = time.monotonic()
        with MemorySampler() as sampler:
            result = job.execute_in_process(
                instance=instance,
                tags=period_tags(SLUG, period),
                run_config=run_config(period) if period.kind is PeriodKind.CUSTOM else {},
                asset_selection=[dg.AssetKey(["reports", f"package_{period.kind}"])],
                raise_on_error=False,
            )
        seconds, peak = time.monotonic() - began, resident("VmHWM")
        found = latest_package(platform.control, SLUG, period.report_id)
        platform.control.close()
        return {
            "success": result.success,
            "seconds": seconds,
            "step_seconds": sum(step["seconds"] for step in steps_of(instance, result, sampler)),
            "peak": peak / MIB,
            "rows": 0 if found is None else len(found[2].rows),
            "figures": {} if found is None else figures_of(found[2]),
        }


def figures_of(package: Package) -> dict[str, float | None]:
    """The compared figures of a stored package."""
    metrics = {name: package.metric(*key) for name, key in FIGURES.items()}
    return {name: None if metric is None else metric.value for name, metric in metrics.items()}


if __name__ == "__main__":
    first, last = (date.fromisoformat(text) for text in sys.argv[2:4])
    print(json.dumps(build(Period(PeriodKind(sys.argv[1]), first, last))), flush=True)
