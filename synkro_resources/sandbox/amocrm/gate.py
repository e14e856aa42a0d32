"""The paths under `/oauth`: consent, tokens, and where a renamed account lives now."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from synkro_resources.sandbox.amocrm import answers
from synkro_resources.sandbox.amocrm.faults import ClosedConnection
from synkro_resources.sandbox.amocrm.filters import Json
from synkro_resources.sandbox.amocrm.oauth import OauthClient, Tokens
from synkro_resources.sandbox.amocrm.store import Store

METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]

OAUTH_PATH = "/oauth2/access_token"
ZONE = "amocrm.ru"


class Gate:
    """The vendor has the consent page and the look-ups on other hosts; here they are on the account's own."""

    def __init__(self, store: Store, tokens: Tokens, client: OauthClient) -> None:
        self.store = store
        self.tokens = tokens
        self.client = client

    def routes(self) -> list[Route]:
        return [
            Route("/oauth", self.consent, methods=METHODS),
            Route("/oauth/", self.consent, methods=METHODS),
            Route(OAUTH_PATH, self.access_token, methods=METHODS),
            Route("/oauth2/account/current/subdomain", self.subdomain_by_refresh, methods=METHODS),
            Route("/oauth2/account/subdomain", self.subdomain_by_access, methods=METHODS),
        ]

    async def consent(self, request: Request) -> Response:
        """The human decides at once: back to the integration with a code, or without one."""
        asked = request.query_params
        if asked.get("client_id") != self.client.client_id:
            return answers.html(400, "<html><body>Интеграция не найдена</body></html>")
        back = {"state": asked.get("state", ""), "client_id": self.client.client_id, "referer": self._domain()}
        if self.store.switches.consent_refused:
            back["error"] = "access_denied"
        else:
            back["code"] = self.tokens.new_code()
        return answers.moved(f"{self.client.redirect_uri}?{urlencode(back)}")

    async def access_token(self, request: Request) -> Response:
        if request.method != "POST":
            return answers.wrong_method()
        if self.store.switches.renamed_to is not None:
            return answers.not_found()
        try:
            body: object = orjson.loads(await request.body())
        except orjson.JSONDecodeError:
            body = None
        pair = self.tokens.exchange(cast("Json", body) if isinstance(body, dict) else {})
        if self.store.switches.kill_refresh_after_issue:
            return ClosedConnection()
        return answers.data(pair, kind=answers.JSON)

    async def subdomain_by_refresh(self, request: Request) -> Response:
        if not self.tokens.is_refresh(request.headers.get("x-refresh-token", "")):
            return answers.unauthorized()
        return self._subdomain()

    async def subdomain_by_access(self, request: Request) -> Response:
        if not self.tokens.accepts(request.headers.get("authorization", "")):
            return answers.unauthorized()
        return self._subdomain()

    def _subdomain(self) -> Response:
        """The documented keys; what exactly stands in the last two is not shown anywhere."""
        subdomain, domain = self._domain().split(".", 1)[0], self._domain()
        account_id = self.store.account.account["id"]
        body = {"id": account_id, "subdomain": subdomain, "domain": domain, "top_level_domain": ZONE}
        return answers.data(body, kind=answers.JSON)

    def _domain(self) -> str:
        return f"{self.store.switches.renamed_to or self.store.account.account['subdomain']}.{ZONE}"
