"""A tenant's own checklist: the product's items with other words, weights and marks, and how it is stored.

Codes, their number, whose message proves an answer and the checks by code are the product's: a tenant that asks CK04
something else than a price still gets «yes» only where a price stands.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.rubric import Rubric, RubricItem

WHOLE = 100
SHORTEST_QUESTION, LONGEST_TEXT = 10, 300
TEXTS, NUMBERS, MARKS = ("question", "question_en", "applies", "yes", "no"), ("weight",), ("critical", "draft")
FIELDS = (*TEXTS, *NUMBERS, *MARKS)
"""What may be edited of an item. A weight of 0 takes it out of every score; `draft` does, too, and says why."""

Fields = Mapping[str, object]


def fields_of(item: RubricItem) -> dict[str, str | int | bool]:
    """An item as people edit it and as it is stored."""
    return {
        "question": item.question.ru,
        "question_en": item.question.en,
        "applies": item.applies,
        "yes": item.yes,
        "no": item.no,
        "weight": item.nominal_weight,
        "critical": item.is_critical,
        "draft": item.is_draft,
    }


def content_of(rubric: Rubric) -> dict[str, dict[str, str | int | bool]]:
    """A whole version by code."""
    return {item.code: fields_of(item) for item in rubric.items}


def rubric_of(version: str, content: Mapping[str, Fields]) -> Rubric:
    """A stored version."""
    return Rubric(version, tuple(_item(code, values) for code, values in content.items()))


def edited(base: Rubric, changes: Mapping[str, Fields], version: str) -> Rubric:
    """`base` with the given fields of the given items replaced.

    Raises:
        UserInputError: `rubric.unknown_item`, `rubric.unknown_field`, `rubric.bad_value`, `rubric.bad_weights` or
            `rubric.unchanged`.
    """
    content: dict[str, dict[str, object]] = {code: dict(values) for code, values in content_of(base).items()}
    for code, values in changes.items():
        if code not in content:
            raise _refused("unknown_item", f"Пункта «{code}» нет.", f"There is no item {code!r}.", _CODES_STAY)
        for name, value in values.items():
            content[code][name] = _checked(code, name, value)
    total = sum(cast("int", values["weight"]) for values in content.values())
    if total != WHOLE:
        raise _refused(
            "bad_weights",
            f"Сумма весов {total}, а должна быть {WHOLE}.",
            f"The weights sum to {total} instead of {WHOLE}.",
            Sentence("Измените веса пунктов.", "Change the items' weights."),
        )
    made = rubric_of(version, content)
    if replace(made, version=base.version) == base:
        raise _refused(
            "unchanged",
            "Ничего не изменилось.",
            "Nothing was changed.",
            Sentence("Измените хотя бы одно поле.", "Change one field at least."),
        )
    return made


def _item(code: str, values: Fields) -> RubricItem:
    words = {name: str(values[name]) for name in TEXTS}
    return RubricItem(
        code,
        Sentence(words["question"], words["question_en"]),
        cast("int", values["weight"]),
        is_critical=bool(values["critical"]),
        is_draft=bool(values["draft"]),
        applies=words["applies"],
        yes=words["yes"],
        no=words["no"],
    )


def _checked(code: str, name: str, value: object) -> str | int | bool:
    if name in TEXTS and isinstance(value, str):
        text = " ".join(value.split())
        least = SHORTEST_QUESTION if name.startswith("question") else 0
        is_plain = not any(unicodedata.category(character)[0] == "C" for character in text)
        if least <= len(text) <= LONGEST_TEXT and is_plain and "<<<" not in text and ">>>" not in text:
            return text
    elif (name in MARKS and isinstance(value, bool)) or (
        name in NUMBERS and isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= WHOLE
    ):
        return value
    elif name not in FIELDS:
        raise _refused(
            "unknown_field",
            f"У пункта {code} нет поля «{name}».",
            f"Item {code} has no field {name!r}.",
            Sentence(f"Поля пункта: {', '.join(FIELDS)}.", f"The fields of an item: {', '.join(FIELDS)}."),
        )
    raise _refused(
        "bad_value",
        f"Поле «{name}» пункта {code} нельзя так заполнить.",
        f"Field {name!r} of item {code} cannot have this value.",
        Sentence(
            f"Вопрос – от {SHORTEST_QUESTION} до {LONGEST_TEXT} знаков, другие тексты – до {LONGEST_TEXT}, без <<< и "
            f">>>; вес – целое число от 0 до {WHOLE}; critical и draft – true или false.",
            f"A question has {SHORTEST_QUESTION} to {LONGEST_TEXT} characters, other texts up to {LONGEST_TEXT}, none "
            f"of them <<< or >>>; a weight is a whole number of 0 to {WHOLE}; critical and draft are true or false.",
        ),
    )


_CODES_STAY = Sentence(
    "Пункты чек-листа – CK01…CK12; добавить новый нельзя.", "The items are CK01 to CK12; none can be added."
)


def _refused(code: str, ru: str, en: str, remedy: Sentence) -> UserInputError:
    return UserInputError(f"rubric.{code}", Sentence(ru, en), remedy)
