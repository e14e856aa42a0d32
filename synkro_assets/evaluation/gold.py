"""Agreed labels of masked episodes, one JSON object per line (docs/analysis.md, «Evaluation»)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from synkro_assets.analysis.content import CallLine, EpisodeContent, Line, MessageLine
from synkro_assets.analysis.rendering import one_line
from synkro_assets.analysis.vocabulary import NO_CODE, NO_VALUE, RULES, Applicability, Author, FindingType, Variant
from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.rules.gold import ABSENT
from synkro_resources.rules.mapped_text import MappedText

CALL = "call"
THERE_OR_NOT = (FindingType.INTENT, FindingType.TOPIC, FindingType.OBJECTION)


class GoldLine(BaseModel):
    """A message, or a call that took place. `at`: local time; `manager`: 1, 2 … for managers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ref: str = Field(pattern=r"^[mc]\d+$")
    who: Literal["client", "manager", "bot", "broadcast", "call"]
    at: datetime
    text: str = ""
    manager: int = 0
    outgoing: bool = False
    seconds: int = 0
    wordless: bool = False
    """Only attachments stand on the line."""


class Label(BaseModel):
    """What the annotators agreed on. `refs`: every message that proves it; empty where nothing is to be quoted.

    The value `none` of an intent, topic or objection: people looked for it, and it is not there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: FindingType
    code: str = NO_CODE
    value: str = NO_VALUE
    applicability: Applicability = Applicability.APPLICABLE
    refs: tuple[str, ...] = ()

    @model_validator(mode="after")
    def belongs_together(self) -> Label:
        rule = RULES[self.type]
        told = (*rule.values, ABSENT) if self.type in THERE_OR_NOT else rule.values
        values = told if self.applicability is Applicability.APPLICABLE else (NO_VALUE,)
        if self.code not in rule.codes or self.value not in values:
            raise ValueError(f"{self.type} {self.code} {self.value} is no label")
        return self


class GoldEpisode(BaseModel):
    """One episode with its labels; a type or checklist item without a label was not judged, or does not occur.

    `complete`: False where only the labels that are given were judged, so that a missing one says nothing. `dropped`:
    oldest messages that there was no room for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    channel: str
    zone: str
    started_before_window: bool = False
    variant: Variant = Variant.FULL
    complete: bool = True
    dropped: int = 0
    lines: tuple[GoldLine, ...]
    labels: tuple[Label, ...]

    @model_validator(mode="after")
    def cites_its_messages(self) -> GoldEpisode:
        known = {line.ref for line in self.lines if line.who != CALL}
        if not known or not {ref for label in self.labels for ref in label.refs} <= known:
            raise ValueError(f"{self.key}: a label cites a message that is not there")
        return self

    def content(self, texts: Mapping[str, str] | None = None) -> EpisodeContent:
        """As it is asked about; `texts` replaces messages by their reference."""
        zone = ZoneInfo(self.zone)
        lines = tuple(_line(line, zone, (texts or {}).get(line.ref, line.text)) for line in self.lines)
        return EpisodeContent(self.key, self.channel, self.zone, self.started_before_window, lines, self.dropped)

    def of(self, kind: FindingType) -> tuple[Label, ...]:
        return tuple(label for label in self.labels if label.type is kind)


def read_gold(path: Path) -> list[GoldEpisode]:
    """The episodes of a file.

    Raises:
        UserInputError: `evaluation.bad_gold`, with the line.
    """
    found: list[GoldEpisode] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(str(path), str(error)) from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found.append(GoldEpisode.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise _bad(f"{path}:{number}", f"{where} {first['msg']}".strip()) from None
    if not found or len({episode.key for episode in found}) < len(found):
        raise _bad(str(path), "no episodes, or one key twice")
    return found


def as_lines(episodes: Iterable[GoldEpisode]) -> Iterator[str]:
    """The file that `read_gold` reads."""
    return (episode.model_dump_json(exclude_defaults=True) for episode in episodes)


def _line(line: GoldLine, zone: ZoneInfo, text: str) -> Line:
    at = line.at if line.at.tzinfo else line.at.replace(tzinfo=zone)
    if line.who == CALL:
        return CallLine(line.ref, at, line.outgoing, line.seconds)
    author = Author(line.who)
    has_text = bool(text) and not line.wordless
    manager = (line.manager or 1) if author is Author.MANAGER else 0
    return MessageLine(line.ref, line.ref, author, manager, at, one_line(MappedText.of(text)), has_text=has_text)


def _bad(where: str, why: str) -> UserInputError:
    return UserInputError(
        "evaluation.bad_gold",
        Sentence(f"Эталон не прочитан: {where}: {why}.", f"The gold set cannot be read: {where}: {why}."),
        Sentence("Исправьте файл: формат — в docs/analysis.md.", "Mend the file; docs/analysis.md has the format."),
    )
