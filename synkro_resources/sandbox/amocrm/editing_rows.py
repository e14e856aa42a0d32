"""The vendor's shapes of what an edit leaves behind: new rows, the trash, events."""

from __future__ import annotations

from collections.abc import Mapping

from synkro_resources.sandbox.amocrm.filters import Json

SINGULAR = {"leads": "lead", "contacts": "contact", "companies": "company"}

WON, LOST = 142, 143
"""The same in every pipeline."""

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_FIRST_NUMBER = 1 << 60
"""Above the numbers in the event ids of invented worlds."""

_TRASH_KEEPS = ("id", "updated_by", "updated_at", "account_id")

FIELD_TYPE_CODE = 1
"""The vendor's number for a field's type inside events; its table is not documented."""


def card(row_id: int, account_id: int, now: int, by: int, responsible: int, name: str) -> Json:
    """What leads, contacts and companies have in common."""
    return {
        "id": row_id,
        "name": name,
        "responsible_user_id": responsible,
        "group_id": 0,
        "created_by": by,
        "updated_by": by,
        "created_at": now,
        "updated_at": now,
        "closest_task_at": None,
        "is_deleted": False,
        "custom_fields_values": None,
        "account_id": account_id,
    }


def lead(common: Json, *, price: int, pipeline_id: int, status_id: int) -> Json:
    return {
        **common,
        "price": price,
        "status_id": status_id,
        "pipeline_id": pipeline_id,
        "loss_reason_id": None,
        "source_id": None,
        "closed_at": None,
        "score": None,
        "labor_cost": None,
        "is_price_computed": False,
        "is_price_modified_by_robot": False,
        "_embedded": {
            "tags": [],
            "companies": [],
            "contacts": [],
            "loss_reason": [],
            "catalog_elements": [],
            "source": None,
        },
    }


def contact(common: Json) -> Json:
    first, _, last = str(common["name"]).partition(" ")
    parts = ("tags", "leads", "customers", "catalog_elements", "social_profiles", "companies")
    embedded: Json = {part: [] for part in parts}
    return {**common, "first_name": first, "last_name": last, "is_unsorted": False, "_embedded": embedded}


def company(common: Json) -> Json:
    embedded: Json = {part: [] for part in ("tags", "contacts", "leads", "customers", "catalog_elements")}
    return {**common, "_embedded": embedded}


def note(row_id: int, entity_id: int, account_id: int, now: int, by: int, note_type: str, params: Json) -> Json:
    return {
        "id": row_id,
        "entity_id": entity_id,
        "created_by": by,
        "updated_by": by,
        "created_at": now,
        "updated_at": now,
        "responsible_user_id": by,
        "group_id": 0,
        "note_type": note_type,
        "params": params,
        "account_id": account_id,
    }


def task(row_id: int, account_id: int, now: int, by: int, kind: str, entity_id: int, text: str, due: int) -> Json:
    return {
        "id": row_id,
        "created_by": by,
        "updated_by": by,
        "created_at": now,
        "updated_at": now,
        "responsible_user_id": by,
        "group_id": 0,
        "entity_id": entity_id,
        "entity_type": kind,
        "duration": 0,
        "is_completed": False,
        "task_type_id": 1,
        "text": text,
        "result": [],  # the vendor's empty object
        "complete_till": due,
        "account_id": account_id,
    }


def trash(row: Json) -> Json:
    """A deleted row shows nearly nothing."""
    shown = {name: row[name] for name in _TRASH_KEEPS} | {"is_deleted": True}
    return {name: shown.get(name) for name in row if name != "_embedded"}


def custom_field(definition: Json, value: object) -> Json:
    """One item of `custom_fields_values`; a label of the definition's enums gets its id."""
    enum = next((item for item in definition.get("enums") or [] if item["value"] == value), None)
    item: Json = {"value": value}
    if definition["type"] == "multitext":
        first = (definition.get("enums") or [{"id": 0, "value": "WORK"}])[0]
        item |= {"enum_id": first["id"], "enum_code": first["value"]}
    elif enum is not None:
        item |= {"enum_id": enum["id"], "enum_code": enum.get("code")}
    return {
        "field_id": definition["id"],
        "field_name": definition["name"],
        "field_code": definition.get("code"),
        "field_type": definition["type"],
        "values": [item],
    }


def field_event_value(item: Json | None) -> list[Json]:
    """An event's side for a custom field: an element per value, none for a field that was or is empty."""
    if item is None:
        return []
    return [
        {
            "custom_field_value": {
                "field_id": item["field_id"],
                "field_type": FIELD_TYPE_CODE,
                "enum_id": value.get("enum_id"),
                "text": str(value.get("value", "")),
            }
        }
        for value in item["values"]
    ]


def status_value(row: Mapping[str, object]) -> list[Json]:
    return [{"lead_status": {"id": row["status_id"], "pipeline_id": row["pipeline_id"]}}]


def event(
    number: int,
    kind: str,
    entity_type: str,
    entity_id: int,
    account_id: int,
    now: int,
    by: int,
    before: list[Json],
    after: list[Json],
) -> Json:
    """An event; its id sorts by time, as a ULID, and then by `number`."""
    return {
        "id": _base32(now * 1000, 10) + _base32(_FIRST_NUMBER + number, 16),
        "type": kind,
        "entity_id": entity_id,
        "entity_type": entity_type,
        "created_by": by,
        "created_at": now,
        "value_after": after,
        "value_before": before,
        "account_id": account_id,
        "_embedded": {"entity": {"id": entity_id}},
    }


def _base32(value: int, width: int) -> str:
    digits: list[str] = []
    for _ in range(width):
        value, digit = divmod(value, 32)
        digits.append(_CROCKFORD[digit])
    return "".join(reversed(digits))
