"""amoCRM's rows as typed tables: every field but the id may be null, absent or of another shape, and none may raise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from synkro_assets.normalization import Normalized, RawRow, Values, normalize_rows, unix_instant
from synkro_resources.http.jsonvalues import JsonObject, as_list, as_object, as_rows, as_text, as_whole
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


def normalize_deals(raw: pa.Table) -> Normalized:
    """Deals; a closing time of zero or less is no closing time."""

    def read(row: RawRow) -> Iterable[Values]:
        body = row.body
        yield {
            "deal_id": row.columns["id"],
            "name": as_text(body.get("name")),
            "pipeline_id": as_whole(body.get("pipeline_id")),
            "status_id": as_whole(body.get("status_id")),
            "price": as_whole(body.get("price")),
            "responsible_id": as_whole(body.get("responsible_user_id")),
            "loss_reason_id": as_whole(body.get("loss_reason_id")),
            "company_id": _first_id(body, "companies"),
            "created_at": unix_instant(body.get("created_at")),
            "closed_at": unix_instant(body.get("closed_at")),
            "updated_at": unix_instant(body.get("updated_at")),
            "is_deleted": bool(row.columns["is_deleted"]),
            "source_updated_at": row.columns["source_updated_at"],
        }

    return normalize_rows(raw, DEAL, read)


def normalize_deal_contacts(raw: pa.Table) -> Normalized:
    """The contacts of each deal; a row holds while its version is the deal's own."""

    def read(row: RawRow) -> Iterable[Values]:
        for contact in _embedded(row.body, "contacts"):
            contact_id = as_whole(contact.get("id"))
            if contact_id is not None:
                yield {
                    "deal_id": row.columns["id"],
                    "contact_id": contact_id,
                    "is_main": contact.get("is_main") is True,
                    "source_updated_at": row.columns["source_updated_at"],
                }

    return normalize_rows(raw, DEAL_CONTACT, read, newest_only=True)


def normalize_contacts(raw: pa.Table) -> Normalized:
    """Contacts with the Telegram name that a messenger field or a field of that name holds."""

    def read(row: RawRow) -> Iterable[Values]:
        body = row.body
        yield {
            "contact_id": row.columns["id"],
            "name": as_text(body.get("name")),
            "first_name": as_text(body.get("first_name")),
            "last_name": as_text(body.get("last_name")),
            "company_id": _first_id(body, "companies"),
            "responsible_id": as_whole(body.get("responsible_user_id")),
            "telegram_username": _telegram_name(body),
            "created_at": unix_instant(body.get("created_at")),
            "updated_at": unix_instant(body.get("updated_at")),
            "is_deleted": bool(row.columns["is_deleted"]),
            "source_updated_at": row.columns["source_updated_at"],
        }

    return normalize_rows(raw, CONTACT, read)


def normalize_contact_phones(raw: pa.Table) -> Normalized:
    """Every phone as typed and as digits; several in one field become several rows."""

    def read(row: RawRow) -> Iterable[Values]:
        fields = [field for field in _custom_fields(row.body) if field.get("field_code") == "PHONE"]
        typed = [phone for field in fields for value in _texts(field) for phone in split_phones(value)]
        for position, phone in enumerate(typed):
            yield {
                "contact_id": row.columns["id"],
                "position": position,
                "phone_raw": phone,
                "phone_norm": normalize_crm_phone(phone),
                "source_updated_at": row.columns["source_updated_at"],
            }

    return normalize_rows(raw, CONTACT_PHONE, read)


def normalize_companies(raw: pa.Table) -> Normalized:
    def read(row: RawRow) -> Iterable[Values]:
        body = row.body
        yield {
            "company_id": row.columns["id"],
            "name": as_text(body.get("name")),
            "responsible_id": as_whole(body.get("responsible_user_id")),
            "created_at": unix_instant(body.get("created_at")),
            "updated_at": unix_instant(body.get("updated_at")),
            "is_deleted": bool(row.columns["is_deleted"]),
            "source_updated_at": row.columns["source_updated_at"],
        }

    return normalize_rows(raw, COMPANY, read)


def normalize_deal_events(raw: pa.Table, window: TenantWindow) -> Normalized:
    """Moves, changes of the responsible user, deletions, restores and merges of leads; other events stay raw."""
    ends = {day: window.bounds(day)[1] for day in window.days}

    def read(row: RawRow) -> Iterable[Values]:
        kind = EVENT_KINDS.get(row.columns["type"])
        deal_id = row.columns["entity_id"]
        if kind is None or row.columns["entity_type"] != "lead" or deal_id is None or row.day is None:
            return
        before, after = row.body.get("value_before"), row.body.get("value_after")
        status_before, status_after = _value(before, "lead_status"), _value(after, "lead_status")
        yield {
            "event_id": row.columns["event_id"],
            "deal_id": deal_id,
            "at": row.columns["created_at"],
            "kind": kind,
            "before_pipeline_id": as_whole(status_before.get("pipeline_id")),
            "before_status_id": as_whole(status_before.get("id")),
            "after_pipeline_id": as_whole(status_after.get("pipeline_id")),
            "after_status_id": as_whole(status_after.get("id")),
            "before_user_id": as_whole(_value(before, "responsible_user").get("id")),
            "after_user_id": as_whole(_value(after, "responsible_user").get("id")),
            "created_by": as_whole(row.body.get("created_by")),
            "source_updated_at": ends[row.day],
        }

    return normalize_rows(raw, DEAL_EVENT, read)


def normalize_chat_events(raw: pa.Table, talks: pa.Table, window: TenantWindow) -> Normalized:
    """Who wrote in a chat and when; the words are not in them.

    The contact is the event's own entity, or the one that it names beside its lead, or that of its talk.
    """
    ends = {day: window.bounds(day)[1] for day in window.days}
    read_talks = ((row["id"], as_object(orjson.loads(row["raw"] or "null"))) for row in talks.to_pylist())
    contact_of_talk = {talk: as_whole(body.get("contact_id")) for talk, body in read_talks}
    chats = raw.filter(pc.is_in(raw.column("type"), pa.array(sorted(CHAT_DIRECTIONS))))

    def read(row: RawRow) -> Iterable[Values]:
        if row.day is None:
            return
        entity = as_object(as_object(row.body.get("_embedded")).get("entity"))
        message, owner = _value(row.body.get("value_after"), "message"), row.columns["entity_type"]
        talk_id = as_whole(message.get("talk_id"))
        contact_id = row.columns["entity_id"] if owner == "contact" else as_whole(entity.get("linked_talk_contact_id"))
        yield {
            "event_id": row.columns["event_id"],
            "at": row.columns["created_at"],
            "direction": CHAT_DIRECTIONS[row.columns["type"]],
            "origin": as_text(message.get("origin")),
            "talk_id": talk_id,
            "message_id": as_text(message.get("id")),
            "contact_id": contact_id or contact_of_talk.get(talk_id),
            "deal_id": row.columns["entity_id"] if owner == "lead" else None,
            "created_by": as_whole(row.body.get("created_by")),
            "source_updated_at": ends[row.day],
        }

    return normalize_rows(chats, CHAT_EVENT, read)


def normalize_pipeline_statuses(raw: pa.Table) -> Normalized:
    """Statuses keyed by pipeline; won and lost have the same ids in every pipeline."""

    def read(row: RawRow) -> Iterable[Values]:
        for status in _embedded(row.body, "statuses"):
            status_id = as_whole(status.get("id"))
            if status_id is not None:
                yield {
                    "pipeline_id": row.columns["id"],
                    "status_id": status_id,
                    "pipeline_name": as_text(row.body.get("name")),
                    "status_name": as_text(status.get("name")),
                    "sort": as_whole(status.get("sort")),
                    "is_won": status_id == WON,
                    "is_lost": status_id == LOST,
                    "is_unsorted": status.get("type") == UNSORTED_TYPE,
                    "source_updated_at": row.columns["source_updated_at"],
                }

    return normalize_rows(raw, PIPELINE_STATUS, read)


def normalize_loss_reasons(raw: pa.Table) -> Normalized:
    def read(row: RawRow) -> Iterable[Values]:
        yield {
            "loss_reason_id": row.columns["id"],
            "name": as_text(row.body.get("name")),
            "source_updated_at": row.columns["source_updated_at"],
        }

    return normalize_rows(raw, LOSS_REASON, read)


def normalize_managers(raw: pa.Table) -> Normalized:
    """The account's users; whoever lacks the flag counts as active."""

    def read(row: RawRow) -> Iterable[Values]:
        rights = as_object(row.body.get("rights"))
        yield {
            "manager_id": row.columns["id"],
            "name": as_text(row.body.get("name")),
            "email": as_text(row.body.get("email")),
            "is_active": rights.get("is_active") is not False,
            "source_updated_at": row.columns["source_updated_at"],
        }

    return normalize_rows(raw, MANAGER, read)


def normalize_calls(raw: pa.Table) -> Normalized:
    """Calls from notes; connected if people spoke, or if the status is unknown and it lasted ten seconds."""

    def read(row: RawRow) -> Iterable[Values]:
        body = row.body
        parameters = as_object(body.get("params"))
        owner, owner_id = row.columns["entity_type"], row.columns["entity_id"]
        at = unix_instant(body.get("created_at"))
        if at is None:
            raise ValueError("a call without a time")
        duration, status = as_whole(parameters.get("duration")), as_whole(parameters.get("call_status"))
        yield {
            "call_id": row.columns["id"],
            "deal_id": owner_id if owner == "leads" else None,
            "contact_id": owner_id if owner == "contacts" else None,
            "company_id": owner_id if owner == "companies" else None,
            "direction": "in" if row.columns["note_type"] == "call_in" else "out",
            "at": at,
            "duration_s": duration,
            "status": status,
            "is_connected": is_connected(status, duration),
            "manager_id": as_whole(body.get("responsible_user_id")),
            "phone_norm": normalize_crm_phone(as_text(parameters.get("phone"))),
            "source_updated_at": row.columns["source_updated_at"],
        }

    return normalize_rows(raw, CALL, read)


def is_connected(status: int | None, duration_s: int | None) -> bool:
    """Whether people spoke (docs/metrics.md, «Turns»)."""
    if status == CONVERSATION:
        return True
    return status in (None, UNDEFINED_STATUS) and (duration_s or 0) >= SPOKEN_FROM_S


def _embedded(body: JsonObject, name: str) -> list[JsonObject]:
    return as_rows(as_object(body.get("_embedded")).get(name))


def _first_id(body: JsonObject, name: str) -> int | None:
    found = _embedded(body, name)
    return as_whole(found[0].get("id")) if found else None


def _custom_fields(body: JsonObject) -> list[JsonObject]:
    """Null, `[]` and a list all occur."""
    return as_rows(body.get("custom_fields_values"))


def _texts(field: JsonObject) -> Iterator[str]:
    for item in as_rows(field.get("values")):
        value = item.get("value")
        if isinstance(value, str | int) and not isinstance(value, bool):
            yield str(value)


def _telegram_name(body: JsonObject) -> str | None:
    for field in _custom_fields(body):
        label = f"{field.get('field_name') or ''} {field.get('field_code') or ''}".lower()
        is_messenger = field.get("field_code") == "IM"
        if not (is_messenger or "telegram" in label or "телеграм" in label):
            continue
        for value in _texts(field):
            name = telegram_username(value)
            if name is not None:
                return name
    return None


def _value(side: object, name: str) -> JsonObject:
    """The first element's part of `value_before` or `value_after`; empty where the event carries none."""
    elements = as_list(side)
    return as_object(as_object(elements[0]).get(name)) if elements else {}
