"""The jobs that the saga launches: one run of one tenant over its days, executed in the run's own process."""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

from synkro_assets.analysis.assets import LABELS
from synkro_assets.automation.planning import Stage, StageKind
from synkro_assets.tenant_asset import TenantAsset
from synkro_resources.model.period import PeriodKind
from synkro_resources.model.tables.analysis import ANALYSIS_TABLES

DATA_JOB = "tenant_day_data"
REFRESH_JOB = "tenant_refresh"
TRIAL_JOB = "tenant_rubric_trial"
OF_LABELS = frozenset(
    {
        LABELS,
        *(table.name for table in ANALYSIS_TABLES),
        *(f"supabase/{table.name.split('/')[-1]}" for table in ANALYSIS_TABLES),
    }
)
"""What asking again about stored dialogs makes anew."""
REPORT_JOBS = {kind: f"tenant_{kind}_report" for kind in PeriodKind}
REPORT_JOB = REPORT_JOBS[PeriodKind.DAY]


def job_of(stage: Stage, period: PeriodKind) -> str:
    """The job of a stage; reports have one per kind of period, because a job cannot mix partitions."""
    match stage.kind:
        case StageKind.DATA | StageKind.RAW | StageKind.DERIVED:
            return DATA_JOB
        case StageKind.LABELS:
            return DATA_JOB
        case StageKind.TRIAL:
            return TRIAL_JOB
        case StageKind.REFRESH:
            return REFRESH_JOB
        case StageKind.REPORT:
            return REPORT_JOBS[period]


def asset_keys(assets: Iterable[TenantAsset]) -> list[dg.AssetKey]:
    return [dg.AssetKey(list(asset.key)) for asset in assets]


def tenant_job(name: str, assets: Iterable[TenantAsset], description: str) -> dg.UnresolvedAssetJobDefinition:
    """A job over assets of one kind of period. In-process: a process per step costs ten times the run itself."""
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*asset_keys(assets)),
        executor_def=dg.in_process_executor,
        description=description,
    )


def narrowed_selection(
    stage: Stage, first: Iterable[TenantAsset], derived: Iterable[TenantAsset]
) -> list[dg.AssetKey] | None:
    """The part of the job that a stage runs; None means all of it."""
    match stage.kind:
        case StageKind.RAW:
            return asset_keys(first)
        case StageKind.DERIVED:
            return asset_keys(derived)
        case StageKind.LABELS:
            return asset_keys(asset for asset in derived if asset.name in OF_LABELS)
        case StageKind.DATA | StageKind.REFRESH | StageKind.REPORT | StageKind.TRIAL:
            return None
