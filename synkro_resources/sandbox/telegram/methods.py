"""The Bot API methods a report sender uses, executed on the store; every refusal is an `ApiError`."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import cast

from synkro_resources.model.clock import Clock
from synkro_resources.sandbox.telegram.auto_entities import auto_entities
from synkro_resources.sandbox.telegram.chats import (
    GENERAL_TOPIC,
    BotIdentity,
    Chat,
    StoredFile,
    StoredMessage,
    TelegramStore,
)
from synkro_resources.sandbox.telegram.entities import Entity, EntityError, parse_html, trim
from synkro_resources.sandbox.telegram.errors import ApiError, bad_request, migrated, not_a_member, trouble
from synkro_resources.sandbox.telegram.switches import TelegramSwitches

TEXT_LIMIT = 4096
"""Code points of a message's text after entity parsing."""

CAPTION_LIMIT = 1024
"""Code points of a caption after entity parsing."""

UPLOAD_LIMITS = {"document": 50 * 2**20, "photo": 10 * 2**20}
"""Bytes of one uploaded file."""

_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file part of a multipart request."""

    name: str
    mime_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """One decoded request of a bot."""

    bot: BotIdentity
    params: Mapping[str, str]
    uploads: Mapping[str, Upload]
    store: TelegramStore
    switches: TelegramSwitches
    clock: Clock


def bot_shape(bot: BotIdentity) -> dict[str, object]:
    """The `User` object of a bot."""
    return {"id": bot.user_id, "is_bot": True, "first_name": bot.first_name, "username": bot.username}


def get_me(call: Call) -> object:
    return {
        **bot_shape(call.bot),
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
    }


def readable_chat(call: Call) -> Chat:
    """The chat of `chat_id`; read access only, so a blocked or foreign chat is found too."""
    reference = call.params.get("chat_id", "")
    if not reference:
        raise bad_request("chat_id is empty")
    chat = call.store.find_chat(reference) or _upgraded(call, reference)
    if chat is None:
        raise bad_request("chat not found")
    if chat.chat_id in call.switches.migrated:
        raise migrated(call.switches.migrated[chat.chat_id])
    return chat


def _upgraded(call: Call, reference: str) -> Chat | None:
    """The supergroup that a group became by the switch `migrated`, made when somebody asks for it."""
    for old_id, new_id in call.switches.migrated.items():
        old = call.store.chats.get(old_id)
        if old is not None and reference == str(new_id):
            return call.store.chats.setdefault(new_id, replace(old, chat_id=new_id, type="supergroup", topics={}))
    return None


def writable_chat(call: Call, what: str) -> Chat:
    """The chat of `chat_id` if this bot may write there."""
    chat = readable_chat(call)
    if chat.chat_id in call.switches.chat_trouble:
        raise trouble(call.switches.chat_trouble[chat.chat_id], chat, what)
    if chat.bots and call.bot.user_id not in chat.bots:
        raise not_a_member(chat) if chat.is_group else trouble("cannot_initiate", chat, what)
    return chat


def get_chat(call: Call) -> object:
    chat = readable_chat(call)
    return {
        **chat.vendor_shape(),
        "accent_color_id": chat.chat_id % 7 if chat.chat_id > 0 else 0,
        "max_reaction_count": 11,
        "accepted_gift_types": {
            "unlimited_gifts": False,
            "limited_gifts": False,
            "unique_gifts": False,
            "premium_subscription": False,
            "gifts_from_channels": False,
        },
    }


def get_chat_member(call: Call) -> object:
    chat = readable_chat(call)
    user_id = call.params.get("user_id", "")
    if user_id != str(call.bot.user_id):
        raise bad_request("user not found" if not user_id.isdigit() else "member not found")
    user = bot_shape(call.bot)
    state = call.switches.chat_trouble.get(chat.chat_id)
    if state == "kicked":
        return {"status": "kicked", "user": user, "until_date": 0}
    if state == "not_member" or (chat.bots and call.bot.user_id not in chat.bots):
        return {"status": "left", "user": user}
    if chat.type == "channel":
        rights = ("can_manage_chat", "can_post_messages", "can_edit_messages", "can_delete_messages")
        more = ("can_be_edited", "is_anonymous", "can_manage_video_chats", "can_restrict_members")
        more += ("can_promote_members", "can_change_info", "can_invite_users")
        more += ("can_post_stories", "can_edit_stories", "can_delete_stories")
        granted = dict.fromkeys(rights, state != "no_rights")
        return {"status": "administrator", "user": user, **granted, **dict.fromkeys(more, False)}
    return {"status": "member", "user": user}


def send_chat_action(call: Call) -> object:
    if not call.params.get("action"):
        raise bad_request("wrong parameter action in request")
    writable_chat(call, "text messages")
    return True


def formatted(call: Call, source: str, limit: int, too_long: str, entities_name: str) -> tuple[str, list[Entity]]:
    """Text and entities after the parse mode, trimmed and measured."""
    mode = call.params.get("parse_mode", "").lower()
    entities: list[Entity] = []
    if mode == "html":
        try:
            text, entities = parse_html(source)
        except EntityError as error:
            raise bad_request(f"can't parse entities: {error}") from error
    elif mode == "":
        text = source
        if given := call.params.get(entities_name):
            entities = cast("list[Entity]", json_parameter(given, entities_name))
    else:
        raise bad_request("unsupported parse_mode")
    text, entities = trim(text, entities)
    if len(text) > limit:
        raise bad_request(too_long)
    return text, auto_entities(text, entities)


def json_parameter(value: str, name: str) -> object:
    """A nested parameter, which travels as a JSON string inside a form field."""
    try:
        return json.loads(value)
    except ValueError as error:
        raise bad_request(f"can't parse {name} JSON object") from error


def topic_of(call: Call, chat: Chat) -> int | None:
    """The topic a message goes to; silently none in a chat without topics, as at the real server."""
    given = call.params.get("message_thread_id", "")
    if not given or given == "0":
        return None
    if not given.isdigit():
        raise bad_request("invalid message thread identifier specified")
    thread = int(given)
    if thread == GENERAL_TOPIC:
        raise bad_request("message thread not found")
    if not chat.is_forum:
        return None
    if thread not in chat.topics or thread in call.switches.deleted_topics:
        raise bad_request("message thread not found")
    return thread


def deliver(call: Call, chat: Chat, method: str, content: dict[str, object]) -> dict[str, object]:
    """Store one message of the bot and return it in the vendor's shape."""
    thread = topic_of(call, chat)
    message_id = call.store.next_message_id(chat.chat_id)
    message: dict[str, object] = {"message_id": message_id}
    if chat.type == "channel":
        message["sender_chat"] = chat.vendor_shape()
    else:
        message["from"] = bot_shape(call.bot)
    message |= {"chat": chat.vendor_shape(), "date": int(call.clock.now().timestamp())}
    if thread is not None:
        message |= {"message_thread_id": thread, "is_topic_message": True}
    if reply := call.params.get("reply_markup"):
        message["reply_markup"] = json_parameter(reply, "reply keyboard markup")
    message |= content
    call.store.add_message(StoredMessage(chat.chat_id, message_id, call.bot.user_id, method, message))
    return message


def send_message(call: Call) -> object:
    chat = writable_chat(call, "text messages")
    return deliver(call, chat, "sendMessage", _text_content(call))


def _text_content(call: Call) -> dict[str, object]:
    source = call.params.get("text", "")
    if source == "":
        raise bad_request("message text is empty")
    text, entities = formatted(call, source, TEXT_LIMIT, "message is too long", "entities")
    if text == "":
        raise bad_request("text must be non-empty")
    content: dict[str, object] = {"text": text}
    if entities:
        content["entities"] = entities
    if preview := call.params.get("link_preview_options"):
        content["link_preview_options"] = json_parameter(preview, "link preview options")
    return content


def _file(call: Call, kind: str) -> StoredFile:
    upload = call.uploads.get(kind)
    reference = call.params.get(kind, "")
    if upload is None and reference.startswith("attach://"):
        upload = call.uploads.get(reference.removeprefix("attach://"))
    if upload is not None:
        if len(upload.content) > UPLOAD_LIMITS[kind]:
            raise ApiError(413, "Request Entity Too Large")
        if not upload.content:
            raise bad_request("file must be non-empty")
        mime = mimetypes.guess_type(upload.name)[0] or upload.mime_type
        return call.store.add_file(
            bot_id=call.bot.user_id, kind=kind, name=upload.name, mime_type=mime, content=upload.content
        )
    if not reference:
        raise bad_request(f"there is no {kind} in the request")
    known = call.store.files.get(reference)
    if known is None or known.bot_id != call.bot.user_id:
        raise bad_request("wrong file identifier/HTTP URL specified")
    if known.kind != kind:
        raise bad_request(f"can't use file of type {known.kind.capitalize()} as {kind.capitalize()}")
    return known


def _with_caption(call: Call, content: dict[str, object]) -> dict[str, object]:
    if source := call.params.get("caption", ""):
        text, entities = formatted(call, source, CAPTION_LIMIT, "message caption is too long", "caption_entities")
        if text:
            content["caption"] = text
        if entities:
            content["caption_entities"] = entities
    return content


def send_document(call: Call) -> object:
    chat = writable_chat(call, "documents")
    topic_of(call, chat)
    content = _with_caption(call, {})
    stored = _file(call, "document")
    document: dict[str, object] = {
        "file_id": stored.file_id,
        "file_unique_id": stored.file_unique_id,
        "file_name": stored.name,
        "mime_type": stored.mime_type,
        "file_size": len(stored.content),
    }
    return deliver(call, chat, "sendDocument", {"document": document, **content})


def send_photo(call: Call) -> object:
    chat = writable_chat(call, "photos")
    topic_of(call, chat)
    content = _with_caption(call, {})
    stored = _file(call, "photo")
    size: dict[str, object] = {
        "file_id": stored.file_id,
        "file_unique_id": stored.file_unique_id,
        "width": 1280,
        "height": 720,
        "file_size": len(stored.content),
    }
    return deliver(call, chat, "sendPhoto", {"photo": [size], **content})


def edit_message_text(call: Call) -> object:
    chat = writable_chat(call, "text messages")
    reference = call.params.get("message_id", "")
    if not reference.isdigit():
        raise bad_request("message identifier is not specified")
    stored = call.store.find_message(chat.chat_id, int(reference))
    if stored is None:
        raise bad_request("message to edit not found")
    if stored.bot_id != call.bot.user_id:
        raise bad_request("message can't be edited")
    if "text" not in stored.message:
        raise bad_request("there is no text in the message to edit")
    content = _text_content(call)
    same = all(stored.message.get(name) == content.get(name) for name in ("text", "entities"))
    if same and "reply_markup" not in call.params:
        raise bad_request(_NOT_MODIFIED)
    kept = {
        name: value
        for name, value in stored.message.items()
        if name not in ("text", "entities", "link_preview_options", "reply_markup")
    }
    fresh = {**kept, "edit_date": int(call.clock.now().timestamp()), **content}
    call.store.replace_message(stored, fresh)
    return fresh


def get_file(call: Call) -> object:
    stored = call.store.files.get(call.params.get("file_id", ""))
    if stored is None or stored.bot_id != call.bot.user_id:
        raise bad_request("invalid file_id")
    return {
        "file_id": stored.file_id,
        "file_unique_id": stored.file_unique_id,
        "file_size": len(stored.content),
        "file_path": f"{stored.kind}s/{stored.file_unique_id}",
    }


def accept(_call: Call) -> object:
    """Calls whose effect nobody sees here."""
    return True


METHODS: dict[str, Callable[[Call], object]] = {
    "getme": get_me,
    "getchat": get_chat,
    "getchatmember": get_chat_member,
    "sendchataction": send_chat_action,
    "sendmessage": send_message,
    "senddocument": send_document,
    "sendphoto": send_photo,
    "editmessagetext": edit_message_text,
    "getfile": get_file,
    "setmycommands": accept,
}
"""Method name in lower case -> implementation; the real server ignores the case too."""

SENDING = frozenset({"sendmessage", "senddocument", "sendphoto"})
"""Methods that leave a message and therefore count against the rate limits and meet injected faults."""
