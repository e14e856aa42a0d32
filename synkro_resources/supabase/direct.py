"""The direct write path: COPY into a temporary table, then one upsert, in one transaction per table."""

from __future__ import annotations

import io
from datetime import datetime

import psycopg2
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from psycopg2.extensions import connection as PgConnection
from pydantic import SecretStr

from synkro_resources.model.errors import SynkroError
from synkro_resources.model.tables import Table
from synkro_resources.supabase.errors import explain, unreachable
from synkro_resources.supabase.fingerprints import Fingerprint, sql
from synkro_resources.supabase.writer import check_schema_name, newest_versions, warehouse_name

CONNECT_TIMEOUT_S = 10
STATEMENT_TIMEOUT_S = 300
ENDED = frozenset({"57P01", "57P02", "57P03", "08003", "08006"})


class DirectWriter:
    """Writes through a connection string, as the role `synkro_writer`, limited to our tables."""

    path = "direct"

    def __init__(self, connection_string: SecretStr, *, tenant: str, schema: str = "public") -> None:
        self._dsn = connection_string
        self._tenant = tenant
        self._schema = check_schema_name(schema)
        self._connection: PgConnection | None = None

    def count(self, table: Table) -> int:
        name = warehouse_name(table)
        try:
            with self._connected() as connection, connection.cursor() as cursor:
                cursor.execute(f"select count(*) from {self._schema}.{name}")  # noqa: S608  # checked names only
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

    def upsert(self, table: Table, rows: pa.Table) -> int:
        newest = newest_versions(table, rows)
        if newest.num_rows == 0:
            return 0
        name = warehouse_name(table)
        try:
            with self._connected() as connection, connection.cursor() as cursor:
                cursor.execute(
                    f"create temporary table incoming (like {self._schema}.{name} including defaults) on commit drop"
                )
                columns = ", ".join(newest.column_names)
                cursor.copy_expert(f"copy incoming ({columns}) from stdin with (format csv)", _as_csv(newest))
                cursor.execute(_upsert(table, f"{self._schema}.{name}", newest.column_names))
        except psycopg2.Error as error:
            raise self._explained(error, name) from error
        return newest.num_rows

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> PgConnection:
        """An open connection; psycopg2's `with` commits on success and rolls back on an error."""
        if self._connection is None or self._connection.closed:
            self._connection = psycopg2.connect(
                self._dsn.get_secret_value().replace("postgresql+psycopg2://", "postgresql://"),
                connect_timeout=CONNECT_TIMEOUT_S,
                options=f"-c statement_timeout={STATEMENT_TIMEOUT_S * 1000}",
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


def _as_csv(rows: pa.Table) -> io.BytesIO:
    """CSV in which an empty unquoted field is NULL and a quoted one an empty text; NUL characters removed."""
    cleaned = rows.from_arrays([_without_nul(rows.column(name)) for name in rows.column_names], schema=rows.schema)
    buffer = io.BytesIO()
    pacsv.write_csv(cleaned, buffer, pacsv.WriteOptions(include_header=False, quoting_style="all_valid"))
    buffer.seek(0)
    return buffer


def _without_nul(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if column.type != pa.string():
        return column
    return pc.replace_substring(column, "\x00", "")


def _upsert(table: Table, target: str, columns: list[str]) -> str:
    keys = set(table.key)
    updates = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in keys)
    listed = ", ".join(columns)
    return (
        f"insert into {target} ({listed}) select {listed} from incoming "  # noqa: S608  # names from our registry
        f"on conflict ({', '.join(table.key)}) do update set {updates}"
    )
