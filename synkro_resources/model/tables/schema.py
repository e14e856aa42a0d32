"""What a table is: columns with types, meaning and sensitivity, its key, and how its files are kept in the lake."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import pyarrow as pa

INSTANT = pa.timestamp("us", tz="UTC")
DAY_COLUMN = "_day"
"""Name of the column that says which local day a row belongs to; null means the baseline. Never stored in files."""


class Layout(StrEnum):
    """How a table's rows relate to its daily files."""

    FACT = "fact"
    """Rows belong to the local day on which they happened."""
    ENTITY = "entity"
    """Daily deltas by the vendor's change time, a baseline, and a folded `current`."""
    SNAPSHOT = "snapshot"
    """The state read now, stored in the newest day of a run, and a folded `current`."""
    DERIVED = "derived"
    """What was known at the end of each day; readers take the newest partition per key."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `unit` is empty where the type says all; `personal` marks personal data."""

    name: str
    type: pa.DataType
    ru: str
    en: str
    unit: str = ""
    personal: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the lake, and of the client's Supabase if `warehouse` is set.

    `name` is the asset key joined by «/» (`normalized/deal`). `key` is unique inside one daily file and in the folded
    `current`. `fold_key` groups rows that are replaced together by a newer version (default: the key);
    `version` is the column that decides which version is newer. `merge` keeps stored rows that a re-read did not
    return, because the vendors' listings show only what is present now.
    """

    name: str
    layout: Layout
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    ru: str
    en: str
    source: str
    version: str = "source_updated_at"
    fold_key: tuple[str, ...] = ()
    merge: bool = False
    warehouse: str | None = None

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([pa.field(column.name, column.type, nullable=not column.required) for column in self.columns])

    @property
    def asset_key(self) -> list[str]:
        return self.name.split("/")

    @property
    def has_current(self) -> bool:
        return self.layout in (Layout.ENTITY, Layout.SNAPSHOT)

    @property
    def folded_by(self) -> tuple[str, ...]:
        return self.fold_key or self.key

    @property
    def personal_columns(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.personal)

    def empty(self) -> pa.Table:
        """No rows, the right columns, without the day column."""
        return self.schema.empty_table()

    def empty_days(self) -> pa.Table:
        """No rows, with the day column that assets return."""
        return self.empty().append_column(pa.field(DAY_COLUMN, pa.date32()), pa.array([], pa.date32()))

    def cast(self, table: pa.Table) -> pa.Table:
        """Select and cast the declared columns, in order; a missing optional column becomes null.

        Raises:
            pa.ArrowInvalid: a value does not fit its type, or a required column is missing or has nulls.
        """
        columns: list[pa.ChunkedArray | pa.Array] = []
        for column in self.columns:
            if column.name in table.column_names:
                values = table.column(column.name).cast(column.type)
            elif column.required:
                raise pa.ArrowInvalid(f"{self.name} lacks the required column {column.name}")
            else:
                values = pa.array([None] * table.num_rows, column.type)
            if column.required and values.null_count:
                raise pa.ArrowInvalid(f"{self.name}.{column.name} has {values.null_count} empty values")
            columns.append(values)
        return pa.Table.from_arrays(columns, schema=self.schema)

    def from_rows(self, rows: list[dict[str, object]]) -> pa.Table:
        """A table from dictionaries; missing keys become null. For small tables only."""
        data = {column.name: pa.array([row.get(column.name) for row in rows], column.type) for column in self.columns}
        return self.cast(pa.table(data))


def instant(name: str, ru: str, en: str, *, required: bool = False) -> Column:
    return Column(name, INSTANT, ru, en, unit="UTC", required=required)


def whole(name: str, ru: str, en: str, *, unit: str = "", required: bool = False) -> Column:
    return Column(name, pa.int64(), ru, en, unit=unit, required=required)


def text(name: str, ru: str, en: str, *, personal: bool = False, required: bool = False) -> Column:
    return Column(name, pa.string(), ru, en, personal=personal, required=required)


def flag(name: str, ru: str, en: str, *, required: bool = False) -> Column:
    return Column(name, pa.bool_(), ru, en, required=required)


def real(name: str, ru: str, en: str, *, unit: str = "", personal: bool = False) -> Column:
    return Column(name, pa.float64(), ru, en, unit=unit, personal=personal)


EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
SOURCE_UPDATED_AT = instant(
    "source_updated_at", "Версия строки: старшая побеждает", "Row version: the newer one wins", required=True
)
RAW = text("raw", "Ответ источника, JSON", "The vendor's own JSON", personal=True, required=True)
