"""The product's jobs with empty bodies: the same assets, dependencies, partitions and checks, and nothing done.

What a run of these costs is Dagster's own share; a code location of its own (`-m bench.empty_graph`).
"""

from __future__ import annotations

import warnings

import dagster as dg

from synkro_assets.automation.jobs import DATA_JOB, REFRESH_JOB, REPORT_JOBS, tenant_job
from synkro_assets.definitions import ASSETS, DATA, NORMALIZED, SOURCES
from synkro_assets.partitions import history_start, tenant_periods
from synkro_assets.reports.assets import REPORT_ASSETS
from synkro_resources.model.period import PeriodKind
from synkro_resources.settings import Settings


def build(settings: Settings) -> dg.Definitions:
    """The same names of jobs, so that a launch fits both."""
    partitions = tenant_periods(history_start(settings))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        emptied = [_emptied(asset.build(partitions)) for asset in ASSETS if asset.period is not PeriodKind.CUSTOM]
    days = [asset for asset in REPORT_ASSETS if asset.period is PeriodKind.DAY]
    return dg.Definitions(
        assets=emptied,
        jobs=[
            tenant_job(DATA_JOB, DATA, "empty"),
            tenant_job(REFRESH_JOB, (*SOURCES, *NORMALIZED), "empty"),
            tenant_job(REPORT_JOBS[PeriodKind.DAY], days, "empty"),
        ],
    )


def _emptied(known: dg.AssetsDefinition) -> dg.AssetsDefinition:
    (spec,) = known.specs

    @dg.multi_asset(
        name=known.op.name,
        specs=[spec],
        partitions_def=known.partitions_def,
        backfill_policy=known.backfill_policy,
        check_specs=list(known.check_specs),
    )
    def asset():  # Dagster reads an annotation as the number of outputs, and checks are outputs
        checks = [dg.AssetCheckResult(passed=True, check_name=item.name) for item in known.check_specs]
        yield dg.MaterializeResult(check_results=checks)

    return asset
