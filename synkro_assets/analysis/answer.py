"""The shape of an answer: its JSON schema for providers, and reading it back without trusting that they obeyed."""

from __future__ import annotations

from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from synkro_assets.analysis.vocabulary import NO_VALUE, RULES, Applicability, FindingType

JsonObject = dict[str, Any]

MAX_REFS = 5
CODES = tuple(dict.fromkeys(code for rule in RULES.values() for code in rule.codes))
VALUES = (*dict.fromkeys(value for rule in RULES.values() for value in rule.values), NO_VALUE)


class RawFinding(BaseModel):
    """One finding as the model gave it; what it claims is checked elsewhere."""

    model_config = ConfigDict(extra="ignore", strict=True)

    type: str
    code: str
    refs: list[str]
    quote: str | None
    detail: str | None
    applicability: Literal["applicable", "not_applicable", "undetermined"]
    value: str


class EpisodeAnswer(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    findings: list[RawFinding]
    instruction_like: list[str]


def answer_schema() -> JsonObject:
    """The common denominator of providers: all required, nullable instead of optional, no limits."""
    nullable_text = {"type": ["string", "null"]}
    finding: JsonObject = {
        "type": "object",
        "properties": {
            "type": {"type": "string", "enum": [kind.value for kind in FindingType]},
            "code": {"type": "string", "enum": list(CODES)},
            "refs": {"type": "array", "items": {"type": "string"}},
            "quote": nullable_text,
            "detail": nullable_text,
            "applicability": {"type": "string", "enum": [item.value for item in Applicability]},
            "value": {"type": "string", "enum": list(VALUES)},
        },
        "required": ["type", "code", "refs", "quote", "detail", "applicability", "value"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {
            "findings": {"type": "array", "items": finding},
            "instruction_like": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["findings", "instruction_like"],
        "additionalProperties": False,
    }


def read_answer(text: str) -> EpisodeAnswer | None:
    """The first balanced object of the text, fences and prose aside; None where none fits the shape."""
    found = first_object(text)
    if found is None:
        return None
    try:
        return EpisodeAnswer.model_validate(found)
    except ValidationError:
        return None


def first_object(text: str) -> JsonObject | None:
    """The first balanced JSON object; braces inside strings do not count."""
    start = text.find("{")
    depth, in_string = 0, False
    for index in range(start, len(text)) if start >= 0 else ():
        character = text[index]
        if character == '"' and not (in_string and _is_escaped(text, index)):
            in_string = not in_string
        elif not in_string and character in "{}":
            depth += 1 if character == "{" else -1
            if depth == 0:
                return _parsed(text[start : index + 1])
    return None


def _is_escaped(text: str, at: int) -> bool:
    """Whether an odd number of backslashes stands before the character."""
    slashes = 0
    while at - slashes > 0 and text[at - slashes - 1] == "\\":
        slashes += 1
    return slashes % 2 == 1


def _parsed(text: str) -> JsonObject | None:
    try:
        parsed: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return parsed if isinstance(parsed, dict) else None
