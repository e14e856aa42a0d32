"""amoCRM rows on their way to the lake: the right day, the baseline, the same bytes, and nothing lost in silence."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synkro_assets.crm.extract import extract_entities, extract_events, extract_notes, extract_snapshot
from synkro_assets.extraction import Extraction
from synkro_resources.http.jsonvalues import JsonObject
from synkro_resources.model.tables.raw import AMOCRM_EVENTS, AMOCRM_LEADS, AMOCRM_NOTES, AMOCRM_USERS
from synkro_resources.model.tables.schema import DAY_COLUMN, Table
from synkro_resources.model.window import TenantWindow

WINDOW = TenantWindow("demo", "Asia/Yekaterinburg", date(2026, 11, 18), date(2026, 11, 19))


def seconds(instant: datetime) -> int:
    return int(instant.timestamp())


def lead(identity: object, updated_at: object, **more: object) -> JsonObject:
    return {"id": identity, "updated_at": updated_at, "name": "Букет", "is_deleted": False, **more}


def assert_adds_up(extraction: Extraction) -> None:
    stored = extraction.table.num_rows + len(extraction.quarantined)
    assert extraction.seen == stored + extraction.outside + extraction.repeated


def assert_fits(extraction: Extraction, table: Table) -> None:
    assert extraction.table.column_names == [*table.schema.names, DAY_COLUMN]
    assert extraction.table.schema.field(DAY_COLUMN).type == pa.date32()
    assert table.cast(extraction.table).num_rows == extraction.table.num_rows


def test_a_deal_changed_at_local_midnight_belongs_to_the_new_local_day() -> None:
    midnight = datetime(2026, 11, 18, 19, 0, tzinfo=UTC)  # 00:00 of the 19th in Yekaterinburg
    rows = [lead(1, seconds(midnight) - 1), lead(2, seconds(midnight))]
    found = extract_entities(rows, AMOCRM_LEADS, WINDOW, with_baseline=False)
    assert found.table.column(DAY_COLUMN).to_pylist() == [date(2026, 11, 18), date(2026, 11, 19)]
    assert_fits(found, AMOCRM_LEADS)


@pytest.mark.parametrize("with_baseline", [True, False])
def test_older_deals_are_the_baseline_of_a_first_load_only_and_newer_ones_wait(with_baseline: bool) -> None:
    start, end = seconds(WINDOW.start), seconds(WINDOW.end)
    rows = [lead(1, start - 1), lead(2, start), lead(3, end - 1), lead(4, end)]
    found = extract_entities(rows, AMOCRM_LEADS, WINDOW, with_baseline=with_baseline)
    days = dict(zip(found.table.column("id").to_pylist(), found.table.column(DAY_COLUMN).to_pylist(), strict=True))
    inside = {2: date(2026, 11, 18), 3: date(2026, 11, 19)}
    assert days == ({1: None} | inside if with_baseline else inside)
    assert_adds_up(found)


def test_malformed_rows_are_put_aside_with_the_reason() -> None:
    good = seconds(WINDOW.start)
    rows: list[JsonObject] = [
        lead(None, good),
        lead("7", good),
        lead(True, good),
        lead(2.0**70, good),
        lead(1, None),
        lead(1, 0),
        lead(1, 10**15),
        lead(1, "soon"),
        {"value": "odd"},
        lead(5, good),
    ]
    found = extract_entities(rows, AMOCRM_LEADS, WINDOW, with_baseline=True)
    assert [row.reason for row in found.quarantined] == ["no_id"] * 4 + ["no_time"] * 4 + ["no_id"]
    assert found.table.column("id").to_pylist() == [5]
    assert found.seen == 10
    assert_adds_up(found)


def test_the_newest_version_of_a_deal_wins_whatever_the_order_of_pages() -> None:
    at = seconds(WINDOW.start)
    rows = [lead(1, at + 5, price=2), lead(1, at, price=1), lead(1, at + 9, price=3)]
    for _ in range(6):
        random.shuffle(rows)
        found = extract_entities(rows, AMOCRM_LEADS, WINDOW, with_baseline=False)
        assert found.table.num_rows == 1
        assert '"price":3' in str(found.table.column("raw").to_pylist()[0])
        assert_adds_up(found)


@given(
    st.permutations([("id", 1), ("updated_at", seconds(WINDOW.start)), ("name", "Ёлка 🎄"), ("z", {"b": 1, "a": [2]})])
)
def test_the_same_answer_gives_the_same_bytes(entries: list[tuple[str, object]]) -> None:
    found = extract_entities([dict(entries)], AMOCRM_LEADS, WINDOW, with_baseline=False)
    raw = f'{{"id":1,"name":"Ёлка 🎄","updated_at":{seconds(WINDOW.start)},"z":{{"a":[2],"b":1}}}}'
    assert found.table.column("raw").to_pylist() == [raw]


def test_a_deleted_row_with_nothing_but_nulls_is_stored_as_deleted() -> None:
    found = extract_entities(
        [{"id": 9, "updated_at": seconds(WINDOW.start), "is_deleted": True, "name": None}],
        AMOCRM_LEADS,
        WINDOW,
        with_baseline=False,
    )
    assert found.table.column("is_deleted").to_pylist() == [True]


def test_a_snapshot_lies_on_the_newest_day() -> None:
    found = extract_snapshot([{"id": 2}, {"id": 1}, {"name": "?"}], AMOCRM_USERS, WINDOW)
    assert found.table.column("id").to_pylist() == [1, 2]
    assert set(found.table.column(DAY_COLUMN).to_pylist()) == {date(2026, 11, 19)}
    assert set(found.table.column("source_updated_at").to_pylist()) == {WINDOW.end}
    assert len(found.quarantined) == 1
    assert_fits(found, AMOCRM_USERS)


def test_events_outside_the_window_are_dropped_and_repeats_are_stored_once() -> None:
    at = seconds(WINDOW.start + timedelta(hours=1))
    event: JsonObject = {"id": "01k", "type": "lead_added", "entity_type": "lead", "entity_id": 5, "created_at": at}
    rows = [
        event,
        dict(event),
        event | {"id": "02k", "created_at": seconds(WINDOW.end)},
        event | {"type": None, "id": "3"},
    ]
    found = extract_events(rows, WINDOW)
    assert found.table.column("event_id").to_pylist() == ["01k"]
    assert [row.reason for row in found.quarantined] == ["no_type"]
    assert_fits(found, AMOCRM_EVENTS)
    assert_adds_up(found)


def test_notes_remember_what_they_were_listed_under() -> None:
    note: JsonObject = {"id": 3, "entity_id": 4, "note_type": "call_in", "updated_at": seconds(WINDOW.start)}
    found = extract_notes(
        [("contacts", note), ("leads", note | {"id": 2, "entity_id": None})], WINDOW, with_baseline=True
    )
    assert found.table.column("entity_type").to_pylist() == ["contacts"]
    assert [row.reason for row in found.quarantined] == ["no_entity"]
    assert_fits(found, AMOCRM_NOTES)


def test_an_empty_answer_is_an_empty_table_of_the_right_shape() -> None:
    for found, table in (
        (extract_entities([], AMOCRM_LEADS, WINDOW, with_baseline=True), AMOCRM_LEADS),
        (extract_events([], WINDOW), AMOCRM_EVENTS),
        (extract_notes([], WINDOW, with_baseline=False), AMOCRM_NOTES),
    ):
        assert found.table.num_rows == 0
        assert_fits(found, table)


def test_a_day_with_25_hours_keeps_all_its_hours() -> None:
    window = TenantWindow("demo", "Europe/Berlin", date(2026, 10, 25), date(2026, 10, 25))
    rows = [lead(hour + 1, seconds(window.start + timedelta(hours=hour))) for hour in range(26)]
    found = extract_entities(rows, AMOCRM_LEADS, window, with_baseline=False)
    assert found.table.num_rows == 25
