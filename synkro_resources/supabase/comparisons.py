"""Keeping what a comparison found, and saying it to people."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import cast

from synkro_resources.control.database import Database
from synkro_resources.control.warehouse_checks import WarehouseCheck, check_details, save_warehouse_check
from synkro_resources.model.errors import IntegrationError, Sentence, TransientError
from synkro_resources.model.tables import Table
from synkro_resources.supabase.fingerprints import Mark
from synkro_resources.supabase.refusals import RefusedRow, codes_of, keys_table
from synkro_resources.supabase.verify import Comparison
from synkro_resources.supabase.writer import WarehouseWriter, warehouse_name

NAMED_VERSIONS = 20
KEPT_REFUSED = 1_000


def store_comparison(
    control: Database, tenant: str, found: Comparison, now: datetime, *, elsewhere: Collection[RefusedRow] = ()
) -> None:
    """The newest comparison of the table, for the cabinet and the command line.

    `elsewhere`: rows known as refused that this comparison was not about, because it was about some days.
    """
    name = warehouse_name(found.table)
    refused = {row.key: row for row in (*elsewhere, *found.refused)}
    check = WarehouseCheck(
        name, now, found.rows_lake, found.rows_client, found.rows_resent, found.verdict, found.rows_beyond, len(refused)
    )
    versions = [version.isoformat() for version in found.differing[:NAMED_VERSIONS]]
    details: dict[str, object] = {
        "versions": versions,
        "more": len(found.differing) > NAMED_VERSIONS,
        "refused_rows": [
            [*row.key, row.mark.version.isoformat(), row.mark.number, row.code]
            for row in list(refused.values())[-KEPT_REFUSED:]
        ],
    }
    save_warehouse_check(control, tenant, check, details)


def known_refused(control: Database, tenant: str, table: Table) -> list[RefusedRow]:
    """The rows that the last comparisons found refused; one that has changed since is another row."""
    stored = check_details(control, tenant, warehouse_name(table)).get("refused_rows", [])
    return [
        RefusedRow(tuple(map(str, key)), Mark(datetime.fromisoformat(str(version)), int(number)), str(code))
        for *key, version, number, code in cast("list[list[str | int]]", stored)
    ]


def still_refused(control: Database, tenant: str, table: Table, writer: WarehouseWriter) -> list[RefusedRow]:
    """Those known refused rows that the client still does not hold, neither so nor newer."""
    known = known_refused(control, tenant, table)
    if not known:
        return []
    held = writer.marks(table, keys_table(table, known))
    return [row for row in known if row.key not in held or held[row.key].version < row.mark.version]


def rows_refused(tenant: str, table: Table, refused: Collection[RefusedRow]) -> IntegrationError:
    """Some rows stay with us because the client's database does not take them: a warning, not a failure."""
    name, codes = warehouse_name(table), codes_of(refused)
    return IntegrationError(
        "supabase.rows_aside",
        Sentence(
            f"Supabase не принял строк: {len(refused)}, таблица {name} (коды {codes}); остальные записаны.",
            f"Supabase refused {len(refused)} rows of the table {name} (codes {codes}); the others are stored.",
        ),
        Sentence(
            "Данные сохранены у нас. Проверьте свои ограничения на этой таблице и запустите загрузку дня снова.",
            "The data are safe with us. Check your own constraints on this table and load the day again.",
        ),
        tenant=tenant,
        integration="supabase",
        detail=f"{name}: {codes}",
    )


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
