"""A tenant's normalised tables and labels as one ZIP: Parquet for programs, CSV for Excel, a page that explains them.

CSV is UTF-8 with a byte order mark and semicolons, which a Russian Excel opens by a double click. A text that begins
like a formula gets an apostrophe in front, because the texts come from strangers; Parquet holds them as they are.
"""

from __future__ import annotations

import csv
import os
import sqlite3
import tempfile
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.locks import tenant_lock
from synkro_resources.control.tenants import get_tenant
from synkro_resources.lake import Lake
from synkro_resources.lake.files import CURRENT
from synkro_resources.lake.merging import StoredFile
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.tables import TABLES, Layout, Table

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
TABLES_TO_EXPORT = tuple(
    table for name, table in sorted(TABLES.items()) if name.startswith(("analysis/", "normalized/"))
)

Counts = dict[str, int]


def export_tenant(db: Database, lake: Lake, tenant: str, out: Path, *, actor: str, clock: Clock) -> Counts:
    """Write the ZIP whole or not at all, readable by its owner only; returns the rows by table.

    Memory holds one row group of one day, whatever the tenant's size; the disk holds one table beside the ZIP.

    Raises:
        UserInputError: `tenant.unknown`, `export.exists`. TransientError: `run.tenant_busy`: a load would mix days.
    """
    name = get_tenant(db, tenant).name
    if out.exists():
        raise UserInputError(
            "export.exists",
            Sentence(f"Файл {out} уже есть.", f"{out} exists already."),
            Sentence("Укажите другое имя.", "Give another name."),
            tenant=tenant,
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.{uuid.uuid4().hex}")
    counts: Counts = {}
    try:
        with (
            tenant_lock(db, tenant, 0),
            open(temporary, "xb", opener=_for_owner_only) as file,  # only this one takes an opener
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for table in TABLES_TO_EXPORT:
                counts[table.name] = _add_table(archive, lake, table, tenant, temporary.parent)
            archive.writestr("README.md", readme(name, counts, clock.now()))
        temporary.rename(out)
    finally:
        temporary.unlink(missing_ok=True)
    with db.tenant(tenant) as connection:
        record(connection, at=clock.now(), actor=actor, action="tenant.exported", tenant=tenant, details={**counts})
    return counts


def rows_in_force(lake: Lake, table: Table, tenant: str) -> Iterator[pa.Table]:
    """What holds now, a row group at a time: `current` of entities, all days of facts, the newest day of derived keys.

    Keys of derived tables that were given out already are kept on disk.
    """
    if table.has_current:
        yield from StoredFile(lake.path(table, tenant, CURRENT), table.schema).scan()
        return
    days = lake.days(table, tenant)
    if table.layout is Layout.FACT:
        for day in days:
            yield from StoredFile(lake.path(table, tenant, day), table.schema).scan()
        return
    with tempfile.TemporaryDirectory(prefix="synkro-export-") as folder, closing(_seen(folder)) as seen:
        for day in reversed(days):
            for piece in StoredFile(lake.path(table, tenant, day), table.schema).scan():
                keys = piece.select(list(table.key)).to_pylist()
                yield piece.filter(pa.array([_is_new(seen, list(key.values())) for key in keys], pa.bool_()))


def readme(company: str, counts: Counts, at: datetime) -> str:
    """What lies in the archive: every table with its rows and columns, in both languages."""
    parts = [
        f"# {company}\n",
        f"Выгрузка данных Synkro, {at:%Y-%m-%d %H:%M} UTC. / Export of Synkro's data.\n",
        "Каждая таблица лежит как Parquet и как CSV (UTF-8, точка с запятой). В CSV перед текстом, похожим на формулу, "
        "стоит апостроф. Время — UTC, деньги — рубли, пустое поле — нет значения.\n",
        "Every table is there as Parquet and as CSV (UTF-8, semicolons). In CSV an apostrophe stands before a text "
        "that begins like a formula. Times are UTC, money is in roubles, an empty field has no value.\n",
    ]
    for table in TABLES_TO_EXPORT:
        parts.append(f"## {_file(table)}: {counts[table.name]}\n\n{table.ru}. / {table.en}.\n")
        parts.append("| Column | Русский | English | Unit |\n|---|---|---|---|")
        parts += [f"| `{item.name}` | {item.ru} | {item.en} | {item.unit} |" for item in table.columns]
        parts.append("")
    return "\n".join(parts)


def safe_cell(value: object) -> object:
    """A CSV cell that no spreadsheet runs as a formula; instants in ISO 8601."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value.isoformat() if isinstance(value, datetime) else value


def _add_table(archive: zipfile.ZipFile, lake: Lake, table: Table, tenant: str, folder: Path) -> int:
    rows = 0
    with tempfile.TemporaryDirectory(prefix=".synkro-export-", dir=folder) as place:
        parquet, text = Path(place, "rows.parquet"), Path(place, "rows.csv")
        with (
            pq.ParquetWriter(parquet, table.schema, compression="zstd") as writer,
            text.open("w", encoding="utf-8-sig", newline="") as file,
        ):
            lines = csv.writer(file, delimiter=";")
            lines.writerow(table.schema.names)
            for piece in rows_in_force(lake, table, tenant):
                typed = pa.Table.from_arrays(piece.columns, schema=table.schema)
                writer.write_table(typed)
                rows += typed.num_rows
                for row in typed.to_pylist():
                    lines.writerow([safe_cell(value) for value in row.values()])
        archive.write(parquet, f"parquet/{_file(table)}.parquet", zipfile.ZIP_STORED)
        archive.write(text, f"csv/{_file(table)}.csv")
    return rows


def _seen(folder: str) -> sqlite3.Connection:
    seen = sqlite3.connect(Path(folder, "keys"), isolation_level=None)
    seen.execute("PRAGMA journal_mode = OFF")
    seen.execute("PRAGMA synchronous = OFF")
    seen.execute("CREATE TABLE keys (key BLOB PRIMARY KEY) WITHOUT ROWID")
    return seen


def _is_new(seen: sqlite3.Connection, key: list[object]) -> bool:
    return seen.execute("INSERT OR IGNORE INTO keys VALUES (?)", (orjson.dumps(key),)).rowcount == 1


def _file(table: Table) -> str:
    return table.name.split("/")[-1]


def _for_owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
