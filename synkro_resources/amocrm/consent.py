"""A person's consent: the address of amoCRM's page, and what is done when the person comes back from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from synkro_resources.amocrm.client import HOSTS
from synkro_resources.amocrm.exchange import CHECK_ADDRESS, TokenExchange
from synkro_resources.amocrm.oauth import KIND, client_of, fields_of
from synkro_resources.amocrm.rules import VENDOR
from synkro_resources.amocrm.tokens import CONNECT_AGAIN
from synkro_resources.control import consents
from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import get_integration, read_secrets, set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.http.hosts import is_loopback
from synkro_resources.model.errors import IntegrationError, RefusedError, Sentence

CALLBACK_PATH = "/amocrm/callback"
PAGES = {"kommo.com": "https://www.kommo.com/oauth/", "amocrm.com": "https://www.kommo.com/oauth/"}
RUSSIAN_PAGE = "https://www.amocrm.ru/oauth/"


@dataclass(frozen=True, slots=True)
class CallBack:
    """The query of the call-back; what is absent is empty."""

    state: str
    code: SecretStr
    referer: str
    client_id: str


def consent_url(db: Database, keyring: Keyring, tenant: str, created_by: str, *, redirect_uri: str) -> str:
    """Begin a consent: the address that an administrator of the account opens within twenty minutes.

    `redirect_uri` is kept if the integration names none; it must be the one registered at amoCRM.

    Raises:
        UserInputError: `integration.missing`.
        IntegrationError: `amocrm.no_client`.
    """
    secrets = read_secrets(db, keyring, tenant, KIND)
    integration = get_integration(db, tenant, KIND)
    public = {} if integration is None else dict(integration.public)
    if not public.get("redirect_uri"):
        public["redirect_uri"] = redirect_uri
        set_integration(db, keyring, tenant, KIND, public, {}, created_by)
    client = client_of(secrets, public, tenant)
    host = httpx.URL(str(public.get("base_url", ""))).host
    page = next((page for domain, page in PAGES.items() if host.endswith(f".{domain}")), RUSSIAN_PAGE)
    query = {
        "client_id": client.client_id.get_secret_value(),
        "state": consents.begin(db, tenant, created_by),
        "mode": "popup",
    }
    return str(httpx.URL(page, params=query))


def finish_consent(
    db: Database,
    keyring: Keyring,
    call: CallBack,
    *,
    allow_sandbox: bool = False,
    transport: httpx.BaseTransport | None = None,
) -> str:
    """Exchange the code of a call-back and keep the pair; the tenant that is connected now.

    Raises:
        RefusedError: `consent.unknown` for a stranger's state, `amocrm.consent_refused` for a call-back without code.
        IntegrationError: `amocrm.other_account`, `.bad_address`, `.code_refused` …; see `TokenExchange`.
    """
    consent = consents.take(db, call.state)  # before anything else is looked at
    tenant = consent.tenant
    if not call.code.get_secret_value():
        raise RefusedError(
            "amocrm.consent_refused",
            Sentence("В amoCRM не разрешили доступ.", "Access was not allowed in amoCRM."),
            CONNECT_AGAIN,
            tenant=tenant,
            integration=VENDOR,
        )
    integration = get_integration(db, tenant, KIND)
    public = {} if integration is None else integration.public
    client = client_of(read_secrets(db, keyring, tenant, KIND), public, tenant)
    if call.client_id and call.client_id != client.client_id.get_secret_value():
        raise _other_account(tenant)
    base_url = _account_url(call.referer, public, tenant, allow_sandbox=allow_sandbox)
    exchange = TokenExchange(base_url, tenant=tenant, clock=db.clock, allow_sandbox=allow_sandbox, transport=transport)
    pair = exchange.code(client, call.code)
    secrets, times = fields_of(pair)
    changed = {**public, **times, "base_url": base_url}
    changed = {name: value for name, value in changed.items() if value != ""}
    set_integration(db, keyring, tenant, KIND, changed, secrets, consent.created_by)
    with db.tenant(tenant) as connection:
        record(
            connection,
            at=db.clock.now(),
            actor=consent.created_by,
            action="integration.consent_given",
            tenant=tenant,
            target=VENDOR,
        )
    return tenant


def _account_url(referer: str, public: Mapping[str, str | int | bool], tenant: str, *, allow_sandbox: bool) -> str:
    """The account's address: the call-back's, which must be the stored one if there is one.

    A call-back of another account would mix two companies' data in one tenant.
    """
    host = referer.strip().lower().removeprefix("https://").removeprefix("http://").partition("/")[0]
    stored = str(public.get("base_url", ""))
    if not stored:
        return str(HOSTS.check(f"https://{host}", tenant=tenant))
    known = HOSTS.check(stored, tenant=tenant, allow_sandbox=allow_sandbox)
    if allow_sandbox and is_loopback(known.host):
        return stored
    HOSTS.check(f"https://{host}", tenant=tenant)
    if host != known.host.lower():
        raise _other_account(tenant)
    return stored


def _other_account(tenant: str) -> IntegrationError:
    return IntegrationError(
        "amocrm.other_account",
        Sentence(
            "Доступ разрешили в другом аккаунте amoCRM или для другой интеграции.",
            "Access was allowed in another amoCRM account or for another integration.",
        ),
        CHECK_ADDRESS,
        tenant=tenant,
        integration=VENDOR,
    )
