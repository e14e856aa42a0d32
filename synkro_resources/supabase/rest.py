"""The REST write path: supabase-py upserts in batches by bytes, halved when the server cannot take one."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

import httpx
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from postgrest.exceptions import APIError
from postgrest.types import CountMethod, ReturnMethod
from pydantic import SecretStr
from supabase import Client, ClientOptions, create_client

from synkro_resources.http.guarded import guarded_client
from synkro_resources.model.errors import SynkroError
from synkro_resources.model.tables import INSTANT, Table
from synkro_resources.supabase.errors import STALE_SCHEMA, TOO_LARGE, TOO_SLOW, explain, too_slow, unreachable
from synkro_resources.supabase.fingerprints import Fingerprint, Key, Mark, fingerprints, keys_of, marks
from synkro_resources.supabase.refusals import RefusedRow, Written, check_refused, is_refusal, refused_row
from synkro_resources.supabase.writer import check_schema_name, newest_versions, warehouse_name

BATCH_BYTES = 1_000_000
BATCH_ROWS = 1_000
PAGE_ROWS = 1_000
TRIES = 4
CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 60.0
"""The hosted service itself gives up after 60 s."""
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 60.0
FLOOR_ROWS = 100
"""A batch of so few rows that is still too slow is not the batch's fault."""
SMALL_TIMEOUTS = 2
"""A small batch is tried once more after a time-out, a larger one is halved at once."""
ASKED_AT_ONCE = 100
"""Keys in one address."""
ASKED_SINGLY = 5_000

Row = dict[str, object]
Answer = TypeVar("Answer")


class RestWriter:
    """Writes through the project's API with the secret key. Upserts are repeatable, so the retries are ours."""

    path = "rest"

    def __init__(
        self,
        url: str,
        key: SecretStr,
        *,
        tenant: str,
        schema: str = "public",
        read_timeout_s: float = READ_TIMEOUT_S,
        sleep: Callable[[float], None] = time.sleep,
        inside: str = "",
    ) -> None:
        self._tenant = tenant
        self._sleep = sleep
        self._retry_after_s, self._status = 0.0, 0
        self._http = guarded_client(
            inside=inside,
            timeout=httpx.Timeout(read_timeout_s, connect=CONNECT_TIMEOUT_S),
            event_hooks={"response": [self._note]},
        )
        options = ClientOptions(httpx_client=self._http, schema=check_schema_name(schema), auto_refresh_token=False)
        self._client: Client = create_client(url, key.get_secret_value(), options)

    def count(self, table: Table) -> int:
        name = warehouse_name(table)

        def ask() -> int:
            query = self._client.table(name).select(table.key[0], count=CountMethod.exact, head=True)
            return query.retry(False).execute().count or 0

        try:
            return self._tried(ask, name)
        except _Smaller as error:
            raise too_slow(self._tenant, detail=f"{name}: counting, {error.code}") from None

    def marks(self, table: Table, keys: pa.Table) -> dict[Key, Mark]:
        """Found by the first key column: few rows share one, and the rest of the key is looked at here."""
        asked = set(keys_of(table, keys))
        firsts = pc.unique(keys.column(table.key[0])).to_pylist()
        found: dict[Key, Mark] = {}
        # Beyond some thousand keys the whole table costs fewer requests.
        every = len(firsts) > ASKED_SINGLY
        for chunk in (
            [None] if every else [firsts[at : at + ASKED_AT_ONCE] for at in range(0, len(firsts), ASKED_AT_ONCE)]
        ):
            for page in self._pages(table, firsts=chunk):
                held = marks(table, table.from_rows(page))
                found |= {key: mark for key, mark in held.items() if key in asked}
        return found

    def fingerprints(
        self, table: Table, since: datetime | None = None, until: datetime | None = None
    ) -> dict[datetime, Fingerprint]:
        rows = [table.from_rows(page) for page in self._pages(table, since, until)]
        return fingerprints(table, pa.concat_tables(rows)) if rows else {}

    def _pages(
        self,
        table: Table,
        since: datetime | None = None,
        until: datetime | None = None,
        firsts: Sequence[object] | None = None,
    ) -> Iterator[list[Row]]:
        """All rows in the order of their key; a page may be shorter than asked for, so only an empty one ends."""
        name, last, size = warehouse_name(table), None, PAGE_ROWS
        columns = ",".join(column.name for column in table.columns)
        while True:

            def ask(after: Row | None = last, size: int = size) -> list[Row]:
                query = self._client.table(name).select(columns)
                if after is not None:
                    query = query.or_(_beyond(table.key, after))
                if firsts is not None:
                    query = query.filter(table.key[0], "in", f"({','.join(map(_quoted, firsts))})")
                if since is not None:
                    query = query.gte(table.version, since.isoformat())
                if until is not None:
                    query = query.lte(table.version, until.isoformat())
                for key in table.key:
                    query = query.order(key)
                return [_instants(table, row) for row in query.limit(size).retry(False).execute().data]

            try:
                page = self._tried(ask, name, rows=size)
            except _Smaller as error:
                if size <= FLOOR_ROWS:
                    raise too_slow(self._tenant, detail=f"{name}: {error.code}") from None
                size //= 2
                continue
            if not page:
                return
            yield page
            last = page[-1]

    def upsert(self, table: Table, rows: pa.Table) -> Written:
        newest = newest_versions(table, rows)
        refused: list[RefusedRow] = []
        pace, place = _Pace(), 0
        for batch in _batches(newest, pace):
            for at, code in self._send(table, place, batch, pace):
                refused.append(refused_row(table, newest, at, code))
                check_refused(self._tenant, warehouse_name(table), refused)
            place += len(batch)
        return Written(newest.num_rows - len(refused), tuple(refused))

    def close(self) -> None:
        self._http.close()

    def _send(self, table: Table, first: int, batch: list[Row], pace: _Pace) -> Iterator[tuple[int, str]]:
        """One batch, whose first row has the place `first`; the places and codes of rows that are refused.

        Halved while the server says that it is too large or too slow, or that a row of it is bad.
        """
        name = warehouse_name(table)

        def send() -> None:
            query = self._client.table(name).upsert(  # the library types JSON values too narrowly
                batch,  # pyright: ignore[reportArgumentType]
                on_conflict=",".join(table.key),
                returning=ReturnMethod.minimal,
            )
            query.retry(False).execute()

        try:
            self._tried(send, name, rows=len(batch))
        except _Refused as refusal:
            if len(batch) == 1:
                yield first, refusal.code
                return
        except _TooSlow as error:
            if len(batch) <= FLOOR_ROWS:
                raise too_slow(self._tenant, detail=f"{name}: {error.code}") from None
            pace.slower(len(batch) // 2)
        except _TooLarge as error:
            if len(batch) == 1:
                yield first, error.code
                return
            pace.slower(len(batch) // 2)
        else:
            pace.faster()
            return
        half = len(batch) // 2
        yield from self._send(table, first, batch[:half], pace)
        yield from self._send(table, first + half, batch[half:], pace)

    def _tried(self, call: Callable[[], Answer], name: str, *, rows: int = 1) -> Answer:
        """Call with bounded retries: every call here may be repeated, because an upsert names its full key.

        `rows`: of the call; one with many is not tried again after a time-out, because less of it may do.

        Raises:
            _Smaller: for this reason the call may succeed with less. SynkroError: it will not.
        """
        error: SynkroError = unreachable(self._tenant, detail=name)
        timeouts = SMALL_TIMEOUTS if rows <= FLOOR_ROWS else 1
        for attempt in range(TRIES):
            if attempt:
                self._wait(attempt)
            self._retry_after_s = 0.0
            try:
                return call()
            except APIError as failure:
                # Answers without a code (a refused key, a stale schema cache) are known by their status alone.
                status = self._status
                code = str(failure.code or status)
                if is_refusal(code):
                    raise _Refused(code) from None  # the failure's details hold row values
                if code in TOO_LARGE:
                    raise _TooLarge(code) from None
                if code in TOO_SLOW and attempt + 1 >= timeouts:
                    raise _TooSlow(code) from None
                error = explain(code, status=status, tenant=self._tenant, table=name)
                stale_cache = code in STALE_SCHEMA and attempt == 0
                if not error.retryable and not stale_cache:
                    raise error from None
            except (httpx.ReadTimeout, httpx.WriteTimeout) as failure:
                if attempt + 1 >= timeouts:
                    raise _TooSlow(type(failure).__name__) from None
            except httpx.HTTPError as failure:
                error = unreachable(self._tenant, detail=f"{name}: {type(failure).__name__}")
        raise error

    def _wait(self, attempt: int) -> None:
        """As long as the server asked for, or longer each time."""
        own = FIRST_WAIT_S * 2**attempt * random.uniform(0.5, 1.0)  # noqa: S311  # jitter, no secret
        self._sleep(max(own, min(self._retry_after_s, LONGEST_WAIT_S)))

    def _note(self, answer: httpx.Response) -> None:
        """The library hands on neither the status nor the headers of an error."""
        self._status = answer.status_code
        wait = answer.headers.get("retry-after", "")
        self._retry_after_s = float(wait) if wait.isdigit() else 0.0


class _Pace:
    """Rows of a batch: fewer after the server could not take one, slowly more again."""

    def __init__(self) -> None:
        self.rows = BATCH_ROWS

    def slower(self, rows: int) -> None:
        self.rows = max(1, min(self.rows, rows))

    def faster(self) -> None:
        self.rows = min(BATCH_ROWS, self.rows + max(1, self.rows // 4))


class _Smaller(Exception):
    """With fewer rows the same call may succeed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _TooLarge(_Smaller):
    """The server does not take a body of this size."""


class _TooSlow(_Smaller):
    """The server could not take so many rows in its time."""


class _Refused(_Smaller):
    """At least one row breaks a rule of the client's database."""


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


def _batches(rows: pa.Table, pace: _Pace) -> Iterator[list[Row]]:
    """Uniform, cleaned rows in batches of at most `BATCH_BYTES` and the pace's rows."""
    batch: list[Row] = []
    size = 0
    for row in rows.to_pylist():
        clean = {name: _clean(value) for name, value in row.items()}
        row_size = len(orjson.dumps(clean))
        if batch and (size + row_size > BATCH_BYTES or len(batch) >= pace.rows):
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
