"""Changing the fields of a deal, contact or company, each change with the event the vendor writes for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from synkro_resources.sandbox.amocrm import editing_rows as rows
from synkro_resources.sandbox.amocrm.desk import Change, Desk, EditError, add_link, drop_link, ids_in
from synkro_resources.sandbox.amocrm.filters import Json

_COMMON: dict[str, Any] = {
    "name": str,
    "responsible_user_id": int,
    "tags": list[str],
    "custom_fields": dict[int, Any],
}
_FIELDS: dict[str, dict[str, Any]] = {
    "leads": {
        **_COMMON,
        "price": int,
        "status_id": int,
        "pipeline_id": int,
        "loss_reason_id": int | None,
        "contacts": list[int],
    },
    "contacts": _COMMON,
    "companies": _COMMON,
}
_FIRST_TAG = 7_000_000


def update_card(desk: Desk, change: Change, kind: str, row: Json, fields: Mapping[str, object], by: int) -> None:
    """Set `fields` on `row` and write the events; `updated_at` is the caller's.

    Raises:
        EditError: an unknown field, status, user, contact or custom field; nothing was changed then.
    """
    wanted = _checked(kind, fields)
    stage = _stage(desk, row, wanted) if kind == "leads" else None
    people = desk.cards("contacts", wanted.get("contacts", []))
    if len(people) != len(wanted.get("contacts", [])):
        raise EditError(f"not all contacts exist: {wanted['contacts']}")
    definitions = _definitions(desk, kind, wanted.get("custom_fields", {}))
    if "name" in wanted and wanted["name"] != row["name"]:
        row["name"] = wanted["name"]
        value = [{"name_field_value": {"name": row["name"]}}]
        desk.event(change, "name_field_changed", kind, row["id"], by, after=value)
    if "price" in wanted and wanted["price"] != row["price"]:
        sides = ([{"sale_field_value": {"sale": price}}] for price in (row["price"], wanted["price"]))
        desk.event(change, "sale_field_changed", kind, row["id"], by, before=next(sides), after=next(sides))
        row["price"] = wanted["price"]
    if "responsible_user_id" in wanted and wanted["responsible_user_id"] != row["responsible_user_id"]:
        sides = (
            [{"responsible_user": {"id": user}}] for user in (row["responsible_user_id"], wanted["responsible_user_id"])
        )
        desk.event(change, "entity_responsible_changed", kind, row["id"], by, before=next(sides), after=next(sides))
        row["responsible_user_id"] = wanted["responsible_user_id"]
    if stage is not None:
        _move(desk, change, row, stage, by)
    if "loss_reason_id" in wanted:
        _lose(desk, row, wanted["loss_reason_id"])
    if "tags" in wanted:
        _tag(desk, change, kind, row, wanted["tags"], by)
    for field_id, value in wanted.get("custom_fields", {}).items():
        _fill(desk, change, kind, row, definitions[field_id], value, by)
    if "contacts" in wanted:
        _replace_contacts(desk, change, row, people, by)


def _checked(kind: str, fields: Mapping[str, object]) -> dict[str, Any]:
    known = _FIELDS[kind]
    if unknown := sorted(set(fields) - set(known)):
        raise EditError(f"{kind} have no fields {unknown} to update, there are {sorted(known)}")
    checked: dict[str, Any] = {}
    for name, value in fields.items():
        try:
            checked[name] = TypeAdapter[Any](known[name]).validate_python(value)
        except ValidationError as error:
            raise EditError(f"field {name}: {error.errors()[0]['msg']}") from error
    return checked


def _stage(desk: Desk, row: Json, wanted: Mapping[str, Any]) -> tuple[int, int] | None:
    """The (pipeline, status) to move to, None if it is where the deal stands."""
    pipeline_id = wanted.get("pipeline_id", row["pipeline_id"])
    status_id = wanted.get("status_id", row["status_id"])
    if (pipeline_id, status_id) == (row["pipeline_id"], row["status_id"]):
        return None
    pipeline = next((item for item in desk.account.pipelines if item["id"] == pipeline_id), None)
    if pipeline is None:
        raise EditError(f"there is no pipeline {pipeline_id}")
    if status_id not in (known := [status["id"] for status in pipeline["_embedded"]["statuses"]]):
        raise EditError(f"pipeline {pipeline_id} has no status {status_id}, it has {known}")
    return pipeline_id, status_id


def _move(desk: Desk, change: Change, row: Json, stage: tuple[int, int], by: int) -> None:
    before = rows.status_value(row)
    row["pipeline_id"], row["status_id"] = stage
    if stage[1] in (rows.WON, rows.LOST):
        row["closed_at"] = desk.store.now()
    elif not desk.store.switches.reopening_keeps_closed_at:
        row["closed_at"] = None
    desk.event(change, "lead_status_changed", "leads", row["id"], by, before=before, after=rows.status_value(row))


def _lose(desk: Desk, row: Json, reason_id: int | None) -> None:
    reasons = [reason for reason in desk.account.loss_reasons if reason["id"] == reason_id]
    row["loss_reason_id"] = reason_id
    row["_embedded"]["loss_reason"] = [dict(reason) for reason in reasons]


def _tag(desk: Desk, change: Change, kind: str, row: Json, names: list[str], by: int) -> None:
    """Tags are known to the account by name; a new name makes a new tag."""
    before = [tag["name"] for tag in row["_embedded"]["tags"]]
    known = desk.account.tags.setdefault(kind, [])
    by_name = {tag["name"]: tag for tag in [*row["_embedded"]["tags"], *known]}
    for name in names:
        if name not in by_name:
            by_name[name] = {"id": max([_FIRST_TAG, *(tag["id"] for tag in known)]) + 1, "name": name, "color": None}
            known.append(by_name[name])
    row["_embedded"]["tags"] = [dict(by_name[name]) for name in names]
    for event, these in (
        ("entity_tag_added", [name for name in names if name not in before]),
        ("entity_tag_deleted", [name for name in before if name not in names]),
    ):
        values = [{"tag": {"name": name}} for name in these]
        sides = {"after": values} if event == "entity_tag_added" else {"before": values}
        if values:
            desk.event(change, event, kind, row["id"], by, **sides)


def _definitions(desk: Desk, kind: str, wanted: Mapping[int, object]) -> dict[int, Json]:
    known = {item["id"]: item for item in desk.account.custom_fields.get(kind, [])}
    if unknown := sorted(set(wanted) - set(known)):
        raise EditError(f"{kind} have no custom fields {unknown}, there are {sorted(known)}")
    return known


def _fill(desk: Desk, change: Change, kind: str, row: Json, definition: Json, value: object, by: int) -> None:
    """A field without a value is absent."""
    items = cast("list[Json]", row.get("custom_fields_values") or [])
    old = next((item for item in items if item["field_id"] == definition["id"]), None)
    new = None if value is None else rows.custom_field(definition, value)
    if new == old:
        return
    kept = [item for item in items if item is not old]
    row["custom_fields_values"] = [*kept, *([new] if new else [])] or None
    desk.event(
        change,
        f"custom_field_{definition['id']}_value_changed",
        kind,
        row["id"],
        by,
        before=rows.field_event_value(old),
        after=rows.field_event_value(new),
    )


def _replace_contacts(desk: Desk, change: Change, lead: Json, people: list[Json], by: int) -> None:
    """Exactly these contacts, the first one main; both sides know, and the deal's feed tells."""
    before, after = ids_in(lead, "contacts"), [person["id"] for person in people]
    for person in desk.cards("contacts", before):
        drop_link(person, "leads", lead["id"])
    lead["_embedded"]["contacts"] = []
    for person in people:
        add_link(lead, "contacts", person["id"])
        add_link(person, "leads", lead["id"])
    for contact_id in [*before, *(item for item in after if item not in before)]:
        if (contact_id in before) == (contact_id in after):
            continue
        value = [{"link": {"entity": {"type": "contact", "id": contact_id}}}]
        event, side = ("entity_linked", "after") if contact_id in after else ("entity_unlinked", "before")
        desk.event(change, event, "leads", lead["id"], by, **{side: value})
