"""What happens at a company while it is being read: people write, edit and delete, statuses come, connections go."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import ValidationError, validate_call

from synkro_resources.sandbox.radist.store import CompanyStore, empty_contact, moment
from synkro_resources.sandbox.radist.webhooks import WebhookDesk

Json = dict[str, Any]
Direction = Literal["inbound", "outbound"]
Stamp = Literal["delivered", "read", "error"]

ERROR_TYPE = "account_not_found"
ERROR_TEXT = "Аккаунт мессенджера не найден"


class EditError(ValueError):
    """The action does not exist, lacks something, or names what is not there."""


class RadistEditor:
    """Changes a company; thread-safe against the requests served at the same moment.

    Chats are named by Radist's own integer `chat_id`, messages by their uuid.
    """

    def __init__(self, store: CompanyStore, desk: WebhookDesk) -> None:
        self.store = store
        self.desk = desk
        self.actions: dict[str, Callable[..., Json]] = {
            "say": self.say,
            "edit_message": self.edit_message,
            "remove_message": self.remove_message,
            "stamp": self.stamp,
            "add_chat": self.add_chat,
            "remove_connection": self.remove_connection,
            "restore": self.restore,
        }

    def apply(self, action: Mapping[str, object]) -> Json:
        """Carry out `{"do": <name of a method>, …its arguments}` and return what changed.

        Raises:
            EditError: in words.
        """
        arguments = dict(action)
        name = arguments.pop("do", None)
        method = self.actions.get(name) if isinstance(name, str) else None
        if method is None:
            raise EditError(f"unknown action {name!r}, there are {sorted(self.actions)}")
        try:
            return validate_call(method)(**arguments)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise EditError(f"action {name}: {where}: {first['msg']}") from error

    def say(self, chat_id: int, direction: Direction, text: str, created_at: datetime | None = None) -> Json:
        """Somebody writes `text`, now or at `created_at`; subscribers get `messages.create`, whoever wrote."""
        chat, _ = self._chat(chat_id)
        at = created_at.astimezone(UTC) if created_at else self.store.clock.now()
        message_id = str(uuid.uuid4())
        side = "true" if direction == "outbound" else "false"
        row: Json = {
            "message_id": message_id,
            "source_message_id": f"{side}_{chat['source_chat_id']}_3EB0{message_id[-12:].upper()}",
            "chat_id": chat["source_chat_id"],
            "direction": direction,
            "message_type": "text",
            "author": None,
            "created_at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if direction == "outbound" else "%Y-%m-%dT%H:%M:%SZ"),
            "delivered_at": None,
            "read_at": None,
            "error_at": None,
            "error_type": None,
            "error_text": None,
            "text": {"text": text},
            "reply_to": None,
        }
        self.store.change_messages(chat_id, lambda rows: rows.append(row))
        self._publish("messages.create", chat_id, row)
        return {"chat_id": chat_id, "message": row}

    def edit_message(self, chat_id: int, message_id: str, text: str) -> Json:
        """The text of a message changes; nothing else tells of it, as no event or field for edits is known."""
        row = self._message(chat_id, message_id)
        if row["message_type"] != "text":
            raise EditError(f"message {message_id} is no text but {row['message_type']}")
        changed = {**row, "text": {"text": text}}
        self._replace(chat_id, changed)
        return {"chat_id": chat_id, "message": changed}

    def remove_message(self, chat_id: int, message_id: str) -> Json:
        """A message vanishes without a trace."""
        self._message(chat_id, message_id)

        def remove(rows: list[Json]) -> None:
            rows[:] = [row for row in rows if row["message_id"] != message_id]

        self.store.change_messages(chat_id, remove)
        return {"chat_id": chat_id, "removed": message_id}

    def stamp(self, chat_id: int, message_id: str, what: Stamp) -> Json:
        """A message was delivered, read or failed; subscribers get the delivery event."""
        at = self.store.clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        changed = {**self._message(chat_id, message_id), f"{what}_at": at}
        if what == "error":
            changed |= {"error_type": ERROR_TYPE, "error_text": ERROR_TEXT}
        self._replace(chat_id, changed)
        self._publish(f"messages.delivery.{what}", chat_id, changed)
        return {"chat_id": chat_id, "message": changed}

    def add_chat(self, connection_id: int, phone: str | None = None, user_name: str | None = None) -> Json:
        """Find or create a chat, as the vendor's call does; a created one has no message yet."""
        if not (phone or user_name):
            raise EditError("phone or user_name is needed")
        digits = phone.lstrip("+") if phone else None
        with self.store.lock:
            for chat, contact in self.store.chats():
                same_connection = chat["connection_id"] == connection_id
                if same_connection and (chat["phone"] == digits if digits else chat["username"] == user_name):
                    return _created(contact, chat["chat_id"], created=False)
            if all(source["connection_id"] != connection_id for source in self.store.sources()):
                raise EditError(f"there is no connection {connection_id} to chat through")
            known = self.store.chats()
            contact = empty_contact(
                contact_id=max((row["contact_id"] for _, row in known), default=32_000_000) + 1,
                chat_id=max((row["chat_id"] for row, _ in known), default=37_000_000) + 1,
                connection_id=connection_id,
                phone=digits,
                name=f"WhatsApp +{digits}" if digits else str(user_name),
            )
            self.store.add_contact(contact, moment(self.store.clock.now()))
            return _created(contact, contact["chats"][0]["chat_id"], created=True)

    def remove_connection(self, connection_id: int) -> Json:
        """A messenger connection is deleted, with its chats and their history; the switch lists it then."""
        gone = self.store.switches.gone_connections
        if all(row["id"] != connection_id for row in self.store.company.connections):
            raise EditError(f"there is no connection {connection_id}")
        if connection_id not in gone:
            gone.append(connection_id)
        return {"gone_connections": list(gone)}

    def restore(self) -> Json:
        """Undo every change of messages and chats (not the switches)."""
        self.store.restore()
        return {"restored": True}

    def _chat(self, chat_id: int) -> tuple[Json, Json]:
        found = self.store.chat(chat_id)
        if found is None:
            raise EditError(f"there is no chat {chat_id}")
        return found

    def _message(self, chat_id: int, message_id: str) -> Json:
        self._chat(chat_id)
        for row in self.store.all_messages(chat_id):
            if row["message_id"] == message_id:
                return row
        raise EditError(f"there is no message {message_id} in chat {chat_id}")

    def _replace(self, chat_id: int, changed: Json) -> None:
        def replace(rows: list[Json]) -> None:
            rows[:] = [changed if row["message_id"] == changed["message_id"] else row for row in rows]

        self.store.change_messages(chat_id, replace)

    def _publish(self, event_type: str, chat_id: int, row: Json) -> None:
        chat, contact = self._chat(chat_id)
        self.desk.publish(
            event_type,
            {
                "connection_id": chat["connection_id"],
                "chat_id": chat_id,
                "contact_id": contact["contact_id"],
                "chat": {name: chat[name] for name in ("phone", "name", "username", "profile_link")},
                "message": row,
            },
        )


def _created(contact: Json, chat_id: int, *, created: bool) -> Json:
    return {
        "created_chat": created,
        "created_contact": created,
        "chat_id": chat_id,
        "contact_id": contact["contact_id"],
    }
