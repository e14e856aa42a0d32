"""The registry of tables: it feeds the Parquet writer, the schema check, the Supabase DDL and the data dictionary."""

from __future__ import annotations

from synkro_resources.model.tables.analysis import ANALYSIS_TABLES
from synkro_resources.model.tables.cards import CARD_TABLES
from synkro_resources.model.tables.crm import CRM_TABLES
from synkro_resources.model.tables.dialogs import DIALOG_TABLES
from synkro_resources.model.tables.raw import OPTIONAL_RAW_TABLES, RAW_TABLES
from synkro_resources.model.tables.schema import DAY_COLUMN, INSTANT, Column, Layout, Table

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        *RAW_TABLES,
        *OPTIONAL_RAW_TABLES,
        *CRM_TABLES,
        *CARD_TABLES,
        *DIALOG_TABLES,
        *ANALYSIS_TABLES,
    )
}
WAREHOUSE_TABLES: tuple[Table, ...] = tuple(table for table in TABLES.values() if table.warehouse)

__all__ = ["DAY_COLUMN", "INSTANT", "TABLES", "WAREHOUSE_TABLES", "Column", "Layout", "Table"]
