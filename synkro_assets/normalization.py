"""From raw JSON to typed columns: a batch of rows at a time, every table that the same JSON gives in one pass.

A reading turns a batch into columns and knows nothing of bad rows. If it raises, the batch is halved until the rows
that it cannot make sense of stand alone; they are put aside with the reason and their JSON, and the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, cast

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from synkro_assets.json_columns import lists
from synkro_resources.cycles import no_search_for_cycles
from synkro_resources.http.jsonvalues import JsonObject
from synkro_resources.model.tables import DAY_COLUMN, INSTANT, Table
from synkro_resources.model.window import TenantWindow

BATCH_ROWS = 512
"""Parsed JSON takes ten times the room of its text: so many rows of it still fit a processor's cache."""

Values = Sequence[object] | pa.Array | pa.ChunkedArray


@dataclass(frozen=True, slots=True)
class UnreadRow:
    """A raw row that could not be normalised, and the class of the error; `raw` may hold personal data."""

    table: str
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class Normalized:
    """The target's rows with the day column, and the rows put aside."""

    table: pa.Table
    unread: list[UnreadRow] = field(default_factory=list[UnreadRow])


@dataclass(frozen=True)
class RawRows:
    """A batch of raw rows: `stored` with the day column (null: baseline) and, row by row, the parsed JSON."""

    stored: pa.Table
    bodies: list[JsonObject]
    shared: dict[str, list[list[JsonObject]]] = field(default_factory=dict[str, list[list[JsonObject]]])

    def __len__(self) -> int:
        return self.stored.num_rows

    def __getitem__(self, column: str) -> pa.ChunkedArray:
        return self.stored.column(column)

    def values(self, column: str) -> list[Any]:
        """A stored column as Python values."""
        return self.stored.column(column).to_pylist()

    def at(self, column: str, places: Sequence[int]) -> pa.ChunkedArray:
        """A stored column at these rows, as often as they are named."""
        return self.stored.column(column).take(pa.array(places, pa.int64()))

    def lists(self, name: str) -> list[list[JsonObject]]:
        """`json_columns.lists` of the rows' objects, made once for all tables that ask for it."""
        found = self.shared.get(name)
        if found is None:
            found = self.shared[name] = lists(self.bodies, name)
        return found

    def part(self, start: int, length: int) -> RawRows:
        return RawRows(self.stored.slice(start, length), self.bodies[start : start + length])

    def chosen(self, mask: pa.Array | pa.ChunkedArray) -> RawRows:
        """The rows where `mask` is true."""
        if pc.all(mask, min_count=0).as_py():
            return self
        places = np.flatnonzero(np.asarray(mask.fill_null(pa.scalar(False))))
        return RawRows(self.stored.take(pa.array(places, pa.int64())), [self.bodies[place] for place in places])

    def day_ends(self, window: TenantWindow) -> pa.Array:
        """The end of each row's local day, which must be one of the window's.

        Raises:
            KeyError: a row of another day, or of the baseline.
        """
        days = self.stored.column(DAY_COLUMN).combine_chunks().dictionary_encode(null_encoding="encode")
        ends: dict[object, datetime] = {day: window.bounds(day)[1] for day in window.days}
        known = pa.array([ends[day] for day in days.dictionary.to_pylist()], INSTANT)
        return known.take(days.indices)


@dataclass(frozen=True, slots=True)
class Built:
    """The target's columns by name, missing ones being empty; `places` names the raw row of each (None: one each)."""

    columns: Mapping[str, Values]
    places: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """How raw rows become rows of `target`."""

    target: Table
    read: Callable[[RawRows], Built]
    newest_only: bool = False
    """Keep only the last of several versions of a key on one day."""
    wanted: Callable[[pa.Table], pa.Array | pa.ChunkedArray] | None = None
    """Which raw rows `read` looks at; of a single reading the others are not even parsed."""


def normalized(raw: pa.Table | Iterable[pa.Table], reading: Reading) -> Normalized:
    """One target's rows; `raw` has the day column."""
    return normalize(raw, [reading])[reading.target.name]


def normalize(raw: pa.Table | Iterable[pa.Table], readings: Iterable[Reading]) -> dict[str, Normalized]:
    """The rows of every target by its name; each raw row is parsed once, and a batch of them is held at a time."""
    targets = [_Target(reading) for reading in readings]
    only = targets[0].reading.wanted if len(targets) == 1 else None
    for stored in [raw] if isinstance(raw, pa.Table) else raw:
        piece = stored if only is None else stored.filter(only(stored))
        for start in range(0, piece.num_rows, BATCH_ROWS):
            with no_search_for_cycles():  # parsed JSON holds none, and the search took twice as long as parsing
                rows, unread = _parsed(piece.slice(start, BATCH_ROWS))
                for target in targets:
                    target.unread += [UnreadRow(target.reading.target.name, reason, text) for reason, text in unread]
                    target.parts += target.typed(rows)
                del rows
    return {target.reading.target.name: target.whole() for target in targets}


@dataclass
class _Target:
    reading: Reading
    parts: list[pa.Table] = field(default_factory=list[pa.Table])
    unread: list[UnreadRow] = field(default_factory=list[UnreadRow])

    @cached_property
    def schema(self) -> pa.Schema:
        return self.reading.target.schema

    def typed(self, rows: RawRows) -> Iterator[pa.Table]:
        """The rows as the target's columns, as far as they can be read."""
        if not len(rows):
            return
        try:
            yield self._typed(rows)
        except (ValueError, KeyError, TypeError) as error:
            if len(rows) == 1:
                text = rows["raw"][0].as_py() or ""
                self.unread.append(UnreadRow(self.reading.target.name, type(error).__name__, text))
                return
            half = len(rows) // 2
            yield from self.typed(rows.part(0, half))
            yield from self.typed(rows.part(half, len(rows) - half))

    def _typed(self, rows: RawRows) -> pa.Table:
        wanted = self.reading.wanted
        rows = rows if wanted is None else rows.chosen(wanted(rows.stored))
        built = self.reading.read(rows)
        names = list(built.columns)
        arrays = [_array(built.columns[name], self.schema.field(name).type) for name in names]
        days = rows[DAY_COLUMN]
        if built.places is not None:
            days = days.take(pa.array(built.places, pa.int64()))
        return self.reading.target.cast(pa.table(arrays, names=names)).append_column(DAY_COLUMN, days.cast(pa.date32()))

    def whole(self) -> Normalized:
        table = pa.concat_tables([self.reading.target.empty_days(), *self.parts])
        return Normalized(_last_per_day(table, self.reading.target) if self.reading.newest_only else table, self.unread)


def _array(values: Values, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    return values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, kind)


def _parsed(stored: pa.Table) -> tuple[RawRows, list[tuple[str, str]]]:
    """The rows whose JSON is an object, or null (known from an event alone), and the others with the reason."""
    texts = stored.column("raw").to_pylist()
    try:
        bodies = [orjson.loads(text or "null") for text in texts]
    except orjson.JSONDecodeError:
        bodies = [_loaded(text) for text in texts]
    readable = [body is None or isinstance(body, dict) for body in bodies]
    if all(readable):
        return RawRows(stored, [cast("JsonObject", body or {}) for body in bodies]), []
    unread = [("JSONDecodeError", text or "") for text, fits in zip(texts, readable, strict=True) if not fits]
    kept = [cast("JsonObject", body or {}) for body, fits in zip(bodies, readable, strict=True) if fits]
    return RawRows(stored.filter(pa.array(readable)), kept), unread


def _loaded(text: str | None) -> object:
    try:
        return orjson.loads(text or "null")
    except orjson.JSONDecodeError:
        return text


def _last_per_day(table: pa.Table, target: Table) -> pa.Table:
    frame = table.select([DAY_COLUMN, *target.key]).to_pandas()
    keep = ~frame.duplicated(keep="last")
    return table if keep.all() else table.filter(pa.array(keep.to_numpy()))
