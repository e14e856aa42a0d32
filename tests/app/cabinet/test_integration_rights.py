"""Who may connect services, and what never comes back of what was typed."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

import pytest
from pydantic import SecretStr

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.integration_forms import FORMS, FieldType, label_key
from synkro_app.cabinet.services import (
    ai_limits,
    company,
    data_flow,
    integrations,
    onboarding,
    radist_events,
    schedules,
    vendor_lists,
    warehouse_schema,
)
from synkro_app.cabinet.services.onboarding import Step
from synkro_app.cabinet.texts import LANGUAGES, catalogue
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import read_secrets, set_integration
from synkro_resources.control.keyring import Keyring, new_key
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.users import Membership
from synkro_resources.control.webhooks import add_webhook
from synkro_resources.model.clock import SystemClock
from synkro_resources.model.errors import RefusedError, SynkroError, UserInputError
from synkro_resources.model.ids import IntegrationKind, Role
from synkro_resources.settings import Settings

AMO, AI, SUPABASE = IntegrationKind.AMOCRM, IntegrationKind.AI, IntegrationKind.SUPABASE
SECRET = "a-long-lived-token-9931"


def person(tenant: str, role: Role = Role.OWNER) -> SessionUser:
    member = Membership(tenant, role, None, can_read_texts=False)
    return SessionUser("u1", "u1@example.com", "", "ru", "s1", (member,), tenant, role, is_operator=False)


@pytest.fixture
def place(control_db: Database) -> Installation:
    settings = Settings.load(secret_keys=SecretStr(new_key()), allow_sandbox=False)
    return Installation(settings, control_db, SystemClock())


DEEDS: dict[str, Callable[[Installation, SessionUser, str], object]] = {
    "listing": integrations.listing,
    "save": lambda p, u, t: integrations.save(p, u, t, AMO, {}),
    "check": lambda p, u, t: integrations.check(p, u, t, AMO),
    "newest_check": lambda p, u, t: integrations.newest_check(p, u, t, AMO),
    "disconnect": lambda p, u, t: integrations.disconnect(p, u, t, AMO),
    "events": lambda p, u, t: radist_events.switch(p, u, t, False),
    "consent": integrations.consent_link,
    "choices": lambda p, u, t: vendor_lists.choices(p, u, t, AI, "model"),
    "script": warehouse_schema.script,
    "apply": lambda p, u, t: warehouse_schema.apply(p, u, t, "", ""),
    "progress": onboarding.progress,
    "later": lambda p, u, t: onboarding.leave_for_later(p, u, t, Step.AI),
    "return": lambda p, u, t: onboarding.return_to(p, u, t, Step.AI),
    "first report": onboarding.ask_for_first_report,
    "schedules": schedules.listing,
    "recipients": schedules.recipients,
    "schedules allowed": schedules.are_allowed,
    "pause": lambda p, u, t: schedules.pause(p, u, t, "day"),
    "resume": lambda p, u, t: schedules.resume(p, u, t, "day"),
    "settings": company.settings_of,
    "save company": lambda p, u, t: company.save(p, u, t, {"sla_minutes": 5}),
    "save week": lambda p, u, t: company.save_week(p, u, t, {1: "9:00-18:00"}, "RU"),
    "usage": ai_limits.usage,
    "estimate": ai_limits.estimate,
    "limits": lambda p, u, t: ai_limits.save(p, u, t, monthly_cap="5", history="all"),
    "sheet": lambda p, u, t: data_flow.sheet(p, u, t, "ru"),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_nobody_but_owners_and_administrators_of_the_company_itself_sets_anything_up(
    place: Installation, tenant_a: Tenant, tenant_b: Tenant, deed: str
) -> None:
    strangers = [person(tenant_a.slug, Role.ANALYST), person(tenant_a.slug, Role.VIEWER), person(tenant_b.slug)]
    for stranger in strangers:
        with pytest.raises(RefusedError) as refusal:
            DEEDS[deed](place, stranger, tenant_a.slug)
        assert refusal.value.code == "rights.not_found"


def test_a_saved_secret_does_not_come_back_and_an_empty_field_keeps_it(place: Installation, tenant_a: Tenant) -> None:
    admin, slug = person(tenant_a.slug, Role.ADMIN), tenant_a.slug
    first = {"base_url": "https://example.amocrm.ru/", "auth": "long_lived", "token": SECRET}
    saved = integrations.save(place, admin, slug, AMO, first)
    assert saved.secret_tails == {"token": "9931"}
    assert saved.public == {"base_url": "https://example.amocrm.ru", "auth": "long_lived"}
    integrations.save(place, admin, slug, AMO, {**first, "base_url": "https://other.amocrm.ru", "token": " "})
    shown = integrations.listing(place, admin, slug)
    assert SECRET not in repr(shown)
    kept = read_secrets(place.control, Keyring.from_settings(place.settings), slug, AMO)
    assert kept["token"].get_secret_value() == SECRET
    events = [item for item in tenant_events(place.control, slug) if item.action == "integration.set"]
    assert [item.actor for item in events] == ["user:u1", "user:u1"]
    assert SECRET not in repr(events)


def test_a_service_that_is_disconnected_leaves_no_key_behind_even_while_it_does_not_answer(
    place: Installation, tenant_a: Tenant
) -> None:
    user, slug, radist = person(tenant_a.slug), tenant_a.slug, IntegrationKind.RADIST
    public = {"base_url": "https://127.0.0.1:1", "company_id": 7}
    keyring = Keyring.from_settings(place.settings)
    for _ in range(2):  # and it can be connected again
        set_integration(place.control, keyring, slug, radist, public, {"api_key": SECRET}, "u")
        add_webhook(place.control, slug, secrets.token_hex(8), 5, actor="u", clock=place.clock)
        integrations.disconnect(place, user, slug, radist)
        assert integrations.listing(place, user, slug) == {}
        assert radist_events.subscriptions(place, user, slug) == []
        with pytest.raises(UserInputError):
            read_secrets(place.control, keyring, slug, radist)
    event = next(item for item in tenant_events(place.control, slug) if item.action == "integration.removed")
    assert (event.actor, event.target, event.details["secret_fields"]) == ("user:u1", "radist", ["api_key"])
    with pytest.raises(UserInputError):
        integrations.disconnect(place, user, slug, radist)


def test_a_required_field_is_named_in_both_languages(place: Installation, tenant_a: Tenant) -> None:
    with pytest.raises(UserInputError) as refusal:
        integrations.save(place, person(tenant_a.slug), tenant_a.slug, AMO, {"base_url": "", "auth": "long_lived"})
    assert refusal.value.code == "connect.required"
    assert "Адрес аккаунта" in refusal.value.what.ru
    assert "Account address" in refusal.value.what.en


def test_a_stored_key_cannot_be_led_out_by_changing_the_address(place: Installation, tenant_a: Tenant) -> None:
    owner, slug = person(tenant_a.slug), tenant_a.slug
    integrations.save(place, owner, slug, AI, {"base_url": "https://api.openai.com/v1", "api_key": SECRET})
    elsewhere = {"base_url": "https://93.184.216.34/v1", "api_key": ""}
    with pytest.raises(UserInputError) as refusal:
        integrations.save(place, owner, slug, AI, elsewhere)
    assert refusal.value.code == "connect.secret_again"
    changed = integrations.save(place, owner, slug, AI, {**elsewhere, "api_key": "another-key-for-there"})
    assert changed.public["base_url"] == "https://93.184.216.34/v1"


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/v1",
        "https://10.0.0.5",
        "https://[::1]/v1",
        "https://169.254.169.254/latest",
        "https://localhost",
    ],
)
def test_an_address_inside_the_installations_network_is_refused(
    place: Installation, tenant_a: Tenant, address: str
) -> None:
    with pytest.raises(RefusedError) as refusal:
        integrations.save(place, person(tenant_a.slug), tenant_a.slug, AI, {"base_url": address, "api_key": "k"})
    assert refusal.value.code == "address.inside"


@pytest.mark.parametrize(
    "string",
    [
        "postgresql://u:p@127.0.0.1:5432/postgres",
        "postgresql://u:p@93.184.216.34/postgres?host=127.0.0.1",
        "postgresql://u:p@93.184.216.34,127.0.0.1/postgres",
        "postgresql://u:p@%2Fvar%2Frun%2Fpostgresql/postgres",
        "host=127.0.0.1 dbname=postgres",
    ],
)
def test_no_connection_string_opens_a_database_of_the_installation(
    place: Installation, tenant_a: Tenant, string: str
) -> None:
    owner, slug = person(tenant_a.slug), tenant_a.slug
    with pytest.raises(SynkroError) as refusal:
        integrations.save(place, owner, slug, SUPABASE, {"connection_string": string, "schema": "public"})
    assert refusal.value.code in ("address.inside", "address.unreadable")
    with pytest.raises(SynkroError) as refusal:
        warehouse_schema.apply(place, owner, slug, string, "")
    assert refusal.value.code in ("address.inside", "address.unreadable")


def test_an_inside_address_that_an_operator_saved_survives_other_changes(place: Installation, tenant_a: Tenant) -> None:
    keyring, slug = Keyring.from_settings(place.settings), tenant_a.slug
    inside = {"base_url": "https://10.0.0.5/v1", "model": "own"}
    set_integration(place.control, keyring, slug, AI, inside, {"api_key": "k"}, "cli")
    saved = integrations.save(place, person(slug), slug, AI, {**inside, "price_in": "1 000,5", "price_currency": "RUB"})
    assert saved.public == {**inside, "price_in": "1000.5", "price_currency": "RUB"}


def test_a_setting_that_the_form_does_not_know_is_kept(place: Installation, tenant_a: Tenant) -> None:
    keyring, slug = Keyring.from_settings(place.settings), tenant_a.slug
    known = {
        "base_url": "https://example.amocrm.ru",
        "auth": "oauth",
        "redirect_uri": "https://s.example.ru/amocrm/callback",
    }
    set_integration(place.control, keyring, slug, AMO, known, {"client_id": "i", "client_secret": "s"}, "cli")
    saved = integrations.save(place, person(slug), slug, AMO, {"base_url": known["base_url"], "auth": "oauth"})
    assert saved.public == known


def test_without_a_public_address_the_consent_says_why_it_is_off(place: Installation, tenant_a: Tenant) -> None:
    with pytest.raises(SynkroError) as refusal:
        integrations.consent_link(place, person(tenant_a.slug), tenant_a.slug)
    assert refusal.value.code == "amocrm.no_public_url"
    public = replace(place, settings=place.settings.model_copy(update={"public_url": "https://s.example.ru"}))
    owner, slug = person(tenant_a.slug), tenant_a.slug
    asked = {"base_url": "https://example.amocrm.ru", "auth": "oauth", "client_id": "i", "client_secret": "s"}
    integrations.save(public, owner, slug, AMO, asked)
    assert integrations.consent_link(public, owner, slug).startswith("https://www.amocrm.ru/oauth/?client_id=i")


def test_every_field_and_choice_has_a_name_in_both_languages() -> None:
    for language in LANGUAGES:
        texts = catalogue(language)
        for form in FORMS.values():
            assert texts[f"integration.{form.kind}"]
            assert texts[f"dataflow.{form.kind}_what"]
            for item in form.fields:
                assert texts[label_key(form.kind, item)]
                assert all(texts[f"connect.preset.{code}"] for code in item.presets)
                assert (
                    item.type is not FieldType.CHOICE
                    or item.name == "token_limit_field"
                    or all(texts[f"connect.choice.{item.name}.{code or 'unset'}"] for code in item.choices)
                )


def test_a_stored_mail_password_is_never_led_to_another_server_or_into_the_network(
    place: Installation, tenant_a: Tenant
) -> None:
    owner, slug, kind = person(tenant_a.slug), tenant_a.slug, IntegrationKind.EMAIL
    asked: dict[str, str | bool] = {"host": "smtp.example.ru", "user": "u", "sender": "a@example.ru"}
    saved = integrations.save(place, owner, slug, kind, {**asked, "password": SECRET, "attach_files": True})
    assert (saved.public["security"], saved.public["attach_files"]) == ("starttls", True)
    integrations.save(place, owner, slug, kind, {**asked, "sender_name": "Отчёты"})
    for host, code in (("smtp.other.example", "connect.secret_again"), ("127.0.0.1", "address.inside")):
        with pytest.raises(SynkroError) as refusal:
            integrations.save(place, owner, slug, kind, {**asked, "host": host})
        assert refusal.value.code == code
    with pytest.raises(UserInputError) as unknown:
        integrations.save(place, owner, slug, kind, {**asked, "security": "none"})
    assert unknown.value.code == "connect.unknown_choice"
