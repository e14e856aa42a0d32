"""Climbing down the ladder of structured output: which way of asking for JSON a provider's model really obeys."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import orjson

from synkro_resources.ai.client import no_model
from synkro_resources.ai.endpoint import Endpoint
from synkro_resources.ai.rungs import LADDER, Rung, answer_text, format_fields, is_about_format
from synkro_resources.http.guarded import guarded_ai_client
from synkro_resources.http.jsonvalues import JsonObject, as_object
from synkro_resources.late_module import LateModule

if TYPE_CHECKING:
    import openai.types.chat
    from openai.types.chat import ChatCompletion
else:
    openai = LateModule("openai")

PROBE_SCHEMA: JsonObject = {
    "type": "object",
    "properties": {
        "mood": {"type": "string", "enum": ["good", "bad"]},
        "count": {"type": "integer"},
        "note": {"type": ["string", "null"]},
    },
    "required": ["mood", "count", "note"],
    "additionalProperties": False,
}
ASKED = "The mood is good, the count is three, there is no note."
BY_SCHEMA = "Report what you are told."
"""Does not tell the shape: a provider that drops the schema in silence must not guess it."""

BY_TEXT = (
    'Answer with one JSON object and nothing else: {"mood": "good" or "bad", "count": a whole number, '
    '"note": a text or null}.'
)
MAX_OUTPUT_TOKENS = 400
"""As loads ask for: a model that spends it all on thinking would do so there, too."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One way of asking; `tries`: answers that may miss the shape before the next way's turn comes."""

    rung: Rung
    system: str
    tries: int = 1

    @property
    def fields(self) -> dict[str, object]:
        return format_fields(self.rung, "probe", PROBE_SCHEMA)


PROBES: Sequence[Probe] = (
    Probe(Rung.SCHEMA, BY_SCHEMA, tries=2),
    Probe(Rung.BARE, BY_SCHEMA),
    Probe(Rung.FLAT, BY_SCHEMA),
    Probe(Rung.TOOL, BY_SCHEMA),
    Probe(Rung.OBJECT, BY_TEXT),
    Probe(Rung.TEXT, BY_TEXT),
)


@dataclass(slots=True)
class Climb:
    """What the way down found: the rung that held, those that were refused or not obeyed, usage and time of a call;
    `unfinished` if the time was over first."""

    held: Rung | None = None
    refused: list[str] = field(default_factory=list[str])
    ignored: list[str] = field(default_factory=list[str])
    tokens_in: int | None = None
    tokens_out: int | None = None
    latency_ms: int = 0
    unfinished: bool = False


Complete = Callable[[Probe], "ChatCompletion"]


def opened(endpoint: Endpoint) -> openai.OpenAI:
    """A client of the provider; nothing is sent yet."""
    return openai.OpenAI(
        base_url=endpoint.base_url,
        api_key=endpoint.key,
        project=endpoint.project,
        default_headers=endpoint.headers,
        max_retries=0,
        http_client=guarded_ai_client(inside=endpoint.inside),
    )


def probed(
    client: openai.OpenAI,
    endpoint: Endpoint,
    *,
    tenant: str,
    timeout: Callable[[], openai.Timeout],
    may_go_on: Callable[[], bool],
) -> Climb:
    """Which way of asking the endpoint's model obeys; at most seven small calls, in the best case one.

    Raises:
        IntegrationError: `ai.bad_answer`. openai.OpenAIError: anything but a refusal of the format.
    """

    def complete(probe: Probe) -> ChatCompletion:
        messages = [{"role": "system", "content": probe.system}, {"role": "user", "content": ASKED}]
        limits = endpoint.profile.limits(MAX_OUTPUT_TOKENS)
        answer = client.post(
            "/chat/completions",
            cast_to=openai.types.chat.ChatCompletion,
            body={"model": endpoint.model, "messages": messages, **limits, **probe.fields},
            options={"timeout": timeout()},
        )
        # A page comes through as a text, in spite of the library's types.
        if not isinstance(cast("object", answer), openai.types.chat.ChatCompletion):
            raise no_model(tenant)
        return answer

    return climb_down(complete, may_go_on, endpoint.profile.ladder)


def climb_down(complete: Complete, may_go_on: Callable[[], bool], ladder: Sequence[Rung] = LADDER) -> Climb:
    """Ask by each rung of `ladder` until one holds.

    Raises:
        openai.OpenAIError: anything but a refusal of the format, which no other rung would cure.
    """
    climb = Climb()
    for probe in (probe for probe in PROBES if probe.rung in ladder):
        for _ in range(probe.tries):
            if not may_go_on():
                climb.unfinished = True
                return climb
            started = time.monotonic()
            try:
                answer = complete(probe)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as failure:
                if not is_about_format(failure):
                    raise
                climb.refused.append(probe.rung)
                break
            climb.latency_ms = round((time.monotonic() - started) * 1000)
            if answer.usage is not None:
                climb.tokens_in, climb.tokens_out = answer.usage.prompt_tokens, answer.usage.completion_tokens
            if fits(_obedient_text(answer, probe.rung), fenced=probe.rung is Rung.TEXT):
                climb.held = probe.rung
                return climb
        else:
            climb.ignored.append(probe.rung)
    return climb


def fits(text: str, *, fenced: bool) -> bool:
    """Whether the answer has the probe's shape; `fenced`: other text may stand around the object."""
    if fenced and "{" in text:
        text = text[text.find("{") : text.rfind("}") + 1]
    try:
        answer: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    found = as_object(answer)
    count = found.get("count")
    return (
        set(found) == {"mood", "count", "note"}
        and found["mood"] in ("good", "bad")
        and isinstance(count, int)
        and not isinstance(count, bool)
        and (found["note"] is None or isinstance(found["note"], str))
    )


def _obedient_text(answer: ChatCompletion, rung: Rung) -> str:
    """The answer, unless it came another way than asked: a tool that was not called is a tool that was ignored."""
    called = bool(answer.choices) and bool(answer.choices[0].message.tool_calls)
    return answer_text(answer) if called or rung is not Rung.TOOL else ""
