"""The two writes that Synkro ever sends to Radist: subscribing to events and ending a subscription.

They have a class and a guard of their own, so that the client that reads stays without any verb but GET. The guard
knows the two calls by method, address and path, and refuses everything else before a socket is opened.
"""

from __future__ import annotations

import logging
import re
from types import TracebackType
from typing import Self

import httpx
import orjson
from pydantic import SecretStr

from synkro_resources.http import HeaderSecret
from synkro_resources.http.client import TIMEOUT, USER_AGENT
from synkro_resources.http.jsonvalues import as_object, as_text, as_whole
from synkro_resources.model.errors import PermanentError, Sentence
from synkro_resources.radist.client import HOSTS
from synkro_resources.radist.events import EVENTS
from synkro_resources.radist.rules import RADIST_RULES, VENDOR

logger = logging.getLogger(__name__)

WEBHOOK_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class TwoCallsOnly(httpx.BaseTransport):
    """Lets `POST …/webhooks/` and `DELETE …/webhooks/{id}` of one company out, nothing else.

    Raises:
        PermanentError: `radist.write_forbidden`.
    """

    def __init__(self, inner: httpx.BaseTransport, *, collection: httpx.URL, tenant: str) -> None:
        self._inner = inner
        self._collection = collection
        self._tenant = tenant

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not self._is_allowed(request):
            raise PermanentError(
                "radist.write_forbidden",
                Sentence(
                    "Запрос на изменение данных остановлен: Synkro только читает.",
                    "A request that would change data was stopped: Synkro only reads.",
                ),
                Sentence("Сообщите в поддержку Synkro.", "Tell Synkro's support."),
                tenant=self._tenant,
                integration=VENDOR,
            )
        return self._inner.handle_request(request)

    def _is_allowed(self, request: httpx.Request) -> bool:
        url, ours = request.url, self._collection
        if (url.scheme, url.host, url.port) != (ours.scheme, ours.host, ours.port) or url.query:
            return False
        if request.method == "POST":
            return url.path == ours.path
        rest = url.path.removeprefix(ours.path)
        is_below = url.path.startswith(ours.path) and WEBHOOK_ID.fullmatch(rest.removesuffix("/")) is not None
        return request.method == "DELETE" and is_below

    def close(self) -> None:
        self._inner.close()


class RadistSubscriptions:
    """Subscribes and unsubscribes for one company. A context manager; nothing is tried twice by itself.

    `company_id` is the chosen company. `transport` replaces the network in tests; the guard stays around it.

    Raises (all methods):
        TransientError: `radist.unreachable`, `.unavailable`, `.rate_limited`; the call may have been carried out.
        IntegrationError: `radist.key_refused`, `.forbidden`, `.not_found` …
    """

    def __init__(
        self,
        base_url: str,
        api_key: SecretStr,
        company_id: int,
        *,
        tenant: str,
        allow_sandbox: bool = False,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        url = str(HOSTS.check(base_url, tenant=tenant, allow_sandbox=allow_sandbox)).rstrip("/")
        base = url if url.endswith("/v2") else f"{url}/v2"
        self._tenant = tenant
        self._collection = f"{base}/companies/{company_id}/webhooks/"
        self._auth = HeaderSecret("X-Api-Key", api_key, vendor=VENDOR, tenant=tenant)
        guard = TwoCallsOnly(transport or httpx.HTTPTransport(), collection=httpx.URL(self._collection), tenant=tenant)
        self._http = httpx.Client(
            transport=guard,
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.close()

    def subscribe(self, connection_id: int, url: str) -> str:
        """Ask for the events of one connection at `url`; Radist's id of the subscription, empty if it named none."""
        body = orjson.dumps({"connection_id": connection_id, "url": url, "events": list(EVENTS)})
        status, answer = self._send("POST", self._collection, body)
        self._refuse_unless_done(status, answer)
        return webhook_id_of(_decoded(answer))

    def unsubscribe(self, webhook_id: str) -> bool:
        """End a subscription; False if Radist did not know it (any more)."""
        if WEBHOOK_ID.fullmatch(webhook_id) is None:
            return False
        status, answer = self._send("DELETE", self._collection + webhook_id)
        if status in (307, 308):  # the slash form of the same path, which is the only address the guard lets through
            status, answer = self._send("DELETE", f"{self._collection}{webhook_id}/")
        if status in (404, 410):
            return False
        self._refuse_unless_done(status, answer)
        return True

    def _send(self, method: str, url: str, body: bytes | None = None) -> tuple[int, bytes]:
        headers = dict(self._auth.headers())
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            response = self._http.request(method, url, content=body, headers=headers)
        except httpx.RequestError as error:
            logger.warning("radist webhooks, %s: no answer (%s)", method, type(error).__name__)
            rule = RADIST_RULES.unreachable
            raise rule.error(tenant=self._tenant, integration=VENDOR, detail=type(error).__name__) from None
        return response.status_code, response.content

    def _refuse_unless_done(self, status: int, answer: bytes) -> None:
        if 200 <= status < 300:
            return
        rule = RADIST_RULES.rule_for(status, answer, "/webhooks/")
        raise rule.error(tenant=self._tenant, integration=VENDOR, detail=f"HTTP {status}")


def webhook_id_of(row: object) -> str:
    """The id of a subscription as Radist's DELETE takes it; empty if the row has none."""
    value = as_object(row).get("id")
    number = as_whole(value)
    return str(number) if number is not None else as_text(value) or ""


def _decoded(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
