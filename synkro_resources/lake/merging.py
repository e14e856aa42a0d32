"""Writing sorted Parquet files from a stored file and new rows, a range of keys at a time: memory stays small whatever
the file's size, and the same rows give the same bytes whatever the ranges.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from upath import UPath

from synkro_resources.lake.safe_files import replacing_file

PART_BYTES = 8 * 1024 * 1024
"""Arrow bytes that are merged at once: sorting and writing need about three times as much for a moment."""

ROW_GROUP_ROWS = 8_192


class Source(Protocol):
    """Rows that can be read in pieces; `nbytes` is roughly their size in memory."""

    @property
    def nbytes(self) -> int: ...
    def scan(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]: ...


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A Parquet file of the lake, or nothing if it does not exist yet."""

    path: UPath
    schema: pa.Schema

    @property
    def nbytes(self) -> int:
        if not self.path.exists():
            return 0
        metadata = self._open().metadata
        return sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))

    def scan(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        if not self.path.exists():
            return
        file = self._open()
        wanted = self.schema if columns is None else pa.schema([self.schema.field(name) for name in columns])
        for number in range(file.metadata.num_row_groups):
            yield _fitted(file.read_row_group(number, columns=wanted.names), wanted)

    def _open(self) -> pq.ParquetFile:
        return pq.ParquetFile(self.path.path, filesystem=self.path.fs)


@dataclass(frozen=True, slots=True)
class Pieces:
    """Rows that are produced anew at every scan."""

    nbytes: int
    pieces: Callable[[], Iterator[pa.Table]]

    def scan(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        for piece in self.pieces():
            yield piece if columns is None else piece.select(list(columns))


def _fitted(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The columns of `schema`; one that an older file lacks is empty."""
    columns = [
        rows.column(item.name).cast(item.type)
        if item.name in rows.column_names
        else pa.chunked_array([pa.nulls(rows.num_rows, item.type)])
        for item in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


Merge = Callable[[pa.Table, pa.Table], pa.Table]
"""(older, newer) of one key range → the rows to store, sorted by key."""


def merge_files(path: UPath, schema: pa.Schema, older: Source, newer: Source, column: str, merge: Merge) -> int:
    """Replace the file at `path` by the merged rows; `column` leads the order of keys. Returns the rows written."""
    written = 0
    with replacing(path, schema) as writer:
        ranges = key_ranges((older, newer), column)
        for low, high in ranges:
            part = merge(_inside(older, schema, column, low, high), _inside(newer, schema, column, low, high))
            written += part.num_rows
            writer.add(part)
            if len(ranges) > 1:
                del part
                pa.default_memory_pool().release_unused()  # the pool keeps what the largest part needed
    return written


def key_ranges(sources: Sequence[Source], column: str) -> list[tuple[Any, Any]]:
    """Half-open ranges `[low, high)` of `column` that hold about `PART_BYTES` each; None is open."""
    parts = -(-sum(source.nbytes for source in sources) // PART_BYTES)
    if parts <= 1:
        return [(None, None)]
    keys = pa.chunked_array(
        [chunk for source in sources for piece in source.scan([column]) for chunk in piece.column(column).chunks]
    )
    ordered = pc.take(keys, pc.sort_indices(keys))
    steps = [ordered[position * len(ordered) // parts].as_py() for position in range(1, parts)]
    borders = [None, *dict.fromkeys(steps), None]
    return list(itertools.pairwise(borders))


def _inside(source: Source, schema: pa.Schema, column: str, low: Any, high: Any) -> pa.Table:
    kept: list[pa.Table] = []
    for piece in source.scan():
        found = piece
        if low is not None:
            found = found.filter(pc.greater_equal(found.column(column), low))
        if high is not None:
            found = found.filter(pc.less(found.column(column), high))
        if found.num_rows:
            kept.append(found)
    return pa.concat_tables(kept) if kept else schema.empty_table()


class SortedWriter:
    """Takes sorted rows in any portions and writes row groups of a fixed number of rows."""

    def __init__(self, writer: pq.ParquetWriter, schema: pa.Schema) -> None:
        self._writer = writer
        self._schema = schema
        self._waiting = schema.empty_table()

    def add(self, rows: pa.Table) -> None:
        # Sorting and joining forget which columns may not be empty.
        typed = pa.Table.from_arrays([rows.column(name) for name in self._schema.names], schema=self._schema)
        waiting = pa.concat_tables([self._waiting, typed])
        whole = waiting.num_rows - waiting.num_rows % ROW_GROUP_ROWS
        for start in range(0, whole, ROW_GROUP_ROWS):
            self._write(waiting.slice(start, ROW_GROUP_ROWS))
        # Copied, or the few rows that wait would keep the whole portion in memory.
        self._waiting = waiting.slice(whole).combine_chunks()

    def finish(self) -> None:
        self._write(self._waiting)

    def _write(self, rows: pa.Table) -> None:
        self._writer.write_table(rows.combine_chunks(), row_group_size=ROW_GROUP_ROWS)


@contextmanager
def replacing(path: UPath, schema: pa.Schema) -> Generator[SortedWriter]:
    """Write to a temporary file, force it to disk, rename: readers see the old file or the new one, never half."""
    with replacing_file(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as parquet:
        writer = SortedWriter(parquet, schema)
        yield writer
        writer.finish()
