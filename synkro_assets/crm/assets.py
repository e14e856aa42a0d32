"""amoCRM as assets: raw rows as the vendor gave them, then the normalised tables of deals, contacts and calls."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pyarrow as pa

from synkro_assets import staleness
from synkro_assets.crm import extract, normalize
from synkro_assets.crm.chosen_again import refresh_stored_deals
from synkro_assets.crm.deletions import Happened, known_kinship, read_deleted
from synkro_assets.crm.families import COMPANY_FAMILY, CONTACT_FAMILY, deal_family
from synkro_assets.crm.sweep import (
    RECENT,
    SweepState,
    compare_lists,
    found_rows,
    gone_entities,
    known_entities,
    nothing_swept,
)
from synkro_assets.crm.talks import read_talks, talks_to_read
from synkro_assets.crm.tombstones import mark_deleted, untold_deletions
from synkro_assets.extraction import Extraction
from synkro_assets.tenant_asset import TenantAsset, tenant_asset
from synkro_assets.tenant_run import TenantRun
from synkro_resources.amocrm import AmocrmClient, EntityType
from synkro_resources.amocrm.rules import FORBIDDEN
from synkro_resources.amocrm.tokens import token_warning
from synkro_resources.lake import RowSpool
from synkro_resources.model.errors import IntegrationError
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.tables import Table
from synkro_resources.model.tables.crm import (
    CALL,
    CHAT_EVENT,
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
    AMOCRM_CUSTOM_FIELDS,
    AMOCRM_DELETED,
    AMOCRM_EVENTS,
    AMOCRM_LEADS,
    AMOCRM_LOSS_REASONS,
    AMOCRM_NOTES,
    AMOCRM_PIPELINES,
    AMOCRM_SWEEP,
    AMOCRM_TAGS,
    AMOCRM_TALKS,
    AMOCRM_TASKS,
    AMOCRM_UNSORTED,
    AMOCRM_USERS,
)
from synkro_resources.model.window import TenantWindow

amocrm_asset = partial(tenant_asset, resources=("amocrm",), kinds=("parquet", "amocrm"))


def _client(run: TenantRun) -> AmocrmClient:
    """The tenant's client; what this step asks of it is counted from now on."""
    client: AmocrmClient = run.context.resources.amocrm.of(run.tenant)
    run.watch(client.counters)
    return client


def _as_far_as_allowed(
    run: TenantRun, table: Table, read: Callable[[AmocrmClient, TenantWindow], Extraction]
) -> RowSpool:
    """What no figure depends on may be closed to the token's user: the load then goes on without it and says so."""
    try:
        return run.take(read(_client(run), run.window))
    except IntegrationError as error:
        if error.code != FORBIDDEN:
            raise
        run.warn(IntegrationKind.AMOCRM, error)
        return RowSpool(table)


@amocrm_asset(AMOCRM_ACCOUNT)
def account(run: TenantRun) -> RowSpool:
    """The account: its zone, currency and features. Read first: it proves the token and the address."""
    rows = run.take(extract.read_account(_client(run), run.window))
    soon = token_warning(run.platform.connection(run.tenant, IntegrationKind.AMOCRM), run.clock)
    if soon is not None:
        run.warn(IntegrationKind.AMOCRM, IntegrationError("amocrm.token_ends_soon", *soon, tenant=run.tenant))
    return rows


@amocrm_asset(AMOCRM_USERS, after=[AMOCRM_ACCOUNT])
def users(run: TenantRun) -> RowSpool:
    """The people of the account; without administrator rights the ones known so far stay."""
    return _as_far_as_allowed(run, AMOCRM_USERS, extract.read_users)


@amocrm_asset(AMOCRM_PIPELINES, after=[AMOCRM_ACCOUNT])
def pipelines(run: TenantRun) -> RowSpool:
    """Pipelines with their statuses."""
    return run.take(extract.read_pipelines(_client(run), run.window))


@amocrm_asset(AMOCRM_LOSS_REASONS, after=[AMOCRM_ACCOUNT])
def loss_reasons(run: TenantRun) -> RowSpool:
    """The list of loss reasons."""
    return run.take(extract.read_loss_reasons(_client(run), run.window))


@amocrm_asset(AMOCRM_CUSTOM_FIELDS, after=[AMOCRM_ACCOUNT])
def custom_fields(run: TenantRun) -> RowSpool:
    """Definitions of the fields of leads, contacts and companies."""
    return _as_far_as_allowed(run, AMOCRM_CUSTOM_FIELDS, extract.read_custom_fields)


@amocrm_asset(AMOCRM_TAGS, after=[AMOCRM_ACCOUNT])
def tags(run: TenantRun) -> RowSpool:
    """Tags of leads, contacts and companies."""
    return _as_far_as_allowed(run, AMOCRM_TAGS, extract.read_tags)


@amocrm_asset(AMOCRM_UNSORTED, after=[AMOCRM_ACCOUNT])
def unsorted(run: TenantRun) -> RowSpool:
    """Incoming leads that wait to be accepted."""
    return _as_far_as_allowed(run, AMOCRM_UNSORTED, extract.read_unsorted)


@amocrm_asset(AMOCRM_EVENTS, after=[AMOCRM_ACCOUNT])
def events(run: TenantRun) -> RowSpool:
    """What happened on these days: moves, changes of the responsible user, deletions, links, chat messages."""
    return run.take(extract.read_events(_client(run), run.window, with_chats=run.settings.read_chat_events))


@amocrm_asset(AMOCRM_SWEEP, after=[AMOCRM_ACCOUNT])
def sweep(run: TenantRun) -> RowSpool:
    """Once a night all lists are compared with what is stored: for what events and windows missed."""
    now = run.clock.now()
    if run.is_first_load(AMOCRM_LEADS):
        return run.take(nothing_swept(run.window, swept_at=now))
    before = SweepState.of(run.current(AMOCRM_SWEEP))
    is_recent = run.window.end > now - RECENT
    if run.is_refresh or not is_recent or not before.is_due(now, run.settings.sweep_hours):
        return run.take(nothing_swept(run.window))
    extraction, counts = compare_lists(_client(run), known_entities(run.lake, run.tenant), before, run.window, now)
    run.notes.extra |= counts.metadata
    return run.take(extraction)


@amocrm_asset(AMOCRM_LEADS, inputs={"swept": AMOCRM_SWEEP}, after=[AMOCRM_EVENTS])
def leads(run: TenantRun, swept: pa.Table) -> RowSpool:
    """Leads changed on these days; the first load also reads everything older as the baseline."""
    return run.take(_entities(run, "leads", swept))


@amocrm_asset(AMOCRM_CONTACTS, inputs={"swept": AMOCRM_SWEEP}, after=[AMOCRM_EVENTS])
def contacts(run: TenantRun, swept: pa.Table) -> RowSpool:
    """Contacts changed on these days, with the baseline at first."""
    return run.take(_entities(run, "contacts", swept))


@amocrm_asset(AMOCRM_COMPANIES, inputs={"swept": AMOCRM_SWEEP}, after=[AMOCRM_EVENTS])
def companies(run: TenantRun, swept: pa.Table) -> RowSpool:
    """Companies changed on these days, with the baseline at first."""
    return run.take(_entities(run, "companies", swept))


def _entities(run: TenantRun, entity_type: EntityType, swept: pa.Table) -> Extraction:
    happened = Happened.of(run.each_day(AMOCRM_EVENTS))
    return extract.read_entities(
        _client(run),
        entity_type,
        run.window,
        first_load=run.is_first_load(extract.ENTITY_TABLES[entity_type]),
        again=happened.to_read_again(entity_type, known_kinship(run.lake, run.tenant, happened)),
        found=found_rows(swept, entity_type),
    )


@amocrm_asset(AMOCRM_DELETED, inputs={"swept": AMOCRM_SWEEP}, after=[AMOCRM_EVENTS])
def deleted(run: TenantRun, swept: pa.Table) -> RowSpool:
    """What was deleted, restored or merged away: by events, the trash, sweeps, and by asking after merges."""
    happened = Happened.of(run.each_day(AMOCRM_EVENTS))
    return run.take(
        read_deleted(
            _client(run),
            happened,
            gone_entities(swept),
            known_kinship(run.lake, run.tenant, happened),
            run.window,
            first_load=run.is_first_load(AMOCRM_DELETED),
            with_trash=not run.is_refresh,
        )
    )


@amocrm_asset(AMOCRM_TASKS, after=[AMOCRM_ACCOUNT])
def tasks(run: TenantRun) -> RowSpool:
    """Tasks changed on these days, with the baseline at first."""
    read = partial(extract.read_tasks, first_load=run.is_first_load(AMOCRM_TASKS))
    return _as_far_as_allowed(run, AMOCRM_TASKS, read)


@amocrm_asset(AMOCRM_NOTES, after=[AMOCRM_ACCOUNT])
def notes(run: TenantRun) -> RowSpool:
    """Notes of calls on leads, contacts and companies."""
    return run.take(extract.read_call_notes(_client(run), run.window, first_load=run.is_first_load(AMOCRM_NOTES)))


@amocrm_asset(AMOCRM_TALKS, after=[AMOCRM_EVENTS])
def talks(run: TenantRun) -> RowSpool:
    """Talks that chat events name, asked for one by one: there is no list of them."""
    named = talks_to_read(run.each_day(AMOCRM_EVENTS), run.current(AMOCRM_TALKS), run.settings.read_talks)
    return _as_far_as_allowed(run, AMOCRM_TALKS, partial(read_talks, named=named))


@tenant_asset(
    DEAL,
    inputs={"deleted": AMOCRM_DELETED},
    after=[AMOCRM_LEADS],
    beforehand=staleness.mark_after_deals,
)
def deal(run: TenantRun, deleted: pa.Table) -> pa.Table:
    """Deals with typed fields, deleted ones as they last were; the state at any instant is rebuilt from deal_event."""
    refresh_stored_deals(run)
    return _with_deleted(run, run.read(AMOCRM_LEADS, *deal_family(run.settings), target=DEAL), DEAL, deleted)


@tenant_asset(DEAL_CONTACT, after=[AMOCRM_LEADS], beforehand=staleness.mark_after_deal_contacts)
def deal_contact(run: TenantRun) -> pa.Table:
    """Which contacts belong to which deal, and which one is main."""
    return run.read(AMOCRM_LEADS, *deal_family(run.settings), target=DEAL_CONTACT)


@tenant_asset(
    CONTACT,
    inputs={"deleted": AMOCRM_DELETED},
    after=[AMOCRM_CONTACTS],
    beforehand=staleness.mark_after_contacts,
)
def contact(run: TenantRun, deleted: pa.Table) -> pa.Table:
    """Contacts with their Telegram names, deleted ones as they last were."""
    return _with_deleted(run, run.read(AMOCRM_CONTACTS, *CONTACT_FAMILY, target=CONTACT), CONTACT, deleted)


@tenant_asset(CONTACT_PHONE, after=[AMOCRM_CONTACTS], beforehand=staleness.mark_after_phones)
def contact_phone(run: TenantRun) -> pa.Table:
    """Every phone of a contact, as typed and normalised: what dialogs are linked by."""
    return run.read(AMOCRM_CONTACTS, *CONTACT_FAMILY, target=CONTACT_PHONE)


@tenant_asset(COMPANY, inputs={"deleted": AMOCRM_DELETED}, after=[AMOCRM_COMPANIES])
def company(run: TenantRun, deleted: pa.Table) -> pa.Table:
    """Companies that contacts and deals belong to, deleted ones as they last were."""
    return _with_deleted(run, run.read(AMOCRM_COMPANIES, *COMPANY_FAMILY, target=COMPANY), COMPANY, deleted)


def _with_deleted(run: TenantRun, rows: pa.Table, table: Table, deleted: pa.Table) -> pa.Table:
    tombstones = run.with_baseline(deleted, AMOCRM_DELETED, table)
    return mark_deleted(rows, table, tombstones, run.current(table))


@tenant_asset(
    DEAL_EVENT, inputs={"deleted": AMOCRM_DELETED}, after=[AMOCRM_EVENTS], beforehand=staleness.mark_after_deal_events
)
def deal_event(run: TenantRun, deleted: pa.Table) -> pa.Table:
    """Moves, changes of the responsible user, deletions, restores and merges of deals.

    A deletion that no event told of is an event here, too: a deal was there until then.
    """
    rows = run.read(AMOCRM_EVENTS, normalize.deal_events(run.window))
    return pa.concat_tables([rows, untold_deletions(deleted, run.window)])


@tenant_asset(CHAT_EVENT, after=[AMOCRM_EVENTS, AMOCRM_TALKS])
def chat_event(run: TenantRun) -> pa.Table:
    """Who wrote in amoCRM's chats when: what dialogs without a phone find their contact by."""
    return run.read(AMOCRM_EVENTS, normalize.chat_events(run.current(AMOCRM_TALKS), run.window))


@tenant_asset(PIPELINE_STATUS, after=[AMOCRM_PIPELINES])
def pipeline_status(run: TenantRun) -> pa.Table:
    """Statuses keyed by pipeline: 142 and 143 repeat in every pipeline."""
    return run.read(AMOCRM_PIPELINES, normalize.PIPELINE_STATUSES)


@tenant_asset(LOSS_REASON, after=[AMOCRM_LOSS_REASONS])
def loss_reason(run: TenantRun) -> pa.Table:
    """Names of the loss reasons."""
    return run.read(AMOCRM_LOSS_REASONS, normalize.LOSS_REASONS)


@tenant_asset(MANAGER, after=[AMOCRM_USERS])
def manager(run: TenantRun) -> pa.Table:
    """Managers: the users whom deals are attributed to; vanished ones are kept."""
    return run.read(AMOCRM_USERS, normalize.MANAGERS)


@tenant_asset(CALL, after=[AMOCRM_NOTES], beforehand=staleness.mark_after_calls)
def call(run: TenantRun) -> pa.Table:
    """Calls on deals, contacts and companies; a connected one answers a waiting client."""
    return run.read(AMOCRM_NOTES, normalize.CALLS)


CRM_SOURCES: tuple[TenantAsset, ...] = (
    account,
    users,
    pipelines,
    loss_reasons,
    custom_fields,
    tags,
    unsorted,
    events,
    sweep,
    leads,
    contacts,
    companies,
    deleted,
    tasks,
    notes,
    talks,
)
CRM_TABLES: tuple[TenantAsset, ...] = (
    deal,
    deal_contact,
    contact,
    contact_phone,
    company,
    deal_event,
    chat_event,
    pipeline_status,
    loss_reason,
    manager,
    call,
)
