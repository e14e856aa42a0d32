"""What was recorded stays recorded, whoever would like it otherwise."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import ProgrammingError

from synkro_resources.control.audit import record, tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.tables.audit import audit_event
from synkro_resources.control.tenants import Tenant
from tests.control_fixtures import NOON


def test_a_deed_and_its_record_stand_or_fall_together(control_db: Database, tenant_a: Tenant) -> None:
    with pytest.raises(RuntimeError), control_db.tenant(tenant_a.slug) as connection:  # noqa: PT012
        record(connection, at=NOON, actor="user:1", action="undone", tenant=tenant_a.slug)
        raise RuntimeError
    with control_db.tenant(tenant_a.slug) as connection:
        record(connection, at=NOON, actor="user:1", action="done", tenant=tenant_a.slug, details={"n": 1})
    events = {event.action: event for event in tenant_events(control_db, tenant_a.slug)}
    assert (events["done"].at, events["done"].details) == (NOON, {"n": 1})
    assert "undone" not in events


@pytest.mark.parametrize("role", ["tenant", "operator", "owner"])
@pytest.mark.parametrize("statement", [update(audit_event).values(actor="nobody"), delete(audit_event)])
def test_nobody_changes_or_removes_the_record(
    control_db: Database, tenant_a: Tenant, role: str, statement: object
) -> None:
    door = {
        "tenant": lambda: control_db.tenant(tenant_a.slug),
        "operator": lambda: control_db.operator("op", "tidy up"),
        "owner": control_db.owner,
    }[role]
    with pytest.raises(ProgrammingError, match="permission denied|append-only"), door() as connection:
        connection.execute(statement)  # pyright: ignore[reportCallIssue, reportArgumentType]


def test_even_the_owner_cannot_empty_the_record(control_db: Database) -> None:
    with pytest.raises(ProgrammingError, match="append-only"), control_db.owner() as connection:
        connection.execute(text("TRUNCATE audit_event"))


def test_nobody_writes_the_record_of_another_tenant(control_db: Database, tenant_a: Tenant, tenant_b: Tenant) -> None:
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        control_db.tenant(tenant_a.slug) as connection,
    ):
        record(connection, at=NOON, actor="user:1", action="planted", tenant=tenant_b.slug)


def test_that_the_operator_looked_is_kept_even_when_the_look_failed(control_db: Database) -> None:
    with pytest.raises(RuntimeError), control_db.operator("op", "a failing look") as _:
        raise RuntimeError
    with control_db.operator("op", "reading the record") as connection:
        reasons = set(connection.scalars(select(audit_event.c.reason).where(audit_event.c.actor == "op")))
    assert "a failing look" in reasons
