"""An operator sets a client up from the command line, and no secret passes through arguments or onto the screen."""

from __future__ import annotations

import secrets as random
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from synkro_app.cli import main
from synkro_app.cli_commands import admin, keys
from synkro_app.cli_commands.inputs import parse_settings
from synkro_resources.control import signin, users
from synkro_resources.control.accounts import key_of
from synkro_resources.control.blocks import SharedBreaker, find_block
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import get_integration, last_check, read_secrets, set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.tenants import Tenant, get_tenant
from synkro_resources.model.clock import FixedClock, SystemClock
from synkro_resources.model.errors import Sentence, SynkroError
from synkro_resources.model.ids import IntegrationKind, Role
from synkro_resources.sandbox.radist.app import radist_app
from synkro_resources.sandbox.radist.switches import RadistSwitches
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.world.build import build_world
from synkro_resources.settings import Settings

SECRET = "token-of-the-client-0123456789"
PASSWORD = "длинный пароль"

Command = Callable[..., Result]


@pytest.fixture
def synkro(control_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command against the test's control database with a state folder of its own."""
    monkeypatch.setenv("SYNKRO_DATABASE_URL", control_url)
    monkeypatch.setenv("SYNKRO_STATE_DIR", str(tmp_path))
    groups = {"tenant": admin.tenant, "user": admin.user, "integration": admin.integration, "secrets": keys.secrets}

    def run(*words: str, stdin: str = "") -> Result:
        if words[0] in groups:  # below the root, so that an error of ours arrives as itself
            return CliRunner().invoke(groups[words[0]], words[1:], input=stdin)
        return CliRunner().invoke(main, words, input=stdin)

    return run


def failed_with(result: Result) -> str:
    assert isinstance(result.exception, SynkroError), result.output
    return result.exception.code


def test_migrating_again_says_that_nothing_was_to_do(synkro: Command) -> None:
    result = synkro("migrate")
    assert (result.exit_code, result.output) == (0, "The schema is up to date.\n")


def test_a_tenant_is_added_listed_suspended_and_resumed(synkro: Command, control_db: Database) -> None:
    slug = f"cli-{random.token_hex(4)}"
    added = synkro("tenant", "add", slug, "--name", "ООО «Пример»", "--zone", "Asia/Omsk", "--plan", "pro")
    assert added.exit_code == 0, added.output
    assert f"{slug} " in synkro("tenant", "list").output
    assert synkro("tenant", "suspend", slug, "--reason", "unpaid").exit_code == 0
    assert get_tenant(control_db, slug).status == "suspended"
    assert synkro("tenant", "resume", slug, "--reason", "paid").exit_code == 0
    assert get_tenant(control_db, slug).status == "active"
    again = synkro("tenant", "add", slug, "--name", "x", "--zone", "Asia/Omsk")
    assert failed_with(again) == "tenant.exists"


def test_a_person_signs_in_with_the_password_from_standard_input(
    synkro: Command, control_db: Database, tenant_a: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    email = f"{random.token_hex(4)}@example.com"
    added = synkro("user", "add", "--email", email, "--name", "Анна", stdin=f"{PASSWORD}\n")
    assert added.exit_code == 0, added.output
    assert PASSWORD not in added.output
    role = synkro("user", "role", "--email", email, "--tenant", tenant_a.slug, "--role", "viewer", "--manager-id", "7")
    assert "does not read texts" in role.output
    ((_, membership),) = users.tenant_users(control_db, tenant_a.slug)
    assert (membership.role, membership.manager_id) == (Role.VIEWER, 7)
    monkeypatch.setenv("SYNKRO_SECRET_PASSWORD", "другой длинный пароль")
    assert synkro("user", "password", "--email", email).exit_code == 0
    assert signin.authenticate(control_db, email, PASSWORD, SystemClock()) is None
    assert signin.authenticate(control_db, email, "другой длинный пароль", SystemClock()) is not None


def test_an_unknown_person_is_named(synkro: Command, tenant_a: Tenant) -> None:
    result = synkro("user", "role", "--email", "no@example.com", "--tenant", tenant_a.slug, "--role", "owner")
    assert failed_with(result) == "user.unknown"


def test_a_failure_is_said_in_both_languages_without_a_traceback(synkro: Command, control_url: str) -> None:
    result = CliRunner().invoke(main, ["tenant", "suspend", "nobody-here", "--reason", "x"])
    assert result.exit_code == 1
    assert "Ошибка: Кабинет nobody-here не найден." in result.output
    assert "There is no tenant nobody-here." in result.output
    assert "Traceback" not in result.output


def test_secrets_come_from_the_environment_or_stdin_and_are_never_shown(
    synkro: Command, control_db: Database, tenant_a: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNKRO_SECRET_ACCESS_TOKEN", SECRET)
    place = ("--tenant", tenant_a.slug, "--kind", "amocrm")
    fields = ("--secret", "access_token", "--secret", "client_secret")
    done = synkro("integration", "set", *place, "--public", "subdomain=demo", *fields, stdin="another-secret-98765\n")
    assert done.exit_code == 0, done.output
    more = synkro("integration", "set", *place, "--public", "account_id:=7")
    shown = synkro("integration", "show", "--tenant", tenant_a.slug)
    for output in (done.output, more.output, shown.output):
        assert SECRET not in output
        assert "another-secret-98765" not in output
    assert "account_id=7, subdomain=demo [access_token=…6789, client_secret=…8765]" in shown.output
    opened = read_secrets(control_db, Keyring.from_settings(Settings.load()), tenant_a.slug, IntegrationKind.AMOCRM)
    assert opened["access_token"].get_secret_value() == SECRET
    assert opened["client_secret"].get_secret_value() == "another-secret-98765"


def test_no_command_takes_a_secret_as_an_argument(synkro: Command) -> None:
    options = {
        name
        for group in (admin.tenant, admin.user, admin.integration, keys.secrets)
        for command in group.commands.values()
        for option in command.params
        for name in option.opts
    }
    assert not {name for name in options if "password" in name or "token" in name or "key" in name}
    refused = synkro("user", "add", "--email", "a@example.com", "--name", "x", "--password", "12345678901")
    assert refused.exit_code == 2


def test_a_missing_secret_says_where_to_put_it(synkro: Command, tenant_a: Tenant) -> None:
    result = synkro("integration", "set", "--tenant", tenant_a.slug, "--kind", "ai", "--secret", "api_key")
    assert result.exit_code == 2
    assert "SYNKRO_SECRET_API_KEY" in result.output


@pytest.fixture
def radist(control_clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, RadistSwitches]]:
    """An invented Radist that takes `SECRET`, and an installation that may speak to it."""
    monkeypatch.setenv("SYNKRO_ALLOW_SANDBOX", "1")
    switches = RadistSwitches()
    company = build_world(7, control_clock.now(), days=20).radist
    with serve(radist_app(company, clock=control_clock, api_key=SECRET, switches=switches)) as url:
        yield url, switches


def test_a_check_asks_the_service_shows_both_languages_and_fails_when_broken(
    synkro: Command, control_db: Database, tenant_a: Tenant, radist: tuple[str, RadistSwitches]
) -> None:
    url, switches = radist
    place = ("--tenant", tenant_a.slug)
    settings = ("--kind", "radist", "--public", f"base_url={url}", "--public", "company_id:=4021")
    synkro("integration", "set", *place, *settings, "--secret", "api_key", stdin=f"{SECRET}\n")
    good = synkro("integration", "check", *place)
    assert good.exit_code == 0, good.output
    assert "✓ key: Ключ действует.\n  The key is valid.\n" in good.output
    assert "radist: ok, " in good.output
    switches.always = "401"
    bad = synkro("integration", "check", *place, "--kind", "radist")
    assert bad.exit_code == 1
    assert "✗ key: Radist не принял ключ." in bad.output
    assert "! channels: Не проверено, потому что" in bad.output
    assert SECRET not in good.output + bad.output
    stored = last_check(control_db, tenant_a.slug, IntegrationKind.RADIST)
    assert stored is not None
    assert stored.status == "broken"


def test_a_check_without_a_kind_looks_at_every_connection_and_says_if_there_is_none(
    synkro: Command, tenant_a: Tenant, radist: tuple[str, RadistSwitches]
) -> None:
    place = ("--tenant", tenant_a.slug)
    none = synkro("integration", "check", *place)
    assert none.exit_code == 0
    assert "Nothing is connected" in none.output
    settings = ("--kind", "radist", "--public", f"base_url={radist[0]}", "--secret", "api_key")
    synkro("integration", "set", *place, *settings, stdin=f"{SECRET}\n")
    synkro("integration", "set", *place, "--kind", "telegram", "--secret", "token", stdin="nonsense\n")
    both = synkro("integration", "check", *place, "--send-test")
    assert both.exit_code == 1
    assert "radist: ok, " in both.output
    assert "telegram: broken, " in both.output
    unknown = synkro("integration", "check", "--tenant", "nobody-here")
    assert failed_with(unknown) == "tenant.unknown"


def test_rotation_makes_a_new_key_and_names_what_it_could_not_open(
    synkro: Command, control_db: Database, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    lost = Keyring({"lost": bytes(32)})
    set_integration(control_db, lost, tenant_b.slug, IntegrationKind.AI, {}, {"api_key": SECRET}, "user:2")
    place = ("--tenant", tenant_a.slug, "--kind", "ai", "--secret", "api_key")
    synkro("integration", "set", *place, stdin=f"{SECRET}\n")
    before = Keyring.from_settings(Settings.load()).newest
    result = synkro("secrets", "rotate")
    after = Keyring.from_settings(Settings.load())
    assert after.newest != before
    assert f"with the key {after.newest}" in result.output
    assert f"enter it again: {tenant_b.slug}/ai/api_key" in result.output
    assert result.exit_code == 1
    assert f"{tenant_a.slug}/" not in result.output
    opened = read_secrets(control_db, after, tenant_a.slug, IntegrationKind.AI)
    assert opened["api_key"].get_secret_value() == SECRET


@pytest.mark.parametrize("pair", ["novalue", "=x", ":=1", "a:=[1]", "a:=nonsense", "a:=1.5"])
def test_a_setting_that_cannot_be_read_is_refused(pair: str) -> None:
    with pytest.raises(click.UsageError):
        parse_settings([pair])


def test_identifiers_stay_text_and_numbers_are_asked_for() -> None:
    assert parse_settings(["a=007", "b:=7", "c:=true", "d=x=y"]) == {"a": "007", "b": 7, "c": True, "d": "x=y"}


def test_the_consent_link_is_printed_for_an_administrator_and_holds_no_secret_key(
    synkro: Command, control_db: Database, keyring: Keyring, tenant_a: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = synkro("integration", "consent", "--tenant", tenant_a.slug)
    assert failed_with(result) == "integration.missing"
    for field in ("client_id", "client_secret"):
        monkeypatch.setenv(f"SYNKRO_SECRET_{field.upper()}", f"{field}-{SECRET}")
    secret_fields = ("--secret", "client_id", "--secret", "client_secret")
    assert synkro("integration", "set", "--tenant", tenant_a.slug, "--kind", "amocrm", *secret_fields).exit_code == 0
    result = synkro("integration", "consent", "--tenant", tenant_a.slug)
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"https://www.amocrm.ru/oauth/?client_id=client_id-{SECRET}&state={tenant_a.slug}.")
    assert "client_secret" not in result.output
    stored = get_integration(control_db, tenant_a.slug, IntegrationKind.AMOCRM)
    assert stored is not None
    assert stored.public["redirect_uri"] == "http://127.0.0.1:8501/amocrm/callback"


def test_a_block_is_cleared_by_command_and_said_to_have_been_there(
    synkro: Command, control_db: Database, keyring: Keyring, tenant_a: Tenant
) -> None:
    address = {"base_url": f"https://{tenant_a.slug}.amocrm.ru"}
    words = ("integration", "unblock", "--tenant", tenant_a.slug, "--kind", "amocrm")
    assert failed_with(synkro(*words)) == "integration.missing"
    set_integration(control_db, keyring, tenant_a.slug, IntegrationKind.AMOCRM, address, {}, "test")
    assert synkro(*words).output == f"amocrm of {tenant_a.slug}: was not blocked\n"
    key = key_of(IntegrationKind.AMOCRM, address)
    error = SynkroError("amocrm.blocked", Sentence("", ""), Sentence("", ""))
    SharedBreaker(control_db, tenant_a.slug, "amocrm", key).open(lambda: error)
    assert synkro(*words).output == f"amocrm of {tenant_a.slug}: requests are allowed again\n"
    assert find_block(control_db, tenant_a.slug, key) is None
