"""A tenant is made whole or not at all, and its settings keep their history."""

from __future__ import annotations

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from synkro_resources.control import plans, tenants
from synkro_resources.control.cells import move_tenant
from synkro_resources.control.database import Database
from synkro_resources.control.locks import tenant_lock
from synkro_resources.control.tables.tenancy import tenant as tenant_table
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import TransientError, UserInputError
from tests.control_fixtures import NOON, new_tenant


def add(db: Database, clock: FixedClock, **changes: str) -> Tenant:
    values = {"slug": "x-new", "name": "", "zone": "UTC", "account": "x", "cell": "main", "plan": "base"} | changes
    return tenants.add_tenant(db, **values, clock=clock)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"slug": "Bad|slug"}, "tenant.bad_slug"),
        ({"slug": "../etc"}, "tenant.bad_slug"),
        ({"zone": "Mars/Olympus"}, "tenant.bad_zone"),
        ({"plan": "free"}, "plan.unknown"),
    ],
)
def test_a_tenant_that_cannot_work_is_refused_at_the_door(
    control_db: Database, control_clock: FixedClock, changes: dict[str, str], code: str
) -> None:
    with pytest.raises(UserInputError) as refusal:
        add(control_db, control_clock, **changes)
    assert refusal.value.code == code


def test_the_same_name_is_not_given_twice(control_db: Database, control_clock: FixedClock, tenant_a: Tenant) -> None:
    with pytest.raises(UserInputError, match="exists"):
        add(control_db, control_clock, slug=tenant_a.slug)


@pytest.mark.parametrize("slug", ["a|b", "../x", "UPPER", "-x", "x"])
def test_the_database_itself_refuses_a_dangerous_name(control_db: Database, tenant_a: Tenant, slug: str) -> None:
    with (
        pytest.raises(IntegrityError, match="ck_tenant_slug"),
        control_db.operator("op", "a mistake in the code") as connection,
    ):
        connection.execute(
            insert(tenant_table).values(
                slug=slug,
                account_id=tenant_a.account_id,
                name="",
                zone="UTC",
                cell="main",
                status="active",
                created_at=NOON,
            )
        )


def test_one_account_owns_several_tenants(control_db: Database, control_clock: FixedClock, tenant_a: Tenant) -> None:
    second = add(control_db, control_clock, slug=f"{tenant_a.slug}-2", account=f"account of {tenant_a.slug}")
    assert second.account_id == tenant_a.account_id
    assert tenants.get_tenant(control_db, second.slug) == second


def test_settings_keep_their_versions_and_the_same_ones_make_none(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    first = tenants.tenant_settings(control_db, tenant_a.slug)
    moved = first.model_copy(update={"zone": "Asia/Vladivostok", "sla_minutes": 20})

    def save() -> int:
        return tenants.save_tenant_settings(control_db, tenant_a.slug, moved, changed_by="user:1", clock=control_clock)

    assert (save(), save()) == (2, 2)
    assert tenants.tenant_settings(control_db, tenant_a.slug) == moved
    assert tenants.get_tenant(control_db, tenant_a.slug).zone == "Asia/Vladivostok"


def test_a_cell_lists_its_own_tenants(control_db: Database, tenant_a: Tenant, tenant_b: Tenant) -> None:
    main = {tenant.slug for tenant in tenants.list_tenants(control_db, "main")}
    assert tenant_a.slug in main
    assert tenant_b.slug not in main
    everywhere = {tenant.slug for tenant in tenants.list_all_tenants(control_db, actor="op")}
    assert {tenant_a.slug, tenant_b.slug} <= everywhere


def test_a_tenant_changes_its_cell_between_two_runs_only(
    control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    def move() -> Tenant:
        return move_tenant(
            control_db, tenant_a.slug, "cell-two", actor="operator", reason="more room", clock=control_clock
        )

    with tenant_lock(control_db, tenant_a.slug, wait_s=0), pytest.raises(TransientError) as busy:
        move()
    assert busy.value.code == "run.tenant_busy"
    assert tenant_a.slug in {item.slug for item in tenants.list_tenants(control_db, tenant_a.cell)}
    assert move().cell == "cell-two"
    assert tenant_a.slug not in {item.slug for item in tenants.list_tenants(control_db, tenant_a.cell)}
    assert tenant_a.slug in {item.slug for item in tenants.list_tenants(control_db, "cell-two")}


def test_an_unknown_tenant_is_named(control_db: Database) -> None:
    for ask in (tenants.get_tenant, tenants.tenant_settings, plans.tenant_plan):
        with pytest.raises(UserInputError, match="nobody-here"):
            ask(control_db, "nobody-here")


def test_the_operator_changes_a_plan(control_db: Database, control_clock: FixedClock) -> None:
    slug = new_tenant(control_db, control_clock, "p", plan="base").slug
    plans.change_plan(control_db, slug, "pro", actor="op", reason="paid", clock=control_clock)
    assert plans.tenant_plan(control_db, slug).name == "Pro"
    assert [plan.name for plan in plans.list_plans(control_db, slug)] == ["Базовый", "Pro", "Enterprise"]


def test_a_server_that_is_down_is_said_in_words() -> None:
    nowhere = Database("postgresql+psycopg2://nobody:nothing@127.0.0.1:9/none")
    with pytest.raises(TransientError) as failure, nowhere.auth():
        pass
    assert failure.value.code == "control.unavailable"
