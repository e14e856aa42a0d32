"""A text of equal length that detectors can read: one kind of space, one kind of dash, plain digits."""

from __future__ import annotations

import unicodedata


class _Plain(dict[int, int]):
    """Translation table that is filled as characters come; one object serves all texts."""

    def __missing__(self, code: int) -> int:
        plain = ord(_plain(chr(code)))
        self[code] = plain
        return plain


def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf" or category[0] == "Z" or character.isspace():
        return " "
    if category == "Pd" or character == "\u2212":  # the minus sign is no dash by category
        return "-"
    if category == "Nd":
        return str(unicodedata.decimal(character))
    folded = unicodedata.normalize("NFKC", character)
    return folded if len(folded) == 1 else character


_TABLE = _Plain()


def shadow(text: str) -> str:
    """`text` character by character: offsets in the shadow are offsets in the text."""
    return text.translate(_TABLE)
