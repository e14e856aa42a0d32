"""What every normalisation returns and shares: typed columns from raw JSON, and the rows that nobody could read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pyarrow as pa

from synkro_resources.http.jsonvalues import JsonObject, as_object, as_whole
from synkro_resources.model.tables import DAY_COLUMN, Table

Values = dict[str, object]


@dataclass(frozen=True, slots=True)
class UnreadRow:
    """A raw row that could not be normalised; its content stays in the raw table."""

    table: str
    reason: str


@dataclass(frozen=True, slots=True)
class Normalized:
    """The target's rows with the day column, and the rows put aside."""

    table: pa.Table
    quarantined: list[UnreadRow] = field(default_factory=list[UnreadRow])


@dataclass(frozen=True, slots=True)
class RawRow:
    """One raw row: its columns, its JSON, and the local day that it belongs to (None: baseline)."""

    columns: dict[str, Any]
    body: JsonObject
    day: date | None


def normalize_rows(
    raw: pa.Table, target: Table, read: Callable[[RawRow], Iterable[Values]], *, newest_only: bool = False
) -> Normalized:
    """Apply `read` to every raw row and build the target's columns.

    A row whose JSON is no object, or that `read` cannot make sense of (ValueError, KeyError, TypeError), is put aside
    with the reason; the run goes on. `newest_only` keeps the last of several versions of a key on one day.
    """
    names = target.schema.names
    columns: dict[str, list[object]] = {name: [] for name in names}
    days: list[date | None] = []
    unread: list[UnreadRow] = []
    for stored, text, day in _stored_rows(raw):
        try:
            values = list(read(RawRow(stored, _body(text), day)))
        except (ValueError, KeyError, TypeError) as error:
            unread.append(UnreadRow(target.name, type(error).__name__))
            continue
        for value in values:
            for name in names:
                columns[name].append(value.get(name))
            days.append(day)
    built = pa.table({name: pa.array(columns[name], target.schema.field(name).type) for name in names})
    table = target.cast(built).append_column(DAY_COLUMN, pa.array(days, pa.date32()))
    return Normalized(_last_per_day(table, target) if newest_only else table, unread)


def _stored_rows(raw: pa.Table) -> Iterator[tuple[dict[str, Any], str | None, date | None]]:
    """The raw table's rows: columns, JSON text, day."""
    names = [name for name in raw.column_names if name not in ("raw", DAY_COLUMN)]
    columns = [raw.column(name).to_pylist() for name in names]
    bodies = raw.column("raw").to_pylist()
    days = raw.column(DAY_COLUMN).to_pylist()
    for position, text in enumerate(bodies):
        values = {name: column[position] for name, column in zip(names, columns, strict=True)}
        yield values, text, days[position]


def _body(text: str | None) -> JsonObject:
    """The row's JSON object; a row that is known from an event alone has none.

    Raises:
        ValueError: no JSON, or no object.
    """
    parsed = orjson.loads(text or "null")
    if parsed is not None and not isinstance(parsed, dict):
        raise ValueError("the row is no JSON object")
    return as_object(parsed)


def unix_instant(value: object) -> datetime | None:
    """A vendor's unix seconds as a UTC instant; null, zero and negative numbers mean «not set».

    Raises:
        ValueError: the number lies beyond the calendar.
    """
    seconds = as_whole(value)
    if seconds is None or seconds <= 0:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:  # the platform's own words for «too large»
        raise ValueError(f"{seconds} is no time") from error


def _last_per_day(table: pa.Table, target: Table) -> pa.Table:
    frame = table.select([DAY_COLUMN, *target.key]).to_pandas()
    keep = ~frame.duplicated(keep="last")
    return table.filter(pa.array(keep.to_numpy()))
