"""Custom fields, tags and tasks as assets: one declaration for all of them, because only the table differs."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from synkro_assets.crm.cards import normalize_fields, normalize_tags, normalize_tasks
from synkro_assets.normalization import Normalized
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


def _card_asset(table: Table, source: Table, normalize: Callable[[pa.Table, Table], Normalized]) -> TenantAsset:
    @tenant_asset(table, inputs={"raw": source})
    def card(run: TenantRun, raw: pa.Table) -> pa.Table:
        result = normalize(run.with_baseline(raw, source, table), table)
        run.notes.quarantined += len(result.quarantined)
        return result.table

    return card


def _tasks(raw: pa.Table, _table: Table) -> Normalized:
    return normalize_tasks(raw)


CARD_ASSETS: tuple[TenantAsset, ...] = (
    _card_asset(DEAL_FIELD, AMOCRM_LEADS, normalize_fields),
    _card_asset(CONTACT_FIELD, AMOCRM_CONTACTS, normalize_fields),
    _card_asset(COMPANY_FIELD, AMOCRM_COMPANIES, normalize_fields),
    _card_asset(DEAL_TAG, AMOCRM_LEADS, normalize_tags),
    _card_asset(CONTACT_TAG, AMOCRM_CONTACTS, normalize_tags),
    _card_asset(TASK, AMOCRM_TASKS, _tasks),
)
