"""Custom fields, tags and tasks as assets: one declaration for all of them, because only the table differs."""

from __future__ import annotations

import pyarrow as pa

from synkro_assets.crm.families import COMPANY_FAMILY, CONTACT_FAMILY, DEAL_FAMILY, TASK_FAMILY
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


def _card_asset(table: Table, source: Table, family: tuple[Reading, ...]) -> TenantAsset:
    @tenant_asset(table, after=[source])
    def card(run: TenantRun) -> pa.Table:
        return run.read(source, *family, target=table)

    return card


CARD_ASSETS: tuple[TenantAsset, ...] = (
    _card_asset(DEAL_FIELD, AMOCRM_LEADS, DEAL_FAMILY),
    _card_asset(CONTACT_FIELD, AMOCRM_CONTACTS, CONTACT_FAMILY),
    _card_asset(COMPANY_FIELD, AMOCRM_COMPANIES, COMPANY_FAMILY),
    _card_asset(DEAL_TAG, AMOCRM_LEADS, DEAL_FAMILY),
    _card_asset(CONTACT_TAG, AMOCRM_CONTACTS, CONTACT_FAMILY),
    _card_asset(TASK, AMOCRM_TASKS, TASK_FAMILY),
)
