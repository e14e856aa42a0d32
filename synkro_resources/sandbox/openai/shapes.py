"""The answers of both APIs in the provider's shape, and the ways in which an answer is spoilt."""

from __future__ import annotations

import json
from typing import Literal

from synkro_resources.sandbox.openai.model import BYTES_PER_TOKEN
from synkro_resources.sandbox.openai.switches import Fault
from synkro_resources.sandbox.openai.wire import Completion

_REFUSAL = "Не могу помочь с этим запросом."


def spoiled(text: str, fault: Fault | None) -> tuple[str, str, str | None]:
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
        case "not_json":
            return "Сегодня всё хорошо, подробности чуть позже.", "stop", None
        case "empty_content":
            return "", "stop", None
        case "schema_ignored":
            return json.dumps({"answer": "Сегодня всё хорошо"}, ensure_ascii=False), "stop", None
        case _:
            return text, "stop", None


def cut(text: str, max_tokens: int) -> str:
    return text.encode()[: max_tokens * BYTES_PER_TOKEN].decode("utf-8", "ignore")


def chat_body(
    wanted: Completion, number: int, created: int, text: str, finish: str, refusal: str | None
) -> dict[str, object]:
    message: dict[str, object] = {"role": "assistant", "content": None if refusal else text, "refusal": refusal}
    if wanted.tool is not None and refusal is None:
        function = {"name": wanted.tool, "arguments": text}
        message |= {
            "content": None,
            "tool_calls": [{"id": f"call_{number:08d}", "type": "function", "function": function}],
        }
        finish = "tool_calls" if finish == "stop" else finish
    return {
        "id": f"chatcmpl-sandbox{number:08d}",
        "object": "chat.completion",
        "created": created,
        "model": wanted.model,
        "service_tier": wanted.service_tier,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
    }


def responses_body(
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


def limit_headers(kind: Literal["usual", "minus", "none"]) -> dict[str, str]:
    """What is left of the minute; advisory, and at some servers nonsense."""
    if kind == "none":
        return {}
    usual = ("500", "499", "120ms", "200000", "199000", "6m0s")
    values = usual if kind == "usual" else ("-1", "-1", "0", "-1", "-1", "0")
    names = [f"x-ratelimit-{what}-{of}" for of in ("requests", "tokens") for what in ("limit", "remaining", "reset")]
    return dict(zip(names, values, strict=True))
