"""The one place that sends amoCRM something other than a GET: an authorization code or a refresh token for a pair.

A refresh token works once. So nothing is sent a second time after it may have been received: only errors from before
the sending are repeated, and whatever else happens is told, never tried again here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
import orjson
from pydantic import SecretStr

from synkro_resources.amocrm.client import HOSTS
from synkro_resources.amocrm.rules import AMOCRM_RULES, TELL_SUPPORT, VENDOR, WAIT
from synkro_resources.amocrm.tokens import CONNECT_AGAIN, TokenPair, pair_of
from synkro_resources.http.classify import Action
from synkro_resources.http.client import USER_AGENT
from synkro_resources.http.jsonvalues import JsonObject, as_object
from synkro_resources.http.network import network
from synkro_resources.http.redaction import mask_httpx_log
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import IntegrationError, PermanentError, Sentence, SynkroError, TransientError

logger = logging.getLogger(__name__)

PATH = "/oauth2/access_token"
TIMEOUT = httpx.Timeout(connect=5.0, read=15.0, write=5.0, pool=5.0)
WHOLE_EXCHANGE_S = 15.0
"""The whole answer; a row of the control database is locked meanwhile."""
MAX_ANSWER_BYTES = 64 * 1024

NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Errors from before the first byte of the request."""

_OAUTH_PROBLEM = "OAuthProblemJson"
CHECK_ADDRESS = Sentence(
    "Проверьте адрес аккаунта amoCRM: возможно, его переименовали. Исправьте адрес и подключите amoCRM заново.",
    "Check the account's address: it may have been renamed. Correct it and connect amoCRM again.",
)


class ConsentLost(IntegrationError):
    """The refresh token is used up or revoked: only a person's new consent helps."""


@dataclass(frozen=True, slots=True)
class OauthClient:
    """The integration as registered at amoCRM; `redirect_uri` must be the registered one on refresh too."""

    client_id: SecretStr
    client_secret: SecretStr
    redirect_uri: str


class TokenTransport(httpx.BaseTransport):
    """Lets out POST to one address and nothing else; the address is checked again here, next to the socket."""

    def __init__(self, inner: httpx.BaseTransport, address: httpx.URL, *, tenant: str) -> None:
        self._inner = inner
        self._address = address
        self._tenant = tenant

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "POST" or request.url != self._address:
            raise PermanentError(
                "amocrm.write_forbidden",
                Sentence(
                    "Запрос остановлен: этот клиент только обменивает токены.",
                    "A request was stopped: this client only exchanges tokens.",
                ),
                TELL_SUPPORT,
                tenant=self._tenant,
                integration=VENDOR,
            )
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


class TokenExchange:
    """Exchanges for one account, each over a connection of its own: a pooled one may be dead, which is noticed only
    after the token was sent. Redirects are never followed.

    Raises (both exchanges):
        ConsentLost: `amocrm.consent_lost`.
        IntegrationError: `amocrm.client_refused`, `.code_refused`, `.account_moved`, `.blocked`, `.payment_required` …
        TransientError: `amocrm.unreachable` (nothing was sent), `.exchange_unclear`, `.rate_limited`, `.unavailable`.
    """

    def __init__(
        self,
        base_url: str,
        *,
        tenant: str,
        clock: Clock,
        allow_sandbox: bool = False,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        mask_httpx_log()
        account = HOSTS.check(
            base_url.strip().rstrip("/").removesuffix("/api/v4"), tenant=tenant, allow_sandbox=allow_sandbox
        )
        self._address = httpx.URL(f"{account}{PATH}")
        self._tenant = tenant
        self._clock = clock
        self._transport = transport

    def code(self, client: OauthClient, code: SecretStr) -> TokenPair:
        """The first pair for an authorization code of the consent page."""
        return self._exchange(client, "authorization_code", {"code": code.get_secret_value()})

    def refresh(self, client: OauthClient, refresh_token: SecretStr) -> TokenPair:
        """A new pair; the old refresh token is used up even if the answer does not arrive."""
        return self._exchange(client, "refresh_token", {"refresh_token": refresh_token.get_secret_value()})

    def _exchange(self, client: OauthClient, grant: str, proof: Mapping[str, str]) -> TokenPair:
        body = {
            "client_id": client.client_id.get_secret_value(),
            "client_secret": client.client_secret.get_secret_value(),
            "grant_type": grant,
            "redirect_uri": client.redirect_uri,
            **proof,
        }
        status, answer = self._post(body)
        logger.info("%s %s %s: HTTP %d", VENDOR, PATH, grant, status)
        if status != 200:
            raise self._refusal(status, answer, grant)
        try:
            pair = pair_of(orjson.loads(answer), self._clock.now())
        except orjson.JSONDecodeError:
            pair = None
        if pair is None:
            raise self._unclear("unreadable answer")
        return pair

    def _post(self, body: Mapping[str, str]) -> tuple[int, bytes]:
        for attempt in (1, 2):
            try:
                return self._post_once(body)
            except httpx.RequestError as error:
                # The exception carries the request with its secrets: only its kind leaves this block.
                kind, unsent = type(error).__name__, isinstance(error, NOT_SENT)
            logger.warning("%s %s: no answer (%s)", VENDOR, PATH, kind)
            if not unsent:
                raise self._unclear(kind)
            if attempt == 2:
                break
        rule = AMOCRM_RULES.unreachable
        raise rule.error(tenant=self._tenant, integration=VENDOR, detail=PATH)

    def _post_once(self, body: Mapping[str, str]) -> tuple[int, bytes]:
        deadline = time.monotonic() + WHOLE_EXCHANGE_S
        http = httpx.Client(
            transport=TokenTransport(self._transport or network(), self._address, tenant=self._tenant),
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
        )
        with http, http.stream("POST", self._address, json=body) as response:
            answer = bytearray()
            for chunk in response.iter_bytes():
                answer += chunk
                if len(answer) > MAX_ANSWER_BYTES or time.monotonic() > deadline:
                    raise httpx.ReadTimeout("no end of the answer")
        return response.status_code, bytes(answer)

    def _refusal(self, status: int, answer: bytes, grant: str) -> SynkroError:
        """What an answer without a pair means; texts are localised, so status, type and hint decide (§2.2)."""
        try:
            problem: JsonObject = as_object(orjson.loads(answer))
        except orjson.JSONDecodeError:
            problem = {}
        is_oauth = _OAUTH_PROBLEM in str(problem.get("type", ""))
        hint = str(problem.get("hint") or "").lower()
        if status in (400, 401) and is_oauth:
            gone = "revoked" in hint or "expired" in hint
            if grant == "authorization_code" and (gone or status == 400):
                return self._code_refused()
            return consent_lost(self._tenant) if gone else self._client_refused()
        if status in (401, 404):
            # Looking the new address up would mean to send a secret to a host that an unproven claim names.
            return IntegrationError(
                "amocrm.account_moved",
                Sentence(
                    "amoCRM не узнаёт аккаунт по этому адресу.", "amoCRM does not know the account at this address."
                ),
                CHECK_ADDRESS,
                tenant=self._tenant,
                integration=VENDOR,
            )
        if status == 400:
            return self._client_refused()
        rule = AMOCRM_RULES.rule_for(status, answer, PATH)
        if rule.action in (Action.ACCEPT, Action.EMPTY):
            return self._unclear(f"HTTP {status}")
        return rule.error(tenant=self._tenant, integration=VENDOR, detail=f"POST {PATH}, HTTP {status}")

    def _unclear(self, detail: str) -> TransientError:
        return TransientError(
            "amocrm.exchange_unclear",
            Sentence(
                "amoCRM не ответила на обмен токена, и неизвестно, принят ли он.",
                "amoCRM did not answer an exchange of tokens, and it is not known whether it was accepted.",
            ),
            WAIT,
            tenant=self._tenant,
            integration=VENDOR,
            detail=detail,
        )

    def _code_refused(self) -> IntegrationError:
        return IntegrationError(
            "amocrm.code_refused",
            Sentence(
                "amoCRM не приняла код подключения: он устарел или уже использован.",
                "amoCRM refused the connection code: it has expired or was used already.",
            ),
            CONNECT_AGAIN,
            tenant=self._tenant,
            integration=VENDOR,
        )

    def _client_refused(self) -> IntegrationError:
        return IntegrationError(
            "amocrm.client_refused",
            Sentence(
                "amoCRM не приняла ID, секретный ключ или адрес возврата интеграции.",
                "amoCRM refused the integration's ID, secret key or redirect address.",
            ),
            Sentence(
                "Сверьте их с настройками интеграции в amoCRM и сохраните ещё раз.",
                "Compare them with the integration's settings in amoCRM and save them again.",
            ),
            tenant=self._tenant,
            integration=VENDOR,
        )


def consent_lost(tenant: str) -> ConsentLost:
    return ConsentLost(
        "amocrm.consent_lost",
        Sentence(
            "amoCRM больше не даёт доступ: разрешение отозвано или потеряно.",
            "amoCRM no longer gives access: the consent was revoked or lost.",
        ),
        CONNECT_AGAIN,
        tenant=tenant,
        integration=VENDOR,
    )
