"""What Telegram makes of plain text by itself: mentions, hashtags, cashtags, commands and addresses."""

from __future__ import annotations

import re
from collections.abc import Sequence

from synkro_resources.sandbox.telegram.entities import Entity

# The order decides where two would overlap. A simplification of the server's own rules that errs on the side of more.
_FOUND = (
    ("url", re.compile(r"(?<![\w@.])(?:https?://\S+|(?:[^\W_]+\.)+(?:com|ru|org|net|io|example)\b)")),
    ("mention", re.compile(r"(?<![\w@])@[A-Za-z]\w{3,31}")),
    ("hashtag", re.compile(r"(?<!\w)#\w*[^\W\d]\w*")),
    ("cashtag", re.compile(r"(?<!\w)\$[A-Z]{3,8}\b")),
    ("bot_command", re.compile(r"(?<![\w/<>])/[A-Za-z]\w{0,31}")),
)


def auto_entities(text: str, given: Sequence[Entity]) -> list[Entity]:
    """The entities of the sender and, where there is none, those that the server finds."""
    taken = [
        (entity.get("offset", 0), entity.get("offset", 0) + entity.get("length", 0))
        for entity in given
        if entity.get("type") in ("text_link", "code", "pre")
    ]
    added: list[Entity] = []
    for kind, pattern in _FOUND:
        for match in pattern.finditer(text):
            begin, end = _units(text[: match.start()]), _units(text[: match.end()])
            if all(end <= first or begin >= last for first, last in taken):
                taken.append((begin, end))
                added.append({"type": kind, "offset": begin, "length": end - begin})
    return [*given, *added]


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
