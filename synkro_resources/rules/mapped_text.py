"""A text that remembers, character by character, which part of another text it came from.

Masking, line rendering and normalisation each change a text's length. A quote that is found in the last form must still
be shown in the first one, so every step keeps the way back instead of searching for it again.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MappedText:
    """`starts[i]`, `ends[i]`: where character i of `text` begins and ends in the source; a made-up character is empty
    there (start = end)."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def __post_init__(self) -> None:
        if not len(self.text) == len(self.starts) == len(self.ends):
            raise ValueError("every character needs its place in the source")

    @classmethod
    def of(cls, text: str) -> MappedText:
        """The text itself: every character comes from itself."""
        return cls(text, tuple(range(len(text))), tuple(range(1, len(text) + 1)))

    @classmethod
    def joined(cls, pieces: Iterable[MappedText]) -> MappedText:
        parts = list(pieces)
        return cls(
            "".join(part.text for part in parts),
            tuple(place for part in parts for place in part.starts),
            tuple(place for part in parts for place in part.ends),
        )

    @classmethod
    def made_up(cls, text: str, at: int = 0) -> MappedText:
        """Text that stands for the empty stretch at `at` of the source."""
        return cls(text, (at,) * len(text), (at,) * len(text))

    def __len__(self) -> int:
        return len(self.text)

    def cut(self, start: int, end: int) -> MappedText:
        return MappedText(self.text[start:end], self.starts[start:end], self.ends[start:end])

    def source(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the source that characters `start` … `end` - 1 came from."""
        return min(self.starts[start:end]), max(self.ends[start:end])

    def through(self, earlier: MappedText) -> MappedText:
        """The same text with its places in the source of `earlier`, whose text is this one's source."""
        spans = [
            earlier.source(start, end) if end > start else (place := _place(earlier, start), place)
            for start, end in zip(self.starts, self.ends, strict=True)
        ]
        return MappedText(self.text, tuple(start for start, _ in spans), tuple(end for _, end in spans))

    def rewritten(self, rewrite: Callable[[str], str]) -> MappedText:
        """Each cluster (a character and its combining marks) replaced by what `rewrite` makes of it."""
        text: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        for start, end in clusters(self.text):
            new = rewrite(self.text[start:end])
            place = self.source(start, end)
            text.append(new)
            starts += [place[0]] * len(new)
            ends += [place[1]] * len(new)
        return MappedText("".join(text), tuple(starts), tuple(ends))


def clusters(text: str) -> Iterable[tuple[int, int]]:
    """Start and end of each character with the combining marks that follow it."""
    start = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or not unicodedata.combining(text[index]):
            yield start, index
            start = index


def _place(earlier: MappedText, at: int) -> int:
    """Where an empty stretch of this text stands in the earlier source."""
    if at < len(earlier.starts):
        return earlier.starts[at]
    return earlier.ends[-1] if earlier.ends else 0
