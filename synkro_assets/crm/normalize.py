"""amoCRM's rows as typed tables: every field but the id may be null, absent or of another shape, and none may raise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from synkro_assets.crm.chosen import chosen_values
from synkro_assets.json_columns import (
    Objects,
    children,
    embedded,
    first_ids,
    first_sides,
    flags,
    identified,
    texts,
    unix_instants,
    wholes,
)
from synkro_assets.normalization import Built, RawRows, Reading
from synkro_resources.http.jsonvalues import JsonObject, as_object, as_rows, as_whole
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
from synkro_resources.model.window import TenantWindow
from synkro_resources.rules.phones import normalize_crm_phone, split_phones
from synkro_resources.rules.usernames import telegram_username

WON, LOST = 142, 143
UNSORTED_TYPE = 1
CONVERSATION = 4
"""`call_status` of a call in which people spoke."""
UNDEFINED_STATUS = 8
SPOKEN_FROM_S = 10
"""Without a status, a call of at least this length counts as a conversation."""

CHAT_DIRECTIONS = {"incoming_chat_message": "inbound", "outgoing_chat_message": "outbound"}
EVENT_KINDS = {
    "lead_status_changed": "status",
    "entity_responsible_changed": "responsible",
    "lead_deleted": "deleted",
    "lead_restored": "restored",
    "entity_merged": "merged",
}


def _read_deals(rows: RawRows, deal_columns: Mapping[str, int]) -> Built:
    bodies = rows.bodies
    return Built(
        {
            "deal_id": rows["id"],
            "name": texts(bodies, "name"),
            "pipeline_id": wholes(bodies, "pipeline_id"),
            "status_id": wholes(bodies, "status_id"),
            "price": wholes(bodies, "price"),
            "responsible_id": wholes(bodies, "responsible_user_id"),
            "loss_reason_id": wholes(bodies, "loss_reason_id"),
            "company_id": first_ids(embedded(bodies, "companies")),
            "created_at": unix_instants(bodies, "created_at"),
            "closed_at": unix_instants(bodies, "closed_at"),
            "updated_at": unix_instants(bodies, "updated_at"),
            "is_deleted": rows["is_deleted"],
            **chosen_values(rows.lists("custom_fields_values"), deal_columns),
            "source_updated_at": rows["source_updated_at"],
        }
    )


def deals(deal_columns: Mapping[str, int]) -> Reading:
    """Deals; a closing time of zero or less is no closing time. `deal_columns`: the tenant's setting."""
    return Reading(DEAL, partial(_read_deals, deal_columns=deal_columns))


def _read_deal_contacts(rows: RawRows) -> Built:
    places, contacts = identified(embedded(rows.bodies, "contacts"))
    return Built(
        {
            "deal_id": rows.at("id", places),
            "contact_id": wholes(contacts, "id"),
            "is_main": flags(contacts, "is_main"),
            "source_updated_at": rows.at("source_updated_at", places),
        },
        places,
    )


DEAL_CONTACTS = Reading(DEAL_CONTACT, _read_deal_contacts, newest_only=True)
"""The contacts of each deal; a row holds while its version is the deal's own."""


def _read_contacts(rows: RawRows) -> Built:
    bodies = rows.bodies
    return Built(
        {
            "contact_id": rows["id"],
            "name": texts(bodies, "name"),
            "first_name": texts(bodies, "first_name"),
            "last_name": texts(bodies, "last_name"),
            "company_id": first_ids(embedded(bodies, "companies")),
            "responsible_id": wholes(bodies, "responsible_user_id"),
            "telegram_username": [_telegram_name(fields) for fields in rows.lists("custom_fields_values")],
            "created_at": unix_instants(bodies, "created_at"),
            "updated_at": unix_instants(bodies, "updated_at"),
            "is_deleted": rows["is_deleted"],
            "source_updated_at": rows["source_updated_at"],
        }
    )


CONTACTS = Reading(CONTACT, _read_contacts)
"""Contacts with the Telegram name that a messenger field or a field of that name holds."""


def _read_contact_phones(rows: RawRows) -> Built:
    found = [_phones(fields) for fields in rows.lists("custom_fields_values")]
    places = [place for place, typed in enumerate(found) for _ in typed]
    phones = [phone for typed in found for phone in typed]
    return Built(
        {
            "contact_id": rows.at("id", places),
            "position": [position for typed in found for position in range(len(typed))],
            "phone_raw": phones,
            "phone_norm": [normalize_crm_phone(phone) for phone in phones],
            "source_updated_at": rows.at("source_updated_at", places),
        },
        places,
    )


CONTACT_PHONES = Reading(CONTACT_PHONE, _read_contact_phones)
"""Every phone as typed and as digits; several in one field become several rows."""


def _read_companies(rows: RawRows) -> Built:
    bodies = rows.bodies
    return Built(
        {
            "company_id": rows["id"],
            "name": texts(bodies, "name"),
            "responsible_id": wholes(bodies, "responsible_user_id"),
            "created_at": unix_instants(bodies, "created_at"),
            "updated_at": unix_instants(bodies, "updated_at"),
            "is_deleted": rows["is_deleted"],
            "source_updated_at": rows["source_updated_at"],
        }
    )


COMPANIES = Reading(COMPANY, _read_companies)


def deal_events(window: TenantWindow) -> Reading:
    """Moves, changes of the responsible user, deletions, restores and merges of leads; other events stay raw."""
    kinds = pa.array(sorted(EVENT_KINDS))

    def wanted(events: pa.Table) -> pa.BooleanArray:
        of_leads = pc.equal(events.column("entity_type"), pa.scalar("lead"))
        named = pc.and_(of_leads, pc.is_valid(events.column("entity_id")))
        return pc.and_(pc.is_in(events.column("type"), kinds), named)

    def read(rows: RawRows) -> Built:
        before, after = (first_sides(rows.bodies, side, "lead_status") for side in ("value_before", "value_after"))
        from_, to = (first_sides(rows.bodies, side, "responsible_user") for side in ("value_before", "value_after"))
        return Built(
            {
                "event_id": rows["event_id"],
                "deal_id": rows["entity_id"],
                "at": rows["created_at"],
                "kind": [EVENT_KINDS[kind] for kind in rows.values("type")],
                "before_pipeline_id": wholes(before, "pipeline_id"),
                "before_status_id": wholes(before, "id"),
                "after_pipeline_id": wholes(after, "pipeline_id"),
                "after_status_id": wholes(after, "id"),
                "before_user_id": wholes(from_, "id"),
                "after_user_id": wholes(to, "id"),
                "created_by": wholes(rows.bodies, "created_by"),
                "source_updated_at": rows.day_ends(window),
            }
        )

    return Reading(DEAL_EVENT, read, wanted=wanted)


def chat_events(talks: pa.Table, window: TenantWindow) -> Reading:
    """Who wrote in a chat and when; the words are not in them.

    The contact is the event's own entity, or the one that it names beside its lead, or that of its talk.
    """
    read_talks = ((row["id"], as_object(orjson.loads(row["raw"] or "null"))) for row in talks.to_pylist())
    contact_of_talk = {talk: as_whole(body.get("contact_id")) for talk, body in read_talks}
    kinds = pa.array(sorted(CHAT_DIRECTIONS))

    def wanted(events: pa.Table) -> pa.BooleanArray:
        return pc.is_in(events.column("type"), kinds)

    def read(rows: RawRows) -> Built:
        messages = first_sides(rows.bodies, "value_after", "message")
        entities = children(children(rows.bodies, "_embedded"), "entity")
        talk_ids, beside = wholes(messages, "talk_id"), wholes(entities, "linked_talk_contact_id")
        owners = list(zip(rows.values("entity_type"), rows.values("entity_id"), strict=True))
        named = [
            owner_id if owner == "contact" else linked for (owner, owner_id), linked in zip(owners, beside, strict=True)
        ]
        return Built(
            {
                "event_id": rows["event_id"],
                "at": rows["created_at"],
                "direction": [CHAT_DIRECTIONS[kind] for kind in rows.values("type")],
                "origin": texts(messages, "origin"),
                "talk_id": talk_ids,
                "message_id": texts(messages, "id"),
                "contact_id": [
                    contact or contact_of_talk.get(talk) for contact, talk in zip(named, talk_ids, strict=True)
                ],
                "deal_id": [owner_id if owner == "lead" else None for owner, owner_id in owners],
                "created_by": wholes(rows.bodies, "created_by"),
                "source_updated_at": rows.day_ends(window),
            }
        )

    return Reading(CHAT_EVENT, read, wanted=wanted)


def _read_pipeline_statuses(rows: RawRows) -> Built:
    places, statuses = identified(embedded(rows.bodies, "statuses"))
    ids, names = wholes(statuses, "id"), texts(rows.bodies, "name")
    return Built(
        {
            "pipeline_id": rows.at("id", places),
            "status_id": ids,
            "pipeline_name": [names[place] for place in places],
            "status_name": texts(statuses, "name"),
            "sort": wholes(statuses, "sort"),
            "is_won": [status_id == WON for status_id in ids],
            "is_lost": [status_id == LOST for status_id in ids],
            "is_unsorted": [status.get("type") == UNSORTED_TYPE for status in statuses],
            "source_updated_at": rows.at("source_updated_at", places),
        },
        places,
    )


PIPELINE_STATUSES = Reading(PIPELINE_STATUS, _read_pipeline_statuses)
"""Statuses keyed by pipeline; won and lost have the same ids in every pipeline."""


def _read_loss_reasons(rows: RawRows) -> Built:
    return Built(
        {
            "loss_reason_id": rows["id"],
            "name": texts(rows.bodies, "name"),
            "source_updated_at": rows["source_updated_at"],
        }
    )


LOSS_REASONS = Reading(LOSS_REASON, _read_loss_reasons)


def _read_managers(rows: RawRows) -> Built:
    return Built(
        {
            "manager_id": rows["id"],
            "name": texts(rows.bodies, "name"),
            "email": texts(rows.bodies, "email"),
            "is_active": [rights.get("is_active") is not False for rights in children(rows.bodies, "rights")],
            "source_updated_at": rows["source_updated_at"],
        }
    )


MANAGERS = Reading(MANAGER, _read_managers)
"""The account's users; whoever lacks the flag counts as active."""


def _read_calls(rows: RawRows) -> Built:
    parameters, at = children(rows.bodies, "params"), unix_instants(rows.bodies, "created_at")
    if at.null_count:
        raise ValueError("a call without a time")
    durations, statuses = wholes(parameters, "duration"), wholes(parameters, "call_status")
    owners = list(zip(rows.values("entity_type"), rows.values("entity_id"), strict=True))
    return Built(
        {
            "call_id": rows["id"],
            "deal_id": [owner_id if owner == "leads" else None for owner, owner_id in owners],
            "contact_id": [owner_id if owner == "contacts" else None for owner, owner_id in owners],
            "company_id": [owner_id if owner == "companies" else None for owner, owner_id in owners],
            "direction": ["in" if kind == "call_in" else "out" for kind in rows.values("note_type")],
            "at": at,
            "duration_s": durations,
            "status": statuses,
            "is_connected": [is_connected(*call) for call in zip(statuses, durations, strict=True)],
            "manager_id": wholes(rows.bodies, "responsible_user_id"),
            "phone_norm": [normalize_crm_phone(phone) for phone in texts(parameters, "phone")],
            "source_updated_at": rows["source_updated_at"],
        }
    )


CALLS = Reading(CALL, _read_calls)
"""Calls from notes; connected if people spoke, or if the status is unknown and it lasted ten seconds."""


def is_connected(status: int | None, duration_s: int | None) -> bool:
    """Whether people spoke (docs/metrics.md, «Turns»)."""
    if status == CONVERSATION:
        return True
    return status in (None, UNDEFINED_STATUS) and (duration_s or 0) >= SPOKEN_FROM_S


def _phones(fields: Objects) -> list[str]:
    """The phones of a card as typed, in order."""
    typed = [value for field in fields if field.get("field_code") == "PHONE" for value in _texts(field)]
    return [phone for value in typed for phone in split_phones(value)]


def _texts(field: JsonObject) -> Iterator[str]:
    for item in as_rows(field.get("values")):
        value = item.get("value")
        if isinstance(value, str | int) and not isinstance(value, bool):
            yield str(value)


def _telegram_name(fields: Sequence[JsonObject]) -> str | None:
    for field in fields:
        label = f"{field.get('field_name') or ''} {field.get('field_code') or ''}".lower()
        is_messenger = field.get("field_code") == "IM"
        if not (is_messenger or "telegram" in label or "телеграм" in label):
            continue
        for value in _texts(field):
            name = telegram_username(value)
            if name is not None:
                return name
    return None
