"""The OpenAI-compatible API on a socket: keys, models, completions in both shapes, and faults on demand."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from itertools import count

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from synkro_resources.model.clock import Clock
from synkro_resources.sandbox.broken_answers import ClosedConnection, DroppedResponse, Silence, TornResponse
from synkro_resources.sandbox.journal import JournalMiddleware, RequestJournal
from synkro_resources.sandbox.openai.analyst.analyst import analysis
from synkro_resources.sandbox.openai.analyst.lies import Lie
from synkro_resources.sandbox.openai.model import BYTES_PER_TOKEN, answer, tokens
from synkro_resources.sandbox.openai.narrator import narration
from synkro_resources.sandbox.openai.providers import PROVIDERS
from synkro_resources.sandbox.openai.schema import problems
from synkro_resources.sandbox.openai.shapes import chat_body, cut, limit_headers, responses_body, spoiled
from synkro_resources.sandbox.openai.switches import Fault, OpenaiSwitches
from synkro_resources.sandbox.openai.wire import (
    MAX_INPUT_TOKENS,
    Api,
    Completion,
    ProviderError,
    body_object,
    read_completion,
)
from synkro_resources.sandbox.switches import Aim

DEFAULT_MODELS = ("sandbox-mini", "sandbox-large")

CACHED_PREFIX_TOKENS = 1024
"""Prompt caching starts at this many tokens of equal prefix."""


class Provider:
    """One emulated provider."""

    def __init__(self, *, clock: Clock, api_key: str, models: Sequence[str], switches: OpenaiSwitches) -> None:
        self._clock = clock
        self._api_key = api_key
        self._models = tuple(models)
        self._switches = switches
        self._numbers = count(1)
        self._prefixes: set[str] = set()
        self._aim: Aim[Fault] = Aim(switches)
        self.lies: list[Lie] = []

    async def list_models(self, request: Request) -> Response:
        def page(_number: int) -> Response:
            prefix = self._prefix(request)
            data = [self._model(prefix + name) for name in self._models if name not in self._switches.gone_models]
            return JSONResponse({"object": "list", "data": data})

        return await self._guarded(request, page)

    async def one_model(self, request: Request) -> Response:
        def page(_number: int) -> Response:
            name = str(request.path_params["name"])
            self._known_model(name)
            return JSONResponse(self._model(name))

        return await self._guarded(request, page)

    async def chat(self, request: Request) -> Response:
        return await self._complete(request, "chat")

    async def responses(self, request: Request) -> Response:
        return await self._complete(request, "responses")

    async def unknown(self, request: Request) -> Response:
        message = f"Invalid URL ({request.method} {request.url.path})"
        return self._error(ProviderError(404, message), next(self._numbers))

    def _model(self, name: str) -> dict[str, object]:
        return {"id": name, "object": "model", "created": 1_767_225_600, "owned_by": "sandbox"}

    def _prefix(self, request: Request) -> str:
        kind = PROVIDERS[self._switches.provider]
        return kind.model_prefix.format(project=request.headers.get("openai-project", ""))

    def _without_prefix(self, request: Request, model: str) -> str:
        """The model's own name; one of another folder does not exist here."""
        prefix = self._prefix(request)
        return model.removeprefix(prefix).partition("/")[0] if model.startswith(prefix) else f"?{model}"

    def _known_model(self, name: str) -> None:
        if name not in self._models or name in self._switches.gone_models:
            raise ProviderError(
                404,
                f"The model `{name}` does not exist or you do not have access to it.",
                code="model_not_found",
                param="model",
            )

    def _authorize(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        kind = PROVIDERS[self._switches.provider]
        if scheme.lower() != "bearer" or not key or (kind.checks_key and key != self._api_key):
            raise ProviderError(401, "Incorrect API key provided.", code="invalid_api_key")
        if kind.model_prefix and not request.headers.get("openai-project"):
            raise ProviderError(400, "The folder is not specified.", param="OpenAI-Project")

    async def _guarded(self, request: Request, page: Callable[[int], Response]) -> Response:
        number = next(self._numbers)
        try:
            self._authorize(request)
            refused = await self._refused(self._aim.next_fault(request.url.path, aimed_only=True))
            return refused or page(number)
        except ProviderError as error:
            return self._error(error, number)

    def _error(self, error: ProviderError, number: int) -> Response:
        headers = {**error.headers, "x-request-id": f"req_{number:08d}"}
        if self._switches.should_retry != "none":
            headers["x-should-retry"] = self._switches.should_retry
        return JSONResponse({"error": error.error}, error.status, headers=headers)

    async def _complete(self, request: Request, api: Api) -> Response:
        number = next(self._numbers)
        try:
            self._authorize(request)
            body = body_object(await request.body())
            if self._switches.latency_s:
                await asyncio.sleep(self._switches.latency_s)
            fault = self._aim.next_fault(request.url.path, also=(str(body.get("model", "")),))
            if fault is None and self._switches.quota_spent:
                fault = "insufficient_quota"
            if refused := await self._refused(fault):
                return refused
            wanted = read_completion(body, api, self._switches)
            self._known_model(self._without_prefix(request, wanted.model))
            self._check_tier(wanted)
            refused_schema = fault == "schema_refused" or self._switches.schema_refused
            if refused_schema and wanted.schema is not None and wanted.tool is None:
                raise ProviderError(
                    400, "'response_format' of type 'json_schema' is not supported", param="response_format"
                )
            prompt_tokens = tokens(wanted.prompt)
            if prompt_tokens > MAX_INPUT_TOKENS:
                message = f"This model's maximum context length is {MAX_INPUT_TOKENS} tokens."
                raise ProviderError(400, message, code="context_length_exceeded", param="messages")
            made = self._body(wanted, fault, number)
        except ProviderError as error:
            return self._error(error, number)
        headers = {"x-request-id": f"req_{number:08d}", **limit_headers(self._switches.limit_headers)}
        response = JSONResponse(made, headers=headers)
        if fault == "reset_body":
            return TornResponse(response.body, headers=headers, media_type="application/json")
        if fault == "cut":
            half = bytes(response.body)[: len(response.body) // 2]
            return Response(half, headers=headers, media_type="application/json")
        return response

    def _check_tier(self, wanted: Completion) -> None:
        if wanted.service_tier == "flex" and self._switches.flex_unavailable:
            message = "Resource unavailable: there is no capacity for flex processing now."
            raise ProviderError(429, message, "requests", code="resource_unavailable")

    async def _refused(self, fault: Fault | None) -> Response | None:
        """The one place where faults act instead of an answer."""
        if fault is None and self._switches.region_refused:
            fault = "403_region"
        match fault:
            case "401":
                raise ProviderError(401, "Incorrect API key provided.", code="invalid_api_key")
            case "403_region":
                raise ProviderError(
                    403,
                    "Country, region, or territory not supported",
                    "request_forbidden",
                    code="unsupported_country_region_territory",
                )
            case "429" | "429_no_retry_after" | "429_ms":
                seconds = self._switches.retry_after_s
                waits = {"429": {"retry-after": str(seconds)}, "429_ms": {"retry-after-ms": str(seconds * 1000)}}
                wait = waits.get(fault)
                raise ProviderError(429, "Rate limit reached.", "requests", code="rate_limit_exceeded", headers=wait)
            case "insufficient_quota":
                message = "You exceeded your current quota, please check your plan and billing details."
                raise ProviderError(429, message, "insufficient_quota", code="insufficient_quota")
            case "500":
                raise ProviderError(500, "The server had an error while processing your request.", "server_error")
            case "503":
                raise ProviderError(503, "The engine is currently overloaded, please try again later.", "server_error")
            case "502_html":
                return HTMLResponse("<html><body><h1>502 Bad Gateway</h1></body></html>", 502)
            case "html_in_200":
                return HTMLResponse("<html><body>Sign in to the network</body></html>")
            case "error_in_200":
                return JSONResponse({"error": {"message": "Upstream failed", "code": 502}})
            case "disconnect":
                return DroppedResponse()
            case "reset":
                return ClosedConnection()
            case "silent":
                return Silence(self._switches.silent_s)
            case "slow":
                await asyncio.sleep(self._switches.slow_s)
            case _:
                pass
        return None

    def _body(self, wanted: Completion, fault: Fault | None, number: int) -> dict[str, object]:
        text = self._text(wanted, number)
        if wanted.schema is not None and (wrong := problems(json.loads(text), wanted.schema, wanted.schema)):
            raise ProviderError(500, f"The model's answer does not fit the schema: {wrong[0]}", "server_error")
        follows = wanted.enforced or wanted.tool is not None
        ignored = (self._switches.schema_ignored or not follows) and wanted.schema is not None and fault is None
        text, finish, refusal = spoiled(text, "schema_ignored" if ignored else fault)
        if wanted.max_tokens is not None and tokens(text) > wanted.max_tokens:
            text, finish = cut(text, wanted.max_tokens), "length"
        usage = self._usage(wanted, tokens(text), fault)
        created = int(self._clock.now().timestamp())
        shape = chat_body if wanted.api == "chat" else responses_body
        body = shape(wanted, number, created, text, finish, refusal)
        if usage is not None:
            body["usage"] = usage
        if self._switches.tier_served is not None:
            body["service_tier"] = self._switches.tier_served
        return body

    def _text(self, wanted: Completion, number: int) -> str:
        if (analysed := analysis(wanted, self._switches, number)) is not None:
            text, lies = analysed
            self.lies += lies
            return text
        if (narrated := narration(wanted, lies_share=self._switches.lies_share)) is not None:
            return narrated
        text = answer(wanted.subject, wanted.schema)
        if wanted.wants_json and wanted.schema is None:
            return json.dumps({"sentence": text}, ensure_ascii=False)
        return text

    def _usage(self, wanted: Completion, answer_tokens: int, fault: Fault | None) -> dict[str, object] | None:
        if fault == "usage_missing":
            return None
        asked = tokens(wanted.prompt)
        cached, written = self._cached(wanted.model, wanted.prompt, asked)
        first, second = ("prompt", "completion") if wanted.api == "chat" else ("input", "output")
        usage: dict[str, object] = {
            f"{first}_tokens": asked,
            f"{second}_tokens": answer_tokens,
            "total_tokens": asked + answer_tokens,
        }
        if fault != "details_missing":
            details = {"cached_tokens": cached}
            if self._switches.cache_writes_counted:
                details["cache_write_tokens"] = written
            usage[f"{first}_tokens_details"] = details
            usage[f"{second}_tokens_details"] = {"reasoning_tokens": 0}
        return usage

    def _cached(self, model: str, prompt: str, asked: int) -> tuple[int, int]:
        """Tokens of the prompt's beginning that were read from the cache, and those that were written to it."""
        if asked < CACHED_PREFIX_TOKENS:
            return 0, 0
        prefix = prompt.encode()[: CACHED_PREFIX_TOKENS * BYTES_PER_TOKEN]
        key = hashlib.sha256(model.encode() + b"\0" + prefix).hexdigest()
        if key in self._prefixes:
            return CACHED_PREFIX_TOKENS, 0
        self._prefixes.add(key)
        return 0, CACHED_PREFIX_TOKENS


def openai_app(
    *,
    clock: Clock,
    api_key: str,
    models: Sequence[str] = DEFAULT_MODELS,
    switches: OpenaiSwitches | None = None,
) -> Starlette:
    """The API under `/v1`.

    `app.state` holds `switches`, `log`, whose entries keep the request bodies, and `lies`: the mistakes that were put
    into analyses of dialogs, by the number of the request (that of its `x-request-id`).
    """
    active = switches or OpenaiSwitches()
    provider = Provider(clock=clock, api_key=api_key, models=models, switches=active)
    journal = RequestJournal()
    app = Starlette(
        routes=[
            Route("/v1/models", provider.list_models),
            Route("/v1/models/{name:path}", provider.one_model),
            Route("/v1/chat/completions", provider.chat, methods=["POST"]),
            Route("/v1/responses", provider.responses, methods=["POST"]),
            Route("/{path:path}", provider.unknown, methods=["GET", "POST", "DELETE"]),
        ],
        middleware=[Middleware(JournalMiddleware, journal=journal, keep_bodies=True)],
    )
    app.state.switches = active
    app.state.log = journal
    app.state.lies = provider.lies
    return app
