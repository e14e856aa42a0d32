"""The one form in which a quote and a message are compared: spelling differences of typing go, words stay."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from synkro_resources.rules.mapped_text import MappedText

LINE_BREAK = "⏎"
_REPLACED = {
    **dict.fromkeys("«»„“”‟〝〞＂″‶", '"'),
    **dict.fromkeys("‘’‚‛′‵`´ʼ", "'"),
    **dict.fromkeys("‐‑‒–—―−﹘﹣－⸺⸻", "-"),
    "…": "...",
    LINE_BREAK: " ",
}


def comparable(text: MappedText) -> MappedText:
    """Without format characters, with plain quotes and dashes, NFKC, lower case, ё as е, single spaces, trimmed.

    Nothing is guessed: two texts are equal in this form or they are not.
    """
    return _single_spaced(text.rewritten(_plain))


@lru_cache(maxsize=2048)
def comparable_of(text: str) -> MappedText:
    """The form of a text with its places in it.

    Remembered: an answer, its repair and its second run quote the same messages.
    """
    return comparable(MappedText.of(text))


def comparable_text(text: str) -> str:
    return comparable_of(text).text


@lru_cache(maxsize=4096)
def _plain(cluster: str) -> str:
    kept = "".join(character for character in cluster if unicodedata.category(character) != "Cf")
    replaced = "".join(_REPLACED.get(character, character) for character in kept)
    folded = unicodedata.normalize("NFKC", replaced).lower().replace("ё", "е")
    # Compatibility forms may hide what the table above names: «″» is two primes, a full-width dash a dash.
    return "".join(_REPLACED.get(character, character) for character in folded)


def _single_spaced(text: MappedText) -> MappedText:
    kept: list[int] = []
    for index, character in enumerate(text.text):
        if not character.isspace() or (kept and not text.text[kept[-1]].isspace()):
            kept.append(index)
    if kept and text.text[kept[-1]].isspace():
        kept.pop()
    return MappedText(
        "".join(" " if text.text[index].isspace() else text.text[index] for index in kept),
        tuple(text.starts[index] for index in kept),
        tuple(text.ends[index] for index in kept),
    )
