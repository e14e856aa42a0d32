"""Strict schemas: what a provider refuses, and whether the invented model's values fit."""

from __future__ import annotations

from typing import Any

import pytest

from synkro_resources.sandbox.openai.model import fill, sentence_about
from synkro_resources.sandbox.openai.schema import SchemaRefused, check_strict_schema, problems


def closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "array", "items": TEXT}, 'type: "object"\''),
        ({"anyOf": [closed(a=TEXT)]}, 'type: "object"\''),
        ({**closed(a=TEXT), "additionalProperties": True}, "'additionalProperties' is required"),
        ({**closed(a=TEXT), "required": []}, "Missing 'a'"),
        ({**closed(a=TEXT), "required": ["a", "b"]}, "Extra required key 'b'"),
        (closed(a={"type": "string", "default": "x"}), "'default' is not permitted"),
        (closed(a={"type": "object", "additionalProperties": TEXT}), "'additionalProperties' is required"),
        (closed(a={}), "must have a 'type' key"),
        (closed(a={"type": "array"}), "array schema missing items"),
        (closed(a={"$ref": "#/$defs/nope"}), "can't be resolved"),
        ({**closed(a={"$ref": "#"})}, "recursive"),
        (closed(a=closed(b=closed(c=closed(d=closed(e=TEXT))))), "exceeds 4 levels"),
        (closed(**{f"p{number}": TEXT for number in range(81)}), "more than 80 properties"),
        (closed(a={"type": "string", "enum": [str(number) for number in range(201)]}), "more than 200 enum values"),
    ],
)
def test_schemas_that_some_provider_would_refuse_are_refused_here(schema: dict[str, Any], reason: str) -> None:
    with pytest.raises(SchemaRefused, match=reason.replace("(", "\\(")):
        check_strict_schema(schema)


def test_number_limits_are_refused_only_on_demand() -> None:
    schema = closed(a={"type": "integer", "minimum": 1})
    check_strict_schema(schema)
    with pytest.raises(SchemaRefused, match="'minimum' is not permitted"):
        check_strict_schema(schema, limits_refused=True)


def test_values_that_do_not_fit_are_named() -> None:
    schema = closed(mood={"type": "string", "enum": ["good", "bad"]}, points={"type": "array", "items": TEXT})
    assert problems({"mood": "good", "points": ["x"]}, schema, schema) == []
    assert problems({"mood": "so-so", "points": [1], "more": 1}, schema, schema) == [
        "$: unexpected more",
        "$.mood: not one of the enum values",
        "$.points[0]: not of type string",
    ]
    assert problems({"mood": "bad"}, schema, schema) == ["$: missing points"]


def test_the_filled_value_fits_every_kind_of_schema() -> None:
    schema = closed(
        sentence=TEXT,
        mood={"type": "string", "enum": ["good", "bad"]},
        maybe={"type": ["string", "null"]},
        either={"anyOf": [{"type": "integer"}, {"type": "null"}]},
        score={"type": "number"},
        yes={"type": "boolean"},
        items={"type": "array", "items": {"$ref": "#/$defs/item"}},
        kind={"const": "day"},
    ) | {"$defs": {"item": closed(title=TEXT, count={"type": "integer"})}}
    check_strict_schema(schema)
    value = fill(schema, schema, "новые диалоги, диалоги и сделки")
    assert problems(value, schema, schema) == []
    assert isinstance(value, dict)
    assert value["mood"] == "good"


def test_the_sentence_is_about_the_prompt_and_holds_neither_digits_nor_names() -> None:
    prompt = "Новых диалогов 12, без ответа 3 диалога; сделки: 5. Менеджер Анна Петрова. Сделки растут, сделки важны."
    sentence = sentence_about(prompt)
    assert "сделки" in sentence
    assert not any(char.isdigit() for char in sentence)
    assert "Петрова" not in sentence.title()
    assert sentence == sentence_about(prompt)
    assert sentence_about("Only English here") == "День прошёл спокойно, заметных отклонений нет."
