"""Whatever the project's API does while we write: every row is there once it recovers, or the error says what to do."""

from __future__ import annotations

import time

import pytest
from pydantic import SecretStr

from synkro_resources.model.errors import IntegrationError, TransientError
from synkro_resources.model.tables.crm import DEAL
from synkro_resources.sandbox.supabase.switches import Fault, SupabaseSwitches
from synkro_resources.supabase import RestWriter
from synkro_resources.supabase.fingerprints import fingerprints
from synkro_resources.supabase.rest import FLOOR_ROWS, LONGEST_WAIT_S, TRIES
from tests.resources.supabase.projects import KEY, as_owner, deals, stored

ROWS = deals(*((number, 1, f"сделка {number}") for number in range(1, 1_501)))


def assert_all_stored(rest: RestWriter) -> None:
    assert rest.fingerprints(DEAL) == fingerprints(DEAL, ROWS)


@pytest.mark.parametrize("fault", ["429", "500", "502", "503", "520", "522", "524", "reset", "lost_response"])
def test_a_passing_fault_costs_nothing(rest: RestWriter, switches: SupabaseSwitches, fault: Fault) -> None:
    """`lost_response` and a reset leave open whether the batch was stored: it is sent again and changes nothing."""
    switches.faults_on = {"POST": [fault, fault]}
    assert rest.upsert(DEAL, ROWS).rows == ROWS.num_rows
    assert_all_stored(rest)


@pytest.mark.parametrize("fault", ["504", "544", "413"])
def test_a_batch_that_is_too_much_is_halved(rest: RestWriter, switches: SupabaseSwitches, fault: Fault) -> None:
    switches.faults_on = {"POST": [fault, fault]}
    assert rest.upsert(DEAL, ROWS).refused == ()
    assert_all_stored(rest)


def test_a_limit_of_the_body_is_found_and_kept(rest: RestWriter, switches: SupabaseSwitches) -> None:
    switches.max_body_bytes = 20_000
    assert rest.upsert(DEAL, ROWS).refused == ()
    switches.max_body_bytes = 0
    assert_all_stored(rest)


def test_a_statement_timeout_halves_the_batch(rest: RestWriter, switches: SupabaseSwitches) -> None:
    switches.timeout_above_rows = 120
    assert rest.upsert(DEAL, ROWS).rows == ROWS.num_rows
    assert_all_stored(rest)


def test_a_wait_that_the_project_asks_for_is_kept(
    rest: RestWriter, switches: SupabaseSwitches, waits: list[float]
) -> None:
    switches.faults_on = {"POST": ["429"]}
    rest.upsert(DEAL, ROWS)
    assert waits == [7.0]


@pytest.mark.parametrize("fault", ["429", "500", "503", "reset"])
def test_a_fault_that_stays_ends_in_a_clear_error_and_the_next_load_completes(
    rest: RestWriter, switches: SupabaseSwitches, waits: list[float], fault: Fault
) -> None:
    switches.always = fault
    with pytest.raises(TransientError) as caught:
        rest.upsert(DEAL, ROWS)
    assert caught.value.code == "supabase.unreachable"
    assert "сохранены у нас" in caught.value.remedy.ru
    assert len(waits) == TRIES - 1
    assert max(waits) <= LONGEST_WAIT_S
    switches.always = None
    rest.upsert(DEAL, ROWS)
    assert_all_stored(rest)


@pytest.mark.parametrize("fault", ["504", "544"])
def test_a_project_that_is_slow_for_even_small_batches_is_named_as_slow(
    rest: RestWriter, switches: SupabaseSwitches, fault: Fault
) -> None:
    switches.always = fault
    with pytest.raises(TransientError) as caught:
        rest.upsert(DEAL, ROWS)
    assert caught.value.code == "supabase.too_slow"
    assert "statement_timeout" in caught.value.remedy.ru


SLOW_ABOVE = """create function slow() returns trigger language plpgsql as $$ begin
  if (select count(*) from fresh) > {rows} then perform pg_sleep(3); end if; return null; end $$;
create trigger slow after insert on synkro_deal referencing new table as fresh
  for each statement execute function slow()"""


def test_a_time_out_halves_the_batch_until_the_project_keeps_up(project: str, rest: RestWriter, rest_url: str) -> None:
    as_owner(project, SLOW_ABOVE.format(rows=300))
    hasty = RestWriter(rest_url, SecretStr(KEY), tenant="acme", read_timeout_s=1.5)
    try:
        assert hasty.upsert(DEAL, ROWS).rows == ROWS.num_rows
    finally:
        hasty.close()
    assert_all_stored(rest)


def test_a_silent_project_ends_in_a_clear_error_and_not_in_endless_waiting(
    rest_url: str, switches: SupabaseSwitches, project: str
) -> None:
    switches.always, switches.silent_s = "silent", 5.0
    hasty = RestWriter(rest_url, SecretStr(KEY), tenant="acme", read_timeout_s=0.3, sleep=lambda _: None)
    began = time.monotonic()
    with pytest.raises(TransientError) as caught:
        hasty.upsert(DEAL, ROWS)
    hasty.close()
    assert caught.value.code == "supabase.too_slow"
    assert time.monotonic() - began < 5.0
    assert stored(project) == []


def test_a_key_that_is_revoked_between_two_batches_is_named(rest: RestWriter, switches: SupabaseSwitches) -> None:
    switches.revoked_after = 1
    with pytest.raises(IntegrationError) as caught:
        rest.upsert(DEAL, ROWS)
    assert caught.value.code == "supabase.401"
    switches.revoked = False
    rest.upsert(DEAL, ROWS)
    assert_all_stored(rest)
    assert ROWS.num_rows > FLOOR_ROWS
