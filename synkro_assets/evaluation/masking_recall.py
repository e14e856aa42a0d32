"""What masking finds of planted personal data. The texts come from outside: lines of JSON that know their places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.rules.masking.dictionary import dictionary_names
from synkro_resources.rules.masking.masker import Masker, People
from synkro_resources.rules.masking.names import Named
from synkro_resources.rules.masking.tokens import Tokens

MASKING_KEY = b"evaluation"


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Value(_Shape):
    """`text[start:end]` of its message; `group`: form, name, address or limit (admitted as not found)."""

    kind: str
    group: str
    start: int
    end: int


class Text(_Shape):
    text: str
    values: tuple[Value, ...] = ()


class PlantedDialog(_Shape):
    """People as (number, name): linked contacts, the messenger's profile, the tenant's managers."""

    contacts: tuple[tuple[int, str], ...] = ()
    profile: tuple[int, str] | None = None
    managers: tuple[tuple[int, str], ...] = ()
    texts: tuple[Text, ...]


@dataclass(slots=True)
class MaskingRecall:
    """By group, and by kind of the group: planted and wholly hidden. `touched` of the `clean` texts without values."""

    planted: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    hidden: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    clean: int = 0
    touched: int = 0

    def share(self, group: str) -> float | None:
        """Of the group as a whole."""
        planted = sum(count for (name, _), count in self.planted.items() if name == group)
        hidden = sum(count for (name, _), count in self.hidden.items() if name == group)
        return hidden / planted if planted else None


def read_planted(path: Path) -> list[PlantedDialog]:
    """The dialogs of a file, one per line.

    Raises:
        UserInputError: `evaluation.bad_planted`.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [PlantedDialog.model_validate_json(line) for line in lines if line]
    except (OSError, ValidationError) as error:
        raise UserInputError(
            "evaluation.bad_planted",
            Sentence(f"Файл с личными данными не прочитан: {path}.", f"The planted values cannot be read: {path}."),
            Sentence("Исправьте файл: формат — в docs/analysis.md.", "Mend the file; docs/analysis.md has the format."),
        ) from error


def masking_recall(dialogs: Iterable[PlantedDialog]) -> MaskingRecall:
    tally = MaskingRecall()
    tokens = Tokens(MASKING_KEY)
    for dialog in dialogs:
        people = People(
            contacts=[Named(*one) for one in dialog.contacts],
            profile=Named(*dialog.profile) if dialog.profile else None,
            managers=[Named(*one) for one in dialog.managers],
        )
        masker = Masker(tokens, people, recognise=dictionary_names)
        for text in dialog.texts:
            places = [(span.original_start, span.original_end) for span in masker.mask(text.text).spans]
            if not text.values:
                tally.clean += 1
                tally.touched += bool(places)
            for value in text.values:
                left = {at for at in range(value.start, value.end) if not text.text[at].isspace()}
                for start, end in places:
                    left.difference_update(range(start, end))
                tally.planted[value.group, value.kind] += 1
                tally.hidden[value.group, value.kind] += not left
    return tally
