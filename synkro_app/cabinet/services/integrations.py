"""What pages ask about connections: their state, saving what somebody typed, and the check at the service itself."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.integration_forms import FORMS, FieldType, FormField, IntegrationForm, is_asked, label_key
from synkro_app.cabinet.services import radist_events
from synkro_app.cabinet.services.outside_addresses import (
    check_database_address,
    check_host,
    check_proxy,
    check_web_address,
    host_of,
)
from synkro_app.cabinet.services.rights import WHO_CONNECTS, actor_of, require, require_state
from synkro_app.cabinet.texts import translate
from synkro_resources.amocrm.consent import CALLBACK_PATH, consent_url
from synkro_resources.checks import run_check
from synkro_resources.control.integrations import (
    Integration,
    StoredCheck,
    get_integration,
    last_check,
    list_integrations,
    remove_integration,
    set_integration,
)
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.errors import ConfigurationError, Sentence, UserInputError
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.supabase.writer import check_schema_name

Values = Mapping[str, str | bool]
"""What a form holds, by field; an empty secret means: keep the stored one."""


def listing(place: Installation, user: SessionUser, tenant: str) -> dict[IntegrationKind, Integration]:
    """The connections that exist; of secrets only their last characters."""
    require_state(user, tenant, WHO_CONNECTS)
    return {item.kind: item for item in list_integrations(place.control, tenant)}


def newest_check(place: Installation, user: SessionUser, tenant: str, kind: IntegrationKind) -> StoredCheck | None:
    """The last check of the settings as they are; None before the first and after a change."""
    require_state(user, tenant, WHO_CONNECTS)
    stored = get_integration(place.control, tenant, kind)
    found = last_check(place.control, tenant, kind)
    if stored is None or found is None or found.checked_at < stored.updated_at:
        return None
    return found


def save(place: Installation, user: SessionUser, tenant: str, kind: IntegrationKind, values: Values) -> Integration:
    """Connect a service or change its settings; settings that the form does not know stay as they are.

    Raises:
        RefusedError: `rights.not_found` or `address.inside`.
        UserInputError: `connect.required`, `connect.not_a_number`, `connect.unknown_choice`, `connect.secret_again`,
            `address.unreadable` or `supabase.bad_schema`.
    """
    require_state(user, tenant, WHO_CONNECTS)
    form, stored = FORMS[kind], get_integration(place.control, tenant, kind)
    public = {} if stored is None else dict(stored.public)
    tails = {} if stored is None else stored.secret_tails
    secrets = {
        item.name: str(values.get(item.name, "")).strip()
        for item in form.fields
        if item.is_secret and is_asked(item, values) and str(values.get(item.name, "")).strip()
    }
    for item in form.fields:
        if not is_asked(item, values):
            continue
        _check_given(form, item, values, {*tails, *secrets})
        if item.is_secret:
            continue
        before, now = public.get(item.name, ""), _read(kind, item, values)
        if now in ("", False):
            public.pop(item.name, None)
        else:
            public[item.name] = now
        if before != now:
            _check_address(place, item, str(now))
            _check_secrets_again(kind, item, str(before), str(now), tails, secrets)
    if string := secrets.get("connection_string"):
        check_database_address(string, allow_sandbox=place.settings.allow_sandbox)
    return set_integration(place.control, _keyring(place), tenant, kind, public, secrets, actor_of(user, tenant))


def check(place: Installation, user: SessionUser, tenant: str, kind: IntegrationKind) -> StoredCheck:
    """Ask the service itself and keep the result; takes half a minute at most.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `integration.missing`.
    """
    require_state(user, tenant, WHO_CONNECTS)
    settings = place.settings
    return run_check(
        place.control,
        _keyring(place),
        tenant,
        kind,
        clock=place.clock,
        allow_sandbox=settings.allow_sandbox,
        amocrm_rate=settings.amocrm_rate,
        radist_rate=settings.radist_rate,
    )


def disconnect(place: Installation, user: SessionUser, tenant: str, kind: IntegrationKind) -> None:
    """Forget a service with its keys; what was loaded, derived and sent stays.

    Radist's events are ended at Radist first; if it does not answer, our addresses are forgotten all the same.

    Raises:
        RefusedError: `rights.not_found` or `rights.members_only`. UserInputError: `integration.missing`.
    """
    require(user, tenant, WHO_CONNECTS)
    if kind is IntegrationKind.RADIST:
        radist_events.end_all(place, user, tenant)
    remove_integration(place.control, tenant, kind, actor=actor_of(user, tenant))


def consent_hindrance(place: Installation) -> Sentence | None:
    """Why amoCRM's consent cannot be used here; None if it can. amoCRM sends people back to a public https address."""
    public = place.settings.public_url
    if public.startswith("https://") or (place.settings.allow_sandbox and public):
        return None
    return Sentence(
        "У этой установки нет публичного адреса https://, на который amoCRM могла бы вернуть администратора. "
        "Используйте долгосрочный токен: он работает так же.",
        "This installation has no public https:// address to which amoCRM could send the administrator back. "
        "Use a long-lived token: it works as well.",
    )


def redirect_address(place: Installation) -> str:
    """What is registered at amoCRM as the redirect address."""
    return f"{place.settings.cabinet_url}{CALLBACK_PATH}"


def consent_link(place: Installation, user: SessionUser, tenant: str) -> str:
    """The page at which an administrator of amoCRM allows access, within twenty minutes.

    Raises:
        RefusedError: `rights.not_found`. ConfigurationError: `amocrm.no_public_url`.
        UserInputError: `integration.missing`. IntegrationError: `amocrm.no_client`.
    """
    require_state(user, tenant, WHO_CONNECTS)
    hindrance = consent_hindrance(place)
    if hindrance is not None:
        raise ConfigurationError("amocrm.no_public_url", hindrance, Sentence("", ""))
    return consent_url(
        place.control, _keyring(place), tenant, actor_of(user, tenant), redirect_uri=redirect_address(place)
    )


def _keyring(place: Installation) -> Keyring:
    return Keyring.from_settings(place.settings)


def _check_given(form: IntegrationForm, item: FormField, values: Values, known_secrets: set[str]) -> None:
    def is_given(other: FormField) -> bool:
        return other.name in known_secrets if other.is_secret else bool(str(values.get(other.name, "")).strip())

    if not item.required or is_given(item) or (item.unless and is_given(form.field(item.unless))):
        return
    raise _problem("required", form.kind, item)


def _read(kind: IntegrationKind, item: FormField, values: Values) -> str | int | bool:
    """The public value as the clients read it; empty for one that is not set."""
    given = values.get(item.name, "")
    if item.type is FieldType.FLAG:
        return given is True
    text = str(given).strip() or item.default
    match item.type:
        case FieldType.WHOLE if text:
            if not text.isascii() or not text.isdecimal():
                raise _problem("not_a_number", kind, item)
            return int(text)
        case FieldType.AMOUNT if text:
            return _amount(text, kind, item)
        case FieldType.CHOICE if text not in item.choices:
            raise _problem("unknown_choice", kind, item)
        case FieldType.ADDRESS:
            return text.rstrip("/")
        case _:
            return check_schema_name(text) if item.name == "schema" and text else text


def _amount(text: str, kind: IntegrationKind, item: FormField) -> str:
    try:
        amount = Decimal(text.replace(",", ".").replace(" ", ""))
    except InvalidOperation:
        raise _problem("not_a_number", kind, item) from None
    if not amount.is_finite() or amount < 0:
        raise _problem("not_a_number", kind, item)
    return f"{amount:f}"


def _check_address(place: Installation, item: FormField, value: str) -> None:
    """Only of what has changed: an operator may have saved an address inside, and that stays allowed."""
    if not value:
        return
    if item.type is FieldType.ADDRESS:
        check_web_address(value, allow_sandbox=place.settings.allow_sandbox)
    elif item.type is FieldType.HOST:
        check_host(value, allow_sandbox=place.settings.allow_sandbox)
    elif item.name == "proxy":
        check_proxy(value, allow_sandbox=place.settings.allow_sandbox)


def _check_secrets_again(
    kind: IntegrationKind,
    item: FormField,
    before: str,
    now: str,
    tails: Mapping[str, str],
    given: Mapping[str, str],
) -> None:
    """A stored secret is never sent to an address that it was not typed for: nobody may lead it out that way."""
    if _place(item, before) == _place(item, now):
        return
    for name in item.guards:
        if name in tails and name not in given:
            raise _problem("secret_again", kind, FORMS[kind].field(name))


def _place(item: FormField, value: str) -> str:
    return value.strip().lower() if item.type is FieldType.HOST else host_of(value)


def _problem(code: str, kind: IntegrationKind, item: FormField) -> UserInputError:
    def sentence(key: str) -> Sentence:
        told = [translate(one, key, name=translate(one, label_key(kind, item))) for one in ("ru", "en")]
        return Sentence(*told)

    return UserInputError(
        f"connect.{code}", sentence(f"connect.problem_{code}"), sentence(f"connect.remedy_{code}"), integration=kind
    )
