"""Making a database look like a hosted project: roles, grants, statement timeouts, the schema cache's trigger."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor

SCHEMA = "public"
"""The schema a hosted project exposes by default."""

_LOCK_KEY = 5_127_002
"""Advisory lock number, so that two starts do not create the same role at once."""

_ROLES = """
do $$
declare wanted text;
begin
  foreach wanted in array array['anon', 'authenticated', 'service_role', 'authenticator'] loop
    if not exists (select from pg_roles where rolname = wanted) then
      execute format('create role %I nologin noinherit', wanted);
    end if;
  end loop;
end $$;
alter role service_role bypassrls;
alter role authenticator login noinherit;
grant anon, authenticated, service_role to authenticator;
alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
"""

_GRANTS = """
grant usage on schema public to anon, authenticated, service_role;
grant all on all tables in schema public to anon, authenticated, service_role;
grant all on all sequences in schema public to anon, authenticated, service_role;
grant all on all functions in schema public to anon, authenticated, service_role;
alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges in schema public grant all on sequences to anon, authenticated, service_role;
alter default privileges in schema public grant all on functions to anon, authenticated, service_role;
create schema if not exists extensions;
create or replace function extensions.pgrst_watch() returns event_trigger language plpgsql
  as $$ begin notify pgrst, 'reload schema'; end $$;
drop event trigger if exists pgrst_watch;
create event trigger pgrst_watch on ddl_command_end execute function extensions.pgrst_watch();
notify pgrst, 'reload schema';
"""


def plain_dsn(url: str) -> str:
    """The URL without SQLAlchemy's driver name, as libpq and PostgREST read it."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}{separator}{rest}"


def prepare_project(owner_url: str, authenticator_password: str) -> None:
    """Bring the database of `owner_url` (a superuser) into the shape of a hosted project; safe to repeat.

    Roles belong to the whole server: several projects on one server share them and the authenticator's password.
    """
    import psycopg2
    from psycopg2 import sql

    connection = psycopg2.connect(plain_dsn(owner_url))
    try:
        with connection, connection.cursor() as cursor:
            _locked(cursor)
            cursor.execute(_ROLES)
            cursor.execute(sql.SQL("alter role authenticator password {}").format(sql.Literal(authenticator_password)))
            cursor.execute(_GRANTS)
    finally:
        connection.close()


def authenticator_url(owner_url: str, authenticator_password: str) -> str:
    """The address PostgREST connects with."""
    from urllib.parse import quote, urlsplit

    parts = urlsplit(plain_dsn(owner_url))
    host = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    return f"postgresql://authenticator:{quote(authenticator_password, safe='')}@{host}{parts.path}"


def _locked(cursor: Cursor) -> None:
    cursor.execute("select pg_advisory_xact_lock(%s)", (_LOCK_KEY,))
