"""A person and a company leave the client's own database too, also where our role there may not delete."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from synkro_app.cli import main
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.tenants import Tenant
from synkro_resources.lake import Lake
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.tables import DAY_COLUMN, Table
from synkro_resources.model.tables.crm import CONTACT, CONTACT_PHONE, DEAL
from synkro_resources.settings import Settings
from tests.resources.supabase.projects import as_writer, project, stored

__all__ = ["project"]

Command = Callable[..., Result]
NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
PHONE, OTHER = "79123456789", "79120000000"


def _store(lake: Lake, tenant: str, table: Table, *rows: dict[str, object]) -> None:
    made = table.from_rows([{**row, "source_updated_at": NOON} for row in rows])
    days = pa.array([NOON.date()] * len(rows), pa.date32())
    lake.write_days(table, tenant, [NOON.date()], made.append_column(DAY_COLUMN, days))


@pytest.fixture
def synkro(
    control_url: str,
    control_db: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tenant_a: Tenant,
    project: str,
) -> Command:
    """Commands on a company with two contacts, whose own database is connected by the writer's role and filled."""
    monkeypatch.setenv("SYNKRO_DATABASE_URL", control_url)
    monkeypatch.setenv("SYNKRO_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("SYNKRO_CELL", tenant_a.cell)
    settings = Settings.load()
    lake = Lake(settings.lake_root)
    people = [{"contact_id": number, "is_deleted": False, "name": name} for number, name in ((1, "Иван"), (2, "Пётр"))]
    _store(lake, tenant_a.slug, CONTACT, *people)
    phones = [{"contact_id": number, "position": 0, "phone_norm": phone} for number, phone in ((1, PHONE), (2, OTHER))]
    _store(lake, tenant_a.slug, CONTACT_PHONE, *phones)
    _store(lake, tenant_a.slug, DEAL, {"deal_id": 1, "is_deleted": False, "name": f"Перезвонить +{PHONE}"})
    secrets = {"connection_string": as_writer(project)}
    keyring = Keyring.from_settings(settings)
    set_integration(control_db, keyring, tenant_a.slug, IntegrationKind.SUPABASE, {}, secrets, "test")

    def run(*words: str, stdin: str = "") -> Result:
        return CliRunner().invoke(main, words, input=stdin)

    filled = run("supabase", "verify", "--tenant", tenant_a.slug, "--repair")
    assert filled.exit_code == 0, filled.output
    return run


def _contacts(project: str, table: str) -> list[object]:
    return sorted(row[0] for row in stored(project, table))


def test_a_person_goes_through_the_owners_connection_and_others_rows_are_sent_without_the_phone(
    synkro: Command, project: str, tenant_a: Tenant
) -> None:
    erase = ("person", "erase", "--tenant", tenant_a.slug, "--phone", PHONE, "--yes")
    refused = synkro(*erase)
    assert refused.exit_code != 0
    assert _contacts(project, "synkro_contact") == [1, 2], "the writer's role deletes nothing"
    done = synkro(*erase, "--owner", stdin=f"{project}\n")
    assert done.exit_code == 0, done.output
    assert project not in done.output
    assert _contacts(project, "synkro_contact") == _contacts(project, "synkro_contact_phone") == [2]
    everything = json.dumps(
        [stored(project, f"synkro_{name}") for name in ("contact", "contact_phone", "deal")],
        default=str,
        ensure_ascii=False,
    )
    assert PHONE not in everything
    assert OTHER in everything
    assert "Перезвонить" in everything
    compared = synkro("supabase", "verify", "--tenant", tenant_a.slug)
    assert compared.exit_code == 0, compared.output


def test_a_company_leaves_its_own_database_empty(synkro: Command, project: str, tenant_a: Tenant) -> None:
    words = ("tenant", "erase", "--tenant", tenant_a.slug, "--owner", "--no-dagster", "--yes")
    done = synkro(*words, stdin=f"{project}\n")
    assert done.exit_code == 0, done.output
    certificate = json.loads(done.output)
    assert certificate["removed"]["supabase"]["synkro_contact"] == {"rows": 2}
    for name in ("contact", "contact_phone", "deal"):
        assert stored(project, f"synkro_{name}") == []
