"""Rows on their way into the lake: kept by local day, on disk beyond a few megabytes, so that any load fits."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import IO

import pyarrow as pa

from synkro_resources.lake.folding import is_last_of_key
from synkro_resources.lake.merging import Pieces
from synkro_resources.model.tables import DAY_COLUMN, Table
from synkro_resources.model.tables.schema import EPOCH

MEMORY_BYTES = 8 * 1024 * 1024
"""Text that is held before it goes to disk: small loads never touch it."""

ROW_OVERHEAD_BYTES = 400
"""What a row costs in memory beside its JSON."""

VERSION, POSITION = "__version", "__position"
_MICROSECOND = timedelta(microseconds=1)


@dataclass(slots=True)
class _Group:
    """The rows of one day: those in memory as tuples, those on disk as places in the file."""

    rows: list[tuple[object, ...]] = field(default_factory=list[tuple[object, ...]])
    places: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    nbytes: int = 0


class RowSpool:
    """Rows of one table by day (None: the baseline); the file has no name, so a crash leaves nothing behind.

    Several versions of a key may be added; readers see the newest of each day, of equal ones the last added.
    """

    def __init__(self, table: Table, *, memory_bytes: int = MEMORY_BYTES) -> None:
        self.table = table
        self.added = 0
        self._memory_bytes = memory_bytes
        self._held_bytes = 0
        self._groups: dict[date | None, _Group] = {}
        self._names = table.schema.names
        self._schema = pa.schema([*table.schema, pa.field(VERSION, pa.int64()), pa.field(POSITION, pa.int64())])
        self._file: IO[bytes] | None = None

    @property
    def days(self) -> set[date | None]:
        return set(self._groups)

    def add(self, day: date | None, version: datetime, values: Mapping[str, object]) -> None:
        """Add one row.

        Raises:
            pa.ArrowInvalid, pa.ArrowTypeError: a value does not fit its column; told when the row leaves memory.
        """
        row = (*(values.get(name) for name in self._names), (version - EPOCH) // _MICROSECOND, self.added)
        self.added += 1
        raw = values.get("raw")
        size = ROW_OVERHEAD_BYTES + (len(raw) if isinstance(raw, str) else 0)
        group = self._groups.setdefault(day, _Group())
        group.rows.append(row)
        group.nbytes += size
        self._held_bytes += size
        if self._held_bytes > self._memory_bytes:
            self._spill()

    def source(self, days: Sequence[date | None]) -> Pieces:
        """The rows of these days in pieces, with `VERSION` and `POSITION`, in the order in which they were added."""
        return Pieces(sum(self._groups[day].nbytes for day in days if day in self._groups), lambda: self._scan(days))

    def _scan(self, days: Sequence[date | None]) -> Iterator[pa.Table]:
        for day in days:
            group = self._groups.get(day)
            if group is None:
                continue
            for offset, length in group.places:
                yield self._piece(offset, length)
            if group.rows:
                yield self._typed(group.rows)

    def whole(self) -> pa.Table:
        """Everything as one table with the day column, ordered by key; for small loads."""
        parts = [self._dated(day) for day in self._groups]
        if not parts:
            return self.table.empty_days()
        return pa.concat_tables(parts).sort_by([(name, "ascending") for name in self.table.key])

    def _dated(self, day: date | None) -> pa.Table:
        rows = newest_versions(pa.concat_tables(self._scan([day])), self.table.key)
        return rows.append_column(pa.field(DAY_COLUMN, pa.date32()), pa.array([day] * rows.num_rows, pa.date32()))

    def close(self) -> None:
        """Give the disk space back; the rows are gone afterwards."""
        self._groups.clear()
        if self._file is not None:
            self._file.close()

    def _typed(self, rows: Sequence[tuple[object, ...]]) -> pa.Table:
        columns = zip(*rows, strict=True)
        arrays = [pa.array(list(values), kind.type) for values, kind in zip(columns, self._schema, strict=True)]
        typed = pa.Table.from_arrays(arrays, schema=self._schema)
        for column in self.table.columns:
            if column.required and typed.column(column.name).null_count:
                raise pa.ArrowInvalid(f"{self.table.name}.{column.name} has empty values")
        return typed

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="synkro-spool-")  # noqa: SIM115  # closed by close()
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        for group in self._groups.values():
            if not group.rows:
                continue
            piece = self._typed(group.rows)
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, self._schema, options=options) as writer:
                writer.write_table(piece)
            content = sink.getvalue()
            group.places.append((self._file.seek(0, 2), content.size))
            self._file.write(content)
            group.rows = []
        self._held_bytes = 0

    def _piece(self, offset: int, length: int) -> pa.Table:
        assert self._file is not None  # places exist only after the file does
        self._file.seek(offset)
        with pa.ipc.open_stream(self._file.read(length)) as reader:
            return reader.read_all()


def newest_versions(rows: pa.Table, key: Sequence[str]) -> pa.Table:
    """One row per key: the highest version, of equal ones the last added; without the two helper columns.

    Rows that never had them (tables that were derived and not read) pass unchanged.
    """
    if VERSION not in rows.column_names:
        return rows
    if rows.num_rows:
        ordered = rows.sort_by([(name, "ascending") for name in (*key, VERSION, POSITION)])
        rows = ordered.filter(is_last_of_key(ordered, key))
    return rows.drop_columns([VERSION, POSITION])
