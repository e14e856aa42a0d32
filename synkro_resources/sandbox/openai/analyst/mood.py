"""How the client sounds in his first and in his last three texts."""

from __future__ import annotations

from collections.abc import Iterable

from synkro_resources.sandbox.openai.analyst import lexicon
from synkro_resources.sandbox.openai.analyst.episode import Message
from synkro_resources.sandbox.openai.analyst.finding import Finding, said, unclear
from synkro_resources.sandbox.openai.analyst.reading import Reading, Sentence

_TEXTS = 3


def sentiments(reading: Reading) -> list[Finding]:
    """The first word of feeling tells how it began, the last one how it ended; without any both are neutral."""
    texts = reading.client_texts
    first, last = texts[:_TEXTS], texts[-_TEXTS:]
    return [
        _mood("sentiment_start", reading, first, first),
        _mood("sentiment_end", reading, last, tuple(reversed(last))),
    ]


def _mood(kind: str, reading: Reading, window: tuple[Message, ...], order: tuple[Message, ...]) -> Finding:
    spoken = [message for message in order if message not in reading.orders]
    if not spoken:
        return unclear(kind, "-", [message.ref for message in window[:1]])
    backwards = order != window
    for message in spoken:
        for sentence in _in_order(reading.sentences(message), backwards=backwards):
            if lexicon.NEGATIVE.search(sentence.read):
                return said(kind, "-", "negative", sentence)
            if lexicon.POSITIVE.search(sentence.read):
                return said(kind, "-", "positive", sentence)
    return said(kind, "-", "neutral", reading.sentences(spoken[0])[0])


def _in_order(sentences: tuple[Sentence, ...], *, backwards: bool) -> Iterable[Sentence]:
    return reversed(sentences) if backwards else sentences
