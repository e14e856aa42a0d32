"""Reading and writing the lake's files: paths, atomic writes, merging re-read days, folding `current`.

Layout (docs/architecture.md, «Lake»): `<root>/<table>/<tenant>/<day>.parquet`, for entities also `baseline.parquet`
(everything older than the first load) and for entities and snapshots `current.parquet` (one row per key).
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from upath import UPath

from synkro_resources.lake.folding import fold, newest_rows
from synkro_resources.model.errors import DataError, Sentence
from synkro_resources.model.ids import check_tenant_slug
from synkro_resources.model.tables import DAY_COLUMN, Table

BASELINE = "baseline"
CURRENT = "current"


@dataclass(frozen=True, slots=True)
class WrittenDay:
    """What one daily file holds after a write; `day` is None for the baseline."""

    day: date | None
    rows: int


class Lake:
    """All tenants' files below one root folder or bucket. Every method names the tenant; none spans two."""

    def __init__(self, root: str) -> None:
        self._root = UPath(root)

    # Paths ---------------------------------------------------------------------------------------------------------

    def folder(self, table: Table, tenant: str) -> UPath:
        """The tenant's folder of one table; the slug check keeps `..` and `/` out of the path."""
        return self._root.joinpath(*table.asset_key, check_tenant_slug(tenant))

    def path(self, table: Table, tenant: str, file: date | str) -> UPath:
        name = file.isoformat() if isinstance(file, date) else file
        return self.folder(table, tenant) / f"{name}.parquet"

    def has_day(self, table: Table, tenant: str, day: date) -> bool:
        return self.path(table, tenant, day).exists()

    def has_baseline(self, table: Table, tenant: str) -> bool:
        return self.path(table, tenant, BASELINE).exists()

    def days(self, table: Table, tenant: str) -> list[date]:
        """The days that have a file (an empty file means «loaded, nothing there»), ascending."""
        folder = self.folder(table, tenant)
        if not folder.exists():
            return []
        stems = (path.stem for path in folder.glob("*.parquet"))
        return sorted(date.fromisoformat(stem) for stem in stems if stem not in (BASELINE, CURRENT))

    # Reading -------------------------------------------------------------------------------------------------------

    def read_days(
        self,
        table: Table,
        tenant: str,
        days: Iterable[date],
        *,
        columns: Sequence[str] | None = None,
        missing_ok: bool = False,
    ) -> pa.Table:
        """The rows of the given days as one table with the day column, read as one dataset.

        Raises:
            DataError: `lake.day_missing` unless `missing_ok`.
        """
        wanted = sorted(set(days))
        present = [day for day in wanted if self.has_day(table, tenant, day)]
        if len(present) < len(wanted) and not missing_ok:
            gap = next(day for day in wanted if day not in set(present))
            raise DataError(
                "lake.day_missing",
                Sentence(f"Нет данных «{table.ru}» за {gap:%d.%m.%Y}.", f"{table.name} has no file for {gap}."),
                Sentence("Загрузите этот день и повторите.", "Load that day and try again."),
                tenant=tenant,
            )
        return self._scan(table, [(self.path(table, tenant, day), day) for day in present], columns)

    def read_baseline(self, table: Table, tenant: str) -> pa.Table:
        """The baseline with an empty day column; no rows if there is none."""
        path = self.path(table, tenant, BASELINE)
        return self._scan(table, [(path, None)] if path.exists() else [], None)

    def read_current(self, table: Table, tenant: str, *, columns: Sequence[str] | None = None) -> pa.Table:
        """One row per key, as folded so far; no rows before the first load."""
        path = self.path(table, tenant, CURRENT)
        if not path.exists():
            return table.empty().select(list(columns)) if columns else table.empty()
        return self._scan(table, [(path, None)], columns).drop_columns([DAY_COLUMN])

    def baseline_is_newer(self, upstream: Table, downstream: Table, tenant: str) -> bool:
        """Whether the upstream baseline still has to be derived into the downstream one."""
        source, target = self.path(upstream, tenant, BASELINE), self.path(downstream, tenant, BASELINE)
        return source.exists() and (not target.exists() or target.stat().st_mtime < source.stat().st_mtime)

    def _scan(
        self, table: Table, files: Sequence[tuple[UPath, date | None]], columns: Sequence[str] | None
    ) -> pa.Table:
        names = list(columns) if columns else table.schema.names
        schema = pa.schema([table.schema.field(name) for name in names])
        if not files:
            return schema.empty_table().append_column(DAY_COLUMN, pa.array([], pa.date32()))
        by_path = {path.path.lstrip("/"): day for path, day in files}
        dataset = ds.dataset([path.path for path, _ in files], schema=table.schema, filesystem=files[0][0].fs)
        rows = dataset.to_table(columns=[*names, "__filename"])
        encoded = rows.column("__filename").combine_chunks().dictionary_encode()
        day_of_file = pa.array([by_path[str(name).lstrip("/")] for name in encoded.dictionary.to_pylist()], pa.date32())
        return rows.drop_columns(["__filename"]).append_column(DAY_COLUMN, day_of_file.take(encoded.indices))

    # Writing -------------------------------------------------------------------------------------------------------

    def write_days(self, table: Table, tenant: str, days: Sequence[date], rows: pa.Table) -> list[WrittenDay]:
        """Store `rows` (with the day column; null means baseline) as one file per day, empty files included.

        Tables with `merge` keep stored rows that this read did not return. Afterwards `current` is folded, so a crash
        between the files leaves whole days and the next run of the same days completes the rest.

        Raises:
            DataError: `lake.foreign_day` if a row belongs to none of the days.
            pa.ArrowInvalid: the rows do not fit the declared schema.
        """
        day_of_row = rows.column(DAY_COLUMN).cast(pa.date32()).combine_chunks()
        self._refuse_foreign_days(table, tenant, days, day_of_row)
        typed = table.cast(rows)
        ordinals = day_of_row.cast(pa.int32()).to_numpy(zero_copy_only=False)
        written: list[WrittenDay] = []
        for day in days:
            wanted = (day - date(1970, 1, 1)).days
            written.append(self._write_file(table, tenant, day, typed.filter(pa.array(ordinals == wanted))))
        if day_of_row.null_count:
            older = typed.filter(pc.is_null(day_of_row))
            written.append(self._write_file(table, tenant, None, older))
        if table.has_current:
            self._fold_current(table, tenant, typed)
        return written

    def write_empty_baseline(self, table: Table, tenant: str) -> None:
        """Mark the first load as done even if nothing is older than its window."""
        if not self.has_baseline(table, tenant):
            self._write_file(table, tenant, None, table.empty())

    def rebuild_current(self, table: Table, tenant: str) -> int:
        """Fold `current` anew from the baseline and all daily files; returns its rows."""
        rows = [self.read_baseline(table, tenant), self.read_days(table, tenant, self.days(table, tenant))]
        typed = table.cast(pa.concat_tables(rows))
        folded = fold(table.empty(), typed, key=table.key, group=table.folded_by, version=table.version)
        self._replace(self.path(table, tenant, CURRENT), folded)
        return folded.num_rows

    def erase_tenant(self, table: Table, tenant: str) -> None:
        """Remove every file of one tenant from one table."""
        folder = self.folder(table, tenant)
        if folder.exists():
            folder.fs.rm(folder.path, recursive=True)

    def _refuse_foreign_days(self, table: Table, tenant: str, days: Sequence[date], day_of_row: pa.Array) -> None:
        found = {cast("date", day) for day in pc.unique(day_of_row).to_pylist() if day is not None}
        foreign = sorted(found - set(days))
        if foreign:
            raise DataError(
                "lake.foreign_day",
                Sentence(
                    f"Строки «{table.ru}» попали на {foreign[0]:%d.%m.%Y}, этот день не загружался.",
                    f"Rows of {table.name} fall on {foreign[0]}, which this run does not load.",
                ),
                Sentence("Сообщите поддержке: это ошибка программы.", "Report this: it is a mistake of the program."),
                tenant=tenant,
            )

    def _write_file(self, table: Table, tenant: str, day: date | None, rows: pa.Table) -> WrittenDay:
        path = self.path(table, tenant, day or BASELINE)
        stored = pq.read_table(path.path, filesystem=path.fs, schema=table.schema) if path.exists() else table.empty()
        merged = newest_rows(stored if table.merge else table.empty(), rows, key=table.key)
        self._replace(path, merged)
        return WrittenDay(day, merged.num_rows)

    def _fold_current(self, table: Table, tenant: str, rows: pa.Table) -> None:
        stored = self.read_current(table, tenant)
        folded = fold(stored, rows, key=table.key, group=table.folded_by, version=table.version)
        self._replace(self.path(table, tenant, CURRENT), folded)

    def _replace(self, path: UPath, rows: pa.Table) -> None:
        """Write to a temporary file, force it to disk, rename: readers see the old file or the new one, never half."""
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        try:
            with temporary.open("wb") as file:
                pq.write_table(rows, file, compression="zstd")
                file.flush()
                if hasattr(file, "fileno"):
                    os.fsync(file.fileno())
            temporary.rename(path)
        finally:
            if temporary.exists():
                temporary.unlink()
