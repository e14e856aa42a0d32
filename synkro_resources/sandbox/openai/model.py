"""The invented model: a few rules that read only the request, so that its answers can be predicted and repeated."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import cast

from synkro_resources.sandbox.openai.schema import Schema, resolve, types_of

BYTES_PER_TOKEN = 4
"""Rough size of a token; usage only has to be plausible and to grow with the text."""

_WORD = re.compile(r"(?<![\w-])[а-яё]{5,}(?![\w-])")
_FACT = re.compile(r"^- ([^\d\n]{3,80})$", re.MULTILINE)
"""A line of a list of facts that holds no number."""
_QUIET = "День прошёл спокойно, заметных отклонений нет."
_WORDS_IN_SENTENCE = 3
_STEM_LETTERS = 4  # «сделки» and «сделок» are one thing

# Endings of adjectives and verbs: a list of things reads better without them.
_NOT_A_THING = re.compile(
    r"(ый|ий|ой|ая|яя|ое|ее|ые|ие|ых|их|ого|его|ому|ему|ую|юю|ть|ет|ют|ит|ат|ят|ли|ла|ло|лся|лась)$"
)

# Instructions talk about the answer itself; a sentence made of such words would say nothing about the day.
_NOT_ABOUT_THE_DAY = frozenset(
    {
        *("ответь", "напиши", "верни", "формате", "строго", "предложение", "предложением", "одним", "одной"),
        *("которые", "который", "которая", "только", "также", "чтобы", "можно", "нужно", "русском", "языке"),
        *("цифры", "чисел", "числа", "короткое", "короткий", "краткий", "кратко", "сводка", "сводку"),
    }
)


def tokens(text: str) -> int:
    """Plausible number of tokens of `text`."""
    return max(1, len(text.encode()) // BYTES_PER_TOKEN)


def sentence_about(prompt: str) -> str:
    """One short sentence without digits: the listed facts in a row, in their language, else the most frequent words.

    Only lower-case words are taken, so that no name of a person gets into the sentence.
    """
    facts = [fact.strip() for fact in _FACT.findall(prompt)]
    if facts:
        is_russian = any(_WORD.search(fact) for fact in facts)
        return f"За день {_joined(facts)}." if is_russian else f"During the day {_joined(facts, 'and')}."
    counted = Counter(
        word for word in _WORD.findall(prompt) if word not in _NOT_ABOUT_THE_DAY and not _NOT_A_THING.search(word)
    )
    ordered = sorted(counted, key=lambda word: (-counted[word], prompt.index(word)))
    stems = {word[:_STEM_LETTERS]: word for word in reversed(ordered)}
    chosen = [word for word in ordered if stems[word[:_STEM_LETTERS]] == word][:_WORDS_IN_SENTENCE]
    if not chosen:
        return _QUIET
    return f"Главное за день: {_joined(chosen)}."


def _joined(items: list[str], last: str = "и") -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"


def fill(schema: Schema, root: Schema, prompt: str) -> object:
    """A value that fits `schema`: first enum values, one item per list, text from the prompt where text is asked."""
    schema = resolve(schema, root)
    if "const" in schema:
        return schema["const"]
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return cast("list[object]", schema["enum"])[0]
    if isinstance(schema.get("anyOf"), list):
        return fill(cast("list[Schema]", schema["anyOf"])[0], root, prompt)
    match next(iter(types_of(schema)), "string"):
        case "object":
            properties = cast("Mapping[str, Schema]", schema.get("properties", {}))
            return {name: fill(child, root, prompt) for name, child in properties.items()}
        case "array":
            return [fill(cast("Schema", schema.get("items", {"type": "string"})), root, prompt)]
        case "integer":
            return int(float(str(schema.get("minimum", 0))))
        case "number":
            return float(str(schema.get("minimum", 0)))
        case "boolean":
            return False
        case "null":
            return None
        case _:
            return sentence_about(prompt)


def answer(prompt: str, schema: Schema | None) -> str:
    """The completion's text: JSON if a schema is given, one sentence otherwise."""
    if schema is None:
        return sentence_about(prompt)
    return json.dumps(fill(schema, schema, prompt), ensure_ascii=False)
