"""What the emulated Telegram knows: bots, chats, messages, files and updates, in memory and an optional file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, cast

ChatType = Literal["private", "group", "supergroup", "channel"]

GENERAL_TOPIC = 1
"""Id of the General topic, which the server refuses when it is passed explicitly."""


@dataclass(frozen=True, slots=True)
class BotIdentity:
    """A bot: `user_id` is the number before the colon of its token."""

    user_id: int
    username: str
    first_name: str


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat that bots may write to. `bots` empty means every bot is a member; `topics` maps thread id to its name."""

    chat_id: int
    type: ChatType
    title: str
    username: str = ""
    bots: frozenset[int] = frozenset()
    topics: Mapping[int, str] = field(default_factory=dict[int, str])

    @property
    def is_forum(self) -> bool:
        return bool(self.topics)

    @property
    def is_group(self) -> bool:
        return self.type != "private"

    def vendor_shape(self) -> dict[str, object]:
        """The `Chat` object of messages."""
        shape: dict[str, object] = {"id": self.chat_id, "type": self.type}
        if self.type == "private":
            shape["first_name"] = self.title
        else:
            shape["title"] = self.title
        if self.username:
            shape["username"] = self.username
        if self.is_forum:
            shape["is_forum"] = True
        return shape


@dataclass(slots=True)
class StoredMessage:
    """One message as it stands now; `message` is the vendor's `Message` object."""

    chat_id: int
    message_id: int
    bot_id: int
    method: str
    message: dict[str, object]


@dataclass(slots=True)
class StoredFile:
    """An uploaded file; `file_id` belongs to one bot, as at Telegram."""

    file_id: str
    file_unique_id: str
    bot_id: int
    kind: str
    name: str
    mime_type: str
    content: bytes


class TelegramStore:
    """Chats, messages, files and updates of one emulator.

    With `storage` everything that was delivered survives a restart: messages in that JSON file, uploaded files in the
    folder `<storage>.files` next to it. Updates are not kept, as Telegram forgets them after a day anyway.
    """

    def __init__(self, chats: Mapping[int, Chat], storage: Path | None) -> None:
        self.chats: dict[int, Chat] = dict(chats)
        self.messages: dict[int, list[StoredMessage]] = {}
        self.files: dict[str, StoredFile] = {}
        self.updates: dict[int, list[dict[str, object]]] = {}
        self._next_update = 1
        self._storage = storage
        if storage and storage.is_file():
            self._load(storage)

    def find_chat(self, reference: str) -> Chat | None:
        """The chat with this numeric id or @name."""
        if reference.startswith("@"):
            name = reference[1:].lower()
            return next((chat for chat in self.chats.values() if chat.username.lower() == name and name), None)
        try:
            return self.chats.get(int(reference))
        except ValueError:
            return None

    def next_message_id(self, chat_id: int) -> int:
        stored = self.messages.get(chat_id)
        return stored[-1].message_id + 1 if stored else 1

    def add_message(self, stored: StoredMessage) -> None:
        self.messages.setdefault(stored.chat_id, []).append(stored)
        self._save()

    def find_message(self, chat_id: int, message_id: int) -> StoredMessage | None:
        return next((item for item in self.messages.get(chat_id, []) if item.message_id == message_id), None)

    def replace_message(self, stored: StoredMessage, message: dict[str, object]) -> None:
        stored.message = message
        self._save()

    def add_file(self, *, bot_id: int, kind: str, name: str, mime_type: str, content: bytes) -> StoredFile:
        unique = hashlib.sha256(content).hexdigest()[:16]
        prefix = "BQACAgI" if kind == "document" else "AgACAgI"
        file_id = prefix + hashlib.sha256(f"{bot_id}|{kind}|{name}|{unique}".encode()).hexdigest()[:40]
        stored = StoredFile(file_id, f"AgAD{unique}", bot_id, kind, name, mime_type, content)
        self.files[file_id] = stored
        if self._storage:
            folder = self._files_folder(self._storage)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / file_id).write_bytes(content)
        return stored

    def add_update(self, bot_id: int, kind: str, payload: dict[str, object]) -> None:
        self.updates.setdefault(bot_id, []).append({"update_id": self._next_update, kind: payload})
        self._next_update += 1

    @staticmethod
    def _files_folder(storage: Path) -> Path:
        return storage.with_name(storage.name + ".files")

    def _save(self) -> None:
        if self._storage is None:
            return
        document = {
            "messages": [asdict(item) for chat in self.messages.values() for item in chat],
            "files": [
                {name: value for name, value in asdict(item).items() if name != "content"}
                for item in self.files.values()
            ],
        }
        self._storage.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._storage.with_name(self._storage.name + ".new")
        fresh.write_text(json.dumps(document, ensure_ascii=False))
        fresh.replace(self._storage)

    def _load(self, storage: Path) -> None:
        document = cast("dict[str, list[dict[str, object]]]", json.loads(storage.read_text()))
        for item in document["messages"]:
            stored = StoredMessage(**item)  # pyright: ignore[reportArgumentType]  # written by _save
            self.messages.setdefault(stored.chat_id, []).append(stored)
        for item in document["files"]:
            content = self._files_folder(storage) / str(item["file_id"])
            if content.is_file():
                stored_file = StoredFile(**item, content=content.read_bytes())  # pyright: ignore[reportArgumentType]
                self.files[stored_file.file_id] = stored_file
