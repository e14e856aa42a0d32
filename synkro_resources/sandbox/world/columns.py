"""A large company's messages as columns: a few bytes each, made into the vendor's objects when a chat is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from synkro_resources.sandbox.world import texts
from synkro_resources.sandbox.world.messages import Chat, Content, Json, media, message, text

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND_US = 1_000_000
DELIVERED_WITHIN_S, READ_WITHIN_S = 4, 3000
UNDELIVERED_ONE_IN = 701
"""A prime, so that errors do not follow the other properties drawn from the same number."""

Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Noise = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class MessageColumns:
    """Messages of several chats, chat after chat, each ascending in time."""

    at_us: Whole
    """Microseconds since 1970; inbound ones are whole seconds."""
    inbound: Flags
    noise: Noise
    """What a message says and what became of it follow from this number alone."""

    def __len__(self) -> int:
        return len(self.at_us)

    @classmethod
    def joined(cls, parts: list[MessageColumns]) -> MessageColumns:
        return cls(
            np.concatenate([part.at_us for part in parts]),
            np.concatenate([part.inbound for part in parts]),
            np.concatenate([part.noise for part in parts]),
        )


def draw(rng: np.random.Generator, starts_s: Whole, counts: Whole, end_us: int) -> tuple[MessageColumns, Whole]:
    """Messages of the chats that begin at `starts_s` (unix seconds), and how many of each lie before the end.

    Everything is drawn before the end cuts, so that a later end only adds.
    """
    total, first = int(counts.sum()), np.cumsum(counts) - counts
    kind, gaps = rng.random(total), rng.integers(4, 300, total)
    gaps = np.where(kind < 0.75, gaps, rng.integers(300, 6 * 3600, total))
    gaps = np.where(kind < 0.95, gaps, rng.integers(6 * 3600, 5 * 86_400, total))
    inbound = rng.random(total) < 0.55
    inbound[first] = True
    siblings = inbound & np.roll(inbound, 1) & (rng.random(total) < 0.08)
    gaps[siblings] = 0
    gaps[first] = 0
    elapsed = np.cumsum(gaps)
    seconds = elapsed + np.repeat(starts_s - elapsed[first], counts)
    at_us = seconds * SECOND_US + np.where(inbound, 0, rng.integers(1, SECOND_US, total))
    noise = rng.integers(0, 2**32, total, dtype=np.uint32)
    known = at_us < end_us
    left = np.add.reduceat(known.astype(np.int64), first) if total else counts
    return MessageColumns(at_us[known], inbound[known], noise[known]), left


@dataclass(frozen=True, slots=True)
class ChatSpan:
    """A chat and where its messages stand in the columns."""

    chat: Chat
    first: int
    count: int


class LazyMessages(Mapping[int, list[Json]]):
    """A chat's messages, made anew at every request and always the same; changes to a list are forgotten."""

    def __init__(self, spans: dict[int, ChatSpan], columns: MessageColumns, end: datetime) -> None:
        self._spans, self.columns, self._end = spans, columns, end

    def __getitem__(self, chat_id: int) -> list[Json]:
        span = self._spans[chat_id]
        return [self._message(span, place) for place in range(span.count)]

    def __iter__(self) -> Iterator[int]:
        return iter(self._spans)

    def __len__(self) -> int:
        return len(self._spans)

    def last_run(self, chat_id: int) -> list[Json]:
        """The end of a chat from its last outbound message on: what a listing shows of it."""
        span = self._spans[chat_id]
        place = span.count - 1
        while place > 0 and self.columns.inbound[span.first + place]:
            place -= 1
        return [self._message(span, number) for number in range(place, span.count)]

    def _message(self, span: ChatSpan, place: int) -> Json:
        at_us, inbound, noise = (
            column[span.first + place].item()
            for column in (self.columns.at_us, self.columns.inbound, self.columns.noise)
        )
        return render(span.chat, place + 1, at_us, inbound, noise, self._end)


def render(chat: Chat, number: int, at_us: int, inbound: bool, noise: int, end: datetime) -> Json:
    """The vendor's object of one message."""
    at = EPOCH + timedelta(microseconds=at_us)
    if inbound:
        return message(chat, number, at, "inbound", _client_content(noise))
    failed = noise % UNDELIVERED_ONE_IN == 0
    delivered = at + timedelta(seconds=noise % DELIVERED_WITHIN_S)
    read = at + timedelta(seconds=noise % READ_WITHIN_S)
    return message(
        chat,
        number,
        at,
        "outbound",
        _manager_content(noise),
        delivered_at=None if failed or noise % 9 == 0 or delivered >= end else delivered,
        read_at=None if failed or read >= end else read,
        error_at=at if failed else None,
    )


_CLIENT_TEXTS = (*texts.CLIENT_OPENINGS, *texts.CLIENT_FOLLOWUPS, *texts.CLIENT_ADDITIONS, *texts.CLOSINGS)
_MANAGER_TEXTS = (*texts.MANAGER_STATEMENTS, *texts.MANAGER_QUESTIONS)


def _client_content(noise: int) -> Content:
    roll, rest = noise % 100, noise // 100
    if roll < 5:
        return media("image", f"IMG_{rest % 9000 + 1000}.jpg", "image/jpeg", rest % 900_000 + 20_000)
    if roll < 8:
        return media("voice", "voice.ogg", "audio/ogg", rest % 90_000 + 4_000)
    if roll < 9:
        return media("sticker", "sticker.webp", "image/webp", rest % 40_000 + 8_000)
    return text(_filled(_CLIENT_TEXTS, rest))


def _manager_content(noise: int) -> Content:
    roll, rest = noise % 100, noise // 100
    if roll < 4:
        return media("file", "Смета.pdf", "application/pdf", rest % 400_000 + 40_000, "Смета по вашей заявке")
    # Numbered, or what several managers write within minutes would look like a broadcast.
    return text(f"{_filled(_MANAGER_TEXTS, rest)} (заявка {rest % 90_000 + 10_000})")


def _filled(templates: tuple[str, ...], rest: int) -> str:
    names: dict[str, Any] = {
        "n": rest % 174 + 6,
        "price": f"{rest % 468 + 12} 500",
        "client": "",
        "manager": "менеджер",
    }
    return templates[rest % len(templates)].format(**names)
