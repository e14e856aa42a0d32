"""Facts of a report worded by a model: it writes words around placeholders, code puts the values in and checks them.

The model is sent no value at all: neither a figure, a name nor a quote (docs/analysis.md, «Wording of facts»).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from synkro_assets.analysis.plain_words import is_written_in, stop_words
from synkro_assets.analysis.summary import MAX_CHARACTERS
from synkro_resources.ai.client import JsonObject

MAX_OUTPUT_TOKENS = 900
SCHEMA: JsonObject = {
    "type": "object",
    "properties": {
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "fact_ids": {"type": "array", "items": {"type": "string"}},
                    "text": {"type": "string"},
                },
                "required": ["fact_ids", "text"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["items"],
    "additionalProperties": False,
}
_RUSSIAN = (
    "Ты редактор отчёта для руководителя отдела продаж. Перескажи каждый факт одним ясным предложением по-русски, "
    "спокойно и без оценок людей. Числа, имена и даты стоят в тексте метками вида {{F1.count}}: сохрани каждую метку "
    "своего факта ровно один раз и не добавляй других. Не пиши ни одной цифры, ни имён, ни причин; не пиши вдвое, "
    "половина, большинство, все, никто, всегда, никогда, лучший, худший. Один факт – один элемент items с его номером "
    "в fact_ids. Отвечай только объектом JSON."
)
_ENGLISH = (
    "You edit a report for a head of sales. Retell each fact in one clear English sentence, calmly and without judging "
    "people. Numbers, names and dates stand in the text as marks like {{F1.count}}: keep each mark of its fact exactly "
    "once and add no others; what a mark stands for may be Russian and stays as it is. Write no digit and no number "
    "word, no names and no causes; do not write double, half, most, all, nobody, always, never, best, worst. One fact "
    "is one element of items with its number in fact_ids. Answer with a JSON object only."
)
SYSTEM: Mapping[str, str] = {"ru": _RUSSIAN, "en": _ENGLISH}
_HEAD: Mapping[str, str] = {"ru": "Факты", "en": "Facts"}
_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_SPACES = re.compile(r"[ \t\r\n]+")


@dataclass(frozen=True, slots=True)
class FactTemplate:
    """A fact as it is sent and as it is checked. `template` holds `{{F1.count}}` where `values` has `count`.

    `sentence`: the fact with all its values, as the report says it without a model.
    """

    key: str
    template: str
    values: Mapping[str, str]
    sentence: str

    @property
    def placeholders(self) -> Counter[str]:
        return Counter(f"{self.key}.{name}" for name in self.values)


@dataclass(frozen=True, slots=True)
class Wordings:
    """`accepted`: the final sentence by the fact's key; `rejected`: why the other items may not stand."""

    accepted: Mapping[str, str] = field(default_factory=dict[str, str])
    rejected: Sequence[str] = ()


def asked(facts: Sequence[FactTemplate], language: str) -> str:
    """What the model is sent: a line per fact, with placeholders for every value."""
    return f"{_HEAD[language]}:\n" + "\n".join(f"{fact.key}: {fact.template}" for fact in facts)


def accept(
    answer: JsonObject | None, facts: Sequence[FactTemplate], *, names: Collection[str], language: str
) -> Wordings:
    """The items that may stand, with their values put in. `names`: of people, none of which may be written out.

    `language`: of the words around the values, one of `plain_words.LANGUAGES`; values keep the language they have.
    """
    items = answer.get("items") if answer is not None else None
    if not isinstance(items, list):
        return Wordings(rejected=("no_items",))
    by_key = {fact.key: fact for fact in facts}
    accepted: dict[str, str] = {}
    rejected: list[str] = []
    for item in cast("list[object]", items):
        known, text = _read(item, by_key)
        if known is None:
            rejected.append("unknown_fact")
        elif known.key in accepted:
            rejected.append("repeated_fact")
        elif why := _hindrance(text, known, names, language):
            rejected.append(why)
        else:
            accepted[known.key] = _filled(text, known)
    return Wordings(accepted, tuple(rejected))


def _read(item: object, by_key: Mapping[str, FactTemplate]) -> tuple[FactTemplate | None, str]:
    """The one fact that an item is about, and its text; an item about several would hide one of them."""
    if not isinstance(item, dict):
        return None, ""
    values = cast("JsonObject", item)
    keys, text = values.get("fact_ids"), values.get("text")
    if not isinstance(keys, list) or len(cast("list[object]", keys)) != 1 or not isinstance(text, str):
        return None, ""
    return by_key.get(str(cast("list[object]", keys)[0])), _SPACES.sub(" ", text).strip()


def _hindrance(text: str, fact: FactTemplate, names: Collection[str], language: str) -> str:
    """Why the text may not stand; empty if it may."""
    bare = _PLACEHOLDER.sub("", text)
    if Counter(match.strip() for match in _PLACEHOLDER.findall(text)) != fact.placeholders:
        return "placeholders"
    if "{" in bare or "}" in bare or any(character.isdigit() for character in bare):
        return "digit" if any(character.isdigit() for character in bare) else "placeholders"
    if not set(stop_words(bare, language)) <= set(stop_words(fact.sentence, language)):
        return "stop_word"
    if any(part.lower() in bare.lower() for name in names for part in name.split() if len(part) > 2):
        return "name"
    if not is_written_in(bare, language):
        return "language"
    final = _filled(text, fact)
    if len(final) > max(MAX_CHARACTERS, len(fact.sentence)):
        return "too_long"
    return "" if _says_the_same(final, fact.sentence) else "post_check"


def _filled(text: str, fact: FactTemplate) -> str:
    final = _PLACEHOLDER.sub(lambda match: fact.values[match.group(1).strip().partition(".")[2]], text)
    return final[:1].upper() + final[1:].rstrip(". ")


def _says_the_same(final: str, sentence: str) -> bool:
    """Whether every number of the final text is one of the fact's, none twice as often and none missing."""
    return Counter(_NUMBER.findall(final)) == Counter(_NUMBER.findall(sentence))
