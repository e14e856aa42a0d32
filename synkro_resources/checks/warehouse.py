"""What both ways into the client's Supabase have to tell: schema version, tables, the row that was written."""

from __future__ import annotations

from collections.abc import Iterable

from synkro_resources.checks.parts import ok
from synkro_resources.control.integrations import CheckFinding, CheckStatus
from synkro_resources.model.errors import Sentence
from synkro_resources.model.tables import WAREHOUSE_TABLES
from synkro_resources.supabase.ddl import SCHEMA_VERSION
from synkro_resources.supabase.errors import explain

RUN_SQL = Sentence(
    "Откройте «Настройки → Supabase», скопируйте SQL и выполните его в SQL Editor.",
    "Open Settings → Supabase, copy the SQL and run it in the SQL editor.",
)


def schema_finding(name: str, version: int | None, status: CheckStatus) -> CheckFinding:
    if version is None or version < SCHEMA_VERSION:
        return old_schema(name, version, status)
    return ok(name, f"Версия схемы: {version}.", f"Schema version: {version}.")


def old_schema(name: str, version: int | None, status: CheckStatus) -> CheckFinding:
    what = (
        Sentence(
            f"Таблиц Synkro в проекте нет, нужна версия {SCHEMA_VERSION}.",
            f"Synkro's tables are not in the project, version {SCHEMA_VERSION} is needed.",
        )
        if version is None
        else Sentence(
            f"Версия схемы {version}, а нужна {SCHEMA_VERSION}.",
            f"The schema version is {version}, {SCHEMA_VERSION} is needed.",
        )
    )
    return CheckFinding(name, status, what, RUN_SQL, "supabase.schema_version")


def tables_finding(name: str, faults: dict[str, list[str]]) -> Iterable[CheckFinding]:
    """One finding for all tables: the first kind of fault decides the code, every faulty table is named."""
    if not faults:
        count = len(WAREHOUSE_TABLES)
        yield ok(name, f"Все таблицы на месте: {count}.", f"All {count} tables are there.")
        return
    code = next(iter(faults))
    listed = ", ".join(table for tables in faults.values() for table in tables)
    error = explain(code, status=None, tenant="", table="")
    what = Sentence(f"{error.what.ru} Таблицы: {listed}.", f"{error.what.en} Tables: {listed}.")
    yield CheckFinding(name, "broken", what, error.remedy, error.code)


def written_finding(name: str, read_back: bool, status: CheckStatus) -> CheckFinding:
    if read_back:
        return ok(
            name,
            "Пробная строка записана, прочитана и удалена.",
            "A test row was written, read back and deleted.",
        )
    return CheckFinding(
        name,
        status,
        Sentence("Пробная строка записана, но не читается.", "A test row was written but cannot be read."),
        Sentence("Проверьте права и политики таблицы synkro_check.", "Check the rights and policies of synkro_check."),
    )
