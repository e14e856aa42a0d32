"""What both write paths promise, and what they share: the rows of one table, one version per key."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from synkro_resources.lake.folding import fold
from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.tables import DAY_COLUMN, Table
from synkro_resources.supabase.fingerprints import Fingerprint, Key, Mark
from synkro_resources.supabase.refusals import Written


class WarehouseWriter(Protocol):
    """Stores rows of our tables in one client's Supabase; the same rows twice change nothing."""

    @property
    def path(self) -> str:
        """`rest` or `direct`."""
        ...

    def count(self, table: Table) -> int:
        """How many rows the client's table holds."""
        ...

    def fingerprints(
        self, table: Table, since: datetime | None = None, until: datetime | None = None
    ) -> dict[datetime, Fingerprint]:
        """Rows and checksum of each version from `since` to `until` (both included) that the client's table holds."""
        ...

    def marks(self, table: Table, keys: pa.Table) -> dict[Key, Mark]:
        """What the client's table holds of these keys (a table with the key columns)."""
        ...

    def upsert(self, table: Table, rows: pa.Table) -> Written:
        """Insert or update by key; strictly older versions are ignored by the database.

        A row that the database refuses for its content goes aside, the others are stored.

        Raises:
            TransientError: unreachable or overloaded. IntegrationError: schema, key or rights need the client.
        """
        ...

    def close(self) -> None: ...


SCHEMA_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
"""Schema names are put into SQL text, so nothing else is let through."""


def check_schema_name(schema: str) -> str:
    """Return `schema` if it may stand in SQL text.

    Raises:
        UserInputError: `supabase.bad_schema`.
    """
    if SCHEMA_NAME.fullmatch(schema) is None:
        raise UserInputError(
            "supabase.bad_schema",
            Sentence("Недопустимое имя схемы Supabase.", "The Supabase schema name is not valid."),
            Sentence(
                "Используйте строчные латинские буквы, цифры и подчёркивание, например public.",
                "Use lower-case Latin letters, digits and underscores, for example public.",
            ),
            integration="supabase",
        )
    return schema


def newest_versions(table: Table, rows: pa.Table) -> pa.Table:
    """One row per key, the newest version: a statement that meets the same key twice fails as a whole."""
    typed = finite(table.cast(rows.drop_columns([DAY_COLUMN]) if DAY_COLUMN in rows.column_names else rows))
    return fold(table.empty(), typed, key=table.key, group=table.key, version=table.version)


def finite(rows: pa.Table) -> pa.Table:
    """Numbers that are none (NaN, infinity) become empty: JSON cannot carry them, so neither path may."""
    for place, field in enumerate(rows.schema):
        if pa.types.is_floating(field.type):
            values = rows.column(place)
            rows = rows.set_column(place, field, pc.if_else(pc.is_finite(values), values, pa.scalar(None, field.type)))
    return rows


def warehouse_name(table: Table) -> str:
    """The table's name in the client's database."""
    if table.warehouse is None:
        raise ValueError(f"{table.name} is not a table of the client's database")
    return table.warehouse
