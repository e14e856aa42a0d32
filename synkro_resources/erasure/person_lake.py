"""One person in the lake: who that is there, and rewriting the files without them.

Files are rewritten a row group at a time and only if something in them changes; every other row keeps its content and
its place.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from upath import UPath

from synkro_resources.erasure.mentions import Phone
from synkro_resources.erasure.places import QUARANTINE, tenant_folders
from synkro_resources.erasure.suppression import named_by
from synkro_resources.lake.merging import replacing
from synkro_resources.lake.root import lake_path

CHATS, MESSAGES, MEDIA, CONTACTS = "radist/chats", "radist/messages", "radist/media", "amocrm/contacts"
BY_CONTACT = frozenset(
    f"normalized/{name}"
    for name in (
        *("contact", "contact_phone", "contact_field", "contact_tag", "deal_contact"),
        *("chat_event", "chat_pair", "call", "task"),
    )
)
BY_DIALOG = frozenset(
    (
        *(f"normalized/{name}" for name in ("dialog", "message", "episode", "turn", "chat_pair")),
        *(f"analysis/{name}" for name in ("episode_analysis", "finding")),
    )
)
OURS = ("normalized/", "analysis/")
"""Tables that we derive; the vendors' rows say whose they are in their JSON."""
BY_PHONE = frozenset({"normalized/call", "normalized/dialog"})


@dataclass(frozen=True)
class Person:
    """Whom to erase: the phone, and the ids under which the vendors and we know this person."""

    phone: Phone
    contacts: frozenset[int] = frozenset()
    dialogs: frozenset[int] = frozenset()
    episodes: frozenset[str] = frozenset()
    messages: frozenset[str] = frozenset()
    deals: frozenset[int] = frozenset()

    def and_those(self, stored: Mapping[str, Iterable[Any]]) -> Person:
        """Completed by what an interrupted erasure had found."""
        return Person(
            self.phone,
            self.contacts | frozenset(stored.get("contacts", ())),
            self.dialogs | frozenset(stored.get("dialogs", ())),
            self.episodes | frozenset(stored.get("episodes", ())),
            self.messages | frozenset(stored.get("messages", ())),
            self.deals | frozenset(stored.get("deals", ())),
        )

    @property
    def ids(self) -> dict[str, list[Any]]:
        """Everything but the phone, as JSON."""
        return {
            "contacts": sorted(self.contacts),
            "dialogs": sorted(self.dialogs),
            "episodes": sorted(self.episodes),
            "messages": sorted(self.messages),
            "deals": sorted(self.deals),
        }

    def is_named_by(self, table: str, row: Mapping[str, Any]) -> bool:
        """Whether a raw row is about this person."""
        return any(
            (subject == "phone" and value == self.phone.digits)
            or (subject == "contact" and value in self.contacts)
            or (subject == "dialog" and value in self.dialogs)
            for subject, value in named_by(table, row)
        )


def find_person(root: str, tenant: str, phone: Phone, *, linked: Mapping[int, int]) -> Person:
    """The person as the stored rows know them. `linked`: dialog → contact, as people linked them by hand.

    A group dialog belongs to several people: its rows stay, only the phone is cut out of its texts.
    """
    folders = tenant_folders(root, tenant)

    def rows(table: str, *columns: str) -> Iterator[dict[str, Any]]:
        for path in parquet_files(folders.get(table)):
            for _, piece in _pieces(path):
                present = [name for name in columns if name in piece.column_names]
                yield from piece.select(present).to_pylist()

    person = Person(phone)
    contacts = {row["id"] for row in rows(CONTACTS, "id", "raw") if person.is_named_by(CONTACTS, row)}
    contacts |= {
        row["contact_id"]
        for row in rows("normalized/contact_phone", "contact_id", "phone_norm")
        if row["phone_norm"] == phone.digits
    }
    groups = {row["dialog_id"] for row in rows("normalized/dialog", "dialog_id", "is_group") if row["is_group"]}
    dialogs = {row["id"] for row in rows(CHATS, "id", "raw") if person.is_named_by(CHATS, row)}
    dialogs |= {
        row["dialog_id"]
        for row in rows("normalized/dialog", "dialog_id", "phone_norm")
        if row["phone_norm"] == phone.digits
    }
    dialogs |= {dialog for dialog, contact in linked.items() if contact in contacts}
    for table in ("normalized/episode", "normalized/chat_pair"):
        dialogs |= {row["dialog_id"] for row in rows(table, "dialog_id", "contact_id") if row["contact_id"] in contacts}
    dialogs -= groups
    messages = {row["message_id"] for row in rows(MESSAGES, "message_id", "chat_id") if row["chat_id"] in dialogs}
    messages |= {
        row["message_id"]
        for row in rows("normalized/message", "message_id", "dialog_id")
        if row["dialog_id"] in dialogs
    }
    return Person(
        phone,
        frozenset(contacts),
        frozenset(dialogs),
        frozenset(
            row["episode_key"]
            for row in rows("normalized/episode", "episode_key", "dialog_id")
            if row["dialog_id"] in dialogs
        ),
        frozenset(messages),
        frozenset(
            row["deal_id"]
            for row in rows("normalized/deal_contact", "deal_id", "contact_id")
            if row["contact_id"] in contacts
        ),
    )


@dataclass
class LakeChanges:
    """What was removed: table → rows dropped, rows in which the phone was cut out, media files."""

    dropped: dict[str, int] = field(default_factory=dict[str, int])
    cut: dict[str, int] = field(default_factory=dict[str, int])
    media: int = 0


def erase_person_from_lake(root: str, tenant: str, person: Person, on_file: Callable[[str], None]) -> LakeChanges:
    """Rewrite every file that holds the person, days, baseline and current; `on_file` is told before each rewrite."""
    changes = LakeChanges()
    for table, folder in sorted(tenant_folders(root, tenant).items()):
        for left in (path for path in folder.rglob(".*") if path.is_file()):
            left.unlink()  # half-written by a killed process; nobody writes while the tenant's lock is ours
        for path in parquet_files(folder):
            if table == MEDIA:
                _remove_media(root, folder, path, person, changes)
            _rewrite(table, path, person, changes, on_file)
    return changes


def parquet_files(folder: UPath | None) -> list[UPath]:
    return sorted(folder.glob("*.parquet"), key=str) if folder is not None and folder.exists() else []


def _pieces(path: UPath) -> Iterator[tuple[pa.Schema, pa.Table]]:
    file = pq.ParquetFile(path.path, filesystem=path.fs)
    for number in range(file.metadata.num_row_groups):
        yield file.schema_arrow, file.read_row_group(number)


def _rewrite(table: str, path: UPath, person: Person, changes: LakeChanges, on_file: Callable[[str], None]) -> None:
    if not any(_changed(table, piece, person) for _, piece in _pieces(path)):
        return
    on_file(f"{table}/{path.name}")
    dropped = cut = 0
    schema = next(schema for schema, _ in _pieces(path))
    with replacing(path, schema) as writer:
        for _, piece in _pieces(path):
            kept = _where(piece, [not about for about in _about(table, piece, person)])
            clean, touched = without_phone(kept, person.phone)
            writer.add(clean)
            dropped += piece.num_rows - kept.num_rows
            cut += sum(touched)
    changes.dropped[table] = changes.dropped.get(table, 0) + dropped
    changes.cut[table] = changes.cut.get(table, 0) + cut


def _changed(table: str, piece: pa.Table, person: Person) -> bool:
    return any(_about(table, piece, person)) or any(without_phone(piece, person.phone)[1])


def _about(table: str, rows: pa.Table, person: Person) -> list[bool]:
    """For each row whether it is about the person and goes as a whole."""
    found = [False] * rows.num_rows
    if table in BY_CONTACT:
        found = _either(found, _is_in(rows, "contact_id", person.contacts))
    if table in BY_DIALOG:
        found = _either(found, _is_in(rows, "dialog_id", person.dialogs))
    if table in BY_PHONE:
        found = _either(found, _is_in(rows, "phone_norm", frozenset({person.phone.digits})))
    if table in (MESSAGES, MEDIA):
        found = _either(found, _is_in(rows, "chat_id", person.dialogs))
    elif not table.startswith(OURS):
        found = _raw_rows_about(table, rows, person)
    return found


def _raw_rows_about(table: str, rows: pa.Table, person: Person) -> list[bool]:
    vendors_table = table.removeprefix(f"{QUARANTINE}/")
    if vendors_table.startswith(OURS):
        # Copies of raw rows without the columns that say whose they are; the next run puts aside what still is unread.
        return [True] * rows.num_rows
    named = [person.is_named_by(vendors_table, row) for row in rows.to_pylist()]
    if vendors_table == table:
        return named
    # Nobody can read a row of the quarantine, so a mention of the phone is enough.
    texts: list[str] = rows.column("raw").to_pylist()  # pyright: ignore[reportAssignmentType]  # declared as required
    return _either(named, [person.phone.without(text) != text for text in texts])


def _either(one: list[bool], other: list[bool]) -> list[bool]:
    return [first or second for first, second in zip(one, other, strict=True)]


def _is_in(rows: pa.Table, column: str, ids: Collection[object]) -> list[bool]:
    return [value in ids for value in rows.column(column).to_pylist()]


def _where(rows: pa.Table, mask: list[bool]) -> pa.Table:
    return rows.filter(pa.array(mask, pa.bool_()))


def without_phone(rows: pa.Table, phone: Phone) -> tuple[pa.Table, list[bool]]:
    """The rows with the phone cut out of every text and number, and which rows that changed."""
    touched = [False] * rows.num_rows
    for place, item in enumerate(rows.schema):
        column = rows.column(place)
        if pa.types.is_string(item.type) and _may_hold(column, phone):
            old: list[Any] = column.to_pylist()
            new: list[Any] = [None if text is None else _cut(text, phone) for text in old]
        elif pa.types.is_floating(item.type):
            old = column.to_pylist()
            new = [None if value is not None and phone.is_number(value) else value for value in old]
        else:
            continue
        # Not by `!=` alone: a number that is none does not equal itself.
        changed = [before is not after and before != after for before, after in zip(old, new, strict=True)]
        if any(changed):
            rows = rows.set_column(place, item, pa.array(new, item.type))
            touched = _either(touched, changed)
    return rows, touched


def _may_hold(texts: pa.ChunkedArray, phone: Phone) -> bool:
    digits = pc.replace_substring_regex(texts, "[^0-9]", "")
    return bool(pc.any(pc.match_substring(digits, phone.essential)).as_py())


def _cut(text: str, phone: Phone) -> str:
    return phone.without_in_json(text) if text[:1] in ("{", "[") else phone.without(text)


def _remove_media(root: str, folder: UPath, path: UPath, person: Person, changes: LakeChanges) -> None:
    """Delete the files of the person's messages before the rows that name them."""
    for _, piece in _pieces(path):
        for row in _where(piece, _is_in(piece, "chat_id", person.dialogs)).to_pylist():
            if not row.get("path"):
                continue
            file = lake_path(root) / row["path"]
            if file.parent.parent.path != folder.path:
                raise ValueError(f"a media file outside its tenant's folder: row {row['message_id']}")
            if file.exists():
                file.unlink()
                changes.media += 1
