"""The one HTTP client for vendors that are read: limits, retries, classification, caps and counters around httpx."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Self

import httpx
import orjson

from synkro_resources import telemetry
from synkro_resources.http.auth import Auth
from synkro_resources.http.breaker import CircuitBreaker
from synkro_resources.http.classify import Action, Rule, RuleTable
from synkro_resources.http.guard import ReadOnlyTransport
from synkro_resources.http.guarded import UnpackingTransport
from synkro_resources.http.limits import Limiter
from synkro_resources.http.network import ConnectionWatch, network
from synkro_resources.http.redaction import mask_httpx_log, masked_url
from synkro_resources.http.retry import RetryPolicy, retry_after_s
from synkro_resources.model.errors import PermanentError, Sentence, SynkroError

logger = logging.getLogger(__name__)

Params = Sequence[tuple[str, str]]

TIMEOUT = httpx.Timeout(connect=5.0, read=30.0, write=10.0, pool=5.0)
"""Seconds per phase. Foreign hosts see slow connects to amoCRM: short there, patient for heavy pages."""

WHOLE_ANSWER_S = 120.0
"""Longest time for one body: a body that drips a byte at a time never meets the read time-out."""

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""A page of 250 deals with every field full stays under 5 MiB; more than this is not an answer."""

USER_AGENT = "Synkro/0.1 (read-only reports)"

TOO_MANY_REQUESTS = 429

RESET = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
"""How a connection that the vendor had closed in silence shows itself."""


@dataclass(slots=True)
class RequestCounters:
    """What one client asked for; `waits_s` holds waits for rate limits and back-off, in seconds.

    `retries` counts repeated requests, `slowdowns` the answers «too many requests» that halved the account's pace.
    """

    requests: int = 0
    bytes: int = 0
    waits_s: float = 0.0
    retries: int = 0
    slowdowns: int = 0

    def snapshot(self) -> RequestCounters:
        """The numbers of this moment, which do not move on."""
        return replace(self)

    def since(self, earlier: RequestCounters) -> RequestCounters:
        """What was asked for after the snapshot `earlier`: one asset's own numbers."""
        return RequestCounters(
            requests=self.requests - earlier.requests,
            bytes=self.bytes - earlier.bytes,
            waits_s=self.waits_s - earlier.waits_s,
            retries=self.retries - earlier.retries,
            slowdowns=self.slowdowns - earlier.slowdowns,
        )


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: httpx.Headers
    body: bytes


class _ConnectionWasStale(Exception):
    """The request was not read by the vendor; a GET may be sent again on a fresh connection."""


def _request_id(headers: httpx.Headers) -> str:
    """The vendor's id of the request, if it looks like one: it goes into log lines."""
    value = headers.get("x-request-id", "")
    return value if re.fullmatch(r"[\w.:-]{1,80}", value, re.ASCII) else ""


class VendorClient:
    """Reads JSON from one vendor account, one request in flight, GET only, redirects never followed.

    `transport` replaces the network in tests; the read-only guard stays around it.
    """

    def __init__(
        self,
        base_url: httpx.URL,
        auth: Auth,
        limiter: Limiter,
        retry: RetryPolicy,
        table: RuleTable,
        *,
        tenant: str,
        breaker: CircuitBreaker | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        mask_httpx_log()
        self.counters = RequestCounters()
        self.tenant = tenant
        self.vendor = table.vendor
        self._base_url = str(base_url).rstrip("/")
        self._auth = auth
        self._limiter = limiter
        self._retry = retry
        self._table = table
        self._breaker = breaker or CircuitBreaker()
        self._sleep = sleep
        self._max_answer_bytes = max_answer_bytes
        self._lock = threading.Lock()
        self._watch = ConnectionWatch()
        unpacking = UnpackingTransport(transport or network(), limit=2 * max_answer_bytes)  # its own cap comes first
        guard = ReadOnlyTransport(unpacking, vendor=self.vendor, origin=base_url, tenant=tenant)
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
        self.close()

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, params: Params = ()) -> object | None:
        """The decoded JSON of `path` below the base URL; None where the vendor says that there are no data.

        Raises:
            TransientError: still failing after the retries.
            IntegrationError: the vendor refuses the credential, the account or the address.
            PermanentError: the request is wrong, or the answer is larger than the cap.
        """
        with self._lock:
            return self._get(path, params)

    def request(self, method: str, path: str) -> None:
        """Exists to prove that it is refused: anything but GET raises before a socket is opened.

        Raises:
            PermanentError: `<vendor>.write_forbidden`.
        """
        self._http.request(method, self._base_url + path)

    def unreadable(self, detail: str) -> SynkroError:
        """The error for an answer whose JSON has not the documented shape."""
        return self._error(self._table.unreadable, detail)

    def _get(self, path: str, params: Params) -> object | None:
        failures = 0
        refreshed = False
        repeated = False
        while True:
            self._breaker.check()
            self.counters.waits_s += self._limiter.acquire(path)
            self._breaker.check()  # the wait may have been long, and another process may have been blocked meanwhile
            try:
                answer, rule, detail = self._ask(path, params, may_repeat=not repeated)
            except _ConnectionWasStale:
                repeated = True
                self.counters.retries += 1
                continue
            if rule.action is Action.EMPTY:
                return None
            if answer is not None and rule.action is Action.ACCEPT:
                try:
                    return orjson.loads(answer.body)
                except orjson.JSONDecodeError:
                    rule = self._table.unreadable
            if rule.action is Action.REFRESH and not refreshed:
                refreshed = True
                if self._auth.refresh():
                    continue
            if answer is not None and answer.status == TOO_MANY_REQUESTS:
                self.counters.slowdowns += 1
                self._limiter.slow_down(path)
            if rule.action is Action.RETRY:
                failures += 1
                if failures < min(self._retry.tries, rule.tries or self._retry.tries):
                    asked = None if answer is None else retry_after_s(answer.headers, answer.body)
                    self._back_off(failures, asked)
                    continue
            error = self._error(rule, detail)
            if rule.action is Action.REFRESH and (known := self._auth.refusal()) is not None:
                error = known
            if rule.action is Action.STOP:
                self._breaker.open(partial(self._error, rule, detail))
                self._breaker.check()  # its own error says until when
            raise error

    def _ask(self, path: str, params: Params, *, may_repeat: bool) -> tuple[_Answer | None, Rule, str]:
        """One exchange: the answer if there was one, the rule that judges it, and a detail without secrets.

        Raises:
            _ConnectionWasStale: if it may be repeated at once: the vendor had closed the pooled connection.
        """
        started = time.monotonic()
        self.counters.requests += 1
        called = telemetry.without_ids(path)
        try:
            with telemetry.span(f"{self.vendor} {called}", tenant=self.tenant, vendor=self.vendor) as trace:
                answer = self._exchange(path, params)
                trace.set("http_status", answer.status)
        except httpx.RequestError as error:
            # The exception's text and chain may quote headers: only its kind goes on.
            kind = type(error).__name__
            stale = may_repeat and isinstance(error, RESET) and self._watch.was_reused()
        else:
            telemetry.count("synkro.vendor.requests", vendor=self.vendor, path=called, status=str(answer.status))
            return answer, *self._judged(path, answer, time.monotonic() - started)
        telemetry.count("synkro.vendor.requests", vendor=self.vendor, path=called, status=kind)
        if stale:
            logger.debug("%s %s: the pooled connection was closed (%s), once more", self.vendor, path, kind)
            raise _ConnectionWasStale
        logger.warning("%s %s: no answer (%s)", self.vendor, path, kind)
        return None, self._table.unreachable, kind

    def _judged(self, path: str, answer: _Answer, seconds: float) -> tuple[Rule, str]:
        """The rule for an answer and a detail for support, which asks for the vendor's request id."""
        rule = self._table.rule_for(answer.status, answer.body, path)
        request_id = _request_id(answer.headers)
        said = f"HTTP {answer.status}" + (f", x-request-id {request_id}" if request_id else "")
        level = logging.DEBUG if rule.action in (Action.ACCEPT, Action.EMPTY) else logging.WARNING
        logger.log(level, "%s %s: %s, %.3f s", self.vendor, path, said, seconds)
        return rule, f"GET {path}, {said}"

    def _exchange(self, path: str, params: Params) -> _Answer:
        url = httpx.URL(self._base_url + path, params=list(params) if params else None)
        deadline = time.monotonic() + WHOLE_ANSWER_S
        headers = dict(self._auth.headers())  # may exchange a token first
        with self._http.stream("GET", url, headers=headers, extensions=self._watch.extensions()) as response:
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > self._max_answer_bytes:
                    raise self._too_large(url)
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the body took too long")
        self.counters.bytes += len(body)
        return _Answer(response.status_code, response.headers, bytes(body))

    def _back_off(self, failures: int, asked_s: float | None) -> None:
        seconds = self._retry.delay(failures, asked_s)
        self.counters.retries += 1
        self.counters.waits_s += seconds
        self._sleep(seconds)

    def _error(self, rule: Rule, detail: str) -> SynkroError:
        return rule.error(tenant=self.tenant, integration=self.vendor, detail=detail)

    def _too_large(self, url: httpx.URL) -> PermanentError:
        return PermanentError(
            f"{self.vendor}.answer_too_large",
            Sentence("Ответ сервиса слишком велик.", "The service's answer is too large."),
            Sentence("Сообщите в поддержку Synkro.", "Tell Synkro's support."),
            tenant=self.tenant,
            integration=self.vendor,
            detail=f"{masked_url(url)} over {self._max_answer_bytes} bytes",
        )
