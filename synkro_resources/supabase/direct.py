"""The direct write path: COPY into a temporary table, then one upsert, in one transaction per table."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime

import numpy as np
import psycopg2
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as Cursor
from pydantic import SecretStr

from synkro_resources.model.errors import SynkroError
from synkro_resources.model.tables import Table
from synkro_resources.supabase.column_types import PG_TYPES
from synkro_resources.supabase.errors import TOO_SLOW, explain, too_slow, unreachable
from synkro_resources.supabase.fingerprints import Fingerprint, Key, Mark, marks_sql, sql
from synkro_resources.supabase.opening import open_database
from synkro_resources.supabase.refusals import RefusedRow, Written, check_refused, is_refusal, refused_row
from synkro_resources.supabase.writer import check_schema_name, newest_versions, warehouse_name

CONNECT_TIMEOUT_S = 10
STATEMENT_TIMEOUT_S = 300.0
COPY_PIECE_BYTES = 1024 * 1024
"""What one message to the server holds: the driver's own 8 KiB cost more in calls than in bytes."""
TEMP_BUFFERS = "64MB"
"""Incoming rows wait in a temporary table: with the usual 8 MB the server writes them to disk first."""
FLOOR_ROWS = 1_000
"""A part of so few rows that still takes too long is not the part's fault."""
PLACE = "synkro_place"
ENDED = frozenset({"57P01", "57P02", "57P03", "08003", "08006"})


class DirectWriter:
    """Writes through a connection string, as the role `synkro_writer`, limited to our tables."""

    path = "direct"

    def __init__(
        self,
        connection_string: SecretStr,
        *,
        tenant: str,
        schema: str = "public",
        statement_timeout_s: float = STATEMENT_TIMEOUT_S,
        inside: str = "",
    ) -> None:
        self._inside = inside
        self._statement_timeout_s = statement_timeout_s
        self._dsn = connection_string
        self._tenant = tenant
        self._schema = check_schema_name(schema)
        self._connection: PgConnection | None = None

    def count(self, table: Table) -> int:
        name = warehouse_name(table)
        try:
            with self._connected() as connection, connection.cursor() as cursor:
                cursor.execute(f"select count(*) from {self._schema}.{name}")  # noqa: S608  # nosec B608  # checked names
                row = cursor.fetchone()
                return int(row[0]) if row else 0
        except psycopg2.Error as error:
            raise self._explained(error, name) from error

    def fingerprints(
        self, table: Table, since: datetime | None = None, until: datetime | None = None
    ) -> dict[datetime, Fingerprint]:
        name = warehouse_name(table)
        try:
            with self._connected() as connection, connection.cursor() as cursor:
                bounds = (since, since, until, until)
                cursor.execute(sql(table, f"{self._schema}.{name}"), bounds)
                found = cursor.fetchall()
        except psycopg2.Error as error:
            raise self._explained(error, name) from error
        return {version: Fingerprint(int(count), int(total)) for version, count, total in found}

    def marks(self, table: Table, keys: pa.Table) -> dict[Key, Mark]:
        if keys.num_rows == 0:
            return {}
        name = warehouse_name(table)
        try:
            with self._connected() as connection, connection.cursor() as cursor:
                _copy_aside(cursor, "asked", table, keys.select(list(table.key)))
                cursor.execute("analyze asked")  # a join needs to know how few they are
                cursor.execute(marks_sql(table, f"{self._schema}.{name}", "asked"))
                return {tuple(key): Mark(version, int(number)) for *key, version, number in cursor}
        except psycopg2.Error as error:
            raise self._explained(error, name) from error

    def upsert(self, table: Table, rows: pa.Table) -> Written:
        newest = newest_versions(table, rows)
        if newest.num_rows == 0:
            return Written()
        name = warehouse_name(table)
        refused: list[RefusedRow] = []
        try:
            with self._connected() as connection, connection.cursor() as cursor:
                numbered = newest.append_column(PLACE, pa.array(np.arange(newest.num_rows)))
                _copy_aside(cursor, "incoming", table, numbered)
                statement = _upsert(table, f"{self._schema}.{name}")
                for place, code in self._insert(cursor, statement, 0, newest.num_rows, name):
                    refused.append(refused_row(table, newest, place, code))
                    check_refused(self._tenant, name, refused)
        except psycopg2.Error as error:
            raise self._explained(error, name) from error
        return Written(newest.num_rows - len(refused), tuple(refused))

    def _insert(self, cursor: Cursor, statement: str, first: int, end: int, name: str) -> Iterator[tuple[int, str]]:
        """Store the incoming rows from `first` up to `end`; the places and codes of those that are refused.

        A part with a bad row, or one that takes too long, is done again in halves: the rest stays in the transaction.
        """
        cursor.execute("savepoint part")
        try:
            cursor.execute(statement, (first, end))
        except psycopg2.Error as error:
            code, size = error.pgcode or "", end - first
            if not is_refusal(code) and code not in TOO_SLOW:
                raise
            cursor.execute("rollback to savepoint part; release savepoint part")
            if is_refusal(code) and size == 1:
                yield first, code
                return
            if code in TOO_SLOW and size <= FLOOR_ROWS:
                raise too_slow(self._tenant, detail=f"{name}: {code}") from None
            cursor.execute(f"create index if not exists incoming_place on incoming ({PLACE})")
            middle = first + size // 2
            yield from self._insert(cursor, statement, first, middle, name)
            yield from self._insert(cursor, statement, middle, end, name)
        else:
            cursor.execute("release savepoint part")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> PgConnection:
        """An open connection; psycopg2's `with` commits on success and rolls back on an error."""
        if self._connection is None or self._connection.closed:
            timeout_ms = round(self._statement_timeout_s * 1000)
            self._connection = open_database(
                self._dsn,
                inside=self._inside,
                connect_timeout=CONNECT_TIMEOUT_S,
                options=f"-c statement_timeout={timeout_ms} -c temp_buffers={TEMP_BUFFERS}",
                application_name="synkro",
            )
        return self._connection

    def _explained(self, error: psycopg2.Error, table: str) -> SynkroError:
        code = error.pgcode or ""
        if not code:
            self.close()
            refused = "password authentication failed" in str(error)
            return (
                explain("28P01", status=None, tenant=self._tenant, table=table)
                if refused
                else unreachable(self._tenant, detail=table)
            )
        if code in ENDED:  # the server closed the connection, the next call opens another
            self.close()
        return explain(code, status=None, tenant=self._tenant, table=table)


def _copy_aside(cursor: Cursor, aside: str, table: Table, rows: pa.Table) -> None:
    """Fill a temporary table of the registry's types, so that the client's own rules are met row by row later."""
    kinds = {column.name: PG_TYPES[column.type] for column in table.columns} | {PLACE: "bigint"}
    columns = ", ".join(f"{name} {kinds[name]}" for name in rows.column_names)
    cursor.execute(f"create temporary table {aside} ({columns}) on commit drop")
    statement = f"copy {aside} ({', '.join(rows.column_names)}) from stdin with (format csv)"
    cursor.copy_expert(statement, as_csv(rows), size=COPY_PIECE_BYTES)


def as_csv(rows: pa.Table) -> io.BytesIO:
    """CSV in which an empty unquoted field is NULL and a quoted one an empty text; NUL characters removed."""
    cleaned = rows.from_arrays([_without_nul(rows.column(name)) for name in rows.column_names], schema=rows.schema)
    buffer = io.BytesIO()
    pacsv.write_csv(cleaned, buffer, pacsv.WriteOptions(include_header=False, quoting_style="all_valid"))
    buffer.seek(0)
    return buffer


def _without_nul(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if column.type != pa.string() or not pc.any(pc.match_substring(column, "\x00")).as_py():
        return column
    return pc.replace_substring(column, "\x00", "")


def _upsert(table: Table, target: str) -> str:
    """The statement that stores a range of places of the incoming rows."""
    columns = [column.name for column in table.columns]
    updates = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in table.key)
    listed = ", ".join(columns)
    return (
        f"insert into {target} ({listed}) select {listed} from incoming where {PLACE} >= %s and {PLACE} < %s "  # noqa: S608  # names from our registry
        f"on conflict ({', '.join(table.key)}) do update set {updates}"
    )
