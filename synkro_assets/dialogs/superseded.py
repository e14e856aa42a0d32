"""Episodes and turns that late messages have joined or moved: kept in their day, and marked (docs/metrics.md)."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from synkro_resources.model.tables import DAY_COLUMN, Table


def with_superseded(derived: pa.Table, stored: pa.Table, table: Table, now: datetime) -> pa.Table:
    """`derived` and those rows of `stored` that it no longer holds, marked with `now` unless they were marked before.

    Both tables are of the same days and carry the day column. What was analysed of a superseded episode stays readable
    by its key; whoever counts leaves these rows out.
    """
    keys = [DAY_COLUMN, *table.key]
    gone = stored.join(derived.select(keys), keys=keys, join_type="left anti").select(stored.column_names)
    if gone.num_rows == 0:
        return derived
    marks = pc.coalesce(gone.column("superseded_at"), pa.scalar(now, gone.schema.field("superseded_at").type))
    place = gone.schema.get_field_index("superseded_at")
    marked = gone.set_column(place, gone.schema.field(place), marks).sort_by([(name, "ascending") for name in keys])
    return pa.concat_tables([derived, marked.select(derived.column_names).cast(derived.schema)])


def in_force(rows: pa.Table) -> pa.Table:
    """The rows that are not superseded."""
    return rows.filter(pc.is_null(rows.column("superseded_at")))
