"""An operator sees and chooses which fields fill columns of deals, and a slip of the keyboard chooses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from synkro_app.cli import main
from synkro_resources.control.database import Database
from synkro_resources.control.tenants import Tenant, tenant_settings


def columns(tenant: Tenant, *choices: str) -> Result:
    words = [word for choice in choices for word in ("--set", choice)]
    return CliRunner().invoke(main, ["tenant", "columns", "--tenant", tenant.slug, *words])


@pytest.fixture(autouse=True)
def place(control_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNKRO_DATABASE_URL", control_url)
    monkeypatch.setenv("SYNKRO_STATE_DIR", str(tmp_path))


def test_fields_are_chosen_shown_and_given_up(control_db: Database, tenant_a: Tenant) -> None:
    shown = columns(tenant_a, "utm_source=810002", "budget=810035").output.splitlines()
    assert shown[:2] == ["utm_source: field 810002", "utm_medium: by code UTM_MEDIUM"]
    assert shown[-1] == "budget: field 810035"
    assert columns(tenant_a, "budget=0").output.splitlines()[-1] == "budget: no field"
    assert tenant_settings(control_db, tenant_a.slug).deal_columns == {"utm_source": 810002}


@pytest.mark.parametrize(("choice", "told"), [("utm_sourse=1", "нет столбца"), ("budget=abc", "is not COLUMN=FIELD")])
def test_a_wrong_choice_is_told_and_changes_nothing(
    control_db: Database, tenant_a: Tenant, choice: str, told: str
) -> None:
    refused = columns(tenant_a, choice)
    assert refused.exit_code != 0
    assert told in refused.output
    assert tenant_settings(control_db, tenant_a.slug).deal_columns == {}
