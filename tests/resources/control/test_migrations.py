"""The migrations make exactly the schema that the code speaks of, once, and say what they lack."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import NullPool, create_engine, select, text

from synkro_resources.control import access
from synkro_resources.control.database import Database
from synkro_resources.control.migrate import migrate
from synkro_resources.control.tables import metadata
from synkro_resources.control.tables.base import PII_SCHEMA
from synkro_resources.control.tables.tenancy import tenant
from synkro_resources.control.tenants import add_tenant, get_tenant
from synkro_resources.model.clock import SystemClock
from synkro_resources.model.errors import ConfigurationError

REVISIONS = [f"{number:04}" for number in range(1, 17)]
CATALOGUE = {
    "policies": "SELECT schemaname, tablename, policyname, roles, cmd, qual, with_check FROM pg_policies "
    "ORDER BY 1, 2, 3",
    "rights": "SELECT table_schema, table_name, grantee, privilege_type FROM information_schema.table_privileges "
    "WHERE grantee LIKE 'synkro%' ORDER BY 1, 2, 3, 4",
    "column rights": "SELECT table_schema, table_name, column_name, grantee, privilege_type "
    "FROM information_schema.column_privileges WHERE grantee LIKE 'synkro%' ORDER BY 1, 2, 3, 4, 5",
    "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace IN ('public'::regnamespace, 'pii'::regnamespace) "
    "AND conrelid::regclass::text NOT LIKE 'alembic%' ORDER BY 1, 2",
    "indexes": "SELECT schemaname, indexname, indexdef FROM pg_indexes WHERE schemaname IN ('public', 'pii') "
    "AND tablename NOT LIKE 'alembic%' ORDER BY 1, 2",
    "triggers": "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
}


def catalogue(url: str) -> dict[str, list[tuple[object, ...]]]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return {
            name: [tuple(map(str, row)) for row in connection.execute(text(sql))] for name, sql in CATALOGUE.items()
        }


def test_the_migrated_schema_is_the_one_that_the_code_declares(control_url: str) -> None:
    engine = create_engine(control_url, poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_schemas": True,
                "include_name": lambda name, kind, _parents: kind != "schema" or name in (None, PII_SCHEMA),
            },
        )
        assert compare_metadata(context, metadata) == []


def test_the_migrated_rules_are_the_ones_that_the_code_declares(
    control_url: str, new_database: Callable[[], str]
) -> None:
    declared = new_database()
    engine = create_engine(declared, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {PII_SCHEMA}"))
        metadata.create_all(connection)
        for statement in access.statements():
            connection.exec_driver_sql(statement)
    expected, actual = catalogue(declared), catalogue(control_url)
    for name in CATALOGUE:
        assert actual[name] == expected[name], name
    assert expected["policies"]


def test_migrating_twice_changes_nothing_the_second_time(fresh_database: str) -> None:
    assert migrate(fresh_database) == REVISIONS
    assert migrate(fresh_database) == []


def test_two_processes_that_migrate_at_once_take_turns(fresh_database: str) -> None:
    applied: list[list[str]] = []
    threads = [threading.Thread(target=lambda: applied.append(migrate(fresh_database))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(applied) == [[], [], REVISIONS]


def test_a_user_who_may_not_create_roles_is_told_what_to_ask_for(
    fresh_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The roles of the server exist already here, so a name that does not stands for them."""
    monkeypatch.setattr("synkro_resources.control.migrate.ROLES", ("synkro_missing_role",))
    engine = create_engine(fresh_database, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("DROP ROLE IF EXISTS plain_owner"))
        connection.execute(text("CREATE ROLE plain_owner LOGIN PASSWORD 'plain'"))
    try:
        with pytest.raises(ConfigurationError, match="CREATE ROLE synkro_missing_role") as refusal:
            migrate(str(engine.url.set(username="plain_owner", password="plain").render_as_string(hide_password=False)))
        assert refusal.value.code == "control.cannot_create_roles"
    finally:
        with engine.begin() as connection:
            connection.execute(text("DROP ROLE plain_owner"))


def test_an_owner_who_is_no_superuser_can_migrate_and_is_bound_by_the_rules_itself(
    fresh_database: str, control_url: str
) -> None:
    engine = create_engine(fresh_database, poolclass=NullPool)
    name = engine.url.database
    with engine.begin() as connection:
        connection.execute(text("CREATE ROLE synkro_owner_test LOGIN CREATEROLE PASSWORD 'plain'"))
        for role in access.ROLES:  # made by the migration of `control_url`, by the superuser
            connection.execute(text(f"GRANT {role} TO synkro_owner_test WITH INHERIT FALSE, SET TRUE"))
        connection.execute(text(f'ALTER DATABASE "{name}" OWNER TO synkro_owner_test'))
        connection.execute(text("ALTER SCHEMA public OWNER TO synkro_owner_test"))
    url = engine.url.set(username="synkro_owner_test", password="plain").render_as_string(hide_password=False)
    db = Database(url)
    try:
        assert migrate(url) == REVISIONS
        add_tenant(
            db, slug="first", name="First", zone="UTC", account="one", cell="main", plan="pro", clock=SystemClock()
        )
        assert get_tenant(db, "first").name == "First"
        with db.owner() as connection:
            assert connection.execute(select(tenant)).all() == []
    finally:
        db.close()
        with engine.begin() as connection:
            connection.execute(text("REASSIGN OWNED BY synkro_owner_test TO CURRENT_USER"))
            connection.execute(text("DROP OWNED BY synkro_owner_test"))
            connection.execute(text("DROP ROLE synkro_owner_test"))


def test_older_code_says_so_instead_of_working_on_a_newer_schema(fresh_database: str) -> None:
    migrate(fresh_database)
    engine = create_engine(fresh_database, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="has the schema 9999; this version of Synkro knows") as refused:
        migrate(fresh_database)
    assert refused.value.code == "control.newer_schema"
