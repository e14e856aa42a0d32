"""Messages and chats in Radist's own shape."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from synkro_resources.sandbox.world.meanings import Says

Json = dict[str, Any]
Channel = Literal["whatsapp", "waba", "telegram", "max", "avito", "unknown"]

CONNECTIONS: dict[Channel, int] = {
    "whatsapp": 1701,
    "waba": 1702,
    "telegram": 1703,
    "max": 1704,
    "avito": 1705,
    "unknown": 1706,
}
MEDIA_KEYS = (
    *("text", "image", "voice", "file", "audio", "video"),
    *("waba_template", "waba_interactive", "radist_order", "waba_order"),
)
"""A listing's `last_message` names them all, also the ones that are null."""


ERRORS = (
    ("account_not_found", "Аккаунт мессенджера не найден"),
    ("subscription_not_paid", "Не оплачена подписка"),
    ("no_paid_waba_dialogs", "Закончились оплаченные диалоги WABA"),
    ("unknown", "Неизвестная ошибка"),
)
"""The vendor's web interface knows these four reasons; how the API spells them is not documented."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says."""

    kind: str
    body: Json = field(default_factory=dict)
    reply_to: Json | None = None
    """The message it quotes; nothing is documented but that there may be an object."""
    says: Says | None = None
    """What a person reads in its words; never part of the vendor's object."""


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat as Radist knows it."""

    chat_id: int
    contact_id: int
    channel: Channel
    source_chat_id: str
    name: str
    phone: str | None = None
    username: str | None = None
    is_group: bool = False


def text(value: str, says: Says | None = None) -> Content:
    return Content("text", {"text": value}, says=says)


def media(kind: str, name: str, mime_type: str, size: int, caption: str = "") -> Content:
    """An image, voice, file or sticker. A missing caption is an empty text, not null."""
    return Content(kind, {"caption": caption, "name": name, "size": size, "mime_type": mime_type, "url": ""})


def message_id(chat_id: int, number: int) -> str:
    """A UUID that rises with the message's number, so that messages of one second keep their order."""
    noise = hashlib.blake2b(f"{chat_id}/{number}".encode(), digest_size=9).hexdigest()
    return f"{chat_id:08x}-{number:04x}-4{noise[:3]}-a{noise[3:6]}-{noise[6:18]}"


def message(
    chat: Chat,
    number: int,
    at: datetime,
    direction: Literal["inbound", "outbound"],
    content: Content,
    *,
    delivered_at: datetime | None = None,
    read_at: datetime | None = None,
    error_at: datetime | None = None,
) -> Json:
    """One message. The author is never given, as in all real output."""
    identity = message_id(chat.chat_id, number)
    source = _source_message_id(chat, identity, direction)
    error = ERRORS[number % len(ERRORS)] if error_at else (None, None)
    body = dict(content.body)
    if "url" in body:
        body["url"] = f"https://media.radist.example/{chat.channel}/{chat.chat_id:08x}-chatapi/{source}/media"
    return {
        "message_id": identity,
        "source_message_id": source,
        "chat_id": chat.source_chat_id,
        "direction": direction,
        "message_type": content.kind,
        "author": None,
        "created_at": precise_time(at) if direction == "outbound" else whole_time(at),
        "delivered_at": whole_time(delivered_at) if delivered_at else None,
        "read_at": whole_time(read_at) if read_at else None,
        "error_at": whole_time(error_at) if error_at else None,
        "error_type": error[0],
        "error_text": error[1],
        content.kind: body,
        "reply_to": content.reply_to,
    }


def contact_with_chat(chat: Chat, contact_name: str, messages: list[Json]) -> Json:
    """The listing's object: a contact with its one chat; `messages` are all of them, oldest first."""
    last = messages[-1]
    waiting = 0
    for item in reversed(messages):
        if item["direction"] != "inbound":
            break
        waiting += 1
    return {
        "contact_id": chat.contact_id,
        "contact_name": contact_name,
        "avatar_url": None,
        "is_group": chat.is_group,
        "unanswered_count": waiting,
        "last_chat_updated_at": last["created_at"],
        "chats": [
            {
                "connection_id": CONNECTIONS[chat.channel],
                "chat_id": chat.chat_id,
                "source_chat_id": chat.source_chat_id,
                "phone": chat.phone,
                "username": chat.username,
                "profile_link": f"https://t.me/{chat.username}" if chat.username else None,
                "name": chat.name,
                "last_message": {**dict.fromkeys(MEDIA_KEYS), **last},
                "unanswered_count": waiting,
                "is_group": chat.is_group,
                "blacklist_item_id": None,
            }
        ],
    }


def whole_time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def precise_time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _source_message_id(chat: Chat, identity: str, direction: str) -> str:
    if chat.channel not in ("whatsapp", "waba"):
        return str(uuid.UUID(identity).int % 1_000_000_000)
    side = "true" if direction == "outbound" else "false"
    return f"{side}_{chat.source_chat_id}_3EB0{identity[-12:].upper()}"
