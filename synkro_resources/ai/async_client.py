"""Many structured calls side by side to an OpenAI-compatible provider: one try per call, usage kept in every branch.

No type of the provider's library leaves this module, and no environment variable can redirect a key: address and key
are always passed. Retries, limits and money are the caller's; this module says what happened (docs/vendors.md, «AI»).
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from synkro_resources import telemetry
from synkro_resources.ai.client import explain, no_model
from synkro_resources.ai.endpoint import Endpoint
from synkro_resources.ai.profiles import Profile
from synkro_resources.ai.rungs import Rung, answer_text, is_about_format
from synkro_resources.http.guarded import guarded_async_ai_client
from synkro_resources.http.jsonvalues import JsonObject
from synkro_resources.late_module import LateModule
from synkro_resources.model.errors import Sentence, SynkroError, TransientError

if TYPE_CHECKING:
    import openai.types.chat
    from openai.types.chat import ChatCompletion
else:
    openai = LateModule("openai")

DEADLINE_S = 120.0
CONNECT_S = 10.0
LONGEST_WAIT_S = 120.0

Reason = Literal["stop", "length", "refused", "content_filter", "empty"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call; `cached` is the part of `incoming` that the provider read from its cache."""

    incoming: int
    cached: int
    outgoing: int


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer. `usage` is None where the provider sent none; `text` is empty unless `reason` is stop or length."""

    text: str
    reason: Reason
    usage: Usage | None
    request_id: str | None
    rung: Rung
    latency_ms: int


class CallFailed(Exception):
    """No answer. `may_be_billed`: the provider may have made one that did not reach us."""

    def __init__(
        self, error: SynkroError, *, status: int | None, retry_after_s: float | None, may_be_billed: bool, rung: Rung
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.status = status
        self.retry_after_s = retry_after_s
        self.may_be_billed = may_be_billed
        self.rung = rung


class AsyncAiClient:
    """One model of one provider for one tenant. `rung` is where it stands on the ladder; it only goes down."""

    def __init__(self, endpoint: Endpoint, *, tenant: str, deadline_s: float = DEADLINE_S) -> None:
        self.tenant = tenant
        self.endpoint = endpoint
        self.rung = endpoint.rung
        self._deadline_s = deadline_s
        self._client = openai.AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=endpoint.key,
            project=endpoint.project,
            default_headers=endpoint.headers,
            timeout=openai.Timeout(deadline_s, connect=CONNECT_S),
            max_retries=0,
            http_client=guarded_async_ai_client(inside=endpoint.inside),
        )

    @property
    def model(self) -> str:
        return self.endpoint.model

    @property
    def base_url(self) -> str:
        return self.endpoint.base_url

    @property
    def profile(self) -> Profile:
        return self.endpoint.profile

    async def complete(
        self, *, name: str, schema: JsonObject, system: str, user: str, max_output: int, extra: JsonObject | None = None
    ) -> Completion:
        """One answer that should fit `schema`; where a provider refuses the way of asking, the next way is tried.

        Raises:
            CallFailed: the provider did not answer; its `error` tells people why.
        """
        while True:
            rung = self.rung
            try:
                return await self._try(rung, name, schema, system, user, max_output, extra or {})
            except (openai.BadRequestError, openai.UnprocessableEntityError) as failure:
                if not is_about_format(failure) or not self._step_down(rung):
                    raise self._failed(failure, rung) from None  # the library's text may hold parts of the key
            except openai.OpenAIError as failure:
                raise self._failed(failure, rung) from None
            except TimeoutError:
                raise self._timed_out(rung) from None
            except ValueError:  # the library passes on what its JSON reader says of a torn answer
                raise self._torn(rung) from None

    def step_down(self, seen: Rung) -> bool:
        """Use the way of asking below `seen` from now on; False if there is none.

        Several answers that came by the same way side by side lead down once, not to the end of the ladder.
        """
        return self._step_down(seen)

    def _step_down(self, seen: Rung) -> bool:
        """Only once, however many calls found out at the same time."""
        if self.rung is seen:
            below = self.profile.below(seen)
            if below is None:
                return False
            self.rung = below
        return True

    async def _try(
        self, rung: Rung, name: str, schema: JsonObject, system: str, user: str, max_output: int, extra: JsonObject
    ) -> Completion:
        asked = self.endpoint.body(rung, name=name, schema=schema, system=system, user=user, max_output=max_output)
        body: dict[str, object] = {**asked, **extra}
        began = time.monotonic()
        with telemetry.span("ai completion", tenant=self.tenant, model=self.model, rung=rung.value):
            async with asyncio.timeout(self._deadline_s):
                answer = await self._client.post(
                    "/chat/completions", cast_to=openai.types.chat.ChatCompletion, body=body
                )
        took = round((time.monotonic() - began) * 1000)
        # A page comes through as a text, in spite of the library's types.
        if not isinstance(cast("object", answer), openai.types.chat.ChatCompletion):
            raise CallFailed(no_model(self.tenant), status=200, retry_after_s=None, may_be_billed=False, rung=rung)
        reason = _reason(answer)
        request_id = answer._request_id  # pyright: ignore[reportPrivateUsage]  # the library documents it as public
        text = answer_text(answer) if reason in ("stop", "length") else ""
        return Completion(text, reason, _usage(answer), request_id, rung, took)

    def _failed(self, failure: openai.OpenAIError, rung: Rung) -> CallFailed:
        status = failure.status_code if isinstance(failure, openai.APIStatusError) else None
        wait = _retry_after(failure.response.headers) if isinstance(failure, openai.APIStatusError) else None
        # A connection that broke after the request was sent, or an answer that was torn, may have been made and billed.
        unsure = status is None and not isinstance(failure.__cause__, ConnectionRefusedError)
        return CallFailed(
            explain(failure, tenant=self.tenant), status=status, retry_after_s=wait, may_be_billed=unsure, rung=rung
        )

    def _timed_out(self, rung: Rung) -> CallFailed:
        what = Sentence("Модель не ответила вовремя.", "The model did not answer in time.")
        return self._lost("ai.timeout", what, rung)

    def _torn(self, rung: Rung) -> CallFailed:
        what = Sentence("Ответ модели оборвался по дороге.", "The model's answer was torn on the way.")
        return self._lost("ai.torn_answer", what, rung)

    def _lost(self, code: str, what: Sentence, rung: Rung) -> CallFailed:
        """An answer that the provider may have made and billed."""
        again = Sentence("Повторим позже сами.", "We will try again later.")
        error = TransientError(code, what, again, tenant=self.tenant, integration="ai")
        return CallFailed(error, status=None, retry_after_s=None, may_be_billed=True, rung=rung)

    async def close(self) -> None:
        await self._client.close()


def _reason(answer: ChatCompletion) -> Reason:
    """Some gateways answer 200 without choices, or with reasons that nobody documents: the answer decides."""
    if not answer.choices:
        return "empty"
    choice = answer.choices[0]
    if choice.message.refusal:
        return "refused"
    match choice.finish_reason:
        case "length" | "content_filter":
            return choice.finish_reason
        case _:
            return "stop"


def _usage(answer: ChatCompletion) -> Usage | None:
    if answer.usage is None:
        return None
    details = answer.usage.prompt_tokens_details
    cached = (details.cached_tokens or 0) if details is not None else 0
    return Usage(answer.usage.prompt_tokens, cached, answer.usage.completion_tokens)


def _retry_after(headers: object) -> float | None:
    """Seconds that the provider asks us to wait, whichever of its two headers names them."""
    get = getattr(headers, "get", None)
    if get is None:
        return None
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            return float(get(name, "")) / unit
        except ValueError:
            continue
    return None
