"""A slow database and a schema that changes under a load: a clear error, nothing half done, the next load completes."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from synkro_resources.model.errors import IntegrationError, TransientError
from synkro_resources.model.tables.crm import DEAL
from synkro_resources.sandbox.supabase.switches import SupabaseSwitches
from synkro_resources.supabase import DirectWriter, RestWriter, WarehouseWriter
from synkro_resources.supabase.ddl import apply_ddl
from synkro_resources.supabase.direct import FLOOR_ROWS
from synkro_resources.supabase.fingerprints import fingerprints
from tests.resources.supabase.projects import as_owner, as_writer, deals, stored

ROWS = deals(*((number, 1, f"сделка {number}") for number in range(1, 4_001)))
SLOW_ABOVE = """create function slow() returns trigger language plpgsql as $$ begin
  if (select count(*) from fresh) > {rows} then perform pg_sleep(20); end if; return null; end $$;
create trigger slow after insert on synkro_deal referencing new table as fresh
  for each statement execute function slow()"""


@pytest.fixture
def hasty(project: str) -> Iterator[DirectWriter]:
    """The direct path with a statement time-out of a second."""
    writer = DirectWriter(SecretStr(as_writer(project)), tenant="acme", statement_timeout_s=1.0)
    yield writer
    writer.close()


def test_a_statement_that_takes_too_long_is_done_in_parts(project: str, hasty: DirectWriter) -> None:
    as_owner(project, SLOW_ABOVE.format(rows=FLOOR_ROWS))
    assert hasty.upsert(DEAL, ROWS).rows == ROWS.num_rows
    assert hasty.fingerprints(DEAL) == fingerprints(DEAL, ROWS)


def test_a_database_that_is_slow_for_small_parts_too_is_named_and_keeps_what_it_had(
    project: str, hasty: DirectWriter
) -> None:
    hasty.upsert(DEAL, deals((1, 0, "была")))
    as_owner(project, SLOW_ABOVE.format(rows=1))
    with pytest.raises(TransientError) as caught:
        hasty.upsert(DEAL, ROWS)
    assert caught.value.code == "supabase.too_slow"
    assert "statement_timeout" in caught.value.remedy.ru
    assert [row[1] for row in stored(project)] == ["была"]
    as_owner(project, "drop trigger slow on synkro_deal")
    hasty.upsert(DEAL, ROWS)
    assert hasty.fingerprints(DEAL) == fingerprints(DEAL, ROWS)


def test_a_question_that_takes_too_long_is_named(project: str, hasty: DirectWriter) -> None:
    hasty.upsert(DEAL, ROWS)
    slower = DirectWriter(SecretStr(as_writer(project)), tenant="acme", statement_timeout_s=0.001)
    with pytest.raises(TransientError) as caught:
        slower.fingerprints(DEAL)
    slower.close()
    assert caught.value.code == "supabase.too_slow"


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ("alter table synkro_deal drop column loss_reason_id cascade", {"supabase.42703", "supabase.PGRST204"}),
        ("drop table synkro_deal cascade", {"supabase.42P01", "supabase.PGRST205", "supabase.404"}),
        (
            "alter table synkro_deal drop constraint synkro_deal_pkey cascade",
            {"supabase.42P10"},
        ),
    ],
)
def test_a_schema_that_changes_between_two_loads_is_named_and_the_script_repairs_it(
    writer: WarehouseWriter, project: str, change: str, codes: set[str]
) -> None:
    writer.upsert(DEAL, ROWS)
    as_owner(project, change, "notify pgrst, 'reload schema'")
    with pytest.raises(IntegrationError) as caught:
        writer.upsert(DEAL, ROWS)
    assert caught.value.code in codes
    assert "SQL" in caught.value.remedy.ru
    as_owner(project, "drop table if exists synkro_deal cascade")
    apply_ddl(project, writer_password="writer")
    upsert_once_the_cache_knows(writer)
    assert writer.fingerprints(DEAL) == fingerprints(DEAL, ROWS)


def upsert_once_the_cache_knows(writer: WarehouseWriter) -> None:
    """PostgREST takes its time to see the table that the script has made anew."""
    for _ in range(20):
        try:
            writer.upsert(DEAL, ROWS)
        except IntegrationError:
            time.sleep(0.2)
        else:
            return
    writer.upsert(DEAL, ROWS)


@pytest.mark.parametrize("newer", [False, True])
def test_a_newer_server_names_a_missing_table_and_column_in_its_own_way(
    rest: RestWriter, switches: SupabaseSwitches, *, newer: bool
) -> None:
    switches.newer_codes = newer
    for field, value in (("missing_tables", ["synkro_deal"]), ("missing_columns", {"synkro_deal": ["price"]})):
        before = getattr(switches, field)
        setattr(switches, field, value)
        for ask in (lambda: rest.upsert(DEAL, ROWS), lambda: rest.fingerprints(DEAL)):
            with pytest.raises(IntegrationError) as caught:
                ask()
            assert "SQL" in caught.value.remedy.ru
        setattr(switches, field, before)
    rest.upsert(DEAL, ROWS)
    assert rest.count(DEAL) == ROWS.num_rows


def test_a_load_does_not_depend_on_the_version_row(writer: WarehouseWriter, project: str) -> None:
    """Somebody who runs an older script again changes the version row during a load; the tables are what counts."""
    as_owner(project, "update synkro_schema_version set version = 2")
    writer.upsert(DEAL, ROWS)
    assert writer.count(DEAL) == ROWS.num_rows
