"""What a tenant has: rows of the lake, of its Supabase, its labels; and how one state differs from another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg2
from sqlalchemy import text

from bench.vendors import digest, expected
from faults.place import Place
from synkro_resources.control.database import Database
from synkro_resources.control.outbox import Delivery
from synkro_resources.lake import Lake
from synkro_resources.model.tables import DAY_COLUMN, TABLES
from synkro_resources.model.tables.schema import Table
from synkro_resources.sandbox.world.model import World

Rows = dict[str, Counter[str]]
"""By table: each row as a text, and how often it is there."""

OF_THE_LOAD = ("source_updated_at",)
"""Columns that tell when something was derived and not what."""
ANALYSES = ("finding", "finding_drop", "episode_analysis_day", "episode_analysis", "ai_call")


def lake_rows(lake: Lake, slug: str, layer: str) -> Rows:
    """Every row of the tables of a layer, of every stored day."""
    found: Rows = {}
    for table in _tables(layer):
        stored = lake.read_days(table, slug, lake.days(table, slug), missing_ok=True)
        kept = [name for name in stored.schema.names if name not in (*OF_THE_LOAD, DAY_COLUMN)]
        found[table.name] = Counter(_line(row, kept) for row in stored.to_pylist())
    return found


def erase_lake(lake: Lake, slug: str, layer: str) -> None:
    for table in _tables(layer):
        lake.erase_tenant(table, slug)


def project_rows(address: str) -> Rows:
    """Every row of our tables in the client's database."""
    found: Rows = {}
    with psycopg2.connect(address.replace("+psycopg2", "")) as connection, connection.cursor() as cursor:
        for name in _project_tables(cursor):
            cursor.execute(f'select * from "{name}"')
            columns = [column.name for column in cursor.description or ()]
            kept = [column for column in columns if column not in OF_THE_LOAD]
            found[name] = Counter(_line(dict(zip(columns, row, strict=True)), kept) for row in cursor.fetchall())
    connection.close()
    return found


def empty_project(address: str) -> None:
    with psycopg2.connect(address.replace("+psycopg2", "")) as connection, connection.cursor() as cursor:
        for name in _project_tables(cursor):
            cursor.execute(f'truncate "{name}"')
    connection.close()


VALUE, NOT_JUDGED = 4, "-"


def labels(control: Database, slug: str) -> Rows:
    """The answers on which the tenant's days stand, their findings, and how sure each of these is.

    A finding that a model got right only when it was told of its slip is as true as the others, and less sure. What was
    not judged claims nothing.
    """
    answers = text(
        "select d.day, d.episode_key, a.status, a.variant, a.answer::text from episode_analysis_day d "
        "join episode_analysis a using (tenant, analysis_key)"
    )
    findings = text(
        "select d.day, d.episode_key, f.type, f.code, f.value, f.quote_masked, f.band from episode_analysis_day d "
        "join finding f using (tenant, analysis_key)"
    )
    with control.tenant(slug) as connection:
        found = [tuple(row) for row in connection.execute(findings)]
        return {
            "answers": Counter(str(tuple(row)) for row in connection.execute(answers)),
            "findings": Counter(str(row[:-1]) for row in found),
            "claims": Counter(str(row[:-1]) for row in found if row[VALUE] != NOT_JUDGED),
            "bands": Counter(str(row) for row in found),
        }


def forget_labels(place: Place, slug: str) -> None:
    address = place.settings.control_url.replace("+psycopg2", "")
    with psycopg2.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("set row_security = off")
        for name in ANALYSES:
            cursor.execute(f"delete from {name} where tenant = %s", (slug,))
    connection.close()


def difference(expected: Mapping[str, Counter[str]], found: Mapping[str, Counter[str]]) -> str:
    """What is missing or too much, in words; empty if nothing is."""
    told = list[str]()
    for name, rows in expected.items():
        missing, extra = rows - found.get(name, Counter()), found.get(name, Counter()) - rows
        if missing or extra:
            told.append(f"{name}: нет {missing.total()}, лишних {extra.total()}")
    return "; ".join(told)


def planted_difference(world: World, lake: Lake, slug: str) -> str:
    """Stored against planted: ids of what has a present state, rows per day of what happens; empty if all is there."""
    told = list[str]()
    days = lake.days(TABLES["amocrm/events"], slug)
    for name, wanted in expected(world, min(days), max(days)).items() if days else ():
        table = TABLES[name]
        if isinstance(wanted, dict):
            counts = {day.isoformat(): lake.read_days(table, slug, [day]).num_rows for day in days}
            found: object = {day: rows for day, rows in counts.items() if rows}
        else:
            ids = lake.read_current(table, slug, columns=["id"]).column("id").to_pylist()
            found = [len(ids), digest(map(str, ids))]
        if found != wanted:
            told.append(f"{name}: есть {found}, заложено {wanted}")
    return "; ".join(told) if days else "данных нет"


def chat_difference(parts: Sequence[Delivery], messages: Sequence[Mapping[str, Any]]) -> str:
    """What the chat lacks or holds twice of a report's parts; empty if each lies there once."""
    texts = Counter(str(message.get("text") or message.get("caption") or "") for message in messages)
    doubled = sum(count - 1 for count in texts.values())
    newest = max((part.revision for part in parts), default=0)
    wanted = [part for part in parts if part.revision == newest and part.state != "cancelled"]
    unsent = [part.state for part in wanted if part.state != "sent"]
    told = [f"удвоено сообщений: {doubled}"] if doubled else []
    told += [f"не дошло: {', '.join(unsent) or 'нет частей'}"] if unsent or not wanted else []
    told += [f"в чате {len(messages)} из {len(wanted)}"] if len(messages) < len(wanted) else []
    return "; ".join(told)


def _tables(layer: str) -> Iterable[Table]:
    return [table for table in TABLES.values() if table.name.startswith(f"{layer}/")]


def _project_tables(cursor: Any) -> list[str]:
    cursor.execute(
        "select tablename from pg_tables where schemaname = 'public' and tablename like 'synkro\\_%' "
        "and tablename not in ('synkro_schema_version', 'synkro_check')"
    )
    return sorted(str(row[0]) for row in cursor.fetchall())


def _line(row: Mapping[str, object], kept: Iterable[str]) -> str:
    return str([row[name] for name in kept])
