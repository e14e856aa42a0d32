"""The day's summary sentence: the model may word what the figures say, and may not write a single digit.

One plain call. Its answer is used only if it passes the checks here; otherwise the report stands without it.
"""

from __future__ import annotations

from collections.abc import Mapping

from synkro_assets.analysis.plain_words import is_written_in, stop_words
from synkro_resources.ai.client import JsonObject

MAX_CHARACTERS = 220
SCHEMA: JsonObject = {
    "type": "object",
    "properties": {"sentence": {"type": "string"}},
    "required": ["sentence"],
    "additionalProperties": False,
}
SYSTEM: Mapping[str, str] = {
    "ru": (
        "Ты помогаешь руководителю отдела продаж. По списку фактов дня напиши одно спокойное предложение по-русски: "
        "что главное и на что обратить внимание. Не пиши цифр, имён и выводов о причинах. Отвечай только объектом JSON."
    ),
    "en": (
        "You help a head of sales. From the list of the day's facts write one calm sentence in English: what matters "
        "and what to look at. Write no digits or number words, no names and nothing about causes. Answer with a JSON "
        "object only."
    ),
}


def accept(answer: JsonObject | None, language: str) -> str | None:
    """The sentence if it may stand in a report of this language, else None."""
    sentence = answer.get("sentence") if answer is not None else None
    if not isinstance(sentence, str):
        return None
    text = " ".join(sentence.split())
    if not text or len(text) > MAX_CHARACTERS or any(character.isdigit() for character in text):
        return None
    return text if is_written_in(text, language) and not stop_words(text, language) else None
