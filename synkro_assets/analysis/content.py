"""An episode as the model may see it: masked lines in their order, and the way back from each to the stored message."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from synkro_assets.analysis.vocabulary import Author
from synkro_resources.rules.mapped_text import MappedText

LONG_MESSAGE = 1500
KEPT_HEAD, KEPT_TAIL = 1000, 400
"""Characters of a longer message that stay around the mark of what was left out."""

LEAST_MESSAGES = 10
SHORT_MESSAGE = 300
"""What a message keeps when even the last ten are too long together."""


@dataclass(frozen=True, slots=True)
class MessageLine:
    """A message. `text`: masked, on one line, with its places in the stored text; `manager`: 1, 2 … for managers."""

    ref: str
    message_id: str
    author: Author
    manager: int
    at: datetime
    text: MappedText
    text_version: str = ""
    has_text: bool = True
    """False where only attachments stand on the line."""

    @property
    def role(self) -> str:
        return f"manager{self.manager}" if self.author is Author.MANAGER else self.author.value


@dataclass(frozen=True, slots=True)
class CallLine:
    """A call that took place: context, never evidence."""

    ref: str
    at: datetime
    is_outgoing: bool
    seconds: int


Line = MessageLine | CallLine


@dataclass(frozen=True, slots=True)
class EpisodeContent:
    """What one call is about. `dropped`: oldest messages that the token budget had no room for."""

    episode_key: str
    channel: str
    zone: str
    started_before_window: bool
    lines: tuple[Line, ...]
    dropped: int = 0

    @property
    def truncated(self) -> bool:
        return self.dropped > 0

    @property
    def messages(self) -> tuple[MessageLine, ...]:
        return tuple(line for line in self.lines if isinstance(line, MessageLine))

    @property
    def content_until(self) -> datetime:
        """When its last message was sent."""
        return max(line.at for line in self.messages)

    @property
    def beginning_is_seen(self) -> bool:
        return not self.truncated and not self.started_before_window

    def message(self, ref: str) -> MessageLine | None:
        return next((line for line in self.messages if line.ref == ref), None)

    def canonical_lines(self) -> Iterator[str]:
        """What makes two inputs the same, whatever nonce stands around them."""
        zone = ZoneInfo(self.zone)
        yield f"channel={self.channel}"
        if self.started_before_window:
            yield "started_before_window"
        if self.dropped:
            yield dropped_mark(self.dropped)
        for line in self.lines:
            local = line.at.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
            if isinstance(line, MessageLine):
                yield f"{line.ref}|{line.role}|{local}|{line.text.text}"
            else:
                yield f"{line.ref}|call|{local}|{'out' if line.is_outgoing else 'in'}|{line.seconds}"

    @property
    def content_hash(self) -> str:
        return hashlib.sha256("\n".join(self.canonical_lines()).encode()).hexdigest()

    @property
    def characters(self) -> int:
        return sum(len(text) for text in self.canonical_lines())


def dropped_mark(count: int) -> str:
    return f"[пропущено {count} сообщений]"


def shortened(
    text: MappedText, longest: int = LONG_MESSAGE, head: int = KEPT_HEAD, tail: int = KEPT_TAIL
) -> MappedText:
    """The text, or its beginning and end around a mark that says how much is missing."""
    if len(text) <= longest:
        return text
    missing = len(text) - head - tail
    end = text.cut(len(text) - tail, len(text)) if tail else text.cut(0, 0)
    mark = MappedText.made_up(f"[…пропущено {missing} зн.]", text.ends[head - 1])
    return MappedText.joined([text.cut(0, head), mark, end])


def within_budget(content: EpisodeContent, characters: int) -> EpisodeContent:
    """The content without its oldest messages, as many as it takes to fit; ten stay, shortened if they must be."""
    if content.characters <= characters:
        return content
    sizes = [_size(line) for line in content.lines]
    places = [index for index, line in enumerate(content.lines) if isinstance(line, MessageLine)]
    total = content.characters
    first = 0
    dropped = 0
    while total > characters and len(places) - dropped > LEAST_MESSAGES:
        dropped += 1
        total -= sum(sizes[first : places[dropped]])
        first = places[dropped]
    kept: Sequence[Line] = content.lines[first:]
    if total > characters:
        kept = [_short(line) for line in kept]
    return EpisodeContent(
        content.episode_key,
        content.channel,
        content.zone,
        content.started_before_window,
        tuple(kept),
        content.dropped + dropped,
    )


def _size(line: Line) -> int:
    return 32 + len(line.text) if isinstance(line, MessageLine) else 40


def _short(line: Line) -> Line:
    if isinstance(line, CallLine):
        return line
    text = shortened(line.text, SHORT_MESSAGE, SHORT_MESSAGE, 0)
    return MessageLine(
        line.ref, line.message_id, line.author, line.manager, line.at, text, line.text_version, line.has_text
    )
