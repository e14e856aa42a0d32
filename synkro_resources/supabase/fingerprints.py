"""Whether the client's rows are ours: counts and checksums that both sides compute the same way.

A row's text is its columns in the registry's order, each in a form that PostgreSQL and Python write alike; its number
is the first 32 bits of that text's md5. Numbers are added up per version (`source_updated_at`), which for facts and
derived rows is the day's end, so a difference names its day. NUL characters are left out as the writers do.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pyarrow as pa

from synkro_resources.model.tables import INSTANT, Table

EMPTY = "~"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Rows of one version and the sum of their numbers."""

    rows: int
    checksum: int


Key = tuple[str, ...]
"""A row's key columns in the text forms of the checksum, the same from both sides."""


class Mark(NamedTuple):
    """What identifies one stored row: its version and its number."""

    version: datetime
    number: int


def fingerprints(table: Table, rows: pa.Table) -> dict[datetime, Fingerprint]:
    """By version; `rows` has each key once."""
    found: dict[datetime, tuple[int, int]] = {}
    for _, mark in _numbered(table, rows):
        count, total = found.get(mark.version, (0, 0))
        found[mark.version] = (count + 1, total + mark.number)
    return {version: Fingerprint(count, total) for version, (count, total) in found.items()}


def marks(table: Table, rows: pa.Table) -> dict[Key, Mark]:
    """By key; `rows` has each key once."""
    return dict(_numbered(table, rows))


def keys_of(table: Table, rows: pa.Table) -> list[Key]:
    """The rows' keys, in their order."""
    return list(zip(*(_texts(rows.column(name)) for name in table.key), strict=True))


def sql(table: Table, name: str) -> str:
    """The query that gives version, rows and checksum; `name` is the checked, qualified name of the table.

    Its two parameters bound the versions, both included; null bounds nothing.
    """
    # One name per value: the names are from our registry, never from outside.
    bounds = f"({table.version} >= %s or %s is null) and ({table.version} <= %s or %s is null)"
    counted = f"{table.version}, count(*), sum({_number(table)})::text"
    return f"select {counted} from {name} where {bounds} group by 1"  # noqa: S608


def marks_sql(table: Table, name: str, asked: str) -> str:
    """The query that gives the key's texts, version and number of the rows whose keys the table `asked` holds."""
    kinds = {column.name: column.type for column in table.columns}
    keys = ", ".join(_expression(key, kinds[key]) for key in table.key)
    joined = f"{name} join {asked} using ({', '.join(table.key)})"
    return f"select {keys}, {table.version}, {_number(table)} from {joined}"  # noqa: S608


def differing(ours: Mapping[datetime, Fingerprint], theirs: Mapping[datetime, Fingerprint]) -> list[datetime]:
    """Versions of ours that the client's table does not hold just so, in order."""
    return sorted(version for version, found in ours.items() if theirs.get(version) != found)


def _numbered(table: Table, rows: pa.Table) -> Iterator[tuple[Key, Mark]]:
    texts = {column.name: _texts(rows.column(column.name)) for column in table.columns}
    keys = zip(*(texts[name] for name in table.key), strict=True)
    versions: list[datetime | None] = rows.column(table.version).to_pylist()
    for key, version, values in zip(keys, versions, zip(*texts.values(), strict=True), strict=True):
        digest = hashlib.md5("|".join(values).encode(), usedforsecurity=False).hexdigest()
        if version is not None:  # the column is required
            yield key, Mark(version, int(digest[:8], 16))


def _number(table: Table) -> str:
    text = " || '|' || ".join(_expression(column.name, column.type) for column in table.columns)
    return f"('x' || substr(md5({text}), 1, 8))::bit(32)::bigint"


def _expression(name: str, kind: pa.DataType) -> str:
    if kind == INSTANT:
        value = f"(extract(epoch from {name}) * 1000000)::bigint::text"
    elif pa.types.is_boolean(kind):
        value = f"{name}::int::text"
    elif pa.types.is_floating(kind):
        value = f"encode(float8send({name}), 'hex')"
    else:
        value = f"{name}::text"
    return f"coalesce({value}, '{EMPTY}')"


def _texts(column: pa.ChunkedArray) -> list[str]:
    values: Iterable[object] = column.to_pylist()
    if column.type == INSTANT:
        return [str((value - _EPOCH) // _MICROSECOND) if isinstance(value, datetime) else EMPTY for value in values]
    if pa.types.is_boolean(column.type):
        return [EMPTY if value is None else str(int(bool(value))) for value in values]
    if pa.types.is_floating(column.type):
        return [struct.pack(">d", value).hex() if isinstance(value, float) else EMPTY for value in values]
    return [EMPTY if value is None else str(value).replace("\x00", "") for value in values]
