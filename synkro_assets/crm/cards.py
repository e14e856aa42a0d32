"""Custom fields, tags and tasks of amoCRM as tidy rows; nothing that a field may hold is lost or raised."""

from __future__ import annotations

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from synkro_assets.json_columns import (
    children,
    embedded,
    flags,
    flattened,
    identified,
    lists,
    texts,
    unix_instants,
    wholes,
)
from synkro_assets.normalization import Built, RawRows, Reading
from synkro_resources.model.tables import Table
from synkro_resources.model.tables.cards import TASK

OWNERS = {"leads": "deal_id", "contacts": "contact_id", "companies": "company_id"}
"""`entity_type` of a task → the column of the card that it belongs to."""


def fields(table: Table) -> Reading:
    """One row per value of each custom field; a value that is no text, number or flag is kept as JSON."""
    owner = table.key[0]

    def read(rows: RawRows) -> Built:
        card_of_field, found = flattened(rows.lists("custom_fields_values"))
        ids = wholes(found, "field_id")
        kept = [number for number, field_id in enumerate(ids) if field_id is not None]
        held = lists([found[number] for number in kept], "values")
        field_of_value = [number for number, items in zip(kept, held, strict=True) for _ in items]
        items = [item for values in held for item in values]
        places = [card_of_field[number] for number in field_of_value]
        values = [item.get("value") for item in items]
        codes, names, types = (texts(found, name) for name in ("field_code", "field_name", "field_type"))
        return Built(
            {
                owner: rows.at("id", places),
                "field_id": [ids[number] for number in field_of_value],
                "position": [position for values in held for position in range(len(values))],
                "field_code": [codes[number] for number in field_of_value],
                "field_name": [names[number] for number in field_of_value],
                "field_type": [types[number] for number in field_of_value],
                "value_text": [text_of_value(value) for value in values],
                "value_number": [number_of_value(value) for value in values],
                "enum_id": wholes(items, "enum_id"),
                "enum_code": texts(items, "enum_code"),
                "source_updated_at": rows.at("source_updated_at", places),
            },
            places,
        )

    return Reading(table, read, newest_only=True)


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


def tags(table: Table) -> Reading:
    """One row per tag of a card."""
    owner = table.key[0]

    def read(rows: RawRows) -> Built:
        places, found = identified(embedded(rows.bodies, "tags"))
        return Built(
            {
                owner: rows.at("id", places),
                "tag_id": wholes(found, "id"),
                "name": texts(found, "name"),
                "source_updated_at": rows.at("source_updated_at", places),
            },
            places,
        )

    return Reading(table, read, newest_only=True)


def _read_tasks(rows: RawRows) -> Built:
    bodies = rows.bodies
    kinds, owner_ids, completed = (
        texts(bodies, "entity_type"),
        wholes(bodies, "entity_id"),
        flags(bodies, "is_completed"),
    )
    changed = unix_instants(bodies, "updated_at")
    owners = {
        column: [owner_id if kind == entity_type else None for kind, owner_id in zip(kinds, owner_ids, strict=True)]
        for entity_type, column in OWNERS.items()
    }
    return Built(
        {
            "task_id": rows["id"],
            **owners,
            "responsible_id": wholes(bodies, "responsible_user_id"),
            "task_type_id": wholes(bodies, "task_type_id"),
            "text": texts(bodies, "text"),
            "result": texts(children(bodies, "result"), "text"),
            "created_at": unix_instants(bodies, "created_at"),
            "due_at": unix_instants(bodies, "complete_till"),
            "is_completed": completed,
            "completed_at": pc.if_else(pa.array(completed), changed, pa.scalar(None, changed.type)),
            "source_updated_at": rows["source_updated_at"],
        }
    )


TASKS = Reading(TASK, _read_tasks)
"""Tasks with the card that they belong to; amoCRM tells no time of completion but the last change."""
