"""amoCRM as assets: raw rows as the vendor gave them, then the normalised tables of deals, contacts and calls."""

from __future__ import annotations

from functools import partial

import pyarrow as pa

from synkro_assets.crm import extract, normalize
from synkro_assets.tenant_asset import TenantAsset, tenant_asset
from synkro_assets.tenant_run import TenantRun
from synkro_resources.amocrm import AmocrmClient
from synkro_resources.lake import RowSpool
from synkro_resources.model.tables.crm import (
    CALL,
    COMPANY,
    CONTACT,
    CONTACT_PHONE,
    DEAL,
    DEAL_CONTACT,
    DEAL_EVENT,
    LOSS_REASON,
    MANAGER,
    PIPELINE_STATUS,
)
from synkro_resources.model.tables.raw import (
    AMOCRM_ACCOUNT,
    AMOCRM_COMPANIES,
    AMOCRM_CONTACTS,
    AMOCRM_EVENTS,
    AMOCRM_LEADS,
    AMOCRM_LOSS_REASONS,
    AMOCRM_NOTES,
    AMOCRM_PIPELINES,
    AMOCRM_USERS,
)

amocrm_asset = partial(tenant_asset, resources=("amocrm",), kinds=("parquet", "amocrm"))


def _client(run: TenantRun) -> AmocrmClient:
    """The tenant's client; what this step asks of it is counted from now on."""
    client: AmocrmClient = run.context.resources.amocrm.of(run.tenant)
    run.watch(client.counters)
    return client


@amocrm_asset(AMOCRM_ACCOUNT)
def account(run: TenantRun) -> RowSpool:
    """The account: its zone, currency and features. Read first: it proves the token and the address."""
    return run.take(extract.read_account(_client(run), run.window))


@amocrm_asset(AMOCRM_USERS, after=[AMOCRM_ACCOUNT])
def users(run: TenantRun) -> RowSpool:
    """The people of the account."""
    return run.take(extract.read_users(_client(run), run.window))


@amocrm_asset(AMOCRM_PIPELINES, after=[AMOCRM_ACCOUNT])
def pipelines(run: TenantRun) -> RowSpool:
    """Pipelines with their statuses."""
    return run.take(extract.read_pipelines(_client(run), run.window))


@amocrm_asset(AMOCRM_LOSS_REASONS, after=[AMOCRM_ACCOUNT])
def loss_reasons(run: TenantRun) -> RowSpool:
    """The list of loss reasons."""
    return run.take(extract.read_loss_reasons(_client(run), run.window))


@amocrm_asset(AMOCRM_LEADS, after=[AMOCRM_ACCOUNT])
def leads(run: TenantRun) -> RowSpool:
    """Leads changed on these days; the first load also reads everything older as the baseline."""
    return run.take(extract.read_leads(_client(run), run.window, first_load=run.is_first_load(AMOCRM_LEADS)))


@amocrm_asset(AMOCRM_CONTACTS, after=[AMOCRM_ACCOUNT])
def contacts(run: TenantRun) -> RowSpool:
    """Contacts changed on these days, with the baseline at first."""
    return run.take(extract.read_contacts(_client(run), run.window, first_load=run.is_first_load(AMOCRM_CONTACTS)))


@amocrm_asset(AMOCRM_COMPANIES, after=[AMOCRM_ACCOUNT])
def companies(run: TenantRun) -> RowSpool:
    """Companies changed on these days, with the baseline at first."""
    return run.take(extract.read_companies(_client(run), run.window, first_load=run.is_first_load(AMOCRM_COMPANIES)))


@amocrm_asset(AMOCRM_NOTES, after=[AMOCRM_ACCOUNT])
def notes(run: TenantRun) -> RowSpool:
    """Notes of calls on leads, contacts and companies."""
    return run.take(extract.read_call_notes(_client(run), run.window, first_load=run.is_first_load(AMOCRM_NOTES)))


@amocrm_asset(AMOCRM_EVENTS, after=[AMOCRM_ACCOUNT])
def events(run: TenantRun) -> RowSpool:
    """What happened to leads on these days: moves, changes of the responsible user, deletions."""
    return run.take(extract.read_events(_client(run), run.window))


def _normalized(run: TenantRun, result: normalize.Normalized) -> pa.Table:
    run.notes.quarantined += len(result.quarantined)
    return result.table


@tenant_asset(DEAL, inputs={"leads": AMOCRM_LEADS})
def deal(run: TenantRun, leads: pa.Table) -> pa.Table:
    """Deals with typed fields; their state at any instant is rebuilt from deal_event."""
    return _normalized(run, normalize.normalize_deals(run.with_baseline(leads, AMOCRM_LEADS, DEAL)))


@tenant_asset(DEAL_CONTACT, inputs={"leads": AMOCRM_LEADS})
def deal_contact(run: TenantRun, leads: pa.Table) -> pa.Table:
    """Which contacts belong to which deal, and which one is main."""
    return _normalized(run, normalize.normalize_deal_contacts(run.with_baseline(leads, AMOCRM_LEADS, DEAL_CONTACT)))


@tenant_asset(CONTACT, inputs={"contacts": AMOCRM_CONTACTS})
def contact(run: TenantRun, contacts: pa.Table) -> pa.Table:
    """Contacts with their Telegram names."""
    return _normalized(run, normalize.normalize_contacts(run.with_baseline(contacts, AMOCRM_CONTACTS, CONTACT)))


@tenant_asset(CONTACT_PHONE, inputs={"contacts": AMOCRM_CONTACTS})
def contact_phone(run: TenantRun, contacts: pa.Table) -> pa.Table:
    """Every phone of a contact, as typed and normalised: what dialogs are linked by."""
    rows = run.with_baseline(contacts, AMOCRM_CONTACTS, CONTACT_PHONE)
    return _normalized(run, normalize.normalize_contact_phones(rows))


@tenant_asset(COMPANY, inputs={"companies": AMOCRM_COMPANIES})
def company(run: TenantRun, companies: pa.Table) -> pa.Table:
    """Companies that contacts and deals belong to."""
    return _normalized(run, normalize.normalize_companies(run.with_baseline(companies, AMOCRM_COMPANIES, COMPANY)))


@tenant_asset(DEAL_EVENT, inputs={"events": AMOCRM_EVENTS})
def deal_event(run: TenantRun, events: pa.Table) -> pa.Table:
    """Moves, changes of the responsible user, deletions, restores and merges of deals."""
    return _normalized(run, normalize.normalize_deal_events(events, run.window))


@tenant_asset(PIPELINE_STATUS, inputs={"pipelines": AMOCRM_PIPELINES})
def pipeline_status(run: TenantRun, pipelines: pa.Table) -> pa.Table:
    """Statuses keyed by pipeline: 142 and 143 repeat in every pipeline."""
    return _normalized(run, normalize.normalize_pipeline_statuses(pipelines))


@tenant_asset(LOSS_REASON, inputs={"loss_reasons": AMOCRM_LOSS_REASONS})
def loss_reason(run: TenantRun, loss_reasons: pa.Table) -> pa.Table:
    """Names of the loss reasons."""
    return _normalized(run, normalize.normalize_loss_reasons(loss_reasons))


@tenant_asset(MANAGER, inputs={"users": AMOCRM_USERS})
def manager(run: TenantRun, users: pa.Table) -> pa.Table:
    """Managers: the users whom deals are attributed to; vanished ones are kept."""
    return _normalized(run, normalize.normalize_managers(users))


@tenant_asset(CALL, inputs={"notes": AMOCRM_NOTES})
def call(run: TenantRun, notes: pa.Table) -> pa.Table:
    """Calls on deals, contacts and companies; a connected one answers a waiting client."""
    return _normalized(run, normalize.normalize_calls(run.with_baseline(notes, AMOCRM_NOTES, CALL)))


CRM_SOURCES: tuple[TenantAsset, ...] = (
    account,
    users,
    pipelines,
    loss_reasons,
    leads,
    contacts,
    companies,
    notes,
    events,
)
CRM_TABLES: tuple[TenantAsset, ...] = (
    deal,
    deal_contact,
    contact,
    contact_phone,
    company,
    deal_event,
    pipeline_status,
    loss_reason,
    manager,
    call,
)
