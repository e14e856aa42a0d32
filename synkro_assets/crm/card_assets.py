"""Custom fields, tags and tasks as assets: one declaration for all of them, because only the table differs."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from synkro_assets.crm.families import COMPANY_FAMILY, CONTACT_FAMILY, TASK_FAMILY, deal_family
from synkro_assets.normalization import Reading
from synkro_assets.tenant_asset import TenantAsset, tenant_asset
from synkro_assets.tenant_run import TenantRun
from synkro_resources.model.tables import Table
from synkro_resources.model.tables.cards import (
    COMPANY_FIELD,
    CONTACT_FIELD,
    CONTACT_TAG,
    DEAL_FIELD,
    DEAL_TAG,
    TASK,
)
from synkro_resources.model.tables.raw import AMOCRM_COMPANIES, AMOCRM_CONTACTS, AMOCRM_LEADS, AMOCRM_TASKS
from synkro_resources.model.tenant_settings import TenantSettings

Family = Callable[[TenantSettings], tuple[Reading, ...]]


def _card_asset(table: Table, source: Table, family: Family) -> TenantAsset:
    @tenant_asset(table, after=[source])
    def card(run: TenantRun) -> pa.Table:
        return run.read(source, *family(run.settings), target=table)

    return card


CARD_ASSETS: tuple[TenantAsset, ...] = (
    _card_asset(DEAL_FIELD, AMOCRM_LEADS, deal_family),
    _card_asset(CONTACT_FIELD, AMOCRM_CONTACTS, lambda _: CONTACT_FAMILY),
    _card_asset(COMPANY_FIELD, AMOCRM_COMPANIES, lambda _: COMPANY_FAMILY),
    _card_asset(DEAL_TAG, AMOCRM_LEADS, deal_family),
    _card_asset(CONTACT_TAG, AMOCRM_CONTACTS, lambda _: CONTACT_FAMILY),
    _card_asset(TASK, AMOCRM_TASKS, lambda _: TASK_FAMILY),
)
