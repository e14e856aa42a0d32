"""How many verdicts change though nothing of the matter did: a second run, another manager, a name in Latin letters.

Names go through the masker as they do in production, so a name that masking misses would show here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from synkro_assets.analysis.content import EpisodeContent
from synkro_assets.analysis.conversations import mapped
from synkro_assets.analysis.rendering import one_line
from synkro_assets.analysis.vocabulary import Author
from synkro_assets.evaluation.gold import GoldEpisode
from synkro_assets.evaluation.laboratory import Asked, Labelled, Laboratory
from synkro_resources.rules.masking.dictionary import dictionary_names
from synkro_resources.rules.masking.masker import Masker, People
from synkro_resources.rules.masking.names import Named
from synkro_resources.rules.masking.tokens import Tokens

NAME, OTHER_NAME, FOREIGN_NAME = "Мария Менеджерова", "Рустам Алиев", "Oliver Bennett"
MASKING_KEY = b"evaluation"


@dataclass(frozen=True, slots=True)
class Flips:
    """Verdicts compared and changed; `changed` names them «episode type code»."""

    name: str
    compared: int
    changed: tuple[str, ...]

    @property
    def share(self) -> float | None:
        return len(self.changed) / self.compared if self.compared else None


def flips(name: str, first: Labelled, second: Labelled) -> Flips:
    """Of the episodes that both sets have an answer about."""
    compared = 0
    changed: list[str] = []
    for key, answer in first.answers.items():
        if answer["status"] != "ok" or second.answers.get(key, {}).get("status") != "ok":
            continue
        before, after = first.verdicts(key), second.verdicts(key)
        for item in sorted(before.keys() | after.keys()):
            compared += 1
            if before.get(item) != after.get(item):
                changed.append(" ".join((key, *item)))
    return Flips(name, compared, tuple(changed))


def measured_flips(laboratory: Laboratory, gold: Sequence[GoldEpisode], first: Labelled) -> list[Flips]:
    """`first`: the gold set's own answers."""
    again = laboratory.label([Asked(episode.content(), episode.variant) for episode in gold], "rerun")
    named = {
        name: laboratory.label([Asked(introduced(one, name), one.variant) for one in gold], f"name-{number}")
        for number, name in enumerate((NAME, OTHER_NAME, FOREIGN_NAME), start=1)
    }
    return [
        flips("rerun", first, again),
        flips("manager's name", named[NAME], named[OTHER_NAME]),
        flips("language of the name", named[NAME], named[FOREIGN_NAME]),
    ]


def introduced(episode: GoldEpisode, name: str) -> EpisodeContent:
    """The episode in which the manager says their name in their first message, masked as production masks it."""
    content = episode.content()
    speaker = next((line for line in content.messages if line.author is Author.MANAGER and line.has_text), None)
    if speaker is None:
        return content
    masker = Masker(Tokens(MASKING_KEY), People(managers=[Named(1, name)]), recognise=dictionary_names)
    text = masker.mask(f"{speaker.text.text}. На связи {name.split()[0]}")
    shown = one_line(mapped(text))
    lines = tuple(replace(speaker, text=shown) if line is speaker else line for line in content.lines)
    return replace(content, lines=lines)
