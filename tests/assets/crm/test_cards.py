"""A field, a tag or a task that amoCRM writes in its own way must arrive as it is, and stop nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synkro_assets.crm import cards
from synkro_assets.crm.cards import TASKS, number_of_value, tags, text_of_value
from synkro_assets.crm.extract import extract_entities
from synkro_assets.normalization import normalized
from synkro_resources.http.jsonvalues import JsonObject
from synkro_resources.model.tables import Table
from synkro_resources.model.tables.cards import CONTACT_FIELD, DEAL_FIELD, DEAL_TAG
from synkro_resources.model.tables.raw import AMOCRM_CONTACTS, AMOCRM_LEADS, AMOCRM_TASKS
from synkro_resources.model.window import TenantWindow

WINDOW = TenantWindow("demo", "Europe/Moscow", date(2026, 9, 7), date(2026, 9, 8))
NOON = datetime(2026, 9, 7, 9, tzinfo=UTC)
CHANGED = int(NOON.timestamp())


def raw(table: Table, *bodies: JsonObject) -> pa.Table:
    changed: list[JsonObject] = [{"updated_at": CHANGED, **body} for body in bodies]
    return extract_entities(changed, table, WINDOW, with_baseline=False).table


def field(*values: object, field_id: int = 5, code: str | None = None) -> JsonObject:
    return {
        "field_id": field_id,
        "field_name": "Источник",
        "field_code": code,
        "field_type": "text",
        "values": [value if isinstance(value, dict) else {"value": value} for value in values],
    }


def test_each_value_of_each_field_is_a_row_with_its_place() -> None:
    phones = field("+7 900", "+7 901", field_id=1, code="PHONE")
    chosen = field({"value": "Сайт", "enum_id": 44, "enum_code": "SITE"}, field_id=2)
    body = {"id": 7, "custom_fields_values": [phones, chosen]}
    rows = normalized(raw(AMOCRM_CONTACTS, body), cards.fields(CONTACT_FIELD)).table.to_pylist()
    assert [(row["field_id"], row["position"], row["value_text"]) for row in rows] == [
        (1, 0, "+7 900"),
        (1, 1, "+7 901"),
        (2, 0, "Сайт"),
    ]
    assert {row["contact_id"] for row in rows} == {7}
    assert (rows[0]["field_code"], rows[2]["enum_id"], rows[2]["enum_code"]) == ("PHONE", 44, "SITE")


@pytest.mark.parametrize("fields", [None, [], [{"field_id": None}], [{"field_id": 5, "values": None}]])
def test_a_card_without_fields_has_no_rows(fields: object) -> None:
    found = normalized(raw(AMOCRM_LEADS, {"id": 7, "custom_fields_values": fields}), cards.fields(DEAL_FIELD))
    assert (found.table.num_rows, found.unread) == (0, [])


@pytest.mark.parametrize(
    ("value", "text", "number"),
    [
        ("12.5", "12.5", 12.5),
        (120, "120", 120.0),
        (True, "true", None),
        (None, None, None),
        ({"lat": 1}, '{"lat":1}', None),
        ("nan", "nan", None),
        ("1_000", "1_000", None),
        ("скоро", "скоро", None),
    ],
)
def test_a_value_is_kept_as_text_and_as_a_number_where_it_is_one(
    value: object, text: str | None, number: float | None
) -> None:
    assert (text_of_value(value), number_of_value(value)) == (text, number)


@given(value=st.recursive(st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.text(), st.lists, max_leaves=4))
def test_no_value_is_lost_or_stops_a_load(value: object) -> None:
    body: JsonObject = {"id": 7, "custom_fields_values": [field({"value": value})]}
    (row,) = normalized(raw(AMOCRM_LEADS, body), cards.fields(DEAL_FIELD)).table.to_pylist()
    assert (row["value_text"] is None) == (value is None)


@pytest.mark.parametrize("table", [DEAL_FIELD, CONTACT_FIELD])
def test_what_people_typed_is_personal_data_as_text_and_as_a_number(table: Table) -> None:
    assert table.personal_columns == ("value_text", "value_number")


def test_tags_of_a_deal_are_rows() -> None:
    body: JsonObject = {"id": 7, "_embedded": {"tags": [{"id": 1, "name": "срочно"}, {"id": None}, {"id": 2}]}}
    rows = normalized(raw(AMOCRM_LEADS, body), tags(DEAL_TAG)).table.to_pylist()
    assert [(row["deal_id"], row["tag_id"], row["name"]) for row in rows] == [(7, 1, "срочно"), (7, 2, None)]


@pytest.mark.parametrize(
    ("entity_type", "column"), [("leads", "deal_id"), ("contacts", "contact_id"), ("companies", "company_id")]
)
def test_a_task_belongs_to_its_card_and_an_empty_result_is_none(entity_type: str, column: str) -> None:
    body: JsonObject = {"id": 9, "entity_type": entity_type, "entity_id": 7, "is_completed": True, "result": []}
    (row,) = normalized(raw(AMOCRM_TASKS, {**body, "complete_till": CHANGED + 60}), TASKS).table.to_pylist()
    owners = {name: row[name] for name in ("deal_id", "contact_id", "company_id")}
    assert owners == {**dict.fromkeys(owners), column: 7}
    assert (row["result"], row["is_completed"], row["completed_at"]) == (None, True, NOON)
    assert row["due_at"].timestamp() == CHANGED + 60


def test_an_open_task_has_no_time_of_completion_and_one_of_nobody_no_card() -> None:
    (row,) = normalized(
        raw(AMOCRM_TASKS, {"id": 9, "entity_type": None, "result": {"text": "ок"}}), TASKS
    ).table.to_pylist()
    assert (row["completed_at"], row["deal_id"], row["result"]) == (None, None, "ок")
