"""People who asked to be forgotten do not come back: a vendor's rows about them are left out before they are stored.

What is kept of a person are keyed hashes of the phone and of the vendors' ids; without the installation's keys nobody
can try phone numbers against them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

import orjson

from synkro_resources.control.keyring import Keyring
from synkro_resources.http.jsonvalues import JsonObject, as_object, as_rows, as_text, as_whole
from synkro_resources.model.errors import ConfigurationError, Sentence
from synkro_resources.rules.phones import (
    normalize_crm_phone,
    normalize_radist_phone,
    phone_of_chat_id,
    split_phones,
)

Subject = Literal["phone", "contact", "dialog"]
Named = tuple[Subject, str | int | None]


def person_hash(keyring: Keyring, tenant: str, subject: Subject, value: str | int) -> str:
    """`<key id>:<HMAC>` with the newest key; older ones stay valid as long as their key is in the keyring."""
    return f"{keyring.newest}:{keyring.fingerprints(_message(tenant, subject, value))[keyring.newest]}"


@dataclass(frozen=True)
class Suppression:
    """The hashes of one tenant."""

    keyring: Keyring
    tenant: str
    hashes: frozenset[str]

    def concerns(self, table: str) -> bool:
        """Whether rows of `table` can be about somebody who was erased: the others need not be looked at."""
        return bool(self.hashes) and table in _READERS

    def hides(self, table: str, row: Mapping[str, Any]) -> bool:
        """Whether a raw row of `table` is about somebody who was erased."""
        return any(value is not None and self._known(subject, value) for subject, value in named_by(table, row))

    @cached_property
    def _known(self) -> Callable[[Subject, str | int], bool]:
        keys = {item.partition(":")[0] for item in self.hashes}
        if missing := keys - self.keyring.fingerprints("").keys():
            raise ConfigurationError(
                "erasure.key_missing",
                Sentence(
                    f"Список стёртых людей зашифрован ключом {sorted(missing)[0]}, которого нет: они могут вернуться.",
                    f"Erased people are hashed with the key {sorted(missing)[0]}, which is missing: they could return.",
                ),
                Sentence("Верните этот ключ в SYNKRO_SECRET_KEYS.", "Put this key back into SYNKRO_SECRET_KEYS."),
                tenant=self.tenant,
            )

        @lru_cache(maxsize=100_000)
        def known(subject: Subject, value: str | int) -> bool:
            made = self.keyring.fingerprints(_message(self.tenant, subject, value))
            return any(f"{key}:{made[key]}" in self.hashes for key in keys)

        return known


def named_by(table: str, row: Mapping[str, Any]) -> list[Named]:
    """Whom a raw row is about: phones in fields that hold phones, ids of contacts and dialogs. Texts do not count."""
    read = _READERS.get(table)
    if read is None:
        return []
    return read(row, _body(row.get("raw")))


def _message(tenant: str, subject: Subject, value: str | int) -> str:
    return f"{tenant}|{subject}|{value}"


def _body(raw: object) -> JsonObject:
    try:
        return as_object(orjson.loads(raw)) if isinstance(raw, str) else {}
    except orjson.JSONDecodeError:
        return {}


def _contact(row: Mapping[str, Any], body: JsonObject) -> list[Named]:
    return [("contact", row.get("id") or as_whole(body.get("id"))), *_phones_of_fields(body)]


def _phones_of_fields(body: JsonObject) -> list[Named]:
    fields = body.get("custom_fields_values")
    found: list[Named] = []
    for item in as_rows(fields):
        for value in as_rows(item.get("values")) if item.get("field_code") == "PHONE" else ():
            typed = value.get("value")
            for part in split_phones(str(typed)) if typed is not None else ():
                found.append(("phone", normalize_crm_phone(part)))
    return found


def _of_entity(row: Mapping[str, Any], body: JsonObject) -> list[Named]:
    kind = as_text(row.get("entity_type")) or as_text(body.get("entity_type")) or ""
    entity = row.get("entity_id") or as_whole(body.get("entity_id"))
    return [("contact", entity)] if kind in ("contact", "contacts") else []


def _note(row: Mapping[str, Any], body: JsonObject) -> list[Named]:
    phone = normalize_crm_phone(as_text(as_object(body.get("params")).get("phone")))
    return [*_of_entity(row, body), ("phone", phone)]


def _event(row: Mapping[str, Any], body: JsonObject) -> list[Named]:
    linked = as_object(as_object(body.get("_embedded")).get("entity")).get("linked_talk_contact_id")
    return [*_of_entity(row, body), ("contact", as_whole(linked))]


def _talk(row: Mapping[str, Any], body: JsonObject) -> list[Named]:
    del row
    return [("contact", as_whole(body.get("contact_id")))]


def _listed(row: Mapping[str, Any], body: JsonObject) -> list[Named]:
    """A tombstone or a line of a comparison of ids, which name the entity by type and id."""
    if row.get("entity_type") not in ("contact", "contacts"):
        return []
    return [("contact", row.get("id")), *_phones_of_fields(body)]


def _unsorted(row: Mapping[str, Any], body: JsonObject) -> list[Named]:
    del row
    found: list[Named] = []
    details = as_object(body.get("metadata"))
    for name in ("phone", "from", "client_phone"):
        found.append(("phone", normalize_crm_phone(as_text(details.get(name)))))
    for item in as_rows(as_object(body.get("_embedded")).get("contacts")):
        found.append(("contact", as_whole(item.get("id"))))
        found += _phones_of_fields(item)
    return found


def _chat(row: Mapping[str, Any], body: JsonObject) -> list[Named]:
    """A dialog's own phone; a group belongs to no single person."""
    chat, contact = as_object(body.get("chat")), as_object(body.get("contact"))
    dialog: list[Named] = [("dialog", row.get("id") or as_whole(chat.get("chat_id")))]
    if chat.get("is_group") is True or contact.get("is_group") is True:
        return dialog
    phone = normalize_radist_phone(as_text(chat.get("phone")))
    return [*dialog, ("phone", phone), ("phone", phone_of_chat_id(as_text(chat.get("source_chat_id"))))]


def _message_row(row: Mapping[str, Any], body: JsonObject) -> list[Named]:
    source = as_text(row.get("source_chat_id")) or as_text(body.get("chat_id"))
    return [("dialog", row.get("chat_id")), ("phone", phone_of_chat_id(source))]


_READERS: dict[str, Callable[[Mapping[str, Any], JsonObject], list[Named]]] = {
    "amocrm/contacts": _contact,
    "amocrm/notes": _note,
    "amocrm/tasks": _of_entity,
    "amocrm/events": _event,
    "amocrm/talks": _talk,
    "amocrm/deleted": _listed,
    "amocrm/sweep": _listed,
    "amocrm/unsorted": _unsorted,
    "radist/chats": _chat,
    "radist/messages": _message_row,
    "radist/media": _message_row,
}
