"""Conversations for tests, written as they read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from synkro_assets.analysis.content import CallLine, EpisodeContent, Line, MessageLine
from synkro_assets.analysis.rendering import one_line
from synkro_assets.analysis.vocabulary import Author
from synkro_resources.rules.mapped_text import MappedText

BEGAN = datetime(2026, 9, 7, 7, tzinfo=UTC)  # Monday, 10:00 in Moscow
_WHO = {"К": Author.CLIENT, "М": Author.MANAGER, "Б": Author.BOT, "Р": Author.BROADCAST}


def talk(
    *said: str | CallLine, minutes: int = 5, zone: str = "Europe/Moscow", before_window: bool = False
) -> EpisodeContent:
    """«К: …» is the client, «М: …» a manager, «М2: …» the second one, «Б: …» a bot, «Р: …» a broadcast."""
    lines: list[Line] = []
    for index, item in enumerate(said):
        if isinstance(item, CallLine):
            lines.append(item)
            continue
        who, text = item.split(": ", 1)
        number = sum(isinstance(line, MessageLine) for line in lines) + 1
        author = _WHO[who[0]]
        lines.append(
            MessageLine(
                ref=f"m{number}",
                message_id=f"id-{number}",
                author=author,
                manager=int(who[1:] or 1) if author is Author.MANAGER else 0,
                at=BEGAN + timedelta(minutes=minutes * index),
                text=one_line(MappedText.of(text)),
            )
        )
    return EpisodeContent("7:id-1", "whatsapp", zone, before_window, tuple(lines))
