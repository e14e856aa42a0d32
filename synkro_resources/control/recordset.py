"""Many rows in one statement: as one JSON document that PostgreSQL takes apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson
from sqlalchemy import Select, Table, Text, cast, column, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB


def given_rows(table: Table, rows: Sequence[Mapping[str, object]]) -> tuple[list[str], Select[tuple[object, ...]]]:
    """The names of the rows' columns and a query that gives the rows, for `insert(table).from_select`.

    Binding each cell costs five times as much, and so does a round trip per row; the statement is the same for any
    number of rows. `rows`: at least one, all with the same columns of `table`.
    """
    names = list(rows[0])
    document = orjson.dumps(list(rows), option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS).decode()
    source = (
        func.jsonb_to_recordset(cast(literal(document, Text), JSONB))
        .table_valued(*(column(name, table.c[name].type) for name in names))
        .render_derived(name="given", with_types=True)
    )
    return names, select(*(source.c[name] for name in names))
