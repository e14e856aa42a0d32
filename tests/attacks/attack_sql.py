"""Ways around the rules of the control database, tried in SQL as a company's own role."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import DBAPIError

from synkro_resources.control import access
from synkro_resources.control.database import Database
from synkro_resources.control.tables import metadata
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.errors import UserInputError
from tests.resources.control.test_isolation import sample_row

Seen = Callable[[str, object], None]
Pair = tuple[Tenant, Tenant]
MARK = "the other company's secret chat"
OWN = "the own chat"


@pytest.fixture
def pair(control_db: Database, tenant_a: Tenant, tenant_b: Tenant) -> Pair:
    """The attacker's company and the other one, with a destination each."""
    table = metadata.tables["destination"]
    for tenant, title in ((tenant_a, OWN), (tenant_b, MARK)):
        with control_db.owner() as connection:
            connection.execute(insert(table).values({**sample_row(table, tenant.slug), "title": title}))
    return tenant_a, tenant_b


def refused(db: Database, slug: str, statement: str) -> str:
    """What the database says to a statement of the company; fails if it is carried out."""
    try:
        with db.tenant(slug) as connection:
            connection.exec_driver_sql(statement)
    except DBAPIError as error:
        return str(error.orig).strip().splitlines()[0]
    raise AssertionError(f"carried out: {statement}")


SLUGS = [
    "a'; RESET ROLE; --",
    "a', true); SELECT set_config('synkro.tenant', 'b",
    "a\x00b",
    "%",
    "a/../b",
    "a|2026-11-20",
    "A-Company",
    "a" * 60,
    "",
    "*",
]


@pytest.mark.parametrize("slug", SLUGS, ids=repr)
def test_a_slug_that_carries_sql_opens_no_transaction(control_db: Database, slug: str) -> None:
    for door in (control_db.tenant, control_db.pii):
        with pytest.raises(UserInputError), door(slug):
            raise AssertionError("opened")


def test_nothing_in_the_database_works_with_its_owners_rights(control_db: Database, record_property: Seen) -> None:
    """A view, or a function «security definer», would read with the rights of the tables' owner."""
    with control_db.owner() as connection:
        schemas = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_%'"
        views = connection.execute(
            text(
                f"SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE {schemas}"
                " AND relkind IN ('v', 'm') AND NOT coalesce('security_invoker=true' = ANY(reloptions), false)"
            )
        ).scalars()
        functions = connection.execute(
            text(
                "SELECT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace"
                f" WHERE {schemas} AND prosecdef"
            )
        ).scalars()
        assert ([*views], [*functions]) == ([], [])
        tables = connection.scalar(
            text(f"SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE {schemas}")
        )
    record_property("seen", f"no such view or function among {tables} relations")


def test_a_companys_role_cannot_become_another_one(control_db: Database, pair: Pair, record_property: Seen) -> None:
    """From a connection that never was more than the role: the product's own is spoken of in R12."""
    with control_db.owner() as connection:
        owner = connection.scalar(text("SELECT current_user"))
        others = [*(role for role in access.ROLES if role != access.APP), str(owner), "pg_read_all_data"]
        for other in others:
            member = connection.scalar(
                text("SELECT pg_has_role(:app, :other, 'MEMBER')"), {"app": access.APP, "other": other}
            )
            assert member is False, other
        connection.exec_driver_sql(f"SET SESSION AUTHORIZATION {access.APP}")
        try:
            for other in others:
                with pytest.raises(DBAPIError, match="permission denied"), connection.begin_nested():
                    connection.exec_driver_sql(f'SET ROLE "{other}"')
        finally:
            connection.exec_driver_sql("RESET SESSION AUTHORIZATION")
    record_property("seen", f"permission denied for all {len(others)} roles")


STATEMENTS = [
    "SET LOCAL row_security = off; SELECT * FROM destination",
    "TRUNCATE destination",
    "TRUNCATE destination CASCADE",
    "DROP TABLE destination",
    "ALTER TABLE destination DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE destination NO FORCE ROW LEVEL SECURITY",
    "CREATE POLICY mine ON destination USING (true)",
    "GRANT ALL ON ALL TABLES IN SCHEMA public TO synkro_app",
    "ALTER ROLE synkro_app BYPASSRLS",
    "CREATE ROLE attacker SUPERUSER",
    "COPY (SELECT 1) TO '/tmp/synkro-attack'",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "COPY destination FROM '/etc/passwd'",
    "COPY destination FROM PROGRAM 'id'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "CREATE FUNCTION public.steal() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION public.steal() RETURNS int LANGUAGE plpython3u AS 'return 1'",
    "CREATE TABLE public.loot (x int)",
    "CREATE VIEW public.loot AS SELECT * FROM destination",
    "CREATE EXTENSION dblink",
    "CREATE TRIGGER t AFTER INSERT ON destination EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger()",
    "CREATE RULE r AS ON SELECT TO destination DO INSTEAD SELECT 1",
    "ALTER SYSTEM SET log_statement = 'all'",
    "SELECT * FROM pg_authid",
]


def test_statements_around_the_rules_are_refused(control_db: Database, pair: Pair, record_property: Seen) -> None:
    said = {statement: refused(control_db, pair[0].slug, statement) for statement in STATEMENTS}
    with control_db.owner() as connection:
        assert connection.scalar(text("SELECT count(*) FROM destination WHERE title = :it"), {"it": MARK})
    assert set(said) == set(STATEMENTS)
    record_property("seen", f"{len(said)} statements, an error to each")


def _copied(connection: Connection) -> str:
    out = io.StringIO()
    cursor = connection.connection.cursor()
    cursor.copy_expert("COPY destination TO STDOUT", out)  # pyright: ignore[reportAttributeAccessIssue]
    return out.getvalue()


READINGS = [
    "TABLE destination",
    "WITH all_of_them AS MATERIALIZED (SELECT * FROM destination) SELECT * FROM all_of_them",
    "SELECT * FROM destination WHERE tenant = :other OR true",
    "SELECT d.* FROM tenant t LEFT JOIN destination d ON true",
    "SELECT * FROM destination WHERE title IN (SELECT title FROM destination)",
    "SELECT (SELECT string_agg(title, ',') FROM destination)",
    "SELECT query_to_xml('SELECT * FROM destination', true, false, '')",
    "SELECT * FROM pg_stats WHERE tablename = 'destination'",
    "SELECT query FROM pg_stat_activity WHERE usename <> current_user AND query LIKE '%secret chat%'",
    "UPDATE destination SET title = title RETURNING *",
    "SELECT * FROM destination FOR UPDATE",
]


def test_no_other_way_of_reading_shows_more(control_db: Database, pair: Pair, record_property: Seen) -> None:
    mine, other = pair
    shown = 0
    for statement in READINGS:
        try:
            with control_db.tenant(mine.slug) as connection:
                rows = connection.execute(text(statement), {"other": other.slug} if ":other" in statement else {})
                told = repr(rows.all())
        except DBAPIError as error:
            told = str(error.orig)
        assert MARK not in told, statement
        shown += OWN in told
    assert shown >= 6, "the ways of reading show not even the own rows, so nothing was tried"
    with control_db.tenant(mine.slug) as connection:
        copied = _copied(connection)
    assert OWN in copied
    assert MARK not in copied
    # A condition that fails with the value it looked at is asked after the rule, never before.
    with pytest.raises(DBAPIError) as error, control_db.tenant(mine.slug) as connection:
        connection.execute(text("SELECT 1 FROM destination WHERE CAST(title AS int) = 1"))
    assert OWN in str(error.value)
    assert MARK not in str(error.value)
    with control_db.tenant(mine.slug) as connection:
        plan = repr(connection.execute(text("EXPLAIN ANALYZE SELECT * FROM destination")).all())
    assert "synkro.tenant" in plan
    record_property("seen", f"{len(READINGS) + 3} ways, own rows only")


def test_a_prepared_statement_shows_the_rows_of_whoever_executes_it(control_db: Database, pair: Pair) -> None:
    """Also once the server has made a plan of its own for it, which it keeps after five executions."""
    with control_db.separate_connection().connect() as connection:
        connection.exec_driver_sql("PREPARE look AS SELECT title FROM destination")
        for tenant, title in [(pair[0], OWN)] * 7 + [(pair[1], MARK)] * 7 + [(pair[0], OWN)]:
            connection.exec_driver_sql("BEGIN")
            connection.execute(text("SELECT set_config('synkro.tenant', :it, true)"), {"it": tenant.slug})
            connection.exec_driver_sql(f"SET LOCAL ROLE {access.APP}")
            assert connection.exec_driver_sql("EXECUTE look").scalars().all() == [title]
            connection.exec_driver_sql("COMMIT")


def test_a_connection_remembers_nobody_after_an_error(control_url: str, pair: Pair) -> None:
    db = Database(control_url, pool_size=1)
    try:
        for statement in ("SELECT 1/0", "SELECT * FROM pg_authid", "COMMIT; SELECT nonsense"):
            with pytest.raises(DBAPIError), db.tenant(pair[0].slug) as connection:
                connection.exec_driver_sql(statement)
            with db.auth() as connection:
                assert connection.scalar(text("SELECT current_user")) == access.AUTH
                assert not connection.scalar(text("SELECT current_setting('synkro.tenant', true)"))
            with db.tenant(pair[1].slug) as connection:
                assert connection.scalars(text("SELECT title FROM destination")).all() == [MARK]
    finally:
        db.close()


def test_own_sql_on_our_connection_would_reach_everything(
    control_db: Database, pair: Pair, record_property: Seen
) -> None:
    """No promise but a measured limit: if this fails, the database has become stricter, and R12 can be mended."""
    with control_db.tenant(pair[0].slug) as connection:
        connection.execute(text("SELECT set_config('synkro.tenant', :it, true)"), {"it": pair[1].slug})
        assert connection.scalars(text("SELECT title FROM destination")).all() == [MARK]
    with control_db.tenant(pair[0].slug) as connection:
        connection.exec_driver_sql("RESET ROLE")
        assert connection.scalar(text("SELECT current_user")) not in access.ROLES
    record_property("seen", "both work")
