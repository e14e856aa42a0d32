"""What amoCRM leaves empty or writes in its own way must neither stop a load nor invent a fact."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synkro_assets.crm.extract import extract_entities, extract_events, extract_notes, extract_snapshot
from synkro_assets.crm.normalize import (
    CALLS,
    COMPANIES,
    CONTACT_PHONES,
    CONTACTS,
    DEAL_CONTACTS,
    MANAGERS,
    PIPELINE_STATUSES,
    deal_events,
    deals,
    is_connected,
)
from synkro_assets.normalization import Normalized, normalized
from synkro_resources.http.jsonvalues import JsonObject
from synkro_resources.model.tables.raw import (
    AMOCRM_COMPANIES,
    AMOCRM_CONTACTS,
    AMOCRM_LEADS,
    AMOCRM_PIPELINES,
    AMOCRM_USERS,
)
from synkro_resources.model.tables.schema import DAY_COLUMN, Table
from synkro_resources.model.window import TenantWindow

WINDOW = TenantWindow("demo", "Europe/Moscow", date(2026, 9, 7), date(2026, 9, 8))
NOON = datetime(2026, 9, 7, 9, tzinfo=UTC)
CHANGED = int(NOON.timestamp())
Rows = list[dict[str, object]]


def raw(table: Table, *rows: JsonObject) -> pa.Table:
    """Entities as their extraction stores them, changed on 7 September unless they say otherwise."""
    dated = [{"updated_at": CHANGED} | row for row in rows]
    return extract_entities(dated, table, WINDOW, with_baseline=False).table


def rows_of(found: Normalized) -> Rows:
    assert not found.unread
    return found.table.to_pylist()


def deal(**fields: object) -> dict[str, object]:
    (row,) = rows_of(normalized(raw(AMOCRM_LEADS, {"id": 1} | fields), deals({})))
    return row


def contact(**fields: object) -> dict[str, object]:
    (row,) = rows_of(normalized(raw(AMOCRM_CONTACTS, {"id": 1} | fields), CONTACTS))
    return row


def phones(*values: object, code: str | None = "PHONE") -> list[object]:
    fields: list[JsonObject] = [{"field_code": code, "values": [{"value": value} for value in values]}]
    body: JsonObject = {"id": 1, "custom_fields_values": fields}
    return [row["phone_norm"] for row in rows_of(normalized(raw(AMOCRM_CONTACTS, body), CONTACT_PHONES))]


def events(*rows: JsonObject) -> Rows:
    stored = extract_events(rows, WINDOW).table
    return rows_of(normalized(stored, deal_events(WINDOW)))


def event(kind: str, **fields: object) -> JsonObject:
    return {"id": f"e-{kind}", "type": kind, "entity_type": "lead", "entity_id": 7, "created_at": CHANGED} | fields


def status(pipeline: int, identity: int) -> list[JsonObject]:
    return [{"lead_status": {"id": identity, "pipeline_id": pipeline}}]


@pytest.mark.parametrize("closed", [None, 0, -1, "", []])
def test_a_deal_without_a_real_closing_time_is_not_closed_in_1970(closed: object) -> None:
    assert deal(closed_at=closed)["closed_at"] is None


def test_a_closing_time_is_read_as_utc() -> None:
    assert deal(closed_at=CHANGED)["closed_at"] == NOON


@pytest.mark.parametrize("closed", [2**40, 2**62])
def test_a_time_beyond_the_calendar_puts_its_own_deal_aside_and_no_other(closed: int) -> None:
    found = normalized(raw(AMOCRM_LEADS, {"id": 1, "closed_at": closed}, {"id": 2}), deals({}))
    assert found.table.column("deal_id").to_pylist() == [2]
    assert [(row.table, row.reason) for row in found.unread] == [("normalized/deal", "ValueError")]


def test_a_deal_of_nothing_but_its_id_is_kept() -> None:
    row = deal()
    assert row["deal_id"] == 1
    assert row["is_deleted"] is False
    assert [row[name] for name in ("name", "pipeline_id", "price", "responsible_id", "created_at")] == [None] * 5
    assert row[DAY_COLUMN] == date(2026, 9, 7)


@pytest.mark.parametrize("fields", [None, [], {}, "", [None], [{"field_code": "PHONE", "values": None}]])
def test_empty_custom_fields_of_every_shape_are_no_phones_and_no_names(fields: object) -> None:
    body: JsonObject = {"id": 1, "custom_fields_values": fields}
    assert rows_of(normalized(raw(AMOCRM_CONTACTS, body), CONTACT_PHONES)) == []
    assert contact(custom_fields_values=fields)["telegram_username"] is None


def test_several_phones_in_one_field_are_all_there_in_their_order() -> None:
    assert phones("+7 900 000-00-11, 89000000012; 9000000013", "+7 900 000-00-14") == [
        "79000000011",
        "79000000012",
        "79000000013",
        "79000000014",
    ]


def test_a_phone_that_came_as_a_number_is_read_and_an_unreadable_one_is_kept_as_typed() -> None:
    assert phones(79000000011) == ["79000000011"]
    assert phones("123-45-67") == [None]


def test_other_fields_are_no_phones() -> None:
    assert phones("+7 900 000-00-11", code="EMAIL") == []
    assert phones("+7 900 000-00-11", code=None) == []


@pytest.mark.parametrize(
    "field",
    [
        {"field_code": "IM", "values": [{"value": "79000000011"}, {"value": "@olga_flowers"}]},
        {"field_name": "Телеграм", "field_code": None, "values": [{"value": "https://t.me/olga_flowers"}]},
        {"field_name": "Telegram username", "values": [{"value": "olga_flowers"}]},
    ],
)
def test_a_telegram_name_is_found_where_people_write_it(field: JsonObject) -> None:
    assert contact(custom_fields_values=[field])["telegram_username"] == "olga_flowers"


def test_a_deal_s_contacts_are_kept_with_the_main_one_marked() -> None:
    linked: list[object] = [{"id": 5, "is_main": True}, {"id": 6, "is_main": False}, {"id": 8}, {"id": None}]
    body: JsonObject = {"id": 1, "_embedded": {"contacts": linked}}
    found = rows_of(normalized(raw(AMOCRM_LEADS, body), DEAL_CONTACTS))
    assert [(row["contact_id"], row["is_main"]) for row in found] == [(5, True), (6, False), (8, False)]


@pytest.mark.parametrize("embedded", [None, [], {}, {"contacts": None}, {"contacts": []}])
def test_a_deal_without_contacts_has_none(embedded: object) -> None:
    body: JsonObject = {"id": 1, "_embedded": embedded}
    assert rows_of(normalized(raw(AMOCRM_LEADS, body), DEAL_CONTACTS)) == []


def test_companies_and_managers_survive_what_is_missing() -> None:
    (company,) = rows_of(normalized(raw(AMOCRM_COMPANIES, {"id": 3}), COMPANIES))
    assert (company["company_id"], company["name"]) == (3, None)
    users: list[JsonObject] = [{"id": 1, "rights": None}, {"id": 2, "rights": {"is_active": False}}, {"id": 3}]
    stored = extract_snapshot(users, AMOCRM_USERS, WINDOW).table
    active = {row["manager_id"]: row["is_active"] for row in rows_of(normalized(stored, MANAGERS))}
    assert active == {1: True, 2: False, 3: True}


def test_won_and_lost_belong_to_each_pipeline_under_the_same_ids() -> None:
    statuses = [{"id": 11, "type": 1}, {"id": 12, "type": 0}, {"id": 142}, {"id": 143}]
    pipelines: list[JsonObject] = [{"id": pipeline, "_embedded": {"statuses": statuses}} for pipeline in (1, 2)]
    stored = extract_snapshot(pipelines, AMOCRM_PIPELINES, WINDOW).table
    found = {
        (row["pipeline_id"], row["status_id"]): (row["is_won"], row["is_lost"], row["is_unsorted"])
        for row in rows_of(normalized(stored, PIPELINE_STATUSES))
        if row[DAY_COLUMN] == date(2026, 9, 8)
    }
    for pipeline in (1, 2):
        assert found[pipeline, 11] == (False, False, True)
        assert found[pipeline, 12] == (False, False, False)
        assert found[pipeline, 142] == (True, False, False)
        assert found[pipeline, 143] == (False, True, False)


def test_a_move_keeps_both_stages_with_their_pipelines() -> None:
    (row,) = events(event("lead_status_changed", value_before=status(1, 11), value_after=status(2, 143), created_by=0))
    names = ("deal_id", "kind", "before_pipeline_id", "before_status_id", "after_pipeline_id", "after_status_id")
    assert [row[name] for name in names] == [7, "status", 1, 11, 2, 143]
    assert (row["created_by"], row["at"]) == (0, NOON)


def test_a_change_of_the_responsible_user_keeps_both_people() -> None:
    before, after = ([{"responsible_user": {"id": user}}] for user in (1, 2))
    (row,) = events(event("entity_responsible_changed", value_before=before, value_after=after))
    assert (row["kind"], row["before_user_id"], row["after_user_id"]) == ("responsible", 1, 2)


@pytest.mark.parametrize(
    ("kind", "name"), [("lead_deleted", "deleted"), ("lead_restored", "restored"), ("entity_merged", "merged")]
)
@pytest.mark.parametrize("side", [None, [], {}])
def test_events_without_values_are_still_events(kind: str, name: str, side: object) -> None:
    (row,) = events(event(kind, value_before=side, value_after=side))
    assert (row["kind"], row["after_status_id"]) == (name, None)


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "a_type_of_next_year"},
        {"type": "incoming_chat_message"},
        {"entity_type": "contact"},
        {"entity_id": None},
    ],
)
def test_events_that_say_nothing_about_a_deal_stay_raw(fields: JsonObject) -> None:
    assert events(event("entity_responsible_changed") | fields) == []


def note(**parameters: object) -> dict[str, object]:
    body: JsonObject = {
        "id": 1,
        "entity_id": 7,
        "note_type": "call_in",
        "created_at": CHANGED,
        "updated_at": CHANGED,
        "params": parameters,
    }
    stored = extract_notes([("contacts", body)], WINDOW, with_baseline=False).table
    (row,) = rows_of(normalized(stored, CALLS))
    return row


@pytest.mark.parametrize(
    ("call_status", "duration", "spoken"),
    [(4, 0, True), (4, None, True), (None, 10, True), (None, 9, False), (8, 10, True), (8, 9, False), (6, 60, False)],
)
def test_a_call_counts_only_if_people_spoke(call_status: int | None, duration: int | None, spoken: bool) -> None:
    assert is_connected(call_status, duration) is spoken
    assert note(call_status=call_status, duration=duration)["is_connected"] is spoken


def test_a_call_without_status_and_length_is_kept_and_answers_nobody() -> None:
    row = note()
    assert (row["contact_id"], row["deal_id"], row["direction"]) == (7, None, "in")
    assert (row["status"], row["duration_s"], row["is_connected"]) == (None, None, False)


def test_a_call_s_empty_parameters_may_be_a_list() -> None:
    body: JsonObject = {"id": 1, "entity_id": 7, "note_type": "call_out", "created_at": CHANGED, "updated_at": CHANGED}
    stored = extract_notes([("leads", body | {"params": []})], WINDOW, with_baseline=False).table
    (row,) = rows_of(normalized(stored, CALLS))
    assert (row["deal_id"], row["direction"], row["is_connected"]) == (7, "out", False)


def test_a_row_that_cannot_be_read_is_put_aside_and_the_others_are_kept() -> None:
    timeless: JsonObject = {"id": 1, "entity_id": 7, "note_type": "call_in", "created_at": 0, "updated_at": CHANGED}
    good = timeless | {"id": 2, "created_at": CHANGED}
    stored = extract_notes([("leads", timeless), ("leads", good)], WINDOW, with_baseline=False).table
    found = normalized(stored, CALLS)
    assert found.table.column("call_id").to_pylist() == [2]
    assert [(row.table, row.reason) for row in found.unread] == [("normalized/call", "ValueError")]


PIECES = (None, True, 0, -1, 7, 2**40, 2**62, 1.5, "", "7", "Букет", CHANGED)
NAMES = ("id", "contacts", "companies", "values", "value", "field_code", "is_main")
ANYTHING = st.recursive(
    st.sampled_from(PIECES),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=2),
    max_leaves=4,
)
LEAD_FIELDS = ("name", "price", "pipeline_id", "status_id", "created_at", "closed_at", "_embedded", "loss_reason_id")
CONTACT_FIELDS = ("name", "first_name", "custom_fields_values", "_embedded", "responsible_user_id")


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(LEAD_FIELDS, ANYTHING)))
def test_no_field_of_a_deal_can_stop_a_load(body: JsonObject) -> None:
    stored = raw(AMOCRM_LEADS, {"id": 1} | body, {"id": 2})
    found = normalized(stored, deals({}))
    assert found.table.num_rows + len(found.unread) == 2
    normalized(stored, DEAL_CONTACTS)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(CONTACT_FIELDS, ANYTHING)))
def test_no_field_of_a_contact_can_stop_a_load(body: JsonObject) -> None:
    stored = raw(AMOCRM_CONTACTS, {"id": 1} | body, {"id": 2})
    found = normalized(stored, CONTACTS)
    assert found.table.num_rows + len(found.unread) == 2
    normalized(stored, CONTACT_PHONES)


@pytest.mark.parametrize("broken", ["{bad", "[1]", '"text"'])
def test_a_deal_that_is_stored_as_no_json_object_is_put_aside_and_the_others_are_kept(broken: str) -> None:
    raw = AMOCRM_LEADS.cast(
        pa.table(
            {
                "id": [1, 2],
                "source_updated_at": pa.array([NOON, NOON], pa.timestamp("us", "UTC")),
                "is_deleted": [False, False],
                "raw": [broken, '{"name": "x"}'],
            }
        )
    ).append_column(DAY_COLUMN, pa.array([date(2026, 9, 7)] * 2, pa.date32()))
    found = normalized(raw, deals({}))
    assert found.table.column("deal_id").to_pylist() == [2]
    assert len(found.unread) == 1
