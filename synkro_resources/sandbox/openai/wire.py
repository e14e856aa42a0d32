"""Requests and answers in the provider's shape: what is read from a body, and the error objects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from synkro_resources.sandbox.openai.providers import PROVIDERS
from synkro_resources.sandbox.openai.schema import Schema, SchemaRefused, check_strict_schema
from synkro_resources.sandbox.openai.switches import OpenaiSwitches

Api = Literal["chat", "responses"]

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
    say. `wants_json` without a schema is the JSON mode. `tool`: the function that must be called, with the schema as
    its parameters. `enforced`: whether the provider makes the answer follow the schema.
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
    tool: str | None = None
    enforced: bool = True


def read_completion(body: Mapping[str, object], api: Api, switches: OpenaiSwitches) -> Completion:
    """Check a request body as the provider does.

    Raises:
        ProviderError: 400 with the field that is wrong.
    """
    kind = PROVIDERS[switches.provider]
    allowed = kind.chat_fields if api == "chat" else _RESPONSES_FIELDS
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
    enforced = kind.enforces_schema
    if switches.upstream_without_schema and _mapping(body.get("provider")).get("require_parameters") is not True:
        enforced = False
    tool, parameters = _tool(body)
    tier = body.get("service_tier")
    return Completion(
        api=api,
        model=model,
        prompt=prompt,
        subject="\n".join(text for role, text in messages if role == "user") or prompt,
        instructions="\n".join(text for role, text in messages if role != "user"),
        schema=parameters or schema,
        wants_json=wants_json,
        max_tokens=cap,
        service_tier=tier if isinstance(tier, str) and tier != "auto" else "default",
        tool=tool,
        enforced=enforced,
    )


def _tool(body: Mapping[str, object]) -> tuple[str | None, Schema | None]:
    """The forced function's name and parameters; a tool that the model may leave alone is left alone."""
    name = _mapping(_mapping(body.get("tool_choice")).get("function")).get("name")
    tools = cast("list[object]", body.get("tools")) if isinstance(body.get("tools"), list) else []
    offered = (_mapping(_mapping(tool).get("function")) for tool in tools)
    chosen = next((function for function in offered if name is not None and function.get("name") == name), None)
    if chosen is None:
        if name is not None:
            raise ProviderError(400, f"Tool choice '{name}' is not among the tools.", param="tool_choice")
        return None, None
    return str(name), _mapping(chosen.get("parameters"))


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
            if switches.json_object_refused or not PROVIDERS[switches.provider].json_object:
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
    taken = {switches.dialect} if switches.dialect != "standard" else PROVIDERS[switches.provider].dialects
    dialect = "flat" if api == "responses" else _dialect(wanted)
    if dialect not in taken and api == "chat":
        expected = {"bare": "a JSON schema itself", "flat": "beside it, in 'schema'", "standard": "in 'schema'"}
        words = " or ".join(expected[name] for name in sorted(taken))
        raise ProviderError(400, f"json_schema must be {words}", param=param)
    if dialect == "bare":
        schema, strict, name = wanted.get("json_schema"), True, "bare"
    else:
        holder = wanted if dialect == "flat" else _mapping(wanted.get("json_schema"))
        schema, strict = holder.get("schema"), holder.get("strict") is True
        name = holder.get("name") or ("flat" if dialect == "flat" and api == "chat" else None)
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


def _dialect(wanted: Mapping[str, object]) -> Literal["standard", "bare", "flat"]:
    """How the request wraps its schema."""
    if "json_schema" not in wanted:
        return "flat"
    inner = _mapping(wanted.get("json_schema"))
    return "bare" if "schema" not in inner and "properties" in inner else "standard"


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
