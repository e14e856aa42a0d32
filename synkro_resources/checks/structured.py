"""The ladder of structured output: which way of asking for JSON a provider's model really obeys."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import openai
import orjson
from openai.types.chat import ChatCompletion

from synkro_resources.http.jsonvalues import JsonObject, as_object

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

JsonFormat = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Rung:
    """One way of asking; `tries`: answers that may miss the shape before the next rung's turn comes."""

    name: str
    response_format: JsonFormat | None
    system: str
    tries: int = 1


RUNGS: Sequence[Rung] = (
    Rung(
        "json_schema",
        {"type": "json_schema", "json_schema": {"name": "probe", "strict": True, "schema": PROBE_SCHEMA}},
        BY_SCHEMA,
        tries=2,
    ),
    Rung("json_schema, bare", {"type": "json_schema", "json_schema": PROBE_SCHEMA}, BY_SCHEMA),
    Rung("json_schema, flat", {"type": "json_schema", "schema": PROBE_SCHEMA, "strict": True}, BY_SCHEMA),
    Rung("json_object", {"type": "json_object"}, BY_TEXT),
    Rung("text", None, BY_TEXT),
)


@dataclass(slots=True)
class Climb:
    """What the way down found: the rung that held, rungs that were refused or not obeyed, usage and time of a call;
    `unfinished` if the time was over first."""

    held: Rung | None = None
    refused: list[str] = field(default_factory=list[str])
    ignored: list[str] = field(default_factory=list[str])
    tokens_in: int | None = None
    tokens_out: int | None = None
    latency_ms: int = 0
    unfinished: bool = False


Complete = Callable[[Rung], ChatCompletion]


def climb_down(complete: Complete, may_go_on: Callable[[], bool]) -> Climb:
    """Ask by each rung until one holds.

    Raises:
        openai.OpenAIError: anything but a refusal of the format, which no other rung would cure.
    """
    climb = Climb()
    for rung in RUNGS:
        for _ in range(rung.tries):
            if not may_go_on():
                climb.unfinished = True
                return climb
            started = time.monotonic()
            try:
                answer = complete(rung)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as failure:
                if not _is_about_format(failure):
                    raise
                climb.refused.append(rung.name)
                break
            climb.latency_ms = round((time.monotonic() - started) * 1000)
            if answer.usage is not None:
                climb.tokens_in, climb.tokens_out = answer.usage.prompt_tokens, answer.usage.completion_tokens
            if fits(_text(answer), fenced=rung.response_format is None):
                climb.held = rung
                return climb
        else:
            climb.ignored.append(rung.name)
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


def _text(answer: ChatCompletion) -> str:
    """The first choice's text. Some gateways answer 200 without choices, which the library's types do not know."""
    choices = answer.choices or []
    return (choices[0].message.content or "") if choices else ""


def _is_about_format(failure: openai.APIStatusError) -> bool:
    """A refusal of the format sends one rung down; providers name it in the parameter or in the message."""
    if failure.status_code == 422:
        return True
    about = f"{failure.message} {getattr(failure, 'param', '') or ''} {failure.code or ''}".lower()
    return any(word in about for word in ("response_format", "json_schema", "json_object", "schema"))
