"""What a client takes home is complete, opens in Excel without running anything, and is written whole or not at all."""

from __future__ import annotations

import csv
import io
import stat
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synkro_resources.control.database import Database
from synkro_resources.control.locks import tenant_lock
from synkro_resources.control.tenants import Tenant
from synkro_resources.erasure.export import FORMULA_STARTS, TABLES_TO_EXPORT, export_tenant, safe_cell
from synkro_resources.lake import Lake
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import SynkroError
from synkro_resources.model.tables import DAY_COLUMN, Table
from synkro_resources.model.tables.crm import CHAT_EVENT, CONTACT
from synkro_resources.model.tables.dialogs import EPISODE

FIRST, SECOND = date(2026, 11, 18), date(2026, 11, 19)
AT = datetime(2026, 11, 18, 6, tzinfo=UTC)
FORMULA = '=HYPERLINK("http://evil.example","x")'


def write(lake: Lake, tenant: str, table: Table, day: date, *rows: dict[str, object]) -> None:
    """Rows with what the case names; other required columns get something of their type."""
    filled = [{**{item.name: _something(item.type) for item in table.columns if item.required}, **row} for row in rows]
    typed = table.from_rows(filled)
    days = pa.array([day] * typed.num_rows, pa.date32())
    lake.write_days(table, tenant, [day], typed.append_column(DAY_COLUMN, days))


def _something(kind: pa.DataType) -> object:
    if pa.types.is_string(kind):
        return "x"
    if pa.types.is_boolean(kind):
        return False
    return AT if pa.types.is_timestamp(kind) else 1


def fill(lake: Lake, tenant: str) -> None:
    later = AT + timedelta(days=1)
    write(lake, tenant, CONTACT, FIRST, {"contact_id": 1, "name": "старое имя", "source_updated_at": AT})
    write(lake, tenant, CONTACT, SECOND, {"contact_id": 1, "name": FORMULA, "source_updated_at": later})
    for day, event in ((FIRST, "e1"), (SECOND, "e2")):
        write(lake, tenant, CHAT_EVENT, day, {"event_id": event})
    write(lake, tenant, EPISODE, FIRST, {"episode_key": "a", "channel": "old"}, {"episode_key": "b", "channel": "old"})
    write(lake, tenant, EPISODE, SECOND, {"episode_key": "a", "channel": "new"})


def lines(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    content = archive.read(f"csv/{name}.csv")
    assert content.startswith(b"\xef\xbb\xbf")  # or Excel takes Cyrillic for something else
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def test_the_archive_holds_what_is_in_force_as_parquet_and_csv(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant, tenant_b: Tenant, tmp_path: Path
) -> None:
    lake, out = Lake(str(tmp_path / "lake")), tmp_path / "out" / "company.zip"
    fill(lake, tenant_a.slug)
    write(lake, tenant_b.slug, CHAT_EVENT, FIRST, {"event_id": "of the neighbour"})
    counts = export_tenant(control_db, lake, tenant_a.slug, out, actor="test", clock=control_clock)

    assert {name: rows for name, rows in counts.items() if rows} == {
        CONTACT.name: 1,
        CHAT_EVENT.name: 2,
        EPISODE.name: 2,
    }
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        assert [row["event_id"] for row in lines(archive, "chat_event")] == ["e1", "e2"]
        assert {row["episode_key"]: row["channel"] for row in lines(archive, "episode")} == {"a": "new", "b": "old"}
        [contact] = lines(archive, "contact")
        assert contact["name"] == f"'{FORMULA}"
        assert contact["source_updated_at"] == "2026-11-19T06:00:00+00:00"
        for table in TABLES_TO_EXPORT:
            name = table.name.split("/")[-1]
            stored = pq.read_table(io.BytesIO(archive.read(f"parquet/{name}.parquet")))
            assert stored.schema.names == table.schema.names
            assert stored.num_rows == counts[table.name] == len(lines(archive, name))
        in_parquet = pq.read_table(io.BytesIO(archive.read("parquet/contact.parquet")))
        assert in_parquet.column("name").to_pylist() == [FORMULA]  # programs get the text as it is
        page = archive.read("README.md").decode()
        assert "## episode: 2" in page
        assert all(f"`{item.name}`" in page for table in TABLES_TO_EXPORT for item in table.columns)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert [path.name for path in out.parent.iterdir()] == ["company.zip"]


@given(st.text(min_size=1))
def test_no_text_of_a_stranger_begins_a_cell_like_a_formula(text: str) -> None:
    cell = str(safe_cell(text))
    assert not cell.startswith(FORMULA_STARTS)
    assert cell.endswith(text)


def test_an_export_that_fails_leaves_no_half_an_archive(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant, tmp_path: Path
) -> None:
    lake, out = Lake(str(tmp_path / "lake")), tmp_path / "out" / "company.zip"
    fill(lake, tenant_a.slug)
    Path(lake.path(EPISODE, tenant_a.slug, FIRST).path).write_bytes(b"no parquet")
    with pytest.raises(pa.ArrowInvalid):
        export_tenant(control_db, lake, tenant_a.slug, out, actor="test", clock=control_clock)
    assert list(out.parent.iterdir()) == []


def test_an_export_neither_overwrites_a_file_nor_reads_while_a_run_writes(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant, tmp_path: Path
) -> None:
    lake, out = Lake(str(tmp_path / "lake")), tmp_path / "company.zip"
    with tenant_lock(control_db, tenant_a.slug, 0), pytest.raises(SynkroError) as busy:
        export_tenant(control_db, lake, tenant_a.slug, out, actor="test", clock=control_clock)
    assert busy.value.code == "run.tenant_busy"
    out.write_bytes(b"precious")
    with pytest.raises(SynkroError) as refused:
        export_tenant(control_db, lake, tenant_a.slug, out, actor="test", clock=control_clock)
    assert (refused.value.code, out.read_bytes()) == ("export.exists", b"precious")
