"""A row that the client's database lost, or that somebody changed there, must be noticed and sent again."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import psycopg2
import pyarrow as pa
import pytest

from synkro_resources.lake import Lake
from synkro_resources.model.errors import TransientError
from synkro_resources.model.tables import DAY_COLUMN, WAREHOUSE_TABLES
from synkro_resources.model.tables.crm import DEAL
from synkro_resources.model.tables.dialogs import TURN
from synkro_resources.model.window import TenantWindow
from synkro_resources.sandbox.supabase.project import plain_dsn
from synkro_resources.sandbox.supabase.switches import SupabaseSwitches
from synkro_resources.supabase import DirectWriter, RestWriter, WarehouseWriter
from synkro_resources.supabase.ddl import apply_ddl
from synkro_resources.supabase.fingerprints import fingerprints
from synkro_resources.supabase.verify import compare, loaded_span
from synkro_resources.supabase.views import VIEWS
from synkro_resources.supabase.writer import finite
from tests.resources.supabase.projects import BASE, deals, stored

ZONE = "Asia/Yekaterinburg"
DAY = date(2026, 11, 1)
WINDOW = TenantWindow("acme", ZONE, DAY, DAY)
TRICKY = ((1, 1, 'Окна «Лайт», 50" & <b>'), (2, 1, ""), (3, 1, None), (4, 1, "a\x00b\nc\\d|~"), (5, 2, "🪟"))


def turns(*minutes: float | None, end: datetime | None = None) -> pa.Table:
    """Answered client turns of manager 7 with these working minutes, on the window's day."""
    rows = [
        {
            "turn_id": f"1:a:{number}",
            "episode_key": "1:a",
            "dialog_id": 1,
            "no": number,
            "side": "client",
            "is_first_client_turn": number == 0,
            "is_last_client_turn": True,
            "first_at": WINDOW.start,
            "last_at": WINDOW.start,
            "clock_at": WINDOW.start,
            "needs_reply": True,
            "answered_at": WINDOW.start + timedelta(hours=1),
            "answer_kind": "message",
            "answer_same_episode": True,
            "due_at": WINDOW.start + timedelta(hours=2),
            "wt_minutes": value,
            "manager_id": 7,
            "attribution": "event",
            "attribution_confidence": 0.95,
            "source_updated_at": end or WINDOW.end,
        }
        for number, value in enumerate(minutes)
    ]
    return TURN.from_rows(rows)


def dated(rows: pa.Table, day: date = DAY) -> pa.Table:
    return rows.append_column(DAY_COLUMN, pa.array([day] * rows.num_rows, pa.date32()))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    found = Lake(str(tmp_path / "lake"))
    found.write_days(DEAL, "acme", [DAY], dated(deals(*TRICKY)))
    found.write_days(TURN, "acme", [DAY], dated(turns(0.1, 7.5, 1234.5678, 15.0, None)))
    return found


def change(url: str, statement: str) -> None:
    connection = psycopg2.connect(plain_dsn(url))
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


def test_what_was_sent_is_equal_on_both_paths_down_to_the_last_sign(writer: WarehouseWriter, lake: Lake) -> None:
    for table, rows in ((DEAL, deals(*TRICKY)), (TURN, turns(0.1, 7.5, 1234.5678, 15.0, None))):
        writer.upsert(table, rows)
        assert writer.fingerprints(table) == fingerprints(table, rows)
        assert compare(lake, "acme", table, writer, repair=False).verdict == "equal"


def test_numbers_are_compared_exactly_and_what_is_no_number_is_empty_on_both_paths(
    writer: WarehouseWriter, project: str
) -> None:
    odd = turns(0.033499999999999995, 1e300, 0.1 + 0.2, float("nan"), float("inf"))
    writer.upsert(TURN, odd)
    assert writer.fingerprints(TURN) == fingerprints(TURN, finite(odd))
    column = TURN.schema.names.index("wt_minutes")
    assert [row[column] for row in stored(project, "synkro_turn")][3:] == [None, None]


def test_a_page_that_takes_too_long_is_asked_for_in_smaller_parts(rest: RestWriter, switches: SupabaseSwitches) -> None:
    many = deals(*((number, 1, None) for number in range(1, 1_201)))
    rest.upsert(DEAL, many)
    switches.faults_on = {"GET": ["544", "544"]}
    assert rest.fingerprints(DEAL) == fingerprints(DEAL, many)


def test_a_project_that_answers_no_question_in_time_is_explained(rest: RestWriter, switches: SupabaseSwitches) -> None:
    switches.always = "544"
    for ask in (rest.fingerprints, rest.count):
        with pytest.raises(TransientError) as caught:
            ask(DEAL)
        assert caught.value.code == "supabase.too_slow"


@pytest.mark.parametrize(
    "damage",
    [
        "delete from synkro_deal where deal_id = 2",
        "update synkro_deal set name = 'чужое' where deal_id = 1",
        "update synkro_deal set price = null where deal_id = 5",
        "truncate synkro_deal",
    ],
)
def test_lost_and_changed_rows_are_found_and_sent_again(
    writer: WarehouseWriter, lake: Lake, project: str, damage: str
) -> None:
    writer.upsert(DEAL, deals(*TRICKY))
    before = stored(project)
    change(project, damage)
    assert compare(lake, "acme", DEAL, writer, repair=False).verdict == "differs"
    found = compare(lake, "acme", DEAL, writer, repair=True)
    assert found.verdict == "repaired"
    assert 0 < found.rows_resent <= len(TRICKY)
    assert stored(project) == before


def test_after_a_load_only_its_days_are_compared(direct: DirectWriter, lake: Lake, project: str) -> None:
    later = DAY + timedelta(days=1)
    next_day = TenantWindow("acme", ZONE, later, later)
    lake.write_days(TURN, "acme", [later], dated(turns(3.0, end=next_day.end), later))
    direct.upsert(TURN, turns(3.0, end=next_day.end))
    assert compare(lake, "acme", TURN, direct, repair=False, span=loaded_span(next_day, 14)).verdict == "equal"
    assert compare(lake, "acme", TURN, direct, repair=False).verdict == "differs"
    direct.upsert(TURN, turns(0.1, 7.5, 1234.5678, 15.0, None))
    # the first turn is in force on the later day, so the earlier one must not ask for it
    assert compare(lake, "acme", TURN, direct, repair=False, span=loaded_span(WINDOW, 14)).verdict == "equal"


def test_rows_that_only_the_client_still_has_are_no_difference(direct: DirectWriter, lake: Lake) -> None:
    direct.upsert(DEAL, deals(*TRICKY, (9, 50, "старая")))
    found = compare(lake, "acme", DEAL, direct, repair=False)
    assert (found.verdict, found.rows_beyond) == ("equal", 1)


def test_more_rows_than_a_page_holds_are_all_compared_by_rest(rest: RestWriter, project: str) -> None:
    many = deals(*((number, 1, None) for number in range(1, 2_502)))
    rest.upsert(DEAL, many)
    assert rest.fingerprints(DEAL) == fingerprints(DEAL, many)
    change(project, "delete from synkro_deal where deal_id = 2500")
    assert rest.fingerprints(DEAL) != fingerprints(DEAL, many)


def test_an_older_version_of_our_tables_is_brought_up_to_date_with_its_rows(project: str, direct: DirectWriter) -> None:
    direct.upsert(DEAL, deals(*TRICKY))
    change(project, "drop view synkro_v_unanswered_now, synkro_v_response_times, synkro_v_deals_with_dialogs")
    change(project, "alter table synkro_turn drop column superseded_at")
    change(project, "drop table synkro_chat_event; delete from synkro_schema_version where version > 2")
    apply_ddl(project, zone=ZONE)
    assert len(stored(project)) == len(TRICKY)
    for table in WAREHOUSE_TABLES:
        assert direct.fingerprints(table) is not None


def test_the_views_answer_in_the_clients_own_days_and_leave_out_what_is_superseded(
    project: str, direct: DirectWriter
) -> None:
    apply_ddl(project, zone=ZONE)
    rows = turns(5.0, 15.0)
    gone = turns(1.0, 1.0, 99.0).slice(2)
    place = gone.schema.get_field_index("superseded_at")
    marked = gone.set_column(place, gone.schema.field(place), pa.array([BASE], gone.schema.field(place).type))
    direct.upsert(TURN, pa.concat_tables([rows, marked]))
    lost = deals((1, 1, "Окна"))
    place = lost.schema.get_field_index("status_id")
    lost = lost.set_column(place, lost.schema.field(place), pa.array([143], pa.int64()))
    direct.upsert(DEAL, lost)
    (times,) = stored(project, "synkro_v_response_times")
    assert times[:2] == (DAY, 7)
    assert times[3:] == (2, 10.0, 2)
    (reason,) = stored(project, "synkro_v_lost_deals")
    assert reason[-1] == "не указана"
    assert stored(project, "synkro_v_deals_with_dialogs")[0][0] == 1
    assert stored(project, "synkro_v_unanswered_now") == []


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_shows_nothing_to_whom_our_tables_are_closed(project: str, direct: DirectWriter, view: str) -> None:
    direct.upsert(DEAL, deals((1, 1, "x")))
    connection = psycopg2.connect(plain_dsn(project))
    try:
        with connection.cursor() as cursor:
            cursor.execute("set role authenticated")
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(f"select * from {view}")
    finally:
        connection.close()


def test_a_view_runs_with_the_rights_of_whoever_asks(project: str) -> None:
    connection = psycopg2.connect(plain_dsn(project))
    with connection, connection.cursor() as cursor:
        cursor.execute("select relname, reloptions from pg_class where relname like 'synkro_v_%' order by 1")
        found = dict(cursor.fetchall())
    connection.close()
    assert found == {name: ["security_invoker=true"] for name in VIEWS}
