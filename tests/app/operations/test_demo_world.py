"""A second start of the demo continues the first one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from synkro_app.operations.demo_world import OWNER, SLUG, connect_tenant, prepare_client_database, stored_world
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import list_destinations
from synkro_resources.control.integrations import list_integrations
from synkro_resources.control.migrate import migrate
from synkro_resources.control.schedules import list_schedules
from synkro_resources.control.tenants import list_tenants
from synkro_resources.control.users import tenant_users
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.period import PeriodKind
from synkro_resources.settings import Settings

SANDBOX = "http://127.0.0.1:8090"


def test_a_second_start_keeps_seed_and_first_day_so_that_all_ids_stay(tmp_path: Path) -> None:
    clock = FixedClock(datetime(2026, 11, 20, 20, 0, tzinfo=UTC))  # already the 21st in Yekaterinburg
    first = stored_world(tmp_path, clock)
    assert first.first_day == date(2026, 9, 22)
    clock.move(timedelta(days=3))
    second = stored_world(tmp_path, clock)
    assert (second.seed, second.first_day) == (first.seed, first.first_day)
    assert second.end - first.end == timedelta(days=3)


def test_preparing_the_demo_twice_makes_one_tenant_one_owner_five_integrations_one_chat(
    tmp_path: Path, fresh_database: str
) -> None:
    migrate(fresh_database)
    settings = Settings(state_dir=tmp_path, database_url=fresh_database, allow_sandbox=True)  # type: ignore[arg-type]
    for _ in range(2):
        connect_tenant(settings, SANDBOX, direct_supabase="")
    db = Database.from_settings(settings)
    try:
        assert [tenant.slug for tenant in list_tenants(db, settings.cell)] == [SLUG]
        assert [user.email for user, _ in tenant_users(db, SLUG)].count(OWNER.email) == 1
        assert [chat.channel for chat in list_destinations(db, SLUG)] == ["telegram"]
        assert [integration.version for integration in list_integrations(db, SLUG)] == [1] * 5
        assert [schedule.kind for schedule in list_schedules(db, SLUG)] == [PeriodKind.DAY]
    finally:
        db.close()


def test_a_sandbox_that_moved_to_another_port_is_followed(tmp_path: Path, fresh_database: str) -> None:
    migrate(fresh_database)
    settings = Settings(state_dir=tmp_path, database_url=fresh_database, allow_sandbox=True)  # type: ignore[arg-type]
    connect_tenant(settings, SANDBOX, direct_supabase="")
    connect_tenant(settings, "http://127.0.0.1:9999", direct_supabase="")
    db = Database.from_settings(settings)
    try:
        addresses = {str(item.public.get("base_url") or item.public.get("url")) for item in list_integrations(db, SLUG)}
        assert all(address.startswith("http://127.0.0.1:9999") for address in addresses)
    finally:
        db.close()


def test_without_postgrest_the_writing_role_can_sign_in_to_the_clients_database(fresh_database: str) -> None:
    import psycopg2

    direct = prepare_client_database(fresh_database, direct=True)
    connection = psycopg2.connect(direct)
    with connection.cursor() as cursor:
        cursor.execute("select current_user")
        assert cursor.fetchone() == ("synkro_writer",)
    connection.close()
    assert prepare_client_database(fresh_database, direct=False) == ""
