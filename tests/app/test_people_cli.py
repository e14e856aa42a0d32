"""An operator invites people and lets those in who are locked out, by links that nobody else sees."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from synkro_app.cli_commands import admin
from synkro_resources.control import invitations, new_passwords, second_factors, signin, totp
from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import SystemClock
from synkro_resources.model.errors import SynkroError
from synkro_resources.model.ids import Role
from tests.app.people import PASSWORD, new_person

CLOCK = SystemClock()


@pytest.fixture
def operator(control_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("SYNKRO_DATABASE_URL", control_url)
    monkeypatch.setenv("SYNKRO_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("SYNKRO_PUBLIC_URL", "https://cabinet.example.org")
    return CliRunner()


def run(operator: CliRunner, *words: str) -> Result:
    return operator.invoke(admin.user, words)


def test_an_invited_person_joins_by_the_printed_link(
    operator: CliRunner, control_db: Database, tenant_a: Tenant
) -> None:
    email = f"{secrets.token_hex(4)}@example.com"
    done = run(operator, "invite", "--email", email, "--tenant", tenant_a.slug, "--role", "viewer", "--manager-id", "7")
    assert done.exit_code == 0, done.output
    link = done.stdout.strip()
    assert link.startswith("https://cabinet.example.org/invite/")
    found = invitations.find_invitation(control_db, link.rpartition("/")[2], CLOCK)
    assert found is not None
    assert (found.email, found.role, found.manager_id, found.can_read_texts) == (email, Role.VIEWER, 7, False)


def test_a_locked_out_person_gets_a_new_password_and_loses_a_lost_factor(
    operator: CliRunner, control_db: Database, keyring: Keyring, tenant_a: Tenant
) -> None:
    person = new_person(control_db, CLOCK, tenant_a)
    secret = second_factors.begin_factor(control_db, keyring, person.user_id, CLOCK)
    code = totp.code_at(secret, totp.step_of(CLOCK.now()))
    second_factors.confirm_factor(control_db, keyring, person.user_id, code, CLOCK)
    token = run(operator, "reset-link", "--email", person.email).stdout.strip().rpartition("/")[2]
    assert new_passwords.use_reset(control_db, token, f"{PASSWORD} new", CLOCK).email == person.email
    begun = signin.sign_in(control_db, person.email, f"{PASSWORD} new", CLOCK)
    assert begun is not None
    assert begun.challenge is not None
    assert "is gone" in run(operator, "reset-factor", "--email", person.email).stdout
    begun = signin.sign_in(control_db, person.email, f"{PASSWORD} new", CLOCK)
    assert begun is not None
    assert begun.challenge is None
    assert "there was no" in run(operator, "reset-factor", "--email", person.email).stdout


@pytest.mark.parametrize("command", ["reset-link", "reset-factor"])
def test_an_unknown_address_is_told_as_such(operator: CliRunner, command: str) -> None:
    failed = run(operator, command, "--email", "nobody@example.com")
    assert isinstance(failed.exception, SynkroError)
    assert failed.exception.code == "user.unknown"
