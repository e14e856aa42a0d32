"""amoCRM rows as raw tables: readers for the asset bodies, and the typing that paging and folding need."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from synkro_assets.extraction import Collector, Extraction, QuarantinedRow, instant_of_seconds, raw_text
from synkro_resources.amocrm import AmocrmClient
from synkro_resources.http.jsonvalues import JsonObject, as_text, as_whole
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
from synkro_resources.model.tables.schema import Table
from synkro_resources.model.window import TenantWindow

__all__ = ["Extraction", "QuarantinedRow"]

NOTE_OWNERS = ("leads", "contacts", "companies")

EVENT_TYPES = (
    "lead_added",
    "lead_status_changed",
    "entity_responsible_changed",
    "lead_deleted",
    "lead_restored",
    "contact_deleted",
    "contact_restored",
    "company_deleted",
    "company_restored",
    "entity_merged",
)
"""What a deal's history and deletions are rebuilt from."""


def extract_entities(
    rows: Iterable[JsonObject], table: Table, window: TenantWindow, *, with_baseline: bool
) -> Extraction:
    """Leads, contacts or companies on the local day of their `updated_at`.

    Rows older than the window become the baseline (day null) with `with_baseline` and are dropped otherwise; newer
    rows are dropped: a later window reads them.
    """
    collector = Collector(table, window)
    for row in rows:
        identity, updated_at = as_whole(row.get("id")), instant_of_seconds(row.get("updated_at"))
        if identity is None or updated_at is None:
            collector.put_aside(row, "no_id" if identity is None else "no_time")
            continue
        values = {
            "id": identity,
            "source_updated_at": updated_at,
            "is_deleted": row.get("is_deleted") is True,
            "raw": raw_text(row),
        }
        collector.add(identity, updated_at, values, with_baseline=with_baseline)
    return collector.result()


def extract_snapshot(
    rows: Iterable[JsonObject], table: Table, window: TenantWindow, *, id_key: str = "id"
) -> Extraction:
    """The state read now, all of it on the newest day of the window; its version is the window's end."""
    collector = Collector(table, window)
    for row in rows:
        identity = as_whole(row.get(id_key))
        if identity is None:
            collector.put_aside(row, "no_id")
            continue
        values = {"id": identity, "source_updated_at": window.end, "raw": raw_text(row)}
        collector.add_on(window.last_day, identity, window.end, values)
    return collector.result()


def extract_events(rows: Iterable[JsonObject], window: TenantWindow) -> Extraction:
    """Events on the local day on which they happened; events outside the window are dropped."""
    collector = Collector(AMOCRM_EVENTS, window)
    for row in rows:
        event_id, event_type = as_text(row.get("id")), as_text(row.get("type"))
        created_at = instant_of_seconds(row.get("created_at"))
        if event_id is None or event_type is None or created_at is None:
            collector.put_aside(row, "no_id" if event_id is None else "no_type" if event_type is None else "no_time")
            continue
        values = {
            "event_id": event_id,
            "created_at": created_at,
            "type": event_type,
            "entity_type": as_text(row.get("entity_type")),
            "entity_id": as_whole(row.get("entity_id")),
            "raw": raw_text(row),
        }
        collector.add(event_id, created_at, values, with_baseline=False)
    return collector.result()


def extract_notes(rows: Iterable[tuple[str, JsonObject]], window: TenantWindow, *, with_baseline: bool) -> Extraction:
    """Notes with the kind of entity (plural) that they were listed under, as `extract_entities` places them."""
    collector = Collector(AMOCRM_NOTES, window)
    for entity_type, row in rows:
        identity, updated_at = as_whole(row.get("id")), instant_of_seconds(row.get("updated_at"))
        entity_id, note_type = as_whole(row.get("entity_id")), as_text(row.get("note_type"))
        if identity is None or updated_at is None or entity_id is None or note_type is None:
            missing = {"no_id": identity, "no_time": updated_at, "no_entity": entity_id, "no_type": note_type}
            collector.put_aside(row, next(reason for reason, value in missing.items() if value is None))
            continue
        values = {
            "id": identity,
            "source_updated_at": updated_at,
            "is_deleted": False,
            "entity_type": entity_type,
            "entity_id": entity_id,
            "note_type": note_type,
            "raw": raw_text(row),
        }
        collector.add(identity, updated_at, values, with_baseline=with_baseline)
    return collector.result()


def _lower_bound(window: TenantWindow, *, first_load: bool) -> datetime | None:
    return None if first_load else window.start


def read_account(client: AmocrmClient, window: TenantWindow) -> Extraction:
    return extract_snapshot([client.account()], AMOCRM_ACCOUNT, window)


def read_users(client: AmocrmClient, window: TenantWindow) -> Extraction:
    return extract_snapshot(client.users(), AMOCRM_USERS, window)


def read_pipelines(client: AmocrmClient, window: TenantWindow) -> Extraction:
    return extract_snapshot(client.pipelines(), AMOCRM_PIPELINES, window)


def read_loss_reasons(client: AmocrmClient, window: TenantWindow) -> Extraction:
    return extract_snapshot(client.loss_reasons(), AMOCRM_LOSS_REASONS, window)


def read_leads(client: AmocrmClient, window: TenantWindow, *, first_load: bool) -> Extraction:
    """Leads changed in the window; `first_load` also reads everything older, as the baseline."""
    rows = client.leads(_lower_bound(window, first_load=first_load), window.end)
    return extract_entities(rows, AMOCRM_LEADS, window, with_baseline=first_load)


def read_contacts(client: AmocrmClient, window: TenantWindow, *, first_load: bool) -> Extraction:
    rows = client.contacts(_lower_bound(window, first_load=first_load), window.end)
    return extract_entities(rows, AMOCRM_CONTACTS, window, with_baseline=first_load)


def read_companies(client: AmocrmClient, window: TenantWindow, *, first_load: bool) -> Extraction:
    rows = client.companies(_lower_bound(window, first_load=first_load), window.end)
    return extract_entities(rows, AMOCRM_COMPANIES, window, with_baseline=first_load)


def read_call_notes(client: AmocrmClient, window: TenantWindow, *, first_load: bool) -> Extraction:
    lower = _lower_bound(window, first_load=first_load)
    rows = ((owner, row) for owner in NOTE_OWNERS for row in client.call_notes(owner, lower, window.end))
    return extract_notes(rows, window, with_baseline=first_load)


def read_events(client: AmocrmClient, window: TenantWindow) -> Extraction:
    return extract_events(client.events(window.start, window.end, EVENT_TYPES), window)
