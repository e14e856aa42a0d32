"""How many rows lie where: given by the sources, stored in the lake, and held by the client's Supabase."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pyarrow.parquet as pq

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.rights import EVERYBODY, require_state
from synkro_resources.control.data_days import SourceCounts, source_counts
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.warehouse_checks import WarehouseCheck, warehouse_checks
from synkro_resources.lake import Lake
from synkro_resources.model.period import Period
from synkro_resources.model.tables import TABLES, WAREHOUSE_TABLES, Table


@dataclass(frozen=True, slots=True)
class Counts:
    """`sources` over the period; `compared` as Supabase was compared the last time, by table of ours.

    `lake`: rows of a single day's files by table; None for a longer period, whose files are too many to open.
    """

    sources: tuple[SourceCounts, ...]
    lake: Mapping[str, int] | None
    compared: Mapping[str, WarehouseCheck]


def counts(place: Installation, user: SessionUser, tenant: str, period: Period) -> Counts:
    """The counts of a period of local days.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_state(user, tenant, EVERYBODY)
    found = source_counts(place.control, tenant, period.first_day, period.last_day)
    order = {name: place for place, name in enumerate(TABLES)}
    sources = sorted(found, key=lambda item: order.get(item.table, len(order)))
    by_client_name = {table.warehouse: table.name for table in WAREHOUSE_TABLES}
    compared = {
        by_client_name[check.table_name]: check
        for check in warehouse_checks(place.control, tenant)
        if check.table_name in by_client_name
    }
    lake = _rows_of_day(place, tenant, period.first_day) if period.first_day == period.last_day else None
    return Counts(tuple(sources), lake, compared)


def _rows_of_day(place: Installation, tenant: str, day: date) -> dict[str, int]:
    """From the files' footers alone; tables without a file of the day are absent."""
    lake = Lake(place.settings.lake_root)
    return {table.name: rows for table in WAREHOUSE_TABLES if (rows := _rows(lake, table, tenant, day)) is not None}


def _rows(lake: Lake, table: Table, tenant: str, day: date) -> int | None:
    path = lake.path(table, tenant, day)
    try:
        with path.open("rb") as file:
            return int(pq.read_metadata(file).num_rows)
    except FileNotFoundError:
        return None
