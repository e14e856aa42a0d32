"""Requests and answers in the provider's shape: what is read from a body, and the error objects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from synkro_resources.sandbox.openai.schema import Schema, SchemaRefused, check_strict_schema
from synkro_resources.sandbox.openai.switches import OpenaiSwitches

Api = Literal["chat", "responses"]

_CHAT_FIELDS = frozenset(
    {
        *("model", "messages", "response_format", "temperature", "top_p", "max_tokens", "max_completion_tokens"),
        *("seed", "stop", "n", "user", "store", "metadata", "reasoning_effort", "service_tier", "safety_identifier"),
        *("prompt_cache_key", "prompt_cache_options", "presence_penalty", "frequency_penalty", "stream"),
    }
)
_RESPONSES_FIELDS = frozenset(
    {
        *("model", "input", "instructions", "text", "temperature", "top_p", "max_output_tokens", "store"),
        *("metadata", "reasoning", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_options"),
        *("truncation", "user", "stream"),
    }
)

MAX_INPUT_TOKENS = 128_000
"""Longer requests answer 400 `context_length_exceeded`."""


class ProviderError(Exception):
    """An error answer: HTTP status and the `error` object."""

    def __init__(
        self,
        status: int,
        message: str,
        kind: str = "invalid_request_error",
        *,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.error: dict[str, object] = {"message": message, "type": kind, "param": param, "code": code}


@dataclass(frozen=True, slots=True)
class Completion:
    """What one request asks for, the same for both APIs.

    `prompt` is all text of the request, `subject` only what the user role says, `instructions` what the other roles
    say. `wants_json` without a schema is the JSON mode.
    """

    api: Api
    model: str
    prompt: str
    subject: str
    instructions: str
    schema: Schema | None
    wants_json: bool
    max_tokens: int | None
    service_tier: str


def read_completion(body: Mapping[str, object], api: Api, switches: OpenaiSwitches) -> Completion:
    """Check a request body as the provider does.

    Raises:
        ProviderError: 400 with the field that is wrong.
    """
    allowed = _CHAT_FIELDS if api == "chat" else _RESPONSES_FIELDS
    if unknown := sorted(set(body) - allowed):
        raise ProviderError(400, f"Unknown parameter: '{unknown[0]}'.", code="unknown_parameter", param=unknown[0])
    if body.get("stream"):
        raise ProviderError(400, "Streaming is not offered by this server.", code="unsupported_value", param="stream")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise ProviderError(400, "you must provide a model parameter")
    messages = _messages(body, api)
    prompt = "\n".join(text for _, text in messages)
    cap_name = "max_output_tokens" if api == "responses" else "max_completion_tokens"
    cap = body.get(cap_name, body.get("max_tokens"))
    if cap is not None and (not isinstance(cap, int) or cap < 1):
        raise ProviderError(400, f"Invalid '{cap_name}': integer above 0 expected.", param=cap_name)
    schema, wants_json = _format(body, api, prompt, switches)
    tier = body.get("service_tier")
    return Completion(
        api=api,
        model=model,
        prompt=prompt,
        subject="\n".join(text for role, text in messages if role == "user") or prompt,
        instructions="\n".join(text for role, text in messages if role != "user"),
        schema=schema,
        wants_json=wants_json,
        max_tokens=cap,
        service_tier=tier if isinstance(tier, str) and tier != "auto" else "default",
    )


def _messages(body: Mapping[str, object], api: Api) -> list[tuple[str, str]]:
    """Role and text of every message, instructions first."""
    field = "messages" if api == "chat" else "input"
    given = body.get(field)
    if api == "responses" and isinstance(given, str):
        found = [("user", given)]
    elif isinstance(given, list) and given:
        found = [_message(item, field) for item in cast("list[object]", given)]
    else:
        raise ProviderError(400, f"Missing required parameter: '{field}'.", param=field)
    if isinstance(instructions := body.get("instructions"), str):
        found.insert(0, ("system", instructions))
    return found


def _message(item: object, field: str) -> tuple[str, str]:
    message = _mapping(item)
    role = message.get("role")
    if role not in ("system", "developer", "user", "assistant"):
        raise ProviderError(400, f"Invalid value for '{field}[].role'.", param=field)
    content = message.get("content")
    if isinstance(content, str):
        return str(role), content
    pieces = cast("list[object]", content) if isinstance(content, list) else []
    return str(role), "\n".join(str(_mapping(piece).get("text", "")) for piece in pieces)


def _format(body: Mapping[str, object], api: Api, prompt: str, switches: OpenaiSwitches) -> tuple[Schema | None, bool]:
    param = "response_format" if api == "chat" else "text.format"
    holder = body.get("response_format") if api == "chat" else _mapping(body.get("text")).get("format")
    wanted = _mapping(holder)
    match wanted.get("type", "text"):
        case "text":
            return None, False
        case "json_object":
            if switches.json_object_refused:
                raise ProviderError(400, f"'{param}' of type 'json_object' is not supported", param=param)
            if "json" not in prompt.lower():
                raise ProviderError(
                    400,
                    f"'messages' must contain the word 'json' in some form, to use '{param}' of type 'json_object'.",
                    param=param,
                )
            return None, True
        case "json_schema":
            return _schema(wanted, api, param, switches)
        case other:
            raise ProviderError(400, f"Invalid value: '{other}'.", param=f"{param}.type")


def _schema(wanted: Mapping[str, object], api: Api, param: str, switches: OpenaiSwitches) -> tuple[Schema, bool]:
    if switches.dialect == "bare" and api == "chat":
        schema, strict, name = wanted.get("json_schema"), True, "bare"
        if "schema" in _mapping(schema):
            raise ProviderError(400, "json_schema must be a JSON schema itself", param=param)
    else:
        flat = api == "responses" or switches.dialect == "flat"
        holder = wanted if flat else _mapping(wanted.get("json_schema"))
        schema, strict = holder.get("schema"), holder.get("strict") is True
        name = holder.get("name") or ("flat" if switches.dialect == "flat" else None)
        if not isinstance(name, str):
            raise ProviderError(400, f"Missing required parameter: '{param}.name'.", param=param)
    if not isinstance(schema, dict):
        raise ProviderError(400, f"Missing required parameter: '{param}.schema'.", param=param)
    try:
        if strict:
            check_strict_schema(cast("object", schema), limits_refused=switches.limits_refused)
    except SchemaRefused as reason:
        message = f"Invalid schema for {param} '{name}': {reason}."
        raise ProviderError(400, message, code="invalid_json_schema", param=param) from reason
    return cast("Schema", schema), True


def body_object(raw: bytes) -> Mapping[str, object]:
    """The JSON object of a request body.

    Raises:
        ProviderError: 400.
    """
    try:
        value: object = json.loads(raw)
    except ValueError as error:
        raise ProviderError(400, "We could not parse the JSON body of your request.") from error
    if not isinstance(value, dict):
        raise ProviderError(400, "We could not parse the JSON body of your request.")
    return cast("Mapping[str, object]", value)


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}
