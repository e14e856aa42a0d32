"""No query of one tenant reaches another one's rows, whatever table it tries; generated from the metadata."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, Table, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError, ProgrammingError

from synkro_resources.control import access
from synkro_resources.control.database import Database
from synkro_resources.control.tables import metadata
from synkro_resources.control.tables.base import PII_SCHEMA, is_tenant_scoped
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from tests.control_fixtures import new_tenant

INSTANT = datetime(2026, 11, 20, 9, tzinfo=UTC)
SAMPLES: dict[type, Any] = {
    str: "sample",
    int: 1,
    float: 1.0,
    bool: True,
    date: date(2026, 11, 20),
    datetime: INSTANT,
    time: time(9),
    Decimal: Decimal(1),
    bytes: b"sample",
}
# Words from closed sets, where "sample" would be refused before the policy is asked.
WORDS = {
    ("membership", "role"): "viewer",
    ("invitation", "role"): "viewer",
    ("integration", "kind"): "amocrm",
    ("integration", "status"): "new",
    ("integration_check", "kind"): "amocrm",
    ("integration_check", "status"): "ok",
    ("report_schedule", "kind"): "day",
    ("run_request", "kind"): "data",
    ("run_request", "period_kind"): "day",
    ("run_request", "status"): "open",
    ("run", "status"): "running",
    ("run_step", "status"): "running",
    ("day_state", "layer"): "raw",
    ("warehouse_check", "status"): "equal",
    ("report_package", "state"): "ready",
    ("report_package", "verdict"): "ok",
    ("report_package_fact", "wording"): "template",
    ("report_file", "format"): "pdf",
    ("destination", "channel"): "telegram",
    ("delivery", "state"): "pending",
    ("notice", "audience"): "admins",
    ("notice", "kind"): "data_old",
    ("episode_analysis", "variant"): "full",
    ("service_line", "kind"): "other",
    ("review_draw", "kind"): "random",
    ("feedback", "verdict"): "верно",
    ("feedback", "reason"): "другое",
    ("feedback", "channel"): "cabinet",
    ("feedback", "sampling"): "voluntary",
    ("dispute", "state"): "открыт",
    ("gold_item", "state"): "draft",
    ("subscription", "plan"): "base",
}
TENANT_TABLES = [table for table in metadata.sorted_tables if is_tenant_scoped(table)]
EVERY_TENANT_TABLE = pytest.mark.parametrize("table", TENANT_TABLES, ids=lambda table: table.name)


@pytest.fixture(scope="module")
def filled(control_db: Database) -> Iterator[tuple[Tenant, Tenant]]:
    """Two tenants with one row in every tenant table each, with the same ids on purpose."""
    clock = FixedClock(INSTANT)
    first, second = new_tenant(control_db, clock, "a"), new_tenant(control_db, clock, "b", cell="second")
    with control_db.owner() as connection:
        user = f"sample-{secrets.token_hex(4)}"
        connection.execute(
            insert(metadata.tables["app_user"]).values(
                user_id=user,
                email=f"{user}@example.com",
                name="",
                language="ru",
                password_hash="",
                status="active",
                created_at=INSTANT,
            )
        )
        for tenant in (first, second):
            for table in TENANT_TABLES:
                if table.name not in ("tenant_settings", "subscription"):  # written with the tenant
                    connection.execute(insert(table).values(sample_row(table, tenant.slug, user)))
    yield first, second
    with control_db.owner() as connection:
        connection.execute(
            delete(metadata.tables["tenant"]).where(text("slug IN (:a, :b)")), {"a": first.slug, "b": second.slug}
        )


def sample_row(table: Table, tenant: str, user_id: str = "sample") -> dict[str, object]:
    row: dict[str, object] = {"tenant": tenant}
    for column in table.columns:
        if column.name in row or column.identity is not None or (column.nullable and not column.foreign_keys):
            continue
        if column.name == "user_id" and column.foreign_keys:
            row[column.name] = user_id
        elif (table.name, column.name) in WORDS:
            row[column.name] = WORDS[table.name, column.name]
        elif column.unique:
            row[column.name] = secrets.token_hex(8)
        elif isinstance(column.type, ARRAY):
            row[column.name] = []
        elif column.type.python_type is dict:
            row[column.name] = {}
        else:
            row[column.name] = SAMPLES[column.type.python_type]
    return row


def as_tenant(db: Database, table: Table, slug: str) -> AbstractContextManager[Connection]:
    return db.pii(slug) if table.schema == PII_SCHEMA else db.tenant(slug)


@EVERY_TENANT_TABLE
def test_a_tenant_reads_its_own_rows_and_no_other(
    control_db: Database, filled: tuple[Tenant, Tenant], table: Table
) -> None:
    for tenant in filled:
        with as_tenant(control_db, table, tenant.slug) as connection:
            assert set(connection.scalars(select(table.c.tenant))) == {tenant.slug}


@EVERY_TENANT_TABLE
def test_a_tenant_changes_and_removes_nothing_of_another(
    control_db: Database, filled: tuple[Tenant, Tenant], table: Table
) -> None:
    first, second = filled
    for statement in (
        update(table).where(table.c.tenant == second.slug).values(tenant=second.slug),
        update(table).where(table.c.tenant == second.slug).values(tenant=first.slug),
        delete(table).where(table.c.tenant == second.slug),
    ):
        assert _touched(control_db, table, first.slug, statement) == 0
    with control_db.owner() as connection:
        assert connection.scalar(select(func.count()).select_from(table).where(table.c.tenant == second.slug)) == 1


@EVERY_TENANT_TABLE
def test_a_tenant_cannot_plant_rows_in_another(
    control_db: Database, filled: tuple[Tenant, Tenant], table: Table
) -> None:
    first, second = filled
    with (
        pytest.raises(ProgrammingError, match="row-level security|permission denied"),
        as_tenant(control_db, table, first.slug) as connection,
    ):
        connection.execute(insert(table).values(sample_row(table, second.slug)))


@EVERY_TENANT_TABLE
def test_a_tenant_cannot_give_its_rows_away(control_db: Database, filled: tuple[Tenant, Tenant], table: Table) -> None:
    first, second = filled
    with (
        pytest.raises(ProgrammingError, match="row-level security|permission denied"),
        as_tenant(control_db, table, first.slug) as connection,
    ):
        connection.execute(update(table).values(tenant=second.slug))


@EVERY_TENANT_TABLE
def test_without_a_tenant_nothing_is_visible(control_db: Database, filled: tuple[Tenant, Tenant], table: Table) -> None:
    role = access.PII if table.schema == PII_SCHEMA else access.APP
    for setting in (None, "", "*", f"{filled[0].slug},{filled[1].slug}"):
        with control_db.owner() as connection:
            connection.execute(text(f"SET LOCAL ROLE {role}"))
            if setting is not None:
                connection.execute(text("SELECT set_config('synkro.tenant', :it, true)"), {"it": setting})
            assert connection.execute(select(table.c.tenant)).all() == []


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_row_level_security_is_forced_on_every_table(control_db: Database, table: Table) -> None:
    with control_db.owner() as connection:
        state = connection.execute(
            text("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = CAST(:name AS regclass)"),
            {"name": f"{table.schema or 'public'}.{table.name}"},
        ).one()
    assert tuple(state) == (True, True)


@pytest.mark.parametrize("role", access.ROLES)
def test_no_role_of_the_product_can_log_in_own_tables_or_bypass_the_rules(control_db: Database, role: str) -> None:
    with control_db.owner() as connection:
        row = connection.execute(text("SELECT * FROM pg_roles WHERE rolname = :role"), {"role": role}).one()
        owned = connection.scalar(text("SELECT count(*) FROM pg_class WHERE relowner = :oid"), {"oid": row.oid})
    assert not any((row.rolcanlogin, row.rolsuper, row.rolbypassrls, row.rolcreaterole, row.rolcreatedb, owned))


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_the_scheduler_sees_its_own_cell_and_never_contents(
    control_db: Database, filled: tuple[Tenant, Tenant], table: Table
) -> None:
    first, second = filled
    allowed = {"tenant", "report_schedule", "run_request", "run", "run_step", "day_state"}
    allowed |= {"plan", "subscription"}  # how often the clock refreshes, and when a trial is over
    column = table.c.slug if table.name == "tenant" else next(iter(table.columns))
    if table.name not in allowed:
        with pytest.raises(ProgrammingError, match="permission denied"), control_db.scheduler("main") as connection:
            connection.execute(select(column))
        return
    for cell, mine, other in (("main", first, second), ("second", second, first)):
        with control_db.scheduler(cell) as connection:
            seen = set(connection.scalars(select(column)))
        assert mine.slug in seen or table.name == "plan"  # no tenant's own
        assert other.slug not in seen


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_the_sign_in_role_sees_people_and_nothing_else(control_db: Database, table: Table) -> None:
    allowed = {"app_user", "session", "membership", "invitation", "platform_role", "signin_attempt"}
    allowed |= {"signin_challenge", "second_factor", "recovery_code", "password_reset"}
    allowed |= {"plan", "subscription"}  # whether an invited person still has a seat
    allowed |= {"support_visit", "support_access"}  # where an operator works now, and whether texts are open there
    if table.name in allowed:
        with control_db.auth() as connection:
            connection.execute(select(table).limit(1))
        return
    with pytest.raises(ProgrammingError, match="permission denied"), control_db.auth() as connection:
        connection.execute(select(next(iter(table.columns))))


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("integration", "secrets"),
        ("delivery", "payload"),
        ("report", "document"),
        ("report_package_row", "extra"),
        ("finding", "quote_masked"),
        ("ai_call", "masked_request"),
        ("app_user", "password_hash"),
        ("session", "token_hash"),
        ("pii.pii_token", "encrypted_value"),
    ],
)
def test_the_operator_never_reads_secrets_or_texts(control_db: Database, table: str, column: str) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        control_db.operator("op", "curious") as connection,
    ):
        connection.execute(select(metadata.tables[table].c[column]))


def test_the_tenants_role_cannot_reach_the_values_behind_tokens(
    control_db: Database, filled: tuple[Tenant, Tenant]
) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        control_db.tenant(filled[0].slug) as connection,
    ):
        connection.execute(select(metadata.tables["pii.pii_token"]))
    with pytest.raises(ProgrammingError, match="permission denied"), control_db.pii(filled[0].slug) as connection:
        connection.execute(select(metadata.tables["finding"]))


def test_a_tenant_cannot_raise_its_own_plan(control_db: Database, filled: tuple[Tenant, Tenant]) -> None:
    for name in ("subscription", "plan"):
        table = metadata.tables[name]
        values = {"plan": "enterprise"} if name == "subscription" else {"users": 1000}
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            control_db.tenant(filled[0].slug) as connection,
        ):
            connection.execute(update(table).values(**values))


def test_a_tenant_sees_only_its_own_people_and_never_their_passwords(
    control_db: Database, filled: tuple[Tenant, Tenant]
) -> None:
    user = metadata.tables["app_user"]
    with control_db.tenant(filled[0].slug) as connection:
        assert len(connection.execute(select(user.c.email)).all()) == 1
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        control_db.tenant(filled[0].slug) as connection,
    ):
        connection.execute(select(user.c.password_hash))


def test_the_role_is_off_again_when_the_connection_goes_back(
    control_db: Database, filled: tuple[Tenant, Tenant]
) -> None:
    with control_db.tenant(filled[0].slug):
        pass
    with control_db.auth() as connection:
        assert connection.scalar(text("SELECT current_setting('synkro.tenant', true)")) in (None, "")
        assert connection.scalar(text("SELECT current_user")) == access.AUTH


def _touched(db: Database, table: Table, slug: str, statement: Any) -> int:
    try:
        with as_tenant(db, table, slug) as connection:
            return connection.execute(statement).rowcount
    except DBAPIError as error:
        assert "permission denied" in str(error) or "row-level security" in str(error)  # noqa: PT017
        return 0
