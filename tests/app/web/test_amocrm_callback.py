"""The way back from amoCRM's consent page: who comes with our state is connected, everybody else gets nothing."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from synkro_app.web.amocrm_callback import CALLBACK_PATH, AmocrmCallback
from synkro_resources.amocrm.consent import consent_url
from synkro_resources.amocrm.exchange import TokenExchange
from synkro_resources.amocrm.oauth import OauthAuth, OauthStore
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import get_integration, read_secrets, set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import IntegrationError, UserInputError
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.sandbox.amocrm import amocrm_app
from synkro_resources.sandbox.amocrm.oauth import OauthClient
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.world.build import build_world
from synkro_resources.sandbox.world.model import AmocrmAccount
from synkro_resources.settings import Settings
from tests.app.conftest import RunningCabinet
from tests.control_fixtures import KEY, NOON

AMO = IntegrationKind.AMOCRM
CLIENT = OauthClient()
OURS = {"client_id": CLIENT.client_id, "client_secret": CLIENT.client_secret}
PAIR = {"token_type": "Bearer", "expires_in": 86400, "access_token": "access-4711", "refresh_token": "refresh-4711"}


@pytest.fixture(scope="module")
def world() -> AmocrmAccount:
    return build_world(5, NOON, days=1).amocrm


@dataclass
class Site:
    """The call-back's route with its own clock; `asked` is what went out to amoCRM."""

    web: TestClient
    db: Database
    keyring: Keyring
    tenant: str
    asked: list[httpx.Request]

    def connect(self, **public: str) -> None:
        settings = {"redirect_uri": CLIENT.redirect_uri, **public}
        set_integration(self.db, self.keyring, self.tenant, AMO, settings, OURS, "test")

    def state(self) -> str:
        url = consent_url(self.db, self.keyring, self.tenant, "user:1", redirect_uri="https://unused.example/")
        return parse_qs(urlsplit(url).query)["state"][0]

    def come_back(self, language: str = "ru", **query: str) -> httpx.Response:
        return self.web.get(CALLBACK_PATH, params=query, headers={"accept-language": language})

    def secrets(self) -> set[str]:
        return set(read_secrets(self.db, self.keyring, self.tenant, AMO))


@pytest.fixture
def site(control_url: str, control_clock: FixedClock, tenant_a: Tenant, keyring: Keyring) -> Iterator[Site]:
    asked: list[httpx.Request] = []

    def amocrm(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=PAIR)

    db = Database(control_url, clock=control_clock)
    callback = AmocrmCallback(Settings(secret_keys=_key()), db, httpx.MockTransport(amocrm))
    web = TestClient(Starlette(routes=[Route(CALLBACK_PATH, callback.answer)]))
    yield Site(web, db, keyring, tenant_a.slug, asked)
    db.close()


def test_a_consent_connects_the_tenant_that_asked_for_it(site: Site) -> None:
    site.connect()
    answer = site.come_back(state=site.state(), code="c-4711", referer="demo.amocrm.ru", client_id=CLIENT.client_id)
    assert answer.status_code == 200
    assert "amoCRM подключена" in answer.text
    assert str(site.asked[0].url) == "https://demo.amocrm.ru/oauth2/access_token"
    stored = get_integration(site.db, site.tenant, AMO)
    assert stored is not None
    assert (stored.public["auth"], stored.public["base_url"]) == ("oauth", "https://demo.amocrm.ru")
    assert (stored.status, stored.updated_by) == ("new", "user:1")
    assert site.secrets() == {*OURS, "access_token", "refresh_token"}
    actions = [event.action for event in tenant_events(site.db, site.tenant)]
    assert "integration.consent_given" in actions


def test_the_page_and_its_headers_hold_no_secret_and_are_not_kept(site: Site) -> None:
    site.connect()
    state = site.state()
    for _ in range(2):  # done, and then the used state again
        answer = site.come_back(state=state, code="c-4711", referer="demo.amocrm.ru")
        for secret in ("c-4711", "access-4711", "refresh-4711", state, CLIENT.client_secret):
            assert secret not in answer.text + str(answer.headers)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.status_code == 400
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, "Ссылка подключения amoCRM устарела"),
        ({"state": "stranger.abc", "code": "c", "referer": "demo.amocrm.ru"}, "Ссылка подключения amoCRM устарела"),
        ({"state": "<script>alert(1)</script>.x", "code": "c"}, "Ссылка подключения amoCRM устарела"),
    ],
)
def test_a_stranger_learns_and_changes_nothing(site: Site, query: dict[str, str], words: str) -> None:
    site.connect()
    answer = site.come_back(**query)
    assert answer.status_code == 400
    assert words in answer.text
    assert "<script" not in answer.text
    assert site.asked == []
    assert site.secrets() == set(OURS)


def test_a_call_back_without_a_code_is_a_refusal_and_its_state_is_used_up(site: Site) -> None:
    site.connect()
    state = site.state()
    answer = site.come_back(state=state, error="access_denied", referer="demo.amocrm.ru")
    assert answer.status_code == 400
    assert "не разрешили доступ" in answer.text
    again = site.come_back(state=state, code="c", referer="demo.amocrm.ru")
    assert "устарела" in again.text
    assert site.asked == []


def test_a_vendor_that_does_not_answer_is_told_with_what_the_person_can_do(
    site: Site, control_url: str, control_clock: FixedClock
) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    site.connect()
    callback = AmocrmCallback(Settings(secret_keys=_key()), site.db, httpx.MockTransport(away))
    web = TestClient(Starlette(routes=[Route(CALLBACK_PATH, callback.answer)]))
    answer = web.get(CALLBACK_PATH, params={"state": site.state(), "code": "c", "referer": "demo.amocrm.ru"})
    assert answer.status_code == 503
    assert "Нет связи с amoCRM" in answer.text
    assert "Начните подключение заново" in answer.text
    assert "повторит запрос" not in answer.text


@pytest.mark.parametrize("referer", ["", "evil.example", "www.amocrm.ru", "demo.amocrm.ru.evil.example", "127.0.0.1"])
def test_the_secret_key_is_not_sent_to_a_host_that_the_call_back_invents(site: Site, referer: str) -> None:
    site.connect()
    answer = site.come_back(state=site.state(), code="c", referer=referer)
    assert answer.status_code == 400
    assert "Адрес интеграции не подходит" in answer.text
    assert site.asked == []


@pytest.mark.parametrize(
    "query", [{"referer": "other.amocrm.ru"}, {"referer": "demo.amocrm.ru", "client_id": "another-integration"}]
)
def test_a_consent_in_another_account_is_not_mixed_into_this_tenant(site: Site, query: dict[str, str]) -> None:
    site.connect(base_url="https://demo.amocrm.ru")
    answer = site.come_back(state=site.state(), code="c", **query)
    assert answer.status_code == 400
    assert "в другом аккаунте" in answer.text
    assert site.asked == []


def test_the_page_speaks_the_browsers_language(site: Site) -> None:
    site.connect()
    english = site.come_back(language="en-GB,en;q=0.9", state=site.state(), code="c", referer="demo.amocrm.ru")
    assert "amoCRM is connected" in english.text
    assert 'lang="en"' in english.text
    assert "устарела" in site.come_back(language="de").text


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("", "https://www.amocrm.ru/oauth/"),
        ("https://demo.amocrm.ru", "https://www.amocrm.ru/oauth/"),
        ("https://demo.kommo.com", "https://www.kommo.com/oauth/"),
    ],
)
def test_the_consent_page_is_the_brands_own(site: Site, address: str, page: str) -> None:
    site.connect(base_url=address)
    url = consent_url(site.db, site.keyring, site.tenant, "user:1", redirect_uri="https://unused.example/")
    query = parse_qs(urlsplit(url).query)
    assert url.startswith(f"{page}?")
    assert (query["client_id"], query["mode"]) == ([CLIENT.client_id], ["popup"])
    assert CLIENT.client_secret not in url


def test_without_the_integrations_id_and_key_there_is_no_link(site: Site) -> None:
    with pytest.raises(UserInputError):
        site.state()
    set_integration(site.db, site.keyring, site.tenant, AMO, {}, {}, "test")
    with pytest.raises(IntegrationError) as caught:
        site.state()
    assert caught.value.code == "amocrm.no_client"


def test_the_whole_road_through_the_running_emulator(
    site: Site, world: AmocrmAccount, control_clock: FixedClock, keyring: Keyring
) -> None:
    with serve(amocrm_app(world, clock=control_clock, token="long-lived")) as address:
        site.connect(base_url=address)
        settings = Settings(allow_sandbox=True, secret_keys=_key())
        web = TestClient(
            Starlette(routes=[Route(CALLBACK_PATH, AmocrmCallback(settings, site.db).answer, methods=["GET"])])
        )
        answer = web.get(CALLBACK_PATH, params={"state": site.state(), "code": CLIENT.code, "referer": "127.0.0.1"})
        assert answer.status_code == 200, answer.text
        exchange = TokenExchange(address, tenant=site.tenant, clock=control_clock, allow_sandbox=True)
        auth = OauthAuth(OauthStore(site.db, keyring, site.tenant), exchange, control_clock)
        account = httpx.get(f"{address}/api/v4/account", headers=dict(auth.headers()), trust_env=False)
        assert account.json()["id"] == world.account["id"]


def test_the_gate_lets_the_call_back_through_and_nothing_beside_it(cabinet: RunningCabinet) -> None:
    with httpx.Client(base_url=cabinet.url, trust_env=False) as browser:
        answer = browser.get(CALLBACK_PATH, params={"state": "a.b", "code": "c-4711"})
        assert answer.status_code == 400
        assert "Ссылка подключения amoCRM устарела" in answer.text
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert browser.get(f"{CALLBACK_PATH}/x").status_code == 401
        assert browser.post(CALLBACK_PATH).status_code == 405
    assert "c-4711" not in cabinet.log.read_text()


def _key() -> str:
    return "k1:" + base64.b64encode(KEY).decode()
