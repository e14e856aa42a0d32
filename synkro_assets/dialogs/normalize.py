"""Radist's chats and messages as typed tables; unknown types and channels are kept, never raised."""

from __future__ import annotations

import hashlib

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from synkro_assets.json_columns import children, flags, texts, wholes
from synkro_assets.normalization import Built, RawRows, Reading
from synkro_resources.http.jsonvalues import JsonObject, as_object, as_text
from synkro_resources.model.tables.dialogs import DIALOG, MESSAGE
from synkro_resources.model.window import TenantWindow
from synkro_resources.radist.times import instant_of
from synkro_resources.rules.closing import closing_flags
from synkro_resources.rules.phones import normalize_radist_phone, phone_of_chat_id
from synkro_resources.rules.usernames import telegram_username

CHANNELS = ("whatsapp", "telegram", "max", "avito", "vk")
"""Prefixes of the vendor's channel types; `waba` is WhatsApp's business interface."""
SERVICE_TYPES = frozenset({"system", "service", "notification", "reaction", "call", "chat_transferred", "deleted"})
SIDES = frozenset({"inbound", "outbound"})
STAMPS = ("delivered_at", "read_at", "error_at")
MEDIA_TYPES = ("image", "voice", "audio", "video", "file", "sticker")


def channel_of(vendor_type: str | None) -> str:
    """Our channel for a vendor's type; an unknown one is «other»."""
    kind = (vendor_type or "").lower()
    if kind.startswith("waba"):
        return "whatsapp"
    return next((channel for channel in CHANNELS if kind.startswith(channel)), "other")


def dialogs(sources: pa.Table) -> Reading:
    """Dialogs; a phone only from the vendor's own field or a WhatsApp chat id, never of a group."""
    types = _types_of_connections(sources)

    def read(rows: RawRows) -> Built:
        chats, contacts = children(rows.bodies, "chat"), children(rows.bodies, "contact")
        connections, chat_ids = wholes(chats, "connection_id"), texts(chats, "source_chat_id")
        vendor_types = [types.get(connection or 0) for connection in connections]
        sides = zip(flags(chats, "is_group"), flags(contacts, "is_group"), strict=True)
        groups = [chat or contact for chat, contact in sides]
        phones = [
            None if is_group else normalize_radist_phone(phone) or phone_of_chat_id(chat_id)
            for is_group, phone, chat_id in zip(groups, texts(chats, "phone"), chat_ids, strict=True)
        ]
        names = zip(texts(chats, "username"), texts(chats, "profile_link"), strict=True)
        titles = zip(texts(chats, "name"), texts(contacts, "contact_name"), strict=True)
        return Built(
            {
                "dialog_id": rows["id"],
                "radist_contact_id": wholes(contacts, "contact_id"),
                "connection_id": connections,
                "channel": [channel_of(kind) for kind in vendor_types],
                "channel_raw": vendor_types,
                "is_group": groups,
                "source_chat_id": chat_ids,
                "phone_norm": phones,
                "username": [telegram_username(name) or telegram_username(link) for name, link in names],
                "name": [own or of_contact for own, of_contact in titles],
                "last_activity_at": rows["source_updated_at"],
                "source_updated_at": rows["source_updated_at"],
            }
        )

    return Reading(DIALOG, read)


def messages(groups: pa.Array, window: TenantWindow) -> Reading:
    """Messages of the window before authors and episodes are decided: inbound is the client, outbound a manager.

    `groups`: the dialogs of several people, whose messages are kept and not counted.
    """

    def read(rows: RawRows) -> Built:
        bodies = rows.bodies
        directions = [body.get("direction") for body in bodies]
        if not SIDES.issuperset(directions):  # taken for ours it would answer the client
            raise ValueError("a message has no direction")
        kinds = [kind or "unknown" for kind in texts(bodies, "message_type")]
        words = [text_of(body) for body in bodies]
        media = [
            as_object(body.get(kind)) if kind in MEDIA_TYPES else {} for body, kind in zip(bodies, kinds, strict=True)
        ]
        service = [
            kind in SERVICE_TYPES and not (kind == "deleted" and text) for kind, text in zip(kinds, words, strict=True)
        ]
        in_group = pc.is_in(rows["chat_id"], groups)
        return Built(
            {
                "message_id": rows["message_id"],
                "dialog_id": rows["chat_id"],
                "sent_at": rows["created_at"],
                "direction": directions,
                "author_ref": [_author(body) for body in bodies],
                "author_kind": ["client" if direction == "inbound" else "manager" for direction in directions],
                "type": kinds,
                "text": words,
                "text_version": [hashlib.sha256((text or "").encode()).hexdigest()[:16] for text in words],
                "is_counted": pc.invert(pc.or_(in_group, pa.chunked_array([pa.array(service, pa.bool_())]))),
                "is_closing": closing_flags(kinds, words),
                "starts_episode": [False] * len(rows),
                **{name: [instant_of(body.get(name)) for body in bodies] for name in STAMPS},
                "media_name": texts(media, "name"),
                "media_mime": texts(media, "mime_type"),
                "no_zone": rows["no_zone"],
                "source_updated_at": rows.day_ends(window),
            }
        )

    return Reading(MESSAGE, read)


def groups_of(dialogs: pa.Table) -> pa.Array:
    """The ids of the dialogs of several people."""
    ids, are_groups = dialogs.column("dialog_id"), dialogs.column("is_group")
    return pa.array(ids.filter(are_groups).to_pylist(), pa.int64())


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
