"""Secrets of a client stay sealed, keep their place, and survive a change of keys."""

from __future__ import annotations

import subprocess

import pytest
from sqlalchemy import insert, select, text, update

from synkro_resources.control.database import Database
from synkro_resources.control.integrations import (
    CheckFinding,
    get_integration,
    last_check,
    list_integrations,
    mark_integration,
    read_secrets,
    save_check,
    set_integration,
)
from synkro_resources.control.keyring import Keyring, key_of
from synkro_resources.control.rotation import PII, rotate, token_field
from synkro_resources.control.sealed_fields import locked_secrets
from synkro_resources.control.tables.analysis import pii_token
from synkro_resources.control.tables.integrations import integration
from synkro_resources.control.tenants import Tenant
from synkro_resources.embedded_postgres import packaged_binaries
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import DataError, Sentence, UserInputError
from synkro_resources.model.ids import IntegrationKind
from tests.control_fixtures import KEY, NOON

AMO = IntegrationKind.AMOCRM
SECRET = "long-lived-token-0123456789"


@pytest.fixture
def connected(control_db: Database, keyring: Keyring, tenant_a: Tenant) -> Tenant:
    set_integration(control_db, keyring, tenant_a.slug, AMO, {"subdomain": "demo"}, {"access_token": SECRET}, "user:1")
    return tenant_a


def test_people_see_the_public_settings_and_the_tail_only(control_db: Database, connected: Tenant) -> None:
    found = get_integration(control_db, connected.slug, AMO)
    assert found is not None
    assert (found.public, found.secret_tails, found.status) == ({"subdomain": "demo"}, {"access_token": "6789"}, "new")
    assert SECRET not in repr(found)


def test_the_client_of_the_vendor_gets_the_secret_back(
    control_db: Database, keyring: Keyring, connected: Tenant
) -> None:
    secrets = read_secrets(control_db, keyring, connected.slug, AMO)
    assert secrets["access_token"].get_secret_value() == SECRET
    assert SECRET not in repr(secrets)


def test_saving_public_settings_alone_keeps_the_secret(
    control_db: Database, keyring: Keyring, connected: Tenant
) -> None:
    again = set_integration(control_db, keyring, connected.slug, AMO, {"subdomain": "other"}, {}, "user:1")
    assert (again.public, again.version) == ({"subdomain": "other"}, 2)
    assert read_secrets(control_db, keyring, connected.slug, AMO)["access_token"].get_secret_value() == SECRET


def test_an_empty_secret_removes_the_stored_one(control_db: Database, keyring: Keyring, connected: Tenant) -> None:
    changed = set_integration(control_db, keyring, connected.slug, AMO, {}, {"access_token": ""}, "user:1")
    assert changed.secret_tails == {}
    assert read_secrets(control_db, keyring, connected.slug, AMO) == {}


def test_a_ciphertext_moved_to_another_tenants_row_does_not_open(
    control_db: Database, keyring: Keyring, connected: Tenant, tenant_b: Tenant
) -> None:
    set_integration(control_db, keyring, tenant_b.slug, AMO, {}, {"access_token": "other"}, "user:2")
    with control_db.tenant(connected.slug) as connection:
        stolen = connection.execute(select(integration.c.secrets)).scalar_one()
    with control_db.tenant(tenant_b.slug) as connection:
        connection.execute(update(integration).values(secrets=stolen))
    with pytest.raises(DataError):
        read_secrets(control_db, keyring, tenant_b.slug, AMO)


def test_a_dump_of_the_whole_database_holds_no_secret(control_url: str, connected: Tenant) -> None:
    dump = subprocess.run(
        [packaged_binaries() / "pg_dump", "--dbname", control_url.replace("+psycopg2", "")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert connected.slug in dump
    assert SECRET not in dump


def test_a_service_that_is_not_connected_is_named(control_db: Database, keyring: Keyring, tenant_a: Tenant) -> None:
    assert list_integrations(control_db, tenant_a.slug) == []
    with pytest.raises(UserInputError, match="radist"):
        read_secrets(control_db, keyring, tenant_a.slug, IntegrationKind.RADIST)


def test_the_worst_finding_of_a_check_decides_and_brings_its_remedy(control_db: Database, connected: Tenant) -> None:
    findings = [
        CheckFinding("reach", "ok", Sentence("Отвечает", "Answers")),
        CheckFinding("rights", "broken", Sentence("Нет прав", "No rights"), Sentence("Дайте права", "Grant them")),
        CheckFinding("rate", "warning", Sentence("Медленно", "Slow")),
    ]
    assert save_check(control_db, connected.slug, AMO, findings, checked_at=NOON) == "broken"
    found = get_integration(control_db, connected.slug, AMO)
    assert found is not None
    assert found.problem is not None
    assert (found.status, found.checked_at, found.problem.code) == ("broken", NOON, "amocrm.rights")
    assert found.problem.remedy.ru == "Дайте права"
    check = last_check(control_db, connected.slug, AMO)
    assert check is not None
    assert (check.status, list(check.findings), check.checked_at) == ("broken", findings, NOON)
    save_check(control_db, connected.slug, AMO, findings[:1], checked_at=NOON)
    found = get_integration(control_db, connected.slug, AMO)
    assert found is not None
    assert (found.status, found.problem) == ("ok", None)


def test_a_run_marks_an_integration_broken_with_cause_and_remedy(control_db: Database, connected: Tenant) -> None:
    what, remedy = Sentence("Токен отозван", "The token was revoked"), Sentence("Введите новый", "Enter a new one")
    mark_integration(control_db, connected.slug, AMO, "broken", "amocrm.token_refused", what, remedy)
    found = get_integration(control_db, connected.slug, AMO)
    assert found is not None
    assert found.problem is not None
    assert (found.problem.what, found.problem.remedy) == (what, remedy)


def test_a_token_exchanged_under_the_lock_is_stored_and_an_aborted_exchange_changes_nothing(
    control_db: Database, keyring: Keyring, connected: Tenant
) -> None:
    with locked_secrets(control_db, keyring, connected.slug, AMO) as held:
        held.store({"access_token": "new-token-0123456789"})
    with pytest.raises(RuntimeError), locked_secrets(control_db, keyring, connected.slug, AMO) as held:  # noqa: PT012
        held.store({"access_token": "never"})
        raise RuntimeError
    opened = read_secrets(control_db, keyring, connected.slug, AMO)
    assert opened["access_token"].get_secret_value() == "new-token-0123456789"


def test_rotation_seals_everything_anew_and_can_be_repeated(
    control_db: Database, keyring: Keyring, connected: Tenant, control_clock: FixedClock
) -> None:
    token = "[PHONE_ABCDEFGH]"
    with control_db.pii(connected.slug) as connection:
        value = keyring.encrypt("+79000000011", tenant=connected.slug, integration=PII, field=token_field(token))
        connection.execute(
            insert(pii_token).values(
                tenant=connected.slug, token=token, kind="PHONE", encrypted_value=value.encode(), first_seen=NOON
            )
        )
    newer = Keyring({"k2": bytes(32), "k1": KEY})
    assert rotate(control_db, newer, actor="operator").sealed >= 2
    assert rotate(control_db, newer, actor="operator").sealed == 0
    with control_db.tenant(connected.slug) as connection:
        stored: dict[str, str] = connection.execute(select(integration.c.secrets)).scalar_one()
    assert {key_of(sealed) for sealed in stored.values()} == {"k2"}
    only_new = Keyring({"k2": bytes(32)})
    assert read_secrets(control_db, only_new, connected.slug, AMO)["access_token"].get_secret_value() == SECRET
    with control_db.pii(connected.slug) as connection:
        sealed = bytes(connection.execute(select(pii_token.c.encrypted_value)).scalar_one()).decode()
    assert only_new.decrypt(sealed, tenant=connected.slug, integration=PII, field=token_field(token)) == "+79000000011"
    # The other tests of the session seal with k1: put back what they expect.
    rotate(control_db, Keyring({"k1": KEY, "k2": bytes(32)}), actor="operator")


def test_one_secret_that_cannot_be_opened_does_not_stop_the_rotation(
    control_db: Database, connected: Tenant, tenant_b: Tenant
) -> None:
    lost = Keyring({"lost": bytes(32)})
    set_integration(control_db, lost, tenant_b.slug, AMO, {}, {"access_token": SECRET}, "user:2")
    rotation = rotate(control_db, Keyring({"k2": bytes(32), "k1": KEY}), actor="operator")
    assert f"{tenant_b.slug}/amocrm/access_token" in rotation.unreadable
    assert not any(name.startswith(connected.slug) for name in rotation.unreadable)
    rotate(control_db, Keyring({"k1": KEY, "k2": bytes(32)}), actor="operator")


def test_the_audit_names_the_fields_and_never_their_values(control_db: Database, connected: Tenant) -> None:
    with control_db.owner() as connection:
        record = connection.scalar(
            text("SELECT details::text FROM audit_event WHERE action = 'integration.set' AND tenant = :t"),
            {"t": connected.slug},
        )
    assert record is not None
    assert "access_token" in record
    assert SECRET not in record
