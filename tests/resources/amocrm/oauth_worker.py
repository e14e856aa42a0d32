"""A process that holds a tenant's OAuth credential and does what a line of its input says; for tests with real kills.

Words, each with an ISO instant to which the clock is moved: `headers` asks for the headers, `load` does it with a new
credential as a new run has it, `refresh` tells of a 401 and asks for the headers again.
`stop_at` is where a process waits to be killed: `before_sending`, `before_commit`, `after_commit`, or nowhere.
"""

from __future__ import annotations

import hashlib
import signal
import sys
import time
from collections.abc import Mapping
from datetime import datetime

from pydantic import SecretStr

from synkro_resources.amocrm.exchange import OauthClient, TokenExchange
from synkro_resources.amocrm.oauth import OauthAuth, OauthStore
from synkro_resources.amocrm.tokens import TokenPair
from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import SynkroError


class StoppingExchange(TokenExchange):
    """The real exchange, with a place to be killed at."""

    stop_at = ""

    def refresh(self, client: OauthClient, refresh_token: SecretStr) -> TokenPair:
        self.wait("before_sending")
        pair = super().refresh(client, refresh_token)
        self.wait("before_commit")
        return pair

    def wait(self, place: str) -> None:
        if self.stop_at == place:
            print(f"at {place}", flush=True)
            time.sleep(2 if signal.getsignal(signal.SIGTERM) is interrupt else 60)


class Interrupted(BaseException):
    """What an orchestrator raises in the main thread when a run is stopped."""


def interrupt(signum: int, frame: object) -> None:
    raise Interrupted


def told(headers: Mapping[str, str]) -> str:
    return "token " + hashlib.sha256(headers["Authorization"].encode()).hexdigest()


def main() -> None:
    url, tenant, key, address, stop_at, on_sigterm = sys.argv[1:]
    if on_sigterm == "interrupt":
        signal.signal(signal.SIGTERM, interrupt)
    clock = FixedClock(datetime.fromisoformat("2026-11-20T12:00:00+00:00"))
    db = Database(url, pool_size=2, clock=clock)
    exchange = StoppingExchange(address, tenant=tenant, clock=clock, allow_sandbox=True)
    exchange.stop_at = stop_at
    store = OauthStore(db, Keyring({"k1": bytes.fromhex(key)}), tenant)
    auth = OauthAuth(store, exchange, clock)
    print("ready", flush=True)
    for line in sys.stdin:
        word, instant = line.split()
        clock.instant = datetime.fromisoformat(instant)
        try:
            if word == "load":
                auth = OauthAuth(store, exchange, clock)
            elif word == "refresh":
                auth.refresh()
            answer = told(auth.headers())
            exchange.wait("after_commit")
            print(answer, flush=True)
        except SynkroError as error:
            print(error.code, flush=True)
        except Interrupted:
            print("interrupted", flush=True)
            return


if __name__ == "__main__":
    main()
