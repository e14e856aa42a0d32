"""The one Definitions object: every asset, job, sensor and resource of the code location, wired flat and by name."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from synkro_assets.analysis.assets import ANALYSIS_ASSETS
from synkro_assets.analysis.trial import TRIAL_ASSETS
from synkro_assets.automation.jobs import DATA_JOB, REFRESH_JOB, REPORT_JOBS, TRIAL_JOB, tenant_job
from synkro_assets.automation.refreshes import due_refreshes_schedule
from synkro_assets.automation.schedules import due_reports_schedule
from synkro_assets.automation.sensors import run_requests_sensor
from synkro_assets.crm.assets import CRM_SOURCES, CRM_TABLES
from synkro_assets.crm.card_assets import CARD_ASSETS
from synkro_assets.custom_period import RESOURCE as CUSTOM_PERIOD
from synkro_assets.custom_period import CustomPeriodResource
from synkro_assets.dialogs.assets import DIALOG_SOURCES, DIALOG_TABLES
from synkro_assets.notices.sensors import notices_sensor
from synkro_assets.partitions import history_start, tenant_periods
from synkro_assets.reports.assets import REPORT_ASSETS
from synkro_assets.run_scope import RunScopeResource
from synkro_assets.tenant_asset import TenantAsset
from synkro_assets.warehouse.assets import WAREHOUSE_ASSETS
from synkro_resources.ai.resource import AiResource
from synkro_resources.amocrm.resource import AmocrmResource
from synkro_resources.channels.resource import ChannelsResource
from synkro_resources.lake.io_manager import LakeIOManager, LakeResource
from synkro_resources.model.period import PeriodKind
from synkro_resources.platform import PlatformResource
from synkro_resources.radist.resource import RadistResource
from synkro_resources.settings import Settings
from synkro_resources.supabase.resource import SupabaseResource

SOURCES: tuple[TenantAsset, ...] = (*CRM_SOURCES, *DIALOG_SOURCES)
NORMALIZED: tuple[TenantAsset, ...] = (*CRM_TABLES, *CARD_ASSETS, *DIALOG_TABLES)
DATA: tuple[TenantAsset, ...] = (*SOURCES, *NORMALIZED, *WAREHOUSE_ASSETS, *ANALYSIS_ASSETS)
ASSETS: tuple[TenantAsset, ...] = (*DATA, *TRIAL_ASSETS, *REPORT_ASSETS)

READ_FIRST: tuple[TenantAsset, ...] = (*SOURCES, *CRM_TABLES, *CARD_ASSETS)
"""What a history in chunks does for all chunks first: amoCRM lists a deal under its newest change only, so the dialogs
of an old chunk find their deals in the newer ones.
"""
DERIVED: tuple[TenantAsset, ...] = (*DIALOG_TABLES, *WAREHOUSE_ASSETS, *ANALYSIS_ASSETS)

REPORT_JOB_IS = {
    PeriodKind.DAY: "Package, report and delivery of one day.",
    PeriodKind.WEEK: "Package, report and delivery of an ISO week.",
    PeriodKind.MONTH: "Package, report and delivery of a calendar month.",
    PeriodKind.CUSTOM: "Package, report and delivery of the days that the run's config names.",
}


def build_resources(settings: Settings) -> dict[str, object]:
    """All resources, one per integration; credentials are looked up by tenant inside the run."""
    platform = PlatformResource()
    lake_root = settings.lake_root
    return {
        "platform": platform,
        "run_scope": RunScopeResource(platform=platform),
        "lake": LakeResource(root=lake_root),
        "lake_io": LakeIOManager(root=lake_root),
        "amocrm": AmocrmResource(platform=platform),
        "radist": RadistResource(platform=platform),
        "supabase": SupabaseResource(platform=platform),
        "ai": AiResource(platform=platform),
        "channels": ChannelsResource(platform=platform),
        CUSTOM_PERIOD: CustomPeriodResource(),
    }


def build_defs(
    settings: Settings | None = None, *, resource_overrides: Mapping[str, object] | None = None
) -> dg.Definitions:
    """The code location for these settings. Tests replace resources by name; nothing else differs."""
    chosen = settings or Settings.load()
    partitions = tenant_periods(history_start(chosen))
    jobs = [
        tenant_job(DATA_JOB, DATA, "Sources to the client's Supabase and the labels of dialogs, never reports."),
        tenant_job(REFRESH_JOB, (*SOURCES, *NORMALIZED), "Today's open dialogs and changed deals."),
        tenant_job(TRIAL_JOB, TRIAL_ASSETS, "A new version of the checklist on some stored dialogs."),
        *(
            tenant_job(name, [asset for asset in REPORT_ASSETS if asset.period is kind], REPORT_JOB_IS[kind])
            for kind, name in REPORT_JOBS.items()
        ),
    ]
    return dg.Definitions(
        assets=[asset.build(partitions) for asset in ASSETS],
        jobs=jobs,
        schedules=[due_reports_schedule(jobs[-1]), due_refreshes_schedule(jobs[1])],
        sensors=[run_requests_sensor(jobs, READ_FIRST, DERIVED), notices_sensor()],
        resources={**build_resources(chosen), **(resource_overrides or {})},
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads; reading the settings here and not at import keeps imports free of I/O."""
    return build_defs()
