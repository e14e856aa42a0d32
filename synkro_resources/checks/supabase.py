"""The check of the client's Supabase: address, key, schema, and one row written, read back and deleted on each path."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
from postgrest import SyncRequestBuilder
from postgrest.exceptions import APIError
from postgrest.types import ReturnMethod
from supabase import Client, ClientOptions, create_client

from synkro_resources.checks.network import BoundedTransport
from synkro_resources.checks.parts import Part, broken, ok, warning
from synkro_resources.checks.subject import Subject, claims_of
from synkro_resources.checks.supabase_direct import DirectCheck
from synkro_resources.checks.warehouse import old_schema, schema_finding, tables_finding, written_finding
from synkro_resources.control.integrations import CheckFinding, CheckStatus
from synkro_resources.http.guarded import GuardedTransport, UnpackingTransport
from synkro_resources.http.hosts import is_loopback
from synkro_resources.http.jsonvalues import JsonObject, as_object, as_text, as_whole
from synkro_resources.model.errors import IntegrationError, Sentence, SynkroError
from synkro_resources.model.tables import WAREHOUSE_TABLES
from synkro_resources.supabase.ddl import CHECK_TABLE, VERSION_TABLE, WRITER_ROLE
from synkro_resources.supabase.errors import explain, unreachable
from synkro_resources.supabase.writer import check_schema_name, warehouse_name

SECRET_KEY = Sentence(
    "Скопируйте секретный ключ (sb_secret_…) в настройках API проекта Supabase.",
    "Copy the secret key (sb_secret_…) from the API settings of the Supabase project.",
)
ADDRESS = Sentence(
    "Укажите адрес проекта вида https://abcdefgh.supabase.co (Project URL в настройках API).",
    "Give the project's address such as https://abcdefgh.supabase.co (Project URL in the API settings).",
)
CREDENTIALS = frozenset({"401", "42501", "PGRST301", "PGRST302", "PGRST303"})
MISSING = frozenset({"404", "42P01", "42703", "PGRST204", "PGRST205"})

Answer = TypeVar("Answer")


class SupabaseCheck:
    """The writing path that loads use decides: with a connection string what REST lacks is a warning only."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._key = subject.secret("secret_key")
        self._direct = DirectCheck(subject)
        self._has_direct = bool(subject.secret("connection_string").get_secret_value())
        self._has_rest = bool(self._key.get_secret_value()) or not self._has_direct
        self._schema = subject.text("schema") or "public"
        self._http: httpx.Client | None = None
        self._rest: Client | None = None
        self._status = 0

    def parts(self) -> Sequence[Part]:
        parts: list[Part] = list(self._direct.parts()) if self._has_direct else []
        if self._has_rest:
            rest: CheckStatus = "warning" if self._has_direct else "broken"
            parts += [
                Part(("url",), Sentence("адрес проекта", "the project's address"), self._address, (), rest),
                Part(("key_kind",), Sentence("вид ключа", "the kind of the key"), self._key_kind),
                Part(
                    ("connection", "schema_version"),
                    Sentence("подключение к API", "the connection to the API"),
                    self._version,
                    ("url", "key_kind"),
                    rest,
                ),
                Part(
                    ("write",),
                    Sentence("запись через API", "writing by the API"),
                    self._write,
                    ("connection", "schema_version"),
                    rest,
                ),
            ]
            if not self._has_direct:
                parts += [
                    Part(("tables",), Sentence("таблицы", "the tables"), self._tables, ("connection",)),
                    Part(
                        ("separate_project",),
                        Sentence("отдельный проект", "a separate project"),
                        self._separate_project,
                        ("key_kind",),
                    ),
                ]
        parts.append(Part(("region",), Sentence("регион", "the region"), self._region, (), "warning"))
        return parts

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
        self._direct.close()

    def _address(self) -> Iterable[CheckFinding]:
        parts = urlsplit(self._subject.text("url").rstrip("/"))
        host = parts.hostname or ""
        invented = self._subject.allow_sandbox and is_loopback(host)
        if not host or parts.username or parts.query or parts.scheme not in ("https", "http"):
            yield broken("url", Sentence("Это не адрес проекта.", "This is no project address."), ADDRESS)
        elif host in ("supabase.com", "www.supabase.com", "app.supabase.com"):
            what = Sentence(
                "Это адрес панели Supabase, а не проекта.", "This is the dashboard's address, no project's."
            )
            yield broken("url", what, ADDRESS)
        elif not invented and (parts.scheme != "https" or parts.path or is_loopback(host)):
            what = Sentence("Нужен адрес https:// без пути.", "An https:// address without a path is needed.")
            yield broken("url", what, ADDRESS)
        else:
            yield ok("url", f"Адрес подходит: {host}.", f"The address can be used: {host}.")

    def _key_kind(self) -> Iterable[CheckFinding]:
        key, name = self._key.get_secret_value().strip(), "key_kind"
        claims = claims_of(self._key) or {}
        role, ends = as_text(claims.get("role")), as_whole(claims.get("exp"))
        if key.startswith("sb_publishable_") or role == "anon":
            what = Sentence("Это публичный ключ, нужен секретный.", "This is the public key, the secret one is needed.")
            yield broken(name, what, SECRET_KEY)
        elif key.startswith("sb_secret_"):
            yield ok(name, "Это секретный ключ.", "This is a secret key.")
        elif role != "service_role":
            yield broken(name, Sentence("Это не ключ Supabase.", "This is no key of Supabase."), SECRET_KEY)
        elif ends is not None and ends < self._subject.clock.now().timestamp():
            what = Sentence("Срок старого ключа service_role кончился.", "The legacy key service_role has expired.")
            yield broken(name, what, SECRET_KEY)
        else:
            what = Sentence(
                "Это ключ старого образца (service_role): Supabase отключает такие ключи.",
                "This is a legacy key (service_role): Supabase is switching these off.",
            )
            yield warning(name, what, SECRET_KEY)

    def _separate_project(self) -> Iterable[CheckFinding]:
        yield warning(
            "separate_project",
            Sentence(
                "Секретный ключ открывает все таблицы проекта.", "The secret key opens every table of the project."
            ),
            Sentence(
                f"Лучше отдельный проект или строка подключения роли {WRITER_ROLE}.",
                f"Better use a separate project, or a connection string of the role {WRITER_ROLE}.",
            ),
        )

    def _version(self) -> Iterable[CheckFinding]:
        """One request proves address, key, exposed schema and migration (or tells which of them is wrong)."""
        table = self._table(VERSION_TABLE)
        try:
            rows = self._ask(
                lambda: table.select("version").order("version", desc=True).limit(1).retry(False).execute().data,
                VERSION_TABLE,
            )
        except IntegrationError as error:
            if error.code.partition(".")[2] not in MISSING:
                raise
            yield ok("connection", "Проект отвечает, ключ принят.", "The project answers and takes the key.")
            yield old_schema("schema_version", None, self._rest_status)
            return
        yield ok("connection", "Проект отвечает, ключ принят.", "The project answers and takes the key.")
        first: JsonObject = as_object(rows[0]) if rows else {}
        yield schema_finding("schema_version", as_whole(first.get("version")), self._rest_status)

    def _tables(self) -> Iterable[CheckFinding]:
        """Every table with every column; no row is read."""
        faults: dict[str, list[str]] = {}
        for table in WAREHOUSE_TABLES:
            name = warehouse_name(table)
            columns = ",".join(column.name for column in table.columns)
            request = self._table(name)
            try:
                self._ask(lambda r=request, c=columns: r.select(c).limit(0).retry(False).execute(), name)
            except IntegrationError as error:
                code = error.code.partition(".")[2]
                if code not in MISSING | CREDENTIALS:
                    raise
                faults.setdefault(code, []).append(name)
        yield from tables_finding("tables", faults)

    def _write(self) -> Iterable[CheckFinding]:
        check_id = uuid.uuid4().hex
        table = self._table(CHECK_TABLE)
        row = {"check_id": check_id}
        self._ask(
            lambda: table.upsert(row, on_conflict="check_id", returning=ReturnMethod.minimal).retry(False).execute(),
            CHECK_TABLE,
        )
        try:
            read = self._ask(
                lambda: table.select("check_id").eq("check_id", check_id).retry(False).execute().data, CHECK_TABLE
            )
        finally:
            self._ask(
                lambda: table.delete(returning=ReturnMethod.minimal).eq("check_id", check_id).retry(False).execute(),
                CHECK_TABLE,
            )
        yield written_finding("write", bool(read), self._rest_status)

    @property
    def _rest_status(self) -> CheckStatus:
        return "warning" if self._has_direct else "broken"

    def _table(self, name: str) -> SyncRequestBuilder:
        if self._rest is None:
            subject = self._subject
            guarded = GuardedTransport(UnpackingTransport(subject.network()), inside=subject.text("inside"))
            transport = BoundedTransport(guarded, subject.deadline)
            hooks = {"response": [self._note_status]}
            self._http = httpx.Client(transport=transport, trust_env=False, follow_redirects=False, event_hooks=hooks)
            options = ClientOptions(
                httpx_client=self._http, schema=check_schema_name(self._schema), auto_refresh_token=False
            )
            self._rest = create_client(subject.text("url").rstrip("/"), self._key.get_secret_value().strip(), options)
        return self._rest.table(name)

    def _ask(self, call: Callable[[], Answer], table: str) -> Answer:
        """One call and, after a failure that may pass, one more: every call here may be repeated."""
        try:
            return self._once(call, table)
        except SynkroError as error:
            if not error.retryable or self._subject.deadline.is_over:
                raise
        return self._once(call, table)

    def _once(self, call: Callable[[], Answer], table: str) -> Answer:
        tenant = self._subject.tenant
        try:
            return call()
        except APIError as failure:
            # The gateway in front answers without a code: then its status is all there is.
            code = str(failure.code or self._status)
            raise explain(code, status=self._status, tenant=tenant, table=table) from None  # details hold row values
        except httpx.HTTPError as failure:
            raise unreachable(tenant, detail=f"{table}: {type(failure).__name__}") from None

    def _note_status(self, response: httpx.Response) -> None:
        self._status = response.status_code

    def _region(self) -> Iterable[CheckFinding]:
        """No API tells where the data lie, so that only the client can answer."""
        if self._subject.public.get("region_confirmed") is True:
            yield ok(
                "region", "Место хранения подтверждено клиентом.", "The client has confirmed the place of storage."
            )
            return
        yield warning(
            "region",
            Sentence(
                "Облако Supabase хранит данные за пределами России: для персональных данных россиян это вопрос 152-ФЗ.",
                "Supabase's cloud keeps data outside Russia: for personal data of Russian citizens 152-FZ applies.",
            ),
            Sentence(
                "Решите этот вопрос с юристом и отметьте «Регион подтверждён» (region_confirmed) в настройках.",
                "Settle it with a lawyer and set “region confirmed” (region_confirmed) in the settings.",
            ),
        )
