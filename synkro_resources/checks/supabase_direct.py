"""The check of the connection string: role, schema, tables, and one row written, read back and deleted."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

import psycopg2
from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import parse_dsn

from synkro_resources.checks.network import CALL_S, CONNECT_S
from synkro_resources.checks.parts import Part, broken, ok, warning
from synkro_resources.checks.subject import Subject
from synkro_resources.checks.warehouse import old_schema, schema_finding, tables_finding, written_finding
from synkro_resources.control.integrations import CheckFinding
from synkro_resources.http.jsonvalues import as_whole
from synkro_resources.model.errors import Sentence
from synkro_resources.model.tables import WAREHOUSE_TABLES
from synkro_resources.supabase.ddl import CHECK_TABLE, VERSION_TABLE, WRITER_ROLE
from synkro_resources.supabase.errors import explain, unreachable
from synkro_resources.supabase.opening import open_database
from synkro_resources.supabase.writer import check_schema_name, warehouse_name

WHOLE_STRING = Sentence(
    "Скопируйте её целиком: postgresql://synkro_writer:пароль@адрес:порт/база.",
    "Copy the whole string: postgresql://synkro_writer:password@host:port/database.",
)


class DirectCheck:
    """One connection and six statements."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._dsn = subject.secret("connection_string")
        self._schema = subject.text("schema") or "public"
        self._connection: PgConnection | None = None

    def parts(self) -> Sequence[Part]:
        return (
            Part(
                ("direct", "direct_schema_version", "direct_role"),
                Sentence("прямое подключение", "the direct connection"),
                self._connect,
            ),
            Part(("direct_tables",), Sentence("таблицы", "the tables"), self._tables, ("direct",)),
            Part(
                ("direct_write",),
                Sentence("запись напрямую", "writing directly"),
                self._write,
                ("direct", "direct_schema_version"),
            ),
        )

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _connect(self) -> Iterable[CheckFinding]:
        dsn = self._dsn.get_secret_value().strip().replace("postgresql+psycopg2://", "postgresql://")
        if not _is_readable(dsn):
            what = Sentence("Строка подключения записана с ошибкой.", "The connection string is not well-formed.")
            yield broken("direct", what, WHOLE_STRING)
            return
        # The library's time-out has whole seconds and takes less than two for two.
        left = max(2, min(CONNECT_S, self._subject.deadline.left_s()))
        try:
            self._connection = open_database(
                self._dsn,
                inside=self._subject.text("inside"),
                connect_timeout=int(left),
                options=f"-c statement_timeout={int(CALL_S * 1000)}",
                tcp_user_timeout=int(CALL_S * 1000),
                application_name="synkro check",
            )
        except psycopg2.OperationalError as error:
            if "password authentication failed" in str(error):
                raise explain("28P01", status=None, tenant=self._subject.tenant, table="") from None
            raise unreachable(self._subject.tenant) from None  # the text holds host and user
        self._connection.autocommit = True
        yield ok("direct", "База отвечает.", "The database answers.")
        version_table = f"{check_schema_name(self._schema)}.{VERSION_TABLE}"
        role = self._query("select current_user")
        if self._query("select to_regclass(%s)", version_table)[0][0] is None:
            yield old_schema("direct_schema_version", None, "broken")
        else:
            version = self._query(f"select max(version) from {version_table}")[0][0]  # noqa: S608  # a checked name
            yield schema_finding("direct_schema_version", as_whole(version), "broken")
        if role[0][0] == WRITER_ROLE:
            yield ok("direct_role", "Роль видит только наши таблицы.", "The role sees our tables only.")
        else:
            yield warning(
                "direct_role",
                Sentence(
                    f"Строка подключения не роли {WRITER_ROLE}: она открывает больше, чем нужно.",
                    f"The connection string is not the role {WRITER_ROLE}'s: it opens more than is needed.",
                ),
                Sentence(
                    f"Дайте строку подключения роли {WRITER_ROLE}.",
                    f"Give a connection string of the role {WRITER_ROLE}.",
                ),
            )

    def _tables(self) -> Iterable[CheckFinding]:
        known = {
            (str(table), str(column))
            for table, column in self._query(
                "select table_name, column_name from information_schema.columns where table_schema = %s", self._schema
            )
        }
        faults: dict[str, list[str]] = {}
        for table in WAREHOUSE_TABLES:
            name = warehouse_name(table)
            missing = [column.name for column in table.columns if (name, column.name) not in known]
            if len(missing) == len(table.columns):
                faults.setdefault("42P01", []).append(name)
            elif missing:
                faults.setdefault("42703", []).append(name)
        yield from tables_finding("direct_tables", faults)

    def _write(self) -> Iterable[CheckFinding]:
        check_id, table = uuid.uuid4().hex, f"{self._schema}.{CHECK_TABLE}"
        self._query(f"insert into {table} (check_id) values (%s) returning 1", check_id)  # noqa: S608  # a checked name
        try:
            read = self._query(f"select check_id from {table} where check_id = %s", check_id)  # noqa: S608
        finally:
            self._query(f"delete from {table} where check_id = %s returning 1", check_id)  # noqa: S608
        yield written_finding("direct_write", bool(read), "broken")

    def _query(self, statement: str, *values: str) -> list[tuple[object, ...]]:
        if self._connection is None:
            raise RuntimeError("the connection is opened by the part «direct»")
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall()
        except psycopg2.Error as error:
            if error.pgcode is None:
                raise unreachable(self._subject.tenant) from None
            raise explain(error.pgcode, status=None, tenant=self._subject.tenant, table="") from None


def _is_readable(dsn: str) -> bool:
    """Whether the library would look for a server by it; its own complaints quote the string, password included."""
    try:
        found = parse_dsn(dsn)
    except psycopg2.ProgrammingError:
        return False
    return bool(found.get("host")) and str(found.get("port", "5432")).isdigit()
