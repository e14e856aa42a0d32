"""Folding versions of rows into one: which of several stored versions of a row (or group of rows) is in force."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_ARRIVAL = "__arrival"


def newest_rows(older: pa.Table, newer: pa.Table, *, key: tuple[str, ...]) -> pa.Table:
    """Both tables' rows, one per `key`; where both hold a key, `newer` wins. Sorted: equal input, equal bytes."""
    return _last_arrived(_with_arrival(older, newer), key).drop_columns([_ARRIVAL])


def fold(older: pa.Table, newer: pa.Table, *, key: tuple[str, ...], group: tuple[str, ...], version: str) -> pa.Table:
    """Per `group` keep the rows of its highest `version`, one per `key` (the later arrival on a tie), sorted by key.

    A group is what the vendor replaces as a whole: all contacts of a deal change together when the deal changes.
    """
    rows = _with_arrival(older, newer)
    if rows.num_rows == 0:
        return rows.drop_columns([_ARRIVAL])
    newest = rows.group_by(list(group)).aggregate([(version, "max")]).rename_columns([*group, "__newest"])
    joined = rows.join(newest, keys=list(group), join_type="inner")
    in_force = joined.filter(pc.equal(joined.column(version), joined.column("__newest"))).drop_columns(["__newest"])
    return _last_arrived(in_force.select(rows.column_names), key).drop_columns([_ARRIVAL])


def _with_arrival(older: pa.Table, newer: pa.Table) -> pa.Table:
    parts = [
        part.append_column(_ARRIVAL, pa.array(np.full(part.num_rows, order, dtype=np.int8)))
        for order, part in enumerate((older, newer))
    ]
    return pa.concat_tables(parts)


def _last_arrived(rows: pa.Table, key: tuple[str, ...]) -> pa.Table:
    """Rows sorted by key, of each key only the one that arrived last."""
    if rows.num_rows == 0:
        return rows
    ordered = rows.sort_by([*((name, "ascending") for name in key), (_ARRIVAL, "ascending")])
    return ordered.filter(is_last_of_key(ordered, key)).combine_chunks()


def is_last_of_key(ordered: pa.Table, key: Sequence[str]) -> pa.Array:
    """For rows ordered by `key`: whether the next row has another key."""
    is_last = np.ones(ordered.num_rows, dtype=bool)
    if ordered.num_rows > 1:
        same = np.ones(ordered.num_rows - 1, dtype=bool)
        for name in key:
            column = ordered.column(name).combine_chunks()
            equal = pc.equal(column.slice(0, len(column) - 1), column.slice(1))
            same &= np.asarray(equal.fill_null(False).to_numpy(zero_copy_only=False), dtype=bool)
        is_last[:-1] = ~same
    return pa.array(is_last)
