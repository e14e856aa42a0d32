"""A check that does not see its fault lets a wrong report out; one that sees ghosts is soon ignored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synkro_assets.data_checks import verdicts
from synkro_assets.data_checks.references import REFERENCES
from synkro_assets.data_checks.run import check_names
from synkro_resources.control.check_remedies import remedy_of
from synkro_resources.control.freshness import CHECK
from synkro_resources.model.tables import TABLES
from synkro_resources.model.tables.crm import CONTACT_PHONE, DEAL, LOSS_REASON, PIPELINE_STATUS
from synkro_resources.model.tables.raw import AMOCRM_LEADS

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def reasons(*numbers: int) -> pa.Table:
    return LOSS_REASON.from_rows([{"loss_reason_id": number, "source_updated_at": NOON} for number in numbers])


def test_a_file_with_the_declared_columns_passes_and_every_other_one_blocks() -> None:
    right = LOSS_REASON.schema
    assert verdicts.schema(LOSS_REASON, right).passed
    other = right.set(0, pa.field("loss_reason_id", pa.string()))
    for wrong in (right.remove(1), other, right.append(pa.field("new", pa.int64()))):
        found = verdicts.schema(LOSS_REASON, wrong)
        assert (found.passed, found.blocking) == (False, True)
        assert len(found.details["columns"]) == 1  # type: ignore[arg-type]


def test_a_repeated_key_blocks_and_is_counted() -> None:
    assert verdicts.keys_unique(LOSS_REASON, reasons(1, 2, 3)).passed
    found = verdicts.keys_unique(LOSS_REASON, reasons(1, 2, 2, 2))
    assert (found.passed, found.blocking, found.details["repeated"]) == (False, True, 2)


def test_the_share_of_what_points_nowhere_is_told_and_blocks_nothing() -> None:
    rows = pa.table({"contact_id": pa.array([1, 2, 2, 9, None], pa.int64())})
    known = pa.table({"deal_id": pa.array([1, 2], pa.int64())})
    found = verdicts.resolved("resolved_contact_id", CONTACT_PHONE, DEAL, rows, known)
    assert (found.passed, found.blocking) == (False, False)
    assert found.details == {"rows": 4, "missing": 1, "share": 0.75}
    assert verdicts.resolved("resolved_contact_id", CONTACT_PHONE, DEAL, rows.slice(4), known.slice(2)).passed
    early = verdicts.resolved("resolved_contact_id", CONTACT_PHONE, DEAL, rows, known, until_now=False)
    assert (early.passed, early.details) == (True, found.details), "cards of later days are not missing yet"


def test_a_status_is_found_in_its_own_pipeline_only() -> None:
    known = pa.table({"pipeline_id": [1, 1, 2], "status_id": [10, 142, 142]})
    deals = pa.table({"pipeline_id": [1, 2, 2, 2], "status_id": [142, 142, 10, 10]})
    found = verdicts.resolved("resolved_status_id", DEAL, PIPELINE_STATUS, deals, known)
    assert (found.details["rows"], found.details["missing"]) == (4, 2)


@given(
    st.lists(st.one_of(st.none(), st.tuples(st.integers(0, 3), st.integers(0, 3)))),
    st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3))),
)
def test_what_is_missing_is_what_a_plain_look_up_does_not_find(
    pairs: list[tuple[int, int] | None], keys: set[tuple[int, int]]
) -> None:
    def table(rows: Sequence[tuple[int, int] | None]) -> pa.Table:
        columns = ([row and row[place] for row in rows] for place in (0, 1))
        return pa.table(dict(zip("ab", (pa.array(column, pa.int64()) for column in columns), strict=True)))

    found = verdicts.resolved("resolved_b", DEAL, PIPELINE_STATUS, table(pairs), table(sorted(keys)))
    assert found.details["missing"] == sum(pair is not None and pair not in keys for pair in pairs)


def test_a_key_that_is_in_force_twice_blocks() -> None:
    assert verdicts.current_keys_unique(
        PIPELINE_STATUS, pa.table({"pipeline_id": [1, 2], "status_id": [142, 142]})
    ).passed
    twice = pa.table({"pipeline_id": [1, 1], "status_id": [142, 142]})
    found = verdicts.current_keys_unique(PIPELINE_STATUS, twice)
    assert (found.passed, found.blocking, found.details["repeated"]) == (False, True, 1)


@pytest.mark.parametrize(
    ("accounts", "own", "passed"),
    [([7, 7, None], {7}, True), ([7, 8], {7}, False), ([7, 8], {7, 8}, False), ([7], set(), True), ([], {7}, True)],
)
def test_rows_of_another_account_block(accounts: list[int | None], own: set[int], passed: bool) -> None:
    raw = pa.chunked_array(
        [pa.array([f'{{"id": 1, "account_id": {number or "null"}, "price": 7}}' for number in accounts], pa.string())]
    )
    found = verdicts.own_account(AMOCRM_LEADS, raw, own)
    assert (found.passed, found.blocking) == (passed, True)


def test_active_chats_whose_messages_are_missing_are_told_above_two_per_cent() -> None:
    chats = pa.chunked_array([pa.array(range(100), pa.int64())])
    assert verdicts.active_chats_read(chats, chats.slice(2)).passed
    found = verdicts.active_chats_read(chats, chats.slice(3))
    assert (found.passed, found.blocking, found.details) == (False, False, {"chats": 100, "unread": 3})
    assert verdicts.active_chats_read(chats.slice(100), chats.slice(100)).passed


@pytest.mark.parametrize(
    ("seen", "stored", "repeated", "put_aside", "passed"),
    [(100, 90, 5, 5, True), (100, 98, 0, 0, True), (100, 97, 0, 0, False), (0, 0, 0, 0, True), (10, 12, 0, 0, True)],
)
def test_rows_that_the_source_showed_and_nobody_stored_are_told_above_two_per_cent(
    seen: int, stored: int, repeated: int, put_aside: int, passed: bool
) -> None:
    found = verdicts.source_counts(LOSS_REASON, seen, stored, repeated, put_aside)
    assert (found.passed, found.blocking) == (passed, False)


@pytest.mark.parametrize(
    ("counts", "place", "passed"),
    [([5, 7, 0, 9, 4], 2, False), ([5, 0, 0, 9, 4], 2, True), ([0, 7], 0, True), ([5, 7, 1, 9], 2, True)],
)
def test_a_silent_day_among_busy_ones_is_told(counts: list[int], place: int, passed: bool) -> None:
    assert verdicts.continuity(counts, place).passed is passed


@pytest.mark.parametrize(
    ("linked", "episodes", "before", "passed"),
    [
        (40, 100, {"linked": 80, "episodes": 100}, False),
        (70, 100, {"linked": 80, "episodes": 100}, True),
        (0, 5, {"linked": 80, "episodes": 100}, True),
        (0, 100, {"linked": 5, "episodes": 5}, True),
        (0, 0, {"linked": 0, "episodes": 0}, True),
    ],
)
def test_a_linked_share_that_falls_is_told_where_there_are_enough_rows(
    linked: int, episodes: int, before: dict[str, int], passed: bool
) -> None:
    assert verdicts.linked_share(linked, episodes, before).passed is passed


def test_every_reference_names_columns_that_exist() -> None:
    for name, references in REFERENCES.items():
        for reference in references:
            assert set(reference.columns) <= set(TABLES[name].schema.names)
            assert set(reference.keys) <= set(reference.target.schema.names)


def test_every_check_says_in_both_languages_what_to_do() -> None:
    names = {CHECK, *(name for table in TABLES.values() for name in check_names(table))}
    assert all(remedy_of(name).ru and remedy_of(name).en for name in names)
