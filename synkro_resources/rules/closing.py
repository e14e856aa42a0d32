"""Which messages close a conversation, so that nobody has to answer them (docs/metrics.md, «Turns and answers»)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

CLOSING_PHRASES = (
    "спасибо",
    "спасибо большое",
    "большое спасибо",
    "спасибо вам",
    "спс",
    "благодарю",
    "ок",
    "окей",
    "ok",
    "хорошо",
    "понял",
    "поняла",
    "понятно",
    "ясно",
    "ага",
    "угу",
    "договорились",
    "принято",
    "отлично",
    "супер",
    "класс",
    "до свидания",
    "всего доброго",
    "до связи",
    "до встречи",
    "хорошего дня",
    "доброго дня",
    "и вам",
)
STICKER = "sticker"
TEXT_TYPES = frozenset({"text", "waba_interactive", "waba_template"})
"""Types whose text is what the person said; pictures, voice and files are never closing, whatever their caption."""

_PHRASES = frozenset(tuple(phrase.split()) for phrase in CLOSING_PHRASES)
_LONGEST = max(map(len, _PHRASES))
_WORD = re.compile(r"[^\W_]+")  # letters and digits; punctuation, emoji and their modifiers separate words


def is_closing_text(text: str) -> bool:
    """Whether a text consists of emoji, punctuation and closing phrases only. A question mark always asks."""
    normal = unicodedata.normalize("NFKC", text).casefold()
    if not normal.strip() or "?" in normal:
        return False
    words = _WORD.findall(normal)
    reachable = [True] + [False] * len(words)  # reachable[n]: the first n words are whole phrases
    for end in range(1, len(words) + 1):
        reachable[end] = any(
            reachable[end - size] and tuple(words[end - size : end]) in _PHRASES
            for size in range(1, min(_LONGEST, end) + 1)
        )
    return reachable[-1]


def is_closing(message_type: str, text: str | None) -> bool:
    """Whether a message of this type with this text is closing."""
    if message_type == STICKER:
        return True
    return message_type in TEXT_TYPES and bool(text) and is_closing_text(text or "")


def closing_flags(types: Iterable[str], texts: Iterable[str | None]) -> list[bool]:
    """`is_closing` for two columns; repeated messages are judged once."""
    known: dict[tuple[str, str | None], bool] = {}
    flags: list[bool] = []
    for pair in zip(types, texts, strict=True):
        flag = known.get(pair)
        if flag is None:
            flag = known[pair] = is_closing(*pair)
        flags.append(flag)
    return flags
