"""The invented world's conversations as the analysis shows them, each with what its own script says of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from synkro_resources.sandbox.world.facts import PlantedEpisode, PlantedLine, PlantedTurn
from synkro_resources.sandbox.world.labels import is_labelable, skip_reason
from synkro_resources.sandbox.world.model import World
from tests.resources.sandbox.openai.contract import Talk
from tests.resources.sandbox.world.worlds import world

_LETTERS = {"client": "К", "manager": "М", "bot": "Б", "broadcast": "Р"}
_MARKS = {
    "image": "[изображение]",
    "voice": "[голосовое, 0:34]",
    "sticker": "[стикер]",
    "file": "[файл: План дома.pdf]",
}


@dataclass(frozen=True)
class WorldTalk:
    """An episode as it is shown, and what was planned for it."""

    shown: Talk
    episode: PlantedEpisode
    last_turn: PlantedTurn
    is_full: bool


@cache
def world_talks(seed: int, days: int = 30) -> tuple[WorldTalk, ...]:
    """Every episode that can be labelled, without messages that never arrived."""
    return tuple(_talks(world(seed, days)))


def _talks(made: World) -> Iterator[WorldTalk]:
    kinds = {item["message_id"]: item["message_type"] for page in made.radist.messages.values() for item in page}
    turns: dict[str, list[PlantedTurn]] = defaultdict(list)
    for turn in made.truth.turns:
        turns[turn.episode_start_id].append(turn)
    for episode in made.truth.episodes:
        if not is_labelable(episode.lines):
            continue
        arrived = tuple(line for line in episode.lines if line.delivered)
        own = sorted(turns[episode.start_id], key=lambda turn: turn.first_at)
        rows = [(line.at, f"{_LETTERS[line.writer]}: {_text(line, kinds)}") for line in arrived]
        rows += [
            (turn.answered_at, "З: исходящий, 3 мин 20 с")
            for turn in own
            if turn.answer_kind == "call" and turn.answered_at and turn.answered_at <= episode.last_at
        ]
        lines = tuple(text for _, text in sorted(rows, key=lambda row: row[0]))
        yield WorldTalk(Talk(lines), episode, own[-1], skip_reason(episode.lines) is None)


def _text(line: PlantedLine, kinds: dict[str, str]) -> str:
    mark = _MARKS.get(kinds[line.message_id], "")
    return " ⏎ ".join(part for part in (line.words, mark) if part)
