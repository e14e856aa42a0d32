"""The promise: a pair is exchanged once, whoever asks, and is not lost; where amoCRM allows no better, it is told."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from synkro_resources.amocrm.exchange import PATH, ConsentLost, OauthClient, TokenExchange
from synkro_resources.amocrm.oauth import OauthAuth, OauthStore, fields_of
from synkro_resources.amocrm.tokens import TokenPair
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import get_integration, read_secrets, set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.sandbox.amocrm import amocrm_app
from synkro_resources.sandbox.amocrm.oauth import OauthClient as RegisteredClient
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.world.build import build_world
from synkro_resources.sandbox.world.model import AmocrmAccount
from tests.control_fixtures import KEY, NOON

AMO = IntegrationKind.AMOCRM
DAY = timedelta(days=1)
REGISTERED = RegisteredClient()
ROUNDS = 100


@dataclass
class Vendor:
    """The invented amoCRM with a consent that has just been given to `tenant`."""

    url: str
    clock: FixedClock
    counts: Callable[[], dict[str, int]]
    db: Database
    keyring: Keyring
    tenant: str
    workers: list[Worker] = field(default_factory=list)

    @property
    def exchanges(self) -> int:
        return self.counts().get(f"POST {PATH}", 0)

    def auth(self, exchange: TokenExchange | None = None) -> OauthAuth:
        exchange = exchange or TokenExchange(self.url, tenant=self.tenant, clock=self.clock, allow_sandbox=True)
        return OauthAuth(OauthStore(self.db, self.keyring, self.tenant), exchange, self.clock)

    def worker(self, url: str, *, stop_at: str = "nowhere", on_sigterm: str = "die") -> Worker:
        arguments = [url, self.tenant, KEY.hex(), self.url, stop_at, on_sigterm]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.resources.amocrm.oauth_worker", *arguments],
            cwd=Path(__file__).parents[3],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        worker = Worker(process)
        self.workers.append(worker)
        assert worker.line() == "ready"
        return worker

    def stored(self) -> dict[str, SecretStr]:
        return read_secrets(self.db, self.keyring, self.tenant, AMO)

    def stored_token(self) -> str:
        token = f"Bearer {self.stored()['access_token'].get_secret_value()}"
        return "token " + hashlib.sha256(token.encode()).hexdigest()


@dataclass
class Worker:
    process: subprocess.Popen[str]

    def ask(self, word: str, instant: datetime) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word} {instant.isoformat()}\n")
        self.process.stdin.flush()

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def account() -> AmocrmAccount:
    return build_world(5, NOON, days=1).amocrm


@pytest.fixture
def vendor(account: AmocrmAccount, control_db: Database, keyring: Keyring, tenant_a: Tenant) -> Iterator[Vendor]:
    clock = FixedClock(NOON)
    app = amocrm_app(account, clock=clock, token="long-lived")
    with serve(app) as address:
        found = Vendor(address, clock, app.state.log.counts, control_db, keyring, tenant_a.slug)
        client = OauthClient(
            SecretStr(REGISTERED.client_id), SecretStr(REGISTERED.client_secret), REGISTERED.redirect_uri
        )
        exchange = TokenExchange(address, tenant=tenant_a.slug, clock=clock, allow_sandbox=True)
        pair = exchange.code(client, SecretStr(REGISTERED.code))
        secrets, times = fields_of(pair)
        own = {"client_id": REGISTERED.client_id, "client_secret": REGISTERED.client_secret}
        public = {**times, "base_url": address, "redirect_uri": REGISTERED.redirect_uri}
        set_integration(control_db, keyring, tenant_a.slug, AMO, public, {**secrets, **own}, "test")
        try:
            yield found
        finally:
            for worker in found.workers:
                worker.kill()


@pytest.mark.slow
def test_two_processes_that_renew_at_the_same_moment_exchange_once_each_of_a_hundred_times(
    vendor: Vendor, control_url: str
) -> None:
    workers = [vendor.worker(control_url) for _ in range(2)]
    for number in range(1, ROUNDS + 1):
        vendor.clock.instant = NOON + number * DAY
        assert _both(workers, "headers", vendor) == [vendor.stored_token()] * 2, number
        assert vendor.exchanges == number + 1, number
    assert _accepted(vendor)


@pytest.mark.slow
def test_two_processes_that_were_refused_at_the_same_moment_exchange_once(vendor: Vendor, control_url: str) -> None:
    workers = [vendor.worker(control_url) for _ in range(2)]
    for number in range(1, 21):
        _both(workers, "load", vendor)
        assert _both(workers, "refresh", vendor) == [vendor.stored_token()] * 2, number
        assert vendor.exchanges == number + 1, number
    assert _accepted(vendor)


def test_kill_9_between_the_answer_and_the_commit_is_told_at_once_with_the_way_to_connect_again(
    vendor: Vendor, control_url: str
) -> None:
    vendor.clock.move(DAY)
    doomed = vendor.worker(control_url, stop_at="before_commit")
    doomed.ask("headers", vendor.clock.instant)
    assert doomed.line() == "at before_commit"
    doomed.kill()
    with pytest.raises(ConsentLost) as caught:
        vendor.auth().headers()
    assert caught.value.code == "amocrm.consent_lost"
    assert "Настройки" in caught.value.remedy.ru
    assert "settings" in caught.value.remedy.en
    shown = get_integration(vendor.db, vendor.tenant, AMO)
    assert shown is not None
    assert (shown.status, shown.problem and shown.problem.code) == ("broken", "amocrm.consent_lost")
    knocked = vendor.exchanges
    for _ in range(3):
        with pytest.raises(ConsentLost):
            vendor.auth().headers()
    assert vendor.exchanges == knocked, "a token that is known to be lost is not shown to amoCRM again"


@pytest.mark.parametrize("stop_at", ["before_sending", "after_commit"])
def test_a_kill_at_another_point_is_healed_by_running_again(vendor: Vendor, control_url: str, stop_at: str) -> None:
    vendor.clock.move(DAY)
    doomed = vendor.worker(control_url, stop_at=stop_at)
    doomed.ask("headers", vendor.clock.instant)
    assert doomed.line() == f"at {stop_at}"
    doomed.kill()
    assert vendor.auth().headers()
    assert vendor.exchanges == 2
    assert _accepted(vendor)


def test_a_run_that_is_stopped_between_the_answer_and_the_commit_still_keeps_the_pair(
    vendor: Vendor, control_url: str
) -> None:
    vendor.clock.move(DAY)
    stopped = vendor.worker(control_url, stop_at="before_commit", on_sigterm="interrupt")
    stopped.ask("headers", vendor.clock.instant)
    assert stopped.line() == "at before_commit"
    stopped.process.send_signal(signal.SIGTERM)
    assert stopped.line() == "interrupted"
    assert stopped.process.wait(20) == 0
    assert vendor.auth().headers()
    assert vendor.exchanges == 2
    assert _accepted(vendor)


def test_a_database_that_restarts_between_the_answer_and_the_commit_does_not_lose_the_pair(
    vendor: Vendor, caplog: pytest.LogCaptureFixture
) -> None:
    class CutOff(TokenExchange):
        def refresh(self, client: OauthClient, refresh_token: SecretStr) -> TokenPair:
            pair = super().refresh(client, refresh_token)
            with vendor.db.owner() as connection:
                connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND state = 'idle in transaction' "
                        "AND pid <> pg_backend_pid()"
                    )
                )
            return pair

    vendor.clock.move(DAY)
    auth = vendor.auth(CutOff(vendor.url, tenant=vendor.tenant, clock=vendor.clock, allow_sandbox=True))
    token = auth.headers()["Authorization"]
    assert "are not kept yet" in caplog.text
    assert token == f"Bearer {vendor.stored()['access_token'].get_secret_value()}"
    assert vendor.exchanges == 2
    assert _accepted(vendor)


def _both(workers: list[Worker], word: str, vendor: Vendor) -> list[str]:
    for worker in workers:
        worker.ask(word, vendor.clock.instant)
    return [worker.line() for worker in workers]


def _accepted(vendor: Vendor) -> bool:
    """Whether amoCRM takes the stored access token."""
    headers = {"Authorization": f"Bearer {vendor.stored()['access_token'].get_secret_value()}"}
    return httpx.get(f"{vendor.url}/api/v4/account", headers=headers, trust_env=False).status_code == 200
