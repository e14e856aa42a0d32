"""Short conversations written as they read: «К: …» is the client, «М: …» the manager."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from synkro_assets.analysis.content import EpisodeContent, MessageLine
from synkro_assets.analysis.conversations import mapped
from synkro_assets.analysis.rendering import one_line
from synkro_assets.analysis.vocabulary import Author
from synkro_resources.rules.masking.dictionary import dictionary_names
from synkro_resources.rules.masking.masker import Masker, People
from synkro_resources.rules.masking.tokens import Tokens

BEGAN = datetime(2026, 9, 7, 7, tzinfo=UTC)
MASKING_KEY = b"evaluation"
_WHO = {"К": Author.CLIENT, "М": Author.MANAGER, "Б": Author.BOT}


def conversation(key: str, said: Iterable[str]) -> EpisodeContent:
    """The lines as an episode, masked as production masks it."""
    masker = Masker(Tokens(MASKING_KEY), People(), recognise=dictionary_names)
    lines: list[MessageLine] = []
    for number, row in enumerate(said, start=1):
        who, text = row.split(": ", 1)
        author = _WHO[who]
        lines.append(
            MessageLine(
                ref=f"m{number}",
                message_id=f"m{number}",
                author=author,
                manager=int(author is Author.MANAGER),
                at=BEGAN + timedelta(minutes=5 * number),
                text=one_line(mapped(masker.mask(text))),
            )
        )
    return EpisodeContent(key, "whatsapp", "Europe/Moscow", False, tuple(lines))
