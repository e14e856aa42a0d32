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
from synkro_resources.sandbox.journal import JournalMiddleware, RequestJournal
from synkro_resources.sandbox.openai.model import BYTES_PER_TOKEN, answer, tokens
from synkro_resources.sandbox.openai.schema import problems
from synkro_resources.sandbox.openai.switches import Fault, OpenaiSwitches
from synkro_resources.sandbox.openai.wire import (
    MAX_INPUT_TOKENS,
    Api,
    Completion,
    ProviderError,
    body_object,
    read_completion,
)
from synkro_resources.sandbox.switches import DroppedResponse

DEFAULT_MODELS = ("sandbox-mini", "sandbox-large")

CACHED_PREFIX_TOKENS = 1024
"""Prompt caching starts at this many tokens of equal prefix."""

_REFUSAL = "Не могу помочь с этим запросом."


class Provider:
    """One emulated provider."""

    def __init__(self, *, clock: Clock, api_key: str, models: Sequence[str], switches: OpenaiSwitches) -> None:
        self._clock = clock
        self._api_key = api_key
        self._models = tuple(models)
        self._switches = switches
        self._numbers = count(1)
        self._prefixes: set[str] = set()

    async def list_models(self, request: Request) -> Response:
        def page(_number: int) -> Response:
            data = [self._model(name) for name in self._models]
            return JSONResponse({"object": "list", "data": data})

        return self._guarded(request, page)

    async def one_model(self, request: Request) -> Response:
        def page(_number: int) -> Response:
            name = str(request.path_params["name"])
            self._known_model(name)
            return JSONResponse(self._model(name))

        return self._guarded(request, page)

    async def chat(self, request: Request) -> Response:
        return await self._complete(request, "chat")

    async def responses(self, request: Request) -> Response:
        return await self._complete(request, "responses")

    async def unknown(self, request: Request) -> Response:
        message = f"Invalid URL ({request.method} {request.url.path})"
        return self._error(ProviderError(404, message), next(self._numbers))

    def _model(self, name: str) -> dict[str, object]:
        return {"id": name, "object": "model", "created": 1_767_225_600, "owned_by": "sandbox"}

    def _known_model(self, name: str) -> None:
        if name not in self._models:
            raise ProviderError(
                404,
                f"The model `{name}` does not exist or you do not have access to it.",
                code="model_not_found",
                param="model",
            )

    def _authorize(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or key != self._api_key:
            raise ProviderError(401, "Incorrect API key provided.", code="invalid_api_key")

    def _guarded(self, request: Request, page: Callable[[int], Response]) -> Response:
        number = next(self._numbers)
        try:
            self._authorize(request)
            return page(number)
        except ProviderError as error:
            return self._error(error, number)

    @staticmethod
    def _error(error: ProviderError, number: int) -> Response:
        headers = {**error.headers, "x-request-id": f"req_{number:08d}"}
        return JSONResponse({"error": error.error}, error.status, headers=headers)

    async def _complete(self, request: Request, api: Api) -> Response:
        number = next(self._numbers)
        try:
            self._authorize(request)
            fault = self._switches.faults.pop(0) if self._switches.faults else self._switches.always
            if refused := await self._refused(fault):
                return refused
            wanted = read_completion(body_object(await request.body()), api, self._switches)
            self._known_model(wanted.model)
            if fault == "schema_refused" and wanted.schema is not None:
                raise ProviderError(
                    400, "'response_format' of type 'json_schema' is not supported", param="response_format"
                )
            prompt_tokens = tokens(wanted.prompt)
            if prompt_tokens > MAX_INPUT_TOKENS:
                message = f"This model's maximum context length is {MAX_INPUT_TOKENS} tokens."
                raise ProviderError(400, message, code="context_length_exceeded", param="messages")
            body = self._body(wanted, fault, number)
        except ProviderError as error:
            return self._error(error, number)
        return JSONResponse(body, headers={"x-request-id": f"req_{number:08d}", **_limits()})

    async def _refused(self, fault: Fault | None) -> Response | None:
        """The one place where faults act instead of an answer."""
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
            case "429" | "429_no_retry_after":
                wait = {"retry-after": str(self._switches.retry_after_s)} if fault == "429" else None
                raise ProviderError(429, "Rate limit reached.", "requests", code="rate_limit_exceeded", headers=wait)
            case "insufficient_quota":
                message = "You exceeded your current quota, please check your plan and billing details."
                raise ProviderError(429, message, "insufficient_quota", code="insufficient_quota")
            case "500":
                raise ProviderError(500, "The server had an error while processing your request.", "server_error")
            case "502_html":
                return HTMLResponse("<html><body><h1>502 Bad Gateway</h1></body></html>", 502)
            case "html_in_200":
                return HTMLResponse("<html><body>Sign in to the network</body></html>")
            case "error_in_200":
                return JSONResponse({"error": {"message": "Upstream failed", "code": 502}})
            case "disconnect":
                return DroppedResponse()
            case "slow":
                await asyncio.sleep(self._switches.slow_s)
            case _:
                pass
        return None

    def _body(self, wanted: Completion, fault: Fault | None, number: int) -> dict[str, object]:
        text = answer(wanted.subject, wanted.schema)
        if wanted.wants_json and wanted.schema is None:
            text = json.dumps({"sentence": text}, ensure_ascii=False)
        if wanted.schema is not None and (wrong := problems(json.loads(text), wanted.schema, wanted.schema)):
            raise ProviderError(500, f"The model's answer does not fit the schema: {wrong[0]}", "server_error")
        text, finish, refusal = _spoiled(text, fault)
        if wanted.max_tokens is not None and tokens(text) > wanted.max_tokens:
            text, finish = _cut(text, wanted.max_tokens), "length"
        usage = self._usage(wanted, tokens(text), fault)
        created = int(self._clock.now().timestamp())
        shape = _chat_body if wanted.api == "chat" else _responses_body
        body = shape(wanted, number, created, text, finish, refusal)
        if usage is not None:
            body["usage"] = usage
        return body

    def _usage(self, wanted: Completion, answer_tokens: int, fault: Fault | None) -> dict[str, object] | None:
        if fault == "usage_missing":
            return None
        asked = tokens(wanted.prompt)
        cached = self._cached(wanted.model, wanted.prompt, asked)
        first, second = ("prompt", "completion") if wanted.api == "chat" else ("input", "output")
        usage: dict[str, object] = {
            f"{first}_tokens": asked,
            f"{second}_tokens": answer_tokens,
            "total_tokens": asked + answer_tokens,
        }
        if fault != "details_missing":
            usage[f"{first}_tokens_details"] = {"cached_tokens": cached}
            usage[f"{second}_tokens_details"] = {"reasoning_tokens": 0}
        return usage

    def _cached(self, model: str, prompt: str, asked: int) -> int:
        if asked < CACHED_PREFIX_TOKENS:
            return 0
        prefix = prompt.encode()[: CACHED_PREFIX_TOKENS * BYTES_PER_TOKEN]
        key = hashlib.sha256(model.encode() + b"\0" + prefix).hexdigest()
        if key in self._prefixes:
            return CACHED_PREFIX_TOKENS
        self._prefixes.add(key)
        return 0


def _spoiled(text: str, fault: Fault | None) -> tuple[str, str, str | None]:
    """The one place where faults act on an answer: text, finish reason, refusal."""
    match fault:
        case "refusal":
            return "", "stop", _REFUSAL
        case "length":
            return text[: len(text) // 2], "length", None
        case "content_filter":
            return "", "content_filter", None
        case "unknown_finish":
            return text, "eos", None
        case "fenced":
            return f"```json\n{text}\n```", "stop", None
        case "prose":
            return f"Вот результат:\n{text}\nЕсли нужно, могу дополнить.", "stop", None
        case "schema_ignored":
            return json.dumps({"answer": "Сегодня всё хорошо"}, ensure_ascii=False), "stop", None
        case _:
            return text, "stop", None


def _cut(text: str, max_tokens: int) -> str:
    return text.encode()[: max_tokens * BYTES_PER_TOKEN].decode("utf-8", "ignore")


def _chat_body(
    wanted: Completion, number: int, created: int, text: str, finish: str, refusal: str | None
) -> dict[str, object]:
    message = {"role": "assistant", "content": None if refusal else text, "refusal": refusal}
    return {
        "id": f"chatcmpl-sandbox{number:08d}",
        "object": "chat.completion",
        "created": created,
        "model": wanted.model,
        "service_tier": wanted.service_tier,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
    }


def _responses_body(
    wanted: Completion, number: int, created: int, text: str, finish: str, refusal: str | None
) -> dict[str, object]:
    content: dict[str, object] = {"type": "output_text", "text": text, "annotations": []}
    if refusal:
        content = {"type": "refusal", "refusal": refusal}
    reasons = {"length": "max_output_tokens", "content_filter": "content_filter"}
    status = "incomplete" if finish in reasons else "completed"
    output = {
        "id": f"msg_sandbox{number:08d}",
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": [content],
    }
    return {
        "id": f"resp_sandbox{number:08d}",
        "object": "response",
        "created_at": created,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": reasons[finish]} if finish in reasons else None,
        "instructions": None,
        "metadata": {},
        "model": wanted.model,
        "output": [output],
        "parallel_tool_calls": True,
        "service_tier": wanted.service_tier,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
    }


def _limits() -> dict[str, str]:
    return {
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-remaining-requests": "499",
        "x-ratelimit-reset-requests": "120ms",
        "x-ratelimit-limit-tokens": "200000",
        "x-ratelimit-remaining-tokens": "199000",
        "x-ratelimit-reset-tokens": "300ms",
    }


def openai_app(
    *,
    clock: Clock,
    api_key: str,
    models: Sequence[str] = DEFAULT_MODELS,
    switches: OpenaiSwitches | None = None,
) -> Starlette:
    """The API under `/v1`; `app.state` holds `switches` and `log`, whose entries keep the request bodies."""
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
    return app
