"""Finding client messages that give orders to whoever reads the dialog (docs/analysis.md, «Orders in a client's text»).

A flag costs little: the episode is listed and left out of averages until a person has looked. So the patterns prefer a
false alarm to a miss.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from synkro_assets.analysis.comparable import comparable_text
from synkro_assets.analysis.content import MessageLine
from synkro_assets.analysis.vocabulary import Author

DETECTOR = "patterns-1"
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?:игнорируй|проигнорируй|забудь|не учитывай)\w*.{0,40}(?:инструкц|указани|команд|правил|промпт|запрет)",
        r"(?:ignore|disregard|forget).{0,30}(?:instruction|previous|above|rules)",
        r"(?:поставь|выстави|оцени|запиши|отметь)\w*.{0,40}(?:балл|оценк|из 100|100 из|максимум|чек-?лист|на отлично)",
        r"(?:\bии|нейросет\w*|ассистент\w*|аналитик\w*|gpt|assistant|system)\s*[:,-]\s*\S+",
        r"(?:системн\w+|system)\s+(?:промпт|prompt|сообщени)",
        r'"(?:findings|applicability|quote|refs)"\s*:',
        r"<<<|>>>|\|m\d+\||```",
        r"(?:не )?требует\w* ответа.{0,20}(?:верни|напиши|json)",
        r"(?:верни|выведи|output|return)\s+(?:только\s+)?json",
    )
)


def looks_like_orders(text: str) -> bool:
    """Whether a client's text, in any spelling of quotes, dashes and spaces, seems to address the analyst."""
    plain = comparable_text(text)
    return any(pattern.search(plain) for pattern in _PATTERNS)


def flagged(messages: Iterable[MessageLine]) -> list[MessageLine]:
    return [line for line in messages if line.author is Author.CLIENT and looks_like_orders(line.text.text)]
