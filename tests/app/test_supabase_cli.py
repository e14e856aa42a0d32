"""An operator prepares the client's database, compares it and repairs it, and no connection string is ever shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from synkro_app.cli import main
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.tenants import Tenant
from synkro_resources.lake import Lake
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.tables import WAREHOUSE_TABLES
from synkro_resources.model.tables.crm import DEAL
from synkro_resources.sandbox.supabase.project import prepare_project
from synkro_resources.settings import Settings
from synkro_resources.supabase.ddl import SCHEMA_VERSION
from tests.resources.supabase.projects import as_owner, as_writer, deals, stored
from tests.resources.supabase.test_verify import DAY, dated

ROWS = deals((1, 1, "первая"), (2, 1, "вторая"), (3, 1, "третья"))
Command = Callable[..., Result]


@pytest.fixture
def synkro(control_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tenant_a: Tenant) -> Command:
    """`synkro supabase WORD --tenant …` against a control database and a lake of its own with three deals."""
    monkeypatch.setenv("SYNKRO_DATABASE_URL", control_url)
    monkeypatch.setenv("SYNKRO_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("SYNKRO_CELL", tenant_a.cell)
    lake = Lake(Settings.load().lake_root)
    lake.write_days(DEAL, tenant_a.slug, [DAY], dated(ROWS))

    def run(word: str, *words: str, stdin: str = "") -> Result:
        return CliRunner().invoke(main, ["supabase", word, "--tenant", tenant_a.slug, *words], input=stdin)

    return run


@pytest.fixture
def empty_project(fresh_database: str) -> str:
    """A hosted project without any of our tables."""
    prepare_project(fresh_database, "authenticator")
    return fresh_database


@pytest.fixture
def connected(
    synkro: Command, empty_project: str, control_db: Database, control_url: str, tmp_path: Path, tenant_a: Tenant
) -> str:
    """The project after `apply`, connected by the writer's connection string; its address."""
    done = synkro("apply", "--writer-password", stdin=f"{empty_project}\nwriter\n")
    assert done.exit_code == 0, done.output
    keyring = Keyring.from_settings(Settings.load())
    secrets = {"connection_string": as_writer(empty_project)}
    set_integration(control_db, keyring, tenant_a.slug, IntegrationKind.SUPABASE, {}, secrets, "test")
    return empty_project


def line_of(result: Result, table: str) -> str:
    [line] = [line for line in result.output.splitlines() if f" {table} " in line]
    return " ".join(line.split())


def test_the_printed_script_is_whole_and_cuts_days_in_the_tenants_zone(
    synkro: Command, empty_project: str, tenant_a: Tenant
) -> None:
    printed = synkro("ddl")
    assert printed.exit_code == 0
    assert tenant_a.zone in printed.output
    as_owner(empty_project, printed.output)
    assert [row[0] for row in stored(empty_project, "synkro_schema_version")] == [SCHEMA_VERSION]
    assert stored(empty_project) == []


def test_a_script_for_another_schema_names_it_everywhere(synkro: Command) -> None:
    printed = synkro("ddl", "--schema", "crm").output
    assert "create table if not exists crm.synkro_deal" in printed
    assert "public.synkro" not in printed


def test_applying_shows_the_version_and_never_the_owners_connection(synkro: Command, empty_project: str) -> None:
    for _ in range(2):
        done = synkro("apply", "--writer-password", stdin=f"{empty_project}\nwriter\n")
        assert done.output == f"schema version {SCHEMA_VERSION} is in place\n"
    assert empty_project not in done.output


def test_verifying_before_a_supabase_is_connected_says_so(synkro: Command) -> None:
    result = synkro("verify")
    assert result.exit_code == 2
    assert "not connected" in result.output


def test_what_is_missing_is_named_then_repaired_then_equal(synkro: Command, connected: str) -> None:
    missing = synkro("verify")
    assert missing.exit_code == 1
    assert line_of(missing, "synkro_deal") == "differs synkro_deal 3 rows here, 0 there"
    assert len(missing.output.splitlines()) == len(WAREHOUSE_TABLES)
    repaired = synkro("verify", "--repair")
    assert repaired.exit_code == 0
    assert line_of(repaired, "synkro_deal") == "repaired synkro_deal 3 rows here, 3 there, 3 sent again"
    assert len(stored(connected)) == 3
    again = synkro("verify")
    assert (again.exit_code, line_of(again, "synkro_deal")) == (0, "equal synkro_deal 3 rows here, 3 there")
    assert all("writer:" not in result.output for result in (missing, repaired, again))


def test_the_status_repeats_the_last_comparison_without_asking_the_client(synkro: Command, connected: str) -> None:
    assert synkro("status").output == "no table has been compared yet\n"
    synkro("verify")
    as_owner(connected, "drop schema public cascade")
    told = synkro("status")
    assert told.exit_code == 1
    assert line_of(told, "synkro_deal").startswith("differs synkro_deal 3 rows here, 0 there, ")


def test_a_row_that_the_client_refuses_is_told_and_does_not_fail_every_verification(
    synkro: Command, connected: str
) -> None:
    as_owner(connected, "alter table synkro_deal add constraint own check (name <> 'вторая')")
    assert synkro("verify").exit_code == 1
    repaired = synkro("verify", "--repair")
    assert repaired.exit_code == 0
    assert line_of(repaired, "synkro_deal").endswith("2 sent again, 1 refused (23514)")
    later = synkro("verify")
    assert later.exit_code == 0
    assert line_of(later, "synkro_deal") == "equal synkro_deal 3 rows here, 2 there, 1 refused (23514)"
    assert "1 refused" in line_of(synkro("status"), "synkro_deal")
    assert "вторая" not in repaired.output + later.output
    as_owner(connected, "alter table synkro_deal drop constraint own")
    assert line_of(synkro("verify", "--repair"), "synkro_deal").endswith("3 there, 1 sent again")


def test_rows_that_only_the_client_has_are_told_and_are_no_difference(synkro: Command, connected: str) -> None:
    synkro("verify", "--repair")
    as_owner(connected, "insert into synkro_deal (deal_id, is_deleted, source_updated_at) values (9, false, now())")
    found = synkro("verify")
    assert found.exit_code == 0
    assert line_of(found, "synkro_deal") == "equal synkro_deal 3 rows here, 4 there, 1 only there"
