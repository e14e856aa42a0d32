"""The REST write path: supabase-py upserts in batches by bytes, halved when the server cannot take one."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeVar

import httpx
import orjson
import pyarrow as pa
from postgrest.exceptions import APIError
from postgrest.types import CountMethod, ReturnMethod
from pydantic import SecretStr
from supabase import Client, ClientOptions, create_client

from synkro_resources.model.errors import SynkroError
from synkro_resources.model.tables import INSTANT, Table
from synkro_resources.supabase.errors import STALE_SCHEMA, TOO_LARGE, explain, unreachable
from synkro_resources.supabase.fingerprints import Fingerprint, fingerprints
from synkro_resources.supabase.writer import check_schema_name, newest_versions, warehouse_name

BATCH_BYTES = 1_000_000
BATCH_ROWS = 1_000
PAGE_ROWS = 1_000
TRIES = 4
CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 60.0
"""The hosted service itself gives up after 60 s."""
FIRST_WAIT_S = 0.5

Row = dict[str, object]
Answer = TypeVar("Answer")


class RestWriter:
    """Writes through the project's API with the secret key. Upserts are repeatable, so the retries are ours."""

    path = "rest"

    def __init__(self, url: str, key: SecretStr, *, tenant: str, schema: str = "public") -> None:
        self._tenant = tenant
        self._http = httpx.Client(timeout=httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S))
        options = ClientOptions(httpx_client=self._http, schema=check_schema_name(schema), auto_refresh_token=False)
        self._client: Client = create_client(url, key.get_secret_value(), options)

    def count(self, table: Table) -> int:
        name = warehouse_name(table)

        def ask() -> int:
            query = self._client.table(name).select(table.key[0], count=CountMethod.exact, head=True)
            return query.retry(False).execute().count or 0

        try:
            return self._tried(ask, name)
        except _TooLarge as error:
            raise unreachable(self._tenant, detail=f"{name}: counting takes too long") from error

    def fingerprints(
        self, table: Table, since: datetime | None = None, until: datetime | None = None
    ) -> dict[datetime, Fingerprint]:
        rows = [table.from_rows(page) for page in self._pages(table, since, until)]
        return fingerprints(table, pa.concat_tables(rows)) if rows else {}

    def _pages(self, table: Table, since: datetime | None, until: datetime | None) -> Iterator[list[Row]]:
        """All rows in the order of their key; a page may be shorter than asked for, so only an empty one ends."""
        name, last, size = warehouse_name(table), None, PAGE_ROWS
        columns = ",".join(column.name for column in table.columns)
        while True:

            def ask(after: Row | None = last, size: int = size) -> list[Row]:
                query = self._client.table(name).select(columns)
                if after is not None:
                    query = query.or_(_beyond(table.key, after))
                if since is not None:
                    query = query.gte(table.version, since.isoformat())
                if until is not None:
                    query = query.lte(table.version, until.isoformat())
                for key in table.key:
                    query = query.order(key)
                return [_instants(table, row) for row in query.limit(size).retry(False).execute().data]

            try:
                page = self._tried(ask, name)
            except _TooLarge as error:
                if size == 1:
                    raise unreachable(self._tenant, detail=f"{name}: one row is too large") from error
                size //= 2
                continue
            if not page:
                return
            yield page
            last = page[-1]

    def upsert(self, table: Table, rows: pa.Table) -> int:
        newest = newest_versions(table, rows)
        name, conflict = warehouse_name(table), ",".join(table.key)
        for batch in _batches(newest):
            self._send(name, conflict, batch)
        return newest.num_rows

    def close(self) -> None:
        self._http.close()

    def _send(self, name: str, conflict: str, batch: list[Row]) -> None:
        """One batch; halved while the server says that it is too large or too slow."""

        def send() -> None:
            query = self._client.table(name).upsert(batch, on_conflict=conflict, returning=ReturnMethod.minimal)  # pyright: ignore[reportArgumentType]  # the library types JSON values too narrowly
            query.retry(False).execute()

        try:
            self._tried(send, name)
        except _TooLarge as error:
            if len(batch) == 1:
                raise unreachable(self._tenant, detail=f"{name}: one row is too large") from error
            half = len(batch) // 2
            self._send(name, conflict, batch[:half])
            self._send(name, conflict, batch[half:])

    def _tried(self, call: Callable[[], Answer], name: str) -> Answer:
        """Call with bounded retries: every call here may be repeated, because an upsert names its full key."""
        error: SynkroError = unreachable(self._tenant, detail=name)
        for attempt in range(TRIES):
            if attempt:
                time.sleep(FIRST_WAIT_S * 2**attempt * random.uniform(0.5, 1.0))  # noqa: S311  # jitter, no secret
            try:
                return call()
            except APIError as failure:
                code, status = str(failure.code or "404"), _status(failure)
                if code in TOO_LARGE or str(status) in TOO_LARGE:
                    raise _TooLarge(code) from failure
                error = explain(code, status=status, tenant=self._tenant, table=name)
                stale_cache = code in STALE_SCHEMA and attempt == 0
                if not error.retryable and not stale_cache:
                    raise error from None  # the failure's details hold row values
            except httpx.HTTPError as failure:
                error = unreachable(self._tenant, detail=f"{name}: {type(failure).__name__}")
        raise error


class _TooLarge(Exception):
    """The server could not take a batch of this size in its time."""


def _status(failure: APIError) -> int | None:
    """The HTTP status where the library passed it on as the code (answers without a JSON body)."""
    code = str(failure.code or "404")
    return int(code) if code.isdigit() and len(code) == 3 else None


def _beyond(key: tuple[str, ...], row: Row) -> str:
    """PostgREST's filter for rows whose key is greater than this row's, column by column."""
    parts: list[str] = []
    for place, name in enumerate(key):
        same = [f"{earlier}.eq.{_quoted(row[earlier])}" for earlier in key[:place]]
        greater = f"{name}.gt.{_quoted(row[name])}"
        parts.append(f"and({','.join([*same, greater])})" if same else greater)
    return ",".join(parts)


def _quoted(value: object) -> str:
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _instants(table: Table, row: object) -> Row:
    """A row as the lake would hold it: the API writes instants as text and whole floats without a fraction."""
    found = dict(row) if isinstance(row, dict) else {}
    for column in table.columns:
        value = found.get(column.name)
        if column.type == INSTANT and isinstance(value, str):
            found[column.name] = datetime.fromisoformat(value)
        elif pa.types.is_floating(column.type) and isinstance(value, int):
            found[column.name] = float(value)
    return found


def _batches(rows: pa.Table) -> Iterator[list[Row]]:
    """Uniform, cleaned rows in batches of at most `BATCH_BYTES` and `BATCH_ROWS`."""
    batch: list[Row] = []
    size = 0
    for row in rows.to_pylist():
        clean = {name: _clean(value) for name, value in row.items()}
        row_size = len(orjson.dumps(clean))
        if batch and (size + row_size > BATCH_BYTES or len(batch) == BATCH_ROWS):
            yield batch
            batch, size = [], 0
        batch.append(clean)
        size += row_size
    if batch:
        yield batch


def _clean(value: object) -> object:
    """JSON that PostgREST takes: no NaN, no NUL, no lone surrogates, instants with their zone."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    return value
