"""Facts of a report worded by a model: it writes words around placeholders, code puts the values in and checks them.

The model is sent no value at all: neither a figure, a name nor a quote (docs/analysis.md, «Wording of facts»).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

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
SYSTEM = (
    "Ты редактор отчёта для руководителя отдела продаж. Перескажи каждый факт одним ясным предложением по-русски, "
    "спокойно и без оценок людей. Числа, имена и даты стоят в тексте метками вида {{F1.count}}: сохрани каждую метку "
    "своего факта ровно один раз и не добавляй других. Не пиши ни одной цифры, ни имён, ни причин; не пиши вдвое, "
    "половина, большинство, все, никто, всегда, никогда, лучший, худший. Один факт – один элемент items с его номером "
    "в fact_ids. Отвечай только объектом JSON."
)
_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_SPACES = re.compile(r"[ \t\r\n]+")
_STOP_WORDS = re.compile(
    r"\b(?:вдвое|втрое|половин\w*|трет(?:ь|и|ью|ей)|четверт\w*|большинств\w*|все|никто|всегда|никогда|потому что|"
    r"из-за|привел\w*|вызва\w*|лучш\w*|худш\w*)\b",
    re.IGNORECASE,
)
"""Words that state a quantity or a cause; one may stand where the fact's own sentence has it."""


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


def asked(facts: Sequence[FactTemplate]) -> str:
    """What the model is sent: a line per fact, with placeholders for every value."""
    return "Факты:\n" + "\n".join(f"{fact.key}: {fact.template}" for fact in facts)


def accept(answer: JsonObject | None, facts: Sequence[FactTemplate], *, names: Collection[str]) -> Wordings:
    """The items that may stand, with their values put in. `names`: of people, none of which may be written out."""
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
        elif why := _hindrance(text, known, names):
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


def _hindrance(text: str, fact: FactTemplate, names: Collection[str]) -> str:
    """Why the text may not stand; empty if it may."""
    bare = _PLACEHOLDER.sub("", text)
    if Counter(match.strip() for match in _PLACEHOLDER.findall(text)) != fact.placeholders:
        return "placeholders"
    if "{" in bare or "}" in bare or any(character.isdigit() for character in bare):
        return "digit" if any(character.isdigit() for character in bare) else "placeholders"
    carried = {word.lower() for word in _STOP_WORDS.findall(fact.sentence)}
    if any(word.lower() not in carried for word in _STOP_WORDS.findall(bare)):
        return "stop_word"
    if any(part.lower() in bare.lower() for name in names for part in name.split() if len(part) > 2):
        return "name"
    if not re.search("[а-яё]", bare.lower()):
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
