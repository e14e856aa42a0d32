"""A load larger than memory ends in the same files as a small one."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synkro_resources.lake import Lake, RowSpool, merging
from synkro_resources.model.tables.raw import AMOCRM_LEADS, RADIST_MESSAGES

START = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = [date(2026, 11, 1) + timedelta(days=number) for number in range(3)]

Row = tuple[int, int, date | None]
ROWS = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 5), st.sampled_from([*DAYS, None])), max_size=40)


def lead(identity: int, minutes: int, place: int) -> dict[str, object]:
    at = START + timedelta(minutes=minutes)
    return {"id": identity, "source_updated_at": at, "is_deleted": False, "raw": f'{{"id":{identity},"n":{place}}}'}


def spooled(rows: list[Row], memory_bytes: int) -> RowSpool:
    spool = RowSpool(AMOCRM_LEADS, memory_bytes=memory_bytes)
    for place, (identity, minutes, day) in enumerate(rows):
        spool.add(day, START + timedelta(minutes=minutes), lead(identity, minutes, place))
    return spool


def files(lake: Lake, tenant: str = "acme") -> dict[str, bytes]:
    folder = Path(str(lake.folder(AMOCRM_LEADS, tenant)))
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.parquet"))}


@given(ROWS, ROWS)
@settings(deadline=None, max_examples=40)
def test_rows_that_went_over_the_disk_in_many_parts_give_the_same_bytes(first: list[Row], second: list[Row]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        plain, parted = Lake(f"{folder}/plain"), Lake(f"{folder}/parted")
        for rows in (first, second):
            plain.write_days(AMOCRM_LEADS, "acme", DAYS, spooled(rows, 1 << 30))
        patch.setattr(merging, "PART_BYTES", 700)
        patch.setattr(merging, "ROW_GROUP_ROWS", merging.ROW_GROUP_ROWS)
        for rows in (first, second):
            parted.write_days(AMOCRM_LEADS, "acme", DAYS, spooled(rows, 1))
        assert files(parted) == files(plain)


@given(ROWS)
@settings(deadline=None, max_examples=40)
def test_of_several_versions_the_newest_is_kept_and_of_equal_ones_the_last_read(rows: list[Row]) -> None:
    expected: dict[tuple[int, date | None], tuple[int, int]] = {}
    for place, (identity, minutes, day) in enumerate(rows):
        known = expected.get((identity, day))
        if known is None or minutes >= known[0]:
            expected[identity, day] = (minutes, place)
    found = spooled(rows, 1).whole().to_pylist()
    assert {(row["id"], row["_day"]): row["raw"] for row in found} == {
        (identity, day): f'{{"id":{identity},"n":{place}}}' for (identity, day), (_, place) in expected.items()
    }
    assert len(found) == len(expected)


def test_a_table_and_a_spool_of_the_same_rows_give_the_same_files(tmp_path: Path) -> None:
    rows: list[Row] = [(3, 1, DAYS[0]), (1, 2, DAYS[2]), (7, 0, None)]
    by_spool, by_table = Lake(str(tmp_path / "spool")), Lake(str(tmp_path / "table"))
    by_spool.write_days(AMOCRM_LEADS, "acme", DAYS, spooled(rows, 1))
    by_table.write_days(AMOCRM_LEADS, "acme", DAYS, spooled(rows, 1).whole())
    assert files(by_spool) == files(by_table)


def test_a_file_that_lacks_a_newer_column_is_read_on_and_not_lost(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    lake.write_days(AMOCRM_LEADS, "acme", DAYS[:1], spooled([(1, 1, DAYS[0])], 1))
    path = str(lake.path(AMOCRM_LEADS, "acme", DAYS[0]))
    pq.write_table(pq.read_table(path).drop_columns(["raw"]), path)
    stored = merging.StoredFile(
        lake.path(AMOCRM_LEADS, "acme", DAYS[0]), pa.schema([("id", pa.int64()), ("raw", pa.string())])
    )
    assert pa.concat_tables(stored.scan()).to_pylist() == [{"id": 1, "raw": None}]


def test_a_required_value_that_is_missing_stops_the_write_and_leaves_the_old_files(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    lake.write_days(AMOCRM_LEADS, "acme", DAYS, spooled([(1, 1, DAYS[0])], 1))
    before = files(lake)
    spool = RowSpool(AMOCRM_LEADS)
    spool.add(DAYS[0], START, {"id": 2, "source_updated_at": START, "is_deleted": False, "raw": None})
    with pytest.raises(pa.ArrowInvalid, match="empty values"):
        lake.write_days(AMOCRM_LEADS, "acme", DAYS, spool)
    assert files(lake) == before


@pytest.mark.slow
def test_a_load_of_300_mebibytes_stays_below_200_in_memory(tmp_path: Path) -> None:
    """Also where every row falls on one day and one baseline: a mass edit of all deals is nothing rare."""
    script = f"""
import resource
from datetime import UTC, date, datetime, timedelta
from synkro_resources.lake import Lake, RowSpool
from synkro_resources.model.tables.raw import AMOCRM_LEADS
start, day = datetime(2026, 11, 1, tzinfo=UTC), date(2026, 11, 1)
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
spool = RowSpool(AMOCRM_LEADS)
for number in range(200_000):
    at = start + timedelta(seconds=number)
    raw = f"{{number}}" + "x" * 1500
    spool.add(day if number % 2 else None, at, dict(id=number, source_updated_at=at, is_deleted=False, raw=raw))
Lake({str(tmp_path)!r}).write_days(AMOCRM_LEADS, "acme", [day], spool)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) // 1024)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 200
    assert pq.ParquetFile(str(Lake(str(tmp_path)).path(AMOCRM_LEADS, "acme", "current"))).metadata.num_rows == 200_000


def test_a_spool_of_texts_is_ordered_by_them(tmp_path: Path) -> None:
    spool = RowSpool(RADIST_MESSAGES, memory_bytes=1)
    for name in ("b", "a", "ю", "🎄"):
        row = {"message_id": name, "chat_id": 1, "created_at": START, "no_zone": False, "raw": "{}"}
        spool.add(DAYS[0], START, row)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merging, "PART_BYTES", 500)
        Lake(str(tmp_path)).write_days(RADIST_MESSAGES, "acme", DAYS[:1], spool)
    stored = Lake(str(tmp_path)).read_days(RADIST_MESSAGES, "acme", DAYS[:1])
    assert stored.column("message_id").to_pylist() == ["a", "b", "ю", "🎄"]
