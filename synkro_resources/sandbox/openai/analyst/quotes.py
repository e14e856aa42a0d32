"""Verbatim quotes: whole words, long enough to be found and short enough to be read."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

SHORTEST, LONGEST = 12, 300
"""Letters of a quote after normalisation; a shorter one must be the whole message."""
_USUAL = 120
"""Longer sentences are cut, so that the answer of a long checklist fits its token limit."""

_SENTENCE = re.compile(r".+?(?:[.!?…]+(?=\s|$)|\s⏎(?=\s|$)|$)", re.DOTALL)
_SAME = {
    **dict.fromkeys(map(ord, "«»„“”‟″"), '"'),
    **dict.fromkeys(map(ord, "‘’‚‛′`"), "'"),
    **dict.fromkeys(map(ord, "‐‑‒–—―−"), "-"),
    ord("…"): "...",
    ord("⏎"): " ",
}


@lru_cache(maxsize=4096)
def normal(text: str) -> str:
    """Text as quotes are compared: without case, kinds of spaces, dashes and quotation marks."""
    shown = "".join(character for character in text if unicodedata.category(character) != "Cf")
    folded = unicodedata.normalize("NFKC", shown.translate(_SAME)).lower().replace("ё", "е")
    return " ".join(folded.split())


def sentences(text: str) -> list[tuple[int, int]]:
    """Begin and end of each sentence, without the spaces and line marks around it."""
    found: list[tuple[int, int]] = []
    for match in _SENTENCE.finditer(text):
        begin, end = _trimmed(text, match.start(), match.end())
        if begin < end:
            found.append((begin, end))
    return found


def quote(text: str, begin: int, end: int, *, keep: int = 0) -> str:
    """The words of `text` from `begin` to `end`, made longer or shorter until they can stand as a quote.

    What is cut begins late enough to reach `keep`, if that is given.
    """
    begin, end = _ordinary(text, begin, end)
    if end - begin > _USUAL:
        if keep - begin > _USUAL:
            begin = text.rfind(" ", begin, keep - _USUAL // 2) + 1
        end = _word_end(text, max(begin + _USUAL, keep))
    while len(normal(text[begin:end])) < SHORTEST and (begin > 0 or end < len(text)):
        # The words after it first: they explain more often than those before.
        if end < len(text):
            end = _next_word(text, end)
        else:
            begin = _previous_word(text, begin)
    begin, end = _trimmed(text, begin, end, marks="")
    if len(normal(text[begin:end])) < SHORTEST:
        return text.strip()
    return text[begin:end]


def _trimmed(text: str, begin: int, end: int, marks: str = "⏎") -> tuple[int, int]:
    while begin < end and (text[begin].isspace() or text[begin] in marks):
        begin += 1
    while begin < end and (text[end - 1].isspace() or text[end - 1] in marks):
        end -= 1
    return begin, end


def _ordinary(text: str, begin: int, end: int) -> tuple[int, int]:
    """The longest part without a word that is longer than a quote may be, such as an address of a page."""
    if not any(len(word) > _USUAL for word in text[begin:end].split()):
        return begin, end
    runs: list[tuple[int, int]] = [(begin, begin)]
    for word in re.finditer(r"\S+", text[begin:end]):
        at, behind = begin + word.start(), begin + word.end()
        if len(word.group()) > _USUAL:
            runs.append((behind, behind))
        else:
            runs[-1] = (at if runs[-1][0] == runs[-1][1] else runs[-1][0], behind)
    return max(runs, key=lambda run: run[1] - run[0])


def _word_end(text: str, limit: int) -> int:
    """The end of the word that reaches to `limit` or over it."""
    space = text.find(" ", limit)
    return space if space >= 0 else len(text)


def _next_word(text: str, end: int) -> int:
    while end < len(text) and text[end].isspace():
        end += 1
    while end < len(text) and not text[end].isspace():
        end += 1
    return end


def _previous_word(text: str, begin: int) -> int:
    while begin > 0 and text[begin - 1].isspace():
        begin -= 1
    while begin > 0 and not text[begin - 1].isspace():
        begin -= 1
    return begin
