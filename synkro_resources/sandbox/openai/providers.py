"""In what the providers differ, as far as their documents say; what these leave open stays as at OpenAI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from synkro_resources.sandbox.openai.switches import ProviderKind

_CHAT_FIELDS = frozenset(
    {
        *("model", "messages", "response_format", "temperature", "top_p", "max_completion_tokens", "max_tokens"),
        *("seed", "stop", "n", "user", "store", "metadata", "reasoning_effort", "service_tier", "safety_identifier"),
        *("prompt_cache_key", "prompt_cache_options", "presence_penalty", "frequency_penalty", "stream"),
        *("tools", "tool_choice"),
    }
)
_OF_OPENAI = frozenset({"store", "service_tier", "safety_identifier", "prompt_cache_options", "max_completion_tokens"})
_COMMON = _CHAT_FIELDS - _OF_OPENAI
"""«Other providers know only `max_tokens`»."""


@dataclass(frozen=True, slots=True)
class Peculiarities:
    """`chat_fields`: all others answer 400. `dialects`: the wrappings in which a json_schema is read.

    `model_prefix`: with `{project}` for what the header `OpenAI-Project` names; without that header 400.
    `enforces_schema`: whether an answer follows a schema that was taken. `checks_key`: whether another key is refused.
    """

    chat_fields: frozenset[str] = _COMMON
    dialects: frozenset[str] = frozenset({"standard"})
    json_object: bool = True
    model_prefix: str = ""
    enforces_schema: bool = True
    checks_key: bool = True


PROVIDERS: Mapping[ProviderKind, Peculiarities] = {
    "openai": Peculiarities(_CHAT_FIELDS),
    # Its chat endpoint documents four settings; the schema stands bare in its own example.
    "yandex": Peculiarities(
        frozenset({"model", "messages", "temperature", "max_tokens", "stream", "response_format"}),
        frozenset({"bare"}),
        model_prefix="gpt://{project}/",
    ),
    # It takes and ignores seed, service_tier, prompt_cache_… and n; there is no JSON mode without a schema.
    "gigachat": Peculiarities(
        _COMMON | {"service_tier", "prompt_cache_options"}, frozenset({"standard", "flat"}), json_object=False
    ),
    "openrouter": Peculiarities(_COMMON | {"provider", "plugins"}),
    "vllm": Peculiarities(_COMMON | {"structured_outputs"}, checks_key=False),
    "ollama": Peculiarities(checks_key=False),
    "ollama_cloud": Peculiarities(enforces_schema=False),
}
