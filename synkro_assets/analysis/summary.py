"""The day's summary sentence: the model may word what the figures say, and may not write a single digit.

One plain call. Its answer is used only if it passes the checks here; otherwise the report stands without it.
"""

from __future__ import annotations

import re

from synkro_resources.ai.client import JsonObject

MAX_CHARACTERS = 220
SCHEMA: JsonObject = {
    "type": "object",
    "properties": {"sentence": {"type": "string"}},
    "required": ["sentence"],
    "additionalProperties": False,
}
SYSTEM = (
    "Ты помогаешь руководителю отдела продаж. По списку фактов дня напиши одно спокойное предложение по-русски: "
    "что главное и на что обратить внимание. Не пиши цифр, имён и выводов о причинах. Отвечай только объектом JSON."
)

FORBIDDEN = re.compile(
    r"\d|\b(?:вдвое|втрое|половин\w*|трет(?:ь|и|ью|ей)|четверт\w*|большинств\w*|все|никто|всегда|никогда|"
    r"потому что|из-за|привел\w*|вызва\w*|лучш\w*|худш\w*)\b",
    re.IGNORECASE,
)
"""Digits and words that would state a quantity or a cause which no figure of the package carries."""


def accept(answer: JsonObject | None) -> str | None:
    """The sentence if it may stand in a report, else None."""
    sentence = answer.get("sentence") if answer is not None else None
    if not isinstance(sentence, str):
        return None
    text = " ".join(sentence.split())
    if not text or len(text) > MAX_CHARACTERS or FORBIDDEN.search(text) or not re.search("[а-яё]", text.lower()):
        return None
    return text
