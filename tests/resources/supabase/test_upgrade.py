"""An older database of ours becomes the present one by the script alone, and nothing of the client's own is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest

from synkro_resources.model.errors import IntegrationError, TransientError
from synkro_resources.sandbox.supabase.project import plain_dsn, prepare_project
from synkro_resources.supabase.ddl import SCHEMA_VERSION, apply_ddl
from synkro_resources.supabase.views import VIEWS
from tests.resources.supabase.projects import as_owner, stored

OLD_SCRIPTS = Path(__file__).parent / "old_scripts"
"""What was given to clients at the time, word for word."""

FACTS = {
    "columns": """select table_name, column_name, data_type, is_nullable, column_default
        from information_schema.columns where table_schema = 'public' order by 1, 2""",
    "keys": """select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
        where connamespace = 'public'::regnamespace and contype in ('p', 'u', 'f', 'c') order by 1, 2""",
    "indexes": "select indexname, indexdef from pg_indexes where schemaname = 'public' order by 1",
    "policies": """select tablename, policyname, roles::text, cmd, qual, with_check from pg_policies
        where schemaname = 'public' order by 1, 2""",
    "rights": """select table_name, grantee, privilege_type from information_schema.role_table_grants
        where table_schema = 'public' and grantee <> 'postgres' order by 1, 2, 3""",
    "security": """select relname, relkind::text, relrowsecurity, reloptions from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'v') order by 1""",
    "triggers": """select event_object_table, trigger_name, action_timing, event_manipulation, action_statement
        from information_schema.triggers where trigger_schema = 'public' order by 1, 2""",
    "views": "select viewname, definition from pg_views where schemaname = 'public' order by 1",
    "comments": """select objoid::regclass::text, objsubid > 0, description from pg_description
        where classoid = 'pg_class'::regclass and objoid::regclass::text like 'synkro%' order by 1, 2, 3""",
}


def facts(url: str) -> dict[str, list[tuple[object, ...]]]:
    connection = psycopg2.connect(plain_dsn(url))
    try:
        with connection.cursor() as cursor:
            found: dict[str, list[tuple[object, ...]]] = {}
            for name, query in FACTS.items():
                cursor.execute(query)
                found[name] = cursor.fetchall()
            return found
    finally:
        connection.close()


@pytest.fixture
def older(new_database: Callable[[], str], request: pytest.FixtureRequest) -> str:
    """A project in which only the script of an older version was run."""
    url = new_database()
    prepare_project(url, "authenticator")
    as_owner(url, (OLD_SCRIPTS / f"version_{request.param}.sql").read_text())
    return url


@pytest.mark.parametrize("older", [1, 2, 3, 4], indirect=True)
def test_an_older_schema_becomes_exactly_the_present_one_and_keeps_its_rows(older: str, project: str) -> None:
    as_owner(older, "insert into synkro_deal (deal_id, is_deleted, source_updated_at) values (1, false, now())")
    apply_ddl(older, writer_password="writer")
    assert facts(older) == facts(project)
    assert [row[0] for row in stored(older)] == [1]
    assert max(row[0] for row in stored(older, "synkro_schema_version")) == SCHEMA_VERSION


@pytest.mark.parametrize("older", [1], indirect=True)
def test_the_script_of_today_runs_again_over_itself_without_a_change(older: str) -> None:
    apply_ddl(older)
    before = facts(older)
    apply_ddl(older)
    assert facts(older) == before


OWN_VIEW = "create view clients_own as select deal_id, name, lost_at from synkro_v_lost_deals"


def test_a_view_of_the_clients_on_ours_survives_the_script(project: str) -> None:
    as_owner(project, OWN_VIEW)
    apply_ddl(project, zone="Asia/Yekaterinburg")
    assert stored(project, "clients_own") == []
    assert set(VIEWS) | {"clients_own"} <= {row[0] for row in facts(project)["views"]}


def test_a_view_that_gains_columns_is_replaced_under_the_clients_own(
    project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    about, query = VIEWS["synkro_v_lost_deals"]
    as_owner(project, OWN_VIEW)
    grown = query.replace("as loss_reason\n", "as loss_reason, d.closed_at as closed_at\n")
    assert grown != query
    monkeypatch.setitem(VIEWS, "synkro_v_lost_deals", (about, grown))
    apply_ddl(project)
    columns = [row[1] for row in facts(project)["columns"] if row[0] == "synkro_v_lost_deals"]
    assert "closed_at" in columns
    assert stored(project, "clients_own") == []


CHANGED = ("select d.deal_id, d.name,", "select d.name, d.deal_id,")


def test_a_view_whose_columns_change_is_never_torn_from_under_the_clients_own(
    project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    about, query = VIEWS["synkro_v_lost_deals"]
    as_owner(project, OWN_VIEW)
    before = facts(project)
    monkeypatch.setitem(VIEWS, "synkro_v_lost_deals", (about, query.replace(*CHANGED)))
    with pytest.raises(IntegrationError) as caught:
        apply_ddl(project)
    assert caught.value.code == "supabase.view_in_use"
    assert "public.clients_own" in caught.value.what.ru
    assert "создайте их заново" in caught.value.remedy.ru
    assert facts(project) == before
    as_owner(project, "drop view clients_own")
    apply_ddl(project)
    columns = facts(project)["views"]
    assert columns != before["views"]
    as_owner(project, OWN_VIEW)


def test_an_owner_who_mistypes_the_password_reads_no_password(project: str) -> None:
    wrong = project.replace("postgres:", "postgres:mistyped-secret", 1)
    with pytest.raises((IntegrationError, TransientError)) as caught:
        apply_ddl(wrong, writer_password="another-secret")
    assert "secret" not in str(caught.value) + caught.value.detail + caught.value.what.ru


def test_a_role_without_the_right_is_told_so_and_no_password_is_shown(project: str) -> None:
    writer = project.replace(project.partition("://")[2].partition("@")[0], "synkro_writer:writer")
    with pytest.raises(IntegrationError) as caught:
        apply_ddl(writer, writer_password="another-secret")
    assert caught.value.code == "supabase.42501"
    assert "another-secret" not in repr(caught.value) + repr(caught.value.__cause__)
