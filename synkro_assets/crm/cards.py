"""Custom fields, tags and tasks of amoCRM as tidy rows; nothing that a field may hold is lost or raised."""

from __future__ import annotations

from collections.abc import Iterable

import orjson
import pyarrow as pa

from synkro_assets.normalization import Normalized, RawRow, Values, normalize_rows, unix_instant
from synkro_resources.http.jsonvalues import as_object, as_rows, as_text, as_whole
from synkro_resources.model.tables import Table
from synkro_resources.model.tables.cards import TASK

ID_OF_TASK = {"leads": "deal_id", "contacts": "contact_id", "companies": "company_id"}


def normalize_fields(raw: pa.Table, table: Table) -> Normalized:
    """One row per value of each custom field; a value that is no text, number or flag is kept as JSON."""
    owner = table.key[0]

    def read(row: RawRow) -> Iterable[Values]:
        for field in as_rows(row.body.get("custom_fields_values")):
            field_id = as_whole(field.get("field_id"))
            if field_id is None:
                continue
            for position, item in enumerate(as_rows(field.get("values"))):
                value = item.get("value")
                yield {
                    owner: row.columns["id"],
                    "field_id": field_id,
                    "position": position,
                    "field_code": as_text(field.get("field_code")),
                    "field_name": as_text(field.get("field_name")),
                    "field_type": as_text(field.get("field_type")),
                    "value_text": text_of_value(value),
                    "value_number": number_of_value(value),
                    "enum_id": as_whole(item.get("enum_id")),
                    "enum_code": as_text(item.get("enum_code")),
                    "source_updated_at": row.columns["source_updated_at"],
                }

    return normalize_rows(raw, table, read, newest_only=True)


def text_of_value(value: object) -> str | None:
    """The value as people would read it; flags as true and false, whatever is built of parts as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return orjson.dumps(value).decode()


def number_of_value(value: object) -> float | None:
    """The value as a number: amoCRM writes numbers of numeric fields as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str) or "_" in str(value):
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return found if abs(found) < float("inf") else None


def normalize_tags(raw: pa.Table, table: Table) -> Normalized:
    """One row per tag of a card."""
    owner = table.key[0]

    def read(row: RawRow) -> Iterable[Values]:
        for tag in as_rows(as_object(row.body.get("_embedded")).get("tags")):
            tag_id = as_whole(tag.get("id"))
            if tag_id is not None:
                yield {
                    owner: row.columns["id"],
                    "tag_id": tag_id,
                    "name": as_text(tag.get("name")),
                    "source_updated_at": row.columns["source_updated_at"],
                }

    return normalize_rows(raw, table, read, newest_only=True)


def normalize_tasks(raw: pa.Table) -> Normalized:
    """Tasks with the card that they belong to; amoCRM tells no time of completion but the last change."""

    def read(row: RawRow) -> Iterable[Values]:
        body, is_completed = row.body, row.body.get("is_completed") is True
        owner = ID_OF_TASK.get(as_text(body.get("entity_type")) or "")
        yield {
            "task_id": row.columns["id"],
            **({owner: as_whole(body.get("entity_id"))} if owner else {}),
            "responsible_id": as_whole(body.get("responsible_user_id")),
            "task_type_id": as_whole(body.get("task_type_id")),
            "text": as_text(body.get("text")),
            "result": as_text(as_object(body.get("result")).get("text")),
            "created_at": unix_instant(body.get("created_at")),
            "due_at": unix_instant(body.get("complete_till")),
            "is_completed": is_completed,
            "completed_at": unix_instant(body.get("updated_at")) if is_completed else None,
            "source_updated_at": row.columns["source_updated_at"],
        }

    return normalize_rows(raw, TASK, read)
