"""How the registry's types are called in the client's database."""

from __future__ import annotations

import pyarrow as pa

PG_TYPES: dict[pa.DataType, str] = {
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float64(): "double precision",
    pa.string(): "text",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.timestamp("us", tz="UTC"): "timestamptz",
}
