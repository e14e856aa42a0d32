"""Both write paths leave the same rows, never set a row back, and stay inside their own tables."""

from __future__ import annotations

import secrets

import psycopg2
import pytest
from pydantic import SecretStr

from synkro_resources.model.errors import IntegrationError, TransientError, UserInputError
from synkro_resources.model.tables.crm import DEAL, DEAL_CONTACT
from synkro_resources.sandbox.supabase.project import plain_dsn
from synkro_resources.supabase import DirectWriter, RestWriter, WarehouseWriter
from synkro_resources.supabase.ddl import SCHEMA_VERSION, apply_ddl, ddl
from tests.resources.supabase.projects import BASE, as_writer, deals, stored

TRICKY = ((1, 1, 'Окна «Лайт», 50" & <b>'), (2, 1, ""), (3, 1, None), (4, 1, "a\x00b\nc\\d"), (5, 1, "🪟 emoji"))


def test_the_rest_path_and_the_direct_path_leave_identical_rows(
    project: str, direct: DirectWriter, rest: RestWriter
) -> None:
    direct.upsert(DEAL, deals(*TRICKY))
    by_copy = stored(project)
    connection = psycopg2.connect(plain_dsn(project))
    with connection, connection.cursor() as cursor:
        cursor.execute("truncate synkro_deal")
    connection.close()
    rest.upsert(DEAL, deals(*TRICKY))
    assert stored(project) == by_copy
    assert len(by_copy) == len(TRICKY)


@pytest.mark.parametrize("path", ["direct", "rest"])
def test_an_older_version_that_arrives_late_never_sets_a_row_back(
    path: str, project: str, request: pytest.FixtureRequest
) -> None:
    writer: WarehouseWriter = request.getfixturevalue(path)
    writer.upsert(DEAL, deals((1, 5, "new")))
    writer.upsert(DEAL, deals((1, 4, "old")))
    assert [row[1] for row in stored(project)] == ["new"]
    writer.upsert(DEAL, deals((1, 5, "same instant, corrected")))
    assert [row[1] for row in stored(project)] == ["same instant, corrected"]


@pytest.mark.parametrize("path", ["direct", "rest"])
def test_the_same_key_twice_in_one_load_keeps_the_newest_instead_of_failing(
    path: str, project: str, request: pytest.FixtureRequest
) -> None:
    writer: WarehouseWriter = request.getfixturevalue(path)
    assert writer.upsert(DEAL, deals((1, 1, "first"), (1, 2, "second"))).rows == 1
    assert [row[1] for row in stored(project)] == ["second"]
    assert writer.count(DEAL) == 1


def test_a_thousand_and_one_rows_reach_the_table_by_rest_although_reads_are_cut(project: str, rest: RestWriter) -> None:
    rest.upsert(DEAL, deals(*((number, 1, "x" * 50) for number in range(1, 1502))))
    assert rest.count(DEAL) == 1501
    assert len(stored(project)) == 1501


def test_the_writing_role_sees_no_table_of_the_clients_own(project: str, direct: DirectWriter) -> None:
    owner = psycopg2.connect(plain_dsn(project))
    with owner, owner.cursor() as cursor:
        cursor.execute("create table clients_own (secret text)")
    owner.close()
    connection = psycopg2.connect(as_writer(project))
    try:
        with connection.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("select * from clients_own")
    finally:
        connection.close()


def test_a_public_role_reads_nothing_of_our_tables(project: str, direct: DirectWriter) -> None:
    direct.upsert(DEAL, deals((1, 1, "x")))
    connection = psycopg2.connect(plain_dsn(project))
    try:
        with connection.cursor() as cursor:
            cursor.execute("set role authenticated")
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute("select * from synkro_deal")
    finally:
        connection.close()


def test_a_missing_table_names_the_remedy_and_not_a_row(fresh_database: str) -> None:
    writer = DirectWriter(SecretStr(plain_dsn(fresh_database)), tenant="acme")
    with pytest.raises(IntegrationError) as failure:
        writer.upsert(
            DEAL_CONTACT,
            DEAL_CONTACT.from_rows([{"deal_id": 1, "contact_id": 2, "is_main": True, "source_updated_at": BASE}]),
        )
    assert failure.value.code == "supabase.42P01"
    assert "SQL" in failure.value.remedy.ru
    writer.close()


def test_a_database_that_is_down_is_a_transient_error() -> None:
    secret = secrets.token_hex(8)
    writer = DirectWriter(SecretStr(f"postgresql://synkro_writer:{secret}@127.0.0.1:1/none"), tenant="acme")
    with pytest.raises(TransientError) as failure:
        writer.count(DEAL)
    assert secret not in str(failure.value)


def test_applying_the_ddl_twice_changes_nothing(project: str) -> None:
    apply_ddl(project, writer_password="writer")
    assert stored(project, "synkro_schema_version")[0][0] == SCHEMA_VERSION


def test_a_schema_name_cannot_carry_sql() -> None:
    with pytest.raises(UserInputError):
        ddl("public; drop table x")
