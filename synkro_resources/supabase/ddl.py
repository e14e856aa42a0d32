"""The versioned DDL of the client's Supabase, generated from the table registry.

Row-level security is on from the transaction that creates a table; only our writing role has policies. A trigger keeps
the newer of two versions, so that a late or repeated batch can never set a row back.
"""

from __future__ import annotations

from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from synkro_resources.model.errors import IntegrationError, Sentence, SynkroError
from synkro_resources.model.tables import WAREHOUSE_TABLES, Table
from synkro_resources.supabase.column_types import PG_TYPES
from synkro_resources.supabase.errors import explain, unreachable
from synkro_resources.supabase.views import views
from synkro_resources.supabase.writer import check_schema_name, warehouse_name

SCHEMA_VERSION = 5
"""1: our tables. 2: the scratch table of the connection check. 3: chat events, superseded rows, indexes and views.
4: columns of a deal that are filled from its custom fields. 5: analyses of episodes and their findings.
"""

INDEXED = (
    "dialog_id",
    "episode_key",
    "analysis_key",
    "deal_id",
    "contact_id",
    "sent_at",
    "start_at",
    "answered_at",
    "at",
)
"""Columns that people join and filter by, indexed wherever a table has them."""

WRITER_ROLE = "synkro_writer"
VERSION_TABLE = "synkro_schema_version"
CHECK_TABLE = "synkro_check"
"""The connection check writes a row here, reads it back and deletes it; nothing else ever does."""


def ddl(schema: str = "public", *, zone: str = "UTC") -> str:
    """The whole script, safe to run again and over every older version of it.

    `zone`: the tenant's, for the local days in the views. Ends by telling the API server to reload its schema cache.
    """
    check_schema_name(schema)
    parts = [_writer_role(schema), _keep_newest(schema), _check_table(schema)]
    parts += [_table(table, schema) for table in WAREHOUSE_TABLES]
    parts.append(views(schema, zone, writer_role=WRITER_ROLE))
    # Last: a script that stopped half-way must not call itself done.
    parts += [_version_table(schema), "notify pgrst, 'reload schema';"]
    return "\n".join(parts)


def apply_ddl(
    owner_url: str,
    *,
    writer_password: str | None = None,
    schema: str = "public",
    zone: str = "UTC",
    tenant: str | None = None,
) -> None:
    """Run the script through the owner's connection, which is used once and not stored. All of it or nothing.

    `writer_password` lets the writing role sign in for the direct path.

    Raises:
        IntegrationError, TransientError: with what the owner has to do.
    """
    engine = create_engine(owner_url)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(ddl(schema, zone=zone).replace("%", "%%"))
            if writer_password is not None:
                statement = connection.execute(
                    text("select format('alter role synkro_writer login password %L', cast(:password as text))"),
                    {"password": writer_password},
                ).scalar_one()
                connection.exec_driver_sql(str(statement).replace("%", "%%"))
    except DBAPIError as error:
        raise _explained(error, tenant or "") from None  # the statement of the error holds the password
    finally:
        engine.dispose()


def _explained(error: DBAPIError, tenant: str) -> SynkroError:
    code = str(getattr(error.orig, "pgcode", "") or "")
    if code == "2BP01":
        named = str(error.orig).partition("\n")[0].rpartition(": ")[2]
        return IntegrationError(
            "supabase.view_in_use",
            Sentence(
                f"На наших представлениях построены ваши: {named}. Схема не изменена.",
                f"Views of yours are built on ours: {named}. The schema is unchanged.",
            ),
            Sentence(
                "Удалите их на время обновления, выполните SQL снова и создайте их заново.",
                "Drop them for the time of the update, run the SQL again and create them anew.",
            ),
            tenant=tenant,
            integration="supabase",
            detail=code,
        )
    if not code and "password authentication failed" in str(error.orig):
        code = "28P01"
    return explain(code, status=None, tenant=tenant, table="ddl") if code else unreachable(tenant, detail="ddl")


def _writer_role(schema: str) -> str:
    return f"""do $$ begin
  if not exists (select from pg_roles where rolname = '{WRITER_ROLE}') then
    create role {WRITER_ROLE} nologin;
  end if;
end $$;
grant usage on schema {schema} to {WRITER_ROLE};"""


def _keep_newest(schema: str) -> str:
    return f"""create or replace function {schema}.synkro_keep_newest() returns trigger language plpgsql as $$
begin
  if new.source_updated_at < old.source_updated_at then
    return null;
  end if;
  return new;
end $$;"""


def _check_table(schema: str) -> str:
    name = f"{schema}.{CHECK_TABLE}"
    created = f"""create table if not exists {name} (
  check_id text primary key,
  written_at timestamptz not null default now()
);"""
    deletable = f"grant delete on {name} to {WRITER_ROLE};"
    return "\n".join([created, _locked(name), deletable])


def _version_table(schema: str) -> str:
    name = f"{schema}.{VERSION_TABLE}"
    created = f"""create table if not exists {name} (
  version integer primary key,
  applied_at timestamptz not null default now()
);"""
    recorded = f"insert into {name} (version) values ({SCHEMA_VERSION}) on conflict do nothing;"
    return "\n".join([created, _locked(name), recorded])


def _table(table: Table, schema: str) -> str:
    name = f"{schema}.{warehouse_name(table)}"
    columns = [
        f"  {column.name} {PG_TYPES[column.type]}{' not null' if column.required else ''}" for column in table.columns
    ]
    columns.append(f"  primary key ({', '.join(table.key)})")
    # An older version's table lacks what was added since; such columns may be empty.
    added = [
        f"alter table {name} add column if not exists {column.name} {PG_TYPES[column.type]};"
        for column in table.columns
        if column.name not in table.key
    ]
    indexes = [
        f"create index if not exists {warehouse_name(table)}_{column.name} on {name} ({column.name});"
        for column in table.columns
        if column.name in INDEXED and (column.name,) != table.key
    ]
    comments = [f"comment on table {name} is {_quoted(table.ru)};"]
    comments += [f"comment on column {name}.{column.name} is {_quoted(column.ru)};" for column in table.columns]
    return "\n".join(
        [
            f"create table if not exists {name} (\n" + ",\n".join(columns) + "\n);",
            *added,
            *indexes,
            _locked(name),
            f"create or replace trigger synkro_keep_newest before update on {name} "
            f"for each row execute function {schema}.synkro_keep_newest();",
            *comments,
        ]
    )


def _locked(name: str) -> str:
    """RLS with a policy for our writing role alone; the service key bypasses RLS but needs the grant."""
    return f"""alter table {name} enable row level security;
revoke all on {name} from public;
grant select, insert, update on {name} to {WRITER_ROLE};
drop policy if exists synkro_writer on {name};
create policy synkro_writer on {name} to {WRITER_ROLE} using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on {name} from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on {name} to service_role;
  end if;
end $$;"""


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
