"""Arrow tables as pandas frames whose ids stay whole and whose empty cells stay empty."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from datetime import UTC, datetime
from typing import cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_TYPES: dict[pa.DataType, pd.api.extensions.ExtensionDtype] = {
    pa.int64(): pd.Int64Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}
"""pandas' own integers turn to floats at the first empty cell, and an amoCRM id is not a float."""


def as_frame(table: pa.Table) -> pd.DataFrame:
    """The table as a frame with nullable integers and flags, and UTC instants.

    The instants bear `datetime.UTC`, as all others here do: with Arrow's own zone object each comparison takes a
    hundred times as long, for Python asks both sides for their offset.
    """
    frame = table.to_pandas(types_mapper=_TYPES.get, timestamp_as_object=False)
    for column in table.schema:
        if pa.types.is_timestamp(column.type) and column.type.tz is not None:
            frame[column.name] = frame[column.name].dt.tz_convert(UTC)
    return frame


def among(column: pd.Series, wanted: pd.Series) -> pd.Series:
    """Which texts of a column stand in another one, an empty one in none: by Arrow, where pandas walks through both."""
    if column.empty or wanted.empty:
        return pd.Series(False, index=column.index)
    texts, known = (pa.array(side, pa.string(), from_pandas=True) for side in (column, wanted.dropna()))
    return pd.Series(np.asarray(pc.is_in(texts, value_set=known)), index=column.index)


def records(frame: pd.DataFrame) -> Iterator[Mapping[str, object]]:
    """Rows as mappings of plain Python values; every kind of missing value is None."""
    columns = [str(name) for name in frame.columns]
    lists = [values(frame[name]) for name in columns]
    for row in zip(*lists, strict=True):
        yield dict(zip(columns, row, strict=True))


def values(column: pd.Series) -> list[object]:
    """A column as plain Python values; every kind of missing value is None."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        found = np.array(column.dt.to_pydatetime(), dtype=object)
    elif column.dtype == object:
        return [plain(value) for value in column.tolist()]
    else:
        found = np.array(column.to_numpy(dtype=object))
    found[column.isna().to_numpy(dtype=bool)] = None
    return found.tolist()


def plain(value: object) -> object:
    """One cell as a plain value; NaN, NaT and NA are None."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value


def whole(value: object) -> int | None:
    """A cell that holds an id, an amount or nothing."""
    cell = plain(value)
    return None if cell is None else int(cast(int, cell))


def real(value: object) -> float | None:
    """A cell that holds a number or nothing."""
    cell = plain(value)
    return None if cell is None else float(cast(float, cell))


def moment(value: object) -> datetime | None:
    """A cell that holds an instant or nothing."""
    return cast("datetime | None", plain(value))


def text(value: object) -> str | None:
    """A cell that holds a text or nothing."""
    cell = plain(value)
    return None if cell is None else str(cell)


def by_key(frame: pd.DataFrame, key: str) -> dict[Hashable, Mapping[str, object]]:
    """Rows by the value of `key`; the last one wins."""
    return {cast(Hashable, row[key]): row for row in records(frame)}
