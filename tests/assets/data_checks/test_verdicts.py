"""A check that does not see its fault lets a wrong report out; one that sees ghosts is soon ignored."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from synkro_assets.data_checks import verdicts
from synkro_assets.data_checks.references import REFERENCES
from synkro_resources.model.tables import TABLES
from synkro_resources.model.tables.crm import CONTACT_PHONE, DEAL, LOSS_REASON

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
    found = verdicts.resolved(CONTACT_PHONE, rows, "contact_id", DEAL, pa.array([1, 2], pa.int64()))
    assert (found.passed, found.blocking) == (False, False)
    assert found.details == {"rows": 4, "missing": 1, "share": 0.75}
    empty = rows.slice(4)
    assert verdicts.resolved(CONTACT_PHONE, empty, "contact_id", DEAL, pa.array([], pa.int64())).passed


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
    for name, columns in REFERENCES.items():
        for column, (target, key) in columns.items():
            assert column in TABLES[name].schema.names
            assert key in target.schema.names
