"""One process's life with an OAuth pair: renewed in time, after a 401 once, and never in a loop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr

from synkro_resources.amocrm import AmocrmClient
from synkro_resources.amocrm.exchange import PATH, ConsentLost, OauthClient, TokenExchange
from synkro_resources.amocrm.oauth import OauthAuth, OauthStore, fields_of
from synkro_resources.amocrm.resource import open_amocrm
from synkro_resources.amocrm.tokens import REFRESH_LIFE
from synkro_resources.control.accounts import key_of
from synkro_resources.control.blocks import SharedBreaker, clear_block, find_block
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import get_integration, read_secrets, set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.tenants import Tenant
from synkro_resources.http import CircuitBreaker, RetryPolicy, TokenBucket
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import IntegrationError, TransientError
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Platform
from synkro_resources.sandbox.amocrm import amocrm_app
from synkro_resources.sandbox.amocrm.oauth import OauthClient as RegisteredClient
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches
from synkro_resources.sandbox.journal import RequestJournal
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.world.build import build_world
from synkro_resources.sandbox.world.model import AmocrmAccount
from synkro_resources.settings import Settings
from tests.control_fixtures import NOON

AMO = IntegrationKind.AMOCRM
REGISTERED = RegisteredClient()
CLIENT = OauthClient(SecretStr(REGISTERED.client_id), SecretStr(REGISTERED.client_secret), REGISTERED.redirect_uri)


@dataclass
class Account:
    url: str
    clock: FixedClock
    switches: AmocrmSwitches
    log: RequestJournal
    db: Database
    keyring: Keyring
    tenant: str

    @property
    def exchanges(self) -> int:
        return self.log.counts().get(f"POST {PATH}", 0)

    def auth(self, breaker: SharedBreaker | None = None) -> OauthAuth:
        exchange = TokenExchange(self.url, tenant=self.tenant, clock=self.clock, allow_sandbox=True)
        return OauthAuth(OauthStore(self.db, self.keyring, self.tenant), exchange, self.clock, breaker=breaker)

    def client(self, auth: OauthAuth) -> AmocrmClient:
        return AmocrmClient(
            self.url,
            auth,
            tenant=self.tenant,
            clock=self.clock,
            allow_sandbox=True,
            limiter=TokenBucket(1000),
            retry=RetryPolicy(first_s=0.01),
        )

    def change(self, public: dict[str, str | int | bool] | None = None, **secrets: str) -> None:
        stored = get_integration(self.db, self.tenant, AMO)
        assert stored is not None
        set_integration(self.db, self.keyring, self.tenant, AMO, {**stored.public, **(public or {})}, secrets, "test")


@pytest.fixture(scope="module")
def world() -> AmocrmAccount:
    return build_world(5, NOON, days=1).amocrm


@pytest.fixture
def account(world: AmocrmAccount, control_url: str, keyring: Keyring, tenant_a: Tenant) -> Iterator[Account]:
    clock, switches = FixedClock(NOON), AmocrmSwitches(rate_limit=False)
    app = amocrm_app(world, clock=clock, token="long-lived", state=switches)
    db = Database(control_url, clock=clock)
    with serve(app) as url:
        pair = TokenExchange(url, tenant=tenant_a.slug, clock=clock, allow_sandbox=True).code(
            CLIENT, SecretStr(REGISTERED.code)
        )
        secrets, times = fields_of(pair)
        own = {"client_id": REGISTERED.client_id, "client_secret": REGISTERED.client_secret}
        public = {**times, "base_url": url, "redirect_uri": REGISTERED.redirect_uri}
        set_integration(db, keyring, tenant_a.slug, AMO, public, {**secrets, **own}, "test")
        app.state.log.clear()
        yield Account(url, clock, switches, app.state.log, db, keyring, tenant_a.slug)
    db.close()


def test_a_token_is_renewed_ten_minutes_before_it_ends_and_not_earlier(account: Account) -> None:
    with account.client(account.auth()) as client:
        account.clock.move(timedelta(hours=23, minutes=49))
        assert client.account()["id"]
        assert account.exchanges == 0
        account.clock.move(timedelta(minutes=2))
        assert client.account()["id"]
        assert account.exchanges == 1
    assert account.log.counts() == {"GET /api/v4/account": 2, f"POST {PATH}": 1}
    stored = get_integration(account.db, account.tenant, AMO)
    assert stored is not None
    assert stored.public["refresh_expires_at"] == (account.clock.now() + REFRESH_LIFE).isoformat()
    assert stored.public["base_url"] == account.url
    assert "lost_refresh" not in stored.public


def test_a_token_of_unknown_life_is_used_until_it_is_refused_and_then_renewed_once(account: Account) -> None:
    account.change({"access_expires_at": ""}, access_token="not-a-token")
    with account.client(account.auth()) as client:
        assert client.account()["id"]
    assert account.exchanges == 1
    assert account.log.counts()["GET /api/v4/account"] == 2


def test_an_api_that_refuses_every_token_is_asked_for_one_new_pair_and_then_left_alone(account: Account) -> None:
    auth = account.auth()
    auth.headers()
    assert auth.refresh() is True
    assert auth.refresh() is False
    assert account.exchanges == 1


def test_the_words_for_a_refused_new_token_do_not_speak_of_long_lived_ones(account: Account) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        return httpx.Response(401, json={"title": "Unauthorized"})

    client = AmocrmClient(
        account.url,
        account.auth(),
        tenant=account.tenant,
        clock=account.clock,
        allow_sandbox=True,
        breaker=CircuitBreaker(),
        transport=httpx.MockTransport(refuse),
    )
    with client, pytest.raises(IntegrationError) as caught:
        client.account()
    assert caught.value.code == "amocrm.token_refused"
    assert "долгосрочн" not in caught.value.remedy.ru
    assert account.exchanges == 1


def test_a_wrong_client_secret_is_explained_and_costs_no_pair(account: Account) -> None:
    account.change(client_secret="wrong")
    account.clock.move(timedelta(days=1))
    with pytest.raises(IntegrationError) as caught:
        account.auth().headers()
    assert caught.value.code == "amocrm.client_refused"
    account.change(client_secret=REGISTERED.client_secret)
    assert account.auth().headers()


def test_an_answer_that_is_lost_is_told_as_unclear_and_the_next_run_finds_out(account: Account) -> None:
    account.clock.move(timedelta(days=1))
    account.switches.faults = ["reset"]
    with pytest.raises(TransientError) as caught:
        account.auth().headers()
    assert caught.value.code == "amocrm.exchange_unclear"
    assert account.exchanges == 1
    assert account.auth().headers()


def test_a_consent_after_a_loss_works_again(account: Account) -> None:
    account.clock.move(timedelta(days=1))
    account.change(refresh_token="def50200-used-up")
    for _ in range(2):
        with pytest.raises(ConsentLost):
            account.auth().headers()
    assert account.exchanges == 1
    account.change(refresh_token="def50200-another")
    with pytest.raises(ConsentLost):
        account.auth().headers()
    assert account.exchanges == 2, "a token that was not tried yet is tried"


def test_a_block_on_the_token_endpoint_stops_the_account_in_every_process(account: Account) -> None:
    account.clock.move(timedelta(days=1))
    account.switches.faults = ["403_html"]
    key = key_of(AMO, {"base_url": account.url})
    with pytest.raises(IntegrationError) as caught:
        account.auth(SharedBreaker(account.db, account.tenant, "amocrm", key)).headers()
    assert caught.value.code == "amocrm.blocked"
    assert find_block(account.db, account.tenant, key) is not None
    with pytest.raises(IntegrationError):
        account.auth(SharedBreaker(account.db, account.tenant, "amocrm", key)).headers()
    assert account.exchanges == 1
    # The next emulator may get this port, and with it this account.
    assert clear_block(account.db, account.tenant, key, kind=AMO, actor="test", reason="test")
    assert account.auth(SharedBreaker(account.db, account.tenant, "amocrm", key)).headers()


def test_without_a_consent_the_way_to_it_is_told(account: Account) -> None:
    account.change(access_token="", refresh_token="")
    with pytest.raises(IntegrationError) as caught:
        account.auth().headers()
    assert caught.value.code == "amocrm.not_consented"


def test_the_credential_and_its_errors_show_no_token(account: Account) -> None:
    auth = account.auth()
    token = auth.headers()["Authorization"].removeprefix("Bearer ")
    assert token not in repr(auth) + repr(auth._pair) + repr(vars(auth))


@pytest.mark.parametrize("kind", ["oauth", "long_lived"])
def test_the_resource_opens_a_client_for_either_kind_of_token(account: Account, kind: str) -> None:
    account.change({"auth": kind}, token="long-lived")
    settings = Settings(allow_sandbox=True)
    platform = Platform(settings, account.db, account.keyring, account.clock)
    account.clock.move(timedelta(days=1))
    with open_amocrm(platform, account.tenant, platform.connection(account.tenant, AMO)) as client:
        assert client.account()["id"]
        assert client.counters.requests == 1
    assert account.exchanges == (1 if kind == "oauth" else 0)
    assert ("token" in read_secrets(account.db, account.keyring, account.tenant, AMO)) is True
