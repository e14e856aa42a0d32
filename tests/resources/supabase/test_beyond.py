"""Rows that the client has newer than we are told of, never fought over: a comparison must come to an end."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synkro_resources.lake import Lake
from synkro_resources.model.tables.crm import DEAL
from synkro_resources.model.tables.dialogs import TURN
from synkro_resources.supabase import DirectWriter, WarehouseWriter
from synkro_resources.supabase.fingerprints import marks
from synkro_resources.supabase.verify import compare, loaded_span
from tests.resources.supabase.projects import as_owner, deals, stored
from tests.resources.supabase.test_verify import DAY, WINDOW, dated, turns

NEXT_END = WINDOW.end + timedelta(days=1)
State = dict[int, tuple[int, str]]


@pytest.mark.parametrize("whole", [True, False])
def test_a_key_that_vanished_from_the_newer_day_is_told_and_not_fought_over(
    writer: WarehouseWriter, tmp_path: Path, *, whole: bool
) -> None:
    """The newer day had the turn, was derived again without it; the older day's file still has it."""
    lake = Lake(str(tmp_path))
    lake.write_days(TURN, "acme", [DAY], dated(turns(1.0, 2.0, 3.0)))
    lake.write_days(TURN, "acme", [DAY + timedelta(days=1)], dated(turns(1.0, end=NEXT_END), DAY + timedelta(days=1)))
    writer.upsert(TURN, turns(1.0, 2.0, 3.0))
    writer.upsert(TURN, turns(1.0, 2.0, end=NEXT_END))
    found = compare(lake, "acme", TURN, writer, repair=True, span=None if whole else loaded_span(WINDOW, 14))
    assert (found.verdict, found.rows_resent, found.rows_beyond) == ("equal", 0, 1)


def test_a_row_of_a_version_that_we_hold_without_it_is_told_as_beyond(writer: WarehouseWriter, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    lake.write_days(TURN, "acme", [DAY], dated(turns(1.0)))
    writer.upsert(TURN, turns(1.0, 2.0))
    found = compare(lake, "acme", TURN, writer, repair=True)
    assert (found.verdict, found.rows_resent, found.rows_beyond) == ("equal", 0, 1)


def test_only_the_rows_that_differ_are_sent_again(writer: WarehouseWriter, project: str, tmp_path: Path) -> None:
    rows = deals(*((number, 1, f"сделка {number}") for number in range(1, 501)))
    lake = Lake(str(tmp_path))
    lake.write_days(DEAL, "acme", [DAY], dated(rows))
    writer.upsert(DEAL, rows)
    as_owner(
        project, "update synkro_deal set name = 'чужое' where deal_id = 7", "delete from synkro_deal where deal_id = 9"
    )
    found = compare(lake, "acme", DEAL, writer, repair=True)
    assert (found.verdict, found.rows_resent, found.rows_client, found.rows_beyond) == ("repaired", 2, 500, 0)


def rows_of(state: State) -> pa.Table:
    return deals(*((key, version, name) for key, (version, name) in state.items()))


states = st.dictionaries(st.integers(1, 6), st.tuples(st.integers(0, 3), st.sampled_from(["a", "b"])), max_size=6)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ours=states, theirs=states, bounded=st.booleans())
def test_whatever_the_client_holds_a_repair_ends_with_ours_or_newer(
    project: str,
    direct: DirectWriter,
    tmp_path_factory: pytest.TempPathFactory,
    ours: State,
    theirs: State,
    bounded: bool,
) -> None:
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    lake.write_days(DEAL, "acme", [DAY], dated(rows_of(ours)))
    as_owner(project, "truncate synkro_deal")
    direct.upsert(DEAL, rows_of(theirs))
    span = loaded_span(WINDOW, 0) if bounded else None  # the days hold every version here
    seen = compare(lake, "acme", DEAL, direct, repair=False, span=span)
    found = compare(lake, "acme", DEAL, direct, repair=True, span=span)
    lacking = {
        key
        for key, row in ours.items()
        if key not in theirs or theirs[key][0] < row[0] or (theirs[key][0] == row[0] and theirs[key] != row)
    }
    assert seen.verdict == ("differs" if lacking else "equal")
    assert (found.verdict, found.rows_resent) == (("repaired", len(lacking)) if lacking else ("equal", 0))
    wanted = theirs | {key: row for key, row in ours.items() if key in lacking}
    assert {row[0]: row[1] for row in stored(project)} == {key: row[1] for key, row in wanted.items()}
    beyond = sum(key not in ours or theirs[key][0] > ours[key][0] for key in theirs)
    assert found.rows_beyond == seen.rows_beyond == beyond
    assert found.rows_client == len(wanted)
    assert direct.marks(DEAL, rows_of(wanted)) == marks(DEAL, rows_of(wanted))
