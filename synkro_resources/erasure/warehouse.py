"""Deleting our rows from a client's Supabase: always by a filter on our own columns, in batches that end in seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

import httpx
import psycopg2
from postgrest.exceptions import APIError
from pydantic import SecretStr
from supabase import Client, ClientOptions, create_client

from synkro_resources.http.guarded import guarded_client
from synkro_resources.model.tables import Table
from synkro_resources.platform import Connection
from synkro_resources.supabase.errors import explain, unreachable
from synkro_resources.supabase.opening import open_database
from synkro_resources.supabase.writer import check_schema_name, warehouse_name

BATCH_KEYS = 200
"""Keys in one request: they are part of the address, which proxies cut at about 8 kB."""

TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 10
Key = str | int


class WarehouseEraser(Protocol):
    """Deletes rows of our tables. Repeating is harmless.

    Raises:
        TransientError: unreachable. IntegrationError: the key or role may not delete, or the table is missing.
    """

    def delete_where(self, table: Table, column: str, values: Iterable[Key]) -> int: ...
    def delete_all(self, table: Table) -> int: ...
    def close(self) -> None: ...


class RestEraser:
    """Through the project's API with the secret key, which the schema lets delete."""

    def __init__(self, url: str, key: SecretStr, *, tenant: str, schema: str = "public", inside: str = "") -> None:
        self._tenant = tenant
        self._http = guarded_client(inside=inside, timeout=httpx.Timeout(TIMEOUT_S, connect=CONNECT_TIMEOUT_S))
        options = ClientOptions(httpx_client=self._http, schema=check_schema_name(schema), auto_refresh_token=False)
        self._client: Client = create_client(url, key.get_secret_value(), options)

    def delete_where(self, table: Table, column: str, values: Iterable[Key]) -> int:
        return sum(self._delete(table, column, batch) for batch in _batches(values))

    def delete_all(self, table: Table) -> int:
        """Batch by batch of the first key column, until an answer is empty."""
        name, column, deleted = warehouse_name(table), table.key[0], 0
        while True:
            try:
                found = self._client.table(name).select(column).order(column).limit(BATCH_KEYS).execute().data
            except (APIError, httpx.HTTPError) as failure:
                raise self._explained(failure, name) from None
            keys = [row[column] for row in found if isinstance(row, dict)]
            if not keys:
                return deleted
            deleted += self._delete(table, column, list(dict.fromkeys(str(key) for key in keys)))

    def close(self) -> None:
        self._http.close()

    def _delete(self, table: Table, column: str, values: Sequence[Key]) -> int:
        name = warehouse_name(table)
        try:
            answer = self._client.table(name).delete().in_(column, list(values)).execute()
        except (APIError, httpx.HTTPError) as failure:
            raise self._explained(failure, name) from None  # the details hold row values
        return len(answer.data)

    def _explained(self, failure: APIError | httpx.HTTPError, name: str) -> Exception:
        if isinstance(failure, APIError):
            return explain(str(failure.code or "404"), status=None, tenant=self._tenant, table=name)
        return unreachable(self._tenant, detail=f"{name}: {type(failure).__name__}")


class DirectEraser:
    """Through the connection string. Our own role `synkro_writer` may not delete: then the client runs the SQL."""

    def __init__(self, connection_string: SecretStr, *, tenant: str, schema: str = "public", inside: str = "") -> None:
        self._inside = inside
        self._dsn = connection_string
        self._tenant = tenant
        self._schema = check_schema_name(schema)

    def delete_where(self, table: Table, column: str, values: Iterable[Key]) -> int:
        return sum(self._run(table, f"{column}::text = any(%s)", [str(v) for v in batch]) for batch in _batches(values))

    def delete_all(self, table: Table) -> int:
        return self._run(table, f"{table.key[0]} is not null", None)

    def close(self) -> None:
        """Nothing stays open between calls."""

    def _run(self, table: Table, condition: str, values: list[str] | None) -> int:
        name = warehouse_name(table)
        try:
            connection = open_database(
                self._dsn, inside=self._inside, connect_timeout=CONNECT_TIMEOUT_S, application_name="synkro"
            )
        except psycopg2.Error:
            raise unreachable(self._tenant, detail=name) from None
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(
                    f"delete from {self._schema}.{name} where {condition}",  # noqa: S608  # nosec B608  # our registry
                    None if values is None else (values,),
                )
                return cursor.rowcount
        except psycopg2.Error as error:
            raise explain(error.pgcode or "", status=None, tenant=self._tenant, table=name) from None
        finally:
            connection.close()


def eraser_for(connection: Connection, tenant: str) -> WarehouseEraser:
    """The API where its key is known, because that key may delete; the connection string otherwise."""
    schema = connection.text("schema", "public")
    key = connection.secret("secret_key")
    if key.get_secret_value():
        return RestEraser(connection.text("url"), key, tenant=tenant, schema=schema, inside=connection.text("inside"))
    return DirectEraser(
        connection.secret("connection_string"), tenant=tenant, schema=schema, inside=connection.text("inside")
    )


def _batches(values: Iterable[Key]) -> Iterator[list[Key]]:
    left = iter(values)
    while batch := list(islice(left, BATCH_KEYS)):
        yield batch
