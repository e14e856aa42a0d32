"""The ladder of structured output: the ways of asking for JSON, best first, and reading what each brings back.

The connection check finds the highest one that a model really obeys; loads begin there (docs/vendors.md, «AI»).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import orjson

from synkro_resources.http.jsonvalues import JsonObject
from synkro_resources.late_module import LateModule

if TYPE_CHECKING:
    import openai
    from openai.types.chat import ChatCompletion
else:
    openai = LateModule("openai")

PROBED_FOR = timedelta(days=7)
"""How long a found way of asking is believed."""


class Rung(StrEnum):
    """One way of asking; the value is what people read in the connection check."""

    SCHEMA = "json_schema"
    BARE = "json_schema, bare"
    FLAT = "json_schema, flat"
    TOOL = "tool call"
    OBJECT = "json_object"
    TEXT = "text"

    @property
    def number(self) -> int:
        return LADDER.index(self) + 1

    @property
    def tells_schema(self) -> bool:
        """Whether the request carries the schema, so that the prompt need not."""
        return self in (Rung.SCHEMA, Rung.BARE, Rung.FLAT, Rung.TOOL)


LADDER = tuple(Rung)


def format_fields(rung: Rung, name: str, schema: JsonObject) -> dict[str, object]:
    """What this way of asking adds to a request."""
    match rung:
        case Rung.SCHEMA:
            wrapped = {"name": name, "strict": True, "schema": schema}
            return {"response_format": {"type": "json_schema", "json_schema": wrapped}}
        case Rung.BARE:
            return {"response_format": {"type": "json_schema", "json_schema": schema}}
        case Rung.FLAT:
            return {"response_format": {"type": "json_schema", "schema": schema, "strict": True}}
        case Rung.TOOL:
            tool = {"type": "function", "function": {"name": name, "parameters": schema}}
            return {"tools": [tool], "tool_choice": {"type": "function", "function": {"name": name}}}
        case Rung.OBJECT:
            return {"response_format": {"type": "json_object"}}
        case Rung.TEXT:
            return {}


def schema_in_words(schema: JsonObject, example: Mapping[str, object] | None = None) -> str:
    """What the prompt says where the request cannot carry the schema."""
    words = f"Answer with one JSON object and nothing else, by this JSON schema:\n{orjson.dumps(schema).decode()}"
    return words if example is None else f"{words}\nFor example: {orjson.dumps(example).decode()}"


def answer_text(answer: ChatCompletion) -> str:
    """The first choice's text, or the arguments of its forced tool call; empty where a gateway sent no choices."""
    choices = answer.choices or []
    if not choices:
        return ""
    message = choices[0].message
    for call in message.tool_calls or []:
        if call.type == "function":
            return call.function.arguments
    return message.content or ""


def is_about_format(failure: openai.APIStatusError) -> bool:
    """A refusal of the format sends one rung down; providers name it in the parameter or in the message."""
    if failure.status_code == 422:
        return True
    about = f"{failure.message} {getattr(failure, 'param', '') or ''} {failure.code or ''}".lower()
    return any(word in about for word in ("response_format", "json_schema", "json_object", "schema", "tool"))


def remembered(rung: Rung | None, model: str, probed_on: date) -> str:
    """What a probe's finding keeps: the way of asking that held, the model, and the day (UTC) of the probe."""
    return "" if rung is None else f"{rung}|{model}|{probed_on}"


def first_rung(kept: str, model: str) -> Rung:
    """Where loads begin: where the probe ended for this very model, else on top."""
    name, _, rest = kept.partition("|")
    return next((rung for rung in LADDER if rung == name and rest.rpartition("|")[0] == model), Rung.SCHEMA)


def is_probe_due(kept: str, model: str, today: date) -> bool:
    """Whether the model was never probed, or a week ago: providers change what they obey without a word."""
    name, _, rest = kept.partition("|")
    of_model, _, probed_on = rest.rpartition("|")
    if not name or of_model != model:
        return True
    return today - date.fromisoformat(probed_on) >= PROBED_FOR
