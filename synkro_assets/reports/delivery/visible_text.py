"""What Telegram's readers see of a text: labels for masked values, nothing that links by itself, and whole characters.

All lengths are UTF-16 units, which is never less than what the server counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_LABELS = {
    "PHONE": "телефон",
    "EMAIL": "почта",
    "HANDLE": "ник",
    "LINK": "ссылка",
    "CARD": "карта",
    "ACCOUNT": "счёт",
    "SNILS": "СНИЛС",
    "PASSPORT": "паспорт",
    "INN": "ИНН",
    "ADDRESS": "адрес",
    "PERSON": "имя",
}
_TOKEN = re.compile(rf"\[({'|'.join(_LABELS)})_[A-Z2-7]{{8,12}}\]")
_WORD_JOINER = "\u2060"
_AUTOLINKS = re.compile(r"(?<=\w\.)(?=[^\W\d_]{2})|(?<=[@#$])(?=\w)|(?:(?<=^/)|(?<=\s/))(?=\w)")
_ZERO_WIDTH_JOINER = "\u200d"
_MARKS = frozenset(("Mn", "Me", "Mc"))


def units(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def visible(text: str) -> str:
    """The text as a reader sees it: tokens of masked values become labels, nothing links by itself."""
    return _AUTOLINKS.sub(_WORD_JOINER, _labelled(text))


def visible_runs(texts: Sequence[str]) -> list[str]:
    """Each run of one line as a reader sees it: what would link only across two runs does not link, either."""
    labelled = [_labelled(text) for text in texts]
    positions = [found.start() for found in _AUTOLINKS.finditer("".join(labelled))]
    seen: list[str] = []
    begin = taken = 0
    for text in labelled:
        end, pieces, last = begin + len(text), list[str](), 0
        while taken < len(positions) and positions[taken] < end:
            pieces += [text[last : positions[taken] - begin], _WORD_JOINER]
            last = positions[taken] - begin
            taken += 1
        seen.append("".join([*pieces, text[last:]]))
        begin = end
    return seen


def token_around(text: str, position: int) -> tuple[int, int] | None:
    """Where the token of a masked value begins and ends that a cut before `position` would tear."""
    return next((found.span() for found in _TOKEN.finditer(text) if found.start() < position < found.end()), None)


def tears_a_character(text: str, position: int) -> bool:
    """Whether a cut before `position` would tear what people see as one character: an emoji, a flag, an accent."""
    if not 0 < position < len(text):
        return False
    here, before = text[position], text[position - 1]
    return (
        here == _ZERO_WIDTH_JOINER
        or before == _ZERO_WIDTH_JOINER
        or _extends(here)
        or (here == "\n" and before == "\r")
        or (_is_flag_half(here) and _flag_halves_before(text, position) % 2 == 1)
    )


def _labelled(text: str) -> str:
    return _TOKEN.sub(lambda found: f"[{_LABELS[found.group(1)]}]", text)


def _extends(character: str) -> bool:
    """Marks, variation selectors, skin tones and the tags of regional flags belong to the character before them."""
    point = ord(character)
    return unicodedata.category(character) in _MARKS or 0x1F3FB <= point <= 0x1F3FF or 0xE0020 <= point <= 0xE007F


def _is_flag_half(character: str) -> bool:
    return 0x1F1E6 <= ord(character) <= 0x1F1FF


def _flag_halves_before(text: str, position: int) -> int:
    start = position
    while start > 0 and _is_flag_half(text[start - 1]):
        start -= 1
    return position - start
