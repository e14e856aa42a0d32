"""Keeping what a comparison found, and saying it to people."""

from __future__ import annotations

from datetime import datetime

from synkro_resources.control.database import Database
from synkro_resources.control.warehouse_checks import WarehouseCheck, save_warehouse_check
from synkro_resources.model.errors import Sentence, TransientError
from synkro_resources.supabase.verify import Comparison
from synkro_resources.supabase.writer import warehouse_name

NAMED_VERSIONS = 20


def store_comparison(control: Database, tenant: str, found: Comparison, now: datetime) -> None:
    """The newest comparison of the table, for the cabinet and the command line."""
    check = WarehouseCheck(
        warehouse_name(found.table), now, found.rows_lake, found.rows_client, found.rows_resent, found.verdict
    )
    versions = [version.isoformat() for version in found.differing[:NAMED_VERSIONS]]
    save_warehouse_check(control, tenant, check, {"versions": versions, "more": len(found.differing) > NAMED_VERSIONS})


def differs(tenant: str, found: Comparison) -> TransientError:
    """The client's table does not hold what it was sent, although nothing failed."""
    name = warehouse_name(found.table)
    return TransientError(
        "supabase.differs",
        Sentence(
            f"В Supabase таблица {name} отличается от наших данных даже после повторной отправки.",
            f"The Supabase table {name} differs from our data even after sending again.",
        ),
        Sentence(
            "Проверьте, не меняет ли эти строки кто-то ещё (триггеры, правила), и запустите загрузку снова.",
            "See whether anything else changes these rows (triggers, rules), and load again.",
        ),
        tenant=tenant,
        integration="supabase",
        detail=name,
    )
