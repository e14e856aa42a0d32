"""An operator erases, retains and exports from the command line; nothing is removed by a slip of the keyboard."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from synkro_app.cli import main
from synkro_resources.control.database import Database
from synkro_resources.control.tenants import Tenant, list_all_tenants
from synkro_resources.lake import Lake
from synkro_resources.model.clock import SystemClock
from synkro_resources.model.tables import DAY_COLUMN
from synkro_resources.model.tables.raw import AMOCRM_CONTACTS, RADIST_MESSAGES

Command = Callable[..., Result]
PHONE = "79123456789"
RAW = '{"custom_fields_values":[{"field_code":"PHONE","values":[{"value":"+7 (912) 345-67-89"}]}]}'


@pytest.fixture
def synkro(control_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command against the test's control database with a state folder and a Dagster of its own."""
    home = tmp_path / "dagster_home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv("SYNKRO_DATABASE_URL", control_url)
    monkeypatch.setenv("SYNKRO_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    return lambda *words, stdin="": CliRunner().invoke(main, words, input=stdin)


@pytest.fixture
def lake(tmp_path: Path, tenant_a: Tenant) -> Lake:
    lake, now, today = Lake(str(tmp_path / "lake")), SystemClock().now(), SystemClock().now().date()
    contact = {"source_updated_at": now, "is_deleted": False}
    rows = AMOCRM_CONTACTS.from_rows([{**contact, "id": 1, "raw": RAW}, {**contact, "id": 2, "raw": "{}"}])
    lake.write_days(
        AMOCRM_CONTACTS, tenant_a.slug, [today], rows.append_column(DAY_COLUMN, pa.array([today] * 2, pa.date32()))
    )
    days = [today - timedelta(days=age) for age in (90, 10)]
    lake.write_days(RADIST_MESSAGES, tenant_a.slug, days, RADIST_MESSAGES.empty_days())
    return lake


def exists(db: Database, slug: str) -> bool:
    return slug in {item.slug for item in list_all_tenants(db, actor="test")}


def test_a_tenant_is_erased_only_when_the_operator_confirms(
    synkro: Command, control_db: Database, tenant_a: Tenant, lake: Lake, tmp_path: Path
) -> None:
    with dg.DagsterInstance.from_config(str(tmp_path / "dagster_home")) as instance:
        instance.add_dynamic_partitions("synkro_tenants", [tenant_a.slug])
        refused = synkro("tenant", "erase", "--tenant", tenant_a.slug)
        assert refused.exit_code == 2
        assert exists(control_db, tenant_a.slug)
        done = synkro("tenant", "erase", "--tenant", tenant_a.slug, "--yes")
        assert done.exit_code == 0, done.output
        assert instance.get_dynamic_partitions("synkro_tenants") == []
    certificate = json.loads(done.output)
    assert certificate["removed"]["lake"]["amocrm/contacts"]["rows"] == 4
    assert not exists(control_db, tenant_a.slug)
    assert lake.days(AMOCRM_CONTACTS, tenant_a.slug) == []


def test_a_machine_without_dagster_says_so_instead_of_forgetting_it(
    synkro: Command, control_db: Database, tenant_a: Tenant, tmp_path: Path
) -> None:
    (tmp_path / "dagster_home" / "dagster.yaml").unlink()
    refused = synkro("tenant", "erase", "--tenant", tenant_a.slug, "--yes")
    assert refused.exit_code == 2
    assert "--no-dagster" in refused.output
    assert exists(control_db, tenant_a.slug)
    done = synkro("tenant", "erase", "--tenant", tenant_a.slug, "--yes", "--no-dagster")
    assert "dagster" in json.loads(done.output)["kept"]


def test_a_person_is_erased_by_the_phone_from_standard_input(synkro: Command, tenant_a: Tenant, lake: Lake) -> None:
    words = ("person", "erase", "--tenant", tenant_a.slug, "--no-supabase", "--yes")
    done = synkro(*words, stdin="8 912 345 67 89\n")
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["found"]["contacts"] == 1
    assert PHONE[1:] not in done.output
    assert lake.read_current(AMOCRM_CONTACTS, tenant_a.slug).column("id").to_pylist() == [2]
    wrong = synkro(*words, stdin="123\n")
    assert wrong.exit_code == 1
    assert "не похоже на телефон" in wrong.output + wrong.stderr


def test_old_days_go_as_the_operator_limits_them(synkro: Command, tenant_a: Tenant, lake: Lake) -> None:
    slug = tenant_a.slug
    done = synkro("tenant", "retain", "--tenant", slug, "--keep", f"{RADIST_MESSAGES.name}=60")
    assert done.exit_code == 0, done.output
    [removed] = json.loads(done.output)[slug]
    assert (removed["table"], removed["days"]) == (RADIST_MESSAGES.name, 1)
    assert len(lake.days(RADIST_MESSAGES, slug)) == 1
    short = synkro("tenant", "retain", "--tenant", slug, "--keep", f"{RADIST_MESSAGES.name}=7")
    assert short.exit_code == 1
    assert "30" in short.stderr + short.output
    everybody = synkro("tenant", "retain", "--all")
    assert everybody.exit_code == 0, everybody.output
    assert json.loads(everybody.output)[slug][0]["days"] == 0
    assert synkro("tenant", "retain").exit_code == 2


def test_an_export_lands_where_the_operator_said(synkro: Command, tenant_a: Tenant, lake: Lake, tmp_path: Path) -> None:
    out = tmp_path / "company.zip"
    done = synkro("tenant", "export", "--tenant", tenant_a.slug, "--out", str(out))
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(out) as archive:
        assert {"README.md", "csv/message.csv", "parquet/message.parquet"} <= set(archive.namelist())
