"""The data dictionary, made of the table registry: `python -m synkro_resources.dictionary > docs/data.md`."""

from __future__ import annotations

import sys

import pyarrow as pa

from synkro_resources.model.tables import INSTANT, TABLES, Column, Layout, Table

INTRO = """# Data dictionary

Made by `python -m synkro_resources.dictionary > docs/data.md` from `synkro_resources/model/tables`; a test compares.
Every table is declared there once: the lake's files, the check of their schema, Dagster's column metadata, the client's
database and this page follow. Times are UTC, money is whole roubles as the CRM gives it. «PII» marks personal data.

| Layout | What a day's file holds |
|---|---|
| fact | what happened on that local day |
| entity | changes of that day; `baseline` before the first load; `current`: the newest version per key |
| snapshot | the state read now, in the newest day of a run; `current` |
| derived | what was known at the day's end; the newest day per key is in force |
"""
TYPES: dict[pa.DataType, str] = {
    pa.string(): "text",
    pa.int64(): "integer",
    pa.int32(): "integer",
    pa.float64(): "number",
    pa.bool_(): "yes/no",
    pa.date32(): "date",
    INSTANT: "instant",
}
"""What a column's type is called; the cabinet translates these words."""
_PARTS = (
    ("normalized/", "Normalised tables"),
    ("analysis/", "Labels"),
    ("amocrm/", "Raw: amoCRM"),
    ("radist/", "Raw: Radist"),
)


def dictionary() -> str:
    """The whole page."""
    parts = [INTRO]
    for prefix, title in _PARTS:
        parts.append(f"## {title}\n")
        parts += [_table(table) for name, table in sorted(TABLES.items()) if name.startswith(prefix)]
    return "\n".join(parts)


def _table(table: Table) -> str:
    kept = "entity" if table.layout is Layout.ENTITY else str(table.layout)
    told = [f"Layout: {kept}", f"key: {', '.join(table.key)}", f"source: {table.source}"]
    if table.warehouse:
        told.append(f"in the client's database: `{table.warehouse}`")
    head = ["| Column | Type | Unit | PII | Русский | English |", "|---|---|---|---|---|---|"]
    rows = [_column(column) for column in table.columns]
    return "\n".join([f"### {table.name}\n", f"{table.en}. {table.ru}.\n", f"{'; '.join(told)}.\n", *head, *rows, ""])


def _column(column: Column) -> str:
    required = "" if column.required else ", may be empty"
    personal = "PII" if column.personal else ""
    kind = f"{TYPES[column.type]}{required}"
    return f"| `{column.name}` | {kind} | {column.unit} | {personal} | {column.ru} | {column.en} |"


if __name__ == "__main__":
    sys.stdout.write(dictionary())
