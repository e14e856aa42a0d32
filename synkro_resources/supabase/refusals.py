"""Rows that the client's database does not take: put aside one by one, so that their batch goes on.

A row is refused by its own content (SQLSTATE classes 22 and 23: a value that does not fit, a rule of the client's own).
What is kept of it is its key, the code and a number made of its content: enough to name it and to notice that it has
changed, and never a value of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from synkro_resources.model.errors import IntegrationError, Sentence
from synkro_resources.model.tables import Table
from synkro_resources.supabase.fingerprints import Key, Mark, marks

MAX_REFUSED = 200
"""More refused rows than this in one load are no bad rows but a table that does not fit."""
HIDDEN = "…"
"""Stands for a part of a key that is personal data, as a phone."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One row that stays with us: its key, version and content's number, and why (SQLSTATE; 413 for one too large)."""

    key: Key
    mark: Mark
    code: str


@dataclass(frozen=True, slots=True)
class Written:
    """What one upsert did: rows that the database took, and those it refused."""

    rows: int = 0
    refused: tuple[RefusedRow, ...] = ()


def is_refusal(code: str) -> bool:
    """Whether a code speaks of a row's content and not of the table, the key or the server."""
    return len(code) == 5 and code[:2] in ("22", "23")


def refused_row(table: Table, rows: pa.Table, place: int, code: str) -> RefusedRow:
    """The row at this place, as it is remembered."""
    [(key, mark)] = marks(table, rows.slice(place, 1)).items()
    return RefusedRow(key, mark, code)


def check_refused(tenant: str, name: str, refused: Sequence[RefusedRow]) -> None:
    """Stop where too much of the table `name` is refused to call it single rows.

    Raises:
        IntegrationError: `supabase.rows_refused`.
    """
    if len(refused) > MAX_REFUSED:
        codes = codes_of(refused)
        raise IntegrationError(
            "supabase.rows_refused",
            Sentence(
                f"Supabase не принимает строки таблицы {name} (коды {codes}).",
                f"Supabase takes no rows of the table {name} (codes {codes}).",
            ),
            Sentence(
                "Уберите с наших таблиц свои ограничения и изменения колонок и запустите загрузку снова.",
                "Remove constraints and changed columns of your own from our tables and load again.",
            ),
            tenant=tenant,
            integration="supabase",
            detail=f"{name}: {codes}",
        )


def codes_of(refused: Iterable[RefusedRow]) -> str:
    return ", ".join(sorted({row.code for row in refused}))


def shown_key(table: Table, key: Key) -> dict[str, str]:
    """The key as people and logs may see it."""
    return {
        name: HIDDEN if name in table.personal_columns else value for name, value in zip(table.key, key, strict=True)
    }


def keys_table(table: Table, refused: Sequence[RefusedRow]) -> pa.Table:
    """Their keys as the columns that a writer asks for."""
    kinds = {column.name: column.type for column in table.columns}
    texts = zip(*(row.key for row in refused), strict=True)
    arrays = [
        pa.array(list(values), pa.string()).cast(kinds[name]) for name, values in zip(table.key, texts, strict=True)
    ]
    return pa.table(dict(zip(table.key, arrays, strict=True)))
