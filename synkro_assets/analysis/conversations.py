"""Building what is asked from stored rows: which episodes of a day, in which order, and their masked conversations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import cast

import pandas as pd

from synkro_assets.analysis.content import CallLine, EpisodeContent, Line, MessageLine, shortened, within_budget
from synkro_assets.analysis.rendering import one_line
from synkro_assets.analysis.vocabulary import Author, Variant
from synkro_resources.rules.mapped_text import MappedText
from synkro_resources.rules.masking.dictionary import dictionary_names
from synkro_resources.rules.masking.masker import ManagerNumbers, MaskedText, Masker, People
from synkro_resources.rules.masking.names import Named
from synkro_resources.rules.masking.tokens import Tokens
from synkro_resources.rules.metrics.frames import whole

LOST_STATUS = 143
CARDS = ("contact_id", "deal_id")
"""Where a call may be noted."""
LONGEST_FILE_NAME = 60
MARKS = {
    "image": "[изображение]",
    "voice": "[голосовое]",
    "audio": "[голосовое]",
    "video": "[видео]",
    "sticker": "[стикер]",
}
WORDLESS = {
    "location": "[место на карте]",
    "contact": "[контакт]",
    "poll": "[опрос]",
    "waba_order": "[заказ]",
    "radist_order": "[заказ]",
    "waba_template": "[шаблон]",
}
"""Marks of messages without a text that can be read; of types that nobody knows «[вложение]»."""
MESSAGE_COLUMNS = (
    "message_id",
    "dialog_id",
    "sent_at",
    "author_kind",
    "author_ref",
    "type",
    "text",
    "text_version",
    "media_name",
    "error_at",
)


_Call = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Episode:
    """A labelable episode as known at the end of `day`."""

    day: date
    episode_key: str
    dialog_id: int
    first_at: datetime
    last_at: datetime
    channel: str
    started_before_window: bool
    variant: Variant
    contact_id: int | None
    deal_id: int | None
    waits: bool
    lost_on_day: bool
    price: float

    @property
    def urgency(self) -> tuple[bool, bool, float, datetime]:
        """Clients who wait, deals lost on the day, the largest deals; among equals the earliest last word."""
        return not self.waits, not self.lost_on_day, -self.price, self.last_at


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is sent of an episode, and the masked texts that it is made of."""

    content: EpisodeContent
    masked: tuple[MaskedText, ...]


@dataclass
class Conversations:
    """Makes conversations of one tenant. `messages`: counted ones, with `MESSAGE_COLUMNS`; `calls`: connected ones.

    `managers`: all users of the tenant. `author_map`: Radist's author → amoCRM user.
    """

    messages: pd.DataFrame
    calls: pd.DataFrame
    names: Mapping[int, str]
    """Contact → name."""
    deal_contacts: Mapping[int, Sequence[int]]
    profiles: Mapping[int, str]
    """Dialog → name in the messenger."""
    managers: Sequence[Named]
    author_map: Mapping[str, int]
    tokens: Tokens
    zone: str
    characters: int
    """What a conversation may hold."""
    _places: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])
    _calls: dict[tuple[str, int], list[_Call]] = field(default_factory=dict[tuple[str, int], list[_Call]])
    """By contact, and by deal: telephony notes a call on either card."""

    def __post_init__(self) -> None:
        self.messages = self.messages.sort_values(["dialog_id", "sent_at", "message_id"], kind="stable").reset_index(
            drop=True
        )
        ids = self.messages["dialog_id"].to_numpy()
        starts = [0, *(index for index in range(1, len(ids)) if ids[index] != ids[index - 1])] if len(ids) else []
        for start, end in zip(starts, [*starts[1:], len(ids)], strict=True):
            self._places[int(ids[start])] = (start, end)
        for call in cast("list[_Call]", self.calls.sort_values("at").to_dict("records")):
            for card in CARDS:
                if (number := whole(call[card])) is not None:
                    self._calls.setdefault((card, number), []).append(call)

    def of(self, episode: Episode) -> Conversation:
        """The masked conversation of an episode."""
        numbers = ManagerNumbers()
        masker = Masker(self.tokens, self._people(episode), numbers, dictionary_names)
        masked: list[MaskedText] = []
        lines: list[MessageLine] = []
        for number, row in enumerate(self._rows(episode), start=1):
            author = Author(str(row["author_kind"]))
            manager = numbers.of(self._manager(row)) if author is Author.MANAGER else 0
            text, found = _shown(row, masker)
            masked += found
            lines.append(
                MessageLine(
                    ref=f"m{number}",
                    message_id=str(row["message_id"]),
                    author=author,
                    manager=manager,
                    at=cast("datetime", row["sent_at"]),
                    text=shortened(text),
                    text_version=str(row["text_version"]),
                    has_text=bool(_written(row["text"]).strip()),
                )
            )
        content = EpisodeContent(
            episode.episode_key,
            episode.channel,
            self.zone,
            episode.started_before_window,
            tuple(sorted((*lines, *self._calls_of(episode)), key=lambda line: line.at)),
        )
        return Conversation(within_budget(content, self.characters), tuple(masked))

    def _rows(self, episode: Episode) -> Iterator[Mapping[str, object]]:
        start, end = self._places.get(episode.dialog_id, (0, 0))
        rows = self.messages.iloc[start:end]
        within = (rows["sent_at"] >= episode.first_at) & (rows["sent_at"] <= episode.last_at)
        # What never arrived greets nobody, answers nothing and ends no waiting.
        within &= rows["error_at"].isna() | (rows["author_kind"] == Author.CLIENT.value)
        yield from cast("list[Mapping[str, object]]", rows[within].to_dict("records"))

    def _people(self, episode: Episode) -> People:
        profile = self.profiles.get(episode.dialog_id)
        of_deal = () if episode.deal_id is None else self.deal_contacts.get(episode.deal_id, ())
        linked = dict.fromkeys((*(() if episode.contact_id is None else (episode.contact_id,)), *of_deal))
        return People(
            contacts=[Named(contact, name) for contact in linked if (name := self.names.get(contact))],
            profile=Named(episode.dialog_id, profile) if profile else None,
            managers=self.managers,
        )

    def _manager(self, row: Mapping[str, object]) -> int | str | None:
        author = row["author_ref"]
        return None if not isinstance(author, str) else self.author_map.get(author, author)

    def _calls_of(self, episode: Episode) -> Iterator[Line]:
        of_contact, of_deal = (
            [] if number is None else self._calls.get((card, number), [])
            for card, number in zip(CARDS, (episode.contact_id, episode.deal_id), strict=True)
        )
        calls = [*of_contact, *(call for call in of_deal if not any(call is other for other in of_contact))]
        calls.sort(key=lambda call: cast("datetime", call["at"]))
        within = [call for call in calls if episode.first_at <= cast("datetime", call["at"]) <= episode.last_at]
        for number, call in enumerate(within, start=1):
            length = cast("float | None", call["duration_s"])
            seconds = 0 if length is None or pd.isna(length) else int(length)
            yield CallLine(f"c{number}", cast("datetime", call["at"]), call["direction"] == "out", seconds)


def _shown(row: Mapping[str, object], masker: Masker) -> tuple[MappedText, tuple[MaskedText, ...]]:
    """The line of a message: its masked text on one line, and a mark for what cannot be read."""
    original = _written(row["text"])
    masked = (masker.mask(original),)
    text = one_line(mapped(masked[0]))
    mark = MARKS.get(str(row["type"]), "")
    if not mark and row["type"] == "file":
        name = masker.mask(_written(row["media_name"]))
        masked = (*masked, name)
        mark = f"[файл: {one_line(MappedText.of(name.text)).text[:LONGEST_FILE_NAME]}]"
    elif not mark and not original.strip():
        mark = WORDLESS.get(str(row["type"]), "[вложение]")
    if not mark:
        return text, masked
    shown = f" ⏎ {mark}" if text.text.strip() else mark
    return MappedText.joined([text, MappedText.made_up(shown, len(original))]), masked


def _written(value: object) -> str:
    """The text, empty where there is none: a frame shows that as NaN."""
    return value if isinstance(value, str) else ""


def mapped(masked: MaskedText) -> MappedText:
    """The masked text with each character's place in the original; all of a token's stand for the whole value."""
    starts: list[int] = []
    ends: list[int] = []
    shift, at = 0, 0
    for span in masked.spans:
        starts += range(at + shift, span.original_start)
        starts += [span.original_start] * (span.end - span.start)
        ends += range(at + shift + 1, span.original_start + 1)
        ends += [span.original_end] * (span.end - span.start)
        at, shift = span.end, span.original_end - span.end
    rest = len(masked.text) - at
    starts += range(at + shift, at + shift + rest)
    ends += range(at + shift + 1, at + shift + rest + 1)
    return MappedText(masked.text, tuple(starts), tuple(ends))
