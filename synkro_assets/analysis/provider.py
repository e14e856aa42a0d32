"""Asking the tenant's provider within its limits and the tenant's budget: waits, retries, money, and when to stop."""

from __future__ import annotations

import asyncio
import math
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import cast

import httpx

from synkro_assets.analysis.answer import answer_schema
from synkro_assets.analysis.rendering import without_nonce
from synkro_resources.ai.adaptive_limit import AdaptiveLimit
from synkro_resources.ai.async_client import LONGEST_WAIT_S, AsyncAiClient, CallFailed, Completion, Reason, Usage
from synkro_resources.ai.prices import ModelPrice
from synkro_resources.control.ai_ledger import ANSWERED, AiLedger, CallResult, PaidAnswer, PlannedCall
from synkro_resources.model.errors import PermanentError, SynkroError

TRIES = 4
BACK_OFF_S = 2.0
SCHEMA_NAME = "episode_labels"

STOPPING = frozenset(
    {"ai.no_funds", "ai.key_refused", "ai.forbidden", "ai.region", "ai.model_not_found", "ai.bad_answer"}
)
"""What no other episode could get past: no further call leaves for the tenant."""


class BudgetSpent(Exception):
    """The call's estimate fits neither the month's, the run's nor the episode's budget any more."""


class NoAnswer(Exception):
    """The provider did not answer this question, however patiently asked."""

    def __init__(self, error: SynkroError) -> None:
        super().__init__(error.code)
        self.error = error


@dataclass(frozen=True, slots=True)
class Caps:
    """Money that a run and an episode may cost; None: no limit."""

    run: Decimal | None = None
    episode: Decimal | None = None


@dataclass(slots=True)
class Spending:
    """What was asked so far, for the run's metadata."""

    calls: int = 0
    unsure_calls: int = 0
    """Calls that may have been billed without an answer; they count by their estimate."""
    read_again: int = 0
    """Answers of an earlier run that died before they were stored; they are paid for already."""
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    cost: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that has left, with what was set aside for it and what became of it."""

    call_id: str
    estimate: Decimal
    outcome: Completion | CallFailed


@dataclass
class Provider:
    """All calls of one run. `characters_per_token`: measured for this tenant and model."""

    client: AsyncAiClient
    ledger: AiLedger
    price: ModelPrice | None
    month_of: date
    caps: Caps = field(default_factory=Caps)
    characters_per_token: float = 2.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    stopped: SynkroError | None = None
    """Why no further call leaves."""

    def __post_init__(self) -> None:
        self.limit = AdaptiveLimit(self.client.profile.most_at_once)
        self.spending = Spending()
        self._set_aside = Decimal(0)
        self.paid: dict[str, list[PaidAnswer]] = {}
        """By analysis key: answers that are taken instead of asking the same again."""
        self.by_key: defaultdict[str, Spending] = defaultdict(Spending)
        self._schema = answer_schema()
        self._host = httpx.URL(self.client.base_url).host

    @property
    def currency(self) -> str:
        """Of all money here; empty where the model's price is unknown, and then nothing is counted in money."""
        return self.price.currency if self.price else ""

    async def ask(self, system: str, user: str, max_output: int, *, analysis_key: str, episode_key: str) -> Completion:
        """One answer, waited for as long as the provider asks us to, at most four times.

        Raises:
            BudgetSpent: nothing was sent.
            NoAnswer: the provider refused or stayed away; `stopped` is set if it will refuse everything.
        """
        if (paid := self._paid_for(analysis_key, _request(system, user))) is not None:
            return paid
        for attempt in range(1, TRIES + 1):
            if self.stopped is not None:
                raise NoAnswer(self.stopped)
            async with self.limit.slot() as round_:
                if self.stopped is not None:  # meanwhile
                    raise NoAnswer(self.stopped)
                call = await self._call(system, user, max_output, analysis_key, episode_key)
                answer = call.outcome
                if isinstance(answer, Completion):
                    self.limit.succeeded()
                else:
                    self._stop_if_hopeless(answer.error)
                    if answer.error.retryable:
                        self.limit.throttled(round_)
            # The ledger is written while the next call is under way already.
            await self._settle(call, analysis_key)
            if isinstance(answer, Completion):
                return answer
            if not answer.error.retryable or attempt == TRIES:
                raise NoAnswer(answer.error)
            await self.sleep(_wait(attempt, answer.retry_after_s))
        raise AssertionError("the last attempt returns or raises")

    async def _call(self, system: str, user: str, max_output: int, analysis_key: str, episode_key: str) -> _Call:
        client = self.client
        estimate = self._estimate(len(system) + len(user), max_output)
        self._keep_within_caps(estimate)
        planned = PlannedCall(
            provider=client.profile.name,
            host=self._host,
            model=client.model,
            rung=client.rung.number,
            request=_request(system, user),
            estimate=estimate,
            currency=self.currency,
            analysis_key=analysis_key,
            episode_key=episode_key,
        )
        self._set_aside += estimate
        call_id = await asyncio.to_thread(self.ledger.reserve, planned, self.month_of)
        if call_id is None:
            self._set_aside -= estimate
            raise BudgetSpent
        try:
            answer = await client.complete(
                name=SCHEMA_NAME, schema=self._schema, system=system, user=user, max_output=max_output
            )
        except CallFailed as failure:
            return _Call(call_id, estimate, failure)
        return _Call(call_id, estimate, answer)

    async def _settle(self, call: _Call, analysis_key: str) -> None:
        result = self._result(call.outcome)
        unsure = isinstance(call.outcome, CallFailed) and call.outcome.may_be_billed
        cost = await asyncio.to_thread(self.ledger.settle, call.call_id, result, self.month_of)
        self._set_aside -= call.estimate
        for spending in (self.spending, self.by_key[analysis_key]):
            spending.calls += 1
            spending.unsure_calls += unsure
            spending.tokens_in += result.tokens_in
            spending.tokens_cached += result.tokens_cached
            spending.tokens_out += result.tokens_out
            spending.cost += cost

    def _paid_for(self, analysis_key: str, request: str) -> Completion | None:
        """The answer of an earlier run to the very same request, whatever nonce it had."""
        waiting = self.paid.get(analysis_key, [])
        wanted = without_nonce(request)
        found = next((answer for answer in waiting if without_nonce(answer.request) == wanted), None)
        if found is None:
            return None
        waiting.remove(found)
        self.spending.read_again += 1
        spending = self.by_key[analysis_key]
        spending.calls += 1
        spending.tokens_in += found.tokens_in
        spending.tokens_cached += found.tokens_cached
        spending.tokens_out += found.tokens_out
        spending.cost += found.cost
        return Completion(
            found.answer,
            cast("Reason", found.finish_reason),
            Usage(found.tokens_in, found.tokens_cached, found.tokens_out),
            found.request_id,
            self.client.rung,
            found.latency_ms,
        )

    def _result(self, answer: Completion | CallFailed) -> CallResult:
        if isinstance(answer, CallFailed):
            cost = None if answer.may_be_billed else Decimal(0)
            return CallResult(answer.status, cost, answer.rung.number)
        usage = answer.usage
        if usage is None:
            return CallResult(
                ANSWERED,
                None,
                answer.rung.number,
                latency_ms=answer.latency_ms,
                answer=answer.text,
                finish_reason=answer.reason,
            )
        price = self.price
        cost = price.cost(usage.incoming, usage.outgoing, usage.cached) if price else Decimal(0)
        return CallResult(
            ANSWERED,
            cost,
            answer.rung.number,
            usage.incoming,
            usage.cached,
            usage.outgoing,
            answer.latency_ms,
            answer.request_id,
            answer.text,
            answer.reason,
        )

    def _estimate(self, characters: int, max_output: int) -> Decimal:
        if self.price is None:
            return Decimal(0)
        return self.price.cost(math.ceil(characters / self.characters_per_token), max_output)

    def _keep_within_caps(self, estimate: Decimal) -> None:
        if self.caps.run is not None and self.spending.cost + self._set_aside + estimate > self.caps.run:
            raise BudgetSpent
        if self.caps.episode is not None and estimate > self.caps.episode:
            raise BudgetSpent

    def _stop_if_hopeless(self, error: SynkroError) -> None:
        if self.stopped is None and isinstance(error, PermanentError) and error.code in STOPPING:
            self.stopped = error


def _request(system: str, user: str) -> str:
    return f"{system}\n\n{user}"


def _wait(attempt: int, asked: float | None) -> float:
    """What the provider asks for, else 2, 4, 8 … seconds; a little more, so that calls do not come back together."""
    jitter = random.uniform(1.0, 1.2)  # noqa: S311  # no secret
    return min(LONGEST_WAIT_S, asked if asked is not None else BACK_OFF_S * 2 ** (attempt - 1)) * jitter
