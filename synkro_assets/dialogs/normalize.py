"""Radist's chats and messages as typed tables; unknown types and channels are kept, never raised."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import orjson
import pyarrow as pa

from synkro_assets.normalization import Normalized, RawRow, Values, normalize_rows
from synkro_resources.http.jsonvalues import JsonObject, as_object, as_text, as_whole
from synkro_resources.model.tables.dialogs import DIALOG, MESSAGE
from synkro_resources.model.window import TenantWindow
from synkro_resources.radist.times import parse_time
from synkro_resources.rules.closing import is_closing
from synkro_resources.rules.phones import normalize_radist_phone, phone_of_chat_id
from synkro_resources.rules.usernames import telegram_username

CHANNELS = ("whatsapp", "telegram", "max", "avito", "vk")
"""Prefixes of the vendor's channel types; `waba` is WhatsApp's business interface."""
SERVICE_TYPES = frozenset({"system", "service", "notification", "reaction", "call", "chat_transferred", "deleted"})
MEDIA_TYPES = ("image", "voice", "audio", "video", "file", "sticker")


def channel_of(vendor_type: str | None) -> str:
    """Our channel for a vendor's type; an unknown one is «other»."""
    kind = (vendor_type or "").lower()
    if kind.startswith("waba"):
        return "whatsapp"
    return next((channel for channel in CHANNELS if kind.startswith(channel)), "other")


def normalize_dialogs(raw: pa.Table, sources: pa.Table) -> Normalized:
    """Dialogs; a phone only from the vendor's own field or a WhatsApp chat id, never of a group."""
    types = _types_of_connections(sources)

    def read(row: RawRow) -> Iterable[Values]:
        chat, contact = as_object(row.body.get("chat")), as_object(row.body.get("contact"))
        vendor_type = types.get(as_whole(chat.get("connection_id")) or 0)
        is_group = chat.get("is_group") is True or contact.get("is_group") is True
        source_chat_id = as_text(chat.get("source_chat_id"))
        phone = normalize_radist_phone(as_text(chat.get("phone"))) or phone_of_chat_id(source_chat_id)
        name = as_text(chat.get("username"))
        yield {
            "dialog_id": row.columns["id"],
            "radist_contact_id": as_whole(contact.get("contact_id")),
            "connection_id": as_whole(chat.get("connection_id")),
            "channel": channel_of(vendor_type),
            "channel_raw": vendor_type,
            "is_group": is_group,
            "source_chat_id": source_chat_id,
            "phone_norm": None if is_group else phone,
            "username": telegram_username(name) or telegram_username(as_text(chat.get("profile_link"))),
            "name": as_text(chat.get("name")) or as_text(contact.get("contact_name")),
            "last_activity_at": row.columns["source_updated_at"],
            "source_updated_at": row.columns["source_updated_at"],
        }

    return normalize_rows(raw, DIALOG, read)


def normalize_messages(raw: pa.Table, dialogs: pa.Table, window: TenantWindow) -> Normalized:
    """Messages of the window before authors and episodes are decided: inbound is the client, outbound a manager."""
    groups = {
        dialog_id
        for dialog_id, is_group in zip(
            dialogs.column("dialog_id").to_pylist(), dialogs.column("is_group").to_pylist(), strict=True
        )
        if is_group
    }
    ends = {day: window.bounds(day)[1] for day in window.days}

    def read(row: RawRow) -> Iterable[Values]:
        if row.day is None:
            return
        body, dialog_id = row.body, row.columns["chat_id"]
        direction = body.get("direction")
        if direction not in ("inbound", "outbound"):  # taken for ours it would answer the client
            raise ValueError("the message has no direction")
        kind = as_text(body.get("message_type")) or "unknown"
        text = text_of(body)
        media = as_object(body.get(kind)) if kind in MEDIA_TYPES else {}
        is_service = kind in SERVICE_TYPES and not (kind == "deleted" and text)
        yield {
            "message_id": row.columns["message_id"],
            "dialog_id": dialog_id,
            "sent_at": row.columns["created_at"],
            "direction": direction,
            "author_ref": _author(body),
            "author_kind": "client" if direction == "inbound" else "manager",
            "type": kind,
            "text": text,
            "text_version": hashlib.sha256((text or "").encode()).hexdigest()[:16],
            "is_counted": dialog_id not in groups and not is_service,
            "is_closing": is_closing(kind, text),
            "starts_episode": False,
            "delivered_at": _instant(body.get("delivered_at")),
            "read_at": _instant(body.get("read_at")),
            "error_at": _instant(body.get("error_at")),
            "media_name": as_text(media.get("name")),
            "media_mime": as_text(media.get("mime_type")),
            "no_zone": row.columns["no_zone"],
            "source_updated_at": ends[row.day],
        }

    return normalize_rows(raw, MESSAGE, read)


def text_of(body: JsonObject) -> str | None:
    """Message text, else the body of an interactive template, else a media caption; an empty text is none."""
    own = as_text(as_object(body.get("text")).get("text"))
    if own is not None:
        return own
    interactive = as_text(as_object(as_object(body.get("waba_interactive")).get("body")).get("text"))
    if interactive is not None:
        return interactive
    kind = as_text(body.get("message_type")) or ""
    return as_text(as_object(body.get(kind)).get("caption"))


def _types_of_connections(sources: pa.Table) -> dict[int, str]:
    """Vendor type by connection, from the channels' raw rows."""
    found: dict[int, str] = {}
    for connection_id, raw in zip(sources.column("id").to_pylist(), sources.column("raw").to_pylist(), strict=True):
        kind = as_text(as_object(orjson.loads(raw or "null")).get("type"))
        if kind is not None and connection_id is not None:
            found[connection_id] = kind
    return found


def _author(body: JsonObject) -> str | None:
    """Null in all that was ever seen; an id or an object with one may appear."""
    author = body.get("author")
    if isinstance(author, str | int) and not isinstance(author, bool):
        return str(author)
    inner = as_object(author).get("id")
    return None if inner is None else str(inner)


def _instant(value: object) -> object:
    parsed = parse_time(value)
    return None if parsed is None else parsed[0]
