"""What a model's own words may hold in a report, by the report's language: no quantity, no cause, no other language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_STOP_WORDS: Mapping[str, re.Pattern[str]] = {
    "ru": re.compile(
        r"\b(?:вдвое|втрое|половин\w*|трет(?:ь|и|ью|ей)|четверт\w*|большинств\w*|все|никто|всегда|никогда|потому что|"
        r"из-за|привел\w*|вызва\w*|лучш\w*|худш\w*)\b",
        re.IGNORECASE,
    ),
    "en": re.compile(
        r"\b(?:doubl\w*|tripl\w*|twice|thrice|half|halv\w*|thirds?|quarters?|most|mostly|majority|all|every\w*|none|"
        r"nobody|no one|always|never|because|due to|owing to|thanks to|caus\w*|led to|leads? to|result\w*|best|worst|"
        r"better|worse)\b|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|dozen\w*|hundred\w*|thousand\w*)\b",
        re.IGNORECASE,
    ),
}
"""Words that state a quantity, a cause or a ranking which no figure of the package carries."""
_CYRILLIC, _LATIN = re.compile("[а-яё]", re.IGNORECASE), re.compile("[a-z]", re.IGNORECASE)

LANGUAGES = frozenset(_STOP_WORDS)
"""Those whose words can be checked; another language keeps our own sentences."""


def stop_words(text: str, language: str) -> Sequence[str]:
    """The words of the text that may not stand, in small letters."""
    return [word.lower() for word in _STOP_WORDS[language].findall(text)]


def is_written_in(text: str, language: str) -> bool:
    """Whether these are words of that language. A Russian sentence may name «WhatsApp»; an English one holds no
    Russian letter, because Russian names and quotes come in by code alone.
    """
    if language == "ru":
        return bool(_CYRILLIC.search(text))
    return bool(_LATIN.search(text)) and not _CYRILLIC.search(text)
