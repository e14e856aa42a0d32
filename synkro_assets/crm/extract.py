"""amoCRM rows as raw tables: readers for the asset bodies, and the typing that paging and folding need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from synkro_assets.extraction import Collector, Extraction, QuarantinedRow, instant_of_seconds, raw_text
from synkro_resources.amocrm import AmocrmClient, EntityType
from synkro_resources.http.jsonvalues import JsonObject, as_text, as_whole
from synkro_resources.model.tables.raw import (
    AMOCRM_ACCOUNT,
    AMOCRM_COMPANIES,
    AMOCRM_CONTACTS,
    AMOCRM_CUSTOM_FIELDS,
    AMOCRM_EVENTS,
    AMOCRM_LEADS,
    AMOCRM_LOSS_REASONS,
    AMOCRM_NOTES,
    AMOCRM_PIPELINES,
    AMOCRM_TAGS,
    AMOCRM_TALKS,
    AMOCRM_TASKS,
    AMOCRM_UNSORTED,
    AMOCRM_USERS,
)
from synkro_resources.model.tables.schema import Table
from synkro_resources.model.window import TenantWindow

__all__ = ["Extraction", "QuarantinedRow"]

ENTITY_TYPES: tuple[EntityType, ...] = ("leads", "contacts", "companies")

HISTORY_EVENTS = (
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
    *(f"{kind}_{change}" for kind in ("lead", "contact", "company", "entity") for change in ("linked", "unlinked")),
)
"""What a deal's history, deletions and links are rebuilt from."""

ENTITY_TABLES: Mapping[EntityType, Table] = {
    "leads": AMOCRM_LEADS,
    "contacts": AMOCRM_CONTACTS,
    "companies": AMOCRM_COMPANIES,
}

CHAT_EVENTS = ("incoming_chat_message", "outgoing_chat_message")
"""Chat messages without their texts: who wrote when, in which talk of which contact."""


def extract_entities(
    rows: Iterable[JsonObject], table: Table, window: TenantWindow, *, with_baseline: bool
) -> Extraction:
    """Leads, contacts, companies or tasks on the local day of their `updated_at`.

    Rows older than the window become the baseline (day null) with `with_baseline` and are dropped otherwise; newer
    rows are dropped: a later window reads them.
    """
    collector = Collector(table, window)
    for row in rows:
        add_entity(collector, row, with_baseline=with_baseline)
    return collector.result()


def add_entity(
    collector: Collector, row: JsonObject, *, with_baseline: bool, known_at: datetime | None = None
) -> tuple[int | None, datetime | None]:
    """Add one entity and return its id and version; `known_at` makes the version at least that instant."""
    identity, updated_at = as_whole(row.get("id")), instant_of_seconds(row.get("updated_at"))
    if identity is None or updated_at is None:
        collector.put_aside(row, "no_id" if identity is None else "no_time")
        return identity, updated_at
    version = updated_at if known_at is None else max(updated_at, known_at)
    values = {
        "id": identity,
        "source_updated_at": version,
        "is_deleted": row.get("is_deleted") is True,
        "raw": raw_text(row),
    }
    collector.add(identity, version, values, with_baseline=with_baseline)
    return identity, updated_at


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


def extract_of_entities(rows: Iterable[tuple[str, JsonObject]], table: Table, window: TenantWindow) -> Extraction:
    """A snapshot whose ids count per kind of entity; pairs of the kind (plural) and the row."""
    collector = Collector(table, window)
    for entity_type, row in rows:
        identity = as_whole(row.get("id"))
        if identity is None:
            collector.put_aside(row, "no_id")
            continue
        values = {"entity_type": entity_type, "id": identity, "source_updated_at": window.end, "raw": raw_text(row)}
        collector.add_on(window.last_day, (entity_type, identity), window.end, values)
    return collector.result()


def extract_unsorted(rows: Iterable[JsonObject], window: TenantWindow) -> Extraction:
    """Incoming leads as they lie there now; their ids are texts."""
    collector = Collector(AMOCRM_UNSORTED, window)
    for row in rows:
        uid = as_text(row.get("uid"))
        if uid is None:
            collector.put_aside(row, "no_id")
            continue
        collector.add_on(
            window.last_day,
            uid,
            window.end,
            {"uid": uid, "source_updated_at": window.end, "raw": raw_text(row)},
        )
    return collector.result()


def extract_talks(rows: Iterable[tuple[datetime, JsonObject]], window: TenantWindow) -> Extraction:
    """Talks with the instant of the event that named them: a talk that was not touched since is stored then, too."""
    collector = Collector(AMOCRM_TALKS, window)
    for named_at, row in rows:
        identity, updated_at = as_whole(row.get("talk_id")), instant_of_seconds(row.get("updated_at"))
        if identity is None or updated_at is None:
            collector.put_aside(row, "no_id" if identity is None else "no_time")
            continue
        version = max(updated_at, named_at)
        values = {"id": identity, "source_updated_at": version, "is_deleted": False, "raw": raw_text(row)}
        collector.add_on(collector.day_inside(version), identity, version, values)
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


def read_custom_fields(client: AmocrmClient, window: TenantWindow) -> Extraction:
    rows = ((kind, row) for kind in ENTITY_TYPES for row in client.custom_fields(kind))
    return extract_of_entities(rows, AMOCRM_CUSTOM_FIELDS, window)


def read_tags(client: AmocrmClient, window: TenantWindow) -> Extraction:
    rows = ((kind, row) for kind in ENTITY_TYPES for row in client.tags(kind))
    return extract_of_entities(rows, AMOCRM_TAGS, window)


def read_unsorted(client: AmocrmClient, window: TenantWindow) -> Extraction:
    return extract_unsorted(client.unsorted(), window)


def read_entities(
    client: AmocrmClient,
    entity_type: EntityType,
    window: TenantWindow,
    *,
    first_load: bool,
    again: Mapping[int, datetime] | None = None,
    found: Iterable[tuple[int, datetime, str]] = (),
) -> Extraction:
    """Leads, contacts or companies changed in the window; `first_load` also reads everything older, as the baseline.

    `again`: ids that events of the window spoke of, with the time of that word: their present state counts as changed
    then. `found`: rows that a sweep found missing here (id, change time, JSON); they lie on the window's last day.
    """
    collector = Collector(ENTITY_TABLES[entity_type], window)
    since = _lower_bound(window, first_load=first_load)
    seen = dict(again or {})
    for row in client.window(entity_type, since, window.end):
        identity, updated_at = add_entity(collector, row, with_baseline=first_load)
        if identity in seen and updated_at is not None and updated_at >= seen[identity]:
            del seen[identity]
    for row in client.by_ids(entity_type, seen):
        identity = as_whole(row.get("id"))
        add_entity(collector, row, with_baseline=first_load, known_at=None if identity is None else seen[identity])
    for identity, updated_at, raw in found:
        values = {"id": identity, "source_updated_at": updated_at, "is_deleted": False, "raw": raw}
        collector.add_on(window.last_day, identity, updated_at, values)
    return collector.result()


def read_tasks(client: AmocrmClient, window: TenantWindow, *, first_load: bool) -> Extraction:
    rows = client.tasks(_lower_bound(window, first_load=first_load), window.end)
    return extract_entities(rows, AMOCRM_TASKS, window, with_baseline=first_load)


def read_call_notes(client: AmocrmClient, window: TenantWindow, *, first_load: bool) -> Extraction:
    lower = _lower_bound(window, first_load=first_load)
    rows = ((owner, row) for owner in ENTITY_TYPES for row in client.call_notes(owner, lower, window.end))
    return extract_notes(rows, window, with_baseline=first_load)


def read_events(client: AmocrmClient, window: TenantWindow, *, with_chats: bool = True) -> Extraction:
    """The window's events; `with_chats` adds the chat messages, of which there are many."""
    types = (*HISTORY_EVENTS, *(CHAT_EVENTS if with_chats else ()))
    return extract_events(client.events(window.start, window.end, types), window)
