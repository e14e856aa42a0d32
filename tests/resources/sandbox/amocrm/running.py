"""The invented amoCRM on a socket for one test."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from synkro_resources.model.clock import FixedClock
from synkro_resources.sandbox.amocrm import AccountEditor, AccountExtras, AmocrmSwitches, OauthClient, amocrm_app
from synkro_resources.sandbox.amocrm.oauth import Tokens
from synkro_resources.sandbox.journal import RequestJournal
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.switches import set_switches
from synkro_resources.sandbox.world.model import AmocrmAccount
from tests.resources.sandbox.amocrm.company import END

TOKEN = "sandbox-token"
MOUNT = "/amocrm/demo"
CLIENT = OauthClient()
AGENT = "synkro-tests/1.0 (+https://synkro.example)"


@dataclass
class Running:
    """What a test holds: the client's side and the account's."""

    http: httpx.Client
    account: AmocrmAccount
    switches: AmocrmSwitches
    clock: FixedClock
    app: Starlette

    @property
    def log(self) -> RequestJournal:
        return self.app.state.log

    @property
    def editor(self) -> AccountEditor:
        return self.app.state.editor

    @property
    def tokens(self) -> Tokens:
        return self.app.state.tokens

    @property
    def oddities(self) -> list[str]:
        return self.app.state.oddities

    def set(self, **values: object) -> None:
        """As the control API sets switches."""
        set_switches(self.switches, values)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(f"{MOUNT}/api/v4{path}", headers=headers)

    def rows(self, path: str, collection: str) -> list[dict[str, Any]]:
        answer = self.get(path)
        assert answer.status_code in (200, 204), (answer.status_code, answer.text)
        return [] if answer.status_code == 204 else answer.json()["_embedded"][collection]

    def ids(self, path: str, collection: str) -> list[Any]:
        return [row["id"] for row in self.rows(path, collection)]

    def ask_tokens(self, **body: str) -> httpx.Response:
        known = {"client_id": CLIENT.client_id, "client_secret": CLIENT.client_secret}
        return self.http.post(
            f"{MOUNT}/oauth2/access_token", json={**known, "redirect_uri": CLIENT.redirect_uri, **body}
        )


@contextmanager
def running(account: AmocrmAccount, *, extras: AccountExtras | None = None, **switches: Any) -> Generator[Running]:
    state, clock = AmocrmSwitches(**{"rate_limit": False, **switches}), FixedClock(END)
    app = amocrm_app(account, clock=clock, token=TOKEN, state=state, extras=extras)
    headers = {"Authorization": f"Bearer {TOKEN}", "User-Agent": AGENT}
    with (
        serve(Starlette(routes=[Mount(MOUNT, app)])) as url,
        httpx.Client(base_url=url, headers=headers, timeout=10) as http,
    ):
        yield Running(http, account, state, clock, app)
