"""Reading and writing the lake's files: paths, atomic writes, merging re-read days, folding `current`.

Layout (docs/architecture.md, «Lake»): `<root>/<table>/<tenant>/<day>.parquet`, for entities also `baseline.parquet`
(everything older than the first load) and for entities and snapshots `current.parquet` (one row per key).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.dataset as ds
from upath import UPath

from synkro_resources.free_space import require_free_space
from synkro_resources.lake.folding import fold, newest_rows
from synkro_resources.lake.merging import Pieces, Source, StoredFile, merge_files
from synkro_resources.lake.root import is_local, lake_path
from synkro_resources.lake.spool import RowSpool, newest_versions
from synkro_resources.model.errors import DataError, Sentence
from synkro_resources.model.ids import check_tenant_slug
from synkro_resources.model.tables import DAY_COLUMN, Table

BASELINE = "baseline"
CURRENT = "current"


NO_ROWS = Pieces(0, lambda: iter(()))


@dataclass(frozen=True, slots=True)
class WrittenDay:
    """What one daily file holds after a write; `day` is None for the baseline, `given` counts the new rows."""

    day: date | None
    rows: int
    given: int


class Lake:
    """All tenants' files below one root folder or bucket. Every method names the tenant; none spans two."""

    def __init__(self, root: str) -> None:
        self._root = lake_path(root)

    def require_free_space(self) -> None:
        """Refuse to begin writing on a disk that is nearly full; a bucket has no end.

        Raises:
            TransientError: `disk.full`.
        """
        if is_local(self._root):
            require_free_space(Path(self._root.path))

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
        wanted, folder = sorted(set(days)), self.folder(table, tenant)
        paths = {day: folder / f"{day.isoformat()}.parquet" for day in wanted}
        present = [day for day in wanted if paths[day].exists()]
        if len(present) < len(wanted) and not missing_ok:
            gap = next(day for day in wanted if day not in set(present))
            raise DataError(
                "lake.day_missing",
                Sentence(f"Нет данных «{table.ru}» за {gap:%d.%m.%Y}.", f"{table.name} has no file for {gap}."),
                Sentence("Загрузите этот день и повторите.", "Load that day and try again."),
                tenant=tenant,
            )
        return self._scan(table, [(paths[day], day) for day in present], columns)

    def read_baseline(self, table: Table, tenant: str) -> pa.Table:
        """The baseline with an empty day column; no rows if there is none."""
        path = self.path(table, tenant, BASELINE)
        return self._scan(table, [(path, None)] if path.exists() else [], None)

    def scan(self, table: Table, tenant: str, days: Iterable[date], *, baseline: bool = False) -> Iterator[pa.Table]:
        """The rows of the given days with the day column a day at a time, then the baseline in pieces.

        Raises:
            DataError: `lake.day_missing`.
        """
        for day in days:
            yield self.read_days(table, tenant, [day])
        if baseline:
            for piece in StoredFile(self.path(table, tenant, BASELINE), table.schema).scan():
                yield piece.append_column(DAY_COLUMN, pa.nulls(piece.num_rows, pa.date32()))

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

    def write_days(
        self, table: Table, tenant: str, days: Sequence[date], rows: pa.Table | RowSpool
    ) -> list[WrittenDay]:
        """Store `rows` (with the day column; null means baseline) as one file per day, empty files included.

        Tables with `merge` keep stored rows that this read did not return. Afterwards `current` is folded, so a crash
        between the files leaves whole days and the next run of the same days completes the rest. Memory does not grow
        with a spool's rows.

        Raises:
            DataError: `lake.foreign_day` if a row belongs to none of the days.
            pa.ArrowInvalid: the rows do not fit the declared schema.
        """
        dated = rows if isinstance(rows, RowSpool) else TableRows.of(table, rows)
        self._refuse_foreign_days(table, tenant, days, dated.days)
        written = [self._write_file(table, tenant, day, dated.source([day])) for day in days]
        if None in dated.days:
            written.append(self._write_file(table, tenant, None, dated.source([None])))
        if table.has_current:
            self._fold_current(table, tenant, dated.source(sorted(dated.days, key=lambda day: day or date.min)))
        return written

    def write_empty_baseline(self, table: Table, tenant: str) -> None:
        """Mark the first load as done even if nothing is older than its window."""
        if not self.has_baseline(table, tenant):
            self._write_file(table, tenant, None, NO_ROWS)

    def rebuild_current(self, table: Table, tenant: str) -> int:
        """Fold `current` anew from the baseline and all daily files; returns its rows."""
        files = [BASELINE, *self.days(table, tenant)]
        stored = [StoredFile(self.path(table, tenant, file), table.schema) for file in files]
        everything = Pieces(
            sum(file.nbytes for file in stored), lambda: (piece for file in stored for piece in file.scan())
        )
        return self._fold(table, tenant, NO_ROWS, everything)

    def erase_tenant(self, table: Table, tenant: str) -> None:
        """Remove every file of one tenant from one table."""
        folder = self.folder(table, tenant)
        if folder.exists():
            folder.fs.rm(folder.path, recursive=True)

    def _refuse_foreign_days(
        self, table: Table, tenant: str, days: Sequence[date], found: Iterable[date | None]
    ) -> None:
        foreign = sorted({day for day in found if day is not None} - set(days))
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

    def _write_file(self, table: Table, tenant: str, day: date | None, rows: Source) -> WrittenDay:
        path = self.path(table, tenant, day or BASELINE)
        given = 0

        def merge(older: pa.Table, newer: pa.Table) -> pa.Table:
            nonlocal given
            newest = newest_versions(newer, table.key)
            given += newest.num_rows
            return newest_rows(older, newest, key=table.key)

        stored = StoredFile(path, table.schema) if table.merge else NO_ROWS
        return WrittenDay(day, merge_files(path, table.schema, stored, rows, table.key[0], merge), given)

    def _fold_current(self, table: Table, tenant: str, rows: Source) -> None:
        self._fold(table, tenant, StoredFile(self.path(table, tenant, CURRENT), table.schema), rows)

    def _fold(self, table: Table, tenant: str, stored: Source, rows: Source) -> int:
        def merge(older: pa.Table, newer: pa.Table) -> pa.Table:
            newest = newest_versions(newer, table.key)
            return fold(older, newest, key=table.key, group=table.folded_by, version=table.version)

        path = self.path(table, tenant, CURRENT)
        return merge_files(path, table.schema, stored, rows, table.folded_by[0], merge)


@dataclass(frozen=True, slots=True)
class TableRows:
    """The rows of an Arrow table by day, as a spool gives them; `places` are the row numbers of each day."""

    rows: pa.Table
    places: dict[date | None, npt.NDArray[np.int64]]

    @classmethod
    def of(cls, table: Table, rows: pa.Table) -> TableRows:
        """Cast `rows` (with the day column) and find each day's places.

        Raises:
            pa.ArrowInvalid: the rows do not fit the declared schema.
        """
        encoded = rows.column(DAY_COLUMN).cast(pa.date32()).combine_chunks().dictionary_encode(null_encoding="encode")
        codes = encoded.indices.to_numpy()
        days = [cast("date | None", day) for day in encoded.dictionary.to_pylist()]
        return cls(table.cast(rows), {day: np.flatnonzero(codes == code) for code, day in enumerate(days)})

    @property
    def days(self) -> set[date | None]:
        return set(self.places)

    def source(self, days: Sequence[date | None]) -> Source:
        """The rows of these days, in their own order."""
        wanted = [self.places[day] for day in days if day in self.places]
        if not wanted:
            return NO_ROWS
        chosen = self.rows.take(np.sort(np.concatenate(wanted)))
        return Pieces(chosen.nbytes, lambda: iter((chosen,)))
